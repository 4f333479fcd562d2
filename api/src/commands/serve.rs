//! `liuzhuan serve`
use crate::server::Front;
use crate::settings::Settings;
use crate::{router, server, tls};
use axum::Router;

pub(super) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let front = Front::open(settings).await?;
    let published = match &settings.tls_ca {
        Some(path) => tls::published(path).await?,
        None => Router::new(),
    };
    let (app, tasks) = super::open_telling(settings).await?;
    tracing::info!(url = front.url()?, region = %app.region(), database = app.db().engine(), "serving");
    if app.known().sites.is_empty() {
        tracing::warn!("no sites yet: `liuzhuan import sites.csv legs.csv departments.json items.csv` brings them");
    }
    let elsewhere = settings.listen().ip().is_unspecified() || settings.behind_proxy;
    if elsewhere && app.public_host().is_none() {
        tracing::warn!(
            "say with --public-host where phones find this server: the QR codes of devices hold its address"
        );
    }
    if let Some(code) = app.draw_first_code() {
        let url = app.public_host().map_or_else(|| front.url(), |host| Ok(format!("https://{host}")))?;
        super::say(format!(
            "流转 has no administrator yet. Open {url}/first and type this code; it is good until the server ends:\n\n  {code}\n"
        ));
    }
    let router = router::router(&app).merge(published);
    server::serve(app, tasks, router, front, server::told_to_stop()).await
}
