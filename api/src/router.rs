//! Every route, in one place. A JSON route and its description in the OpenAPI document are one declaration.
use crate::access::Action;
use crate::access::guard::{Doors, Route};
use crate::app::App;
use crate::problem::Problem;
use crate::{handheld, headers, health, pages, same_site, v1};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::routes;

/// A form at most; JSON bodies have their own limit.
const FORM_MAX: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(info(
    title = "流转 Liuzhuan",
    description = "Circulation of paper dossiers: scans in, custody out. Times are milliseconds since 1970-01-01 UTC. \
                   A person signs in with a cookie; a device sends its credential and a program its token as \
                   `Authorization: Bearer …`. What may not be seen is answered like what is not there. Problems are `application/problem+json` (RFC 9457) \
                   with a stable `type`."
))]
struct Document;

#[rustfmt::skip]
fn doors() -> Doors {
    use Action as A;
    as_sheets(about_paper(about_applicants(Doors::new(Document::openapi()))))
        .door(A::Scan, routes!(v1::scans::post))
        .door(A::ReadDevices, routes!(v1::devices::list))
        .door(A::ReadDevices, routes!(v1::devices::get))
        .door(A::BindDevices, routes!(v1::devices::put))
        .door(A::RevokeDevices, routes!(v1::devices::revoke))
        .door(A::EnrolDevices, routes!(v1::enrolments::offer))
        .open_door(routes!(v1::enrolments::redeem))
        .door(A::BeginShift, routes!(v1::shifts::begin, v1::shifts::end))
        .door(A::ReadExpected, routes!(v1::handheld::expected))
        .door(A::ReadExpected, routes!(v1::handheld::conflicts))
        .door(A::LookUp, routes!(v1::handheld::look_up))
        .door(A::FileCases, routes!(v1::cases::file))
        .door(A::ReadDossiers, routes!(v1::cases::get))
        .door(A::StepCases, routes!(v1::cases::step))
        .door(A::ReadDossiers, routes!(v1::dossiers::list))
        .door(A::Register, routes!(v1::decisions::register))
        .door(A::ReadDossiers, routes!(v1::dossiers::get))
        .door(A::ReadDossiers, routes!(v1::dossiers::trail_of))
        .door(A::HandOut, routes!(v1::decisions::hand_out))
        .door(A::Archive, routes!(v1::decisions::archive))
        .door(A::Correct, routes!(v1::decisions::annul))
        .door(A::Redirect, routes!(v1::decisions::recall))
        .door(A::Redirect, routes!(v1::decisions::reroute))
        .door(A::Relabel, routes!(v1::decisions::relabel))
        .door(A::Correct, routes!(v1::decisions::void))
        .door(A::Admit, routes!(v1::decisions::admit))
        .door(A::Register, routes!(v1::decisions::add_piece))
        .door(A::ReadQueues, routes!(v1::sites::counts))
        .door(A::ReadQueues, routes!(v1::sites::queue))
        .door(A::ReadLoads, routes!(v1::couriers::load))
        .door(A::ReadHolders, routes!(v1::couriers::by_holder))
        .door(A::ReadDossiers, routes!(v1::bags::list))
        .door(A::Register, routes!(v1::bag_decisions::register))
        .door(A::Correct, routes!(v1::bag_decisions::annul))
        .door(A::Correct, routes!(v1::bag_decisions::void))
        .door(A::Admit, routes!(v1::bag_decisions::admit))
        .door(A::Relabel, routes!(v1::bag_decisions::relabel))
        .door(A::ReadDossiers, routes!(v1::bags::get))
        .door(A::ReadDossiers, routes!(v1::bags::trail_of))
        .door(A::ReadExceptions, routes!(v1::exceptions::list))
        .door(A::AnswerExceptions, routes!(v1::exceptions::answer))
        .door(A::ReadDossiers, routes!(v1::search::get))
        .door(A::ReadRegisters, routes!(v1::registers::sites))
        .door(A::ReadRegisters, routes!(v1::registers::items))
        .door(A::Feed, routes!(v1::events::feed))
        .door(A::Follow, routes!(v1::live::live))
        .door(A::ReadPeople, routes!(v1::people::list))
        .door(A::ReadPeople, routes!(v1::people::get))
        .door(A::ManagePeople, routes!(v1::people::put))
        .door(A::ManagePeople, routes!(v1::people::give_post))
        .door(A::ManagePeople, routes!(v1::people::end_post))
        .door(A::ManagePeople, routes!(v1::people::give_badge, v1::people::end_badges))
        .door(A::ManagePeople, routes!(v1::people::give_code))
        .door(A::ManagePeople, routes!(v1::people::give_pin))
        .door(A::ManageClients, routes!(v1::clients::list, v1::clients::make))
        .door(A::ManageClients, routes!(v1::clients::revoke))
        .door(A::ReadRecord, routes!(v1::record::list))
}

