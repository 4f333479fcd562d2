//! The live stream: each event as it is recorded, over Server-Sent Events. Its id is the position, so a client that lost
//! the line resumes where it was (`Last-Event-ID`), and nothing is missed: the bell only says when to read the log.
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::problem::{Params, Problem};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::id::SubjectId;
use eventstore::StoredEvent;
use futures_util::stream::{self, Stream};
use projections::story::Thing;
use projections::{exceptions, model, visits};
use serde::Deserialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use utoipa::IntoParams;

/// Where to begin.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// After this position; the newest if not given. `Last-Event-ID` comes before it.
    pub after: Option<i64>,
    /// Only events of this dossier or bag, and of the bags around it.
    pub subject: Option<uuid::Uuid>,
    /// Only events of what concerns this site: its id or its label.
    pub site: Option<String>,
}

/// Looks by itself this often: another node's events ring no bell here.
const LOOK: Duration = Duration::from_millis(500);
const PAGE: i64 = 200;

struct Follow {
    app: App,
    scope: Scope,
    after: i64,
    subject: Option<uuid::Uuid>,
    /// Whether a site is followed: what it concerns is known by a table that follows the log.
    of_site: bool,
    bell: watch::Receiver<i64>,
    stop: watch::Receiver<bool>,
    ready: VecDeque<Event>,
}

/// Events as they are recorded. Each has the position as id and `{position, stream, subject, name, occurred_at}` as data.
#[utoipa::path(get, path = "/live", tag = "events", params(LiveQuery), responses(
    (status = 200, content_type = "text/event-stream", body = String), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn live(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<LiveQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let subject = query.subject.map(SubjectId);
    if let Some(thing) = subject.and_then(Thing::of_subject) {
        permit.thing(&app, thing).await?;
    } else if subject.is_some() {
        return Err(Problem::not_found());
    }
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let after = match last.or(query.after) {
        Some(after) => after,
        None => app.log().head_row().await?.position,
    };
    let (bell, stop) = (app.log().doorbell(), app.stopping());
    let of_site = query.site.is_some();
    let scope = match &query.site {
        Some(site) => Scope::Sites(vec![permit.site(&app, site)?]),
        None => permit.scope,
    };
    let follow = Follow { app, scope, after, subject: query.subject, of_site, bell, stop, ready: VecDeque::new() };
    Ok(Sse::new(events(follow)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

fn events(follow: Follow) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follow, |mut follow| async move {
        loop {
            if let Some(event) = follow.ready.pop_front() {
                return Some((Ok(event), follow));
            }
            if *follow.stop.borrow() {
                return None;
            }
            match follow.page().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "the live stream cannot read the log");
                    return None;
                }
            }
            tokio::select! {
                rung = follow.bell.changed() => if rung.is_err() { return None },
                () = tokio::time::sleep(LOOK) => {}
                _ = follow.stop.changed() => return None,
            }
        }
    })
}

impl Follow {
    /// Reads on; whether there was anything.
    async fn page(&mut self) -> Result<bool, eventstore::db::SqlError> {
        let mut rows = self.app.log().after(self.after, PAGE).await?;
        if self.of_site && !rows.is_empty() {
            // What was registered just now concerns the site as soon as the table says so; until then it waits.
            let known = model::checkpoint(self.app.db(), self.app.region(), exceptions::MODEL.name).await?;
            rows.retain(|row| row.position <= known);
        }
        let Some(last) = rows.last().map(|row| row.position) else { return Ok(false) };
        self.after = last;
        let concerns =
            |row: &StoredEvent| self.subject.is_none_or(|it| it == row.stream_id || row.stream_kind == "bag");
        let rows: Vec<StoredEvent> = rows.into_iter().filter(concerns).collect();
        let subjects: Vec<uuid::Uuid> = rows.iter().map(|row| row.stream_id).collect();
        // What a page asked to follow was looked up already; a case is told by its dossiers.
        let seen = visits::seen(self.app.db(), self.app.region(), &self.scope, &subjects).await?;
        for row in rows {
            if seen.contains(&row.stream_id) || self.subject == Some(row.stream_id) {
                let data = serde_json::json!({
                    "position": row.position, "stream": row.stream_kind, "subject": row.stream_id,
                    "name": row.name, "occurred_at": row.occurred_at,
                });
                self.ready
                    .push_back(Event::default().id(row.position.to_string()).event("recorded").data(data.to_string()));
            }
        }
        Ok(true)
    }
}
