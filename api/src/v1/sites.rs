//! A site's queues: to come, in hand, to send, on the shelf.
use super::dossiers::DossierPage;
use super::paging::{self, PageQuery};
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::view::DossierView;
use axum::Json;
use axum::extract::{Path, State};
use projections::queues::{self, Queue};
use serde::Serialize;
use utoipa::ToSchema;

/// How many dossiers each queue holds.
#[derive(Serialize, ToSchema)]
pub struct QueueCounts {
    pub site: String,
    /// Next hop is here, not yet here.
    pub to_come: i64,
    /// Here, no next hop, and on no shelf.
    pub in_hand: i64,
    /// Here, next hop elsewhere.
    pub to_send: i64,
    /// Here, on a shelf until the applicant comes.
    pub on_shelf: i64,
    pub position: i64,
}

/// The lengths of a site's queues.
#[utoipa::path(get, path = "/sites/{site}/queues", tag = "sites", params(("site" = String, Path, description = "id or label")),
    responses((status = 200, body = QueueCounts), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn counts(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
) -> Result<Json<QueueCounts>, Problem> {
    let site = permit.site(&app, &name)?;
    let position = app.log().head_row().await?.position;
    let counts = queues::counts(app.db(), app.region(), &site).await?;
    let [to_come, in_hand, to_send, on_shelf] = counts.map(|(_, count)| count);
    Ok(Json(QueueCounts { site: site.to_string(), to_come, in_hand, to_send, on_shelf, position }))
}

/// One page of a queue: what has been there longest first.
#[utoipa::path(get, path = "/sites/{site}/queues/{queue}", tag = "sites",
    params(("site" = String, Path, description = "id or label"), ("queue" = String, Path, description = "to_come, in_hand, to_send or on_shelf"), PageQuery),
    responses((status = 200, body = DossierPage), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn queue(
    State(app): State<App>,
    permit: Permit,
    Path((name, queue)): Path<(String, String)>,
    Params(query): Params<PageQuery>,
) -> Result<Json<DossierPage>, Problem> {
    let site = permit.site(&app, &name)?;
    let queue = queue_of(&queue)?;
    let position = app.log().head_row().await?.position;
    let page = queues::queue(app.db(), app.region(), &site, queue, query.by_age()?, query.limit()?).await?;
    Ok(Json(page_of(&page, position)))
}

/// The queue of a name in an address.
pub(super) fn queue_of(name: &str) -> Result<Queue, Problem> {
    Queue::ALL.into_iter().find(|known| known.name() == name).ok_or_else(Problem::not_found)
}

/// A page as it is answered.
#[must_use]
pub fn page_of(page: &queues::Page, position: i64) -> DossierPage {
    DossierPage { items: page.items.iter().map(DossierView::of).collect(), next: page.next.map(paging::text), position }
}
