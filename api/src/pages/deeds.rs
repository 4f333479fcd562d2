//! What may be done with a dossier from its page: each a form that says what will happen, offered only to whom may, and sent to
//! the function behind the JSON door. What is refused comes back with what was typed.
use super::case_deeds::steps;
use super::dossier::show_again;
use super::typed::{self, filled};
use super::words::Words;
use crate::access::{Action, Permit, Scope};
use crate::app::App;
use crate::desk_scan::{self, DeskScan};
use crate::notes;
use crate::problem::{Body, Problem};
use crate::v1::decisions::{self, HandOutRequest, PlainRequest, RelabelRequest, RerouteRequest, ScanRequest, Who};
use crate::v1::subject;
use crate::view;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::custody::Holder;
use domain::dossier::{Checked, DossierFact, DossierKind, Receiver};
use domain::event::{Event, Fact, Role};
use domain::history::History;
use domain::id::{NoteId, SiteId, SubjectId};
use domain::network::SiteKind;
use domain::scan::{Action as Deed, Details, Mode};
use projections::custody::Row;
use projections::queues;
use serde::Deserialize;
use uuid::Uuid;

/// Each deed by its name in addresses, with the action that opens it.
pub const DEEDS: [(&str, Action); 9] = [
    ("step", Action::StepCases),
    ("result", Action::Register),
    ("report", Action::Scan),
    ("hand-out", Action::HandOut),
    ("recall", Action::Redirect),
    ("reroute", Action::Redirect),
    ("relabel", Action::Relabel),
    ("archive", Action::Archive),
    ("void", Action::Correct),
];
/// More sites than these are no choice in a form: who reaches the whole county decides without one.
const CHOICE_MAX: usize = 100;
/// Scans that may be voided, the newest.
const SCANS_MAX: usize = 50;

/// What a form sends; each reads its own fields.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// Made for this form: sent twice, it is one decision.
    pub request_id: Uuid,
    /// The site where it is done.
    pub at: String,
    /// damaged or missing.
    pub what: String,
    pub destination: String,
    pub code: String,
    pub scan: String,
    pub receiver: String,
    pub checked: String,
    /// What the case comes to.
    pub step: String,
    /// The department's own number, or the result's.
    pub number: String,
    /// Words for a note, kept in the vault.
    pub text: String,
}

/// A form on the page.
pub struct Offer {
    pub name: &'static str,
    pub title: String,
    pub says: String,
    pub typed: Typed,
    pub problem: Option<String>,
    /// Where it may be done; one of them is chosen in `typed`.
    pub sites: Vec<(String, String)>,
    /// What else may be chosen: scans to void, departments.
    pub choices: Vec<(String, String)>,
    /// Whether it takes words for a note.
    pub notes: bool,
}

/// The forms that somebody is offered for a dossier.
pub fn offers(app: &App, words: &Words, permit: &Permit, row: &Row, history: &History<DossierFact>) -> Vec<Offer> {
    if row.annulled {
        return Vec::new();
    }
    let offer = |(name, action): (&'static str, Action)| {
        let scope = permit.also_for(action).filter(|permit| permit.staff().is_ok())?.scope;
        let here = row.custody.holder.site().filter(|site| scope.covers(site));
        let fits = match name {
            "hand-out" => here.is_some() && here == row.home.as_ref(),
            "archive" => here.is_some(),
            "step" => row.case.is_some() && here.is_some(),
            "result" => {
                row.case.is_some()
                    && row.kind != Some(DossierKind::Result)
                    && here == row.destination.as_ref()
                    && here.is_some()
            }
            "recall" | "reroute" => {
                row.registered && !matches!(row.custody.holder, Holder::Applicant | Holder::Archive)
            }
            _ => true,
        };
        let choices = match name {
            "void" => voidable(words, history),
            "reroute" => departments(app, words),
            "step" => steps().map(|step| (step.to_owned(), words.t(&format!("step.{step}")))).collect(),
            _ => Vec::new(),
        };
        if !fits || (name == "void" && choices.is_empty()) {
            return None;
        }
        let sites = if name == "void" { Vec::new() } else { choice(app, words, &scope) };
        let at = here.map(ToString::to_string).or_else(|| sites.first().map(|(id, _)| id.clone()));
        let typed = Typed {
            request_id: Uuid::new_v4(),
            at: at.filter(|_| !sites.is_empty()).unwrap_or_default(),
            number: row.number.as_ref().filter(|_| name == "result").map_or_else(String::new, |it| format!("{it}-R")),
            ..Typed::default()
        };
        let key = name.replace('-', "_");
        Some(Offer {
            name,
            title: words.t(&format!("deed.{key}")),
            says: words.t(&format!("deed.{key}_says")),
            typed,
            problem: None,
            sites,
            choices,
            notes: matches!(name, "step" | "report" | "recall" | "reroute" | "archive")
                && permit.also_for(Action::WriteNotes).is_some(),
        })
    };
    DEEDS.into_iter().filter_map(offer).collect()
}

