//! Labels from the desk: mint, print to a printer or a file, and what was printed at the own sites.
use super::prints::answer;
use super::rows::{Sheets, address};
use super::typed::{filled, sites};
use super::words::Words;
use super::{again, page};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::paper;
use crate::printing::{self, Print};
use crate::problem::{Params, Problem};
use crate::v1::labels::{MintRequest, mint_now};
use crate::v1::prints::{self, DPIS, Target};
use askama::Template;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::id::PersonId;
use domain::time::Timestamp;
use labels::formats::FORMATS;
use labels::thermal::Language;
use registers::print::{After, PrintJob};
use serde::Deserialize;
use uuid::Uuid;

/// Jobs on a page.
const SHOWN: usize = 50;
/// What the page mints; a receipt's code is printed on the receipt alone.
const KINDS: [CodeKind; 5] = [CodeKind::Dossier, CodeKind::Bag, CodeKind::Site, CodeKind::Shelf, CodeKind::Badge];

#[derive(Template)]
#[template(path = "labels.html")]
struct LabelsPage {
    words: Words,
    /// Made for this form: sent twice, it is one job.
    job: Uuid,
    problem: Option<String>,
    /// What was typed, if it could not be printed.
    typed: Asked,
    kinds: Vec<(&'static str, String)>,
    sites: Vec<(String, String)>,
    formats: Vec<(&'static str, &'static str)>,
    targets: Vec<(String, String)>,
    jobs: Vec<Line>,
    sheets: Option<Sheets>,
    older: Option<String>,
    newest: Option<String>,
}

/// A job in a list.
pub struct Line {
    pub link: String,
    pub when: String,
    pub labels: i64,
    pub format: String,
    /// A printer's name, or what kind of file.
    pub to: String,
    /// How it ended; empty for a file.
    pub outcome: String,
    pub by: String,
    pub site: String,
    pub reason: String,
    pub is_again: bool,
}

/// A job as a list shows it.
pub fn line(words: &Words, job: &PrintJob) -> Line {
    let outcome = job.outcome.as_deref().or(job.printer.as_ref().map(|_| "doubt"));
    let file = || words.named("print", &format!("file_{}", job.language));
    let by = job.printed_by.parse::<PersonId>().map_or_else(|_| job.printed_by.clone(), |id| words.name(&id));
    let site = job.site.as_ref().and_then(|site| site.parse().ok());
    Line {
        link: format!("/labels/prints/{}", job.id),
        when: words.time(Timestamp(job.printed_at)),
        labels: job.labels,
        format: job.format.clone(),
        to: job.printer.clone().unwrap_or_else(file),
        outcome: outcome.map(|outcome| words.named("print", outcome)).unwrap_or_default(),
        by,
        site: site.map(|site| words.site(&site)).unwrap_or_default(),
        reason: job.reason.as_ref().map(|reason| words.named("print_reason", reason)).unwrap_or_default(),
        is_again: job.again_of.is_some(),
    }
}

/// Where a job may go, as a select offers it: PDF, the printers where one may print, files for other label printers.
pub fn targets(app: &App, words: &Words, permit: &Permit) -> Vec<(String, String)> {
    let pdf = [("pdf".to_owned(), words.t("print.file_pdf"))].into_iter();
    let printers = app.printers().within(&permit.scope);
    let printers = printers.map(|it| (format!("printer:{}", it.name), format!("{} ({})", it.name, it.format.name)));
    let files = Language::ALL.into_iter().flat_map(|language| DPIS.map(|dpi| (language.name(), dpi)));
    let file = |(language, dpi): (&str, u16)| {
        let says = format!("{} {dpi} dpi", words.t(&format!("print.file_{language}")));
        (format!("{language}-{dpi}"), says)
    };
    pdf.chain(printers).chain(files.map(file)).collect()
}

/// What such a select sends.
///
/// # Errors
/// None of those it offers.
pub fn target(typed: &str) -> Result<Target, Problem> {
    let file = || {
        let (language, dpi) = typed.split_once('-')?;
        let (language, dpi) = (Some(language.to_owned()), Some(dpi.parse().ok()?));
        Some(Target { language, dpi, printer: None })
    };
    match (typed, typed.strip_prefix("printer:")) {
        ("" | "pdf", _) => Ok(Target { language: Some("pdf".to_owned()), ..Target::default() }),
        (_, Some(printer)) => Ok(Target { printer: Some(printer.to_owned()), ..Target::default() }),
        _ => file().ok_or_else(|| Problem::invalid("`to` is one of those the page offers")),
    }
}

/// Which jobs: those after one of a page before.
#[derive(Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    after: String,
}

impl ListQuery {
    fn after(&self) -> Result<After, Problem> {
        let read = |text: String| {
            let (at, job) = text.split_once('_')?;
            Some(After { printed_at: Timestamp(at.parse().ok()?), job: job.parse().ok()? })
        };
        filled(&self.after).map_or(Ok(After::START), |text| read(text).ok_or_else(crate::v1::paging::bad_cursor))
    }
}

/// What the form sends.
#[derive(Clone, Deserialize)]
pub struct Asked {
    job: Uuid,
    kind: String,
    count: usize,
    #[serde(default)]
    format: String,
    #[serde(default)]
    to: String,
    #[serde(default = "one")]
    start: usize,
    #[serde(default)]
    site: String,
    #[serde(default)]
    shelf: String,
    #[serde(default)]
    codes: String,
    #[serde(default)]
    reason: String,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            job: Uuid::new_v4(),
            kind: name(KINDS[0]).to_owned(),
            count: 24,
            format: String::new(),
            to: String::new(),
            start: one(),
            site: String::new(),
            shelf: String::new(),
            codes: String::new(),
            reason: String::new(),
        }
    }
}

fn one() -> usize {
    1
}

