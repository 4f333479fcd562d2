//! Where marks lie: within labels, apart from the QR code, moved by the printer's offset, and in the order given.
use super::*;
use crate::dots::{Printer, dot};
use crate::error::Error;
use crate::formats::{self, FORMATS};
use crate::label;
use crate::page::{Area, Item, Missing, Paper};
use crate::sheet::{self, Job};

/// Micrometres.
const ROUNDING: i32 = 2;

fn whole(page: &Page) -> Area {
    Area::new(0, 0, page.w, page.h)
}

fn full(kind: CodeKind) -> Label {
    let lines = vec![LONG.to_owned(), "Anliu Town Service Centre, Wuhua County".to_owned(), "李秀英".to_owned()];
    Label { name: LONG.to_owned(), lines, ..labels(kind, 1).remove(0) }
}

#[test]
fn long_names_stay_within_the_label_and_off_the_code() {
    assert_eq!(LONG.chars().count(), 40);
    for (format, kind) in FORMATS.iter().flat_map(|format| CodeKind::ALL.map(|kind| (format, kind))) {
        let paper = label::draw(&full(kind), format, HOST, format.dpi).unwrap();
        let page = &paper.pages[0];
        let qr = page.items.iter().find(|item| matches!(item, Item::Qr(_))).unwrap().bounds();
        for item in &page.items {
            let mark = item.bounds();
            assert!(whole(page).contains(mark), "{} {kind:?}: {item:?}", format.name);
            assert!(!mark.overlaps(qr) || matches!(item, Item::Qr(_)), "{} {kind:?}: {item:?}", format.name);
        }
    }
}

#[test]
fn texts_of_a_label_do_not_lie_upon_each_other() {
    for (format, kind) in FORMATS.iter().flat_map(|format| CodeKind::ALL.map(|kind| (format, kind))) {
        let page = label::draw(&full(kind), format, HOST, format.dpi).unwrap().pages.remove(0);
        let runs: Vec<_> = page.items.iter().filter(|item| matches!(item, Item::Text(_))).collect();
        for (at, run) in runs.iter().enumerate() {
            let ink = run.bounds().inset(ROUNDING);
            let upon = runs[at + 1..].iter().find(|other| ink.overlaps(other.bounds()));
            assert_eq!(upon, None, "{} {kind:?}: {run:?}", format.name);
        }
    }
}

#[test]
fn a_name_of_forty_characters_is_printed_whole_on_the_usual_labels() {
    for name in ["60x40", "70x50", "100x150", "a4-3x8", "a4-3x7", "a4-2x7", "a4-5x13"] {
        let label = Label::new(codes(CodeKind::Dossier, 1)[0], LONG);
        let paper = label::draw(&label, formats::find(name).unwrap(), HOST, 203).unwrap();
        assert_eq!(paper.shortened, Vec::<String>::new(), "{name}");
        assert!(texts(&paper.pages[0]).concat().contains(LONG), "{name}");
    }
}

#[test]
fn what_is_cut_off_is_reported() {
    let name = LONG.repeat(4);
    let label = Label::new(codes(CodeKind::Dossier, 1)[0], &name);
    let paper = label::draw(&label, formats::find("40x30").unwrap(), HOST, 203).unwrap();
    assert_eq!(paper.shortened, [name]);
    let mut label = labels(CodeKind::Badge, 1).remove(0);
    label.lines = ["一", "二", "三", "四"].map(String::from).to_vec();
    assert_eq!(label::draw(&label, formats::find("60x40").unwrap(), HOST, 203).unwrap().shortened, ["四"]);
}

#[test]
fn a_character_the_font_lacks_is_shown_with_its_code_point_and_reported() {
    let label = Label::new(codes(CodeKind::Site, 1)[0], "鹏\u{2BD95}村\u{E863}");
    let paper = label::draw(&label, formats::find("60x40").unwrap(), HOST, 203).unwrap();
    let missing = ['\u{E863}', '\u{2BD95}'].map(|character| Missing { character });
    assert_eq!(Vec::from_iter(paper.missing), missing);
    assert_eq!(missing[1].code_point(), "U+2BD95");
    assert!(texts(&paper.pages[0]).concat().contains("鹏□U+2BD95村□U+E863"));
}

#[test]
fn modules_are_whole_dots() {
    for (format, dpi) in FORMATS.iter().flat_map(|format| [203, 300, 600].map(|dpi| (format, dpi))) {
        let page = label::draw(&full(CodeKind::Dossier), format, HOST, dpi).unwrap().pages.remove(0);
        for item in &page.items {
            if let Item::Qr(qr) = item {
                let dots = qr.module / dot(dpi).unwrap();
                assert!((dots - dots.round()).abs() < 1e-9 && dots >= 3.5, "{} {dpi}: {dots}", format.name);
            }
        }
    }
}

