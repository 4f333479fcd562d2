//! Every route, in one place. A JSON route and its description in the OpenAPI document are one declaration.
use crate::app::App;
use crate::problem::Problem;
use crate::{auth, handheld, health, metrics, pages, v1};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A form at most; JSON bodies have their own limit.
const FORM_MAX: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(info(
    title = "流转 Liuzhuan",
    description = "Circulation of paper dossiers: scans in, custody out. Times are milliseconds since 1970-01-01 UTC. \
                   Every route wants `Authorization: Bearer <token>`. Problems are `application/problem+json` (RFC 9457) \
                   with a stable `type`."
))]
struct Document;

fn doors() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(v1::scans::post))
        .routes(routes!(v1::labels::mint))
        .routes(routes!(v1::papers::print_labels, v1::papers::prints))
        .routes(routes!(v1::papers::formats))
        .routes(routes!(v1::papers::picture))
        .routes(routes!(v1::papers::manifest))
        .routes(routes!(v1::papers::receipt))
        .routes(routes!(v1::devices::put, v1::devices::get, v1::devices::revoke))
        .routes(routes!(v1::cases::file))
        .routes(routes!(v1::cases::get))
        .routes(routes!(v1::cases::step))
        .routes(routes!(v1::dossiers::list, v1::decisions::register))
        .routes(routes!(v1::dossiers::get))
        .routes(routes!(v1::dossiers::trail_of))
        .routes(routes!(v1::decisions::hand_out))
        .routes(routes!(v1::decisions::archive))
        .routes(routes!(v1::decisions::annul))
        .routes(routes!(v1::decisions::recall))
        .routes(routes!(v1::decisions::reroute))
        .routes(routes!(v1::decisions::relabel))
        .routes(routes!(v1::decisions::void))
        .routes(routes!(v1::decisions::admit))
        .routes(routes!(v1::decisions::add_piece))
        .routes(routes!(v1::sites::counts))
        .routes(routes!(v1::sites::queue))
        .routes(routes!(v1::couriers::load))
        .routes(routes!(v1::couriers::by_holder))
        .routes(routes!(v1::bags::list, v1::bag_decisions::register))
        .routes(routes!(v1::bag_decisions::annul))
        .routes(routes!(v1::bag_decisions::void))
        .routes(routes!(v1::bag_decisions::admit))
        .routes(routes!(v1::bag_decisions::relabel))
        .routes(routes!(v1::bags::get))
        .routes(routes!(v1::bags::trail_of))
        .routes(routes!(v1::exceptions::list))
        .routes(routes!(v1::exceptions::answer))
        .routes(routes!(v1::search::get))
        .routes(routes!(v1::handheld::expected))
        .routes(routes!(v1::handheld::conflicts))
        .routes(routes!(v1::handheld::look_up))
        .routes(routes!(v1::registers::sites))
        .routes(routes!(v1::registers::items))
        .routes(routes!(v1::events::feed))
        .routes(routes!(v1::live::live))
}

/// The OpenAPI document, generated from the handlers.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = OpenApiRouter::<App>::new().nest("/api/v1", doors()).split_for_parts();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document
}

/// All routes of `serve`.
pub fn router(app: &App) -> Router {
    let (doors, _) = doors().split_for_parts();
    let doors = doors.layer(from_fn_with_state(app.clone(), auth::doors));
    let api = doors.route("/openapi.json", get(|| async { Json(openapi()) })).fallback(absent);
    let api = api.method_not_allowed_fallback(wrong_method);
    Router::new()
        .nest("/api/v1", api)
        .merge(pages::router(app))
        .merge(handheld::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::get))
        .fallback(absent)
        .layer(from_fn_with_state(app.clone(), count))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new().no_br())
        .layer(from_fn(log))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
        ))
        .with_state(app.clone())
}

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
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
