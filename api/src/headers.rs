//! What every answer says about itself, so that a browser does no more with it than we mean. One table; a handler that says
//! otherwise is left alone. Nothing tells which program or version answers.
use crate::client_address::ClientAddress;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Header and value, of every answer.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    // The handheld scans with the camera; nothing else here needs a device.
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // For browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
    // What may be kept says so itself.
    (header::CACHE_CONTROL, "no-store"),
];

/// A year, told to those who came by TLS: come so again.
const HSTS: &str = "max-age=31536000";

/// Adds the headers.
pub async fn add(request: Request, next: Next) -> Response {
    let https = request.extensions().get::<ClientAddress>().is_some_and(|client| client.https);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}
