//! `liuzhuan serve`
use crate::settings::Settings;
use crate::{router, server};
use eventstore::Clock;

pub(super) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let (app, tasks) = super::open(settings, Clock::System).await?;
    let listener = match server::listen(settings.listen()).await {
        Ok(listener) => listener,
        Err(error) => {
            super::close(app, tasks).await;
            return Err(error);
        }
    };
    tracing::info!(address = %listener.local_addr()?, region = %app.region(), database = app.db().engine(), "serving");
    if app.known().sites.is_empty() {
        tracing::warn!("no sites yet: `liuzhuan import sites.csv legs.csv departments.json items.csv` brings them");
    }
    let router = router::router(&app);
    server::serve(app, tasks, router, listener, server::told_to_stop()).await
}
