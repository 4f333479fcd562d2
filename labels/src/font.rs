//! The one font of all papers: Noto Sans SC Regular, cut down to the characters of GB 2312 and of the standard
//! character table. `labels/font/README.md` names its source and licence; to print one more character, see `subset.py`.
//! Widths, glyphs and outlines for layout and renderers. No shaping, no kerning: every renderer places a glyph where
//! the layout measured it.
use crate::error::Error;
use crate::page::{Missing, Um};
use ab_glyph::{Font, FontRef, GlyphId};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The font file, OpenType with CFF outlines.
pub static FILE: &[u8] = include_bytes!("../font/NotoSansSC-Regular.subset.otf");

/// Units of the em square in which this font is drawn.
pub const UNITS: Um = 1000;
/// Height of ink above the baseline, in [`UNITS`]: the box of a Chinese character.
pub const ASCENT: Um = 880;
/// Depth of ink below the baseline, in [`UNITS`]: the tails of g, p and y.
pub const DESCENT: Um = 240;

static FACE: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::try_from_slice(FILE).ok());

/// The parsed font.
///
/// # Errors
/// [`Error::Internal`] if the embedded file is broken.
pub fn face() -> Result<&'static FontRef<'static>, Error> {
    FACE.as_ref().ok_or(Error::Internal { what: "font" })
}

/// A glyph and how far the next one is, in [`UNITS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    pub id: GlyphId,
    pub advance: f32,
}

/// The glyphs of a text, one for each character.
pub fn glyphs(face: &FontRef<'static>, text: &str) -> impl Iterator<Item = Placed> {
    text.chars().map(|c| {
        let id = face.glyph_id(c);
        Placed { id, advance: face.h_advance_unscaled(id) }
    })
}

/// Width of a text in [`UNITS`].
#[must_use]
pub fn width(text: &str) -> Um {
    text.chars().map(advance).sum()
}

/// Width of one character in [`UNITS`].
#[must_use]
pub fn advance(c: char) -> Um {
    FACE.as_ref().map_or(UNITS, |face| face.h_advance_unscaled(face.glyph_id(c)).round() as Um)
}

/// Width of a text set at `size`.
#[must_use]
pub fn width_at(text: &str, size: Um) -> Um {
    scaled(width(text), size)
}

/// `units` of the em square at `size`, rounded up.
#[must_use]
pub fn scaled(units: Um, size: Um) -> Um {
    let micro = i64::from(units) * i64::from(size);
    micro.div_euclid(i64::from(UNITS)) as Um + Um::from(micro % i64::from(UNITS) != 0)
}

/// Whether the font can draw a character.
#[must_use]
pub fn has(c: char) -> bool {
    FACE.as_ref().is_some_and(|face| face.glyph_id(c).0 != 0)
}

/// The text as it can be printed: line breaks and tabs become blanks, and a character the font lacks becomes □ with its
/// code point and is added to `missing`.
#[must_use]
pub fn printable(text: &str, missing: &mut BTreeSet<Missing>) -> String {
    let mut printed = String::with_capacity(text.len());
    for character in text.trim().chars() {
        if character.is_whitespace() || character.is_control() {
            printed.push(' ');
        } else if has(character) {
            printed.push(character);
        } else {
            let lacking = Missing { character };
            printed.push('□');
            printed.push_str(&lacking.code_point());
            missing.insert(lacking);
        }
    }
    printed
}
