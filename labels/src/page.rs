//! A page before any file format: boxes in micrometres, computed once, drawn by [`crate::svg`], [`crate::bitmap`] and
//! [`crate::pdf`]. Black only, so that a thermal printer prints the same. Nothing here measures or decides.
//! One more kind of mark: a variant of [`Item`], then each of the three renderers asks for its arm.
use crate::error::Error;
use crate::qr::Symbol;
use crate::{bitmap::Bitmap, font, pdf, svg};
use std::collections::BTreeSet;

/// Micrometres, from the upper left corner, right and down.
pub type Um = i32;

/// Micrometres of a millimetre.
pub const MM: Um = 1000;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub x: Um,
    pub y: Um,
    pub w: Um,
    pub h: Um,
}

impl Area {
    #[must_use]
    pub fn new(x: Um, y: Um, w: Um, h: Um) -> Self {
        Self { x, y, w, h }
    }

    #[must_use]
    pub fn right(self) -> Um {
        self.x + self.w
    }

    #[must_use]
    pub fn bottom(self) -> Um {
        self.y + self.h
    }

    /// The same rectangle without a border of `by`.
    #[must_use]
    pub fn inset(self, by: Um) -> Self {
        Self::new(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)
    }

    /// The uppermost `h`, and what is left below it.
    #[must_use]
    pub fn cut_top(self, h: Um) -> (Self, Self) {
        (Self { h, ..self }, Self::new(self.x, self.y + h, self.w, self.h - h))
    }

    /// The lowest `h`, and what is left above it.
    #[must_use]
    pub fn cut_bottom(self, h: Um) -> (Self, Self) {
        (Self::new(self.x, self.bottom() - h, self.w, h), Self { h: self.h - h, ..self })
    }

    /// The leftmost `w`, and what is left beside it.
    #[must_use]
    pub fn cut_left(self, w: Um) -> (Self, Self) {
        (Self { w, ..self }, Self::new(self.x + w, self.y, self.w - w, self.h))
    }

    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// A QR symbol with its quiet zone around it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedQr {
    /// Corner of the quiet zone.
    pub x: Um,
    pub y: Um,
    /// Side of one module in micrometres: a whole number of the printer's dots.
    pub module: f64,
    pub symbol: Symbol,
}

/// One line of text; `size` is the side of a Chinese character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub x: Um,
    pub baseline: Um,
    pub size: Um,
    pub text: String,
}

/// One black mark.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Qr(PlacedQr),
    Text(Run),
    /// A filled rectangle: rules and frames are thin ones.
    Bar(Area),
}

impl Item {
    /// What the mark may blacken; of a QR symbol with its quiet zone.
    #[must_use]
    pub fn bounds(&self) -> Area {
        match self {
            Self::Qr(qr) => {
                let side = (qr.module * qr.symbol.side() as f64).ceil() as Um;
                Area::new(qr.x, qr.y, side, side)
            }
            Self::Text(run) => {
                let (above, below) = (font::scaled(font::ASCENT, run.size), font::scaled(font::DESCENT, run.size));
                Area::new(run.x, run.baseline - above, font::width_at(&run.text, run.size), above + below)
            }
            Self::Bar(area) => *area,
        }
    }

    /// The same mark elsewhere.
    #[must_use]
    pub fn moved(self, right: Um, down: Um) -> Self {
        match self {
            Self::Qr(qr) => Self::Qr(PlacedQr { x: qr.x + right, y: qr.y + down, ..qr }),
            Self::Text(run) => Self::Text(Run { x: run.x + right, baseline: run.baseline + down, ..run }),
            Self::Bar(area) => Self::Bar(Area { x: area.x + right, y: area.y + down, ..area }),
        }
    }
}

/// One page, or one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub w: Um,
    pub h: Um,
    pub items: Vec<Item>,
}

/// A character the font lacks. It was printed as □ and its code point: tell the clerk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Missing {
    pub character: char,
}

impl Missing {
    /// `U+2B4E7`
    #[must_use]
    pub fn code_point(self) -> String {
        format!("U+{:04X}", u32::from(self.character))
    }
}

/// Finished pages, and what could not be printed as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Paper {
    /// Of the document; shown by a viewer, never printed.
    pub title: &'static str,
    pub pages: Vec<Page>,
    /// Characters the font lacks, each once.
    pub missing: BTreeSet<Missing>,
    /// Texts that were cut off with …, as they were given.
    pub shortened: Vec<String>,
}

impl Paper {
    /// All pages as one PDF. The same pages give the same bytes.
    ///
    /// # Errors
    /// [`Error::NothingToPrint`] without pages; [`Error::Internal`].
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        pdf::write(&self.pages, self.title)
    }

    /// Each page as an SVG document. Text is drawn as outlines, so it looks the same without the font.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub fn svgs(&self) -> Result<Vec<String>, Error> {
        self.pages.iter().map(|page| svg::write(page, self.title)).collect()
    }

    /// Each page in the dots of a printer.
    ///
    /// # Errors
    /// [`Error::Resolution`], [`Error::Internal`]
    pub fn bitmaps(&self, dpi: u16) -> Result<Vec<Bitmap>, Error> {
        self.pages.iter().map(|page| Bitmap::draw(page, dpi)).collect()
    }
}
