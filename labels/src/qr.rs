//! What a QR code says, and its modules. Holds an address or a bare code, never a name, a case number or a signature.
//! The applicant's secret (`R…`) leads to another page than a label, so that seeing a label opens nothing.
//! One more kind of code: the compiler asks for its level in [`level`].
use crate::code;
use crate::error::Error;
use domain::code::{Code, CodeKind};
use qrcode::{Color, EcLevel, QrCode, Version};

/// Light modules around a symbol, ISO/IEC 18004.
pub const QUIET: usize = 4;

/// What the QR code of `code` says: `HTTPS://HOST/D…`, for a receipt `HTTPS://HOST/T/R…`, and without a public host the
/// bare 14 characters. Upper case keeps it in alphanumeric mode: with a host of at most 15 characters a label is
/// version 2 at level M. Host and scheme do not mind case; the server must not mind it in the path.
#[must_use]
pub fn text(host: Option<&str>, code: Code) -> String {
    let printed = code::print(code);
    let path = match code.kind() {
        CodeKind::Receipt => "T/",
        CodeKind::Dossier | CodeKind::Bag | CodeKind::Site | CodeKind::Shelf | CodeKind::Badge => "",
    };
    match host {
        Some(host) => format!("HTTPS://{}/{path}{printed}", host.to_ascii_uppercase()),
        None => printed,
    }
}

/// How much of a symbol may be lost.
#[must_use]
pub fn level(kind: CodeKind) -> EcLevel {
    match kind {
        // Stuck on an envelope for some weeks: the largest modules on the smallest label.
        CodeKind::Dossier => EcLevel::M,
        // Thrown, rained on, folded.
        CodeKind::Bag => EcLevel::H,
        // On a wall, a rack, a lanyard: rubbed for years, and scanned more often than all others.
        CodeKind::Site | CodeKind::Shelf | CodeKind::Badge => EcLevel::Q,
        // Folded in a pocket. `T/` makes it version 3 anyway, where Q costs nothing up to a host of 22 characters.
        CodeKind::Receipt => EcLevel::Q,
    }
}

/// The modules of one QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// 2 has 25 modules a side, each further one 4 more.
    pub version: i16,
    /// Modules a side without the quiet zone.
    pub modules: usize,
    dark: Vec<bool>,
}

/// Dark modules beside each other: column, row, how many; counted without the quiet zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stripe {
    pub column: usize,
    pub row: usize,
    pub length: usize,
}

impl Symbol {
    /// The symbol of a code, see [`text`] and [`level`].
    ///
    /// # Errors
    /// [`Error::TextTooLong`]
    pub fn of(host: Option<&str>, code: Code) -> Result<Self, Error> {
        Self::saying(&text(host, code), level(code.kind()))
    }

    /// The symbol of any text, for a screen.
    ///
    /// # Errors
    /// [`Error::TextTooLong`]
    pub fn saying(says: &str, level: EcLevel) -> Result<Self, Error> {
        let drawn = QrCode::with_error_correction_level(says, level)
            .map_err(|_| Error::TextTooLong { characters: says.chars().count() })?;
        let (Version::Normal(version) | Version::Micro(version)) = drawn.version();
        let dark = drawn.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Self { version, modules: drawn.width(), dark })
    }

    /// Modules a side with the quiet zone.
    #[must_use]
    pub fn side(&self) -> usize {
        self.modules + 2 * QUIET
    }

    /// The dark modules, row by row, from left to right.
    #[must_use]
    pub fn stripes(&self) -> Vec<Stripe> {
        self.dark.chunks(self.modules).enumerate().flat_map(|(row, dark)| row_stripes(row, dark)).collect()
    }
}

/// A QR code of any text as an SVG element for a page: no style, no size, its class says how large it is.
///
/// # Errors
/// [`Error::TextTooLong`]
pub fn svg(says: &str) -> Result<String, Error> {
    let symbol = Symbol::saying(says, EcLevel::M)?;
    let (side, mut path) = (symbol.side(), String::new());
    for Stripe { column, row, length } in symbol.stripes() {
        path.push_str(&format!("M{} {}h{length}v1h-{length}z", column + QUIET, row + QUIET));
    }
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {side} {side}" shape-rendering="crispEdges" aria-hidden="true"><path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path d="{path}"/></svg>"##
    ))
}

fn row_stripes(row: usize, dark: &[bool]) -> Vec<Stripe> {
    let mut column = 0;
    let mut stripes = Vec::new();
    for run in dark.chunk_by(|a, b| a == b) {
        if run[0] {
            stripes.push(Stripe { column, row, length: run.len() });
        }
        column += run.len();
    }
    stripes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "lz.example.cn";

    #[test]
    fn a_label_says_the_public_address_and_without_one_the_bare_code() {
        let code = Code::new(CodeKind::Dossier, 7);
        let printed = code::print(code);
        assert_eq!(text(Some(HOST), code), format!("HTTPS://LZ.EXAMPLE.CN/{printed}"));
        assert_eq!(text(None, code), printed);
        assert_eq!(code::read(&text(Some(HOST), code)), Ok(code));
    }

    #[test]
    fn a_receipt_leads_to_another_page_than_a_label() {
        let code = Code::new(CodeKind::Receipt, 7);
        assert_eq!(text(Some(HOST), code), format!("HTTPS://LZ.EXAMPLE.CN/T/{}", code::print(code)));
        assert_eq!(text(None, code), code::print(code));
    }

    #[test]
    fn a_dossier_is_version_2_up_to_a_host_of_15_characters() {
        for bits in [0, 1, 0x0123_4567_89AB_CDEF, u64::MAX] {
            let code = Code::new(CodeKind::Dossier, bits);
            for length in 1..=15 {
                assert_eq!(Symbol::of(Some(&"w".repeat(length)), code).unwrap().version, 2);
            }
            assert_eq!(Symbol::of(Some(&"w".repeat(16)), code).unwrap().version, 3);
            assert_eq!(Symbol::of(None, code).unwrap().version, 1);
        }
    }

    #[test]
    fn wear_is_paid_for_with_at_most_two_versions() {
        let version = |kind| Symbol::of(Some("lz.abcde.gov.cn"), Code::new(kind, 7)).unwrap().version;
        assert_eq!(CodeKind::ALL.map(version), [2, 4, 3, 3, 3, 3]);
    }

    #[test]
    fn stripes_are_all_dark_modules() {
        let symbol = Symbol::of(None, Code::new(CodeKind::Dossier, 7)).unwrap();
        let dark: usize = symbol.stripes().iter().map(|stripe| stripe.length).sum();
        assert_eq!(dark, symbol.dark.iter().filter(|dark| **dark).count());
        assert!(symbol.stripes().iter().all(|stripe| stripe.column + stripe.length <= symbol.modules));
    }

    #[test]
    fn a_host_that_no_symbol_can_hold_is_refused() {
        let refused = Symbol::of(Some(&"w".repeat(3_000)), Code::new(CodeKind::Bag, 7));
        assert_eq!(refused, Err(Error::TextTooLong { characters: 3_023 }));
    }
}
