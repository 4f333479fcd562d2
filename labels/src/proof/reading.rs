//! What is printed is read back by zbar and by ZXing, from every kind of file.
use super::*;
use crate::formats;
use crate::label;
use crate::manifest::{self, Manifest};
use crate::page::{Area, Item, MM, Paper};
use crate::qr;
use crate::receipt::{self, PaperSize};
use crate::sheet::{self, Job};

const DPI: u16 = 203;

fn dots(um: i32) -> usize {
    (f64::from(um) / 25_400.0 * f64::from(DPI)).round() as usize
}

/// Cuts a part of a page out and asserts that both programs read a text in it.
fn read_part(folder: &Path, page: &Grey, area: Area, text: &str) {
    let picture = folder.join("part.pnm");
    page.cut(dots(area.x), dots(area.y), dots(area.w), dots(area.h)).write(&picture);
    both_read(&picture, text);
}

#[test]
fn every_label_of_a_sheet_is_read_where_its_place_is() {
    let folder = tempfile::tempdir().unwrap();
    let format = formats::find("a4-3x8").unwrap();
    let labels = labels(CodeKind::Dossier, 24);
    let pdf = sheet::print(&Job::new(format, &labels, HOST)).unwrap().pdf().unwrap();
    let pages = drawn(folder.path(), &pdf, DPI);
    assert_eq!(pages.len(), 1);
    let page = Grey::read(&pages[0]);
    for (at, label) in labels.iter().enumerate() {
        read_part(folder.path(), &page, format.place(at), &qr::text(HOST, label.code));
    }
}

#[test]
fn labels_of_every_kind_and_size_are_read_from_a_pdf() {
    for name in ["60x40", "40x30", "100x150"] {
        let folder = tempfile::tempdir().unwrap();
        let format = formats::find(name).unwrap();
        let labels: Vec<_> = CodeKind::ALL.into_iter().flat_map(|kind| labels(kind, 1)).collect();
        let pdf = sheet::print(&Job::new(format, &labels, HOST)).unwrap().pdf().unwrap();
        let pages = drawn(folder.path(), &pdf, DPI);
        assert_eq!(pages.len(), labels.len());
        for (page, label) in pages.iter().zip(&labels) {
            both_read(page, &qr::text(HOST, label.code));
        }
    }
}

#[test]
fn labels_are_read_from_png_and_svg_with_and_without_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let format = formats::find("60x40").unwrap();
    let (png, svg, drawn) = (folder.path().join("l.png"), folder.path().join("l.svg"), folder.path().join("s.png"));
    for (kind, host) in CodeKind::ALL.into_iter().flat_map(|kind| [(kind, HOST), (kind, None)]) {
        let label = labels(kind, 1).remove(0);
        let paper = label::draw(&label, format, host, DPI).unwrap();
        std::fs::write(&png, paper.bitmaps(DPI).unwrap()[0].png().unwrap()).unwrap();
        both_read(&png, &qr::text(host, label.code));
        std::fs::write(&svg, &paper.svgs().unwrap()[0]).unwrap();
        output("rsvg-convert", &["-d", "203", "-p", "203", "-o", path_text(&drawn), path_text(&svg)]);
        both_read(&drawn, &qr::text(host, label.code));
    }
}

/// Reads the QR code of every page of a paper where the layout has it.
fn read_pages(paper: &Paper, text: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let pages = drawn(folder.path(), &paper.pdf().unwrap(), DPI);
    let symbols =
        |page: &Page| page.items.iter().filter(|item| matches!(item, Item::Qr(_))).map(Item::bounds).collect();
    let places: Vec<Vec<Area>> = paper.pages.iter().map(symbols).collect();
    for (file, places) in pages.iter().zip(&places) {
        let page = Grey::read(file);
        places.iter().for_each(|place| read_part(folder.path(), &page, *place, text));
    }
    places.iter().flatten().count()
}

#[test]
fn the_codes_of_receipt_and_manifest_are_read() {
    let receipt = super::papers::receipt(30);
    for (size, host) in [(PaperSize::A5, HOST), (PaperSize::A4, None)] {
        let paper = receipt::print(&receipt, host, size, 600).unwrap();
        assert_eq!(read_pages(&paper, &qr::text(host, receipt.code)), 1, "on the last page only");
    }
    let manifest: Manifest = super::papers::manifest(50);
    let paper = manifest::print(&manifest, HOST, 600).unwrap();
    assert_eq!(read_pages(&paper, &qr::text(HOST, manifest.bag)), 2);
}

#[test]
fn the_words_of_a_pdf_can_be_searched_and_the_page_has_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let format = formats::find("60x40").unwrap();
    let label = Label::new(codes(CodeKind::Site, 1)[0], "䶮村𬭎站");
    let pdf = sheet::print(&Job::new(format, &[label], HOST)).unwrap().pdf().unwrap();
    let page = Grey::read(&drawn(folder.path(), &pdf, DPI)[0]);
    assert_eq!((page.w.abs_diff(dots(60 * MM)), page.h.abs_diff(dots(40 * MM))), (0, 0));
    let words = output("pdftotext", &[path_text(&folder.path().join("paper.pdf")), "-"]);
    assert!(words.contains("䶮村𬭎站") && words.contains("网点 Site"), "{words}");
}
