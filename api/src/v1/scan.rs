//! One scan of a batch: from the wire to a request to the log. What the device fixed is hashed; what the server adds
//! (skew, flags, whether labels are known) is judged once, when it first arrives.
use crate::access::Principal;
use crate::app::{App, Known};
use crate::problem::Problem;
use axum::http::StatusCode;
use domain::bag::{Bag, BagCommand};
use domain::code::Code;
use domain::dossier::{Dossier, DossierCommand};
use domain::event::{Event, Flag, Role, Source};
use domain::id::{DeviceId, InstallationId, PersonId, ScanId, SiteId, SubjectId};
use domain::reading::{Around, bag_fact, dossier_fact};
use domain::scan::{Action, ActionBy, Details, DeviceStamp, Mode, occurred_at};
use domain::stream::{AnyEvent, AnyFact, StreamId};
use domain::table::{read_bag, read_dossier};
use domain::time::Timestamp;
use esrs::Aggregate;
use eventstore::{Append, Refusal, Streams};
use labels::code::ReadError;
use registers::label::LabelRow;
use registers::person::{PostRow, Role as PostRole};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// A scan on the wire.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Wire {
    /// Made by the device; sent again, it gets its first receipt.
    #[schema(value_type = uuid::Uuid)]
    pub scan_id: ScanId,
    /// The label, as scanned or typed.
    pub code: String,
    /// look, receive, send, pack, check, sort, shelve or stocktake.
    #[schema(value_type = String)]
    pub mode: Mode,
    /// Label of the bag that is open on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bag: Option<String>,
    /// The site whose label the courier scanned last: its id or its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// Who scanned.
    #[schema(value_type = String)]
    pub actor: PersonId,
    #[schema(value_type = String)]
    pub device: DeviceId,
    #[schema(value_type = uuid::Uuid)]
    pub installation: InstallationId,
    /// Counts the scans of one installation.
    pub seq: u64,
    /// The device's wall clock at the scan, milliseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub wall_ms: Timestamp,
    /// The device's monotonic clock at the scan, milliseconds.
    pub mono_ms: i64,
    /// What it did, if the device or the person settled it; else the server reads the rule table, once.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// rule or person.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_by: Option<ActionBy>,
    /// Labels declared absent when a bag's count is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    #[schema(inline, value_type = Object)]
    #[serde(flatten)]
    pub details: Details,
}

/// A scan, ready for the log or turned away.
pub enum Prepared {
    Append(Append),
    Refused(Option<ScanId>, Problem),
}

/// The labels of one scan, read.
struct Labels {
    thing: Code,
    bag: Option<Code>,
    absent: Vec<Code>,
}

/// A scan whose labels could be read, or why not.
type Read = Result<(Wire, Labels), (Option<ScanId>, Problem)>;

/// Reads labels, asks the registers about all of them at once, and makes the requests.
///
/// # Errors
/// The registers' own; what is wrong with one scan is in its place.
pub async fn prepare(
    app: &App,
    who: &Principal,
    wires: Vec<Result<Wire, Problem>>,
    skew: i64,
) -> Result<Vec<Prepared>, Problem> {
    let read: Vec<Read> = wires
        .into_iter()
        .map(|wire| {
            let wire = wire.map_err(|problem| (None, problem))?;
            let labels = labels_of(&wire).map_err(|problem| (Some(wire.scan_id), problem))?;
            Ok((wire, labels))
        })
        .collect();
    let codes: Vec<Code> = read
        .iter()
        .filter_map(|one| one.as_ref().ok())
        .flat_map(|(_, labels)| [labels.thing].into_iter().chain(labels.bag).chain(labels.absent.iter().copied()))
        .collect();
    let rows = registers::label::resolve(app.db(), app.region(), &codes).await?;
    let upload = Upload { who, known: app.known(), rows, skew_ms: skew, now: app.now() };
    let one = |read: Read| match read {
        Err((scan, problem)) => Prepared::Refused(scan, problem),
        Ok((wire, labels)) => match upload.request(wire, &labels) {
            Ok(append) => Prepared::Append(append),
            Err((scan, problem)) => Prepared::Refused(Some(scan), problem),
        },
    };
    Ok(read.into_iter().map(one).collect())
}

fn labels_of(wire: &Wire) -> Result<Labels, Problem> {
    let thing = read_label(&wire.code)?;
    if !super::scans::moves(thing.kind()) {
        let problem =
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not-a-thing", "This label is not on papers or a bag");
        return Err(problem.detail(
            "A site's label sets the stop, a shelf's the shelf, a badge the person: send them with the next scan",
        ));
    }
    let bag = wire.bag.as_deref().map(read_label).transpose()?;
    let absent = wire.absent.iter().map(|label| read_label(label)).collect::<Result<_, _>>()?;
    Ok(Labels { thing, bag, absent })
}

