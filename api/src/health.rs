//! Whether the process lives (`/healthz`) and whether it can serve (`/readyz`).
use crate::app::App;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;

/// Events a read model may be behind before the server is not ready.
const LAG_MAX: i64 = 10_000;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers, the writer has room, the followers follow.
///
/// # Errors
/// 503 with what is missing.
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    let unready = |what: &str| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "The server cannot serve now").detail(what)
    };
    let head = app.log().head_row().await.map_err(|_| unready("the database does not answer"))?;
    if app.log().room() == 0 {
        return Err(unready("the writer's queue is full"));
    }
    for (follower, _) in app.followers() {
        let at = projections::model::checkpoint(app.db(), app.region(), follower.model().name).await?;
        if head.position - at > LAG_MAX {
            return Err(unready(&format!(
                "read model `{}` is {} events behind",
                follower.model().name,
                head.position - at
            )));
        }
    }
    Ok("ready\n")
}
