//! The decisions of a bag's page: a fresh label, taking a scan back, ending the bag. Each is the JSON door's own function,
//! with an id made for the form.
use super::bag::build;
use super::bag_scan::ScanForm;
use super::trouble::said;
use super::{Words, again, page};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::v1::decisions::{PlainRequest, RelabelRequest, ScanRequest, Who};
use crate::v1::{bag_decisions, subject};
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::SubjectId;
use serde::Deserialize;
use uuid::Uuid;

/// What a form sends; each needs some of it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct BagForm {
    request_id: Uuid,
    /// The fresh label.
    code: String,
    /// The scan to take back.
    scan_id: Uuid,
    /// That somebody read what will happen.
    sure: String,
}

impl BagForm {
    fn who(&self) -> Who {
        Who { request_id: self.request_id, by: None, at: None, occurred_at: None }
    }
}

/// `POST /bags/{name}/annul`
pub async fn annul(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<BagForm>,
) -> Result<Response, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let asked = PlainRequest { who: typed.who(), note: None };
    let done = if typed.sure == "yes" {
        bag_decisions::annul(State(app.clone()), permit.clone(), Path(id.to_string()), Body(asked)).await.map(|_| ())
    } else {
        Err(Problem::unfit("not-sure", "`sure` says yes"))
    };
    answered(&app, &permit, &headers, id, done, "annulled", typed).await
}

/// `POST /bags/{name}/relabel`
pub async fn relabel(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<BagForm>,
) -> Result<Response, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let asked = RelabelRequest { who: typed.who(), code: typed.code.trim().to_owned() };
    let done = bag_decisions::relabel(State(app.clone()), permit.clone(), Path(id.to_string()), Body(asked)).await;
    answered(&app, &permit, &headers, id, done.map(|_| ()), "relabelled", typed).await
}

/// `POST /bags/{name}/void`
pub async fn void(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<BagForm>,
) -> Result<Response, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let asked = ScanRequest { who: typed.who(), scan_id: typed.scan_id };
    let done = bag_decisions::void(State(app.clone()), permit.clone(), Path(id.to_string()), Body(asked)).await;
    answered(&app, &permit, &headers, id, done.map(|_| ()), "voided", typed).await
}

/// Back to the bag, or its page again with what is wrong.
async fn answered(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    id: SubjectId,
    done: Result<(), Problem>,
    name: &str,
    typed: BagForm,
) -> Result<Response, Problem> {
    let Err(problem) = done else {
        return Ok(Redirect::to(&format!("/bags/{id}?done={name}")).into_response());
    };
    let status = again(&problem)?;
    let reads = permit.also_for(Action::ReadDossiers).ok_or_else(Problem::not_found)?;
    let words = Words::of_permit(headers, app.known(), permit);
    let problem = Some(said(&words, &problem));
    let mut shown = build(app, &reads, words, id, ScanForm::default()).await?;
    (shown.problem, shown.fresh) = (problem, typed.code);
    Ok((status, page(&shown)).into_response())
}
