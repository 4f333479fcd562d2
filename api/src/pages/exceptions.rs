//! Exceptions to work off: what does not fit within one's sites, what has been due longest first.
use super::page;
use super::rows::{Sheets, address};
use super::typed::{self, filled};
use super::words::{Words, tail};
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::v1::exceptions::{cursor_after, parse};
use crate::v1::paging::bad_cursor;
use crate::view;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::exception::ExceptionKind as Kind;
use domain::id::SubjectId;
use domain::time::Timestamp;
use projections::custody;
use projections::exceptions::{self, Filter, Owner, Row};
use projections::story::Thing;
use serde::Deserialize;

/// Rows on a page.
const ROWS: i64 = 100;

/// What the list may be narrowed to, in the order of the choice.
const KINDS: [Kind; 22] = [
    Kind::MissingFromBag,
    Kind::ReportedMissing,
    Kind::UnexpectedInBag,
    Kind::SealBroken,
    Kind::SealMismatch,
    Kind::Damaged,
    Kind::Refused,
    Kind::InTransitTooLong,
    Kind::HeldTooLong,
    Kind::Unfetched,
    Kind::NotExpectedHere,
    Kind::ReceivedWithoutDispatch,
    Kind::TwoHoldersClaimed,
    Kind::TooFast,
    Kind::MeaningDiffers,
    Kind::OldLabel,
    Kind::UnknownLabel,
    Kind::UnknownSite,
    Kind::BagRing,
    Kind::NoPost,
    Kind::ClockSkew,
    Kind::ImpossibleTime,
];

#[derive(Template)]
#[template(path = "exceptions.html")]
struct ExceptionsPage {
    words: Words,
    typed: ExceptionsQuery,
    kinds: Vec<(String, String)>,
    sites: Vec<(String, String)>,
    narrowed: bool,
    lines: Vec<Line>,
    /// The addresses of the first page and of the one after this.
    first: Option<String>,
    after: Option<String>,
    /// The list as a file, which is narrowed by kind and site alone.
    sheets: Option<Sheets>,
    problem: Option<String>,
}

struct Line {
    link: String,
    kind: String,
    thing: String,
    site: String,
    age: String,
    owner: String,
    marks: Vec<String>,
}

/// What is asked.
#[derive(Clone, Default, Deserialize)]
pub struct ExceptionsQuery {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    site: String,
    /// `me`, `nobody`, or anybody.
    #[serde(default)]
    owner: String,
    /// `closed`, or what is open.
    #[serde(default)]
    state: String,
    #[serde(default)]
    cursor: String,
}

/// `GET /exceptions`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ExceptionsQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    match filter(&app, &permit, &query) {
        Ok(filter) => {
            let rows = exceptions::list(app.db(), app.region(), &permit.scope, &filter, ROWS).await?;
            let things: Vec<Thing> = rows.iter().map(about).collect();
            let called = custody::find(app.db(), app.region(), &things).await?;
            let thing = |row: &Row| thing(&words, row, called.get(&about(row)).map(|(row, _)| row));
            let lines = rows.iter().map(|row| line(&words, row, thing(row), app.now())).collect();
            let sheets = sheets(&query, &filter);
            Ok(page(&ExceptionsPage { sheets, ..build(&app, &permit, words, query, (&rows, lines), None) }))
        }
        Err(problem) => {
            let said = words.problem(&problem);
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok((status, page(&build(&app, &permit, words, query, (&[], Vec::new()), Some(said)))).into_response())
        }
    }
}

