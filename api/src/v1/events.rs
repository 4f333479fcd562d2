//! The event feed: the log itself, in order. Bodies are handed on as the text that was written.
use super::paging;
use crate::app::App;
use crate::problem::{Params, Problem};
use axum::Json;
use axum::extract::State;
use eventstore::StoredEvent;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// Where to read on.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Events after this position; 0 for all.
    #[serde(default)]
    pub after: i64,
    /// 1 to 1000; 100 if not given.
    pub limit: Option<i64>,
}

/// One page of the log.
#[derive(Serialize, ToSchema)]
pub struct Feed {
    pub events: Vec<EventView>,
    /// The last position of the log.
    pub head: i64,
    pub epoch: i64,
}

/// An event as it lies in the log.
#[derive(Serialize, ToSchema)]
pub struct EventView {
    pub position: i64,
    /// dossier, bag or case.
    pub stream: String,
    pub subject: uuid::Uuid,
    pub version: i64,
    pub scan_id: uuid::Uuid,
    pub ordinal: i64,
    pub name: String,
    pub schema_version: i64,
    pub occurred_at: i64,
    pub recorded_at: i64,
    /// `{"source":…,"fact":…}`; see `docs/events.md`.
    #[schema(value_type = Object)]
    pub body: Box<RawValue>,
}

impl EventView {
    /// Of a row; the body stays the text it is.
    ///
    /// # Errors
    /// A body that is not JSON, which the log never writes.
    pub fn of(row: StoredEvent) -> Result<Self, Problem> {
        Ok(Self {
            position: row.position,
            stream: row.stream_kind,
            subject: row.stream_id,
            version: row.version,
            scan_id: row.scan_id,
            ordinal: row.ordinal,
            name: row.name,
            schema_version: row.schema_version,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
            body: RawValue::from_string(row.body).map_err(|error| Problem::internal(&error))?,
        })
    }
}

/// The log after a position.
#[utoipa::path(get, path = "/events", tag = "events", params(FeedQuery), responses(
    (status = 200, body = Feed), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn feed(State(app): State<App>, Params(query): Params<FeedQuery>) -> Result<Json<Feed>, Problem> {
    if query.after < 0 {
        return Err(Problem::invalid("`after` is a position, 0 or more"));
    }
    let rows = app.log().after(query.after, paging::limit(query.limit)?).await?;
    let events = rows.into_iter().map(EventView::of).collect::<Result<_, _>>()?;
    let head = app.log().head_row().await?;
    Ok(Json(Feed { events, head: head.position, epoch: head.epoch }))
}
