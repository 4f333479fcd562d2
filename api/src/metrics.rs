//! Counters and gauges in OpenMetrics text at `/metrics`. No label ever names a person, a dossier or a device.
use crate::app::App;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counted while running; gauges are read when asked.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Scans taken in, the repeated ones too.
    pub scans: Counter,
    /// Answers by class of status.
    pub answers: Family<Vec<(String, String)>, Counter>,
    /// Notices by channel and how sending one ended.
    pub notices: Family<Vec<(String, String)>, Counter>,
}

impl Metrics {
    /// Counts how sending a notice ended.
    pub fn noticed(&self, channel: &str, outcome: &str) {
        let labels = [("channel", channel), ("outcome", outcome)];
        self.notices.get_or_create(&labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).inc();
    }
}

/// `GET /metrics`.
pub async fn get(State(app): State<App>) -> impl IntoResponse {
    let mut registry = Registry::with_prefix("liuzhuan");
    registry.register("scans", "Scans taken in, the repeated ones too", app.metrics().scans.clone());
    registry.register("http_answers", "Answers by class of status", app.metrics().answers.clone());
    let position = Gauge::<i64>::default();
    if let Ok(head) = app.log().head_row().await {
        position.set(head.position);
    }
    registry.register("log_position", "Last position of the log", position.clone());
    let room = Gauge::<i64>::default();
    room.set(i64::try_from(app.log().room()).unwrap_or(i64::MAX));
    registry.register("queue_room", "Messages that may still wait for the writer", room);
    hashes(&app, &mut registry);
    notices(&app, &mut registry).await;
    let lag = Family::<Vec<(String, String)>, Gauge>::default();
    for (follower, at) in app.followers() {
        let name = vec![("follower".to_owned(), follower.model().name.to_owned())];
        let behind = if *at.borrow() == 0 { 0 } else { position.get() - *at.borrow() };
        lag.get_or_create(&name).set(behind.max(0));
    }
    registry.register("follower_lag", "Events a read model is behind the log", lag);
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _written = encode(&mut text, &registry);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// The outbox: what was told, what waits, and what somebody has to look at.
async fn notices(app: &App, registry: &mut Registry) {
    registry.register("notices", "Notices by channel and how sending ended", app.metrics().notices.clone());
    let waiting = Family::<Vec<(String, String)>, Gauge>::default();
    for (state, count) in registers::notice::waiting(app.db(), app.region()).await.unwrap_or_default() {
        waiting.get_or_create(&vec![("state".to_owned(), state.to_string())]).set(count);
    }
    registry.register("notices_waiting", "Notices that wait, are being sent, or were given up", waiting);
}

/// The queue before the hashing of passwords: whether sign-ins are flooding in, and that they take one core at most.
fn hashes(app: &App, registry: &mut Registry) {
    let load = app.hashing().load();
    let counter = |count: u64| {
        let counter = Counter::<u64>::default();
        counter.inc_by(count);
        counter
    };
    let gauge = |count: usize| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        gauge
    };
    registry.register("hashes", "Passwords and PINs that were hashed or compared", counter(load.done));
    registry.register("hashes_refused", "Told to come back because too many waited", counter(load.turned_away));
    registry.register("hashes_inside", "Passwords and PINs that wait or are hashed now", gauge(load.inside));
    registry.register("hashes_at_once_max", "The most that were ever hashed at one time", gauge(load.at_once_max));
}
