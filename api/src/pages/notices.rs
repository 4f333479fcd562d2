//! What applicants were told, newest first; what could not be told, to be tried again, left, or phoned about. Shows case numbers
//! and places, never whose they are.
use super::rows::{Sheets, address};
use super::words::Words;
use super::{done, page};
use crate::access::{Action, Permit, Scope};
use crate::app::App;
use crate::notices::Reaches;
use crate::problem::{Params, Problem};
use crate::sheet::Cell;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::SiteId;
use domain::time::Timestamp;
use registers::notice::{self, After, Filter, Notice, State as How};
use registers::record::Actor;
use rust_i18n::t;
use serde::Deserialize;
use uuid::Uuid;

/// Rows on a page.
const ROWS: i64 = 100;

/// What the list may be narrowed to: the name in addresses, and the states.
const GROUPS: [(&str, &[How]); 4] = [
    ("waiting", &[How::Pending, How::Sending, How::Failed]),
    ("sent", &[How::Sent]),
    ("unreached", UNREACHED),
    ("over", &[How::Cancelled, How::Left]),
];
/// Somebody has to look.
const UNREACHED: &[How] = &[How::GivenUp, How::Nobody];
/// The group of what somebody has to look at, where answers lead back to.
const LOOK: &str = "/notices?group=unreached";

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    words: Words,
    done: Option<String>,
    tabs: Vec<Tab>,
    /// Channels that are off, in a sentence each.
    off: Vec<String>,
    /// Nothing is configured.
    silent: bool,
    narrowed: bool,
    lines: Vec<Line>,
    last: Last,
    sheets: Option<Sheets>,
    newest: Option<String>,
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "phoning.html")]
struct PhoningPage {
    words: Words,
    lines: Vec<Line>,
    last: Last,
    newest: Option<String>,
    older: Option<String>,
}

/// The last column of a row.
enum Last {
    Nothing,
    /// Buttons: try again, leave.
    Answer,
    /// A box to tick on paper.
    Phoned,
}

struct Tab {
    to: String,
    name: String,
    current: bool,
}

struct Line {
    id: Uuid,
    when: String,
    case: String,
    /// The page of a dossier of the case.
    to: String,
    site: String,
    what: String,
    channel: String,
    state: String,
    details: Vec<String>,
    /// Whether somebody may have it tried again, or leave it.
    open: bool,
}

/// What is asked.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    group: String,
    cursor: String,
    done: String,
}

/// `GET /notices`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let (group, states) = group(&asked.group);
    let rows = rows(&app, &permit, Filter { states, channels: &[] }, &asked.cursor).await?;
    let to = |cursor: &str| address("/notices", &[("group", group), ("cursor", cursor)]);
    let tab = |name: &str, key: String| Tab {
        to: address("/notices", &[("group", name)]),
        name: words.t(&key),
        current: name == group,
    };
    let groups = GROUPS.iter().map(|(name, _)| tab(name, format!("notices.group_{name}")));
    let off = notice::channels(app.db(), app.region()).await?;
    Ok(page(&NoticesPage {
        sheets: (!rows.is_empty()).then(|| Sheets::of("notices", &[("group", group)])),
        done: done(&words, &["notice_again", "notice_left", "notice_moved"], &asked.done),
        tabs: [tab("", "notices.all".to_owned())].into_iter().chain(groups).collect(),
        off: off.iter().filter_map(|row| said_off(&words, &row.channel, row.off_at?)).collect(),
        silent: app.notices().channels.is_empty(),
        narrowed: !group.is_empty(),
        last: permit.also_for(Action::AnswerNotices).map_or(Last::Nothing, |_| Last::Answer),
        lines: rows.iter().map(|row| line(&words, row)).collect(),
        newest: (!asked.cursor.is_empty()).then(|| to("")),
        older: older(&rows).map(|cursor| to(&cursor)),
        words,
    }))
}

/// `GET /notices/phoning`: whom a phone channel could not reach, to be printed.
pub async fn phoning(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let by_phone = app.notices().channels.iter().filter(|it| it.reaches() == Reaches::Phone);
    let channels: Vec<&str> = by_phone.map(|it| it.name.as_str()).collect();
    let filter = Filter { states: UNREACHED, channels: &channels };
    let rows = if channels.is_empty() { Vec::new() } else { rows(&app, &permit, filter, &asked.cursor).await? };
    let to = |cursor: &str| address("/notices/phoning", &[("cursor", cursor)]);
    Ok(page(&PhoningPage {
        lines: rows.iter().map(|row| line(&words, row)).collect(),
        last: Last::Phoned,
        newest: (!asked.cursor.is_empty()).then(|| to("")),
        older: older(&rows).map(|cursor| to(&cursor)),
        words,
    }))
}

/// `POST /notices/{notice}/again`
pub async fn again(State(app): State<App>, permit: Permit, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, by) = (of_path(&app, &permit, &id).await?, permit.who.actor());
    let mut tx = app.db().begin().await?;
    let tried = notice::try_again(&mut tx, app.region(), id, &by, app.now()).await?;
    tx.commit().await?;
    Ok(back(if tried { "notice_again" } else { "notice_moved" }))
}

