//! Serving until told to stop: nothing that was acknowledged or taken in is lost on the way down.
use crate::app::{App, Tasks};
use anyhow::Context;
use axum::Router;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Takes the address.
///
/// # Errors
/// It is taken, or may not be.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}: another program uses it or it is not allowed; choose another with --listen"
        )
    })
}

/// Serves until `until` is over, then lets requests finish, followers end and the writer write what waits.
///
/// # Errors
/// The listener's own.
pub async fn serve(
    app: App,
    tasks: Tasks,
    router: Router,
    listener: TcpListener,
    until: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let stopping = app.clone();
    let until = async move {
        until.await;
        tracing::info!("stopping");
        stopping.stop();
    };
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(until)
        .await?;
    app.stop();
    let db = app.db().clone();
    drop(app);
    tasks.finish().await;
    db.close().await;
    Ok(())
}

/// Ctrl-C, or the signal that a service manager sends.
pub async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => {
                tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            }
            Err(_) => {
                let _ended = interrupted.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ended = interrupted.await;
    }
}
