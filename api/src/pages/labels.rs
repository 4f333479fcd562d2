//! Labels from the desk: mint, print, and what was printed lately.
use super::page;
use super::words::Words;
use crate::app::App;
use crate::auth::Holder;
use crate::paper::{self, Print, Sheet};
use crate::problem::Problem;
use crate::v1::labels::{MintRequest, mint_now};
use askama::Template;
use axum::Extension;
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
/// What the page mints; the rest of the kinds belong to a site's or a person's own page.
const KINDS: [CodeKind; 3] = [CodeKind::Dossier, CodeKind::Bag, CodeKind::Badge];

#[derive(Template)]
#[template(path = "labels.html")]
struct LabelsPage {
    words: Words,
    /// Made for this form: sent twice, it is one job.
    job: Uuid,
    problem: Option<String>,
    kinds: Vec<(&'static str, String)>,
    formats: Vec<(&'static str, &'static str)>,
    jobs: Vec<Vec<String>>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Asked {
    job: Uuid,
    kind: String,
    count: usize,
    #[serde(default)]
    format: String,
    #[serde(default = "one")]
    start: usize,
    #[serde(default)]
    codes: String,
    #[serde(default)]
    reason: String,
}

fn one() -> usize {
    1
}

/// `GET /labels`
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    show(&app, &headers, None).await
}

/// `POST /labels`: the PDF, or the page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    Extension(Holder(by)): Extension<Holder>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    match print(&app, by, asked).await {
        Ok(pdf) => Ok(pdf),
        Err(problem) if problem.status < 500 => {
            let said = problem.detail.unwrap_or(problem.title);
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok((status, show(&app, &headers, Some(said)).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn print(app: &App, by: String, asked: Asked) -> Result<Response, Problem> {
    let kind = KINDS.into_iter().find(|&kind| name(kind) == asked.kind);
    let kind = kind.ok_or_else(|| Problem::invalid("`kind` is dossier, bag or badge"))?;
    let again: Vec<&str> = asked.codes.split([',', ';', '\n']).map(str::trim).filter(|it| !it.is_empty()).collect();
    let codes: Vec<Code> = if again.is_empty() {
        let mint =
            MintRequest { request_id: asked.job, kind, count: asked.count, codes: vec![], site: None, shelf: None };
        let minted = mint_now(app, &mint).await?;
        minted.codes.iter().filter_map(|text| labels::code::read(text).ok()).collect()
    } else {
        again.into_iter().map(|text| labels::code::read(text).map_err(Problem::invalid)).collect::<Result<_, _>>()?
    };
    let kind = codes.first().map_or(kind, |code| code.kind());
    let format = paper::format(Some(asked.format.as_str()).filter(|name| !name.is_empty()), kind)?;
    let sheet = Sheet { format, start: asked.start, right: 0, down: 0 };
    let reason = Some(asked.reason).filter(|reason| !reason.trim().is_empty());
    Ok(paper::print(app, &Print { job: asked.job, by, codes, sheet, reason }).await?.into_response())
}

async fn show(app: &App, headers: &HeaderMap, problem: Option<String>) -> Result<Response, Problem> {
    let words = Words::of(headers, app.known());
    let jobs = registers::print::list(app.db(), app.region(), Timestamp(i64::MAX), SHOWN).await?;
    let jobs = jobs.into_iter().map(|job| {
        let when = words.time(Timestamp(job.printed_at));
        vec![when, job.labels.to_string(), job.format, job.printed_by, job.reason.unwrap_or_default()]
    });
    let jobs = jobs.collect();
    let kinds = KINDS.map(|kind| (name(kind), words.t(&format!("labels.kind_{}", name(kind))))).into();
    let formats = FORMATS.iter().map(|format| (format.name, format.source)).collect();
    Ok(page(&LabelsPage { job: Uuid::new_v4(), problem, kinds, formats, jobs, words }))
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
