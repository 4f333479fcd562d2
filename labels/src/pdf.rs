//! Pages as a PDF: the font cut down to what is used, QR symbols as vectors. No date and no random identity inside, so
//! that the same pages give the same bytes. Decides nothing.
use crate::error::Error;
use crate::font::{self, UNITS};
use crate::page::{Area, Item, Page, PlacedQr, Run, Um};
use crate::qr::QUIET;
use ab_glyph::FontRef;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, Document};
use std::sync::LazyLock;

static FONT: LazyLock<Option<Font>> = LazyLock::new(|| Font::new(Data::from(font::FILE), 0));

/// Points of a micrometre.
const POINTS: f32 = 72.0 / 25_400.0;

/// The document.
///
/// # Errors
/// [`Error::NothingToPrint`] without pages; [`Error::Internal`].
pub fn write(pages: &[Page], title: &str) -> Result<Vec<u8>, Error> {
    if pages.is_empty() {
        return Err(Error::NothingToPrint);
    }
    let failed = Error::Internal { what: "PDF" };
    let pen = Pen { font: FONT.clone().ok_or_else(|| failed.clone())?, face: font::face()? };
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()).language("zh-CN".to_owned()));
    for page in pages {
        let settings = PageSettings::from_wh(points(page.w), points(page.h)).ok_or_else(|| failed.clone())?;
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        for item in &page.items {
            pen.draw(&mut surface, item);
        }
        surface.finish();
        sheet.finish();
    }
    document.finish().map_err(|_| failed)
}

fn points(um: Um) -> f32 {
    um as f32 * POINTS
}

/// The font, as the PDF writer and as the layout know it: the same file, so the same glyph numbers.
struct Pen {
    font: Font,
    face: &'static FontRef<'static>,
}

impl Pen {
    fn draw(&self, surface: &mut Surface<'_>, item: &Item) {
        match item {
            Item::Qr(qr) => symbol(surface, qr),
            Item::Text(run) => self.text(surface, run),
            Item::Bar(Area { x, y, w, h }) => {
                rectangles(surface, [Rect::from_xywh(points(*x), points(*y), points(*w), points(*h))]);
            }
        }
    }

    fn text(&self, surface: &mut Surface<'_>, run: &Run) {
        let starts = run.text.char_indices();
        let glyphs: Vec<KrillaGlyph> = font::glyphs(self.face, &run.text)
            .zip(starts)
            .map(|(placed, (at, c))| {
                let id = GlyphId::new(u32::from(placed.id.0));
                KrillaGlyph::new(id, placed.advance / UNITS as f32, 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
            })
            .collect();
        let start = Point::from_xy(points(run.x), points(run.baseline));
        surface.draw_glyphs(start, &glyphs, self.font.clone(), &run.text, points(run.size), false);
    }
}

/// Modules are drawn in their own unit: small numbers make a small file.
fn symbol(surface: &mut Surface<'_>, qr: &PlacedQr) {
    let module = qr.module as f32 * POINTS;
    let quiet = QUIET as f32 * module;
    surface.push_transform(&Transform::from_row(module, 0.0, 0.0, module, points(qr.x) + quiet, points(qr.y) + quiet));
    let stripes = qr.symbol.stripes();
    rectangles(
        surface,
        stripes
            .iter()
            .map(|stripe| Rect::from_xywh(stripe.column as f32, stripe.row as f32, stripe.length as f32, 1.0)),
    );
    surface.pop();
}

fn rectangles(surface: &mut Surface<'_>, rects: impl IntoIterator<Item = Option<Rect>>) {
    let mut path = PathBuilder::new();
    for rect in rects.into_iter().flatten() {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}
