//! Ruled tables of a fixed row height. A text that is too long for its cell wraps, shrinks, and is cut off with … in the
//! end. Knows nothing of pages: the paper decides how many rows it takes.
use crate::draft::{Across, Down, Draft};
use crate::fit::Sizes;
use crate::page::{Area, MM, Um};

const RULE: Um = 150;
const PADDING: Um = MM;

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub title: &'static str,
    /// Micrometres.
    pub w: Um,
    pub across: Across,
}

/// Size of the texts and height of the rows, micrometres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub row: Um,
    pub text: Um,
    /// Lines in one cell.
    pub lines: usize,
}

/// Width of all columns together, micrometres.
#[must_use]
pub fn width(columns: &[Column]) -> Um {
    columns.iter().map(|column| column.w).sum()
}

/// The head row with the corner at `x`, `y`. Returns where the first row begins.
pub fn head(draft: &mut Draft, (x, y): (Um, Um), columns: &[Column], look: Look) -> Um {
    draft.bar(x, y, width(columns), 2 * RULE);
    let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
    let centred: Vec<Column> = columns.iter().map(|column| Column { across: Across::Centre, ..*column }).collect();
    row(draft, (x, y), &centred, &titles, look)
}

/// One row with the corner at `x`, `y`: a cell for each column. Returns where the next row begins.
pub fn row(draft: &mut Draft, (x, y): (Um, Um), columns: &[Column], cells: &[&str], look: Look) -> Um {
    let sizes = Sizes::block(look.text, look.text * 55 / 100, look.lines);
    let mut left = x;
    draft.bar(left, y, RULE, look.row);
    for (column, cell) in columns.iter().zip(cells) {
        let inner = Area::new(left + PADDING, y + RULE, column.w - 2 * PADDING, look.row - RULE);
        draft.text(inner, cell, sizes, (column.across, Down::Middle));
        left += column.w;
        draft.bar(left - RULE, y, RULE, look.row);
    }
    draft.bar(x, y + look.row - RULE, width(columns), RULE);
    y + look.row
}
