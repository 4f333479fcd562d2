//! Takes connections and hands them on once they speak TLS. Handshakes go on side by side and have their time: whoever is
//! slow holds up nobody, and not for long.
use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// A phone at the edge of its network needs a few seconds for a handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// So many may be unfinished; further ones wait in the system's queue.
const HANDSHAKES_MAX: usize = 1024;

/// Speaks TLS with whatever certificate is there when a connection comes.
pub struct TlsListener {
    tcp: TcpListener,
    certificate: watch::Receiver<Arc<ServerConfig>>,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    /// Over a listener, with a certificate that may change.
    #[must_use]
    pub fn new(tcp: TcpListener, certificate: watch::Receiver<Arc<ServerConfig>>) -> Self {
        Self { tcp, certificate, handshakes: JoinSet::new() }
    }

    fn shake_hands(&mut self, stream: TcpStream, peer: SocketAddr) {
        let acceptor = TlsAcceptor::from(self.certificate.borrow().clone());
        self.handshakes.spawn(async move {
            match tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some((stream, peer)),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "no handshake");
                    None
                }
                Err(_) => {
                    tracing::debug!("a handshake took too long");
                    None
                }
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let room = self.handshakes.len() < HANDSHAKES_MAX;
            tokio::select! {
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
                (stream, peer) = Listener::accept(&mut self.tcp), if room => self.shake_hands(stream, peer),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
