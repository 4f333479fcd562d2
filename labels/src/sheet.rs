//! Labels on paper for a printer: one a page from a roll, or many on a sheet, also on one that was begun; and the page
//! with which an office measures its printer. Never loses or repeats a label: pages follow the order given.
//! One more format is a row in [`crate::formats`]; nothing here changes.
use crate::dots::Printer;
use crate::draft::{Across, Down, Draft};
use crate::error::Error;
use crate::fit::Sizes;
use crate::formats::Format;
use crate::label::{self, Label};
use crate::page::{Area, MM, Paper, Um};
use std::collections::BTreeSet;

/// What to print, where.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    pub format: &'a Format,
    pub labels: &'a [Label],
    /// The public host name, upper or lower case, without scheme or path; without one QR codes say the bare code.
    pub host: Option<&'a str>,
    /// The first free place on the first sheet, counted from 1 along the rows.
    pub start: usize,
    pub printer: Printer,
}

impl<'a> Job<'a> {
    /// Labels from the first place on, on a printer of the usual resolution.
    #[must_use]
    pub fn new(format: &'a Format, labels: &'a [Label], host: Option<&'a str>) -> Self {
        Self { format, labels, host, start: 1, printer: format.printer() }
    }
}

/// The pages of a job.
///
/// # Errors
/// [`Error::NothingToPrint`], [`Error::StartOffSheet`], [`Error::OffsetTooLarge`], [`Error::Resolution`],
/// [`Error::TextTooLong`], [`Error::SymbolTooSmall`]
pub fn print(job: &Job<'_>) -> Result<Paper, Error> {
    let places = job.format.places();
    if job.labels.is_empty() {
        return Err(Error::NothingToPrint);
    }
    if !(1..=places).contains(&job.start) {
        return Err(Error::StartOffSheet { start: job.start, places });
    }
    let first = &job.labels[..job.labels.len().min(places - job.start + 1)];
    let mut paper = Paper { title: "流转标签", pages: Vec::new(), missing: BTreeSet::new(), shortened: Vec::new() };
    add_page(&mut paper, job, first, job.start - 1)?;
    for labels in job.labels[first.len()..].chunks(places) {
        add_page(&mut paper, job, labels, 0)?;
    }
    Ok(paper)
}

fn add_page(paper: &mut Paper, job: &Job<'_>, labels: &[Label], from: usize) -> Result<(), Error> {
    let (right, down) = job.printer.offset()?;
    let mut sheet = Draft::new(job.format.page.0, job.format.page.1);
    for (at, label) in (from..).zip(labels) {
        let drawn = label::lay_out(label, job.format, job.host, job.printer.dpi)?;
        let place = job.format.place(at);
        sheet.place(drawn.page, place.x + right, place.y + down);
        paper.missing.extend(drawn.missing);
        paper.shortened.extend(drawn.shortened);
    }
    paper.pages.push(sheet.page);
    Ok(())
}

const HAIR: Um = 120;

/// Outlines and numbers of all labels, cross-hairs, rulers from the paper's edges and a line of known length: printed on
/// plain paper and held against the light before a sheet of labels, it shows how far the printer is off.
///
/// # Errors
/// [`Error::OffsetTooLarge`], [`Error::Resolution`]
pub fn calibration(format: &Format, printer: Printer) -> Result<Paper, Error> {
    let (right, down) = printer.offset()?;
    let mut draft = Draft::new(format.page.0, format.page.1);
    for at in 0..format.places() {
        outline(&mut draft, format.place(at), at + 1);
    }
    rulers(&mut draft);
    explain(&mut draft, format, printer);
    draft.shift(right, down);
    let Draft { page, missing, shortened } = draft;
    Ok(Paper { title: "打印校准页", pages: vec![page], missing, shortened })
}

/// A label's edge, its middle, and its number.
fn outline(draft: &mut Draft, place: Area, number: usize) {
    draft.frame(place, HAIR);
    let (x, y, arm) = (place.x + place.w / 2, place.y + place.h / 2, 3 * MM);
    draft.bar(x - arm, y - HAIR / 2, 2 * arm, HAIR);
    draft.bar(x - HAIR / 2, y - arm, HAIR, 2 * arm);
    let corner = Area::new(x + MM, y - 6_500, place.w / 2 - 2 * MM, 6 * MM);
    draft.text(corner, &number.to_string(), Sizes::line(5 * MM), (Across::Left, Down::Bottom));
}

/// Millimetres from the upper and from the left edge of the paper.
fn rulers(draft: &mut Draft) {
    for at in 1..draft.page.w / MM {
        draft.bar(at * MM - HAIR / 2, 0, HAIR, tick(at));
        if at % 10 == 0 {
            let beside = Area::new(at * MM + 300, 2_400, 8 * MM, 2_600);
            draft.text(beside, &at.to_string(), Sizes::line(2 * MM), (Across::Left, Down::Bottom));
        }
    }
    for at in 1..draft.page.h / MM {
        draft.bar(0, at * MM - HAIR / 2, tick(at), HAIR);
        if at % 10 == 0 {
            let below = Area::new(2_400, at * MM + 200, 4 * MM, 2_600);
            draft.text(below, &at.to_string(), Sizes::line(2 * MM), (Across::Left, Down::Top));
        }
    }
}

fn tick(at: Um) -> Um {
    match (at % 10, at % 5) {
        (0, _) => 5 * MM,
        (_, 0) => 3_500,
        (_, _) => 2_000,
    }
}

/// What to do with the page, in the lower margin of a sheet or in the lower part of a single label.
fn explain(draft: &mut Draft, format: &Format, printer: Printer) {
    let below = format.place(format.places() - 1).bottom();
    let margin = Area::new(8 * MM, below + 500, draft.page.w - 16 * MM, draft.page.h - below - 3 * MM);
    let half = draft.area().cut_bottom(draft.page.h / 2).0;
    let roll = Area::new(half.x + 6 * MM, half.y + 3_500, half.w - 8 * MM, half.h - 4 * MM);
    let area = if margin.h >= 6 * MM { margin } else { roll };
    let offset = format!("{} · 右移 right {} · 下移 down {}（×0.1 mm）。", format.name, printer.right, printer.down);
    let words = "按实际大小（100%）打印，标尺应与真尺一致；叠在标签纸上对光看，框线偏左 0.5 mm，右移就加 5。Print at actual \
                 size and compare the rulers; hold against a label sheet: frames 0.5 mm too far left ask for right +5.";
    draft.text(area, &(offset + words), Sizes::block(2_600, 1_000, 12), (Across::Left, Down::Top));
}
