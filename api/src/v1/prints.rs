//! Print jobs over the JSON doors: labels to a file or to a printer of the configuration, what was printed at the sites of
//! whoever asks, and a job printed again with a reason. No door takes an address.
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::paper::{self, Sheet};
use crate::printing::{self, Done, Print, To};
use crate::problem::{Body, Params, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::id::SiteId;
use domain::time::Timestamp;
use labels::formats::{self, Format};
use labels::thermal::Language;
use registers::print::{After, PrintJob};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Where a job goes: a file, or a printer.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Target {
    /// What the file is written in: `pdf` if not given, `tspl` or `zpl` for a label printer.
    #[serde(default)]
    pub language: Option<String>,
    /// Dots per inch of the label printer that gets the file, 203 or 300; 203 if not given.
    #[serde(default)]
    pub dpi: Option<u16>,
    /// Name of a printer, see `/labels/printers`: the job is sent to it and there is no file.
    #[serde(default)]
    pub printer: Option<String>,
}

/// Resolutions that label printers have.
pub const DPIS: [u16; 2] = [203, 300];

impl Target {
    /// What becomes of a job of this target.
    ///
    /// # Errors
    /// No such printer where one may print, language or resolution; or more than one of them.
    pub fn to(&self, app: &App, permit: &Permit) -> Result<To, Problem> {
        if let Some(name) = &self.printer {
            if self.language.is_some() || self.dpi.is_some() {
                return Err(Problem::invalid("a `printer` has its own language and dpi: leave them out"));
            }
            return printing::printer(app, permit, name).map(To::Printer);
        }
        let dpi = self.dpi.unwrap_or(DPIS[0]);
        if !DPIS.contains(&dpi) {
            return Err(Problem::invalid("`dpi` is 203 or 300"));
        }
        match self.language.as_deref() {
            None | Some("pdf") => Ok(To::Pdf),
            Some(name) => {
                let language = Language::find(name);
                let language = language.ok_or_else(|| Problem::invalid("`language` is pdf, tspl or zpl"))?;
                Ok(To::File(language, dpi))
            }
        }
    }
}

/// Where on the paper a job lies: a printer knows what it is loaded with and how far it is off.
#[must_use]
pub fn sheet(to: &To, format: &'static Format, start: usize, (right, down): (i16, i16)) -> Sheet {
    match to {
        To::Pdf | To::File(..) => Sheet { format, start, right, down },
        To::Printer(printer) => Sheet { format: printer.format, start: 1, right: printer.right, down: printer.down },
    }
}

/// Labels to print.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PrintRequest {
    /// Made by the client: asked again, it is the same job, is recorded once and sent to a printer once.
    pub request_id: Uuid,
    /// Labels that were minted here.
    pub codes: Vec<String>,
    /// Name of a format, see `/labels/formats`; if not given, 60x40, for bags and sites 100x150. A printer has its own.
    #[serde(default)]
    pub format: Option<String>,
    /// The first free place on the first sheet, from 1.
    #[serde(default = "one")]
    pub start: usize,
    /// How far the printer is to print to the right, tenths of a millimetre.
    #[serde(default)]
    pub right: i16,
    /// How far down, tenths of a millimetre.
    #[serde(default)]
    pub down: i16,
    /// Why labels are printed again; needed if one of them was printed before.
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(flatten)]
    pub target: Target,
}

fn one() -> usize {
    1
}

/// What a printer took.
#[derive(Serialize, ToSchema)]
pub struct SentView {
    pub job: Uuid,
    pub printer: String,
    /// Code points of characters the font lacks; they are printed as `□U+…`.
    pub missing: Vec<String>,
}

fn answer(asked: &Print, done: Done) -> Response {
    match (done, &asked.to) {
        (Done::File(printed), _) => printed.into_response(),
        (Done::Sent { missing }, to) => {
            let printer = if let To::Printer(printer) = to { printer.name.clone() } else { String::new() };
            Json(SentView { job: asked.job, printer, missing }).into_response()
        }
    }
}

