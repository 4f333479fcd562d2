//! Pages, rendered on the server, in Chinese and English. Each works without JavaScript; what little there is keeps a
//! trail live. To add one: a file here, a template, a route below.
mod account;
mod applicants;
mod bag;
mod bag_contents;
mod bag_forms;
mod bag_scan;
mod bags;
mod case_deeds;
mod clients;
mod county;
mod deeds;
pub(crate) mod devices;
mod dossier;
mod exception;
mod exceptions;
mod first;
mod found;
mod home;
mod inside;
mod items;
mod labels;
mod login;
mod network;
pub(crate) mod nothing;
pub(crate) mod notices;
mod once;
mod party;
pub(crate) mod people;
mod person;
mod pickup;
mod prints;
pub mod progress;
pub(crate) mod record;
mod register;
mod registering;
mod rights;
mod rows;
mod site_scan;
mod stocktake;
mod stops;
mod today;
mod trouble;
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

pub use words::{SHANGHAI_SECONDS, Words, clock, day, moment, tail};

/// Pages of who is signed in, each with its action.
#[must_use]
pub fn pages() -> Pages {
    of_staff(of_papers(Pages::default()))
}

/// Dossiers, bags, cases, and who fetches them.
#[rustfmt::skip]
fn of_papers(pages: Pages) -> Pages {
    use Action as A;
    pages
        .page(A::OwnAccount, "/", &["GET"], get(home::get))
        .page(A::ReadDossiers, "/find", &["GET"], get(home::suggest))
        .page(A::FileCases, "/register", &["GET", "POST"], get(register::get).post(register::post))
        .page(A::FileCases, "/register/items", &["GET"], get(items::get))
        .page(A::ReadQueues, "/today", &["GET"], get(today::choose))
        .page(A::ReadQueues, "/sites/{site}", &["GET"], get(today::get))
        .page(A::ReadDossiers, "/dossiers/{name}", &["GET"], get(dossier::get))
        .page(A::StepCases, "/dossiers/{name}/step", &["POST"], post(case_deeds::step))
        .page(A::Register, "/dossiers/{name}/result", &["POST"], post(case_deeds::result))
        .page(A::Scan, "/dossiers/{name}/report", &["POST"], post(deeds::report))
        .page(A::HandOut, "/dossiers/{name}/hand-out", &["POST"], post(deeds::hand_out))
        .page(A::HandOut, "/pickup", &["GET", "POST"], get(pickup::get).post(pickup::scan))
        .page(A::HandOut, "/pickup/hand-out", &["POST"], post(pickup::post))
        .page(A::Redirect, "/dossiers/{name}/recall", &["POST"], post(deeds::recall))
        .page(A::Redirect, "/dossiers/{name}/reroute", &["POST"], post(deeds::reroute))
        .page(A::Relabel, "/dossiers/{name}/relabel", &["POST"], post(deeds::relabel))
        .page(A::Archive, "/dossiers/{name}/archive", &["POST"], post(deeds::archive))
        .page(A::Correct, "/dossiers/{name}/void", &["POST"], post(deeds::void))
        .page(A::WriteNotes, "/dossiers/{name}/notes", &["POST"], post(dossier::note))
        .page(A::WriteApplicants, "/cases/{name}/party", &["GET", "POST"], get(party::get).post(party::post))
        .page(A::SearchApplicants, "/applicants", &["GET", "POST"], get(applicants::get).post(applicants::find))
        .page(A::OpenApplicants, "/applicants/open", &["POST"], post(applicants::open))
        .page(A::RestrictApplicants, "/applicants/rights", &["GET", "POST"], get(rights::get).post(rights::post))
        .page(A::ReadNotices, "/notices", &["GET"], get(notices::get))
        .page(A::ReadNotices, "/notices/phoning", &["GET"], get(notices::phoning))
        .page(A::AnswerNotices, "/notices/{notice}/again", &["POST"], post(notices::again))
        .page(A::AnswerNotices, "/notices/{notice}/leave", &["POST"], post(notices::leave))
        .page(A::MintLabels, "/labels", &["GET", "POST"], get(labels::get).post(labels::post))
        .page(A::ReadPrints, "/labels/prints/{job}", &["GET"], get(prints::get))
        .page(A::PrintPapers, "/labels/prints/{job}", &["POST"], post(prints::post))
        .page(A::ReadExceptions, "/exceptions", &["GET"], get(exceptions::get))
        .page(A::ReadExceptions, "/exceptions/{subject}/{kind}/{anchor}", &["GET"], get(exception::get))
        .page(A::AnswerExceptions, "/exceptions/{subject}/{kind}/{anchor}", &["POST"], post(exception::post))
        .page(A::ReadDossiers, "/bags", &["GET"], get(bags::get))
        .page(A::Register, "/bags", &["POST"], post(bags::post))
        .page(A::ReadDossiers, "/bags/{name}", &["GET"], get(bag::get))
        .page(A::Scan, "/bags/{name}/scans", &["POST"], post(bag_scan::post))
        .page(A::Correct, "/bags/{name}/annul", &["POST"], post(bag_forms::annul))
        .page(A::Relabel, "/bags/{name}/relabel", &["POST"], post(bag_forms::relabel))
        .page(A::Correct, "/bags/{name}/void", &["POST"], post(bag_forms::void))
        .page(A::ReadQueues, "/county", &["GET"], get(county::get))
        .page(A::Scan, "/sites/{site}/scans", &["POST"], post(site_scan::post))
        .page(A::ReadQueues, "/sites/{site}/stocktake", &["GET"], get(stocktake::get))
        .page(A::Scan, "/sites/{site}/stocktake", &["POST"], post(stocktake::post))
        .page(A::Register, "/register/import", &["GET", "POST"], get(registering::get).post(registering::post).layer(DefaultBodyLimit::disable()))
        .page(A::Register, "/register/import/template", &["GET"], get(registering::template))
}

/// Who works here and with what, and what is written down of it.
#[rustfmt::skip]
fn of_staff(pages: Pages) -> Pages {
    use Action as A;
    pages
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
        .merge(applicant())
        .route("/lang/{lang}", get(home::choose))
        .route("/type/{size}", get(home::choose_type))
        .route("/first", get(first::get).post(first::post))
        .route("/login", get(login::get).post(login::post))
        .route("/login/code", get(login::code).post(login::post_code))
        .route("/login/second", get(login::second).post(login::post_second))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../../assets/icon.svg"))))
        .route("/assets/site.css", get(|| asset("text/css; charset=utf-8", include_str!("../../assets/site.css"))))
        .route(
            "/assets/progress.css",
            get(|| asset("text/css; charset=utf-8", include_str!("../../assets/progress.css"))),
        )
        .route("/assets/live.js", get(|| script(include_str!("../../assets/live.js"))))
        .route("/assets/find.js", get(|| script(include_str!("../../assets/find.js"))))
        // The handheld's own reading of scanners, which desks have too.
        .route("/assets/wedge.js", get(|| script(include_str!("../../assets/handheld/wedge.js"))))
        .route("/assets/code.js", get(|| script(include_str!("../../assets/handheld/code.js"))))
}

async fn script(text: &'static str) -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", text).await
}

/// The applicant's pages, open to everybody: what they tell is decided by what was typed, and wrong tries are counted. A QR code
/// holds capitals.
fn applicant() -> Router<App> {
    ["/t", "/T"].into_iter().fold(Router::new(), |router, at| {
        router
            .route(at, get(progress::form).post(progress::look))
            .route(&format!("{at}/{{code}}"), get(progress::get))
            .route(&format!("{at}/{{code}}/rating"), post(progress::rate))
    })
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
