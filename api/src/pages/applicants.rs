//! Applicants: found by phone or whole name, shown masked, opened with a reason. What is typed travels in the body of a form,
//! never in an address; what is opened stands on that one page, which no browser keeps.
use super::page;
use super::words::Words;
use crate::access::sign_in::Visitor;
use crate::access::{Action, Permit};
use crate::app::App;
use crate::parties::{self, REASONS_TO_OPEN};
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use projections::queues::Placed;
use registers::record::{Field, Party, SearchedBy};
use registers::vault::{Details, Masked, Secret, Shown};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "applicants.html")]
struct ApplicantsPage {
    words: Words,
    typed: String,
    problem: Option<String>,
    searched: bool,
    more: bool,
    cases: Vec<CaseCard>,
    reasons: Vec<(&'static str, String)>,
}

struct CaseCard {
    number: String,
    item: String,
    parties: Vec<PartyCard>,
    dossiers: Vec<(Uuid, String)>,
}

#[derive(Template)]
#[template(path = "opened.html")]
struct OpenedPage {
    words: Words,
    title: String,
    problem: Option<String>,
    facts: Vec<(String, String)>,
    reason: String,
    dossiers: Vec<(Uuid, String)>,
}

/// A party, masked, with what may be done to it here; shown by the dossier's page too.
pub(super) struct PartyCard {
    pub case: Uuid,
    pub party: Party,
    pub title: String,
    /// Why nothing is shown.
    pub closed: Option<String>,
    pub facts: Vec<(String, String)>,
    /// What may be opened: stored name and words.
    pub fields: Vec<(Field, String)>,
}

impl PartyCard {
    /// Of a party as the vault shows it.
    pub fn of(words: &Words, shown: &Shown, may_open: bool) -> Self {
        let closed = match (&shown.erased, &shown.restricted) {
            (Some(mark), _) => Some(format!("{} · {}", words.t("applicants.erased"), words.time(mark.at))),
            (None, Some(mark)) => Some(format!("{} · {}", words.t("applicants.restricted"), words.time(mark.at))),
            (None, None) => None,
        };
        let facts = shown.masked.as_ref().map(|it| told(words, masked(it))).unwrap_or_default();
        let held = shown.masked.as_ref().map(masked).into_iter().flatten();
        let fields = held.filter(|(_, _, value)| may_open && value.is_some());
        Self {
            case: shown.case.0,
            party: shown.party,
            title: words.t(&format!("party.{}", shown.party)),
            closed,
            facts,
            fields: fields.map(|(field, _, _)| (field, words.t(&format!("field.{field}")))).collect(),
        }
    }
}

/// Each field, for a number what it is a number of, and its text.
type Facts = [(Field, Option<&'static str>, Option<String>); 4];

fn masked(it: &Masked) -> Facts {
    let (kind, number) = it.identity.clone().map(|(kind, number)| (kind.as_str(), number)).unzip();
    [
        (Field::Name, None, it.name.clone()),
        (Field::Phone, None, it.phone.clone()),
        (Field::Identity, kind, number),
        (Field::Address, None, it.address.clone()),
    ]
}

fn opened(it: &Details) -> Facts {
    let text = |secret: Option<&Secret>| secret.map(|it| it.expose().to_owned());
    let identity = it.identity.as_ref();
    [
        (Field::Name, None, text(it.name.as_ref())),
        (Field::Phone, None, text(it.phone.as_ref())),
        (Field::Identity, identity.map(|it| it.kind.as_str()), text(identity.map(|it| &it.number))),
        (Field::Address, None, text(it.address.as_ref())),
    ]
}

fn told(words: &Words, facts: Facts) -> Vec<(String, String)> {
    let name = |field: Field, kind: Option<&str>| match kind {
        Some(kind) => words.t(&format!("identity.{kind}")),
        None => words.t(&format!("field.{field}")),
    };
    facts.into_iter().filter_map(|(field, kind, value)| Some((name(field, kind), value?))).collect()
}

/// Reasons with their words, for a list to choose from.
pub(super) fn reasons(words: &Words, codes: &[&'static str]) -> Vec<(&'static str, String)> {
    codes.iter().map(|code| (*code, words.t(&format!("reason.{code}")))).collect()
}

/// Dossiers as links: id and number.
pub(super) fn links(dossiers: &[Placed]) -> Vec<(Uuid, String)> {
    let number = |it: &Placed| it.dossier.number.clone().or_else(|| crate::view::printed(&it.dossier));
    dossiers.iter().map(|it| (it.dossier.subject.0, number(it).unwrap_or_default())).collect()
}

/// `GET /applicants`: the box alone.
pub async fn get(State(app): State<App>, permit: Permit, headers: HeaderMap) -> Response {
    let words = Words::of_permit(&headers, app.known(), &permit);
    page(&ApplicantsPage::empty(words, String::new()))
}

impl ApplicantsPage {
    fn empty(words: Words, typed: String) -> Self {
        let reasons = reasons(&words, &REASONS_TO_OPEN);
        Self { words, typed, problem: None, searched: false, more: false, cases: Vec::new(), reasons }
    }
}

/// What the box sends.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// What has a letter in it is a name; else it is a phone number, in whatever writing.
fn kind(typed: &str) -> SearchedBy {
    if typed.chars().any(char::is_alphabetic) { SearchedBy::Name } else { SearchedBy::Phone }
}

/// `POST /applicants`: what a phone number or a whole name finds.
pub async fn find(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let may_open = permit.also_for(Action::OpenApplicants).is_some();
    let mut shown = ApplicantsPage::empty(words, typed.q);
    match parties::search(&app, &permit, &visitor, (kind(&shown.typed), &shown.typed), None).await {
        Ok((found, more)) => {
            let words = &shown.words;
            let card = |it: parties::Found| CaseCard {
                number: it.filed.as_ref().map_or_else(|| it.case.to_string(), |filed| filed.case_no.clone()),
                item: it.filed.as_ref().map(|filed| words.item(&filed.item)).unwrap_or_default(),
                parties: it.parties.iter().map(|party| PartyCard::of(words, party, may_open)).collect(),
                dossiers: links(&it.dossiers),
            };
            let cases = found.into_iter().map(card).collect();
            Ok(page(&ApplicantsPage { searched: true, more, cases, ..shown }))
        }
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let wrong = problem.kind.ends_with(":invalid");
            let said = if wrong { shown.words.t("applicants.wrong") } else { shown.words.problem(&problem) };
            shown.problem = Some(said);
            Ok((status, page(&shown)).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// What the form for opening sends: the party, a reason, and each field that is needed.
#[derive(Deserialize)]
pub struct Asked {
    case: Uuid,
    party: Party,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    address: Option<String>,
}

impl Asked {
    fn fields(&self) -> Vec<Field> {
        let all = [
            (Field::Name, &self.name),
            (Field::Phone, &self.phone),
            (Field::Identity, &self.identity),
            (Field::Address, &self.address),
        ];
        all.into_iter().filter_map(|(field, ticked)| ticked.is_some().then_some(field)).collect()
    }
}

/// `POST /applicants/open`: the fields in full, once the opening is recorded.
pub async fn open(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let case = parties::named(&app, &permit, &asked.case.to_string()).await?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let dossiers = projections::queues::of_case(app.db(), app.region(), case.0).await?;
    let (title, reason) = (words.t(&format!("party.{}", asked.party)), words.t(&format!("reason.{}", asked.reason)));
    let dossiers = links(&dossiers);
    let mut shown = OpenedPage { words, title, problem: None, facts: Vec::new(), reason, dossiers };
    match give(&app, &permit, &visitor, (case, asked.party), &asked).await {
        Ok(details) => {
            shown.facts = told(&shown.words, opened(&details));
            Ok(page(&shown))
        }
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let wrong = problem.kind.ends_with(":invalid");
            let said = if wrong { shown.words.t("applicants.choose") } else { shown.words.problem(&problem) };
            shown.problem = Some(said);
            Ok((status, page(&shown)).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn give(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    at: (domain::id::CaseId, Party),
    asked: &Asked,
) -> Result<Details, Problem> {
    let fields = asked.fields();
    if fields.is_empty() {
        return Err(Problem::invalid("no field was chosen"));
    }
    let reason = parties::reason(&asked.reason)?;
    parties::open(app, permit, visitor, at, (fields, reason)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_letter_is_a_phone_number() {
        for phone in ["13812341234", "+86 138-1234-1234", "（０７５３）4432100", ""] {
            assert_eq!(kind(phone), SearchedBy::Phone, "{phone}");
        }
        for name in ["王小明", "買買提·艾力", "John Smith", "五华2号养殖场"] {
            assert_eq!(kind(name), SearchedBy::Name, "{name}");
        }
    }
}