fn filter(app: &App, permit: &Permit, query: &ExceptionsQuery) -> Result<Filter, Problem> {
    let kind = filled(&query.kind).map(|name| kind_of(&name).ok_or_else(|| Problem::invalid("`kind` is none of ours")));
    let site = typed::site(app, &permit.scope, &query.site)?;
    let owner = match query.owner.as_str() {
        "me" => permit.person().cloned().map(Owner::Person),
        "nobody" => Some(Owner::Nobody),
        _ => None,
    };
    let closed = query.state == "closed";
    let after = filled(&query.cursor).map(|cursor| parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
    let open_at = (!closed).then(|| app.now());
    Ok(Filter { kind: kind.transpose()?, site: site.map(String::from), owner, open_at, closed, after })
}

/// What is asked for, as a file; nothing where the file would hold more than the list.
fn sheets(query: &ExceptionsQuery, filter: &Filter) -> Option<Sheets> {
    let whole = query.owner.is_empty() && query.state.is_empty();
    let site = filter.site.as_deref().unwrap_or_default();
    whole.then(|| Sheets::of("exceptions", &[("kind", &query.kind), ("site", site)]))
}

/// The kind of a stored name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn build(
    app: &App,
    permit: &Permit,
    words: Words,
    query: ExceptionsQuery,
    (rows, lines): (&[Row], Vec<Line>),
    problem: Option<String>,
) -> ExceptionsPage {
    let asked = [
        ("kind", query.kind.as_str()),
        ("site", query.site.as_str()),
        ("owner", query.owner.as_str()),
        ("state", query.state.as_str()),
    ];
    let to = |cursor: &str| address("/exceptions", &[asked.as_slice(), &[("cursor", cursor)]].concat());
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= ROWS;
    let after = rows.last().filter(|_| full).map(|row| to(&cursor_after(row)));
    let first = (!query.cursor.is_empty()).then(|| to(""));
    let kinds = KINDS.map(|kind| {
        let name = exceptions::kind_name(kind);
        (name.clone(), words.t(&format!("exception.{name}")))
    });
    ExceptionsPage {
        narrowed: asked.iter().any(|(_, value)| !value.is_empty()),
        sites: typed::sites(app, &words, &permit.scope),
        kinds: kinds.into(),
        lines,
        sheets: None,
        typed: query,
        first,
        after,
        problem,
        words,
    }
}

/// What it is about.
pub(super) fn about(row: &Row) -> Thing {
    let subject = SubjectId(row.subject);
    if row.is_bag == 1 { Thing::Bag(subject) } else { Thing::Dossier(subject) }
}

/// What people call that: its number, or the end of its label where it has none.
pub(super) fn thing(words: &Words, row: &Row, found: Option<&custody::Row>) -> String {
    let what = words.t(if row.is_bag == 1 { "what.bag" } else { "what.dossier" });
    let code = view::printed_subject(SubjectId(row.subject)).unwrap_or_default();
    let number = found.and_then(|row| row.number.clone()).unwrap_or_else(|| tail(&code).to_owned());
    format!("{what} {number}")
}

fn line(words: &Words, row: &Row, thing: String, now: Timestamp) -> Line {
    let site = row.site.as_deref().and_then(|site| site.parse().ok()).map(|site| words.site(&site));
    Line {
        link: format!("/exceptions/{}/{}/{}", row.subject, row.kind, row.anchor),
        kind: words.t(&format!("exception.{}", row.kind)),
        thing,
        site: site.unwrap_or_default(),
        age: words.span(now.since(Timestamp(row.due_from))),
        owner: owner(words, row),
        marks: marks(words, row),
    }
}

/// Who works on it; empty for nobody.
pub(super) fn owner(words: &Words, row: &Row) -> String {
    row.owner.as_deref().and_then(|owner| owner.parse().ok()).map(|owner| words.name(&owner)).unwrap_or_default()
}

/// What was answered, and whether it is over.
pub(super) fn marks(words: &Words, row: &Row) -> Vec<String> {
    let marks = [
        (row.explained_at.is_some(), "exceptions.explained"),
        (row.resolved_at.is_some(), "exceptions.resolved"),
        (row.ended_at.is_some(), "exceptions.ended"),
    ];
    marks.iter().filter(|(on, _)| *on).map(|(_, key)| words.t(key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_may_be_chosen_and_is_known_by_its_name() {
        let names: std::collections::BTreeSet<_> = KINDS.map(exceptions::kind_name).into();
        assert_eq!(names.len(), KINDS.len());
        for name in &names {
            assert_eq!(kind_of(name).map(exceptions::kind_name).as_ref(), Some(name));
        }
        let words = include_str!("../../locales/en.yml");
        let section = words.split("\nexception:\n").nth(1).unwrap();
        let listed = section.lines().take_while(|line| line.starts_with("  ")).count();
        assert_eq!(listed, names.len(), "every kind with words is in the list");
    }
}
