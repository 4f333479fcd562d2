//! Cases: filed, stepped through, shown with their dossiers.
use super::decisions::{Asked, Decider, Who, check_number, content_hash, known_site};
use super::scan::any;
use super::subject::{Named, named};
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::view::DossierView;
use axum::Json;
use axum::extract::{Path, State};
use domain::case::{Accepted, Case, CaseCommand, CaseFact, CaseNote, CloseCode, Closed, Decided, Filed, Outcome};
use domain::dossier::Ask;
use domain::event::{Event, Fact};
use domain::id::{CaseId, ItemId, NoteId, ScanId, SiteId};
use domain::stream::{AnyFact, StreamId};
use domain::time::Timestamp;
use esrs::Aggregate;
use eventstore::{Append, State as StreamState, Streams};
use projections::queues;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A case to be filed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRequest {
    #[serde(flatten)]
    pub who: Who,
    /// Made by the client.
    pub case_id: uuid::Uuid,
    /// 办件编号, 1 to 50 characters.
    pub case_no: String,
    #[schema(value_type = String)]
    pub item: ItemId,
    /// Where the applicant collects.
    #[schema(value_type = String)]
    pub home: SiteId,
}

/// A step of the procedure.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StepRequest {
    #[serde(flatten)]
    pub who: Who,
    pub step: Step,
    /// For `accepted`: the department's own number.
    #[serde(default)]
    pub dept_ref: Option<String>,
    /// For `decided`: granted or refused.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// For `closed`: issued, returned_to_applicant, void, supplement_lapsed, granted, refused or withdrawn.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub close_code: Option<CloseCode>,
    #[serde(default)]
    pub note: Option<uuid::Uuid>,
}

/// Which step.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Accepted,
    NotAccepted,
    Decided,
    Withdrawn,
    Closed,
}

async fn decide(
    app: &App,
    id: CaseId,
    who: &Decider,
    content_hash: [u8; 32],
    command: impl Fn(Event<()>) -> CaseCommand + Send + Sync + 'static,
) -> Result<Json<Asked>, Problem> {
    Asked::after(&app.log().append_one(asking(id, who, content_hash, command)).await?)
}

/// What asks one case to decide.
fn asking(
    id: CaseId,
    who: &Decider,
    content_hash: [u8; 32],
    command: impl Fn(Event<()>) -> CaseCommand + Send + Sync + 'static,
) -> Append {
    let (stream, who, request) = (StreamId::Case(id), who.clone(), ScanId(who.request_id));
    let decide = move |streams: &Streams, recorded_at: Timestamp| {
        let events = Case::handle_command(streams.case(id), command(who.envelope(recorded_at)))?;
        Ok(events.into_iter().map(|event| (stream, any(event, AnyFact::Case))).collect())
    };
    Append { id: request, content_hash, reads: vec![stream], decide: Arc::new(decide) }
}

/// Files a case.
#[utoipa::path(post, path = "/cases", tag = "cases", request_body = FileRequest, responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn file(
    State(app): State<App>,
    permit: Permit,
    Body(request): Body<FileRequest>,
) -> Result<Json<Asked>, Problem> {
    let append = filing(&app, &permit, request)?;
    Asked::after(&app.log().append_one(append).await?)
}

/// What files a case, if whoever asks may do so: for the door and for sheets.
///
/// # Errors
/// A number or site that is none, or a site beyond reach.
pub(crate) fn filing(app: &App, permit: &Permit, request: FileRequest) -> Result<Append, Problem> {
    check_number(&request.case_no, "case_no")?;
    let who = permit.decides(app, &request.who)?;
    let at = who.at.clone().ok_or_else(|| Problem::invalid("`at` says where it was handed in"))?;
    known_site(app, &request.home, "home")?;
    let hash = content_hash(&request)?;
    let filed = Filed { case_no: request.case_no, item: request.item, at, home: request.home };
    let command = move |envelope| CaseCommand::File(Ask { envelope, what: filed.clone() });
    Ok(asking(CaseId(request.case_id), &who, hash, command))
}

