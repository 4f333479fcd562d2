//! What the law lets an applicant ask for, by case number: restrict, lift, erase. For the security administrator, who sees that
//! something is held, never what.
use super::applicants::reasons;
use super::page;
use super::words::Words;
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::notes::{self, Said};
use crate::parties::{self, REASONS_OF_RIGHT, Right};
use crate::problem::{Params, Problem};
use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::id::{CaseId, NoteId};
use projections::queues;
use projections::story::Thing;
use registers::record::Party;
use registers::vault::Shown;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "rights.html")]
struct RightsPage {
    words: Words,
    /// The case's number, as it was typed.
    typed: String,
    problem: Option<String>,
    done: Option<String>,
    found: bool,
    parties: Vec<Held>,
    notes: Vec<HeldNote>,
    reasons: Vec<(&'static str, String)>,
}

struct Held {
    party: Party,
    title: String,
    state: String,
    rights: Vec<Offered>,
}

/// A note of one of the case's dossiers: where, when and by whom, never what.
struct HeldNote {
    id: Uuid,
    title: String,
    erased: bool,
}

/// A form: what it does, and what will happen.
struct Offered {
    right: &'static str,
    button: String,
    happens: String,
    for_good: bool,
}

/// Which case.
#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    case: String,
}

/// What a form sends.
#[derive(Deserialize)]
pub struct Asked {
    case: String,
    #[serde(default)]
    party: Option<Party>,
    #[serde(default)]
    note: Option<Uuid>,
    right: String,
    #[serde(default)]
    reason: String,
    /// Ticked for what cannot be undone.
    #[serde(default)]
    understood: Option<String>,
}

/// `GET /applicants/rights?case=…`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    show(&app, &permit, &headers, which.case, Ok(None)).await
}

/// `POST /applicants/rights`
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let done = act(&app, &permit, &visitor, &asked).await;
    show(&app, &permit, &headers, asked.case, done.map(Some)).await
}

/// Does it; the key of what to say.
async fn act(app: &App, permit: &Permit, visitor: &Visitor, asked: &Asked) -> Result<&'static str, Problem> {
    let case = parties::named(app, permit, &asked.case).await?;
    let reason = parties::reason(&asked.reason)?;
    if asked.right == "erase" && asked.understood.is_none() {
        return Err(Problem::invalid("erasing is for good: tick that this is understood"));
    }
    let (done, said) = match (asked.party, asked.note) {
        (Some(party), None) => {
            let (right, said) = match asked.right.as_str() {
                "restrict" => (Right::Restrict, "rights.restricted"),
                "lift" => (Right::Lift, "rights.lifted"),
                "erase" => (Right::Erase, "rights.erased"),
                _ => return Err(Problem::invalid("`right` is restrict, lift or erase")),
            };
            (parties::act(app, permit, visitor, (case, party), (right, &reason)).await?, said)
        }
        (None, Some(note)) if asked.right == "erase" => {
            let of_case = of_case(app, case).await?.iter().any(|(_, it)| it.note.0 == note);
            let known = of_case.then_some(NoteId(note)).ok_or_else(Problem::not_found)?;
            (notes::erase(app, permit, visitor, known, &reason).await?, "rights.erased")
        }
        (Some(_) | None, Some(_) | None) => return Err(Problem::invalid("`party` or `note`")),
    };
    Ok(if done { said } else { "rights.before" })
}

/// The notes of a case's dossiers, each with the dossier's number.
async fn of_case(app: &App, case: CaseId) -> Result<Vec<(String, Said)>, Problem> {
    let mut all = Vec::new();
    for placed in queues::of_case(app.db(), app.region(), case.0).await? {
        let number = placed.dossier.number.clone().unwrap_or_default();
        let said = notes::of_thing(app, Thing::Dossier(placed.dossier.subject)).await?;
        all.extend(said.into_iter().map(|it| (number.clone(), it)));
    }
    Ok(all)
}

async fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    typed: String,
    said: Result<Option<&str>, Problem>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let typed = typed.trim().to_owned();
    let (mut problem, done) = match said {
        Ok(key) => (None, key.map(|key| words.t(key))),
        Err(problem) if problem.status < 500 => (Some(problem), None),
        Err(problem) => return Err(problem),
    };
    let (mut held, mut said_of) = (Vec::new(), Vec::new());
    if !typed.is_empty() {
        match parties::named(app, permit, &typed).await {
            Ok(case) => (held, said_of) = (parties::of_case(app, case).await?, of_case(app, case).await?),
            Err(absent) if absent.status < 500 => problem = Some(absent),
            Err(error) => return Err(error),
        }
    }
    let status = problem.as_ref().and_then(|it| StatusCode::from_u16(it.status).ok()).unwrap_or(StatusCode::OK);
    let said = |it: &Problem| match it.kind.rsplit(':').next() {
        Some("not-found") => words.t("rights.no_case"),
        Some("invalid") => words.t("rights.choose"),
        _ => words.problem(it),
    };
    let problem = problem.as_ref().map(said);
    let found = !typed.is_empty() && status != StatusCode::NOT_FOUND;
    let note = |(number, it): (String, Said)| HeldNote {
        id: it.note.0,
        title: format!("{number} · {} · {}", words.time(it.at), words.name(&it.by)),
        erased: it.erased_at.is_some(),
    };
    let notes = said_of.into_iter().map(note).collect();
    let parties = held.iter().map(|it| of(&words, it)).collect();
    let reasons = reasons(&words, &REASONS_OF_RIGHT);
    let shown = page(&RightsPage { words, typed, problem, done, found, parties, notes, reasons });
    Ok((status, shown).into_response())
}

fn of(words: &Words, shown: &Shown) -> Held {
    let offered = |right: &'static str| Offered {
        right,
        button: words.t(&format!("rights.{right}")),
        happens: words.t(&format!("rights.{right}_happens")),
        for_good: right == "erase",
    };
    let since = |key: &str, at| format!("{} · {}", words.t(key), words.time(at));
    let (state, rights) = match (&shown.erased, &shown.restricted) {
        (Some(mark), _) => (since("applicants.erased", mark.at), Vec::new()),
        (None, Some(mark)) => (since("applicants.restricted", mark.at), vec![offered("lift"), offered("erase")]),
        (None, None) => (words.t("rights.held"), vec![offered("restrict"), offered("erase")]),
    };
    Held { party: shown.party, title: words.t(&format!("party.{}", shown.party)), state, rights }
}