/// `POST /notices/{notice}/leave`
pub async fn leave(State(app): State<App>, permit: Permit, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, by) = (of_path(&app, &permit, &id).await?, permit.who.actor());
    let mut tx = app.db().begin().await?;
    let left = notice::leave(&mut tx, app.region(), id, &by, app.now()).await?;
    tx.commit().await?;
    Ok(back(if left { "notice_left" } else { "notice_moved" }))
}

fn back(done: &str) -> Response {
    Redirect::to(&format!("{LOOK}&done={done}")).into_response()
}

/// A group by its name, and its states; for what is no group, all, which narrows nothing.
pub(crate) fn group(name: &str) -> (&'static str, &'static [How]) {
    GROUPS.into_iter().find(|(group, _)| *group == name).unwrap_or(("", &[]))
}

/// A notice within reach.
async fn of_path(app: &App, permit: &Permit, id: &str) -> Result<Uuid, Problem> {
    let id: Uuid = id.parse().map_err(|_| Problem::not_found())?;
    let row = notice::find(app.db(), app.region(), id).await?.ok_or_else(Problem::not_found)?;
    let site: SiteId = row.site.parse().map_err(|error| Problem::internal(&error))?;
    if permit.scope.covers(&site) { Ok(id) } else { Err(Problem::beyond()) }
}

async fn rows(app: &App, permit: &Permit, filter: Filter<'_>, cursor: &str) -> Result<Vec<Notice>, Problem> {
    let sites = match &permit.scope {
        Scope::Region => None,
        Scope::Sites(sites) => Some(sites.as_slice()),
    };
    let after = parse(cursor).unwrap_or(After::START);
    Ok(notice::list(app.db(), app.region(), sites, filter, (after, ROWS)).await?)
}

/// Where the next page begins, if this one is full.
fn older(rows: &[Notice]) -> Option<String> {
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= ROWS;
    rows.last().filter(|_| full).map(|row| format!("{}_{}", row.made_at, row.id))
}

/// A place in the list; none for what no page of ours offers: then the list begins at its beginning.
fn parse(cursor: &str) -> Option<After> {
    let (made_at, id) = cursor.split_once('_')?;
    Some(After { made_at: Timestamp(made_at.parse().ok()?), id: id.parse().ok()? })
}

fn said_off(words: &Words, channel: &str, since: i64) -> Option<String> {
    let since = words.time(Timestamp(since));
    Some(t!("notices.off", locale = words.lang(), channel = channel, since = since).into_owned())
}

fn line(words: &Words, row: &Notice) -> Line {
    let site = row.site.parse::<SiteId>().map_or_else(|_| row.site.clone(), |site| words.site(&site));
    Line {
        id: row.id,
        when: words.time(Timestamp(row.made_at)),
        case: row.case_no.clone(),
        to: format!("/dossiers/{}", row.dossier),
        site,
        what: words.t(&format!("notices.kind_{}", row.kind)),
        channel: row.channel.clone(),
        state: words.t(&format!("notices.state_{}", row.state)),
        details: details(words, row),
        open: row.state().is_ok_and(|state| UNREACHED.contains(&state)),
    }
}

/// A notice as a row of a sheet.
pub(crate) fn cells(words: &Words, row: &Notice) -> Vec<Cell> {
    let Line { case, site, what, channel, state, details, .. } = line(words, row);
    let texts = [case, what, channel, site, state, details.join("; ")];
    [Cell::time(Some(row.made_at))].into_iter().chain(texts.map(Cell::text)).collect()
}

/// Why, when, when next, and who answered.
fn details(words: &Words, row: &Notice) -> Vec<String> {
    let why = row.why.as_deref().map(|why| match why.split_once(' ') {
        Some((word, number)) => format!("{} {number}", words.t(&format!("notices.why_{word}"))),
        None => words.t(&format!("notices.why_{why}")),
    });
    let at = |key: &str, at: i64| format!("{} {}", words.t(key), words.time(Timestamp(at)));
    let when = match row.state() {
        Ok(How::Pending | How::Failed) => Some(at("notices.next", row.due_at)),
        _ => row.ended_at.map(|ended| at("notices.at", ended)),
    };
    let by = row.answered_by.as_deref().map(|by| {
        let name = match by.parse::<Actor>() {
            Ok(Actor::Person(id)) => words.name(&id),
            _ => by.to_owned(),
        };
        format!("{} {name}", words.t("notices.answered"))
    });
    [why, when, by].into_iter().flatten().collect()
}

/// What the applicant of a case was told, in a line each, for the page of a dossier.
///
/// # Errors
/// The database's own.
pub(super) async fn told(app: &App, words: &Words, case: domain::id::CaseId) -> Result<Vec<(String, String)>, Problem> {
    let rows = notice::told(app.db(), app.region(), case).await?;
    let line = |row: &Notice| {
        let when = row.ended_at.map_or_else(String::new, |at| words.time(Timestamp(at)));
        let what = words.t(&format!("notices.kind_{}", row.kind));
        (words.t("notices.told"), format!("{what} · {} · {when}", row.channel))
    };
    Ok(rows.iter().map(line).collect())
}
