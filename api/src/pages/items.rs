//! Items to choose, below the field of the item at the counter while somebody types.
use super::page;
use super::register::RegisterQuery;
use super::words::Words;
use crate::access::Permit;
use crate::app::App;
use crate::catalogue;
use crate::problem::{Params, Problem};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use registers::item::ItemRow;

/// So many are shown.
const SUGGESTED: usize = 10;

#[derive(Template)]
#[template(path = "items.html")]
struct Items {
    words: Words,
    found: Vec<Choice>,
}

/// An item to choose.
pub(super) struct Choice {
    pub code: String,
    pub name: String,
    pub department: String,
}

impl Choice {
    pub(super) fn of(words: &Words, item: &ItemRow) -> Self {
        Self { code: item.code.to_string(), name: item.name.clone(), department: words.site(&item.department) }
    }
}

/// `GET /register/items`: options for the field of the item, while somebody types.
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<RegisterQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let known = app.known();
    let found = catalogue::find(known.items.values(), &query.q, SUGGESTED);
    let found = found.into_iter().map(|item| Choice::of(&words, item)).collect();
    Ok(page(&Items { words, found }))
}
