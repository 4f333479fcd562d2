//! One label: QR code, code in groups of four, a name, what kind of thing it is stuck on, further lines.
//!
//! Everybody who handles a thing reads its label. Never pass the applicant's name or number, nor the service item: a
//! label that says adoption, disability or poverty relief tells the village. A site's name, a shelf's, or the name on
//! an employee's own badge are meant to be read. The code of an applicant's receipt belongs to the applicant alone.
//! One more arrangement: a variant of [`Arrangement`], one function here. One more size: a row in [`crate::formats`].
use crate::code;
use crate::draft::{Across, Down, Draft};
use crate::error::Error;
use crate::fit::{Sizes, height};
use crate::formats::{Arrangement, Format};
use crate::page::{Area, MM, Paper, Um};
use crate::qr::Symbol;
use domain::code::{Code, CodeKind};

/// What is printed on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub code: Code,
    /// What is read from afar: the site's name; for a shelf or slot its short name; for a badge the name on it.
    pub name: String,
    /// Further lines below it, in small print, three at most: the site of a shelf, where to hand in what was found.
    pub lines: Vec<String>,
    /// Of shelves only: a compartment of the sorting rack.
    pub slot: bool,
}

/// Further lines that are printed.
const LINES_MOST: usize = 3;
/// Smaller Chinese characters fill with ink at 203 dots per inch.
const LEAST: Um = 1_800;
const RULE: Um = 150;

impl Label {
    /// A label with a name and no further lines.
    #[must_use]
    pub fn new(code: Code, name: impl Into<String>) -> Self {
        Self { code, name: name.into(), lines: Vec::new(), slot: false }
    }

    /// What it is stuck on, in both languages.
    #[must_use]
    pub fn caption(&self) -> &'static str {
        match (self.code.kind(), self.slot) {
            (CodeKind::Dossier, _) => "卷宗 Dossier",
            (CodeKind::Bag, _) => "流转袋 Bag",
            (CodeKind::Site, _) => "网点 Site",
            (CodeKind::Shelf, false) => "架位 Shelf",
            (CodeKind::Shelf, true) => "格口 Slot",
            (CodeKind::Badge, _) => "工牌 Badge",
            (CodeKind::Receipt, _) => "受理回执 Receipt",
        }
    }
}

/// One label alone, at its size: for a picture on a screen. [`crate::sheet::print`] makes what goes to a printer.
///
/// # Errors
/// [`Error::TextTooLong`], [`Error::SymbolTooSmall`], [`Error::Resolution`]
pub fn draw(label: &Label, format: &Format, host: Option<&str>, dpi: u16) -> Result<Paper, Error> {
    let draft = lay_out(label, format, host, dpi)?;
    Ok(Paper { title: label.caption(), pages: vec![draft.page], missing: draft.missing, shortened: draft.shortened })
}

pub(crate) fn lay_out(label: &Label, format: &Format, host: Option<&str>, dpi: u16) -> Result<Draft, Error> {
    let mut draft = Draft::new(format.label.0, format.label.1);
    let symbol = Symbol::of(host, label.code)?;
    match format.arrangement {
        Arrangement::Beside => beside(&mut draft, label, symbol, dpi)?,
        Arrangement::Above => above(&mut draft, label, symbol, dpi)?,
    }
    Ok(draft)
}

/// The code in groups that are well apart, as people read it aloud.
fn printed_code(label: &Label) -> String {
    code::grouped(label.code).replace(' ', "  ")
}

