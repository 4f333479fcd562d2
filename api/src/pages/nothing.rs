//! A problem where a person looks: whoever opened an address in a browser reads a page in words, not JSON. The status, and what
//! programs are answered, stay as they are.
use super::Words;
use crate::app::App;
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

#[derive(Template)]
#[template(path = "nothing.html")]
struct NothingPage {
    words: Words,
    says: String,
    /// The number to quote of what only the operator can mend.
    quote: Option<String>,
}

/// Around every route but the JSON doors: a problem that a browser would show becomes a page.
pub async fn in_words(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reads = accepts.contains("text/html") && !request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>().filter(|_| reads) else { return response };
    let words = Words::of(&headers, app.known());
    let number = problem.detail.as_deref().and_then(|detail| detail.rsplit(' ').next());
    let quote = number.filter(|number| uuid::Uuid::parse_str(number).is_ok()).map(ToOwned::to_owned);
    let shown = NothingPage { says: words.problem(&problem), quote, words };
    if let Ok(html) = shown.render() {
        *response.body_mut() = html.into();
        let own = response.headers_mut();
        own.remove(header::CONTENT_LENGTH);
        own.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    response
}
