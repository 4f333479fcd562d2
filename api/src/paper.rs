//! Papers with what the registers know: labels for codes, each print recorded. One place for the JSON door, the page and the
//! command. Never puts an applicant or a service item on a label.
use crate::app::{App, Known};
use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::id::SiteId;
use domain::network::SiteKind;
use labels::dots::Printer;
use labels::formats::{self, Format};
use labels::label::Label;
use labels::page::Paper;
use labels::sheet::{self, Job};
use registers::label::LabelRow;
use registers::print::PrintJob;
use registers::shelf::ShelfRow;
use registers::site::SiteRow;
use std::collections::HashMap;
use uuid::Uuid;

/// Labels in one job at most.
pub const LABELS_MAX: usize = 5000;

/// Labels to print.
#[derive(Clone, Debug)]
pub struct Print {
    /// Made by whoever asks: asked again, it is the same job.
    pub job: Uuid,
    pub by: String,
    pub codes: Vec<Code>,
    pub sheet: Sheet,
    /// Why labels are printed again.
    pub reason: Option<String>,
}

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
        let printer = Printer { right: self.right, down: self.down, ..self.format.printer() };
        printer.offset().map(|_| ()).map_err(refused)
    }
}

/// A paper as it leaves the house.
#[derive(Clone, Debug)]
pub struct Printed {
    pub pdf: Vec<u8>,
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

/// Prints labels and records it.
///
/// # Errors
/// Labels that are not of this house, or were replaced; a reprint without a reason; paper that does not fit.
pub async fn print(app: &App, asked: &Print) -> Result<Printed, Problem> {
    let labels = labels_of(app, asked).await?;
    let (sheet, host) = (asked.sheet, app.public_host().map(ToOwned::to_owned));
    let draw = move || {
        let printer = Printer { right: sheet.right, down: sheet.down, ..sheet.format.printer() };
        let job = Job { start: sheet.start, printer, ..Job::new(sheet.format, &labels, host.as_deref()) };
        finish(&sheet::print(&job).map_err(refused)?)
    };
    let printed = tokio::task::spawn_blocking(draw).await.map_err(|error| Problem::internal(&error))??;
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    let job = PrintJob {
        id: asked.job,
        printed_at: change.recorded_at.0,
        printed_by: asked.by.clone(),
        format: sheet.format.name.to_owned(),
        labels: i64::try_from(asked.codes.len()).unwrap_or(i64::MAX),
        reason: asked.reason.clone(),
    };
    registers::print::record(&mut tx, &change, &job, &asked.codes).await?;
    tx.commit().await?;
    Ok(printed)
}

/// A page to measure a printer with.
///
/// # Errors
/// An offset no printer has.
pub fn calibration(sheet: Sheet) -> Result<Printed, Problem> {
    let printer = Printer { right: sheet.right, down: sheet.down, ..sheet.format.printer() };
    finish(&sheet::calibration(sheet.format, printer).map_err(refused)?)
}

/// A finished paper.
///
/// # Errors
/// The PDF writer's own.
pub fn finish(paper: &Paper) -> Result<Printed, Problem> {
    let missing = paper.missing.iter().map(|missing| missing.code_point()).collect();
    Ok(Printed { pdf: paper.pdf().map_err(refused)?, missing })
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
        let mut response = (StatusCode::OK, self.pdf).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"liuzhuan.pdf\""));
        if let Ok(missing) = HeaderValue::from_str(&self.missing.join(" "))
            && !self.missing.is_empty()
        {
            headers.insert("liuzhuan-missing-characters", missing);
        }
        response
    }
}

async fn labels_of(app: &App, asked: &Print) -> Result<Vec<Label>, Problem> {
    let codes = &asked.codes;
    if !(1..=LABELS_MAX).contains(&codes.len()) {
        return Err(Problem::invalid(format!("print 1 to {LABELS_MAX} labels at a time")));
    }
    let labels = labels_for(app, codes).await?;
    let before = registers::print::printed_before(app.db(), app.region(), asked.job, codes).await?;
    if !before.is_empty() && asked.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        let title = "Labels were printed before";
        let problem = Problem::new(StatusCode::CONFLICT, "printed-before", title);
        return Err(problem.detail(format!("{} of them: say in `reason` why they are printed again", before.len())));
    }
    Ok(labels)
}

/// What stands on one label.
///
/// # Errors
/// A label that is not of this house, or was replaced.
pub async fn one(app: &App, code: Code) -> Result<Label, Problem> {
    labels_for(app, &[code]).await?.pop().ok_or_else(Problem::not_found)
}

async fn labels_for(app: &App, codes: &[Code]) -> Result<Vec<Label>, Problem> {
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
