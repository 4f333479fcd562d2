//! The one place that asks for a credential. Until people come, a bearer token opens all doors of its region; pages carry
//! it in a cookie that scripts cannot read.
use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

/// Name of the pages' cookie.
pub const COOKIE: &str = "liuzhuan_token";

/// The token of a request, from its header or its cookie.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.or_else(|| cookie(headers, COOKIE))
}

/// A cookie's value.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Whose token a request carries, for whoever must say who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(pub String);

/// Whether a token is good here and now, and whose it is.
///
/// # Errors
/// Why not, as a problem.
pub async fn check(app: &App, token: Option<&str>) -> Result<Holder, Problem> {
    let missing = Problem::new(StatusCode::UNAUTHORIZED, "no-credential", "A token is needed");
    let token = token.ok_or(missing.detail("Send `Authorization: Bearer …`; `liuzhuan user` makes a token"))?;
    let found = registers::token::check(app.db(), token, app.now()).await?;
    let bad = Problem::new(StatusCode::UNAUTHORIZED, "bad-credential", "This token is not valid here");
    match found {
        Some(row) if row.region == app.region() => Ok(Holder(row.name)),
        _ => Err(bad.detail("It is unknown, expired, or of another region; `liuzhuan user` makes a new one")),
    }
}

/// Guards the JSON doors.
pub async fn doors(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match check(&app, token(request.headers())).await {
        Ok(holder) => {
            request.extensions_mut().insert(holder);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Guards the pages: whoever has no token is asked for it.
pub async fn pages(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match check(&app, token(request.headers())).await {
        Ok(holder) => {
            request.extensions_mut().insert(holder);
            next.run(request).await
        }
        Err(problem) if problem.status == 401 => Redirect::to("/login").into_response(),
        Err(problem) => problem.into_response(),
    }
}
