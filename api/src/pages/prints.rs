//! A print job: what it printed, where it went, how it ended and what to do, what printed it again; and the form for that.
use super::labels::{Line, line, target, targets};
use super::{Words, done, page};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::printers::Failure;
use crate::printing::{self, Done, SENT};
use crate::problem::{Params, Problem};
use crate::v1::prints::{AgainRequest, Reason, again, of_path};
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use registers::print::PrintJob;
use serde::Deserialize;
use uuid::Uuid;

/// Labels and later jobs shown.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "print.html")]
struct PrintPage {
    words: Words,
    done: Option<String>,
    problem: Option<String>,
    /// The job in one line, as the list has it.
    job: Line,
    /// What to do about a printer that did not take it.
    advice: Option<String>,
    codes: Vec<String>,
    /// Labels that are not shown.
    more: usize,
    first: Option<String>,
    later: Vec<Line>,
    /// Whether whoever reads this may print.
    prints: bool,
    /// Made for this form: sent twice, it is one job.
    fresh: Uuid,
    reasons: Vec<(&'static str, String)>,
    targets: Vec<(String, String)>,
    typed: Asked,
}

/// What the form sends.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    job: Option<Uuid>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    to: String,
}

#[derive(Default, Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    done: String,
}

/// `GET /labels/prints/{job}`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Path(job): Path<String>,
    Params(query): Params<DoneQuery>,
) -> Result<Response, Problem> {
    let job = of_path(&app, &permit, &job).await?;
    let done = done(&Words::of_permit(&headers, app.known(), &permit), &["printed"], &query.done);
    show(&app, &permit, &headers, &job, Told { done, ..Told::default() }).await
}

/// `POST /labels/prints/{job}`: prints it again.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Path(job): Path<String>,
    Form(typed): Form<Asked>,
) -> Result<Response, Problem> {
    let job = of_path(&app, &permit, &job).await?;
    match print(&app, &permit, &job, &typed).await {
        Ok(answer) => Ok(answer),
        Err(problem) => {
            let status = super::again(&problem)?;
            let problem = Some(Words::of_permit(&headers, app.known(), &permit).problem(&problem));
            let told = Told { problem, typed, ..Told::default() };
            Ok((status, show(&app, &permit, &headers, &job, told).await?).into_response())
        }
    }
}

async fn print(app: &App, permit: &Permit, job: &PrintJob, typed: &Asked) -> Result<Response, Problem> {
    let reason = Reason::ALL.into_iter().find(|reason| reason.name() == typed.reason);
    let reason = reason.ok_or_else(|| Problem::unfit("no-reason", "`reason` says why it is printed again"))?;
    let request_id = typed.job.unwrap_or_else(Uuid::new_v4);
    let asked = AgainRequest { request_id, reason, target: target(&typed.to)? };
    let asked = again(app, permit, job, asked).await?;
    answer(asked.job, printing::print(app, &asked).await)
}

/// The file; or the way to the job's page, whether the printer took it or not: it is recorded, and the page says what to do.
///
/// # Errors
/// What was not recorded at all.
pub fn answer(job: Uuid, outcome: Result<Done, Problem>) -> Result<Response, Problem> {
    let recorded = |problem: &Problem| {
        let kind = problem.kind.rsplit(':').next().unwrap_or_default();
        kind == "print-in-doubt" || kind.strip_prefix("printer-").is_some_and(|it| Failure::find(it).is_some())
    };
    match outcome {
        Ok(Done::File(printed)) => Ok(printed.into_response()),
        Ok(Done::Sent { .. }) => Ok(Redirect::to(&format!("/labels/prints/{job}?done=printed")).into_response()),
        Err(problem) if recorded(&problem) => Ok(Redirect::to(&format!("/labels/prints/{job}")).into_response()),
        Err(problem) => Err(problem),
    }
}

/// What the page says beside the job.
#[derive(Default)]
struct Told {
    done: Option<String>,
    problem: Option<String>,
    typed: Asked,
}

async fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    job: &PrintJob,
    told: Told,
) -> Result<Response, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let (db, region) = (app.db(), app.region());
    let codes = registers::print::codes(db, region, job.id).await?;
    let later = registers::print::again(db, region, job.id, SHOWN as i64).await?;
    let failure = job.outcome.as_deref().filter(|outcome| *outcome != SENT);
    let in_doubt = (job.printer.is_some() && job.outcome.is_none()).then_some("doubt");
    let advice = failure.or(in_doubt).map(|how| words.t(&format!("print.advice_{how}")));
    let mut typed = told.typed;
    if typed.to.is_empty() {
        typed.to = job.printer.as_ref().map_or_else(String::new, |printer| format!("printer:{printer}"));
    }
    if typed.reason.is_empty() && failure.is_some() {
        typed.reason = Reason::Unprinted.name().to_owned();
    }
    let prints = permit.also_for(Action::PrintPapers);
    let targets = prints.as_ref().map(|permit| targets(app, &words, permit)).unwrap_or_default();
    Ok(page(&PrintPage {
        done: told.done,
        problem: told.problem,
        job: line(&words, job),
        advice,
        more: codes.len().saturating_sub(SHOWN),
        codes: codes.into_iter().take(SHOWN).map(labels::code::grouped).collect(),
        first: job.again_of.map(|first| format!("/labels/prints/{first}")),
        later: later.iter().map(|job| line(&words, job)).collect(),
        prints: prints.is_some(),
        fresh: Uuid::new_v4(),
        reasons: Reason::ALL.map(|reason| (reason.name(), words.named("print_reason", reason.name()))).into(),
        targets,
        typed,
        words,
    }))
}
