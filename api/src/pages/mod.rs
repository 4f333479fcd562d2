//! Pages, rendered on the server, in Chinese and English. Each works without JavaScript; what little there is keeps a
//! trail live. To add one: a file here, a template, a route below.
mod account;
mod applicants;
mod clients;
pub(crate) mod devices;
mod dossier;
mod first;
mod found;
mod home;
mod labels;
mod login;
mod once;
mod party;
pub(crate) mod people;
mod person;
pub(crate) mod record;
mod registering;
mod rights;
mod rows;
pub(crate) mod typed;
mod words;

use crate::access::Action;
use crate::access::guard::Pages;
use crate::app::App;
use crate::problem::Problem;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

pub use words::{Words, clock, moment};

/// Pages of who is signed in, each with its action.
#[rustfmt::skip]
#[must_use]
pub fn pages() -> Pages {
    use Action as A;
    Pages::default()
        .page(A::OwnAccount, "/", &["GET"], get(home::get))
        .page(A::ReadDossiers, "/dossiers/{name}", &["GET"], get(dossier::get))
        .page(A::WriteNotes, "/dossiers/{name}/notes", &["POST"], post(dossier::note))
        .page(A::WriteApplicants, "/cases/{name}/party", &["GET", "POST"], get(party::get).post(party::post))
        .page(A::SearchApplicants, "/applicants", &["GET", "POST"], get(applicants::get).post(applicants::find))
        .page(A::OpenApplicants, "/applicants/open", &["POST"], post(applicants::open))
        .page(A::RestrictApplicants, "/applicants/rights", &["GET", "POST"], get(rights::get).post(rights::post))
        .page(A::MintLabels, "/labels", &["GET", "POST"], get(labels::get).post(labels::post))
        .page(A::ReadDevices, "/devices", &["GET"], get(devices::get))
        .page(A::EnrolDevices, "/devices", &["POST"], post(devices::post))
        .page(A::RevokeDevices, "/devices/{device}/revoke", &["POST"], post(devices::revoke))
        .page(A::ReadPeople, "/people", &["GET"], get(people::get))
        .page(A::ManagePeople, "/people", &["POST"], post(people::post))
        .page(A::ReadPeople, "/people/{person}", &["GET"], get(person::get))
        .page(A::ManagePeople, "/people/{person}", &["POST"], post(person::save))
        .page(A::ManagePeople, "/people/{person}/posts", &["POST"], post(person::give_post))
        .page(A::ManagePeople, "/people/{person}/posts/end", &["POST"], post(person::end_post))
        .page(A::ManagePeople, "/people/{person}/badge", &["POST"], post(person::badge))
        .page(A::ManagePeople, "/people/{person}/badge/end", &["POST"], post(person::end_badge))
        .page(A::ManagePeople, "/people/{person}/code", &["POST"], post(person::code))
        .page(A::ManagePeople, "/people/{person}/pin", &["POST"], post(person::pin))
        .page(A::ManageClients, "/clients", &["GET", "POST"], get(clients::get).post(clients::post))
        .page(A::ManageClients, "/clients/revoke", &["POST"], post(clients::revoke))
        .page(A::ReadRecord, "/record", &["GET"], get(record::get))
        .page(A::Register, "/register/import", &["GET", "POST"], get(registering::get).post(registering::post).layer(DefaultBodyLimit::disable()))
        .page(A::Register, "/register/import/template", &["GET"], get(registering::template))
        .page(A::ReadMetrics, "/metrics", &["GET"], get(crate::metrics::get))
        .page(A::OwnAccount, "/account", &["GET"], get(account::get))
        .page(A::OwnAccount, "/account/password", &["POST"], post(account::password))
        .page(A::OwnAccount, "/account/pin", &["POST"], post(account::pin))
        .page(A::OwnAccount, "/account/second-factor", &["GET", "POST"], get(account::factor).post(account::set_factor))
        .page(A::OwnAccount, "/account/sessions/{id}/end", &["POST"], post(account::end_session))
        .page(A::OwnAccount, "/logout", &["POST"], post(account::out))
}

/// Pages, what they link to, and the way in.
pub fn router(app: &App) -> Router<App> {
    pages()
        .router(app)
        .route("/{code}", get(found::get))
        .route("/lang/{lang}", get(home::choose))
        .route("/first", get(first::get).post(first::post))
        .route("/login", get(login::get).post(login::post))
        .route("/login/code", get(login::code).post(login::post_code))
        .route("/login/second", get(login::second).post(login::post_second))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../../assets/icon.svg"))))
        .route("/assets/site.css", get(|| asset("text/css; charset=utf-8", include_str!("../../assets/site.css"))))
        .route("/assets/live.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../assets/live.js"))))
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text)
}

/// The status of a form that is shown again with what is wrong. What is not the reader's to mend, or not the reader's at all,
/// goes on as it is.
fn again(problem: &Problem) -> Result<StatusCode, Problem> {
    if problem.status >= 500 || problem.beyond {
        return Err(problem.clone());
    }
    Ok(StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY))
}

/// What the address says was done just now, in words: one of those that a page knows.
fn done(words: &Words, known: &[&str], name: &str) -> Option<String> {
    known.contains(&name).then(|| words.t(&format!("done.{name}")))
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

/// A page that says what went wrong, under the status of the problem, and when to come back if that helps.
fn troubled(problem: &Problem, page: Response) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let mut response = (status, page).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