/// The sites to choose from; none for who reaches the county.
pub(super) fn choice(app: &App, words: &Words, scope: &Scope) -> Vec<(String, String)> {
    let Scope::Sites(sites) = scope else { return Vec::new() };
    if sites.len() > CHOICE_MAX { Vec::new() } else { typed::sites(app, words, scope) }
}

fn departments(app: &App, words: &Words) -> Vec<(String, String)> {
    let known = app.known();
    let network = known.networks.latest();
    let of = network.sites().iter().filter(|site| site.kind == SiteKind::Department);
    of.map(|site| (site.id.to_string(), words.site(&site.id))).collect()
}

/// The scans that count and may be taken back, newest first. Commands are corrected by commands of their own.
fn voidable(words: &Words, history: &History<DossierFact>) -> Vec<(String, String)> {
    let told = history.told();
    let own = |event: &Event<DossierFact>| {
        event.source.role != Role::Desk && !matches!(event.fact, DossierFact::Remark(_) | DossierFact::LookedUp(_))
    };
    let scans = told.iter().rev().filter(|placed| own(placed.event)).take(SCANS_MAX);
    let said = |placed: &domain::history::Placed<'_, DossierFact>| {
        let event = placed.event;
        let at = event.source.at.as_ref().map_or_else(String::new, |site| words.site(site));
        let what = words.t(&format!("event.{}", event.fact.name()));
        (
            event.scan.0.to_string(),
            format!("{} {what} {at} {}", words.time(placed.key.at), words.name(&event.source.by)),
        )
    };
    scans.map(said).collect()
}

/// Who takes it.
pub(super) fn receiver(typed: &str) -> Result<Receiver, Problem> {
    match typed {
        "applicant" => Ok(Receiver::Applicant),
        "proxy" => Ok(Receiver::Proxy),
        _ => Err(Problem::unfit("no-receiver", "`receiver` is applicant or proxy")),
    }
}

/// How they were recognised.
pub(super) fn checked(typed: &str) -> Result<Checked, Problem> {
    match typed {
        "identity_document" => Ok(Checked::IdentityDocument),
        "receipt_slip" => Ok(Checked::ReceiptSlip),
        "both" => Ok(Checked::Both),
        _ => Err(Problem::unfit("no-check", "`checked` says what was looked at")),
    }
}

impl Typed {
    fn who(&self, app: &App) -> Result<Who, Problem> {
        Ok(Who {
            request_id: self.request_id,
            by: None,
            at: typed::site(app, &Scope::Region, &self.at)?,
            occurred_at: None,
        })
    }

    /// Keeps the words that were typed, if any were; the request's id is the note's.
    async fn note(&self, app: &App, permit: &Permit) -> Result<Option<Uuid>, Problem> {
        if self.text.trim().is_empty() || permit.also_for(Action::WriteNotes).is_none() {
            return Ok(None);
        }
        notes::keep(app, NoteId(self.request_id), &permit.staff()?.person, &self.text).await?;
        Ok(Some(self.request_id))
    }
}

/// What every handler here is given.
pub(super) struct Sent {
    pub(super) app: App,
    pub(super) permit: Permit,
    pub(super) name: String,
    pub(super) id: SubjectId,
    pub(super) headers: HeaderMap,
    pub(super) typed: Typed,
}

impl Sent {
    /// Whoever decides is a person.
    pub(super) fn begin(&self) -> Result<Who, Problem> {
        self.permit.staff()?;
        if self.typed.request_id.is_nil() {
            return Err(Problem::invalid("`request_id` is made for each form"));
        }
        let who = self.typed.who(&self.app)?;
        self.permit.decides(&self.app, &who)?;
        Ok(who)
    }

    /// The words, kept once everything else that was typed can be read.
    pub(super) async fn note(&self) -> Result<Option<Uuid>, Problem> {
        self.typed.note(&self.app, &self.permit).await
    }

    pub(super) fn door(&self) -> (State<App>, Permit, Path<String>) {
        (State(self.app.clone()), self.permit.clone(), Path(self.name.clone()))
    }

