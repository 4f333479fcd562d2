//! Labels in the words of thermal printers: a header, then our own dots, because a printer's own fonts lack characters
//! that names need. Everything is one picture a label; the same layout is drawn as for PNG, SVG and PDF.
//! Decides no layout. One more language: a variant of [`Language`], one function here, one reader in
//! `proof/thermal.rs` that gets the dots back.
//!
//! TSPL: lines end in CR LF, in `BITMAP` mode 0 a bit of 0 is black (TSC, Gprinter, Xprinter and their kin).
//! ZPL: `^GFA` takes a bit of 1 for black; its hexadecimal rows are shortened by the counts that the ZPL II guide calls
//! alternative data compression.
use crate::bitmap::Bitmap;
use crate::error::Error;
use crate::page::{MM, Page, Paper, Um};
use std::fmt::Write;

/// What a printer understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Tspl,
    Zpl,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Tspl, Self::Zpl];

    /// As settings, addresses and the database name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tspl => "tspl",
            Self::Zpl => "zpl",
        }
    }

    /// The language of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }
}

/// How a label printer is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roll {
    pub language: Language,
    /// Dots per inch; what was laid out for other dots is not sharp.
    pub dpi: u16,
    /// Between two labels, micrometres; ZPL printers measure it themselves.
    pub gap: Um,
    /// Of each label.
    pub copies: u16,
    /// Printed upside down: the roll hangs the other way round.
    pub turned: bool,
}

/// Between the labels of most rolls.
pub const GAP: Um = 2 * MM;

impl Roll {
    /// One copy from a roll with the usual gap.
    #[must_use]
    pub fn new(language: Language, dpi: u16) -> Self {
        Self { language, dpi, gap: GAP, copies: 1, turned: false }
    }
}

/// Everything that is sent to the printer: one label for each page, in their order.
///
/// # Errors
/// [`Error::NothingToPrint`], [`Error::Resolution`], [`Error::Internal`]
pub fn write(paper: &Paper, roll: Roll) -> Result<Vec<u8>, Error> {
    if paper.pages.is_empty() || roll.copies == 0 {
        return Err(Error::NothingToPrint);
    }
    let mut bytes = Vec::new();
    for page in &paper.pages {
        let dots = Bitmap::draw(page, roll.dpi)?;
        match roll.language {
            Language::Tspl => tspl(&mut bytes, page, &dots, roll),
            Language::Zpl => zpl(&mut bytes, &dots, roll),
        }
    }
    Ok(bytes)
}

fn tspl(bytes: &mut Vec<u8>, page: &Page, dots: &Bitmap, roll: Roll) {
    let direction = u8::from(!roll.turned);
    let (w, h, gap) = (mm(page.w), mm(page.h), mm(roll.gap));
    let head =
        format!("SIZE {w} mm,{h} mm\r\nGAP {gap} mm,0 mm\r\nDIRECTION {direction},0\r\nREFERENCE 0,0\r\nCLS\r\n");
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(format!("BITMAP 0,0,{},{},0,", dots.stride(), dots.h).as_bytes());
    bytes.extend(dots.rows().flatten().map(|byte| !byte));
    bytes.extend_from_slice(format!("\r\nPRINT 1,{}\r\n", roll.copies).as_bytes());
}

/// Millimetres without needless zeros.
fn mm(um: Um) -> String {
    (f64::from(um) / f64::from(MM)).to_string()
}

fn zpl(bytes: &mut Vec<u8>, dots: &Bitmap, roll: Roll) {
    let way = if roll.turned { 'I' } else { 'N' };
    let (stride, total) = (dots.stride(), dots.stride() * dots.h as usize);
    let head = format!("^XA\n^MNY\n^PW{}\n^LL{}\n^LH0,0\n^LS0\n^LT0\n^PO{way}\n^PQ{}\n", dots.w, dots.h, roll.copies);
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(format!("^FO0,0^GFA,{total},{total},{stride},").as_bytes());
    let mut above = String::new();
    for row in dots.rows() {
        let row = hexadecimal(row);
        // A colon is the row above once more.
        bytes.extend_from_slice(if row == above { ":".to_owned() } else { shortened(&row) }.as_bytes());
        above = row;
    }
    bytes.extend_from_slice(b"^FS\n^XZ\n");
}

fn hexadecimal(row: &[u8]) -> String {
    row.iter().fold(String::with_capacity(row.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02X}");
        text
    })
}

/// A row with counts before digits that repeat, and its end cut off where it is all white or all black.
fn shortened(row: &str) -> String {
    let digits = row.as_bytes();
    let last = digits.last().copied().unwrap_or(b'0');
    let (end, sign) = match last {
        b'0' => (row.trim_end_matches('0'), ","),
        b'F' => (row.trim_end_matches('F'), "!"),
        _ => (row, ""),
    };
    let mut text = String::new();
    for run in end.as_bytes().chunk_by(|a, b| a == b) {
        count(&mut text, run.len());
        text.push(char::from(run[0]));
    }
    text + sign
}

/// How often the next digit stands: g to z are twenties, G to Y ones; once needs no count.
fn count(text: &mut String, mut times: usize) {
    while times > 400 {
        text.push('z');
        times -= 400;
    }
    if times >= 20 {
        text.push(char::from(b'f' + (times / 20) as u8));
    }
    let ones = times % 20;
    if ones > 1 || (ones == 1 && times > 1) {
        text.push(char::from(b'F' + ones as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shortened_as_the_guide_says() {
        for (row, text) in [
            ("0000", ","),
            ("FFFF", "!"),
            ("00FF", "H0!"),
            ("0F80", "0F8,"),
            ("A5", "A5"),
            (&("8".repeat(19) + "1"), "Y81"),
            (&("8".repeat(20) + "1"), "g81"),
            (&("8".repeat(21) + "1"), "gG81"),
            (&("8".repeat(47) + "1"), "hM81"),
            (&("8".repeat(400) + "1"), "z81"),
            (&("8".repeat(421) + "1"), "zgG81"),
        ] {
            assert_eq!(shortened(row), text, "{row}");
        }
    }

    #[test]
    fn sizes_are_written_without_needless_zeros() {
        assert_eq!([60_000, 33_900, 500].map(mm), ["60", "33.9", "0.5"]);
    }
}
