//! `GET /ca.crt`: the authority's certificate, for phones and desks to fetch before they trust this server. It is public, so
//! no credential is asked; what it is worth, people judge by its fingerprint.
use super::{TlsError, read};
use crate::headers;
use axum::Router;
use axum::http::header;
use axum::middleware::from_fn;
use axum::routing::get;
use std::path::Path;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The route, with the certificate as it lies in the file now.
///
/// # Errors
/// No certificate in the file, or a key too, which nobody shall be handed.
pub async fn published(path: &Path) -> Result<Router, TlsError> {
    let text = read(path).await?;
    if PrivateKeyDer::from_pem_slice(&text).is_ok() {
        return Err(TlsError::KeyInPublic(path.to_owned()));
    }
    CertificateDer::from_pem_slice(&text).map_err(|_| TlsError::NoCertificate(path.to_owned()))?;
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/x-x509-ca-cert")], text) };
    Ok(Router::new().route("/ca.crt", get(answer)).layer(from_fn(headers::add)))
}
