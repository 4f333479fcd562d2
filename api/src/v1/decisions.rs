//! Decisions about dossiers: registering, handing out, archiving, correcting. Each may be refused; each carries a request
//! id made by the client, so that asking twice does it once.
use super::scan::{any, read_label};
use super::subject;
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, State};
use domain::custody::payload::{Annulled, Read, Relabelled};
use domain::dossier::{
    Ask, Checked, Dossier, DossierCommand, DossierKind, HandedOut, LabelIs, Piece, Recalled, Receiver, Registered,
    Rerouted,
};
use domain::event::{Event, Role, Source};
use domain::id::{CaseId, ItemId, NoteId, PersonId, ScanId, SiteId, SubjectId};
use domain::stream::{AnyFact, StreamId};
use domain::time::Timestamp;
use esrs::Aggregate;
use eventstore::{Append, Receipt, Refusal, Streams};
use registers::label::Binding;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;

/// What every decision carries.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Who {
    /// Made by the client: asking again with it gets the first answer.
    pub request_id: uuid::Uuid,
    /// Who decides, when a program asks in somebody's name. Whoever signed in leaves it out.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// At which site.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SiteId>,
    /// When it happened, milliseconds since 1970 UTC; now if not given.
    #[schema(value_type = Option<i64>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// Who decides, settled by the permit.
#[derive(Clone, Debug)]
pub struct Decider {
    pub request_id: uuid::Uuid,
    pub by: PersonId,
    pub at: Option<SiteId>,
    pub occurred_at: Option<Timestamp>,
}

impl Decider {
    /// The envelope of the event; the future is cut.
    #[must_use]
    pub fn envelope(&self, recorded_at: Timestamp) -> Event<()> {
        let source = Source {
            by: self.by.clone(),
            role: Role::Desk,
            at: self.at.clone(),
            stamp: None,
            skew_ms: 0,
            mode: None,
            action_by: None,
            bag: None,
            code: None,
            flags: Vec::new(),
            quarantined: false,
        };
        let occurred_at = self.occurred_at.unwrap_or(recorded_at).clamp(Timestamp::EARLIEST, recorded_at);
        Event { scan: ScanId(self.request_id), occurred_at, recorded_at, source, fact: () }
    }
}

/// The answer to a decision.
#[derive(Serialize, ToSchema)]
pub struct Asked {
    /// Its place in the log.
    pub position: i64,
    /// It was asked before; nothing was done again.
    pub duplicate: bool,
    /// The stream it concerns: a dossier, bag or case.
    pub subject: uuid::Uuid,
}

impl Asked {
    /// From the log's receipt.
    ///
    /// # Errors
    /// Never for a decision that wrote something, and each does.
    pub fn after(receipt: &Receipt) -> Result<Json<Self>, Problem> {
        let first = receipt.events.first().ok_or_else(|| Problem::internal(&"a receipt without an event"))?;
        Ok(Json(Self { position: first.position, duplicate: receipt.duplicate, subject: first.stream.uuid() }))
    }
}

/// Hash of what the client fixed.
///
/// # Errors
/// Never: requests are plain values.
pub fn content_hash(request: &impl Serialize) -> Result<[u8; 32], Problem> {
    serde_json::to_vec(request).map(|it| Sha256::digest(it).into()).map_err(|error| Problem::internal(&error))
}

/// Asks one dossier to decide.
pub(crate) async fn decide(
    app: &App,
    id: SubjectId,
    who: &Decider,
    content_hash: [u8; 32],
    also: Option<StreamId>,
    command: impl Fn(Event<()>, &Streams) -> Result<DossierCommand, Refusal> + Send + Sync + 'static,
) -> Result<Json<Asked>, Problem> {
    Asked::after(&app.log().append_one(asking(id, who, content_hash, also, command)).await?)
}

/// What asks one dossier to decide.
fn asking(
    id: SubjectId,
    who: &Decider,
    content_hash: [u8; 32],
    also: Option<StreamId>,
    command: impl Fn(Event<()>, &Streams) -> Result<DossierCommand, Refusal> + Send + Sync + 'static,
) -> Append {
    let (stream, who, request) = (StreamId::Dossier(id), who.clone(), ScanId(who.request_id));
    let decide = move |streams: &Streams, recorded_at: Timestamp| {
        let command = command(who.envelope(recorded_at), streams)?;
        let events = Dossier::handle_command(streams.dossier(id), command)?;
        Ok(events.into_iter().map(|event| (stream, any(event, AnyFact::Dossier))).collect())
    };
    let reads = [stream].into_iter().chain(also).collect();
    Append { id: request, content_hash, reads, decide: Arc::new(decide) }
}

