//! The way in: a token, kept in a cookie that scripts cannot read and other sites cannot send.
use super::{Words, page};
use crate::app::App;
use crate::auth;
use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    words: Words,
    wrong: bool,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Login {
    token: String,
}

/// `GET /login`
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Response {
    page(&LoginPage { words: Words::of(&headers, app.known()), wrong: false })
}

/// `POST /login`
pub async fn post(State(app): State<App>, headers: HeaderMap, Form(login): Form<Login>) -> Response {
    let token = login.token.trim();
    match auth::check(&app, Some(token)).await {
        Ok(_) => set(&format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200", auth::COOKIE)),
        Err(problem) if problem.status == 401 => {
            let refused = page(&LoginPage { words: Words::of(&headers, app.known()), wrong: true });
            (StatusCode::UNAUTHORIZED, refused).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// `POST /logout`
pub async fn out() -> Response {
    set(&format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", auth::COOKIE))
}

fn set(cookie: &str) -> Response {
    let mut response = Redirect::to("/").into_response();
    // A token of ours has only characters that a header takes.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
