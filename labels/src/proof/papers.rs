//! Receipt and manifest: what is refused, how pages break, that nothing is lost or printed twice.
use super::*;
use crate::code;
use crate::error::Error;
use crate::manifest::{self, Line, Manifest};
use crate::page::{Area, Paper};
use crate::receipt::{self, Material, PaperSize, Receipt};

pub fn receipt(materials: usize) -> Receipt {
    let names = ["居民身份证", LONG, "食品经营许可申请书"];
    let material = |at: usize| Material { name: names[at % 3].to_owned(), originals: 1, copies: 2 };
    Receipt {
        office: "五华县公共服务中心".into(),
        case_no: "441424202603060012345".into(),
        received_on: "2026年3月6日".into(),
        promised: "2026年3月20日（10个工作日）".into(),
        materials: (0..materials).map(material).collect(),
        pickup_place: "安流镇便民服务中心出件窗口".into(),
        opening_hours: "周一至周五 08:30-12:00 14:30-17:30".into(),
        service_phone: "12345".into(),
        code: codes(CodeKind::Receipt, 1)[0],
    }
}

pub fn manifest(lines: usize) -> Manifest {
    let destinations = ["县民政局", LONG, "县公安局"];
    let line = |(at, code): (usize, Code)| Line { code, destination: destinations[at % 3].to_owned(), pieces: Some(2) };
    Manifest {
        from: "安流镇便民服务中心".into(),
        to: "五华县流转中心".into(),
        bag: codes(CodeKind::Bag, 1)[0],
        seal_no: "AL-0031765".into(),
        packed_at: "2026-03-06 16:40".into(),
        lines: codes(CodeKind::Dossier, lines).into_iter().enumerate().map(line).collect(),
    }
}

fn stays_on_its_pages(paper: &Paper) {
    for page in &paper.pages {
        for item in &page.items {
            assert!(Area::new(0, 0, page.w, page.h).contains(item.bounds()), "{item:?}");
        }
    }
    assert_eq!(paper.shortened, Vec::<String>::new());
    assert!(paper.missing.is_empty());
}

#[test]
fn a_receipt_never_carries_the_code_of_a_label() {
    for given in CodeKind::ALL.into_iter().filter(|kind| *kind != CodeKind::Receipt) {
        let wrong = Receipt { code: codes(given, 1)[0], ..receipt(1) };
        let refused = receipt::print(&wrong, HOST, PaperSize::A5, 600);
        assert_eq!(refused, Err(Error::WrongKind { wanted: CodeKind::Receipt, given }));
    }
    let paper = receipt::print(&receipt(1), HOST, PaperSize::A5, 600).unwrap();
    assert!(texts(&paper.pages[0]).contains(&code::grouped(receipt(1).code).as_str()));
}

#[test]
fn a_receipt_lists_every_paper_and_is_signed_once() {
    for (materials, size) in
        [0, 1, 5, 6, 14, 15, 16, 40, 60].into_iter().flat_map(|n| [(n, PaperSize::A5), (n, PaperSize::A4)])
    {
        let paper = receipt::print(&receipt(materials), HOST, size, 600).unwrap();
        stays_on_its_pages(&paper);
        let all: Vec<&str> = paper.pages.iter().flat_map(texts).collect();
        let count = |text: &str| all.iter().filter(|found| **found == text).count();
        assert_eq!(count("居民身份证"), materials.div_ceil(3), "{materials}");
        assert_eq!(count("（盖章处）"), 1, "{materials}");
        assert_eq!(count("受 理 回 执"), paper.pages.len());
        assert!(texts(paper.pages.last().unwrap()).contains(&"（盖章处）"));
        let listed = |page: &Page| texts(page).contains(&"材料名称");
        assert_eq!(paper.pages.iter().all(listed), materials > 0, "{materials}: no page with an empty list");
    }
}

#[test]
fn texts_of_a_receipt_do_not_lie_upon_each_other() {
    for materials in [0, 5, 20] {
        for page in receipt::print(&receipt(materials), HOST, PaperSize::A5, 600).unwrap().pages {
            let marks = page.items.iter().filter(|item| !matches!(item, crate::page::Item::Bar(_)));
            let marks: Vec<Area> = marks.map(crate::page::Item::bounds).collect();
            for (at, mark) in marks.iter().enumerate() {
                assert!(!marks[at + 1..].iter().any(|other| mark.overlaps(*other)), "{materials}: {mark:?}");
            }
        }
    }
}

