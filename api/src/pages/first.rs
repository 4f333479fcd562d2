//! The first page of a new county: whoever has the code that was printed when the server began becomes its first security
//! administrator. Gone as soon as there is one.
use super::{Words, page, troubled};
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::problem::Problem;
use crate::staff;
use askama::Template;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use registers::person::PersonRow;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "first.html")]
struct FirstPage {
    words: Words,
    typed: First,
    problem: Option<String>,
}

/// What the form sends.
#[derive(Clone, Default, Deserialize)]
pub struct First {
    code: String,
    account: String,
    name: String,
    password: String,
}

/// `GET /first`
///
/// # Errors
/// There is an administrator already.
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if !app.known().people.has_no_administrator() {
        return Err(Problem::not_found());
    }
    Ok(page(&FirstPage { words: Words::of(&headers, app.known()), typed: First::default(), problem: None }))
}

/// `POST /first`
///
/// # Errors
/// There is an administrator already.
pub async fn post(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<First>,
) -> Result<Response, Problem> {
    let made = make(&app, &visitor, &typed).await;
    match made {
        Ok(()) => Ok(Redirect::to("/login").into_response()),
        Err(problem) if problem.status < 500 && app.known().people.has_no_administrator() => {
            let words = Words::of(&headers, app.known());
            let said = if problem.status == 404 { words.t("first.wrong") } else { words.problem(&problem) };
            let again = FirstPage { words, typed: First { password: String::new(), ..typed }, problem: Some(said) };
            // The page is there: what is not is an administrator with that code.
            let status = if problem.status == 404 { 422 } else { problem.status };
            Ok(troubled(&Problem { status, ..problem }, page(&again)))
        }
        Err(problem) => Err(problem),
    }
}

async fn make(app: &App, visitor: &Visitor, typed: &First) -> Result<(), Problem> {
    let id = typed.account.trim().parse().map_err(Problem::invalid)?;
    let row = PersonRow { id, name: typed.name.trim().to_owned(), phone: None };
    staff::first_administrator(app, visitor, &typed.code, row, typed.password.clone()).await
}
