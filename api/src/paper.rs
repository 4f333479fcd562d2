//! Papers with what the registers know: labels for codes. One place for the JSON doors, the pages and the command; what is
//! printed is recorded in [`crate::printing`]. Never puts an applicant or a service item on a label.
use crate::app::{App, Known};
use crate::printing::To;
use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::id::SiteId;
use domain::network::SiteKind;
use labels::dots;
use labels::formats::{self, Format};
use labels::label::Label;
use labels::page::Paper;
use labels::sheet::{self, Job};
use labels::thermal::{self, Language, Roll};
use registers::label::LabelRow;
use registers::shelf::ShelfRow;
use registers::site::SiteRow;
use std::collections::HashMap;

/// Labels in one job at most.
pub const LABELS_MAX: usize = 5000;
/// Of dots for a label printer, which weigh more than a PDF: half a roll.
pub const ROLL_MAX: usize = 250;
/// Where on the paper.
#[derive(Clone, Copy, Debug)]
pub struct Sheet {
    pub format: &'static Format,
    /// The first free place, from 1.
    pub start: usize,
    /// Tenths of a millimetre.
    pub right: i16,
    pub down: i16,
}

impl Sheet {
    /// Whether labels can be printed there: asked before any is minted.
    ///
    /// # Errors
    /// A place that is not on the sheet, an offset no printer has.
    pub fn check(self) -> Result<(), Problem> {
        let (start, places) = (self.start, self.format.places());
        if !(1..=places).contains(&start) {
            return Err(refused(labels::error::Error::StartOffSheet { start, places }));
        }
        let printer = dots::Printer { right: self.right, down: self.down, ..self.format.printer() };
        printer.offset().map(|_| ()).map_err(refused)
    }
}

/// A paper as it leaves the house.
#[derive(Clone, Debug)]
pub struct Printed {
    pub bytes: Vec<u8>,
    /// None: a PDF.
    pub language: Option<Language>,
    /// Code points of characters the font lacks; they are printed as `□U+…`.
    pub missing: Vec<String>,
}

/// The format of a name, or the one that suits a kind of label.
///
/// # Errors
/// An unknown name.
pub fn format(name: Option<&str>, kind: CodeKind) -> Result<&'static Format, Problem> {
    let usual = match kind {
        CodeKind::Bag | CodeKind::Site => "100x150",
        CodeKind::Dossier | CodeKind::Shelf | CodeKind::Badge | CodeKind::Receipt => "60x40",
    };
    let names: Vec<&str> = formats::FORMATS.iter().map(|format| format.name).collect();
    formats::find(name.unwrap_or(usual))
        .ok_or_else(|| Problem::invalid(format!("`format` is one of {}", names.join(", "))))
}

/// Whether so many labels can be printed there: asked before any is minted.
///
/// # Errors
/// A place that is not on the sheet, a sheet for a label printer, more labels than it takes.
pub fn fits(sheet: Sheet, to: &To, labels: usize) -> Result<(), Problem> {
    sheet.check()?;
    if matches!(to, To::Pdf) {
        return Ok(());
    }
    if !sheet.format.is_roll() {
        return Err(Problem::unfit(
            "sheet-for-roll",
            "labels on a sheet are printed from a PDF: choose a roll's format",
        ));
    }
    if labels > ROLL_MAX {
        return Err(Problem::unfit("too-many-for-roll", format!("a label printer takes {ROLL_MAX} labels at a time")));
    }
    Ok(())
}

/// The file of a job.
///
/// # Errors
/// As [`fits`], and what cannot be drawn.
pub fn drawn(sheet: Sheet, to: &To, labels: &[Label], host: Option<&str>) -> Result<Printed, Problem> {
    let roll = match to {
        To::Pdf => None,
        To::File(language, dpi) => Some(Roll::new(*language, *dpi)),
        To::Printer(printer) => Some(printer.roll()),
    };
    fits(sheet, to, labels.len())?;
    let dpi = roll.map_or(sheet.format.dpi, |roll| roll.dpi);
    let dots = dots::Printer { dpi, right: sheet.right, down: sheet.down };
    let job = Job { start: sheet.start, printer: dots, ..Job::new(sheet.format, labels, host) };
    let paper = sheet::print(&job).map_err(refused)?;
    let Some(roll) = roll else { return finish(&paper) };
    let bytes = thermal::write(&paper, roll).map_err(refused)?;
    Ok(Printed { bytes, language: Some(roll.language), missing: missing(&paper) })
}

/// A page to measure a printer with.
///
/// # Errors
/// An offset no printer has.
pub fn calibration(sheet: Sheet) -> Result<Printed, Problem> {
    let printer = dots::Printer { right: sheet.right, down: sheet.down, ..sheet.format.printer() };
    finish(&sheet::calibration(sheet.format, printer).map_err(refused)?)
}

