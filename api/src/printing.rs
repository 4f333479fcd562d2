//! A print job: recorded, then handed out as a file or sent to a printer, and how it ended. One place for the JSON doors, the
//! pages and the command. What stands on the paper is [`crate::paper`]'s; which printers there are, [`crate::printers`]'s.
use crate::access::Permit;
use crate::access::who_may::{self, Reach};
use crate::app::App;
use crate::paper::{self, LABELS_MAX, Printed, Sheet};
use crate::printers::{Failure, Printer};
use crate::problem::Problem;
use axum::http::StatusCode;
use domain::code::Code;
use domain::id::SiteId;
use eventstore::AppendError;
use labels::label::Label;
use labels::thermal::Language;
use registers::print::PrintJob;
use std::sync::Arc;
use uuid::Uuid;

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
    let draw = move || paper::drawn(sheet, &to, &labels, host.as_deref());
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

async fn labels_of(app: &App, asked: &Print) -> Result<Vec<Label>, Problem> {
    let codes = &asked.codes;
    if !(1..=LABELS_MAX).contains(&codes.len()) {
        return Err(Problem::invalid(format!("print 1 to {LABELS_MAX} labels at a time")));
    }
    let labels = paper::labels_for(app, codes).await?;
    let before = registers::print::printed_before(app.db(), app.region(), asked.job, codes).await?;
    if !before.is_empty() && asked.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        let title = "Labels were printed before";
        let problem = Problem::new(StatusCode::CONFLICT, "printed-before", title);
        return Err(problem.detail(format!("{} of them: say in `reason` why they are printed again", before.len())));
    }
    Ok(labels)
}
