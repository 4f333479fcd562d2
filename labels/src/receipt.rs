//! The applicant's receipt (受理回执): what was handed in, until when it is decided, where and how to ask. Its QR code is
//! the applicant's own secret and never a label's: every handler sees the labels. Holds no name and no identity number;
//! who signs it writes theirs by hand. Dates come as texts: nothing here knows today.
//! One more fact on it: a field of [`Receipt`] and one line in [`facts`] or [`service`].
use crate::code;
use crate::draft::{Across, Down, Draft};
use crate::error::Error;
use crate::fit::Sizes;
use crate::page::{Area, MM, Paper, Um};
use crate::qr::Symbol;
use crate::table::{self, Column, Look};
use domain::code::{Code, CodeKind};
use std::collections::BTreeSet;

/// What the applicant is told. Texts may be empty, then their line is left blank to be written on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who took the papers: `五华县公共服务中心`.
    pub office: String,
    pub case_no: String,
    /// `2026年3月6日`
    pub received_on: String,
    /// Date or limit as promised: `2026年3月20日（10个工作日）`.
    pub promised: String,
    pub materials: Vec<Material>,
    pub pickup_place: String,
    pub opening_hours: String,
    pub service_phone: String,
    /// Of kind receipt: the applicant's secret.
    pub code: Code,
}

/// One line of the list of papers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    pub name: String,
    pub originals: u16,
    pub copies: u16,
}

/// Paper it is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PaperSize {
    #[default]
    A5,
    A4,
}

/// Printed at the foot of every receipt.
const PRIVACY: &str =
    "本回执不载申请人姓名和证件号码。凭回执码即可查询进度，请妥善保管，不要拍照转发。领取时请携带本回执。";
const HOW_TO_ASK: &str = "手机扫码，或在查询页输入回执码，查看办理进度。";
const RULE: Um = 150;

impl PaperSize {
    fn size(self) -> (Um, Um) {
        match self {
            Self::A5 => (148 * MM, 210 * MM),
            Self::A4 => (210 * MM, 297 * MM),
        }
    }

    /// Everything is drawn in these: 1 mm on A5, and larger on A4.
    fn unit(self) -> Um {
        match self {
            Self::A5 => MM,
            Self::A4 => MM * 13 / 10,
        }
    }
}

/// A page being filled: its draft, the box inside the margins, the unit.
struct Sheet {
    draft: Draft,
    inner: Area,
    u: Um,
}

/// The receipt, with as many pages as the list of papers needs; the last one is signed and sealed.
///
/// # Errors
/// [`Error::WrongKind`] unless the code is a receipt's; [`Error::TextTooLong`], [`Error::SymbolTooSmall`],
/// [`Error::Resolution`]
pub fn print(receipt: &Receipt, host: Option<&str>, size: PaperSize, dpi: u16) -> Result<Paper, Error> {
    let given = receipt.code.kind();
    if given != CodeKind::Receipt {
        return Err(Error::WrongKind { wanted: CodeKind::Receipt, given });
    }
    let symbol = Symbol::of(host, receipt.code)?;
    let parts = split(&receipt.materials, size);
    let mut paper = Paper { title: "受理回执", pages: Vec::new(), missing: BTreeSet::new(), shortened: Vec::new() };
    let mut number = 0;
    for (at, part) in parts.iter().enumerate() {
        let mut sheet = begin(size);
        let rest = title(&mut sheet, receipt, (at + 1, parts.len()));
        let rest = if at == 0 { facts(&mut sheet, rest, receipt) } else { rest };
        let below = materials(&mut sheet, rest, part, number);
        number += part.len();
        if at + 1 == parts.len() {
            foot(&mut sheet, below, receipt, symbol.clone(), dpi)?;
        }
        paper.missing.extend(sheet.draft.missing);
        paper.shortened.extend(sheet.draft.shortened);
        paper.pages.push(sheet.draft.page);
    }
    Ok(paper)
}

fn begin(size: PaperSize) -> Sheet {
    let (w, h) = size.size();
    let draft = Draft::new(w, h);
    let inner = draft.area().inset(11 * size.unit());
    Sheet { draft, inner, u: size.unit() }
}

/// Heights in units.
const TITLE: Um = 20;
const FACTS: Um = 23;
const ROW: Um = 7;
const FOOT: Um = 98;
/// Seals of county bodies are 42 mm across, 45 mm at most.
const SEAL: (Um, Um) = (46, 43);

/// The list of papers by pages. The first page has the facts, the last one the foot.
fn split(materials: &[Material], size: PaperSize) -> Vec<&[Material]> {
    let room = begin(size).inner.h / size.unit() - TITLE - ROW;
    let (first, foot) = ((room - FACTS) / ROW, (FOOT + ROW - 1) / ROW);
    let mut parts = Vec::new();
    let mut left = materials;
    loop {
        let most = if parts.is_empty() { first } else { room / ROW };
        if left.len() as Um <= most - foot {
            parts.push(left);
            return parts;
        }
        // The page that is signed lists something too.
        let (part, rest) = left.split_at((left.len() - 1).min(most as usize));
        parts.push(part);
        left = rest;
    }
}

fn title(sheet: &mut Sheet, receipt: &Receipt, (page, pages): (usize, usize)) -> Area {
    let u = sheet.u;
    let (office, rest) = sheet.inner.cut_top(7 * u);
    sheet.draft.text(office, &receipt.office, Sizes::line(5 * u), (Across::Centre, Down::Top));
    let (name, rest) = rest.cut_top(10 * u);
    sheet.draft.text(name, "受 理 回 执", Sizes::line(7 * u), (Across::Centre, Down::Top));
    if pages > 1 {
        let note = format!("第 {page} 页 共 {pages} 页");
        sheet.draft.text(name, &note, Sizes::line(3 * u), (Across::Right, Down::Bottom));
    }
    rest.cut_top((TITLE - 17) * u).1
}

