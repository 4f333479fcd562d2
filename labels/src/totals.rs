//! Sums of a manifest by destination, and how they are printed. Counts only what is listed.
use crate::draft::{Across, Down, Draft};
use crate::fit::Sizes;
use crate::manifest::Line;
use crate::page::{Area, MM, Um};
use std::collections::BTreeMap;

/// Totals beside each other.
pub const COLUMNS: usize = 3;

/// Dossiers and their pages or pieces for one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    pub destination: String,
    pub dossiers: usize,
    pub pieces: u32,
}

impl Total {
    fn words(&self) -> String {
        match self.pieces {
            0 => format!("{} {} 件", self.destination, self.dossiers),
            pieces => format!("{} {} 件 {pieces} 页", self.destination, self.dossiers),
        }
    }
}

/// A total for each destination, in the order of their names.
#[must_use]
pub fn of(lines: &[Line]) -> Vec<Total> {
    let mut sums: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(&line.destination).or_default();
        *sum = (sum.0 + 1, sum.1 + line.pieces.map_or(0, u32::from));
    }
    let named = |(name, (dossiers, pieces)): (&str, _)| Total { destination: name.to_owned(), dossiers, pieces };
    sums.into_iter().map(named).collect()
}

/// Totals in columns, row by row; `row` micrometres high.
pub fn grid(draft: &mut Draft, area: Area, totals: &[Total], row: Um) {
    let w = area.w / COLUMNS as Um;
    for (at, total) in totals.iter().enumerate() {
        let (column, line) = ((at % COLUMNS) as Um, (at / COLUMNS) as Um);
        let cell = Area::new(area.x + column * w, area.y + line * row, w - 2 * MM, row);
        draft.text(cell, &total.words(), Sizes::block(3_200, 1_800, 2), (Across::Left, Down::Middle));
    }
}
