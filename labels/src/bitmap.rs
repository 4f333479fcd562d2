//! A page in black dots, as a label printer prints it, and as a PNG file. Printer languages take their rows from here.
//! Decides nothing; a QR module is always the same number of dots.
use crate::dots;
use crate::error::Error;
use crate::font::{self, UNITS};
use crate::page::{Area, Item, Page, PlacedQr, Run, Um};
use crate::qr::QUIET;
use ab_glyph::{Font, FontRef, Glyph, PxScale, point};

/// A glyph blackens a dot it covers by at least this share.
const COVER: f32 = 0.5;

/// Black dots on white. A row begins with a new byte, its leftmost dot is the highest bit, and 1 is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    /// Dots.
    pub w: u32,
    /// Dots.
    pub h: u32,
    /// Dots per inch it was drawn for.
    pub dpi: u16,
    bits: Vec<u8>,
}

impl Bitmap {
    /// All white.
    #[must_use]
    pub fn white(w: u32, h: u32, dpi: u16) -> Self {
        Self { w, h, dpi, bits: vec![0; w.div_ceil(8) as usize * h as usize] }
    }

    /// A page in dots.
    ///
    /// # Errors
    /// [`Error::Resolution`], [`Error::Internal`]
    pub fn draw(page: &Page, dpi: u16) -> Result<Self, Error> {
        let dot = dots::dot(dpi)?;
        let face = font::face()?;
        let mut bitmap = Self::white(dots_of(page.w, dot).max(1), dots_of(page.h, dot).max(1), dpi);
        for item in &page.items {
            match item {
                Item::Qr(qr) => bitmap.symbol(qr, dot),
                Item::Text(run) => bitmap.text(face, run, dot),
                Item::Bar(area) => bitmap.bar(*area, dot),
            }
        }
        Ok(bitmap)
    }

    /// Bytes of one row.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.w.div_ceil(8) as usize
    }

    /// The rows from top to bottom, each of [`Self::stride`] bytes.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bits.chunks_exact(self.stride())
    }

    /// Whether a dot is black; outside all is white.
    #[must_use]
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        x < self.w && y < self.h && self.bits[y as usize * self.stride() + x as usize / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Blackens a dot; outside nothing happens.
    pub fn blacken(&mut self, x: u32, y: u32) {
        if x < self.w && y < self.h {
            let at = y as usize * self.stride() + x as usize / 8;
            self.bits[at] |= 0x80 >> (x % 8);
        }
    }

    fn rectangle(&mut self, x: u32, y: u32, w: u32, h: u32) {
        for (x, y) in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
            self.blacken(x, y);
        }
    }

    fn bar(&mut self, area: Area, dot: f64) {
        let (x, y) = (dots_of(area.x, dot), dots_of(area.y, dot));
        self.rectangle(x, y, dots_of(area.w, dot).max(1), dots_of(area.h, dot).max(1));
    }

    fn symbol(&mut self, qr: &PlacedQr, dot: f64) {
        let module = (qr.module / dot).round().max(1.0) as u32;
        let quiet = QUIET as u32 * module;
        let (x, y) = (dots_of(qr.x, dot) + quiet, dots_of(qr.y, dot) + quiet);
        for stripe in qr.symbol.stripes() {
            let (column, row, length) = (stripe.column as u32, stripe.row as u32, stripe.length as u32);
            self.rectangle(x + column * module, y + row * module, length * module, module);
        }
    }

    fn text(&mut self, face: &FontRef<'static>, run: &Run, dot: f64) {
        let em = (f64::from(run.size) / dot) as f32;
        let units = UNITS as f32;
        let scale = PxScale::from(em * face.height_unscaled() / units);
        let (mut x, baseline) = ((f64::from(run.x) / dot) as f32, f64::from(run.baseline) / dot);
        for placed in font::glyphs(face, &run.text) {
            let glyph = Glyph { id: placed.id, scale, position: point(x, baseline.round() as f32) };
            self.glyph(face, glyph);
            x += placed.advance * em / units;
        }
    }

    fn glyph(&mut self, face: &FontRef<'static>, glyph: Glyph) {
        let Some(outlined) = face.outline_glyph(glyph) else { return };
        let corner = outlined.px_bounds().min;
        outlined.draw(|x, y, cover| {
            let (x, y) = (corner.x as i64 + i64::from(x), corner.y as i64 + i64::from(y));
            if let (true, Ok(x), Ok(y)) = (cover >= COVER, u32::try_from(x), u32::try_from(y)) {
                self.blacken(x, y);
            }
        });
    }

    /// As a PNG file of 1 bit a dot that knows its size on paper.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        self.encode().map_err(|_| Error::Internal { what: "PNG" })
    }

    fn encode(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.w, self.h);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let per_metre = dots::dot(self.dpi).map_or(0.0, |dot| 1_000_000.0 / dot).round() as u32;
        let (xppu, yppu) = (per_metre, per_metre);
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu, yppu, unit: png::Unit::Meter }));
        let mut writer = encoder.write_header()?;
        let white_is_one: Vec<u8> = self.bits.iter().map(|byte| !byte).collect();
        writer.write_image_data(&white_is_one)?;
        writer.finish()?;
        Ok(file)
    }
}

/// The nearest dot; left of and above the page is its edge.
fn dots_of(um: Um, dot: f64) -> u32 {
    (f64::from(um) / dot).round().max(0.0) as u32
}
