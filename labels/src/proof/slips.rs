//! The slip for the shelf: on its paper, off the code, large where it must be; its code is read from PDF and from dots.
use super::*;
use crate::error::Error;
use crate::page::{Area, Item};
use crate::qr;
use crate::slip::{self, Slip, SlipSize};

const SIZES: [SlipSize; 2] = [SlipSize::Label, SlipSize::A6];

fn slip() -> Slip {
    Slip {
        code: codes(CodeKind::Dossier, 1)[0],
        shelf: "A1-03".into(),
        mark: "7K3QM".into(),
        ready_on: "2026年11月2日".into(),
        keep_until: "2026年12月2日".into(),
        site: LONG.into(),
    }
}

#[test]
fn what_stands_on_a_slip_stays_on_it_and_off_the_code_and_each_other() {
    let blank = Slip { shelf: String::new(), keep_until: String::new(), ..slip() };
    let long = Slip { shelf: "三号柜第十二格下层左".into(), mark: "0123456789".into(), ..slip() };
    for (size, slip) in SIZES.into_iter().flat_map(|size| [slip(), blank.clone(), long.clone()].map(|it| (size, it))) {
        for dpi in [203, 300, 600] {
            let paper = slip::print(&slip, HOST, size, dpi).unwrap();
            assert_eq!((paper.pages.len(), &paper.shortened), (1, &Vec::new()), "{size:?} {slip:?}");
            let page = &paper.pages[0];
            assert_eq!((page.w, page.h), size.size());
            for (at, item) in page.items.iter().enumerate() {
                let mark = item.bounds();
                assert!(Area::new(0, 0, page.w, page.h).contains(mark), "{size:?}: {item:?}");
                let texts = |it: &&Item| !matches!(it, Item::Bar(_)) && !matches!(item, Item::Bar(_));
                let upon = page.items[at + 1..].iter().filter(texts).find(|it| mark.inset(10).overlaps(it.bounds()));
                assert_eq!(upon, None, "{size:?} {dpi}: {item:?}");
            }
        }
    }
}

#[test]
fn shelf_and_number_are_the_largest_words() {
    for size in SIZES {
        let page = slip::print(&slip(), HOST, size, 203).unwrap().pages.remove(0);
        let sizes = page.items.iter().filter_map(|item| if let Item::Text(run) = item { Some(run) } else { None });
        let mut runs: Vec<_> = sizes.map(|run| (run.size, run.text.as_str())).collect();
        runs.sort_unstable();
        let largest: Vec<&str> = runs.iter().rev().take(2).map(|(_, text)| *text).collect();
        assert!(largest.contains(&"A1-03") && largest.contains(&"7K3QM"), "{runs:?}");
    }
}

#[test]
fn a_slip_takes_the_code_of_a_dossier_alone() {
    for given in CodeKind::ALL.into_iter().filter(|kind| *kind != CodeKind::Dossier) {
        let wrong = Slip { code: codes(given, 1)[0], ..slip() };
        let refused = slip::print(&wrong, HOST, SlipSize::Label, 203);
        assert_eq!(refused, Err(Error::WrongKind { wanted: CodeKind::Dossier, given }));
    }
}

#[test]
fn the_code_of_a_slip_is_read() {
    for (size, host) in SIZES.into_iter().flat_map(|size| [(size, HOST), (size, None)]) {
        let folder = tempfile::tempdir().unwrap();
        let paper = slip::print(&slip(), host, size, 203).unwrap();
        let text = qr::text(host, slip().code);
        for page in drawn(folder.path(), &paper.pdf().unwrap(), 203) {
            both_read(&page, &text);
        }
        let file = folder.path().join("slip.png");
        std::fs::write(&file, paper.bitmaps(203).unwrap()[0].png().unwrap()).unwrap();
        both_read(&file, &text);
    }
}
