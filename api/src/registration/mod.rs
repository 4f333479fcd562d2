//! Registering dossiers by a sheet: what its columns mean, what is wrong with each row, and carrying out what is right. A
//! preview writes nothing; what is carried out goes through the same gate as a registration at the counter, with a request id
//! made from what the row says, so that a sheet that comes twice does nothing twice.
mod carry_out;
mod check;
mod row;

pub use carry_out::{Failed, carry_out};
pub use check::{Checked, Verdict, check};
pub use row::Wrong;

use crate::sheet;
use rust_i18n::t;
use serde::{Deserialize, Serialize};

/// What a column of the sheet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Label,
    Number,
    Kind,
    Item,
    Destination,
    Home,
    Case,
    Materials,
}

impl Column {
    /// In the order of the template.
    pub const ALL: [Self; 8] =
        [Self::Label, Self::Number, Self::Kind, Self::Item, Self::Destination, Self::Home, Self::Case, Self::Materials];

    /// Its name in any sheet and in the keys of its words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Number => "dossier_no",
            Self::Kind => "kind",
            Self::Item => "item",
            Self::Destination => "destination",
            Self::Home => "home",
            Self::Case => "case_no",
            Self::Materials => "materials",
        }
    }

    /// Whether a sheet must have it.
    #[must_use]
    pub fn is_needed(self) -> bool {
        matches!(self, Self::Label | Self::Number | Self::Home)
    }
}

/// One row of a sheet, its cells in the order of [`Column::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// As spreadsheets count it.
    pub number: usize,
    pub cells: [String; 8],
}

impl Line {
    /// What stands in a column.
    #[must_use]
    pub fn cell(&self, column: Column) -> &str {
        &self.cells[column as usize]
    }
}

/// Why no row of a sheet can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    NoRows,
    NoColumn(Column),
    TwiceColumn(Column),
    /// It might have been meant for one of ours: nothing is passed over.
    UnknownColumn(String),
}

/// What a head is called in either language, and its plain name.
fn is_called(head: &str, key: &str, name: &str) -> bool {
    let called = |lang: &str| t!(key, locale = lang).to_lowercase() == head.to_lowercase();
    head.eq_ignore_ascii_case(name) || called("zh-CN") || called("en")
}

/// Columns that our own sheets add; they are passed over.
const ADDED: [&str; 2] = ["row", "wrong"];

/// The lines below the heads.
///
/// # Errors
/// No heads that are known, or nothing below them.
pub fn lines(rows: Vec<sheet::Row>) -> Result<Vec<Line>, Misread> {
    let mut rows = rows.into_iter();
    let (_, heads) = rows.next().ok_or(Misread::NoRows)?;
    let mut places = [None; 8];
    for (head, place) in heads.iter().zip(0..).filter(|(head, _)| !head.is_empty()) {
        let named = |column: &Column| is_called(head, &format!("registering.col_{}", column.name()), column.name());
        match Column::ALL.into_iter().find(named) {
            Some(column) if places[column as usize].is_some() => return Err(Misread::TwiceColumn(column)),
            Some(column) => places[column as usize] = Some(place),
            None if ADDED.iter().any(|name| is_called(head, &format!("registering.col_{name}"), name)) => {}
            None => return Err(Misread::UnknownColumn(head.chars().take(40).collect())),
        }
    }
    if let Some(missing) = Column::ALL.into_iter().find(|it| it.is_needed() && places[*it as usize].is_none()) {
        return Err(Misread::NoColumn(missing));
    }
    let cell = |cells: &[String], place: Option<usize>| place.and_then(|it| cells.get(it)).cloned().unwrap_or_default();
    let lines = rows.map(|(number, cells)| Line { number, cells: places.map(|place| cell(&cells, place)) });
    let lines: Vec<Line> = lines.filter(|line| line.cells.iter().any(|cell| !cell.is_empty())).collect();
    if lines.is_empty() { Err(Misread::NoRows) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&[&str]]) -> Result<Vec<Line>, Misread> {
        let text = |cells: &&[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        lines((1..).zip(rows.iter().map(text)).collect())
    }

    #[test]
    fn columns_are_known_in_both_languages_in_any_order() {
        let lines =
            read(&[&["领取地点", "Dossier number", "label", "问题"], &["t01", "A-1", "L", "x"], &["", "", "", "y"]])
                .unwrap();
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(
            (line.number, line.cell(Column::Home), line.cell(Column::Number), line.cell(Column::Label)),
            (2, "t01", "A-1", "L")
        );
        assert_eq!(line.cell(Column::Item), "");
    }

    #[test]
    fn a_column_that_is_missing_double_or_unknown_is_named() {
        assert_eq!(read(&[]), Err(Misread::NoRows));
        assert_eq!(read(&[&["label", "home"], &["a", "b"]]), Err(Misread::NoColumn(Column::Number)));
        assert_eq!(read(&[&["label", "标签"], &["a", "b"]]), Err(Misread::TwiceColumn(Column::Label)));
        assert_eq!(read(&[&["label", "desk"], &["a", "b"]]), Err(Misread::UnknownColumn("desk".to_owned())));
        assert_eq!(read(&[&["label", "dossier_no", "home"]]), Err(Misread::NoRows));
    }
}
