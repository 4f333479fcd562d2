//! Pages, rendered on the server, in Chinese and English. Each works without JavaScript; what little there is keeps a
//! trail live. To add one: a file here, a template, a route below.
mod dossier;
mod found;
mod home;
mod labels;
mod login;
mod words;

use crate::app::App;
use crate::problem::Problem;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

pub use words::{Words, clock};

/// Pages, what they link to, and the way in.
pub fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(home::get))
        .route("/dossiers/{name}", get(dossier::get))
        .route("/labels", get(labels::get).post(labels::post))
        .layer(from_fn_with_state(app.clone(), crate::auth::pages))
        .route("/{code}", get(found::get))
        .route("/login", get(login::get).post(login::post))
        .route("/logout", axum::routing::post(login::out))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../../assets/icon.svg"))))
        .route("/assets/site.css", get(|| asset("text/css; charset=utf-8", include_str!("../../assets/site.css"))))
        .route("/assets/live.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../assets/live.js"))))
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text)
}

/// A rendered page.
fn page(template: &impl askama::Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = Html(html).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}