/// Prints labels and records it: a file, or straight to a printer. Characters the font lacks are printed as `□U+…` and named
/// in the header `liuzhuan-missing-characters`.
#[utoipa::path(post, path = "/labels/prints", tag = "labels", request_body = PrintRequest, responses(
    (status = 200, content_type = "application/pdf", description = "The labels, in the language asked for; of a printer what \
     it took, as JSON"),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 502, body = Problem), (status = 504, body = Problem)))]
pub async fn print_labels(
    State(app): State<App>,
    permit: Permit,
    Body(asked): Body<PrintRequest>,
) -> Result<Response, Problem> {
    let codes: Vec<Code> = asked.codes.iter().map(|text| super::scan::read_label(text)).collect::<Result<_, _>>()?;
    let kind = codes.first().map_or(CodeKind::Dossier, |code| code.kind());
    let format = paper::format(asked.format.as_deref(), kind)?;
    let to = asked.target.to(&app, &permit)?;
    let sheet = sheet(&to, format, asked.start, (asked.right, asked.down));
    let (job, reason, by) = (asked.request_id, asked.reason, permit.who.name());
    let asked = Print { job, by, site: printing::site_of(&app, &permit), codes, sheet, to, reason, again_of: None };
    let done = printing::print(&app, &asked).await?;
    Ok(answer(&asked, done))
}

/// Why a job is printed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Torn,
    Jammed,
    Faded,
    Lost,
    /// The printer did not take it.
    Unprinted,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Torn, Self::Jammed, Self::Faded, Self::Lost, Self::Unprinted];

    /// In the record and in the words of pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Torn => "torn",
            Self::Jammed => "jammed",
            Self::Faded => "faded",
            Self::Lost => "lost",
            Self::Unprinted => "unprinted",
        }
    }
}

/// A job to be printed again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AgainRequest {
    /// Made by the client: the new job.
    pub request_id: Uuid,
    pub reason: Reason,
    /// If none is given, where the job went.
    #[serde(flatten)]
    pub target: Target,
}

/// Prints all labels of a job again, as a new job that names the first.
#[utoipa::path(post, path = "/labels/prints/{job}/again", tag = "labels", params(("job" = String, Path)),
    request_body = AgainRequest, responses(
    (status = 200, content_type = "application/pdf", description = "As of `/labels/prints`"), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    (status = 502, body = Problem), (status = 504, body = Problem)))]
pub async fn print_again(
    State(app): State<App>,
    permit: Permit,
    Path(job): Path<String>,
    Body(asked): Body<AgainRequest>,
) -> Result<Response, Problem> {
    let job = of_path(&app, &permit, &job).await?;
    let asked = again(&app, &permit, &job, asked).await?;
    let done = printing::print(&app, &asked).await?;
    Ok(answer(&asked, done))
}

/// What printing a job again asks for.
///
/// # Errors
/// A target that is none, or a format that is no more.
pub async fn again(app: &App, permit: &Permit, job: &PrintJob, asked: AgainRequest) -> Result<Print, Problem> {
    let Target { language, dpi, printer } = &asked.target;
    let named = language.is_some() || dpi.is_some() || printer.is_some();
    let same = || Target { language: Some(job.language.clone()), dpi: None, printer: None };
    let to_printer = || job.printer.clone().map(|printer| Target { printer: Some(printer), ..Target::default() });
    let target = if named { asked.target.clone() } else { to_printer().unwrap_or_else(same) };
    let to = target.to(app, permit)?;
    let codes = registers::print::codes(app.db(), app.region(), job.id).await?;
    let format = formats::find(&job.format).ok_or_else(|| Problem::invalid("there is no such format any more"))?;
    Ok(Print {
        job: asked.request_id,
        by: permit.who.name(),
        site: printing::site_of(app, permit),
        codes,
        sheet: sheet(&to, format, 1, (0, 0)),
        to,
        reason: Some(asked.reason.name().to_owned()),
        again_of: Some(job.first()),
    })
}

