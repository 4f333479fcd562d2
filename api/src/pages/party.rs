//! Writing down who applies. The form never shows what is held: that would be opening it. Where something is wrong, what was
//! typed comes back.
use super::applicants::{PartyCard, links};
use super::page;
use super::words::Words;
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::parties;
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::id::CaseId;
use projections::queues;
use registers::identity::BadNumber;
use registers::record::Party;
use registers::vault::{Given, IdentityKind, Invalid};
use rust_i18n::t;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "writing.html")]
struct WritingPage {
    words: Words,
    case: Uuid,
    /// Where the papers of the case are looked at.
    dossiers: Vec<(Uuid, String)>,
    typed: Typed,
    wrong: Vec<String>,
    /// What others see, once it was saved.
    parties: Vec<PartyCard>,
    reasons: Vec<(&'static str, String)>,
    whom: Vec<(Party, String)>,
    kinds: Vec<(IdentityKind, String)>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Typed {
    party: Party,
    name: String,
    phone: String,
    kind: IdentityKind,
    number: String,
    address: String,
}

impl Typed {
    fn nothing() -> Self {
        let (name, phone, number, address) = Default::default();
        Self { party: Party::Applicant, name, phone, kind: IdentityKind::Resident, number, address }
    }

    fn given(&self) -> Given<'_> {
        let (phone, address) = (Some(self.phone.as_str()), Some(self.address.as_str()));
        Given { name: &self.name, phone, identity: Some((self.kind, &self.number)), address }
    }
}

/// `GET /cases/{name}/party`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let case = parties::named(&app, &permit, &name).await?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let dossiers = of_case(&app, case).await?;
    Ok(page(&WritingPage { dossiers, ..WritingPage::of(words, case, Typed::nothing()) }))
}

/// `POST /cases/{name}/party`
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let case = parties::named(&app, &permit, &name).await?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let dossiers = of_case(&app, case).await?;
    let mut shown = WritingPage { dossiers, ..WritingPage::of(words, case, typed) };
    let status = match save(&app, &permit, &visitor, case, &shown).await? {
        Ok(()) => {
            let party = shown.typed.party;
            let held = parties::of_case(&app, case).await?;
            let of = held.iter().filter(|it| it.party == party);
            shown.parties = of.map(|it| PartyCard::of(&shown.words, it, false)).collect();
            shown.typed = Typed::nothing();
            StatusCode::OK
        }
        Err((status, wrong)) => {
            shown.wrong = wrong;
            status
        }
    };
    Ok((status, page(&shown)).into_response())
}

async fn of_case(app: &App, case: CaseId) -> Result<Vec<(Uuid, String)>, Problem> {
    Ok(links(&queues::of_case(app.db(), app.region(), case.0).await?))
}

/// Saves what was typed, or tells what is wrong with it.
async fn save(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    case: CaseId,
    shown: &WritingPage,
) -> Result<Result<(), (StatusCode, Vec<String>)>, Problem> {
    let words = &shown.words;
    let details = match parties::check(app, shown.typed.given()) {
        Ok(details) => details,
        Err(wrong) => {
            let said = wrong.iter().map(|it| say(words, *it)).collect();
            return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, said)));
        }
    };
    match parties::write(app, permit, visitor, (case, shown.typed.party), &details).await {
        Ok(_) => Ok(Ok(())),
        Err(problem) if problem.status == 409 => Ok(Err((StatusCode::CONFLICT, vec![words.problem(&problem)]))),
        Err(problem) => Err(problem),
    }
}

/// What is wrong, in the reader's language.
fn say(words: &Words, wrong: Invalid) -> String {
    let lang = words.lang();
    let field = |field| words.t(&format!("field.{field}"));
    match wrong {
        Invalid::Missing(_) => words.t("writing.name_missing"),
        Invalid::TooLong { field: of, max } => {
            t!("writing.too_long", locale = lang, field = field(of), max = max).into_owned()
        }
        Invalid::Unprintable(of) => t!("writing.unprintable", locale = lang, field = field(of)).into_owned(),
        Invalid::NameOfDigits => words.t("writing.name_digits"),
        Invalid::PhoneShape => words.t("writing.phone_shape"),
        Invalid::Number(BadNumber::Length { found }) => {
            t!("writing.number_length", locale = lang, found = found).into_owned()
        }
        Invalid::Number(BadNumber::Character { at }) => {
            t!("writing.number_character", locale = lang, at = at).into_owned()
        }
        Invalid::Number(BadNumber::Date) => words.t("writing.number_date"),
        Invalid::Number(BadNumber::OrganisationCheck | BadNumber::Check) => words.t("writing.number_check"),
    }
}

impl WritingPage {
    fn of(words: Words, case: CaseId, typed: Typed) -> Self {
        let whom = [Party::Applicant, Party::Proxy].map(|it| (it, words.t(&format!("party.{it}"))));
        let kinds = [IdentityKind::Resident, IdentityKind::Company, IdentityKind::Other];
        let kinds = kinds.map(|it| (it, words.t(&format!("identity.{it}"))));
        let (wrong, parties, reasons) = (Vec::new(), Vec::new(), Vec::new());
        let dossiers = Vec::new();
        Self { words, case: case.0, dossiers, typed, wrong, parties, reasons, whom: whom.into(), kinds: kinds.into() }
    }
}
