//! The first page: one box that finds a dossier, what moved last, and what does not fit.
use super::page;
use super::rows::address;
use super::words::Words;
use crate::access::{Action, Permit, Scope};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::receipt;
use crate::v1::search::{HitView, find};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::SubjectId;
use eventstore::StoredEvent;
use projections::{exceptions, queues, search};
use serde::Deserialize;
use std::collections::HashSet;

/// Hits and movements shown at most.
const SHOWN: i64 = 20;
/// Options below the box at most.
const SUGGESTED: i64 = 8;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    words: Words,
    query: String,
    hits: Vec<Hit>,
    searched: bool,
    more: bool,
    recent: Vec<Recent>,
    /// What does not fit: its kind, how often, and where they are listed for who may see that.
    exceptions: Vec<(String, i64, Option<String>)>,
    head: i64,
}

struct Hit {
    link: String,
    text: String,
    what: String,
    matched: String,
}

struct Recent {
    link: String,
    number: String,
    what: String,
    place: String,
    ago: String,
}

/// What is asked.
#[derive(Deserialize)]
pub struct HomeQuery {
    #[serde(default)]
    q: String,
}

/// `GET /`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<HomeQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    // Whoever sees no dossier is led to what is theirs.
    let Some(scope) = permit.who.scope(Action::ReadDossiers) else {
        let first = words.links.first().map_or("/account", |(to, _)| *to);
        return Ok(Redirect::to(first).into_response());
    };
    let typed = query.q.trim();
    if let (Some(code), true) = (receipt::read(typed), permit.also_for(Action::HandOut).is_some())
        && let Some(case) = registers::label::batch_of(app.db(), app.region(), code).await?
    {
        return Ok(Redirect::to(&format!("/pickup?case={case}")).into_response());
    }
    let mut found = if typed.is_empty() { Vec::new() } else { find(&app, &scope, typed, SHOWN + 1).await? };
    if let [one] = found.as_slice()
        && (one.what == "dossier" || one.what == "bag")
    {
        return Ok(Redirect::to(&format!("/dossiers/{}", one.subject)).into_response());
    }
    let more = found.len() > SHOWN as usize || search::is_cut(app.db(), app.region(), &scope, typed).await?;
    found.truncate(SHOWN as usize);
    let mut hits = Vec::new();
    for hit in found {
        hits.extend(links(&app, &words, hit).await?);
    }
    let head = app.log().head_row().await?.position;
    let counts = exceptions::open_counts(app.db(), app.region(), &scope, app.now()).await?;
    let reads = permit.also_for(Action::ReadExceptions).is_some();
    let to = |kind: &str| reads.then(|| address("/exceptions", &[("kind", kind)]));
    let named = |(kind, count): (String, i64)| (words.t(&format!("exception.{kind}")), count, to(&kind));
    let exceptions = counts.into_iter().map(named).collect();
    let recent = recent(&app, &scope, &words, head).await?;
    let (query, searched) = (typed.to_owned(), !typed.is_empty());
    Ok(page(&HomePage { words, query, hits, searched, more, recent, exceptions, head }))
}

#[derive(Template)]
#[template(path = "suggestions.html")]
struct Suggestions {
    words: Words,
    hits: Vec<Hit>,
    more: bool,
}

/// `GET /find`: options for the box, while somebody types.
pub async fn suggest(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<HomeQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let found = find(&app, &permit.scope, query.q.trim(), SUGGESTED).await?;
    let mut hits = Vec::new();
    for hit in found {
        hits.extend(links(&app, &words, hit).await?);
    }
    hits.truncate(SUGGESTED as usize);
    let more = hits.is_empty() && search::is_cut(app.db(), app.region(), &permit.scope, query.q.trim()).await?;
    Ok(page(&Suggestions { words, hits, more }))
}

/// `GET /lang/{lang}`: keeps the language chosen and goes back to where it was chosen.
pub async fn choose(Path(lang): Path<String>, headers: HeaderMap) -> Response {
    kept(&headers, if lang == "en" { "lang=en" } else { "lang=zh" })
}

/// `GET /type/{size}`: the same with the size of letters.
pub async fn choose_type(Path(size): Path<String>, headers: HeaderMap) -> Response {
    kept(&headers, if size == "large" { "type=large" } else { "type=usual" })
}

/// Keeps what was chosen for a year, and goes back.
fn kept(headers: &HeaderMap, chosen: &str) -> Response {
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The path alone: nobody is sent to another house.
    let path = from.splitn(4, '/').nth(3).unwrap_or_default();
    let mut response = Redirect::to(&format!("/{}", path.trim_start_matches('/'))).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("{chosen}; Path=/; SameSite=Lax; Max-Age=31536000")) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// A hit as links: a case leads to its dossiers.
async fn links(app: &App, words: &Words, hit: HitView) -> Result<Vec<Hit>, Problem> {
    let matched = words.t(&format!("matched.{}", hit.matched));
    if hit.what != "case" {
        let link = format!("/dossiers/{}", hit.subject);
        return Ok(vec![Hit { link, text: hit.text, what: words.t(&format!("what.{}", hit.what)), matched }]);
    }
    let dossiers = queues::of_case(app.db(), app.region(), hit.subject).await?;
    let of = |placed: queues::Placed| Hit {
        link: format!("/dossiers/{}", placed.dossier.subject),
        text: format!("{} → {}", hit.text, placed.dossier.number.unwrap_or_default()),
        what: words.t("what.dossier"),
        matched: matched.clone(),
    };
    Ok(dossiers.into_iter().map(of).collect())
}

/// Rows of what moved last.
const RECENT: usize = 12;
/// Events looked at in one go, and at most: whose sites have few papers finds them behind what the county moved since.
const RECENT_PAGE: i64 = 300;
const RECENT_BACK: i64 = 3_000;

/// What moved last, newest first, each dossier once.
async fn recent(app: &App, scope: &Scope, words: &Words, head: i64) -> Result<Vec<Recent>, Problem> {
    let (mut told, mut recent, mut before) = (HashSet::new(), Vec::new(), head);
    let end = (head - RECENT_BACK).max(0);
    while recent.len() < RECENT && before > end {
        let from = (before - RECENT_PAGE).max(end);
        let mut rows = app.log().after(from, before - from).await?;
        rows.retain(|row| row.stream_kind == "dossier" && row.name != "looked_up");
        let subjects: Vec<uuid::Uuid> = rows.iter().map(|row| row.stream_id).collect();
        let mine = projections::visits::seen(app.db(), app.region(), scope, &subjects).await?;
        for row in rows.iter().rev().filter(|row| mine.contains(&row.stream_id)) {
            if recent.len() < RECENT && told.insert(row.stream_id) {
                recent.extend(moved(app, words, row).await?);
            }
        }
        before = from;
    }
    Ok(recent)
}

async fn moved(app: &App, words: &Words, row: &StoredEvent) -> Result<Option<Recent>, Problem> {
    let Some(placed) = queues::find(app.db(), app.region(), SubjectId(row.stream_id)).await? else { return Ok(None) };
    let code = crate::view::printed(&placed.dossier).unwrap_or_default();
    let place = placed.bag.as_ref().map_or(&placed.dossier.custody.holder, |bag| &bag.custody.holder);
    Ok(Some(Recent {
        link: format!("/dossiers/{}", row.stream_id),
        number: placed.dossier.number.clone().unwrap_or(code),
        what: words.t(&format!("event.{}", row.name)),
        place: words.holder(place),
        ago: words.ago(domain::time::Timestamp(row.occurred_at), app.now()),
    }))
}
