//! A phone that trusts one authority: it sees the handshake, the certificate and the protocol, which an ordinary client hides.
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What a phone trusts, and what it speaks.
#[derive(Clone)]
pub struct Phone {
    config: Arc<ClientConfig>,
}

/// A connection whose handshake is done.
pub struct Line {
    /// The server's certificate.
    pub certificate: Vec<u8>,
    /// `h2` or `http/1.1`.
    pub protocol: String,
    sender: Sender,
}

enum Sender {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Phone {
    /// Trusts an authority (PEM).
    pub fn trusting(authority: &str, protocols: &[&str]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).expect("a certificate")).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("TLS 1.2 and 1.3");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Self { config: Arc::new(config) }
    }

    /// Shakes hands with loopback, which it calls `name`.
    pub async fn call(&self, port: u16, name: &str) -> std::io::Result<Line> {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::try_from(name.to_owned()).expect("a host");
        let tls = TlsConnector::from(self.config.clone()).connect(name, tcp).await?;
        let (_, session) = tls.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first).expect("it showed one").to_vec();
        let protocol = String::from_utf8_lossy(session.alpn_protocol().unwrap_or_default()).into_owned();
        let sender = Sender::over(tls, &protocol).await;
        Ok(Line { certificate, protocol, sender })
    }
}

impl Sender {
    async fn over(tls: TlsStream<TcpStream>, protocol: &str) -> Self {
        let io = TokioIo::new(tls);
        if protocol == "h2" {
            let (sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("HTTP/2");
            tokio::spawn(connection);
            return Self::Http2(sender);
        }
        let (sender, connection) = hyper::client::conn::http1::handshake(io).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self::Http1(sender)
    }
}

impl Line {
    /// A request whose answer may go on for long.
    pub async fn open(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: String,
    ) -> hyper::Result<Response<Incoming>> {
        // HTTP/2 wants the whole address, HTTP/1 a path and a header.
        let address = if self.protocol == "h2" { format!("https://127.0.0.1{path}") } else { path.to_owned() };
        let request = Request::builder().method(method).uri(address).header(HOST, "127.0.0.1");
        let request = request.header(AUTHORIZATION, format!("Bearer {token}")).header(CONTENT_TYPE, "application/json");
        let request = request.body(Full::from(body)).expect("a request");
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }

    /// `GET`, with status, headers and body.
    pub async fn get(&mut self, path: &str) -> (u16, hyper::HeaderMap, String) {
        let answer = self.open("GET", path, "", String::new()).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("the body arrives").to_bytes();
        (head.status.as_u16(), head.headers, String::from_utf8_lossy(&body).into_owned())
    }
}
