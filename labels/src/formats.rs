//! The label formats, as data. Nothing else in this crate knows a size of label.
//! One more format: one row of [`FORMATS`], then print its calibration page and lay it over a sheet.
//!
//! A4 rows: count and size of labels are those the maker prints on the box; columns and rows lie in the middle of the
//! paper, with no gap between rows and 2.5 mm between columns. The templates of glabels 3.4 (`avery-iso-templates.xml`)
//! have the same sizes and differ from our margins by up to 1.3 mm, so measure: that is what calibration is for.
use crate::dots::Printer;
use crate::page::{Area, Um};

/// How a label is arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// QR on the left, words beside it, code below: for labels wider than high.
    Beside,
    /// QR in the middle, words above, code and lines to write on below: for labels higher than wide.
    Above,
}

/// Where the labels lie on a page; micrometres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// As settings, addresses and commands name it.
    pub name: &'static str,
    pub page: (Um, Um),
    pub columns: usize,
    pub rows: usize,
    /// From the paper's upper left corner to the first label's.
    pub margin: (Um, Um),
    /// From one label's corner to that of the next, right and down.
    pub pitch: (Um, Um),
    pub label: (Um, Um),
    pub arrangement: Arrangement,
    /// Dots per inch of the printers it is made for.
    pub dpi: u16,
    /// Where the sizes come from.
    pub source: &'static str,
}

const A4: (Um, Um) = (210_000, 297_000);
const ROLL: &str = "roll for label printers; the size is the label's own";

/// Every format.
pub const FORMATS: [Format; 9] = [
    roll("40x30", 40_000, 30_000, Arrangement::Beside),
    roll("50x30", 50_000, 30_000, Arrangement::Beside),
    roll("60x40", 60_000, 40_000, Arrangement::Beside),
    roll("70x50", 70_000, 50_000, Arrangement::Beside),
    roll("100x150", 100_000, 150_000, Arrangement::Above),
    a4("a4-2x7", (2, 7), (99_100, 38_100), "99.1 × 38.1 mm, 14 a sheet: Avery L7163 and equals"),
    a4("a4-3x7", (3, 7), (63_500, 38_100), "63.5 × 38.1 mm, 21 a sheet: Avery L7160 and equals"),
    a4("a4-3x8", (3, 8), (63_500, 33_900), "63.5 × 33.9 mm, 24 a sheet: Avery L7159 and equals"),
    a4("a4-5x13", (5, 13), (38_100, 21_200), "38.1 × 21.2 mm, 65 a sheet: Avery L7651 and equals"),
];

/// The format of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

const fn roll(name: &'static str, w: Um, h: Um, arrangement: Arrangement) -> Format {
    Format {
        name,
        page: (w, h),
        columns: 1,
        rows: 1,
        margin: (0, 0),
        pitch: (w, h),
        label: (w, h),
        arrangement,
        dpi: 203,
        source: ROLL,
    }
}

/// A sheet whose labels lie in the middle of the paper.
const fn a4(name: &'static str, (columns, rows): (usize, usize), label: (Um, Um), source: &'static str) -> Format {
    let pitch = (label.0 + 2_500, label.1);
    let (across, down) = (columns as Um - 1, rows as Um - 1);
    let margin = ((A4.0 - label.0 - across * pitch.0) / 2, (A4.1 - label.1 - down * pitch.1) / 2);
    Format { name, page: A4, columns, rows, margin, pitch, label, arrangement: Arrangement::Beside, dpi: 600, source }
}

impl Format {
    /// Labels on one page.
    #[must_use]
    pub fn places(&self) -> usize {
        self.columns * self.rows
    }

    /// The label at a place, counted from 0 along the rows.
    #[must_use]
    pub fn place(&self, at: usize) -> Area {
        let (column, row) = (at % self.columns, at / self.columns % self.rows);
        let x = self.margin.0 + column as Um * self.pitch.0;
        let y = self.margin.1 + row as Um * self.pitch.1;
        Area::new(x, y, self.label.0, self.label.1)
    }

    /// Whether it is a roll for label printers: one label a page, as large as the page.
    #[must_use]
    pub fn is_roll(&self) -> bool {
        self.page == self.label
    }

    /// A printer of the usual resolution that prints where it should.
    #[must_use]
    pub fn printer(&self) -> Printer {
        Printer { dpi: self.dpi, ..Printer::default() }
    }
}
