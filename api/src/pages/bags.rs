//! Bags: at a site, coming to it, on the road, or all within reach; and the form that takes one into use.
use super::rows::{Sheets, address};
use super::trouble::said;
use super::typed::{self, filled};
use super::{Words, again, page};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Body, Params, Problem};
use crate::v1::bag_decisions::{BagRequest, register};
use crate::v1::decisions::Who;
use crate::v1::paging::{PageQuery, text};
use crate::view;
use askama::Template;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::SiteId;
use domain::time::Timestamp;
use projections::bags::{self, Place};
use projections::custody::Row;
use projections::queues::{self, Cursor};
use serde::Deserialize;
use uuid::Uuid;

/// Rows on a page.
const ROWS: i64 = 100;
/// What the list shows, as the address says it.
const SHOWN: [&str; 4] = ["here", "coming", "road", "all"];

#[derive(Template)]
#[template(path = "bags.html")]
struct BagsPage {
    words: Words,
    shown: &'static str,
    /// The site the list is of, by id.
    site: String,
    tabs: Vec<Tab>,
    sites: Vec<(String, String)>,
    lines: Vec<Line>,
    first: Option<String>,
    after: Option<String>,
    /// All bags as a file, beside the list of all.
    sheets: Option<Sheets>,
    /// The form, for who takes bags into use.
    form: Option<NewBag>,
    problem: Option<String>,
}

/// A way to see other bags.
struct Tab {
    link: String,
    says: String,
    current: bool,
}

struct Line {
    link: String,
    name: String,
    label: String,
    place: String,
    since: String,
    next: String,
    filling: i64,
}

/// What is asked.
#[derive(Clone, Default, Deserialize)]
pub struct BagsQuery {
    #[serde(default)]
    show: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    cursor: String,
}

/// What the form sends.
#[derive(Clone, Default, Deserialize)]
pub struct NewBag {
    #[serde(default)]
    request_id: Uuid,
    #[serde(default)]
    code: String,
    #[serde(default)]
    bag_no: String,
    #[serde(default)]
    home: String,
}

/// Where the asker's own post is, within what is permitted.
pub(super) fn own_site(app: &App, permit: &Permit) -> Option<SiteId> {
    let (known, now) = (app.known(), app.now());
    let mut posts = known.people.posts_at(permit.person()?, now).filter_map(|post| post.site.clone());
    posts.find(|site| permit.scope.covers(site))
}

/// `GET /bags`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<BagsQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    match build(&app, &permit, words.clone(), &query).await {
        Ok(shown) => Ok(page(&shown)),
        Err(problem) => {
            let status = again(&problem)?;
            let shown = build(&app, &permit, words, &BagsQuery::default()).await?;
            let problem = Some(said(&shown.words, &problem));
            Ok((status, page(&BagsPage { problem, site: query.site, ..shown })).into_response())
        }
    }
}

/// `POST /bags`: the new bag's page, or the list again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(typed): Form<NewBag>,
) -> Result<Response, Problem> {
    match take(&app, &permit, &typed).await {
        Ok(subject) => Ok(Redirect::to(&format!("/bags/{subject}?done=registered")).into_response()),
        Err(problem) => {
            let status = again(&problem)?;
            let reads = permit.also_for(Action::ReadDossiers).ok_or_else(Problem::not_found)?;
            let words = Words::of_permit(&headers, app.known(), &permit);
            let shown = build(&app, &reads, words, &BagsQuery::default()).await?;
            let problem = Some(said(&shown.words, &problem));
            Ok((status, page(&BagsPage { problem, form: Some(typed), ..shown })).into_response())
        }
    }
}

async fn take(app: &App, permit: &Permit, typed: &NewBag) -> Result<Uuid, Problem> {
    let home = typed::site(app, &permit.scope, &typed.home)?;
    let at = own_site(app, permit).or_else(|| home.clone());
    let who = Who { request_id: typed.request_id, by: None, at, occurred_at: None };
    let asked = BagRequest { who, code: typed.code.trim().to_owned(), bag_no: filled(&typed.bag_no), home };
    let asked = register(State(app.clone()), permit.clone(), Body(asked)).await?;
    Ok(asked.0.subject)
}

