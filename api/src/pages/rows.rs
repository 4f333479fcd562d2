//! Long lists: a hundred rows at a time, how many there are, and the way to the others.
use super::words::Words;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rust_i18n::t;

/// Rows on a page.
pub const ROWS: usize = 100;

/// What stands below a list.
pub struct Pager {
    /// Which rows of how many; empty for a list that fits.
    pub says: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Where a list is had whole, as a file: what `sheets.html` shows.
pub struct Sheets {
    pub csv: String,
    pub xlsx: String,
}

impl Sheets {
    /// Of a list below `/api/v1/sheets/`, with what narrows it.
    #[must_use]
    pub fn of(list: &str, asked: &[(&str, &str)]) -> Self {
        let path = format!("/api/v1/sheets/{list}");
        let to = |format| address(&path, &[asked, &[("format", format)]].concat());
        Self { csv: to("csv"), xlsx: to("xlsx") }
    }
}

/// The rows of a page, counted from 1, of all that were found. `address` gives that of another page.
pub fn cut<T>(words: &Words, all: Vec<T>, page: &str, address: impl Fn(usize) -> String) -> (Vec<T>, Pager) {
    let total = all.len();
    let pages = total.div_ceil(ROWS).max(1);
    let page = page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let rows: Vec<T> = all.into_iter().skip((page - 1) * ROWS).take(ROWS).collect();
    let first = (page - 1) * ROWS + 1;
    let last = first + rows.len().saturating_sub(1);
    let shown = || t!("rows.shown", locale = words.lang(), first = first, last = last, total = total).into_owned();
    let says = if pages > 1 { shown() } else { String::new() };
    let before = (page > 1).then(|| address(page - 1));
    let after = (page < pages).then(|| address(page + 1));
    (rows, Pager { says, before, after })
}

/// An address with what is asked; what is empty is left out.
#[must_use]
pub fn address(path: &str, asked: &[(&str, &str)]) -> String {
    let filled = asked.iter().filter(|(_, value)| !value.is_empty());
    let pairs = filled.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Whether a text holds every word that was typed, whatever the case.
#[must_use]
pub fn holds(text: &str, typed: &str) -> bool {
    let text = text.to_lowercase();
    typed.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_written_as_addresses_are() {
        assert_eq!(address("/people", &[("q", ""), ("page", "")]), "/people");
        assert_eq!(address("/people", &[("q", "李 a&b"), ("page", "2")]), "/people?q=%E6%9D%8E%20a%26b&page=2");
    }

    #[test]
    fn every_word_is_looked_for() {
        assert!(holds("li 李敏 综合窗口 t01", "LI 窗口") && !holds("li 李敏", "li 王") && holds("li", ""));
    }
}
