//! A page as an SVG document: texts as outlines, so it looks the same everywhere and needs no font. Decides nothing.
//! Coordinates are micrometres, the size is given in millimetres.
use crate::error::Error;
use crate::font::{self, UNITS};
use crate::page::{Area, Item, MM, Page, PlacedQr, Run};
use ab_glyph::{Font, Outline, OutlineCurve, Point};
use std::fmt::{Result as Written, Write};

/// The document.
///
/// # Errors
/// [`Error::Internal`]
pub fn write(page: &Page, title: &str) -> Result<String, Error> {
    document(page, title).map_err(|_| Error::Internal { what: "SVG" })
}

fn document(page: &Page, title: &str) -> Result<String, std::fmt::Error> {
    let (w, h) = (f64::from(page.w) / f64::from(MM), f64::from(page.h) / f64::from(MM));
    let mut out = String::new();
    write!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}mm" height="{h}mm" "#)?;
    write!(out, r#"viewBox="0 0 {} {}" role="img"><title>{}</title>"#, page.w, page.h, escaped(title))?;
    write!(out, r##"<rect width="100%" height="100%" fill="#fff"/>"##)?;
    for item in &page.items {
        match item {
            Item::Qr(qr) => symbol(&mut out, qr)?,
            Item::Text(run) => text(&mut out, run)?,
            Item::Bar(Area { x, y, w, h }) => write!(out, r#"<path d="M{x} {y}h{w}v{h}h-{w}z"/>"#)?,
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn symbol(out: &mut String, qr: &PlacedQr) -> Written {
    let quiet = qr.module * crate::qr::QUIET as f64;
    let (x, y) = (f64::from(qr.x) + quiet, f64::from(qr.y) + quiet);
    write!(
        out,
        r#"<path shape-rendering="crispEdges" transform="translate({x:.1} {y:.1}) scale({:.4})" d=""#,
        qr.module
    )?;
    for stripe in qr.symbol.stripes() {
        let length = stripe.length;
        write!(out, "M{} {}h{length}v1h-{length}z", stripe.column, stripe.row)?;
    }
    out.push_str(r#""/>"#);
    Ok(())
}

fn text(out: &mut String, run: &Run) -> Written {
    let Ok(face) = font::face() else { return Err(std::fmt::Error) };
    let scale = f64::from(run.size) / f64::from(UNITS);
    write!(out, r#"<path transform="translate({} {}) scale({scale:.4} -{scale:.4})" d=""#, run.x, run.baseline)?;
    let mut x = 0.0;
    for glyph in font::glyphs(face, &run.text) {
        if let Some(shape) = face.outline(glyph.id) {
            outline(out, &shape, x)?;
        }
        x += glyph.advance;
    }
    out.push_str(r#""/>"#);
    Ok(())
}

/// Contours of one glyph, moved right by `x` font units.
fn outline(out: &mut String, shape: &Outline, x: f32) -> Written {
    let mut pen = None;
    for curve in &shape.curves {
        let (from, to) = ends(curve);
        if pen != Some(from) {
            write!(out, "M{} {}", from.x + x, from.y)?;
        }
        match curve {
            OutlineCurve::Line(_, to) => write!(out, "L{} {}", to.x + x, to.y)?,
            OutlineCurve::Quad(_, a, to) => write!(out, "Q{} {} {} {}", a.x + x, a.y, to.x + x, to.y)?,
            OutlineCurve::Cubic(_, a, b, to) => {
                write!(out, "C{} {} {} {} {} {}", a.x + x, a.y, b.x + x, b.y, to.x + x, to.y)?;
            }
        }
        pen = Some(to);
    }
    Ok(())
}

fn ends(curve: &OutlineCurve) -> (Point, Point) {
    match *curve {
        OutlineCurve::Line(from, to) | OutlineCurve::Quad(from, _, to) | OutlineCurve::Cubic(from, _, _, to) => {
            (from, to)
        }
    }
}