/// Reads a label; a foreign barcode is named, never repeated.
pub(crate) fn read_label(text: &str) -> Result<Code, Problem> {
    labels::code::read(text).map_err(|error| {
        let (kind, title) = match error {
            ReadError::Foreign { .. } => ("foreign-barcode", "This is not one of our labels"),
            ReadError::WrongCheck => ("wrong-check", "The label was misread"),
            ReadError::UnknownKind => ("unknown-label-kind", "A newer program printed this label"),
        };
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, kind, title).detail(error)
    })
}

/// Subject of a label, by relabelling or by itself.
fn subject(code: Code, rows: &HashMap<Code, LabelRow>) -> SubjectId {
    rows.get(&code).map_or_else(|| code.subject(), |row| row.subject)
}

/// What all scans of a batch share.
struct Upload<'a> {
    who: &'a Principal,
    known: Arc<Known>,
    rows: HashMap<Code, LabelRow>,
    skew_ms: i64,
    now: Timestamp,
}

impl Upload<'_> {
    fn request(&self, wire: Wire, labels: &Labels) -> Result<Append, (ScanId, Problem)> {
        let id = wire.scan_id;
        let content = serde_json::to_vec(&wire).map_err(|error| (id, Problem::internal(&error)))?;
        let content_hash = Sha256::digest(content).into();
        let subject_id = subject(labels.thing, &self.rows);
        let is_bag = labels.thing.kind() == domain::code::CodeKind::Bag;
        let stream = if is_bag { StreamId::Bag(subject_id) } else { StreamId::Dossier(subject_id) };
        let around = Around {
            bag: labels.bag.map(|bag| subject(bag, &self.rows)),
            absent: labels.absent.iter().map(|&code| subject(code, &self.rows)).collect(),
            mode: wire.mode,
        };
        let source = self.source(&wire, labels, subject_id).map_err(|problem| (id, problem))?;
        let known = self.known.clone();
        let decide = move |streams: &Streams, recorded_at: Timestamp| {
            decide(streams, recorded_at, stream, &wire, source.clone(), &around, &known)
        };
        Ok(Append { id, content_hash, reads: vec![stream], decide: Arc::new(decide) })
    }

    /// Who, where and with what, as the registers know it.
    fn source(&self, wire: &Wire, labels: &Labels, subject_id: SubjectId) -> Result<Source, Problem> {
        let mut flags = Vec::new();
        let label = self.rows.get(&labels.thing);
        if !label.is_some_and(|row| row.minted) {
            flags.push(Flag::UnknownLabel);
        }
        if label.is_some_and(|row| row.replaced) {
            flags.push(Flag::OldLabel);
        }
        if self.skew_ms != 0 {
            flags.push(Flag::ClockSkew);
        }
        let (role, at) = self.place(wire, &mut flags)?;
        let when = wire.wall_ms.plus(self.skew_ms);
        if !has_post(&self.known, &wire.actor, when, at.as_ref()) {
            flags.push(Flag::NoPost);
        }
        let foreign = self.is_foreign(wire);
        flags.extend(foreign.then_some(Flag::OtherDevice));
        let revoked = self.known.devices.revoked_at(&wire.device).is_some_and(|revoked| revoked <= self.now);
        let stamp = DeviceStamp {
            device: wire.device.clone(),
            installation: wire.installation,
            seq: wire.seq,
            wall_ms: wire.wall_ms,
            mono_ms: wire.mono_ms,
        };
        Ok(Source {
            by: wire.actor.clone(),
            role,
            at,
            stamp: Some(stamp),
            skew_ms: self.skew_ms,
            mode: Some(wire.mode),
            action_by: wire.action.map(|_| wire.action_by.unwrap_or(ActionBy::Rule)),
            bag: labels.bag.map(|bag| subject(bag, &self.rows)),
            code: (labels.thing.subject() != subject_id).then_some(labels.thing),
            flags,
            quarantined: foreign || revoked || matches!(self.who, Principal::Device(it) if it.revoked),
        })
    }

    /// Brought by another device's credential, or by a person in somebody else's name: kept, and put aside.
    fn is_foreign(&self, wire: &Wire) -> bool {
        match self.who {
            Principal::Device(device) => device.id != wire.device,
            Principal::Staff(staff) => staff.person != wire.actor,
            Principal::Client(_) => false,
        }
    }

    /// A site's device reads at its site; a courier's where the courier stands. An unknown device is believed: with a stop
    /// it reads there, unless it collects. A person at a desk reads at the stop.
    fn place(&self, wire: &Wire, flags: &mut Vec<Flag>) -> Result<(Role, Option<SiteId>), Problem> {
        let known = &self.known;
        let stop = match &wire.stop {
            None => None,
            Some(text) => {
                let (site, is_known) =
                    known.site(text).ok_or_else(|| Problem::invalid("`stop` is neither a site's id nor its label"))?;
                flags.extend((!is_known).then_some(Flag::UnknownSite));
                Some(site)
            }
        };
        let reads = if stop.is_some() && wire.action != Some(Action::Collected) { Role::Site } else { Role::Courier };
        if matches!(self.who, Principal::Staff(_)) {
            return Ok((reads, stop));
        }
        Ok(match known.devices.at(&wire.device, wire.wall_ms.plus(self.skew_ms)) {
            Some(device) => match &device.site {
                Some(site) => (Role::Site, Some(site.clone())),
                None => (Role::Courier, stop),
            },
            None => {
                flags.push(Flag::UnknownDevice);
                (reads, stop)
            }
        })
    }
}