/// The job a path names.
///
/// # Errors
/// None of that id, or beyond reach: the same answer.
pub async fn of_path(app: &App, permit: &Permit, id: &str) -> Result<PrintJob, Problem> {
    let id: Uuid = id.parse().map_err(|_| Problem::not_found())?;
    let job = registers::print::find(app.db(), app.region(), id).await?.ok_or_else(Problem::not_found)?;
    let site = job.site.as_deref().and_then(|site| site.parse::<SiteId>().ok());
    let reached = site.map_or(permit.scope == Scope::Region, |site| permit.scope.covers(&site));
    if reached { Ok(job) } else { Err(Problem::beyond()) }
}

/// The sites of a scope, as the register of jobs takes them.
#[must_use]
pub fn sites(scope: &Scope) -> Option<&[SiteId]> {
    if let Scope::Sites(sites) = scope { Some(sites) } else { None }
}

/// What was printed.
#[derive(Serialize, ToSchema)]
pub struct PrintView {
    pub id: Uuid,
    pub printed_at: i64,
    pub printed_by: String,
    /// Where; none for a program, and for who works for the whole region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    pub format: String,
    /// pdf, tspl or zpl.
    pub language: String,
    /// None: it was handed out as a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
    /// Of a printer: sent, silent, refused, stuck or broke_off; none while it is being sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    pub labels: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The first job, if this one printed its labels again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_of: Option<Uuid>,
}

impl From<PrintJob> for PrintView {
    fn from(job: PrintJob) -> Self {
        Self {
            id: job.id,
            printed_at: job.printed_at,
            printed_by: job.printed_by,
            site: job.site,
            format: job.format,
            language: job.language,
            printer: job.printer,
            outcome: job.outcome,
            labels: job.labels,
            reason: job.reason,
            again_of: job.again_of,
        }
    }
}

/// Which print jobs.
#[derive(Deserialize, IntoParams)]
pub struct PrintsQuery {
    /// Only jobs before this time, milliseconds since 1970 UTC: the `printed_at` of the last one seen.
    before: Option<i64>,
    /// With `before`, the `id` of the last one seen: of those of one moment none is left out.
    before_id: Option<Uuid>,
    /// 1 to 1000; 100 if not given.
    limit: Option<i64>,
}

/// Print jobs of the asker's sites, newest first.
#[utoipa::path(get, path = "/labels/prints", tag = "labels", params(PrintsQuery), responses(
    (status = 200, body = Vec<PrintView>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn prints(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<PrintsQuery>,
) -> Result<Json<Vec<PrintView>>, Problem> {
    let limit = super::paging::limit(query.limit)?;
    let of = |before| After { printed_at: Timestamp(before), job: query.before_id.unwrap_or(Uuid::nil()) };
    let after = query.before.map_or(After::START, of);
    let jobs = registers::print::list(app.db(), app.region(), sites(&permit.scope), after, limit).await?;
    Ok(Json(jobs.into_iter().map(PrintView::from).collect()))
}

/// A printer. Where it is on the network nobody is told.
#[derive(Serialize, ToSchema)]
pub struct PrinterView {
    pub name: String,
    pub language: &'static str,
    pub dpi: u16,
    /// Name of the format it is loaded with.
    pub format: &'static str,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
}

/// The label printers where one may print, from the configuration.
#[utoipa::path(get, path = "/labels/printers", tag = "labels", responses((status = 200, body = Vec<PrinterView>),
    (status = 401, body = Problem)))]
pub async fn printers(State(app): State<App>, permit: Permit) -> Json<Vec<PrinterView>> {
    let view = |printer: &std::sync::Arc<crate::printers::Printer>| PrinterView {
        name: printer.name.clone(),
        language: printer.language.name(),
        dpi: printer.dpi,
        format: printer.format.name,
        site: printer.site.clone(),
    };
    Json(app.printers().within(&permit.scope).map(view).collect())
}