    /// Back to the page, or the page again with what is wrong.
    pub(super) async fn answer(self, deed: &'static str, done: Result<(), Problem>) -> Result<Response, Problem> {
        match done {
            Ok(()) => Ok(Redirect::to(&format!("/dossiers/{}?done={deed}", self.id)).into_response()),
            Err(problem) => {
                show_again(&self.app, &self.permit, &self.headers, &self.name, deed, self.typed, &problem).await
            }
        }
    }
}

/// Declares the handler of one deed: what was sent becomes the request of its JSON door.
macro_rules! deed {
    ($(#[$doc:meta])* $handler:ident, $name:literal, |$sent:ident, $who:ident| $asked:expr) => {
        $(#[$doc])*
        pub async fn $handler(
            State(app): State<App>,
            permit: Permit,
            Path(name): Path<String>,
            headers: HeaderMap,
            Form(typed): Form<Typed>,
        ) -> Result<Response, Problem> {
            let id = subject::dossier(&app, &permit, &name).await?;
            let sent = Sent { app, permit, name, id, headers, typed };
            let asked = async {
                let $who = sent.begin()?;
                let $sent = &sent;
                $asked
            };
            let done = asked.await.map(|_| ());
            sent.answer($name, done).await
        }
    };
}

pub(super) use deed;

deed!(
    /// `POST /dossiers/{name}/report`: damaged, or not where it should be. A scan made by hand.
    report, "report", |sent, who| {
        let action = match sent.typed.what.as_str() {
            "damaged" => Deed::Damaged,
            "missing" => Deed::Missing,
            _ => return Err(Problem::unfit("no-report", "`what` is damaged or missing")),
        };
        let at: SiteId = who.at.ok_or_else(|| Problem::unfit("no-such-site", "`at` says where"))?;
        let placed = queues::find(sent.app.db(), sent.app.region(), sent.id).await?;
        let code = placed.and_then(|it| view::printed(&it.dossier)).ok_or_else(Problem::not_found)?;
        let details = Details { note: sent.note().await?.map(NoteId), ..Details::default() };
        let (form, action) = (who.request_id, Some(action));
        let scan = DeskScan { form, at, code, mode: Mode::Look, bag: None, action, details };
        desk_scan::record(&sent.app, &sent.permit, scan).await
    }
);
deed!(
    /// `POST /dossiers/{name}/recall`
    recall, "recall", |sent, who| {
        let note = sent.note().await?;
        let (app, permit, name) = sent.door();
        decisions::recall(app, permit, name, Body(PlainRequest { who, note })).await
    }
);
deed!(
    /// `POST /dossiers/{name}/archive`
    archive, "archive", |sent, who| {
        let note = sent.note().await?;
        let (app, permit, name) = sent.door();
        decisions::archive(app, permit, name, Body(PlainRequest { who, note })).await
    }
);
deed!(
    /// `POST /dossiers/{name}/reroute`
    reroute, "reroute", |sent, who| {
        let destination = typed::site(&sent.app, &Scope::Region, &sent.typed.destination)?;
        let destination = destination.ok_or_else(|| Problem::unfit("no-such-site", "`destination` says where to"))?;
        let note = sent.note().await?;
        let (app, permit, name) = sent.door();
        decisions::reroute(app, permit, name, Body(RerouteRequest { who, destination, note })).await
    }
);
deed!(
    /// `POST /dossiers/{name}/relabel`
    relabel, "relabel", |sent, who| {
        let code = sent.typed.code.trim().to_owned();
        let (app, permit, name) = sent.door();
        decisions::relabel(app, permit, name, Body(RelabelRequest { who, code })).await
    }
);
deed!(
    /// `POST /dossiers/{name}/void`
    void, "void", |sent, who| {
        let scan = filled(&sent.typed.scan).and_then(|scan| scan.parse().ok());
        let scan_id = scan.ok_or_else(|| Problem::unfit("no-such-scan", "`scan` says which"))?;
        let (app, permit, name) = sent.door();
        decisions::void(app, permit, name, Body(ScanRequest { who, scan_id })).await
    }
);
deed!(
    /// `POST /dossiers/{name}/hand-out`
    hand_out, "hand-out", |sent, who| {
        let (receiver, checked) = (receiver(&sent.typed.receiver)?, checked(&sent.typed.checked)?);
        let (app, permit, name) = sent.door();
        decisions::hand_out(app, permit, name, Body(HandOutRequest { who, receiver, checked })).await
    }
);