/// `GET /labels`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ListQuery>,
) -> Result<Response, Problem> {
    let (after, problem) = match query.after() {
        Ok(after) => (after, None),
        Err(problem) => (After::START, Some(problem)),
    };
    let said = problem.as_ref().map(|it| said(&Words::of_permit(&headers, app.known(), &permit), it));
    let shown = show(&app, &permit, &headers, after, said, Asked::default()).await?;
    match problem {
        Some(problem) => Ok((again(&problem)?, shown).into_response()),
        None => Ok(shown),
    }
}

/// `POST /labels`: the file, the way to the job's page, or this page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    match print(&app, &permit, &asked).await {
        Ok(answer) => Ok(answer),
        Err(problem) => {
            let status = again(&problem)?;
            let said = said(&Words::of_permit(&headers, app.known(), &permit), &problem);
            Ok((status, show(&app, &permit, &headers, After::START, Some(said), asked).await?).into_response())
        }
    }
}

/// What is wrong, in the reader's language where there are words for it.
fn said(words: &Words, problem: &Problem) -> String {
    match problem.kind.rsplit(':').next() {
        Some("start-off-sheet") => words.t("labels.wrong_start"),
        Some("printed-before") => words.t("labels.wrong_reason"),
        Some("id-reused") => words.t("labels.wrong_twice"),
        Some("no-such-printer" | "sheet-for-roll" | "too-many-for-roll") => words.problem(problem),
        _ => format!("{} {}", words.t("labels.wrong"), problem.detail.as_ref().unwrap_or(&problem.title)),
    }
}

async fn print(app: &App, permit: &Permit, asked: &Asked) -> Result<Response, Problem> {
    let kind = KINDS.into_iter().find(|&kind| name(kind) == asked.kind);
    let kind = kind.ok_or_else(|| Problem::invalid("`kind` is dossier, bag, site, shelf or badge"))?;
    let codes: Vec<&str> = asked.codes.split([',', ';', '\n']).map(str::trim).filter(|it| !it.is_empty()).collect();
    let named = Some(asked.format.as_str()).filter(|name| !name.is_empty());
    let to = target(&asked.to)?.to(app, permit)?;
    // Before anything is minted: what cannot be printed there leaves no labels behind.
    let sheet = |kind| paper::format(named, kind).map(|format| prints::sheet(&to, format, asked.start, (0, 0)));
    paper::fits(sheet(kind)?, &to, if codes.is_empty() { asked.wanted() } else { codes.len() })?;
    let codes = if codes.is_empty() { mint(app, permit, asked, kind).await? } else { read(&codes)? };
    let sheet = sheet(codes.first().map_or(kind, |code| code.kind()))?;
    let (by, site, reason) = (permit.who.name(), printing::site_of(app, permit), filled(&asked.reason));
    let job = Print { job: asked.job, by, site, codes, sheet, to: to.clone(), reason, again_of: None };
    answer(asked.job, printing::print(app, &job).await)
}

impl Asked {
    /// Labels to be made.
    fn wanted(&self) -> usize {
        if filled(&self.shelf).is_some() { 1 } else { self.count }
    }
}

async fn mint(app: &App, permit: &Permit, asked: &Asked, kind: CodeKind) -> Result<Vec<Code>, Problem> {
    let site = super::typed::site(app, &permit.scope, &asked.site)?;
    let shelf = filled(&asked.shelf);
    let mint = MintRequest { request_id: asked.job, kind, count: asked.wanted(), codes: vec![], site, shelf };
    read(&mint_now(app, &mint).await?.codes)
}

fn read(codes: &[impl AsRef<str>]) -> Result<Vec<Code>, Problem> {
    codes.iter().map(|text| labels::code::read(text.as_ref()).map_err(Problem::invalid)).collect()
}

async fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    after: After,
    problem: Option<String>,
    typed: Asked,
) -> Result<Response, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let (jobs, older) = jobs(app, permit, after).await?;
    let link = older.map(|last| address("/labels", &[("after", &format!("{}_{}", last.printed_at.0, last.job))]));
    let kinds = KINDS.map(|kind| (name(kind), words.t(&format!("labels.kind_{}", name(kind))))).into();
    Ok(page(&LabelsPage {
        job: Uuid::new_v4(),
        problem,
        typed,
        kinds,
        sites: sites(app, &words, &permit.scope),
        formats: FORMATS.iter().map(|format| (format.name, format.source)).collect(),
        targets: targets(app, &words, permit),
        sheets: (!jobs.is_empty()).then(|| Sheets::of("labels/prints", &[])),
        jobs: jobs.iter().map(|job| line(&words, job)).collect(),
        older: link,
        newest: (after != After::START).then(|| "/labels".to_owned()),
        words,
    }))
}

/// A page of jobs of the own sites; and the last of them, if there are more.
async fn jobs(app: &App, permit: &Permit, after: After) -> Result<(Vec<PrintJob>, Option<After>), Problem> {
    let Some(readers) = permit.also_for(Action::ReadPrints) else { return Ok((Vec::new(), None)) };
    let (sites, more) = (prints::sites(&readers.scope), SHOWN as i64 + 1);
    let mut jobs = registers::print::list(app.db(), app.region(), sites, after, more).await?;
    let has_more = jobs.len() > SHOWN;
    jobs.truncate(SHOWN);
    let last = jobs.last().map(PrintJob::place).filter(|_| has_more);
    Ok((jobs, last))
}

fn name(kind: CodeKind) -> &'static str {
    match kind {
        CodeKind::Dossier => "dossier",
        CodeKind::Bag => "bag",
        CodeKind::Site => "site",
        CodeKind::Shelf => "shelf",
        CodeKind::Badge => "badge",
        CodeKind::Receipt => "receipt",
    }
}