/// Takes a case a step further.
#[utoipa::path(post, path = "/cases/{name}/steps", tag = "cases", request_body = StepRequest,
    params(("name" = String, Path, description = "number or id")), responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn step(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Body(request): Body<StepRequest>,
) -> Result<Json<Asked>, Problem> {
    let id = case(&app, &permit, &name).await?;
    request.dept_ref.as_deref().map_or(Ok(()), |number| check_number(number, "dept_ref"))?;
    let hash = content_hash(&request)?;
    let needs = |field: &str| Problem::invalid(format!("`{field}` is needed for this step"));
    let note = CaseNote { note: request.note.map(NoteId) };
    let outcome = request.outcome.ok_or_else(|| needs("outcome"));
    let close_code = request.close_code.ok_or_else(|| needs("close_code"));
    let who = permit.decides(&app, &request.who)?;
    match request.step {
        Step::Accepted => {
            let what = Accepted { dept_ref: request.dept_ref };
            decide(&app, id, &who, hash, move |envelope| CaseCommand::Accept(Ask { envelope, what: what.clone() }))
                .await
        }
        Step::NotAccepted => {
            decide(&app, id, &who, hash, move |envelope| CaseCommand::NotAccept(Ask { envelope, what: note.clone() }))
                .await
        }
        Step::Decided => {
            let what = Decided { outcome: outcome? };
            decide(&app, id, &who, hash, move |envelope| CaseCommand::Decide(Ask { envelope, what: what.clone() }))
                .await
        }
        Step::Withdrawn => {
            decide(&app, id, &who, hash, move |envelope| CaseCommand::Withdraw(Ask { envelope, what: note.clone() }))
                .await
        }
        Step::Closed => {
            let what = Closed { code: close_code? };
            decide(&app, id, &who, hash, move |envelope| CaseCommand::Close(Ask { envelope, what: what.clone() })).await
        }
    }
}

pub(crate) async fn case(app: &App, permit: &Permit, name: &str) -> Result<CaseId, Problem> {
    match named(app, permit, name).await? {
        Named::Case(id) => Ok(id),
        Named::Thing(_) => Err(Problem::not_found()),
    }
}

/// How a case was filed, if it was.
///
/// # Errors
/// The database's own.
pub(crate) async fn filed(app: &App, id: CaseId) -> Result<Option<Filed>, Problem> {
    let StreamState::Case(history) = app.log().state(StreamId::Case(id), None).await? else { return Ok(None) };
    let filed = |event: &Event<CaseFact>| {
        if let CaseFact::Filed(filed) = &event.fact { Some(filed.clone()) } else { None }
    };
    Ok(history.arrived().find_map(filed))
}

/// A case with its dossiers.
#[derive(Serialize, ToSchema)]
pub struct CaseView {
    pub case: uuid::Uuid,
    pub case_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dept_ref: Option<String>,
    pub item: String,
    pub at: String,
    pub home: String,
    /// Name of the last step of the procedure, which a rating is not: filed, accepted, not_accepted, decided, withdrawn or closed.
    pub stage: &'static str,
    /// Each step and when, in order.
    pub steps: Vec<(&'static str, i64)>,
    pub dossiers: Vec<DossierView>,
}

/// One case, by number or id.
#[utoipa::path(get, path = "/cases/{name}", tag = "cases", params(("name" = String, Path, description = "number or id")),
    responses((status = 200, body = CaseView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(State(app): State<App>, permit: Permit, Path(name): Path<String>) -> Result<Json<CaseView>, Problem> {
    let id = case(&app, &permit, &name).await?;
    let StreamState::Case(history) = app.log().state(StreamId::Case(id), None).await? else {
        return Err(Problem::not_found());
    };
    let told = history.told();
    let filed =
        told.iter().find_map(|placed| if let CaseFact::Filed(filed) = &placed.event.fact { Some(filed) } else { None });
    let filed = filed.ok_or_else(Problem::not_found)?;
    let dept_ref = told.iter().rev().find_map(|placed| {
        if let CaseFact::Accepted(accepted) = &placed.event.fact { accepted.dept_ref.clone() } else { None }
    });
    let dossiers = queues::of_case(app.db(), app.region(), id.0).await?;
    let steps: Vec<(&'static str, i64)> =
        told.iter().map(|placed| (placed.event.fact.name(), placed.key.at.0)).collect();
    Ok(Json(CaseView {
        case: id.0,
        case_no: filed.case_no.clone(),
        dept_ref,
        item: filed.item.to_string(),
        at: filed.at.to_string(),
        home: filed.home.to_string(),
        stage: steps.iter().rev().map(|(name, _)| *name).find(|name| *name != "rated").unwrap_or("filed"),
        steps,
        dossiers: dossiers.iter().map(DossierView::of).collect(),
    }))
}