/// The quiet zone of the symbol is the margin around it.
fn beside(draft: &mut Draft, label: &Label, symbol: Symbol, dpi: u16) -> Result<(), Error> {
    let (w, h) = (draft.page.w, draft.page.h);
    let margin = (h * 3 / 100).clamp(1_000, 1_500);
    let (below, upper) = draft.area().cut_bottom(h / 8 + margin);
    let line = Area::new(margin * 2, below.y, w - margin * 4, below.h - margin);
    draft.text(line, &printed_code(label), Sizes::line(line.h * 9 / 10), (Across::Centre, Down::Middle));
    let taken = draft.qr(upper.cut_left(w * 3 / 5).0, symbol, dpi)?;
    let (_, words) = upper.cut_left(taken.w);
    let words = Area::new(words.x, words.y + margin * 2, words.w - margin * 2, words.h - margin * 5 / 2);
    let small = (h * 8 / 100).clamp(LEAST, 3_600);
    let below_caption = caption(draft, words, label.caption(), small);
    let above_lines = lines(draft, below_caption, &label.lines, small);
    let largest = (h * 16 / 100).max(LEAST);
    draft.text(above_lines, &label.name, Sizes::block(largest, LEAST, 8), (Across::Left, Down::Middle));
    Ok(())
}

/// The caption with a rule below it; returns what is left of the box.
fn caption(draft: &mut Draft, area: Area, text: &str, size: Um) -> Area {
    let (top, _) = area.cut_top(height(size, 1));
    draft.text(top, text, Sizes::line(size), (Across::Left, Down::Top));
    draft.bar(area.x, top.bottom() + size / 6, area.w, RULE);
    area.cut_top(top.h + size / 2).1
}

/// Further lines at the foot of a box; returns what is left of it.
fn lines(draft: &mut Draft, area: Area, lines: &[String], size: Um) -> Area {
    let mut left = area;
    for line in lines.iter().take(LINES_MOST).rev() {
        let (foot, rest) = left.cut_bottom(height(size, 1));
        let sizes = Sizes { most: size, least: LEAST.min(size) * 3 / 4, lines: 1 };
        draft.text(foot, line, sizes, (Across::Left, Down::Bottom));
        left = rest;
    }
    draft.shortened.extend(lines.iter().skip(LINES_MOST).cloned());
    left
}

/// What people write on a bag label, by hand.
const TO_WRITE: [&str; 5] = ["封签号 Seal no.", "发往 To", "件数 Pieces", "日期时间 Date, time", "经手人 Handled by"];

fn above(draft: &mut Draft, label: &Label, symbol: Symbol, dpi: u16) -> Result<(), Error> {
    let area = draft.area().inset(4 * MM);
    let rest = caption(draft, area, label.caption(), 6 * MM);
    let written: &[&str] = if label.code.kind() == CodeKind::Bag { &TO_WRITE } else { &[] };
    let (foot, rest) = rest.cut_bottom(written.len() as Um * 8 * MM);
    to_write(draft, foot, written);
    let rest = lines(draft, rest, &label.lines, 4 * MM);
    let (code_line, rest) = rest.cut_bottom(11 * MM);
    draft.text(code_line, &printed_code(label), Sizes::line(9_800), (Across::Centre, Down::Middle));
    // The name keeps 14 mm; a symbol of whole dots leaves some more.
    let (_, lowest) = rest.cut_top(14 * MM);
    let drawn = Draft::new(0, 0).qr(lowest, symbol.clone(), dpi)?;
    let corner = Area::new(area.x + (area.w - drawn.w) / 2, rest.bottom() - drawn.h, drawn.w, drawn.h);
    draft.qr(corner, symbol, dpi)?;
    let (name, _) = rest.cut_top(rest.h - drawn.h);
    draft.text(name, &label.name, Sizes::block(11 * MM, 3 * MM, 3), (Across::Centre, Down::Middle));
    Ok(())
}

/// A caption and a rule to write on, one below the other.
fn to_write(draft: &mut Draft, area: Area, captions: &[&str]) {
    for (at, caption) in captions.iter().enumerate() {
        let row = Area::new(area.x, area.y + at as Um * 8 * MM, area.w, 8 * MM);
        let (words, line) = row.cut_left(30 * MM);
        draft.text(words, caption, Sizes::line(3 * MM), (Across::Left, Down::Bottom));
        draft.bar(line.x, row.bottom() - 400, line.w, RULE);
    }
}
