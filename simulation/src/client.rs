//! The product as seen from outside: one HTTP client, JSON in and out, patient when asked to be. Whatever is refused is
//! an error here; nobody above has to look at a status.
use crate::county::CountyError;
use crate::wire::Page;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// How often a request is made again after 503.
const PATIENCE: u32 = 30;
/// Seconds to wait when the answer does not say.
const WAIT_SECONDS: u64 = 1;

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error(transparent)]
    County(#[from] CountyError),
    #[error("the connection failed: {0}")]
    Connection(#[from] reqwest::Error),
    #[error("{method} {path} was answered with {status}: {body}")]
    Refused { method: Method, path: String, status: u16, body: String },
    #[error("scan {scan} was answered with {status}: {problem}")]
    ScanRefused { scan: String, status: String, problem: String },
    #[error("a batch of {sent} scans was answered with {answered} results")]
    Results { sent: usize, answered: usize },
    #[error("{expected} scans of foreign labels were sent, {strays} came back as strays")]
    Strays { expected: usize, strays: usize },
    #[error("the answer to {path} cannot be read: {source}")]
    Answer { path: String, source: serde_json::Error },
    #[error("{wanted} labels were asked for, {minted} came, or one of them is none of ours")]
    Labels { wanted: usize, minted: usize },
    #[error("the exceptions are at log position {at:?} and should be at {wanted}")]
    Behind { at: Option<i64>, wanted: i64 },
    #[error("a task of the driver broke off")]
    Task,
}

/// One way to the product.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// To the product at `base_url`, such as `http://127.0.0.1:8080`; directly, past any proxy.
    ///
    /// # Errors
    /// If no client can be built on this machine.
    pub fn new(base_url: &str, token: &str) -> Result<Self, SimulationError> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { http, base: base_url.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// One request; the body of its answer, null if there is none.
    ///
    /// # Errors
    /// Anything but success.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, SimulationError> {
        let mut attempts = 0;
        loop {
            let url = format!("{}{path}", self.base);
            let mut request = self.http.request(method.clone(), url).bearer_auth(&self.token);
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = request.send().await?;
            let status = answer.status();
            if status.as_u16() == 503 && attempts < PATIENCE {
                attempts += 1;
                tokio::time::sleep(Duration::from_secs(retry_after(&answer))).await;
                continue;
            }
            let text = answer.text().await?;
            if !status.is_success() {
                return Err(SimulationError::Refused {
                    method,
                    path: path.to_owned(),
                    status: status.as_u16(),
                    body: text,
                });
            }
            let text = if text.is_empty() { "null" } else { &text };
            return serde_json::from_str(text)
                .map_err(|source| SimulationError::Answer { path: path.to_owned(), source });
        }
    }

    /// As [`Client::send`], read as a `T`.
    ///
    /// # Errors
    /// Anything but success, and an answer of another shape.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, SimulationError> {
        let value = self.send(method, path, body).await?;
        serde_json::from_value(value).map_err(|source| SimulationError::Answer { path: path.to_owned(), source })
    }

    /// Every item of a list, page by page, and the log position of the first page.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<(Vec<T>, Option<i64>), SimulationError> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{joint}limit=1000");
        let mut page: Page<T> = self.ask(Method::GET, &first, None).await?;
        let position = page.position;
        let mut all = Vec::new();
        loop {
            all.append(&mut page.items);
            let Some(next) = page.next else { return Ok((all, position)) };
            page = self.ask(Method::GET, &format!("{first}&cursor={}", escaped(&next)), None).await?;
        }
    }
}

fn retry_after(answer: &reqwest::Response) -> u64 {
    let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
    header.and_then(|seconds| seconds.parse().ok()).unwrap_or(WAIT_SECONDS)
}

/// A text as part of a query (RFC 3986).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