/// Name and value beside each other.
fn fact(sheet: &mut Sheet, area: Area, name: &str, value: &str) {
    let u = sheet.u;
    let (left, right) = area.cut_left(27 * u);
    sheet.draft.text(left, name, Sizes::line(3_800 * u / MM), (Across::Left, Down::Middle));
    sheet.draft.text(right, value, Sizes::block(3_800 * u / MM, 2_200 * u / MM, 2), (Across::Left, Down::Middle));
    sheet.draft.bar(right.x, right.bottom() - RULE, right.w, RULE);
}

fn facts(sheet: &mut Sheet, area: Area, receipt: &Receipt) -> Area {
    let u = sheet.u;
    let named = [("办件编号", &receipt.case_no), ("收件日期", &receipt.received_on), ("承诺办结", &receipt.promised)];
    let mut rest = area;
    for (name, value) in named {
        let (line, below) = rest.cut_top(ROW * u);
        fact(sheet, line, name, value);
        rest = below;
    }
    rest.cut_top((FACTS - 3 * ROW) * u).1
}

fn materials(sheet: &mut Sheet, area: Area, part: &[Material], before: usize) -> Area {
    if part.is_empty() {
        return area;
    }
    let u = sheet.u;
    let (number, count) = (11 * u, 22 * u);
    let columns = [
        Column { title: "序号", w: number, across: Across::Centre },
        Column { title: "材料名称", w: area.w - number - 2 * count, across: Across::Left },
        Column { title: "原件份数", w: count, across: Across::Centre },
        Column { title: "复印件份数", w: count, across: Across::Centre },
    ];
    let look = Look { row: ROW * u, text: 3_500 * u / MM, lines: 2 };
    let mut y = table::head(&mut sheet.draft, (area.x, area.y), &columns, look);
    for (number, material) in (before + 1..).zip(part) {
        let [number, originals, copies] =
            [number, material.originals.into(), material.copies.into()].map(|count: usize| count.to_string());
        let cells = [&number, &material.name, &originals, &copies].map(String::as_str);
        y = table::row(&mut sheet.draft, (area.x, y), &columns, &cells, look);
    }
    Area::new(area.x, y, area.w, area.bottom() - y)
}

/// What follows the list on the last page, at its lower edge: service, code, seal, signature, privacy.
fn foot(sheet: &mut Sheet, area: Area, receipt: &Receipt, symbol: Symbol, dpi: u16) -> Result<(), Error> {
    let u = sheet.u;
    let (mut rest, _) = area.cut_bottom((FOOT - 2) * u);
    for (name, value) in service(receipt) {
        let (line, below) = rest.cut_top(ROW * u);
        fact(sheet, line, name, value);
        rest = below;
    }
    let (code_box, rest) = rest.cut_top(3 * u).1.cut_top(27 * u);
    secret(sheet, code_box, receipt.code, symbol, dpi)?;
    signature(sheet, rest.cut_top(2 * u).1.cut_top(SEAL.1 * u).0, &receipt.received_on);
    Ok(())
}

fn service(receipt: &Receipt) -> [(&'static str, &str); 3] {
    [("取件地点", &receipt.pickup_place), ("服务时间", &receipt.opening_hours), ("服务电话", &receipt.service_phone)]
}

/// The frame with the QR code and the code in groups.
fn secret(sheet: &mut Sheet, area: Area, code: Code, symbol: Symbol, dpi: u16) -> Result<(), Error> {
    let u = sheet.u;
    sheet.draft.frame(area, 2 * RULE);
    let inside = area.inset(u / 2);
    let taken = sheet.draft.qr(inside, symbol, dpi)?;
    let words =
        Area::new(taken.right() + u, inside.y + 3 * u, inside.right() - taken.right() - 3 * u, inside.h - 6 * u);
    sheet.draft.text(words, "回执码 Receipt code", Sizes::line(3_200 * u / MM), (Across::Left, Down::Top));
    sheet.draft.text(words, &code::grouped(code), Sizes::line(8 * u), (Across::Left, Down::Middle));
    sheet.draft.text(words, HOW_TO_ASK, Sizes::block(3 * u, 2 * u, 2), (Across::Left, Down::Bottom));
    Ok(())
}

/// Room for hands and the privacy line on the left, for the seal on the right.
fn signature(sheet: &mut Sheet, area: Area, date: &str) {
    let u = sheet.u;
    let size = Sizes::line(3_500 * u / MM);
    let seal = Area::new(area.right() - SEAL.0 * u, area.y, SEAL.0 * u, area.h);
    sheet.draft.dashes(seal, RULE, u);
    sheet.draft.text(seal.inset(3 * u), "（盖章处）", size, (Across::Centre, Down::Middle));
    let date = if date.is_empty() { "　　年　　月　　日" } else { date };
    sheet.draft.text(seal.inset(3 * u), date, size, (Across::Centre, Down::Bottom));
    let left = Area { w: seal.x - area.x - 4 * u, ..area };
    for (at, words) in ["申请人（代办人）签名", "经办人签名"].into_iter().enumerate() {
        let line = Area { y: left.y + (3 + 12 * at as Um) * u, h: 9 * u, ..left };
        sheet.draft.text(line, words, size, (Across::Left, Down::Bottom));
        sheet.draft.bar(line.x + 36 * u, line.bottom() - RULE, line.w - 36 * u, RULE);
    }
    let privacy = left.cut_bottom(14 * u).0;
    sheet.draft.text(privacy, PRIVACY, Sizes::block(3 * u, 2 * u, 3), (Across::Left, Down::Bottom));
}
