//! Why a paper was not made. Facts only, never the text that was to be printed: it may name somebody. One more refusal:
//! a variant here; callers match on all of them.
use crate::page::Um;
use domain::code::CodeKind;

/// Why a paper was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is nothing to print")]
    NothingToPrint,
    #[error("a sheet has {places} places, counted from 1: it cannot begin at {start}")]
    StartOffSheet { start: usize, places: usize },
    #[error("an offset of {tenths} tenths of a millimetre is more than the {most} a printer may need")]
    OffsetTooLarge { tenths: i16, most: i16 },
    #[error("a printer of {dpi} dots per inch: this program draws for {least} to {most}")]
    Resolution { dpi: u16, least: u16, most: u16 },
    /// The applicant's secret is no label, and a label's code is no secret: every handler sees it.
    #[error("this place takes a code of a {wanted:?}, and was given one of a {given:?}")]
    WrongKind { wanted: CodeKind, given: CodeKind },
    #[error("a QR code cannot hold {characters} characters: the public host name is too long")]
    TextTooLong { characters: usize },
    #[error("the QR modules would be {module_um} µm wide, too small to be read: take a larger label or a shorter host")]
    SymbolTooSmall { module_um: Um, least_um: Um },
    /// The embedded font or the PDF writer failed: a fault of this program.
    #[error("the {what} could not be written")]
    Internal { what: &'static str },
}
