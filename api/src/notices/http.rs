//! One request to one address from the configuration: its own connection, no redirect followed, no more than a little of the
//! answer read, never longer than [`Patience`]. Nothing of what is sent is logged.
use super::channel::Failure;
use crate::tls::provider;
use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Of an answer no more is read: a gateway says yes or no in a line.
const ANSWER_MAX: usize = 64 * 1024;

/// How long the other side is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until it is connected.
    pub connect: Duration,
    /// Until it has answered.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(15) }
    }
}

/// Where requests go.
#[derive(Clone)]
pub struct Door {
    host: String,
    port: u16,
    authority: HeaderValue,
    path: String,
    tls: Option<TlsConnector>,
    patience: Patience,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

impl Door {
    /// An address of the configuration. Without TLS only this machine itself is spoken to.
    ///
    /// # Errors
    /// No such address; an authority that cannot be read.
    pub fn new(url: &str, authority: Option<&Path>) -> Result<Self, String> {
        let wrong = || "its url is such as https://gateway.example.cn/send".to_owned();
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let named = uri.authority().filter(|it| !it.as_str().contains('@')).ok_or_else(wrong)?;
        let host = named.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_here(&host) => false,
            Some("http") => {
                return Err("without TLS, only this machine is spoken to: its url begins with https://".into());
            }
            _ => return Err(wrong()),
        };
        let tls = if encrypted { Some(connector(authority)?) } else { None };
        Ok(Self {
            port: named.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            authority: HeaderValue::from_str(named.as_str()).map_err(|_| wrong())?,
            path: uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
            host,
            tls,
            patience: Patience::default(),
        })
    }

    /// The same, waited for longer or shorter.
    pub fn patient(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Sends a body.
    ///
    /// # Errors
    /// Nobody there, or no answer.
    pub async fn post(&self, kind: &str, headers: HeaderMap, body: Vec<u8>) -> Result<Answer, Failure> {
        let request = self.request(kind, headers, body).map_err(|_| Failure::Unreachable)?;
        let connected = timeout(self.patience.connect, self.connect()).await;
        let stream = connected.map_err(|_| Failure::Unreachable)?.map_err(|_| Failure::Unreachable)?;
        timeout(self.patience.answer, speak(stream, request)).await.map_err(|_| Failure::InDoubt)?
    }

    fn request(
        &self,
        kind: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, axum::http::Error> {
        let mut request = Request::builder().method(Method::POST).uri(&self.path).body(Full::new(Bytes::from(body)))?;
        let own = [(HOST, self.authority.clone()), (USER_AGENT, HeaderValue::from_static("liuzhuan"))];
        request.headers_mut().extend(headers);
        request.headers_mut().extend(own.map(|(name, value)| (Some(name), value)));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_str(kind)?);
        Ok(request)
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Line>> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let Some(tls) = &self.tls else { return Ok(Box::new(tcp)) };
        let name = ServerName::try_from(self.host.clone()).map_err(std::io::Error::other)?;
        Ok(Box::new(tls.connect(name, tcp).await?))
    }
}

/// A connection, with TLS or without.
trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// From here on the other side may have understood, whatever goes wrong.
async fn speak(stream: Box<dyn Line>, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Unreachable)?;
    let connection = tokio::spawn(connection);
    let answered = read(&mut sender, request).await;
    connection.abort();
    answered
}

async fn read(sender: &mut http1::SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
    let answer = sender.send_request(request).await.map_err(|_| Failure::InDoubt)?;
    let (head, body) = answer.into_parts();
    let status = head.status.as_u16();
    // The status says whether it was taken; a body that is too long or breaks off is as good as none.
    let body =
        Limited::new(body, ANSWER_MAX).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(Answer { status, body })
}

impl Answer {
    /// Whether it is a yes. A proxy that lost the gateway does not know.
    ///
    /// # Errors
    /// It is none.
    pub fn taken(&self) -> Result<(), Failure> {
        match self.status {
            200..=299 => Ok(()),
            410 => Err(Failure::Gone),
            502 | 504 => Err(Failure::InDoubt),
            status => Err(Failure::Refused(status)),
        }
    }
}

/// Whether a host is this machine.
pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Believes the machine's own authorities, and one more if it is named.
fn connector(authority: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = authority {
        let wrong = |error: &dyn std::fmt::Display| format!("its authority {}: {error}", path.display());
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
        }
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_https_or_of_this_machine() {
        for right in
            ["https://a.example.cn/send?x=1", "http://127.0.0.1:8099/", "http://[::1]:8099/", "http://localhost/"]
        {
            assert!(Door::new(right, None).is_ok(), "{right}");
        }
        for wrong in ["http://a.example.cn/", "ftp://127.0.0.1/", "a.example.cn", "https://me:secret@a.example.cn/", ""]
        {
            assert!(Door::new(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        let taken = |status| Answer { status, body: Bytes::new() }.taken();
        assert_eq!((taken(200), taken(204)), (Ok(()), Ok(())));
        assert_eq!((taken(302), taken(500)), (Err(Failure::Refused(302)), Err(Failure::Refused(500))));
        assert_eq!((taken(410), taken(504)), (Err(Failure::Gone), Err(Failure::InDoubt)));
    }
}
