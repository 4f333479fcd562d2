//! Decisions about bags: taking one into use, relabelling, correcting. Each may be refused; each is done once.
use super::decisions::{Asked, Decider, PlainRequest, RelabelRequest, ScanRequest, Who, check_number, content_hash};
use super::scan::{any, read_label};
use super::subject;
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, State};
use domain::bag::{Bag, BagCommand, BagRegistered};
use domain::code::{Code, CodeKind};
use domain::custody::payload::{Annulled, Relabelled};
use domain::dossier::{Ask, LabelIs};
use domain::event::Event;
use domain::id::{NoteId, ScanId, SiteId, SubjectId};
use domain::stream::{AnyFact, StreamId};
use domain::time::Timestamp;
use esrs::Aggregate;
use eventstore::{Append, Refusal, Streams};
use registers::label::Binding;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Asks one bag to decide.
async fn decide(
    app: &App,
    id: SubjectId,
    who: &Decider,
    content_hash: [u8; 32],
    also: Option<StreamId>,
    command: impl Fn(Event<()>, &Streams) -> BagCommand + Send + Sync + 'static,
) -> Result<Json<Asked>, Problem> {
    let (stream, who, request) = (StreamId::Bag(id), who.clone(), ScanId(who.request_id));
    let decide = move |streams: &Streams, recorded_at: Timestamp| -> Result<_, Refusal> {
        let events = Bag::handle_command(streams.bag(id), command(who.envelope(recorded_at), streams))?;
        Ok(events.into_iter().map(|event| (stream, any(event, AnyFact::Bag))).collect())
    };
    let reads = [stream].into_iter().chain(also).collect();
    let append = Append { id: request, content_hash, reads, decide: Arc::new(decide) };
    Asked::after(&app.log().append_one(append).await?)
}

/// A bag's label, or a problem.
fn bag_label(text: &str) -> Result<Code, Problem> {
    let code = read_label(text)?;
    let is_bag = code.kind() == CodeKind::Bag;
    is_bag.then_some(code).ok_or_else(|| Problem::invalid("`code` is not a bag's label"))
}

/// A bag to be taken into use.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BagRequest {
    #[serde(flatten)]
    pub who: Who,
    /// The label on it. `at` is where it is now.
    pub code: String,
    /// What is printed on it for people.
    #[serde(default)]
    pub bag_no: Option<String>,
    /// The site it belongs to when empty.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub home: Option<SiteId>,
}

/// Takes a bag into use.
#[utoipa::path(post, path = "/bags", tag = "bags", request_body = BagRequest, responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn register(
    State(app): State<App>,
    permit: Permit,
    Body(request): Body<BagRequest>,
) -> Result<Json<Asked>, Problem> {
    let code = bag_label(&request.code)?;
    let who = permit.decides(&app, &request.who)?;
    permit.one_of(&app, [request.home.as_ref(), who.at.as_ref()])?;
    request.bag_no.as_deref().map_or(Ok(()), |number| check_number(number, "bag_no"))?;
    let hash = content_hash(&request)?;
    let what = BagRegistered { bag_no: request.bag_no, home: request.home };
    let command = move |envelope, _: &Streams| BagCommand::Register(Ask { envelope, what: what.clone() });
    decide(&app, code.subject(), &who, hash, None, command).await
}

/// Declares a door for one decision about a bag that exists.
macro_rules! door {
    ($(#[$doc:meta])* $name:ident, $path:literal, $request:ty, |$it:ident, $envelope:ident| $command:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "bags", request_body = $request,
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
            let id = subject::bag(&app, &permit, &name).await?;
            let (hash, who, $it) = (content_hash(&request)?, permit.decides(&app, &request.who)?, request);
            decide(&app, id, &who, hash, None, move |$envelope, _: &Streams| $command).await
        }
    };
}

door!(
    /// Ends a bag: it is used no more.
    annul, "/bags/{name}/annul", PlainRequest, |it, envelope| {
        BagCommand::Annul(Ask { envelope, what: Annulled { note: it.note.map(NoteId) } })
    }
);
door!(
    /// Takes another's scan of a bag back.
    void, "/bags/{name}/void", ScanRequest, |it, envelope| {
        BagCommand::Void(Ask { envelope, what: ScanId(it.scan_id) })
    }
);
door!(
    /// Admits a scan of a bag that was put aside because its device had been revoked.
    admit, "/bags/{name}/admit", ScanRequest, |it, envelope| {
        BagCommand::Admit(Ask { envelope, what: ScanId(it.scan_id) })
    }
);

/// Gives a bag a fresh label. Later reads of the old one stay with it, flagged.
#[utoipa::path(post, path = "/bags/{name}/relabel", tag = "bags", request_body = RelabelRequest,
    params(("name" = String, Path, description = "label, number or id")), responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn relabel(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Body(request): Body<RelabelRequest>,
) -> Result<Json<Asked>, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let who = permit.decides(&app, &request.who)?;
    let code = bag_label(&request.code)?;
    let fresh = code.subject();
    let command = move |envelope, streams: &Streams| {
        let is = if streams.bag(fresh).is_empty() { LabelIs::Fresh } else { LabelIs::Used };
        BagCommand::Relabel(Ask { envelope, what: Relabelled { code } }, is)
    };
    let hash = content_hash(&request)?;
    let asked = decide(&app, id, &who, hash, Some(StreamId::Bag(fresh)), command).await?;
    // After the event: if the server dies between, asking again binds the label.
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    registers::label::bind(&mut tx, &change, code, &Binding::Subject(id)).await?;
    tx.commit().await?;
    Ok(asked)
}
