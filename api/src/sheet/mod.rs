//! Lists as sheets for Excel and its kin: a row at a time, CSV or XLSX. What people typed stays text: no cell is ever taken
//! for a formula, and none breaks its neighbours. Never holds who an applicant is; whoever adds a list sees to it.
//!
//! To add a list: a door in `v1/sheets.rs`, its line in `router.rs`, and `sheets.html` on its page.
mod read;
mod write;

pub use read::{Row, Unreadable, rows};
pub use write::{Cell, Format, ROWS_MAX, Sheet};

/// What a formula begins with, in either width. (OWASP, *CSV Injection*.)
const BEGINS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Whether a program might take a text for a formula. It may pass over what cannot be seen, so that is passed over here too.
fn might_be_formula(text: &str) -> bool {
    let unseen = |c: char| {
        let marks = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        c.is_whitespace() || c.is_control() || marks || c == '\u{fffd}'
    };
    text.starts_with(['\t', '\r', '\n']) || text.trim_start_matches(unseen).starts_with(BEGINS)
}

/// A text that CSV cannot mark as text is marked by an apostrophe.
fn harmless(text: &str) -> String {
    if might_be_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// What [`harmless`] was made from: a sheet of ours that comes back means what it meant.
fn as_it_was(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| might_be_formula(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_might_be_a_formula_is_marked_and_comes_back_as_it_was() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "＋1",
            "－1",
            "＠A",
            " =1",
            "\u{200b}=1",
            "\u{feff}=1",
            "-",
        ] {
            assert_eq!(harmless(formula), format!("'{formula}"), "{formula:?}");
            assert_eq!(as_it_was(&harmless(formula)), formula);
        }
        for plain in ["", "张三", "1=1", "a-b", "'quoted'", "''", "\u{202e}abc"] {
            assert_eq!(harmless(plain), plain, "{plain:?}");
            assert_eq!(as_it_was(plain), plain);
        }
    }
}
