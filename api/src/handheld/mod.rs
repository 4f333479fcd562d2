//! The handheld: an installable page of plain modules, served with everything it needs to live for days without network.
//! Its files lie in `api/assets/handheld`, what others wrote in `api/assets/vendor` with licence, version and hash.
//!
//! All files of a version are served below the hash of them all, so that each may be kept for ever and a version is whole
//! or absent. To add a file: a line in [`files`].
mod files;

use crate::app::App;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::table::{REPEAT_MS, Row, STOP_MINUTES, TABLE};
use files::{FILES, VENDOR};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Compiling the decoder needs `wasm-unsafe-eval`; no other page has it.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The page and its worker say which version is the newest: always asked for.
const ASK_FIRST: &str = "no-cache";

/// What the page reads of the rules: the table and its constants, as they are in Rust.
#[derive(Serialize)]
struct Rules {
    rows: &'static [Row],
    stop_minutes: u32,
    repeat_ms: i64,
}

/// The rules as JSON.
#[must_use]
pub fn rules() -> String {
    let rules = Rules { rows: TABLE, stop_minutes: STOP_MINUTES, repeat_ms: REPEAT_MS };
    serde_json::to_string(&rules).expect("rows of literals are JSON")
}

/// What depends on every file: made once.
struct Version {
    hash: String,
    rules: String,
    page: String,
    worker: String,
}

static VERSION: LazyLock<Version> = LazyLock::new(|| {
    let rules = rules();
    let mut hasher = Sha256::new();
    let all = FILES.iter().chain(VENDOR).map(|file| (file.name, file.bytes)).chain([("rules.json", rules.as_bytes())]);
    for (name, bytes) in all {
        hasher.update(name);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    let hash: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let address = |name: &str| format!("/handheld/{hash}/{name}");
    let at_start = FILES.iter().filter(|file| file.at_start);
    let module = |address: String| format!("<link rel=\"modulepreload\" href=\"{address}\">");
    let modules = at_start.clone().filter(|file| file.name.ends_with(".js")).map(|file| module(address(file.name)));
    let idb = VENDOR.iter().filter(|file| file.at_start).map(|file| module(format!("/handheld/vendor/{}", file.name)));
    let preloads: Vec<String> = modules.chain(idb).collect();
    let page = text("index.html").replace("{{preloads}}", &preloads.join("\n")).replace("{{version}}", &hash);
    let cached = FILES.iter().filter(|file| file.is_part()).map(|file| address(file.name));
    let cached: Vec<String> = cached.chain([address("rules.json")]).collect();
    let vendor: Vec<String> = VENDOR.iter().map(|file| format!("/handheld/vendor/{}", file.name)).collect();
    let json = |list: &[String]| serde_json::to_string(list).expect("texts are JSON");
    let worker = text("sw.js").replace("{{version}}", &hash).replace("{{files}}", &json(&cached));
    let worker = worker.replace("{{vendor}}", &json(&vendor));
    Version { rules, page, worker, hash }
});

fn text(name: &str) -> String {
    let file = FILES.iter().find(|file| file.name == name);
    String::from_utf8_lossy(file.expect("it is listed in files.rs").bytes).into_owned()
}

/// The page's addresses. Open to all: it holds nothing but the program.
pub fn router() -> Router<App> {
    Router::new()
        .route("/handheld", get(|| async { Redirect::permanent("/handheld/") }))
        .route("/handheld/", get(|| async { answer("text/html; charset=utf-8", ASK_FIRST, VERSION.page.clone()) }))
        .route("/handheld/sw.js", get(|| async { answer(SCRIPT, ASK_FIRST, VERSION.worker.clone()) }))
        .route("/handheld/rules.json", get(|| async { answer(JSON, ASK_FIRST, VERSION.rules.clone()) }))
        .route("/handheld/manifest.webmanifest", get(|| async { named("manifest.webmanifest", ASK_FIRST) }))
        .route("/handheld/{icon}", get(|Path(icon): Path<String>| async move { an_icon(&icon) }))
        .route("/handheld/vendor/{*name}", get(vendor))
        .route("/handheld/{version}/{name}", get(part))
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// A file of this version. Another version's files are gone: its page will ask for the new one.
async fn part(Path((version, name)): Path<(String, String)>) -> Response {
    if version != VERSION.hash {
        return crate::problem::Problem::not_found().into_response();
    }
    if name == "rules.json" { answer(JSON, FOR_EVER, VERSION.rules.clone()) } else { named(&name, FOR_EVER) }
}

fn named(name: &str, keep: &'static str) -> Response {
    match FILES.iter().find(|file| file.name == name && file.is_part()) {
        Some(file) => answer(file.kind, keep, Bytes::from_static(file.bytes)),
        None => crate::problem::Problem::not_found().into_response(),
    }
}

fn an_icon(name: &str) -> Response {
    let is_icon = name.starts_with("icon-");
    if is_icon { named(name, FOR_EVER) } else { crate::problem::Problem::not_found().into_response() }
}

/// What others wrote, by its own version. What is large comes compressed, if the browser takes it so.
async fn vendor(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = VENDOR.iter().find(|file| file.name == name) else {
        return crate::problem::Problem::not_found().into_response();
    };
    let takes = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes_brotli = takes.split(',').any(|one| one.trim().starts_with("br"));
    let Some(brotli) = file.brotli else { return answer(file.kind, FOR_EVER, Bytes::from_static(file.bytes)) };
    let body = if takes_brotli { brotli } else { file.bytes };
    let mut response = answer(file.kind, FOR_EVER, Bytes::from_static(body));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if takes_brotli {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn answer(kind: &'static str, keep: &'static str, body: impl Into<Bytes>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (StatusCode::OK, headers, body.into()).into_response()
}

#[cfg(test)]
mod tests;
