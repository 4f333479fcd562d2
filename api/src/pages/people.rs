//! The staff: everybody within reach, found by name, account, post or site, and somebody new. What is done with one of them
//! is in `person.rs`.
use super::rows::{Pager, Sheets, address, cut, holds};
use super::typed::filled;
use super::{Words, again, page};
use crate::access::sign_in::Visitor;
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::staff::{self, Doer};
use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::PersonId;
use registers::person::{PersonRow, PostRow};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    words: Words,
    query: String,
    people: Vec<Line>,
    pager: Pager,
    sheets: Sheets,
    manages: bool,
    /// What was typed of somebody new, if it could not be saved.
    typed: NewPerson,
    problem: Option<String>,
}

/// Somebody in the list.
pub(crate) struct Line {
    pub id: String,
    pub name: String,
    /// Those in force.
    pub posts: Vec<String>,
}

/// What is asked of a list.
#[derive(Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    pub q: String,
    #[serde(default)]
    pub page: String,
    /// What was done just now: see [`super::done`].
    #[serde(default)]
    pub done: String,
}

/// What the form for somebody new sends.
#[derive(Clone, Default, Deserialize)]
pub struct NewPerson {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
}

/// `GET /people`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ListQuery>,
) -> Response {
    show(&app, &permit, &headers, &query, NewPerson::default(), None)
}

fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    query: &ListQuery,
    typed: NewPerson,
    problem: Option<&Problem>,
) -> Response {
    let words = Words::of_permit(headers, app.known(), permit);
    let typed_query = query.q.trim();
    let to = |page: usize| address("/people", &[("q", typed_query), ("page", page.to_string().as_str())]);
    let (people, pager) = cut(&words, found(app, permit, &words, typed_query), &query.page, to);
    let manages = permit.who.scope(Action::ManagePeople).is_some();
    let problem = problem.map(|problem| words.problem(problem));
    let sheets = Sheets::of("people", &[("q", typed_query)]);
    page(&PeoplePage { query: typed_query.to_owned(), people, pager, sheets, manages, typed, problem, words })
}

/// The people within reach whose row holds what was typed: for the page and its sheet.
pub(crate) fn found(app: &App, permit: &Permit, words: &Words, typed: &str) -> Vec<Line> {
    let (known, now) = (app.known(), app.now());
    let line = |row: &PersonRow| {
        let held: Vec<&PostRow> = known.people.posts_at(&row.id, now).collect();
        let posts: Vec<String> = held.iter().map(|post| called(words, post)).collect();
        let codes = held.iter().map(|post| post.id.as_str()).collect::<Vec<_>>().join(" ");
        let text = format!("{} {} {codes} {}", row.id, row.name, posts.join(" "));
        holds(&text, typed).then(|| Line { id: row.id.to_string(), name: row.name.clone(), posts })
    };
    known.people.all().filter(|row| staff::sees(app, permit, &row.id)).filter_map(line).collect()
}

/// A post in words: what, and where.
pub(super) fn called(words: &Words, post: &PostRow) -> String {
    format!("{} · {}", words.named("role", post.role.as_str()), place(words, post))
}

/// Where a post is.
pub(super) fn place(words: &Words, post: &PostRow) -> String {
    post.site.as_ref().map_or_else(|| words.t("people.region"), |site| words.site(site))
}

/// `POST /people`: somebody new.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<NewPerson>,
) -> Result<Response, Problem> {
    match save(&app, &Doer::of(&permit, &visitor), &typed).await {
        Ok(id) => Ok(Redirect::to(&format!("/people/{id}?done=saved")).into_response()),
        Err(problem) => {
            let status = again(&problem)?;
            Ok((status, show(&app, &permit, &headers, &ListQuery::default(), typed, Some(&problem))).into_response())
        }
    }
}

async fn save(app: &App, doer: &Doer, typed: &NewPerson) -> Result<PersonId, Problem> {
    let id: PersonId = typed.id.trim().parse().map_err(|bad| Problem::unfit("account-name", bad))?;
    if app.known().people.find(&id).is_some() {
        let taken = Problem::new(StatusCode::CONFLICT, "account-taken", "Somebody has this account");
        return Err(taken.detail(format!("`{id}` is taken")));
    }
    let row = PersonRow { id: id.clone(), name: typed.name.clone(), phone: filled(&typed.phone) };
    staff::save(app, doer, row).await?;
    Ok(id)
}