#[test]
fn a_manifest_lists_bags_and_dossiers_and_nobody_s_secret() {
    let wrong = Manifest { bag: codes(CodeKind::Dossier, 1)[0], ..manifest(1) };
    let refused = manifest::print(&wrong, HOST, 600);
    assert_eq!(refused, Err(Error::WrongKind { wanted: CodeKind::Bag, given: CodeKind::Dossier }));
    let mut wrong = manifest(2);
    wrong.lines[1].code = codes(CodeKind::Receipt, 1)[0];
    let refused = manifest::print(&wrong, HOST, 600);
    assert_eq!(refused, Err(Error::WrongKind { wanted: CodeKind::Dossier, given: CodeKind::Receipt }));
}

#[test]
fn every_line_of_a_manifest_is_on_one_page_in_order_and_every_page_is_signed() {
    for (lines, pages) in [(0, 1), (1, 1), (20, 1), (21, 1), (40, 1), (41, 2), (300, 8)] {
        let given = manifest(lines);
        let paper = manifest::print(&given, HOST, 600).unwrap();
        assert_eq!(paper.pages.len(), pages, "{lines}");
        stays_on_its_pages(&paper);
        let printed: Vec<String> = given.lines.iter().map(|line| code::grouped(line.code)).collect();
        let found: Vec<&str> =
            paper.pages.iter().flat_map(texts).filter(|text| printed.iter().any(|code| code == text)).collect();
        assert_eq!(found, printed, "{lines}");
        let last = texts(paper.pages.last().unwrap());
        assert!(lines == 0 || last.contains(&lines.to_string().as_str()), "{lines}: numbers go on from page to page");
        for (at, page) in paper.pages.iter().enumerate() {
            let texts = texts(page);
            let number = format!("共 {lines} 件 · 第 {} 页 / 共 {pages} 页", at + 1);
            for needed in ["交接清单 Manifest", "移交人 Handed over by", "接收人 Received by", &number] {
                assert!(texts.contains(&needed), "{lines}, page {at}: {needed}");
            }
        }
    }
}

#[test]
fn totals_are_by_destination_and_take_their_own_page_when_there_are_many() {
    let paper = manifest::print(&manifest(41), HOST, 600).unwrap();
    let last = texts(&paper.pages[1]);
    assert!(last.contains(&"县民政局 14 件 28 页") && last.contains(&"县公安局 13 件 26 页"), "{last:?}");
    let mut many = manifest(100);
    for (at, line) in many.lines.iter_mut().enumerate() {
        line.destination = format!("第{at}村");
    }
    let paper = manifest::print(&many, HOST, 600).unwrap();
    assert_eq!(paper.pages.len(), 3 + 2);
    stays_on_its_pages(&paper);
    let all: Vec<&str> = paper.pages.iter().flat_map(texts).collect();
    assert_eq!(all.iter().filter(|text| text.ends_with("村 1 件 2 页")).count(), 100);
}

#[test]
fn the_same_paper_gives_the_same_bytes() {
    let once = manifest::print(&manifest(41), HOST, 600).unwrap();
    let again = manifest::print(&manifest(41), HOST, 600).unwrap();
    assert_eq!(once.pdf().unwrap(), again.pdf().unwrap());
    assert_eq!(once.svgs().unwrap(), again.svgs().unwrap());
    let none = Paper { pages: Vec::new(), ..once };
    assert_eq!(none.pdf(), Err(Error::NothingToPrint));
}

#[test]
fn one_label_with_its_font_is_a_small_file() {
    let job = [Label::new(codes(CodeKind::Dossier, 1)[0], "安流镇便民服务中心")];
    let format = crate::formats::find("60x40").unwrap();
    let pdf = crate::sheet::print(&crate::sheet::Job::new(format, &job, HOST)).unwrap().pdf().unwrap();
    assert!(pdf.len() <= 10_000, "{} bytes", pdf.len());
}
