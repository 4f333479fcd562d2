//! Labels from the desk: mint, print, and what was printed lately.
use super::page;
use super::typed::filled;
use super::words::Words;
use crate::access::Permit;
use crate::app::App;
use crate::paper::{self, Print, Sheet};
use crate::problem::Problem;
use crate::v1::labels::{MintRequest, mint_now};
use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::time::Timestamp;
use labels::formats::FORMATS;
use serde::Deserialize;
use uuid::Uuid;

/// Jobs shown.
const SHOWN: i64 = 20;
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
    jobs: Vec<Vec<String>>,
}

/// What the form sends.
#[derive(Clone, Deserialize)]
pub struct Asked {
    job: Uuid,
    kind: String,
    count: usize,
    #[serde(default)]
    format: String,
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
pub async fn get(State(app): State<App>, permit: Permit, headers: HeaderMap) -> Result<Response, Problem> {
    show(&app, &permit, &headers, None, Asked::default()).await
}

/// `POST /labels`: the PDF, or the page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    match print(&app, &permit, &asked).await {
        Ok(pdf) => Ok(pdf),
        Err(problem) if problem.status < 500 => {
            let said = said(&Words::of_permit(&headers, app.known(), &permit), &problem);
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok((status, show(&app, &permit, &headers, Some(said), asked).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// What is wrong, in the reader's language where there are words for it.
fn said(words: &Words, problem: &Problem) -> String {
    match problem.kind.rsplit(':').next() {
        Some("start-off-sheet") => words.t("labels.wrong_start"),
        Some("printed-before") => words.t("labels.wrong_reason"),
        Some("id-reused") => words.t("labels.wrong_twice"),
        _ => format!("{} {}", words.t("labels.wrong"), problem.detail.as_ref().unwrap_or(&problem.title)),
    }
}

async fn print(app: &App, permit: &Permit, asked: &Asked) -> Result<Response, Problem> {
    let kind = KINDS.into_iter().find(|&kind| name(kind) == asked.kind);
    let kind = kind.ok_or_else(|| Problem::invalid("`kind` is dossier, bag, site, shelf or badge"))?;
    let again: Vec<&str> = asked.codes.split([',', ';', '\n']).map(str::trim).filter(|it| !it.is_empty()).collect();
    let named = Some(asked.format.as_str()).filter(|name| !name.is_empty());
    Sheet { format: paper::format(named, kind)?, start: asked.start, right: 0, down: 0 }.check()?;
    let codes: Vec<Code> = if again.is_empty() {
        let site = filled(&asked.site).map(|site| site.parse().map_err(Problem::invalid)).transpose()?;
        let site: Option<domain::id::SiteId> = site;
        site.as_ref().map_or(Ok(()), |site| permit.reaches(app, site, "site"))?;
        let shelf = filled(&asked.shelf);
        let count = if shelf.is_some() { 1 } else { asked.count };
        let mint = MintRequest { request_id: asked.job, kind, count, codes: vec![], site, shelf };
        let minted = mint_now(app, &mint).await?;
        minted.codes.iter().filter_map(|text| labels::code::read(text).ok()).collect()
    } else {
        again.into_iter().map(|text| labels::code::read(text).map_err(Problem::invalid)).collect::<Result<_, _>>()?
    };
    let kind = codes.first().map_or(kind, |code| code.kind());
    let format = paper::format(named, kind)?;
    let sheet = Sheet { format, start: asked.start, right: 0, down: 0 };
    let reason = filled(&asked.reason);
    Ok(paper::print(app, &Print { job: asked.job, by: permit.who.name(), codes, sheet, reason }).await?.into_response())
}

async fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    problem: Option<String>,
    typed: Asked,
) -> Result<Response, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let jobs = registers::print::list(app.db(), app.region(), Timestamp(i64::MAX), SHOWN).await?;
    let jobs = jobs.into_iter().map(|job| {
        let when = words.time(Timestamp(job.printed_at));
        vec![when, job.labels.to_string(), job.format, job.printed_by, job.reason.unwrap_or_default()]
    });
    let jobs = jobs.collect();
    let kinds = KINDS.map(|kind| (name(kind), words.t(&format!("labels.kind_{}", name(kind))))).into();
    let mut sites: Vec<(String, String)> =
        app.known().sites.keys().map(|id| (id.to_string(), words.site(id))).collect();
    sites.sort();
    let formats = FORMATS.iter().map(|format| (format.name, format.source)).collect();
    Ok(page(&LabelsPage { job: Uuid::new_v4(), problem, typed, kinds, sites, formats, jobs, words }))
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
