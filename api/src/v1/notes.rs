//! Notes of dossiers and bags, in words. Who may not see the thing is told of no note.
use super::decisions::{Asked, Who, content_hash};
use super::parties::{RightDone, RightRequest};
use super::subject;
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::notes::{self, Said};
use crate::parties;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, State};
use domain::id::NoteId;
use projections::story::Thing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A note to be written.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct NoteRequest {
    /// Its `request_id` becomes the note's id.
    #[serde(flatten)]
    pub who: Who,
    /// 1 to 2000 characters. Kept in the vault; no event holds them.
    pub text: String,
}

/// A note.
#[derive(Serialize, ToSchema)]
pub struct NoteView {
    pub note: uuid::Uuid,
    /// The event that it was written to: `noted`, `exception_explained`, `annulled`…
    pub on: &'static str,
    pub written_by: String,
    pub written_at: i64,
    /// Nothing once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<i64>,
}

/// The notes of a thing, newest first.
#[derive(Serialize, ToSchema)]
pub struct Notes {
    pub items: Vec<NoteView>,
}

impl From<Said> for NoteView {
    fn from(said: Said) -> Self {
        Self {
            note: said.note.0,
            on: said.on,
            written_by: said.by.to_string(),
            written_at: said.at.0,
            text: said.text.map(|text| text.expose().to_owned()),
            erased_at: said.erased_at.map(|at| at.0),
        }
    }
}

async fn told(app: &App, thing: Thing) -> Result<Json<Notes>, Problem> {
    Ok(Json(Notes { items: notes::of_thing(app, thing).await?.into_iter().map(NoteView::from).collect() }))
}

/// The notes of a dossier, newest first, 200 at most.
#[utoipa::path(get, path = "/dossiers/{name}/notes", tag = "notes",
    params(("name" = String, Path, description = "label, number or id")), responses(
    (status = 200, body = Notes), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn of_dossier(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
) -> Result<Json<Notes>, Problem> {
    let id = subject::dossier(&app, &permit, &name).await?;
    told(&app, Thing::Dossier(id)).await
}

/// The notes of a bag, newest first, 200 at most.
#[utoipa::path(get, path = "/bags/{name}/notes", tag = "notes",
    params(("name" = String, Path, description = "label, number or id")), responses(
    (status = 200, body = Notes), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn of_bag(State(app): State<App>, permit: Permit, Path(name): Path<String>) -> Result<Json<Notes>, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    told(&app, Thing::Bag(id)).await
}

/// Writes a note of a dossier.
#[utoipa::path(post, path = "/dossiers/{name}/notes", tag = "notes", request_body = NoteRequest,
    params(("name" = String, Path, description = "label, number or id")), responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
    (status = 503, body = Problem)))]
pub async fn write(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Body(request): Body<NoteRequest>,
) -> Result<Json<Asked>, Problem> {
    let id = subject::dossier(&app, &permit, &name).await?;
    let who = permit.decides(&app, &request.who)?;
    // Of the rest alone: a hash of the words would let whoever has the log guess them.
    let hash = content_hash(&request.who)?;
    notes::write(&app, id, &who, (&request.text, hash)).await
}

/// Erases the words of a note for good; its id stays in the log.
#[utoipa::path(post, path = "/notes/{note}/erase", tag = "notes", request_body = RightRequest,
    params(("note" = String, Path, description = "id")), responses(
    (status = 200, body = RightDone), (status = 400, body = Problem), (status = 404, body = Problem),
    (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn erase(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(note): Path<String>,
    Body(asked): Body<RightRequest>,
) -> Result<Json<RightDone>, Problem> {
    let note = note.parse().map(NoteId).map_err(|_| Problem::not_found())?;
    let reason = parties::reason(&asked.reason)?;
    Ok(Json(RightDone { done: notes::erase(&app, &permit, &visitor, note, &reason).await? }))
}
