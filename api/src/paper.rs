//! Papers with what the registers know: labels for codes, each print recorded. One place for the JSON door, the page and the
//! command. Never puts an applicant or a service item on a label.
use crate::access::Permit;
use crate::access::who_may::{self, Reach};
use crate::app::{App, Known};
use crate::printers::{Failure, Printer};
use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::id::SiteId;
use domain::network::SiteKind;
use eventstore::AppendError;
use labels::dots;
use labels::formats::{self, Format};
use labels::label::Label;
use labels::page::Paper;
use labels::sheet::{self, Job};
use labels::thermal::{self, Language, Roll};
use registers::label::LabelRow;
use registers::print::PrintJob;
use registers::shelf::ShelfRow;
use registers::site::SiteRow;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Labels in one job at most.
pub const LABELS_MAX: usize = 5000;
/// Of dots for a label printer, which weigh more than a PDF: half a roll.
pub const ROLL_MAX: usize = 250;
/// How a job ended that its printer took whole; what else may stand there is a [`Failure`]'s name.
pub const SENT: &str = "sent";

/// Labels to print.
#[derive(Clone, Debug)]
pub struct Print {
    /// Made by whoever asks: asked again, it is the same job.
    pub job: Uuid,
    pub by: String,
    /// Where it is printed; see [`site_of`].
    pub site: Option<SiteId>,
    pub codes: Vec<Code>,
    pub sheet: Sheet,
    pub to: To,
    /// Why labels are printed again.
    pub reason: Option<String>,
    /// The first job, if this one prints the labels of another again.
    pub again_of: Option<Uuid>,
}

/// What becomes of a job.
#[derive(Clone, Debug)]
pub enum To {
    Pdf,
    /// A file for a label printer of so many dots per inch.
    File(Language, u16),
    /// Sent to it.
    Printer(Arc<Printer>),
}

impl To {
    /// What it is written in.
    #[must_use]
    pub fn language(&self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::File(language, _) => language.name(),
            Self::Printer(printer) => printer.language.name(),
        }
    }

    fn printer(&self) -> Option<&str> {
        if let Self::Printer(printer) = self { Some(&printer.name) } else { None }
    }
}