async fn build(app: &App, permit: &Permit, words: Words, query: &BagsQuery) -> Result<BagsPage, Problem> {
    let sites = typed::sites(app, &words, &permit.scope);
    let asked = typed::site(app, &permit.scope, &query.site)?;
    let site = asked.or_else(|| own_site(app, permit)).or_else(|| sites.first().and_then(|(id, _)| id.parse().ok()));
    let usual = if own_site(app, permit).is_some() { "here" } else { "road" };
    let shown = SHOWN.into_iter().find(|it| *it == query.show).unwrap_or(usual);
    let rows = rows(app, permit, shown, site.as_ref(), &query.cursor).await?;
    let site = site.map(String::from).unwrap_or_default();
    let of = |show: &str| if ["here", "coming"].contains(&show) { site.as_str() } else { "" };
    let to = |show: &str, cursor: &str| address("/bags", &[("show", show), ("site", of(show)), ("cursor", cursor)]);
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= ROWS;
    let after = rows.last().filter(|_| full).map(|row| to(shown, &cursor_after(shown, row)));
    let tab = |it: &'static str| Tab { link: to(it, ""), says: words.t(&format!("bags.{it}")), current: it == shown };
    let filling =
        bags::filling(app.db(), app.region(), &rows.iter().map(|row| row.subject).collect::<Vec<_>>()).await?;
    let now = app.now();
    let line = |row: &Row| line(&words, row, filling.get(&row.subject).copied().unwrap_or(0), now);
    Ok(BagsPage {
        tabs: SHOWN.map(tab).into(),
        lines: rows.iter().map(line).collect(),
        first: (!query.cursor.is_empty()).then(|| to(shown, "")),
        after,
        sheets: (shown == "all").then(|| Sheets::of("bags", &[])),
        form: permit.also_for(Action::Register).map(|_| new_form(&site)),
        problem: None,
        shown,
        sites,
        site,
        words,
    })
}

fn new_form(site: &str) -> NewBag {
    NewBag { request_id: Uuid::new_v4(), home: site.to_owned(), ..NewBag::default() }
}

async fn rows(
    app: &App,
    permit: &Permit,
    shown: &str,
    site: Option<&SiteId>,
    cursor: &str,
) -> Result<Vec<Row>, Problem> {
    let (db, region, scope) = (app.db(), app.region(), &permit.scope);
    let query = PageQuery { limit: None, cursor: filled(cursor) };
    let place = match (shown, site) {
        ("all", _) => {
            let rows = queues::bags(db, region, scope, query.by_id()?, ROWS).await?;
            return Ok(rows.into_iter().map(|(row, _)| row).collect());
        }
        ("here", Some(site)) => Place::Here(site),
        ("coming", Some(site)) => Place::Coming(site),
        ("road", _) => Place::Road,
        _ => return Ok(Vec::new()),
    };
    Ok(bags::list(db, region, scope, place, query.by_age()?, ROWS).await?)
}

fn cursor_after(shown: &str, row: &Row) -> String {
    if shown == "all" {
        return row.subject.to_string();
    }
    text(Cursor { since: row.custody.since.unwrap_or_default(), subject: row.subject })
}

fn line(words: &Words, row: &Row, filling: i64, now: Timestamp) -> Line {
    let code = view::printed(row).unwrap_or_default();
    let label = super::words::tail(&code).to_owned();
    Line {
        link: format!("/bags/{}", row.subject),
        name: row.number.clone().unwrap_or_else(|| label.clone()),
        label,
        place: if row.annulled { words.t("bags.annulled") } else { words.holder(&row.custody.holder) },
        since: row.custody.since.map(|since| words.ago(since, now)).unwrap_or_default(),
        next: row.next_hop.as_ref().map(|next| words.site(next)).unwrap_or_default(),
        filling,
    }
}