fn corners(paper: &Paper) -> Vec<Vec<(i32, i32)>> {
    let corners_of = |page: &Page| {
        let symbols = page.items.iter().filter(|item| matches!(item, Item::Qr(_)));
        symbols.map(|item| (item.bounds().x, item.bounds().y)).collect()
    };
    paper.pages.iter().map(corners_of).collect()
}

#[test]
fn a_begun_sheet_is_filled_and_the_next_follow_in_order() {
    let format = formats::find("a4-3x8").unwrap();
    let labels = labels(CodeKind::Dossier, 30);
    let job = Job { start: 23, ..Job::new(format, &labels, HOST) };
    let paper = sheet::print(&job).unwrap();
    let corners = corners(&paper);
    assert_eq!(corners.iter().map(Vec::len).collect::<Vec<_>>(), [2, 24, 4]);
    assert_eq!(corners[0][0], (format.place(22).x, format.place(22).y));
    assert_eq!(corners[1][0], (format.place(0).x, format.place(0).y));
    let printed: Vec<String> = labels.iter().map(|label| crate::code::grouped(label.code).replace(' ', "  ")).collect();
    let found: Vec<&str> =
        paper.pages.iter().flat_map(texts).filter(|text| printed.iter().any(|code| code == text)).collect();
    assert_eq!(found, printed);
}

#[test]
fn a_sheet_begins_at_one_of_its_places() {
    let format = formats::find("a4-3x8").unwrap();
    let labels = labels(CodeKind::Dossier, 1);
    for start in [0, 25] {
        let refused = sheet::print(&Job { start, ..Job::new(format, &labels, HOST) });
        assert_eq!(refused, Err(Error::StartOffSheet { start, places: 24 }));
    }
    assert_eq!(sheet::print(&Job::new(format, &[], HOST)), Err(Error::NothingToPrint));
}

#[test]
fn an_offset_moves_labels_and_calibration_page_alike() {
    let format = formats::find("a4-2x7").unwrap();
    let labels = labels(CodeKind::Dossier, 14);
    let printer = Printer { right: 7, down: -12, ..format.printer() };
    let moved = |item: Item| item.moved(700, -1200);
    let straight = sheet::print(&Job::new(format, &labels, HOST)).unwrap();
    let shifted = sheet::print(&Job { printer, ..Job::new(format, &labels, HOST) }).unwrap();
    assert_eq!(shifted.pages[0].items, straight.pages[0].items.iter().cloned().map(moved).collect::<Vec<_>>());
    let page = sheet::calibration(format, printer).unwrap().pages.remove(0);
    for at in 0..format.places() {
        let place = format.place(at);
        let edge = moved(Item::Bar(Area::new(place.x, place.y, place.w, 120)));
        assert!(page.items.contains(&edge), "outline of label {}", at + 1);
    }
    for tenths in [101, -101, i16::MIN] {
        let refused = sheet::calibration(format, Printer { right: tenths, ..printer });
        assert_eq!(refused, Err(Error::OffsetTooLarge { tenths, most: 100 }));
    }
}

#[test]
fn calibration_pages_stay_on_the_paper_and_are_complete() {
    for format in &FORMATS {
        let paper = sheet::calibration(format, format.printer()).unwrap();
        assert_eq!(paper.shortened, Vec::<String>::new(), "{}", format.name);
        for item in &paper.pages[0].items {
            assert!(whole(&paper.pages[0]).contains(item.bounds()), "{}: {item:?}", format.name);
        }
    }
}

#[test]
fn the_labels_of_a_format_lie_on_the_page_side_by_side() {
    for format in &FORMATS {
        let page = Area::new(0, 0, format.page.0, format.page.1);
        let places: Vec<Area> = (0..format.places()).map(|at| format.place(at)).collect();
        for (at, place) in places.iter().enumerate() {
            assert!(page.contains(*place), "{}: {place:?}", format.name);
            assert!(!places[at + 1..].iter().any(|other| place.overlaps(*other)), "{}: {place:?}", format.name);
        }
        assert_eq!(formats::find(format.name), Some(format));
    }
}

#[test]
fn modules_too_small_to_be_read_and_unknown_printers_are_refused() {
    let (label, format) = (full(CodeKind::Bag), formats::find("a4-5x13").unwrap());
    let host = "w".repeat(200);
    let refused = label::draw(&label, format, Some(&host), 600).unwrap_err();
    assert!(matches!(refused, Error::SymbolTooSmall { least_um: 300, .. }), "{refused:?}");
    assert!(matches!(label::draw(&label, format, HOST, 72), Err(Error::Resolution { dpi: 72, .. })));
}
