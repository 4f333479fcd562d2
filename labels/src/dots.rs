//! A printer: how fine its dots are, and how far it prints beside the paper. Never guesses a printer: both are settings.
use crate::error::Error;
use crate::page::Um;

/// Resolutions this program draws for, dots per inch.
const DPI_LEAST: u16 = 96;
const DPI_MOST: u16 = 1200;
/// A printer that is further off than 10 mm is loaded with other paper.
const OFFSET_MOST: i16 = 100;

/// A printer, as the office measured it with the calibration page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printer {
    /// Dots per inch: 203 for most label printers, 300 and 600 for finer ones. QR modules are whole dots.
    pub dpi: u16,
    /// Tenths of a millimetre everything is moved to the right; negative: to the left.
    pub right: i16,
    /// Tenths of a millimetre everything is moved down; negative: up.
    pub down: i16,
}

impl Default for Printer {
    fn default() -> Self {
        Self { dpi: 203, right: 0, down: 0 }
    }
}

impl Printer {
    /// The offset in micrometres, right and down.
    ///
    /// # Errors
    /// [`Error::OffsetTooLarge`], [`Error::Resolution`]
    pub fn offset(self) -> Result<(Um, Um), Error> {
        dot(self.dpi)?;
        for tenths in [self.right, self.down] {
            if !(-OFFSET_MOST..=OFFSET_MOST).contains(&tenths) {
                return Err(Error::OffsetTooLarge { tenths, most: OFFSET_MOST });
            }
        }
        Ok((Um::from(self.right) * 100, Um::from(self.down) * 100))
    }
}

/// The side of one dot in micrometres.
///
/// # Errors
/// [`Error::Resolution`]
pub fn dot(dpi: u16) -> Result<f64, Error> {
    match dpi {
        203 => Ok(125.0), // makers say 203 and build 8 dots to the millimetre
        DPI_LEAST..=DPI_MOST => Ok(25_400.0 / f64::from(dpi)),
        _ => Err(Error::Resolution { dpi, least: DPI_LEAST, most: DPI_MOST }),
    }
}
