//! The manifest of a bag (交接清单), A4 across: what is in it, for whom, and two signatures on every page, so that no page
//! can be exchanged. Lists codes, never whose papers they are. Times are written by hand: nothing here knows today.
//! One more column: a row of [`columns`] and a cell in [`lines`].
use crate::code;
use crate::draft::{Across, Down, Draft};
use crate::error::Error;
use crate::fit::Sizes;
use crate::font;
use crate::page::{Area, MM, Paper, Um};
use crate::qr::Symbol;
use crate::table::{self, Column, Look};
use crate::totals::{self, Total};
use domain::code::{Code, CodeKind};
use std::collections::BTreeSet;

/// What goes from one site to another in one bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Names of the sites.
    pub from: String,
    pub to: String,
    /// Of kind bag.
    pub bag: Code,
    /// Empty: left blank to be written on.
    pub seal_no: String,
    /// Date and time of packing as text, or empty.
    pub packed_at: String,
    pub lines: Vec<Line>,
}

/// One dossier in the bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Of kind dossier.
    pub code: Code,
    /// Where it is to be handed on: a site's name.
    pub destination: String,
    /// Pages or pieces inside, if counted.
    pub pieces: Option<u16>,
}

/// Lines on one page: two columns of twenty.
pub const LINES_A_PAGE: usize = 40;
const ROWS: usize = LINES_A_PAGE / 2;
/// Destinations whose totals fit below the lines; with more, they get a page of their own.
const TOTALS_BELOW: usize = 12;
const TOTALS_A_PAGE: usize = totals::COLUMNS * ROWS;

const MARGIN: Um = 9 * MM;
const HEAD: Um = 31 * MM;
const ROW: Um = 5_400;
const GAP: Um = 5 * MM;
const RULE: Um = 150;

/// What one page shows.
enum Body<'a> {
    /// Lines, the number before the first, and the totals if they are below.
    Lines(&'a [Line], usize, &'a [Total]),
    Totals(&'a [Total]),
}

/// The manifest, 40 lines a page; without lines it is one page that says so.
///
/// # Errors
/// [`Error::WrongKind`] unless the bag is a bag and every line a dossier; [`Error::TextTooLong`],
/// [`Error::SymbolTooSmall`], [`Error::Resolution`]
pub fn print(manifest: &Manifest, host: Option<&str>, dpi: u16) -> Result<Paper, Error> {
    check(manifest.bag, CodeKind::Bag)?;
    manifest.lines.iter().try_for_each(|line| check(line.code, CodeKind::Dossier))?;
    let symbol = Symbol::of(host, manifest.bag)?;
    let totals = totals::of(&manifest.lines);
    let bodies = bodies(&manifest.lines, &totals);
    let mut paper = Paper { title: "交接清单", pages: Vec::new(), missing: BTreeSet::new(), shortened: Vec::new() };
    for (at, body) in bodies.iter().enumerate() {
        let mut draft = Draft::new(297 * MM, 210 * MM);
        head(&mut draft, manifest, symbol.clone(), dpi)?;
        match body {
            Body::Lines(part, before, below) => {
                lines(&mut draft, part, *before);
                totals_below(&mut draft, below);
            }
            Body::Totals(part) => totals_page(&mut draft, part),
        }
        signatures(&mut draft);
        page_number(&mut draft, at + 1, bodies.len(), manifest.lines.len());
        add(&mut paper, draft);
    }
    Ok(paper)
}

fn check(code: Code, wanted: CodeKind) -> Result<(), Error> {
    let given = code.kind();
    if given == wanted { Ok(()) } else { Err(Error::WrongKind { wanted, given }) }
}

fn add(paper: &mut Paper, Draft { page, missing, shortened }: Draft) {
    paper.pages.push(page);
    paper.missing.extend(missing);
    for text in shortened {
        if !paper.shortened.contains(&text) {
            paper.shortened.push(text);
        }
    }
}

fn bodies<'a>(lines: &'a [Line], totals: &'a [Total]) -> Vec<Body<'a>> {
    if lines.is_empty() {
        return vec![Body::Lines(&[], 0, &[])];
    }
    let pages = lines.len().div_ceil(LINES_A_PAGE);
    let below = if totals.len() <= TOTALS_BELOW { totals } else { &[] };
    let mut bodies: Vec<_> = lines
        .chunks(LINES_A_PAGE)
        .enumerate()
        .map(|(at, part)| Body::Lines(part, at * LINES_A_PAGE, if at + 1 == pages { below } else { &[] }))
        .collect();
    if below.is_empty() {
        bodies.extend(totals.chunks(TOTALS_A_PAGE).map(Body::Totals));
    }
    bodies
}

fn inner(draft: &Draft) -> Area {
    draft.area().inset(MARGIN)
}

