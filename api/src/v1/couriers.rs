//! What a courier carries, and what is held by nobody's site: on a leg, with the post, with applicants, archived, unknown.
use super::dossiers::DossierPage;
use super::paging::PageQuery;
use super::sites::page_of;
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::problem::{Params, Problem};
use axum::Json;
use axum::extract::{Path, State};
use domain::id::PersonId;
use projections::queues;

/// One page of what a courier carries, in bags or not.
#[utoipa::path(get, path = "/couriers/{courier}/load", tag = "couriers", params(("courier" = String, Path), PageQuery),
    responses((status = 200, body = DossierPage), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn load(
    State(app): State<App>,
    permit: Permit,
    Path(courier): Path<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<DossierPage>, Problem> {
    let courier: PersonId = courier.parse().map_err(Problem::invalid)?;
    // The own load is seen whole; of others', what is within reach.
    let scope = if permit.person() == Some(&courier) { &Scope::Region } else { &permit.scope };
    let position = app.log().head_row().await?.position;
    let page = queues::load(app.db(), app.region(), scope, &courier, query.by_age()?, query.limit()?).await?;
    Ok(Json(page_of(&page, position)))
}

/// Kinds of holder that are listed by themselves.
const HOLDERS: [&str; 6] = ["leg", "post", "applicant", "archive", "unknown", "courier"];

/// The kind of holder of a name in an address.
pub(super) fn kind_of_holder(name: &str) -> Result<&'static str, Problem> {
    HOLDERS.into_iter().find(|known| *known == name).ok_or_else(Problem::not_found)
}

/// One page of the dossiers whose holder is of a kind: leg, post, courier, applicant, archive or unknown.
#[utoipa::path(get, path = "/holders/{kind}", tag = "couriers", params(("kind" = String, Path), PageQuery),
    responses((status = 200, body = DossierPage), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn by_holder(
    State(app): State<App>,
    permit: Permit,
    Path(kind): Path<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<DossierPage>, Problem> {
    let kind = kind_of_holder(&kind)?;
    let position = app.log().head_row().await?.position;
    let page = queues::by_holder(app.db(), app.region(), &permit.scope, kind, query.by_age()?, query.limit()?).await?;
    Ok(Json(page_of(&page, position)))
}
