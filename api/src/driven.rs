//! The door through which a simulation drives the clock. Mounted by `demo` and `simulate`, never by `serve`.
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What time it is there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds since 1970 UTC.
    now: Timestamp,
}

/// `GET` and `PUT /simulation/clock`.
pub fn router(app: &App) -> Router {
    Router::new()
        .route("/simulation/clock", get(tell).put(set))
        .layer(from_fn_with_state(app.clone(), crate::access::guard::doors))
        .with_state(app.clone())
}

async fn tell(State(app): State<App>) -> Json<Now> {
    Json(Now { now: app.now() })
}

async fn set(State(app): State<App>, Body(now): Body<Now>) -> Result<StatusCode, Problem> {
    if app.log().clock().set(now.now) { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}