/// Binds a label to a number, a case and a way.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RegisterRequest {
    #[serde(flatten)]
    pub who: Who,
    /// The label on it. `at` is where it lies now; leave it out when registering from afar.
    pub code: String,
    pub dossier_no: String,
    /// application, supplement, copy or result.
    #[schema(value_type = String)]
    #[serde(default)]
    pub kind: DossierKind,
    #[serde(default)]
    pub case: Option<uuid::Uuid>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub item: Option<ItemId>,
    /// The department it goes to; none for a result, or what is decided where it was handed in.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub destination: Option<SiteId>,
    /// Where the applicant collects.
    #[schema(value_type = String)]
    pub home: SiteId,
    #[serde(default)]
    pub pieces: Vec<PieceRequest>,
}

/// A kind of paper in a dossier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PieceRequest {
    pub name: String,
    /// original, copy, to_return or shown.
    #[schema(value_type = String)]
    pub kind: domain::dossier::PieceKind,
    pub count: u16,
}

impl From<PieceRequest> for Piece {
    fn from(piece: PieceRequest) -> Self {
        Self { name: piece.name, kind: piece.kind, count: piece.count }
    }
}

pub(super) fn known_site(app: &App, site: &SiteId, field: &str) -> Result<(), Problem> {
    let known = app.known().networks.latest().site(site).is_some();
    known.then_some(()).ok_or_else(|| Problem::invalid(format!("`{field}`: there is no site `{site}`")))
}

/// Characters of a number at most.
const NUMBER_MAX: usize = 50;

/// A number that people write on papers and look for.
pub(crate) fn check_number(number: &str, field: &str) -> Result<(), Problem> {
    let legible = !number.trim().is_empty() && !number.chars().any(char::is_control);
    let sound = legible && number.chars().count() <= NUMBER_MAX;
    sound.then_some(()).ok_or_else(|| Problem::invalid(format!("`{field}` has 1 to {NUMBER_MAX} printable characters")))
}

/// Registers a dossier.
#[utoipa::path(post, path = "/dossiers", tag = "decisions", request_body = RegisterRequest, responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn register(
    State(app): State<App>,
    permit: Permit,
    Body(request): Body<RegisterRequest>,
) -> Result<Json<Asked>, Problem> {
    let append = registering(&app, &permit, request).await?;
    Asked::after(&app.log().append_one(append).await?)
}

/// What registers a dossier, if whoever asks may do so: for the door and for sheets.
///
/// # Errors
/// A label, number or site that is none, or something beyond reach.
pub(crate) async fn registering(app: &App, permit: &Permit, request: RegisterRequest) -> Result<Append, Problem> {
    check_number(&request.dossier_no, "dossier_no")?;
    let who = permit.decides(app, &request.who)?;
    known_site(app, &request.home, "home")?;
    request.destination.as_ref().map_or(Ok(()), |site| known_site(app, site, "destination"))?;
    permit.one_of(app, [Some(&request.home), request.destination.as_ref(), who.at.as_ref()])?;
    if let Some(case) = request.case {
        permit.joins(app, CaseId(case)).await?;
    }
    let code = read_label(&request.code)?;
    if code.kind() != domain::code::CodeKind::Dossier {
        return Err(Problem::invalid("`code` is not a dossier's label"));
    }
    let hash = content_hash(&request)?;
    let registered = Registered {
        dossier_no: request.dossier_no,
        kind: request.kind,
        case: request.case.map(CaseId),
        item: request.item,
        destination: request.destination,
        home: request.home,
        pieces: request.pieces.into_iter().map(Piece::from).collect(),
    };
    let command = move |envelope, _: &Streams| Ok(DossierCommand::Register(Ask { envelope, what: registered.clone() }));
    Ok(asking(code.subject(), &who, hash, None, command))
}

/// The body of a decision that says no more than who, with an optional note in the vault.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlainRequest {
    #[serde(flatten)]
    pub who: Who,
    /// Id of a note in the vault.
    #[serde(default)]
    pub note: Option<uuid::Uuid>,
}

/// Declares a door for one decision: its path, its body, and the command it becomes.
macro_rules! door {
    ($(#[$doc:meta])* $name:ident, $path:literal, $request:ty, |$it:ident, $envelope:ident| $command:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "decisions", request_body = $request,
            params(("name" = String, Path, description = "label, number or id")), responses(
            (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem),
            (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
            (status = 503, body = Problem)))]
        pub async fn $name(
            State(app): State<App>,
            permit: Permit,
            Path(name): Path<String>,
            Body(request): Body<$request>,
        ) -> Result<Json<Asked>, Problem> {
            let id = subject::dossier(&app, &permit, &name).await?;
            let (hash, who, $it) = (content_hash(&request)?, permit.decides(&app, &request.who)?, request);
            decide(&app, id, &who, hash, None, move |$envelope, _: &Streams| Ok($command)).await
        }
    };
}

