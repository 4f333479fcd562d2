//! Serving until told to stop: nothing that was acknowledged or taken in is lost on the way down. And who may serve without
//! TLS: on loopback, or behind a proxy that was declared; nobody else.
use crate::app::{App, Tasks};
pub use crate::client_address::Line;
use crate::client_address::{Peer, tell};
use crate::settings::Settings;
use crate::tls::{Files, Renewed, TlsListener};
use anyhow::{Context, bail};
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::middleware::from_fn_with_state;
use axum::serve::{IncomingStream, Listener};
use eventstore::db::SqlError;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Where requests come in. A bare listener is one without TLS and without a proxy.
pub struct Front {
    tcp: TcpListener,
    certificate: Option<Renewed>,
    behind_proxy: bool,
}

impl From<TcpListener> for Front {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, certificate: None, behind_proxy: false }
    }
}

impl Front {
    /// As the settings say.
    ///
    /// # Errors
    /// Plain HTTP that others could listen to, files that hold no good certificate, an address that is taken.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let files = certificate_files(settings)?;
        let certificate = match files {
            Some(files) => Some(Renewed::open(files).await?),
            None => None,
        };
        let tcp = listen(settings.listen()).await?;
        Ok(Self { tcp, certificate, behind_proxy: settings.behind_proxy })
    }

    /// As the settings say, for what speaks no TLS itself.
    ///
    /// # Errors
    /// A certificate is named, and as [`Front::open`].
    pub async fn plain(settings: &Settings) -> anyhow::Result<Self> {
        if certificate_files(settings)?.is_some() {
            bail!("this command speaks plain HTTP: leave out --tls-cert and --tls-key");
        }
        Self::open(settings).await
    }

    /// Where it can be reached, as seen from here.
    ///
    /// # Errors
    /// The listener's own.
    pub fn url(&self) -> std::io::Result<String> {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.tcp.local_addr()?))
    }
}

/// The certificate to serve with; none where plain HTTP is allowed.
fn certificate_files(settings: &Settings) -> anyhow::Result<Option<Files>> {
    let address = settings.listen();
    match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => Ok(Some(Files { certificate: certificate.clone(), key: key.clone() })),
        (Some(_), None) => bail!("--tls-cert needs --tls-key, the file with the certificate's private key"),
        (None, Some(_)) => bail!("--tls-key needs --tls-cert, the file with the key's certificate"),
        (None, None) if settings.behind_proxy || address.ip().to_canonical().is_loopback() => Ok(None),
        (None, None) => bail!(
            "without TLS everybody on the network of {address} could read what goes by: make a certificate with \
             `liuzhuan tls init --host NAME` and name it with --tls-cert and --tls-key, or say --behind-proxy if a proxy \
             before this server speaks TLS"
        ),
    }
}

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
    front: impl Into<Front>,
    until: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let stopping = app.clone();
    let until = async move {
        until.await;
        tracing::info!("stopping");
        stopping.stop();
    };
    let keeping = tokio::spawn(keep_statistics(app.clone()));
    let Front { tcp, certificate, behind_proxy } = front.into();
    let line = Line { tls: certificate.is_some(), behind_proxy };
    match certificate {
        Some(certificate) => answer(TlsListener::new(tcp, certificate.into_receiver()), router, line, until).await?,
        None => answer(tcp, router, line, until).await?,
    }
    app.stop();
    keeping.await?;
    let db = app.db().clone();
    drop(app);
    tasks.finish().await;
    db.close().await;
    Ok(())
}

/// How often it is asked whether statistics are due, and when they are however little came.
const LOOK: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_hours(24);

/// Has SQLite count what its tables hold: where that was never done, when the log has doubled, and daily. A plan for what was
/// there once may walk what is there now.
async fn keep_statistics(app: App) {
    let (mut stopping, mut counted) = (app.stopping(), None);
    while app.db().engine() == "sqlite" && !*stopping.borrow() {
        match count_if_due(&app, counted).await {
            Ok(done) => counted = done,
            Err(error) => tracing::warn!(%error, "statistics could not be gathered; they are tried again in a minute"),
        }
        tokio::select! {
            _ = stopping.changed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// `counted` is at which head of the log it was done last, and when.
async fn count_if_due(app: &App, counted: Option<(i64, Instant)>) -> Result<Option<(i64, Instant)>, SqlError> {
    let head = app.log().head_row().await?.position;
    if counted.is_some_and(|(then, at)| head < 2 * then.max(1) && at.elapsed() < DAY) {
        return Ok(counted);
    }
    if counted.is_some() || !app.db().is_analyzed().await? {
        app.db().analyze().await?;
    }
    Ok(Some((head, Instant::now())))
}

/// Answers requests until told to stop; the handlers are told where each comes from.
///
/// # Errors
/// The listener's own.
pub async fn answer<L: Listener<Addr = SocketAddr>>(
    listener: L,
    router: Router,
    line: Line,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()>
where
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    let router = router.layer(from_fn_with_state(line, tell));
    axum::serve(listener, router.into_make_service_with_connect_info::<Peer>()).with_graceful_shutdown(until).await
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
