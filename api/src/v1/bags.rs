//! Bags: where each is, what lies in it, and every stay in it.
use super::dossiers::{Trail, TrailQuery, tell};
use super::paging::PageQuery;
use super::subject;
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::view::{BagView, DossierView, printed_subject};
use axum::Json;
use axum::extract::{Path, State};
use domain::id::SubjectId;
use projections::queues::{self, Placed};
use projections::stays;
use projections::story::Thing;
use serde::Serialize;
use utoipa::ToSchema;

/// Stays and contents shown at most.
const SHOWN_MAX: i64 = 1000;

/// One page of bags.
#[derive(Serialize, ToSchema)]
pub struct BagPage {
    pub items: Vec<BagView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A bag with its contents.
#[derive(Serialize, ToSchema)]
pub struct BagWithContents {
    pub bag: BagView,
    /// The dossiers whose outermost bag it is now.
    pub contents: Vec<DossierView>,
    /// Newest first: a stay is known by its packing, so reuse mixes no trips.
    pub stays: Vec<StayView>,
}

/// A stay in the bag.
#[derive(Serialize, ToSchema)]
pub struct StayView {
    pub subject: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub packed_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// `read`, `opened`, or `ring` if it never began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
}

/// All bags, by id.
#[utoipa::path(get, path = "/bags", tag = "bags", params(PageQuery), responses(
    (status = 200, body = BagPage), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<PageQuery>,
) -> Result<Json<BagPage>, Problem> {
    let limit = query.limit()?;
    let rows = queues::bags(app.db(), app.region(), &permit.scope, query.by_id()?, limit).await?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
    let next = rows.last().filter(|_| full).map(|(row, _)| row.subject.to_string());
    Ok(Json(BagPage { items: rows.iter().map(|(row, position)| BagView::of(row, *position)).collect(), next }))
}

/// One bag, by label, number or id, with contents and stays.
#[utoipa::path(get, path = "/bags/{name}", tag = "bags", params(("name" = String, Path, description = "label, number or id")),
    responses((status = 200, body = BagWithContents), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
) -> Result<Json<BagWithContents>, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let (db, region, thing) = (app.db(), app.region(), Thing::Bag(id));
    let rows = projections::custody::find(db, region, &[thing]).await?;
    let (row, position) = rows.get(&thing).ok_or_else(Problem::not_found)?;
    let contents = queues::contents(db, region, id, SHOWN_MAX)
        .await?
        .into_iter()
        .map(|dossier| DossierView::of(&Placed { dossier, bag: Some(row.clone()), position: *position }));
    let contents = contents.collect();
    let stays = stays::list(db, region, id, SHOWN_MAX).await?.into_iter().map(|stay| StayView {
        subject: stay.subject,
        code: printed_subject(SubjectId(stay.subject)),
        packed_at: stay.packed_at,
        ended_at: stay.ended_at,
        ended_by: stay.ended_by,
    });
    Ok(Json(BagWithContents { bag: BagView::of(row, *position), contents, stays: stays.collect() }))
}

/// The story of a bag.
#[utoipa::path(get, path = "/bags/{name}/trail", tag = "bags",
    params(("name" = String, Path, description = "label, number or id"), TrailQuery),
    responses((status = 200, body = Trail), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 422, body = Problem)))]
pub async fn trail_of(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Params(query): Params<TrailQuery>,
) -> Result<Json<Trail>, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    Ok(Json(tell(&app, Thing::Bag(id), query).await?))
}
