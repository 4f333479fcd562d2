//! Dossiers: one, its trail, all of them. The trail is folded on request, at any time of the log and of the world.
use super::paging::PageQuery;
use super::subject;
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::view::DossierView;
use axum::Json;
use axum::extract::{Path, State};
use domain::bag::BagFact;
use domain::exception::Limits;
use domain::history::History;
use domain::id::SubjectId;
use domain::stay::{Bags, Container};
use domain::stream::StreamId;
use domain::tale::{Context, of_bag_history, of_dossier_history};
use domain::trail::trail;
use eventstore::State as StreamState;
use projections::queues;
use projections::story::{Thing, bags_of_bag, bags_of_dossier};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// One page of dossiers.
#[derive(Serialize, ToSchema)]
pub struct DossierPage {
    pub items: Vec<DossierView>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The log position this reflects at least.
    pub position: i64,
}

/// All dossiers, by id.
#[utoipa::path(get, path = "/dossiers", tag = "dossiers", params(PageQuery), responses(
    (status = 200, body = DossierPage), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<PageQuery>,
) -> Result<Json<DossierPage>, Problem> {
    let limit = query.limit()?;
    let position = app.log().head_row().await?.position;
    let items = queues::all(app.db(), app.region(), &permit.scope, query.by_id()?, limit).await?;
    let full = i64::try_from(items.len()).unwrap_or(i64::MAX) >= limit;
    let next = items.last().filter(|_| full).map(|last| last.dossier.subject.to_string());
    Ok(Json(DossierPage { items: items.iter().map(DossierView::of).collect(), next, position }))
}

/// One dossier, by label, number or id.
#[utoipa::path(get, path = "/dossiers/{name}", tag = "dossiers",
    params(("name" = String, Path, description = "label, number or id")),
    responses((status = 200, body = DossierView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
) -> Result<Json<DossierView>, Problem> {
    let id = subject::dossier(&app, &permit, &name).await?;
    let placed = queues::find(app.db(), app.region(), id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(DossierView::of(&placed)))
}

/// At which time of the log and of the world.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TrailQuery {
    /// As known at this log position.
    pub as_of: Option<i64>,
    /// As known at this time, milliseconds since 1970 UTC: what did we believe then?
    pub known_at: Option<i64>,
    /// Only what happened up to this time.
    pub at: Option<i64>,
}

/// A dossier's or bag's story.
#[derive(Serialize, ToSchema)]
pub struct Trail {
    pub subject: uuid::Uuid,
    /// Who had it then.
    #[schema(value_type = Object)]
    pub custody: domain::custody::Custody,
    /// In order of occurrence; see `docs/events.md` for the names.
    #[schema(value_type = Vec<Object>)]
    pub lines: Vec<domain::trail::Line>,
    /// What did not fit, as known then.
    #[schema(value_type = Vec<Object>)]
    pub exceptions: Vec<domain::exception::Exception>,
    /// The log position it is told from.
    pub position: i64,
}

/// The whole story of a dossier, with what its bags did while it lay in them.
#[utoipa::path(get, path = "/dossiers/{name}/trail", tag = "dossiers",
    params(("name" = String, Path, description = "label, number or id"), TrailQuery),
    responses((status = 200, body = Trail), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 422, body = Problem)))]
pub async fn trail_of(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Params(query): Params<TrailQuery>,
) -> Result<Json<Trail>, Problem> {
    let id = subject::dossier(&app, &permit, &name).await?;
    Ok(Json(tell(&app, Thing::Dossier(id), query).await?))
}

/// Folds the story of a thing.
///
/// # Errors
/// Nothing recorded, or the database's own.
pub async fn tell(app: &App, thing: Thing, query: TrailQuery) -> Result<Trail, Problem> {
    let head = app.log().head_row().await?.position;
    let known_at = match query.known_at {
        Some(time) => Some(app.log().position_at(domain::time::Timestamp(time)).await?),
        None => query.as_of,
    };
    let position = known_at.unwrap_or(head).min(head);
    let state = app.log().state(thing.stream(), Some(position)).await?;
    if state.version() == 0 {
        return Err(Problem::not_found());
    }
    let histories = bag_histories(app, thing, &state, position).await?;
    let mut bags = Bags::default();
    for (&bag, history) in &histories {
        bags.insert(bag, Container::of(history));
    }
    let known = app.known();
    let (networks, limits) = (&*known.networks, Limits::default());
    let context = Context { networks, bags: &bags, limits: &limits, label_known: true };
    let (mut tale, mut lines) = match &state {
        StreamState::Dossier(history) => {
            let tale = of_dossier_history(thing.id(), history, &context);
            let lines = trail(history, &tale.steps, &history.told(), &histories, networks, &bags);
            (tale, lines)
        }
        StreamState::Bag(history) => {
            let tale = of_bag_history(thing.id(), history, &context);
            let lines = trail(history, &tale.steps, &history.told(), &histories, networks, &bags);
            (tale, lines)
        }
        StreamState::Case(_) => return Err(Problem::not_found()),
    };
    if let Some(at) = query.at {
        lines.retain(|line| line.occurred_at.0 <= at);
        tale.steps.retain(|step| step.key.at.0 <= at);
        tale.exceptions.retain(|(exception, _)| exception.since.0 <= at);
    }
    let custody = domain::custody::Custody::after(&tale.steps);
    let exceptions = tale.exceptions.into_iter().map(|(exception, _)| exception).collect();
    Ok(Trail { subject: thing.id().0, custody, lines, exceptions, position })
}

/// The histories of every bag it was in, and of theirs.
async fn bag_histories(
    app: &App,
    thing: Thing,
    state: &StreamState,
    position: i64,
) -> Result<HashMap<SubjectId, History<BagFact>>, Problem> {
    let mut wanted: Vec<SubjectId> = match state {
        StreamState::Dossier(history) => bags_of_dossier(history).collect(),
        StreamState::Bag(_) => vec![thing.id()],
        StreamState::Case(_) => Vec::new(),
    };
    let mut histories = HashMap::new();
    while let Some(bag) = wanted.pop() {
        if histories.contains_key(&bag) {
            continue;
        }
        if let StreamState::Bag(history) = app.log().state(StreamId::Bag(bag), Some(position)).await? {
            wanted.extend(bags_of_bag(&history));
            histories.insert(bag, history);
        }
    }
    Ok(histories)
}