fn head(draft: &mut Draft, manifest: &Manifest, symbol: Symbol, dpi: u16) -> Result<(), Error> {
    let (top, _) = inner(draft).cut_top(HEAD - 2 * MM);
    let right = Area::new(top.right() - top.h, top.y, top.h, top.h);
    let measured = Draft::new(0, 0).qr(right, symbol.clone(), dpi)?;
    let corner = Area::new(top.right() - measured.w, top.y - MM, right.w, right.h);
    draft.qr(corner, symbol, dpi)?;
    let words = Area { w: corner.x - top.x - 3 * MM, ..top };
    let (title, rest) = words.cut_top(9 * MM);
    draft.text(title, "交接清单 Manifest", Sizes::line(6_500), (Across::Left, Down::Top));
    let (route, rest) = rest.cut_top(8 * MM);
    let from_to = format!("{} → {}", manifest.from, manifest.to);
    draft.text(route, &from_to, Sizes::block(5 * MM, 2_600, 2), (Across::Left, Down::Middle));
    let (line, _) = rest.cut_top(1_500).1.cut_top(7 * MM);
    let printed = code::grouped(manifest.bag);
    let values =
        [("流转袋 Bag", &printed), ("封签号 Seal no.", &manifest.seal_no), ("装袋时间 Packed at", &manifest.packed_at)];
    for (at, (name, value)) in values.into_iter().enumerate() {
        let w = line.w / 3;
        field(draft, Area::new(line.x + at as Um * w, line.y, w - 3 * MM, line.h), name, value);
    }
    Ok(())
}

/// A small caption, and its value above a rule; without a value the rule is written on.
fn field(draft: &mut Draft, area: Area, name: &str, value: &str) {
    let sizes = Sizes::line(3 * MM);
    let (left, right) = area.cut_left(font::width_at(name, sizes.most) + MM);
    draft.text(left, name, sizes, (Across::Left, Down::Bottom));
    draft.text(right.inset(RULE), value, Sizes::line(4_600), (Across::Left, Down::Bottom));
    draft.bar(right.x, right.bottom() - RULE, right.w, RULE);
}

fn columns() -> [Column; 5] {
    [
        Column { title: "序号", w: 8 * MM, across: Across::Centre },
        Column { title: "卷宗码 Code", w: 47 * MM, across: Across::Centre },
        Column { title: "目的地 Destination", w: 59 * MM, across: Across::Left },
        Column { title: "页/件", w: 13 * MM, across: Across::Centre },
        Column { title: "完好", w: 10 * MM, across: Across::Centre },
    ]
}

fn lines(draft: &mut Draft, part: &[Line], before: usize) {
    let (columns, look) = (columns(), Look { row: ROW, text: 3_400, lines: 2 });
    let area = inner(draft);
    if part.is_empty() {
        let (middle, _) = area.cut_top(HEAD).1.cut_top(30 * MM);
        draft.text(middle, "袋内没有卷宗。 Nothing is listed.", Sizes::line(5 * MM), (Across::Centre, Down::Middle));
    }
    for (half, rows) in part.chunks(ROWS).enumerate() {
        let x = area.x + half as Um * (table::width(&columns) + GAP);
        let mut y = table::head(draft, (x, area.y + HEAD), &columns, look);
        for (number, line) in (before + half * ROWS + 1..).zip(rows) {
            let pieces = line.pieces.map_or(String::new(), |pieces| pieces.to_string());
            let cells = [&number.to_string(), &code::grouped(line.code), &line.destination, &pieces, "□"];
            y = table::row(draft, (x, y), &columns, &cells, look);
        }
    }
}

const TOTALS_AT: Um = HEAD + (ROWS as Um + 1) * ROW + MM;

fn totals_below(draft: &mut Draft, totals: &[Total]) {
    if !totals.is_empty() {
        let (name, rest) = inner(draft).cut_top(TOTALS_AT).1.cut_left(24 * MM);
        draft.text(name.cut_top(5 * MM).0, "按目的地合计", Sizes::line(3_200), (Across::Left, Down::Middle));
        totals::grid(draft, rest, totals, 5 * MM);
    }
}

fn totals_page(draft: &mut Draft, totals: &[Total]) {
    let (title, rest) = inner(draft).cut_top(HEAD).1.cut_top(8 * MM);
    draft.text(title, "按目的地合计 Totals by destination", Sizes::line(4 * MM), (Across::Left, Down::Middle));
    totals::grid(draft, rest, totals, ROW);
}

/// Who gives and who takes, with time, by hand.
fn signatures(draft: &mut Draft) {
    let (foot, _) = inner(draft).cut_bottom(21 * MM);
    let half = (foot.w - GAP) / 2;
    let blocks = [("移交人 Handed over by", "移交件数"), ("接收人 Received by", "实收件数")];
    for (at, (who, count)) in blocks.into_iter().enumerate() {
        let area = Area::new(foot.x + at as Um * (half + GAP), foot.y, half, 15 * MM);
        draft.frame(area, RULE);
        let fields = [(who, 0, 0, 78), (count, 80, 0, 50), ("单位 Site", 0, 1, 78), ("时间 Time", 80, 1, 50)];
        for (name, x, row, w) in fields {
            let line = Area::new(area.x + (x + 2) * MM, area.y + row * 6_500 + 500, w * MM, 6 * MM);
            field(draft, line, name, "");
        }
    }
}

fn page_number(draft: &mut Draft, page: usize, pages: usize, dossiers: usize) {
    let (foot, _) = inner(draft).cut_bottom(4 * MM);
    let words = format!("共 {dossiers} 件 · 第 {page} 页 / 共 {pages} 页");
    draft.text(foot, &words, Sizes::line(3 * MM), (Across::Right, Down::Bottom));
    let hint = "完好：与清单相符、无破损打 ✓；缺件或破损写在背面，双方签名。";
    draft.text(foot, hint, Sizes::line(2_800), (Across::Left, Down::Bottom));
}