#[rustfmt::skip]
fn as_sheets(doors: Doors) -> Doors {
    use Action as A;
    doors
        .door(A::ReadDossiers, routes!(v1::sheets::dossiers))
        .door(A::ReadQueues, routes!(v1::sheets::queue))
        .door(A::ReadLoads, routes!(v1::sheets::load))
        .door(A::ReadHolders, routes!(v1::sheets::by_holder))
        .door(A::ReadDossiers, routes!(v1::sheets::of_case))
        .door(A::ReadDossiers, routes!(v1::sheets::bags))
        .door(A::ReadExceptions, routes!(v1::sheets::exceptions))
        .door(A::ReadPrints, routes!(v1::sheets::office::prints))
        .door(A::ReadNotices, routes!(v1::sheets::office::notices))
        .door(A::ReadDevices, routes!(v1::sheets::office::devices))
        .door(A::ReadPeople, routes!(v1::sheets::office::people))
        .door(A::ReadRecord, routes!(v1::sheets::office::of_record))
}

#[rustfmt::skip]
fn about_paper(doors: Doors) -> Doors {
    use Action as A;
    doors
        .door(A::MintLabels, routes!(v1::labels::mint))
        .door(A::PrintPapers, routes!(v1::prints::print_labels))
        .door(A::ReadPrints, routes!(v1::prints::prints))
        .door(A::PrintPapers, routes!(v1::prints::print_again))
        .door(A::PrintPapers, routes!(v1::prints::printers))
        .door(A::ReadRegisters, routes!(v1::papers::formats))
        .door(A::PrintPapers, routes!(v1::papers::picture))
        .door(A::PrintPapers, routes!(v1::papers::manifest))
        .door(A::PrintPapers, routes!(v1::papers::receipt))
        .door(A::PrintPapers, routes!(v1::papers::slip))
}

#[rustfmt::skip]
fn about_applicants(doors: Doors) -> Doors {
    use Action as A;
    doors
        .door(A::ReadDossiers, routes!(v1::parties::list))
        .door(A::WriteApplicants, routes!(v1::parties::put))
        .door(A::OpenApplicants, routes!(v1::parties::open))
        .door(A::SearchApplicants, routes!(v1::parties::search))
        .door(A::RestrictApplicants, routes!(v1::parties::restrict))
        .door(A::RestrictApplicants, routes!(v1::parties::lift))
        .door(A::RestrictApplicants, routes!(v1::parties::erase))
        .door(A::WriteNotes, routes!(v1::notes::of_dossier, v1::notes::write))
        .door(A::WriteNotes, routes!(v1::notes::of_bag))
        .door(A::RestrictApplicants, routes!(v1::notes::erase))
}

/// The OpenAPI document, generated from the handlers.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = doors().document("/api/v1");
    crate::openapi::complete(&mut document);
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document
}

/// Every guarded route with its action: the JSON doors, then the pages.
#[must_use]
pub fn routes() -> Vec<Route> {
    let doors = doors();
    let json = doors.routes().iter().map(|route| Route { path: format!("/api/v1{}", route.path), ..route.clone() });
    json.chain(pages::pages().routes().iter().cloned()).collect()
}

/// All routes of `serve`.
pub fn router(app: &App) -> Router {
    let api = doors().router(app).route("/openapi.json", get(|| async { Json(openapi()) })).fallback(absent);
    let api = api.method_not_allowed_fallback(wrong_method);
    Router::new()
        .nest("/api/v1", api)
        .merge(pages::router(app))
        .merge(handheld::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(absent)
        .layer(from_fn(legible))
        .layer(from_fn_with_state(app.clone(), count))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), pages::nothing::in_words))
        .layer(CompressionLayer::new().no_br())
        .layer(from_fn(log))
        .layer(from_fn(same_site::guard))
        .layer(from_fn(headers::add))
        .with_state(app.clone())
}

async fn absent() -> Problem {
    Problem::not_found()
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This address does not take that method")
}

/// A panic is a bug of ours: the user gets a number to quote, the log gets the rest.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::internal(&"a handler panicked").into_response()
}

/// A path that is no text gets a problem like everything else, not the plain words of the library.
async fn legible(request: Request, next: Next) -> Response {
    match percent_encoding::percent_decode_str(request.uri().path()).decode_utf8() {
        Ok(_) => next.run(request).await,
        Err(_) => Problem::malformed("The address is not UTF-8").into_response(),
    }
}

async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let class = format!("{}xx", response.status().as_u16() / 100);
    app.metrics().answers.get_or_create(&vec![("class".to_owned(), class)]).inc();
    response
}

/// Logs method, route and status: the route's pattern, never the address, which may name a dossier.
async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned());
    let began = tokio::time::Instant::now();
    let response = next.run(request).await;
    let (status, millis) = (response.status().as_u16(), began.elapsed().as_millis());
    tracing::debug!(%method, route = route.as_deref().unwrap_or("-"), status, millis, "answered");
    response
}
