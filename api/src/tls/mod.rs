//! TLS: a certificate and its key, read from files and looked at again while serving; the listener that speaks it; the
//! county's own authority. A library does the cryptography. A key is never shown, nor is what a file with one holds.
//!
//! TLS 1.2 and 1.3 with the ciphers that rustls thinks safe; HTTP/2 where the client offers it.
pub mod authority;
pub mod host;
mod listener;
mod published;
mod renewal;

pub use listener::TlsListener;
pub use published::published;
pub use renewal::Renewed;

use domain::time::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Why there is no TLS. A message names files and what to do, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("there is no certificate in {}: it must be a PEM file with `BEGIN CERTIFICATE`", .0.display())]
    NoCertificate(PathBuf),
    #[error("there is no private key in {}: it must be a PEM file with `BEGIN PRIVATE KEY`", .0.display())]
    NoKey(PathBuf),
    #[error("the certificate in {} and the key in {} cannot be used together: {error}", .files.certificate.display(), .files.key.display())]
    Unusable { files: Files, error: rustls::Error },
    #[error("there is a private key in {}, which would be handed to everybody: --tls-ca names the authority's certificate alone", .0.display())]
    KeyInPublic(PathBuf),
    #[error("the certificate in {} ended on {day}: `liuzhuan tls renew` makes a new one", .path.display())]
    Ended { path: PathBuf, day: chrono::NaiveDate },
    #[error("the certificate in {} is not valid before {day}: is the clock of this machine right?", .path.display())]
    NotYet { path: PathBuf, day: chrono::NaiveDate },
}

/// Where the certificate and its key lie. The certificate's file begins with the server's own, then those between it and
/// the authority, if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What two files hold.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate with its key, ready to serve.
struct Identity {
    config: Arc<ServerConfig>,
    /// When the certificate ends.
    ends: Timestamp,
}

impl Files {
    async fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents { certificate: read(&self.certificate).await?, key: read(&self.key).await? })
    }

    /// Makes of the files' contents what serves, if it can serve at `now`.
    fn identity(&self, contents: &Contents, now: Timestamp) -> Result<Identity, TlsError> {
        let no_certificate = || TlsError::NoCertificate(self.certificate.clone());
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&contents.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| no_certificate())?;
        let own = chain.first().ok_or_else(no_certificate)?;
        let (begins, ends) = validity(own).ok_or_else(no_certificate)?;
        let path = self.certificate.clone();
        if now > ends {
            return Err(TlsError::Ended { path, day: day(ends) });
        }
        if now < begins {
            return Err(TlsError::NotYet { path, day: day(begins) });
        }
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| TlsError::NoKey(self.key.clone()))?;
        let config = config(chain, key).map_err(|error| TlsError::Unusable { files: self.clone(), error })?;
        Ok(Identity { config: Arc::new(config), ends })
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    tokio::fs::read(path).await.map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })
}

/// The one provider of cryptography here.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// From when until when a certificate is valid.
fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = parsed.validity();
    Some((Timestamp(validity.not_before.timestamp() * 1000), Timestamp(validity.not_after.timestamp() * 1000)))
}

/// The day of a time, in UTC as certificates count.
pub(crate) fn day(at: Timestamp) -> chrono::NaiveDate {
    chrono::DateTime::from_timestamp_millis(at.0).map_or(chrono::NaiveDate::MIN, |at| at.date_naive())
}