/// Whether somebody held a post at a time that scans there: a courier anywhere, a centre's people also in its villages.
fn has_post(known: &Known, who: &PersonId, when: Timestamp, at: Option<&SiteId>) -> bool {
    let network = known.networks.at(when);
    let parent = at.and_then(|at| network.site(known.networks.resolve(at))).and_then(|site| site.parent.as_ref());
    let scans = |post: &PostRow| match (&post.site, at) {
        _ if !post.role.scans() => false,
        (None, _) | (_, None) => true,
        (Some(_), Some(_)) if post.role == PostRole::Courier => true,
        (Some(site), Some(at)) => site == known.networks.resolve(at) || Some(site) == parent,
    };
    known.people.posts_at(who, when).any(scans)
}

/// Settles time and meaning, and hands the fact to the aggregate. Never refuses.
fn decide(
    streams: &Streams,
    recorded_at: Timestamp,
    stream: StreamId,
    wire: &Wire,
    mut source: Source,
    around: &Around,
    known: &Known,
) -> Result<Vec<(StreamId, AnyEvent)>, Refusal> {
    let (occurred_at, impossible) = occurred_at(wire.wall_ms, source.skew_ms, recorded_at);
    if impossible {
        source.flags.push(Flag::ImpossibleTime);
    }
    let scan = wire.scan_id;
    match stream {
        StreamId::Bag(id) => {
            let history = streams.bag(id);
            let action =
                settle(wire, &mut source, |source| read_bag(&history.told(), source, occurred_at, &known.networks));
            let (fact, incomplete) = bag_fact(action, &wire.details, around);
            source.flags.extend(incomplete.then_some(Flag::Incomplete));
            let event = Event { scan, occurred_at, recorded_at, source, fact };
            let events = Bag::handle_command(history, BagCommand::Record(event))?;
            Ok(events.into_iter().map(|event| (stream, any(event, AnyFact::Bag))).collect())
        }
        StreamId::Dossier(id) => {
            let history = streams.dossier(id);
            let action =
                settle(wire, &mut source, |source| read_dossier(&history.told(), source, occurred_at, &known.networks));
            let (fact, incomplete) = dossier_fact(action, &wire.details, around);
            source.flags.extend(incomplete.then_some(Flag::Incomplete));
            let event = Event { scan, occurred_at, recorded_at, source, fact };
            let events = Dossier::handle_command(history, DossierCommand::Record(event))?;
            Ok(events.into_iter().map(|event| (stream, any(event, AnyFact::Dossier))).collect())
        }
        // Labels name dossiers and bags only.
        StreamId::Case(_) => Ok(Vec::new()),
    }
}

/// The action the device sent stands; without one, the table is read now, and that is flagged.
fn settle(wire: &Wire, source: &mut Source, read: impl Fn(&Source) -> Action) -> Action {
    wire.action.unwrap_or_else(|| {
        let action = read(source);
        source.action_by = Some(ActionBy::Server);
        source.flags.push(Flag::ReadByServer);
        action
    })
}

/// The same event, among those of all streams.
pub(crate) fn any<F>(event: Event<F>, wrap: impl FnOnce(F) -> AnyFact) -> AnyEvent {
    let Event { scan, occurred_at, recorded_at, source, fact } = event;
    Event { scan, occurred_at, recorded_at, source, fact: wrap(fact) }
}