door!(
    /// Puts a dossier into the archive, where it lies.
    archive, "/dossiers/{name}/archive", PlainRequest, |it, envelope| {
        DossierCommand::Archive(Ask { envelope, what: Read { note: it.note.map(NoteId) } })
    }
);
door!(
    /// Ends a dossier that should never have been.
    annul, "/dossiers/{name}/annul", PlainRequest, |it, envelope| {
        DossierCommand::Annul(Ask { envelope, what: Annulled { note: it.note.map(NoteId) } })
    }
);
door!(
    /// Calls a dossier home: the next scan turns it round.
    recall, "/dossiers/{name}/recall", PlainRequest, |it, envelope| {
        DossierCommand::Recall(Ask { envelope, what: Recalled { note: it.note.map(NoteId) } })
    }
);

/// Where to instead.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RerouteRequest {
    #[serde(flatten)]
    pub who: Who,
    #[schema(value_type = String)]
    pub destination: SiteId,
    #[serde(default)]
    pub note: Option<uuid::Uuid>,
}
door!(
    /// Sends a dossier to another department than planned.
    reroute, "/dossiers/{name}/reroute", RerouteRequest, |it, envelope| {
        let what = Rerouted { destination: it.destination.clone(), note: it.note.map(NoteId) };
        DossierCommand::Reroute(Ask { envelope, what })
    }
);

/// Who took it and how they were recognised.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HandOutRequest {
    #[serde(flatten)]
    pub who: Who,
    /// applicant or proxy.
    #[schema(value_type = String)]
    pub receiver: Receiver,
    /// identity_document, receipt_slip or both.
    #[schema(value_type = String)]
    pub checked: Checked,
}
door!(
    /// Hands a dossier to the applicant or a proxy, at the site where it is to be collected and was read itself.
    hand_out, "/dossiers/{name}/hand-out", HandOutRequest, |it, envelope| {
        DossierCommand::HandOut(Ask { envelope, what: HandedOut { receiver: it.receiver, checked: it.checked } })
    }
);

/// Which scan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScanRequest {
    #[serde(flatten)]
    pub who: Who,
    pub scan_id: uuid::Uuid,
}
door!(
    /// Takes another's scan back. A device takes back its own through the scan door.
    void, "/dossiers/{name}/void", ScanRequest, |it, envelope| {
        DossierCommand::Void(Ask { envelope, what: ScanId(it.scan_id) })
    }
);
door!(
    /// Admits a scan that was put aside because its device had been revoked.
    admit, "/dossiers/{name}/admit", ScanRequest, |it, envelope| {
        DossierCommand::Admit(Ask { envelope, what: ScanId(it.scan_id) })
    }
);

/// A paper added later.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AddPieceRequest {
    #[serde(flatten)]
    pub who: Who,
    pub piece: PieceRequest,
}
door!(
    /// Adds a piece to a dossier.
    add_piece, "/dossiers/{name}/piece", AddPieceRequest, |it, envelope| {
        DossierCommand::AddPiece(Ask { envelope, what: it.piece.clone().into() })
    }
);

/// The fresh label.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RelabelRequest {
    #[serde(flatten)]
    pub who: Who,
    pub code: String,
}

/// Gives a dossier a fresh label. Later reads of the old one stay with it, flagged.
#[utoipa::path(post, path = "/dossiers/{name}/relabel", tag = "decisions", request_body = RelabelRequest,
    params(("name" = String, Path, description = "label, number or id")), responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn relabel(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Body(request): Body<RelabelRequest>,
) -> Result<Json<Asked>, Problem> {
    let id = subject::dossier(&app, &permit, &name).await?;
    let who = permit.decides(&app, &request.who)?;
    let code = read_label(&request.code)?;
    if code.kind() != domain::code::CodeKind::Dossier {
        return Err(Problem::invalid("`code` is not a dossier's label"));
    }
    let fresh = code.subject();
    let command = move |envelope, streams: &Streams| {
        let is = if streams.dossier(fresh).is_empty() { LabelIs::Fresh } else { LabelIs::Used };
        Ok(DossierCommand::Relabel(Ask { envelope, what: Relabelled { code } }, is))
    };
    let hash = content_hash(&request)?;
    let asked = decide(&app, id, &who, hash, Some(StreamId::Dossier(fresh)), command).await?;
    // After the event: if the server dies between, asking again binds the label.
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    registers::label::bind(&mut tx, &change, code, &Binding::Subject(id)).await?;
    tx.commit().await?;
    Ok(asked)
}