/// A job that was done.
#[derive(Clone, Debug)]
pub enum Done {
    File(Printed),
    /// The printer took it.
    Sent {
        /// See [`Printed::missing`].
        missing: Vec<String>,
    },
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

/// Where somebody prints: at the site of the own post. Programs, and who works for the whole region, at none.
#[must_use]
pub fn site_of(app: &App, permit: &Permit) -> Option<SiteId> {
    let row = who_may::of(permit.action);
    let person = permit.person()?;
    let known = app.known();
    let posts = known.people.posts_at(person, app.now()).filter(|post| row.reach(post.role) != Reach::No);
    posts.filter_map(|post| post.site.clone()).next()
}

/// A label printer of the configuration that stands where somebody may print.
///
/// # Errors
/// None of that name there: whether it stands elsewhere is not told.
pub fn printer(app: &App, permit: &Permit, name: &str) -> Result<Arc<Printer>, Problem> {
    let found = app.printers().find(name, &permit.scope);
    found.ok_or_else(|| Problem::unfit("no-such-printer", format!("there is no printer `{name}` where you print")))
}

/// Prints labels: records it, then hands out a file or sends it. A job is recorded before anything leaves, and sent once.
///
/// # Errors
/// Labels that are not of this house, or were replaced; a reprint without a reason; paper that does not fit; a printer that
/// does not take it.
pub async fn print(app: &App, asked: &Print) -> Result<Done, Problem> {
    let labels = labels_of(app, asked).await?;
    let (sheet, to, host) = (asked.sheet, asked.to.clone(), app.public_host().map(ToOwned::to_owned));
    let draw = move || drawn(sheet, &to, &labels, host.as_deref());
    let printed = tokio::task::spawn_blocking(draw).await.map_err(|error| Problem::internal(&error))??;
    let is_new = record(app, asked).await?;
    let To::Printer(printer) = &asked.to else { return Ok(Done::File(printed)) };
    if !is_new {
        return told_before(app, asked.job, printer).await;
    }
    // Whoever asked may hang up: what was begun is ended, and how it ended is written down.
    let (app, printer, job) = (app.clone(), printer.clone(), asked.job);
    let sent = tokio::spawn(async move { send(&app, &printer, job, printed).await }).await;
    sent.map_err(|error| Problem::internal(&error))?
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

fn drawn(sheet: Sheet, to: &To, labels: &[Label], host: Option<&str>) -> Result<Printed, Problem> {
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

/// `false`: it is recorded already, with the same labels.
async fn record(app: &App, asked: &Print) -> Result<bool, Problem> {
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    let job = PrintJob {
        id: asked.job,
        printed_at: change.recorded_at.0,
        printed_by: asked.by.clone(),
        site: asked.site.as_ref().map(ToString::to_string),
        format: asked.sheet.format.name.to_owned(),
        language: asked.to.language().to_owned(),
        printer: asked.to.printer().map(ToOwned::to_owned),
        labels: i64::try_from(asked.codes.len()).unwrap_or(i64::MAX),
        reason: asked.reason.clone(),
        again_of: asked.again_of,
        outcome: None,
    };
    if registers::print::record(&mut tx, &change, &job, &asked.codes).await? {
        tx.commit().await?;
        return Ok(true);
    }
    tx.rollback().await?;
    let (db, region) = (app.db(), app.region());
    let recorded = registers::print::find(db, region, asked.job).await?.ok_or_else(Problem::not_found)?;
    let alike = (&recorded.printed_by, &recorded.format, &recorded.language, &recorded.printer)
        == (&job.printed_by, &job.format, &job.language, &job.printer);
    if alike && registers::print::codes(db, region, asked.job).await? == asked.codes {
        return Ok(false);
    }
    Err(AppendError::IdReused.into())
}

async fn send(app: &App, printer: &Printer, job: Uuid, printed: Printed) -> Result<Done, Problem> {
    let sent = app.printers().send(printer, &printed.bytes).await;
    let mut tx = app.db().begin().await?;
    let outcome = sent.map_or_else(Failure::name, |()| SENT);
    registers::print::ended(&mut tx, app.region(), job, outcome, app.now()).await?;
    tx.commit().await?;
    if let Err(failure) = sent {
        tracing::warn!(printer = printer.name, outcome, "a print job did not reach its printer");
        return Err(failed(printer, failure));
    }
    Ok(Done::Sent { missing: printed.missing })
}

/// How a job ended that was asked for again. It is never sent twice: half of it may lie in the tray.
async fn told_before(app: &App, job: Uuid, printer: &Printer) -> Result<Done, Problem> {
    let recorded = registers::print::find(app.db(), app.region(), job).await?.ok_or_else(Problem::not_found)?;
    match recorded.outcome.as_deref() {
        Some(SENT) => Ok(Done::Sent { missing: Vec::new() }),
        Some(outcome) => Err(failed(printer, Failure::find(outcome).unwrap_or(Failure::BrokeOff))),
        None => {
            let title = "This job is being sent, or was cut off";
            let problem = Problem::new(StatusCode::CONFLICT, "print-in-doubt", title);
            Err(problem.detail("look what the printer has; print the job again, with a reason, if it is not there"))
        }
    }
}

/// A printer that did not take a job, and what to do.
fn failed(printer: &Printer, failure: Failure) -> Problem {
    let (status, says) = match failure {
        Failure::Silent => {
            (StatusCode::GATEWAY_TIMEOUT, "does not answer: is it switched on, and its network cable plugged in?")
        }
        Failure::Refused => {
            (StatusCode::BAD_GATEWAY, "takes no jobs: is it ready, and its address right in the settings?")
        }
        Failure::Stuck => (StatusCode::GATEWAY_TIMEOUT, "took some and no more: is there paper, and its cover closed?"),
        Failure::BrokeOff => (StatusCode::BAD_GATEWAY, "hung up: look at its lamp, and switch it off and on"),
    };
    let problem = Problem::new(status, &format!("printer-{}", failure.name()), "The printer did not take the job");
    problem.detail(format!("`{}` {says} Then print the job again, or download the file", printer.name))
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
