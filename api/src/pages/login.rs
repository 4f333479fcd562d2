//! The way in: account and password, a one-time code for the first time, and the second factor.
use super::{Words, page, troubled};
use crate::access::principal::{COOKIE, cookie};
use crate::access::sign_in::{self, Entered, Visitor};
use crate::app::App;
use crate::problem::{Params, Problem};
use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Which of the three forms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form3 {
    Password,
    Code,
    Second,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    words: Words,
    by_code: bool,
    second: bool,
    account: String,
    problem: Option<String>,
    /// Why this page is shown instead of the one that was asked for.
    over: Option<String>,
}

/// What the first form sends.
#[derive(Deserialize)]
pub struct Login {
    account: String,
    password: String,
}

/// What the form for the first time sends.
#[derive(Deserialize)]
pub struct FirstLogin {
    account: String,
    code: String,
    password: String,
}

/// What the second form sends.
#[derive(Deserialize)]
pub struct Second {
    code: String,
}

/// Why somebody is sent here: a sign-in is over, when something was to be `read`, or was `sent` and is not kept.
#[derive(Deserialize)]
pub struct LoginQuery {
    over: Option<String>,
}

/// `GET /login`
pub async fn get(State(app): State<App>, headers: HeaderMap, Params(query): Params<LoginQuery>) -> Response {
    if app.known().people.has_no_administrator() {
        return Redirect::to("/first").into_response();
    }
    let words = Words::of(&headers, app.known());
    let over = match query.over.as_deref() {
        Some("read") => Some(words.t("login.over")),
        Some("sent") => Some(words.t("login.over_sent")),
        _ => None,
    };
    page(&LoginPage { words, by_code: false, second: false, account: String::new(), problem: None, over })
}

/// `GET /login/code`
pub async fn code(State(app): State<App>, headers: HeaderMap) -> Response {
    show(&app, &headers, Form3::Code, "", None)
}

/// `GET /login/second`
pub async fn second(State(app): State<App>, headers: HeaderMap) -> Response {
    show(&app, &headers, Form3::Second, "", None)
}

/// `POST /login`
pub async fn post(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(login): Form<Login>,
) -> Result<Response, Problem> {
    let entered = sign_in::with_password(&app, &visitor, &login.account, login.password).await;
    let entered = instead(&app, &visitor, &headers, entered).await;
    go_on(&app, &headers, Form3::Password, &login.account, entered)
}

/// `POST /login/code`
pub async fn post_code(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(login): Form<FirstLogin>,
) -> Result<Response, Problem> {
    let entered = sign_in::with_code(&app, &visitor, &login.account, &login.code, login.password).await;
    let entered = instead(&app, &visitor, &headers, entered).await;
    go_on(&app, &headers, Form3::Code, &login.account, entered)
}

/// `POST /login/second`
pub async fn post_second(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(second): Form<Second>,
) -> Result<Response, Problem> {
    let half = cookie(&headers, COOKIE).unwrap_or_default();
    let entered = sign_in::with_second_factor(&app, &visitor, half, &second.code).await.map(Entered::In);
    go_on(&app, &headers, Form3::Second, "", entered)
}

/// Whoever signs in anew leaves no session behind that nobody would end.
async fn instead(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    entered: Result<Entered, Problem>,
) -> Result<Entered, Problem> {
    if let (Ok(_), Some(former)) = (&entered, cookie(headers, COOKIE)) {
        sign_in::leave(app, visitor, former).await?;
    }
    entered
}

fn go_on(
    app: &App,
    headers: &HeaderMap,
    form: Form3,
    account: &str,
    entered: Result<Entered, Problem>,
) -> Result<Response, Problem> {
    match entered {
        Ok(Entered::In(secret)) => Ok(set(&sign_in::cookie(&secret), "/")),
        Ok(Entered::Half(secret)) => Ok(set(&sign_in::cookie(&secret), "/login/second")),
        Err(problem) if problem.status < 500 => {
            Ok(troubled(&problem, show(app, headers, form, account, Some(&problem))))
        }
        Err(problem) => Err(problem),
    }
}

fn show(app: &App, headers: &HeaderMap, form: Form3, account: &str, problem: Option<&Problem>) -> Response {
    let words = Words::of(headers, app.known());
    let problem = problem.map(|problem| words.problem(problem));
    let (by_code, second) = (form == Form3::Code, form == Form3::Second);
    page(&LoginPage { words, by_code, second, account: account.to_owned(), problem, over: None })
}

/// Goes to a page with a cookie set.
pub(super) fn set(cookie: &str, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    // A secret of ours has only characters that a header takes.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
