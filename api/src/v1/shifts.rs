//! Shifts on a device: who holds it, by badge and PIN.
use crate::access::principal::{Device, Principal};
use crate::access::sign_in::Visitor;
use crate::access::{Permit, shift};
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Badge and PIN.
#[derive(Clone, Deserialize, ToSchema)]
pub struct ShiftRequest {
    /// The badge's code, as scanned or typed.
    pub badge: String,
    /// Six digits.
    pub pin: String,
}

/// Who holds the device now.
#[derive(Serialize, ToSchema)]
pub struct ShiftView {
    pub person: String,
    pub name: String,
    /// The posts held now, as far as they scan.
    pub roles: Vec<&'static str>,
    /// Their sites; none for the whole region.
    pub sites: Vec<String>,
}

fn device(permit: &Permit) -> Result<&Device, Problem> {
    if let Principal::Device(device) = &permit.who { Ok(device) } else { Err(Problem::not_found()) }
}

/// Begins a shift.
#[utoipa::path(post, path = "/shifts", tag = "devices", request_body = ShiftRequest, responses(
    (status = 200, body = ShiftView), (status = 400, body = Problem), (status = 413, body = Problem),
    (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn begin(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Body(asked): Body<ShiftRequest>,
) -> Result<Json<ShiftView>, Problem> {
    let (person, posts) = shift::begin(&app, device(&permit)?, &visitor, &asked.badge, asked.pin).await?;
    let known = app.known();
    let name = known.people.find(&person).map(|row| row.name.clone()).unwrap_or_default();
    Ok(Json(ShiftView {
        person: person.to_string(),
        name,
        roles: posts.iter().map(|post| post.role.as_str()).collect(),
        sites: posts.iter().filter_map(|post| post.site.as_ref()).map(ToString::to_string).collect(),
    }))
}

/// Whose shift ends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EndShiftRequest {
    #[schema(value_type = String)]
    pub person: PersonId,
}

/// Ends a shift.
#[utoipa::path(delete, path = "/shifts", tag = "devices", request_body = EndShiftRequest, responses(
    (status = 204), (status = 400, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn end(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Body(asked): Body<EndShiftRequest>,
) -> Result<StatusCode, Problem> {
    shift::end(&app, device(&permit)?, &visitor, asked.person).await?;
    Ok(StatusCode::NO_CONTENT)
}
