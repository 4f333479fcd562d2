//! A camera's view of a worn label: 3 dots a module, turned, blurred, noisy, pale, with one scratch.
use super::*;
use crate::bitmap::Bitmap;
use crate::draft::Draft;
use crate::page::{Area, MM};
use crate::qr::{self, Symbol};
use rand::RngExt;

const FRAMES: usize = 120;
/// Eleven of twelve.
const READ_LEAST: usize = 110;
/// Dots of 0.125 mm.
const MODULE: i32 = 3;
const EDGE: i32 = 3 * MM;

/// How a frame is worse than the print. `1.0` is what a label must bear.
#[derive(Clone, Copy)]
struct Harm(f64);

fn print(code: Code) -> Bitmap {
    let symbol = Symbol::of(HOST, code).unwrap();
    let side = symbol.side() as i32 * MODULE * 125;
    let mut draft = Draft::new(side + 2 * EDGE, side + 2 * EDGE);
    let placed = draft.qr(Area::new(EDGE, EDGE, side, side), symbol, 203).unwrap();
    assert_eq!(placed.w, side, "three dots a module");
    Bitmap::draw(&draft.page, 203).unwrap()
}

/// Ink is not black and paper is not white. The scratch shows paper: one dot wide, half a symbol long, anywhere.
fn scratched(print: &Bitmap, harm: Harm, rng: &mut StdRng) -> Grey {
    let (w, h) = (print.w as usize, print.h as usize);
    let (middle_x, middle_y) = (rng.random_range(0.2..0.8) * w as f64, rng.random_range(0.2..0.8) * h as f64);
    let (sin, cos) = rng.random_range(0.0..std::f64::consts::PI).sin_cos();
    let (half_length, half_width) = (w as f64 / 5.0, 0.5 * harm.0);
    let dots = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| {
        let (dx, dy) = (x as f64 - middle_x, y as f64 - middle_y);
        let worn = (cos * dx + sin * dy).abs() <= half_length && (cos * dy - sin * dx).abs() <= half_width;
        if print.is_black(x as u32, y as u32) && !worn { 60 } else { 205 }
    });
    Grey { w, h, dots: dots.collect() }
}

/// Turned around the middle, between dots in proportion.
fn turned(image: &Grey, degrees: f64) -> Grey {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_x, middle_y) = (image.w as f64 / 2.0, image.h as f64 / 2.0);
    let sample = |(x, y): (usize, usize)| {
        let (dx, dy) = (x as f64 - middle_x, y as f64 - middle_y);
        let (x, y) = (cos * dx + sin * dy + middle_x, cos * dy - sin * dx + middle_y);
        let (left, top) = (x.floor(), y.floor());
        let near = |right, down| f64::from(image.at(left as i64 + right, top as i64 + down).min(205));
        let upper = near(0, 0) * (1.0 - x + left) + near(1, 0) * (x - left);
        let lower = near(0, 1) * (1.0 - x + left) + near(1, 1) * (x - left);
        (upper * (1.0 - y + top) + lower * (y - top)) as u8
    };
    let dots = (0..image.h).flat_map(|y| (0..image.w).map(move |x| (x, y))).map(sample);
    Grey { w: image.w, h: image.h, dots: dots.collect() }
}

/// Each dot with its eight neighbours, and noise on top.
fn blurred(image: &Grey, harm: Harm, rng: &mut StdRng) -> Grey {
    let spread = 0.04 * harm.0;
    let mut dots = Vec::with_capacity(image.dots.len());
    for (y, x) in (0..image.h as i64).flat_map(|y| (0..image.w as i64).map(move |x| (y, x))) {
        let around = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
        let sum: f64 = around.map(|(dx, dy)| f64::from(image.at(x + dx, y + dy).min(205)) * spread).sum();
        let own = f64::from(image.at(x, y)) * (1.0 - 9.0 * spread).max(0.0);
        let noise: f64 = (0..4).map(|_| rng.random_range(-6.0..6.0) * harm.0).sum();
        dots.push((sum.min(205.0) + own + noise).clamp(0.0, 255.0) as u8);
    }
    Grey { w: image.w, h: image.h, dots }
}

fn frames_read(kind: CodeKind, harm: Harm) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(12);
    let picture = folder.path().join("frame.pnm");
    let mut read = 0;
    for code in codes(kind, FRAMES) {
        let scratched = scratched(&print(code), harm, &mut rng);
        let turned = turned(&scratched, rng.random_range(-20.0..20.0));
        blurred(&turned, harm, &mut rng).write(&picture);
        read += usize::from(zxing(&picture) == qr::text(HOST, code));
    }
    read
}

#[test]
fn a_worn_label_is_read_from_a_turned_blurred_noisy_picture() {
    for kind in [CodeKind::Dossier, CodeKind::Bag] {
        let read = frames_read(kind, Harm(1.0));
        assert!(read >= READ_LEAST, "{kind:?}: {read} of {FRAMES}");
    }
}

/// Otherwise the test above would prove nothing.
#[test]
fn a_ruined_label_is_not_read() {
    let read = frames_read(CodeKind::Dossier, Harm(3.0));
    assert!(read < READ_LEAST, "{read} of {FRAMES}");
}