/// A finished paper.
///
/// # Errors
/// The PDF writer's own.
pub fn finish(paper: &Paper) -> Result<Printed, Problem> {
    Ok(Printed { bytes: paper.pdf().map_err(refused)?, language: None, missing: missing(paper) })
}

fn missing(paper: &Paper) -> Vec<String> {
    paper.missing.iter().map(|missing| missing.code_point()).collect()
}

/// Why a paper was not made, as a problem.
#[must_use]
pub fn refused(error: labels::error::Error) -> Problem {
    use labels::error::Error;
    match error {
        Error::Internal { .. } => Problem::internal(&error),
        Error::StartOffSheet { .. } => {
            let title = "The first label would not lie on the sheet";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "start-off-sheet", title).detail(error)
        }
        Error::NothingToPrint
        | Error::OffsetTooLarge { .. }
        | Error::Resolution { .. }
        | Error::WrongKind { .. }
        | Error::TextTooLong { .. }
        | Error::SymbolTooSmall { .. } => Problem::invalid(error),
    }
}

impl IntoResponse for Printed {
    fn into_response(self) -> Response {
        let (kind, name) = match self.language {
            None => ("application/pdf", "inline; filename=\"liuzhuan.pdf\""),
            Some(Language::Tspl) => ("application/octet-stream", "attachment; filename=\"liuzhuan.tspl\""),
            Some(Language::Zpl) => ("application/octet-stream", "attachment; filename=\"liuzhuan.zpl\""),
        };
        let mut response = (StatusCode::OK, self.bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
        if let Ok(missing) = HeaderValue::from_str(&self.missing.join(" "))
            && !self.missing.is_empty()
        {
            headers.insert("liuzhuan-missing-characters", missing);
        }
        response
    }
}

/// What stands on one label.
///
/// # Errors
/// A label that is not of this house, or was replaced.
pub async fn one(app: &App, code: Code) -> Result<Label, Problem> {
    labels_for(app, &[code]).await?.pop().ok_or_else(Problem::not_found)
}

/// What stands on labels.
///
/// # Errors
/// As [`one`].
pub async fn labels_for(app: &App, codes: &[Code]) -> Result<Vec<Label>, Problem> {
    if codes.iter().any(|code| code.kind() == CodeKind::Receipt) {
        return Err(Problem::invalid("a receipt's code is the applicant's own: it is printed on the receipt alone"));
    }
    let rows = registers::label::resolve(app.db(), app.region(), codes).await?;
    for code in codes {
        let shown = labels::code::grouped(*code);
        match rows.get(code) {
            None => return Err(Problem::invalid(format!("{shown} was not minted here: mint it first"))),
            Some(row) if row.replaced => {
                return Err(Problem::invalid(format!("{shown} was replaced by a newer label: print that one")));
            }
            Some(_) => {}
        }
    }
    let shelves: Vec<ShelfRow> = registers::list(app.db(), app.region(), app.now()).await?;
    let known = app.known();
    Ok(codes.iter().map(|&code| label(&known, &shelves, code, rows.get(&code))).collect())
}

/// What stands on a label: where it belongs, never whose it is.
fn label(known: &Known, shelves: &[ShelfRow], code: Code, row: Option<&LabelRow>) -> Label {
    let site = row.and_then(|row| row.site.as_ref());
    let named = |site: &SiteId| known.site_name(site, false).to_owned();
    let place = site.and_then(|site| known.sites.get(site));
    let office = site.map(named).or_else(|| office(&known.sites).map(|hub| hub.name.clone())).unwrap_or_default();
    match code.kind() {
        CodeKind::Site => {
            let lines = place.map(|place| vec![place.hours.clone(), place.address.clone().unwrap_or_default()]);
            let lines = lines.unwrap_or_default().into_iter().filter(|line| !line.is_empty()).collect();
            Label { lines, ..Label::new(code, office) }
        }
        CodeKind::Shelf => {
            let shelf = row.and_then(|row| row.shelf.as_deref());
            let known = shelves.iter().find(|it| Some(&it.site) == site && Some(it.shelf.as_str()) == shelf);
            let slot = known.is_some_and(|it| it.kind == registers::shelf::ShelfKind::Slot);
            let name =
                known.and_then(|it| it.name.clone()).or_else(|| shelf.map(ToOwned::to_owned)).unwrap_or_default();
            Label { lines: vec![office], slot, ..Label::new(code, name) }
        }
        // The name is written by hand until people have accounts.
        CodeKind::Badge => Label { lines: vec![office], ..Label::new(code, "") },
        CodeKind::Dossier | CodeKind::Bag | CodeKind::Receipt => Label::new(code, office),
    }
}

/// The office that whoever finds something is sent to: the county's circulation centre.
#[must_use]
pub fn office(sites: &HashMap<SiteId, SiteRow>) -> Option<&SiteRow> {
    let hubs = sites.values().filter(|site| site.kind == SiteKind::Hub);
    hubs.min_by(|a, b| a.id.cmp(&b.id))
}
