//! The pickup at a counter: the receipt is scanned, then each dossier as it is taken from the shelf; identity is checked, originals
//! are counted back, and everything that was scanned is handed out at once. What was scanned so far travels in the form, so
//! the page works without a script and nothing stays behind where somebody walks away.
use super::deeds;
use super::inside::originals;
use super::trouble::said;
use super::typed::{self, filled};
use super::words::{Words, tail};
use super::{again, done, page};
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Body, Params, Problem};
use crate::v1::decisions::{HandOutRequest, Who, hand_out};
use crate::v1::subject::{Named, named};
use crate::{receipt, view};
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::case::CaseFact;
use domain::custody::Holder;
use domain::id::{CaseId, SubjectId};
use domain::stream::StreamId;
use eventstore::State as Stream;
use projections::queues::{self, Placed};
use projections::story::Thing;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "pickup.html")]
struct PickupPage {
    words: Words,
    case: Option<Opened>,
    typed: PickupForm,
    problem: Option<String>,
    /// What was done just now.
    done: Option<String>,
}

/// The case whose papers are collected.
struct Opened {
    number: String,
    lines: Vec<Line>,
    /// Originals inside what was scanned, which go back to the applicant: name and count.
    originals: Vec<(String, u32)>,
    taken: usize,
    /// What lies here as well and was not scanned.
    left: usize,
}

/// A dossier of the case.
struct Line {
    to: String,
    number: String,
    kind: String,
    place: String,
    shelf: Option<String>,
    state: Standing,
}

/// Where a dossier is in a pickup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Taken,
    /// It lies at this counter and waits to be scanned.
    Here,
    HandedOut,
    Elsewhere,
}

impl Standing {
    fn name(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Here => "here",
            Self::HandedOut => "handed_out",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What an address says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PickupQuery {
    case: String,
    done: String,
}

/// What the forms send.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct PickupForm {
    case: String,
    /// What was scanned so far: `dossier:request`, parted by spaces. The request is made with the scan: sent twice, each
    /// dossier is handed out once.
    taken: String,
    code: String,
    receiver: String,
    checked: String,
    /// That the originals were counted back.
    counted: String,
}

impl PickupForm {
    fn case(&self) -> Option<CaseId> {
        filled(&self.case).and_then(|case| case.parse().ok()).map(CaseId)
    }

    fn taken(&self) -> Result<Vec<(SubjectId, Uuid)>, Problem> {
        let pairs = typed::pairs(&self.taken).ok_or_else(|| Problem::invalid("`taken` is what the page made it"))?;
        Ok(pairs.into_iter().map(|(subject, request)| (SubjectId(subject), request)).collect())
    }
}

/// `GET /pickup`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<PickupQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let done = done(&words, &["hand-out"], &query.done);
    let typed = PickupForm { case: query.case, ..PickupForm::default() };
    let case = match typed.case() {
        Some(id) => Some(open(&app, &permit, &words, id, &[]).await?),
        None => None,
    };
    Ok(page(&PickupPage { words, case, typed, problem: None, done }))
}

/// `POST /pickup`: a scan. The page again, with what it opened or took, or with what is wrong.
pub async fn scan(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(typed): Form<PickupForm>,
) -> Result<Response, Problem> {
    let read = read(&app, &permit, &typed).await;
    answer(&app, &permit, &headers, typed, read).await
}

/// `POST /pickup/hand-out`: on to the next pickup, or the page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(typed): Form<PickupForm>,
) -> Result<Response, Problem> {
    match hand_all_out(&app, &permit, &typed).await {
        Ok(case) => Ok(Redirect::to(&format!("/pickup?case={}&done=hand-out", case.0)).into_response()),
        Err(problem) => answer(&app, &permit, &headers, typed, Err(problem)).await,
    }
}

/// The page again: with what came of a scan, or with what is wrong and what was typed.
async fn answer(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    typed: PickupForm,
    outcome: Result<PickupForm, Problem>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let (typed, problem) = match outcome {
        Ok(next) => (next, None),
        // What is not there is said on the page: whoever scans has the next label in hand already.
        Err(problem) if problem.beyond || problem.status == 404 => (typed, Some(Problem::unfit("no-such-pickup", ""))),
        Err(problem) => (typed, Some(problem)),
    };
    let case = match typed.case() {
        Some(id) => Some(open(app, permit, &words, id, &typed.taken()?).await?),
        None => None,
    };
    let status = problem.as_ref().map(again).transpose()?.unwrap_or_default();
    let problem = problem.map(|problem| said(&words, &problem));
    Ok((status, page(&PickupPage { words, case, typed, problem, done: None })).into_response())
}

/// What a scan means here: a receipt or a case number opens a case; a dossier opens its own, or is taken.
async fn read(app: &App, permit: &Permit, typed: &PickupForm) -> Result<PickupForm, Problem> {
    let text = filled(&typed.code).ok_or_else(|| Problem::unfit("no-label", "a receipt or a dossier is scanned"))?;
    let opened = |case: CaseId| PickupForm { case: case.0.to_string(), ..PickupForm::default() };
    if let Some(code) = receipt::read(&text) {
        let case = registers::label::batch_of(app.db(), app.region(), code).await?.map(CaseId);
        let case = case.ok_or_else(Problem::not_found)?;
        permit.case(app, case).await?;
        return Ok(opened(case));
    }
    let id = match named(app, permit, &text).await? {
        Named::Case(case) => return Ok(opened(case)),
        Named::Thing(Thing::Dossier(id)) => id,
        Named::Thing(Thing::Bag(_)) => return Err(Problem::not_found()),
    };
    let placed = queues::find(app.db(), app.region(), id).await?.ok_or_else(Problem::not_found)?;
    let case = placed.dossier.case.ok_or_else(|| Problem::unfit("no-case", "it belongs to no case"))?;
    let so_far = if typed.case().is_some() { typed.clone() } else { opened(case) };
    if so_far.case() != Some(case) {
        return Err(Problem::unfit("other-case", "it belongs to another case"));
    }
    if standing(permit, &placed, &[]) != Standing::Here {
        return Err(Problem::unfit("not-here", "it is not recorded at this counter"));
    }
    let mut taken = so_far.taken()?;
    if !taken.iter().any(|(subject, _)| *subject == id) {
        taken.push((id, Uuid::new_v4()));
    }
    Ok(PickupForm { taken: typed::carried(&taken), code: String::new(), ..so_far })
}

async fn hand_all_out(app: &App, permit: &Permit, typed: &PickupForm) -> Result<CaseId, Problem> {
    let case = typed.case().ok_or_else(|| Problem::unfit("nothing-taken", "no case is open"))?;
    permit.case(app, case).await?;
    let (receiver, checked) = (deeds::receiver(&typed.receiver)?, deeds::checked(&typed.checked)?);
    let (taken, all) = (typed.taken()?, queues::of_case(app.db(), app.region(), case.0).await?);
    let find = |id: SubjectId| all.iter().find(|it| it.dossier.subject == id);
    let taken: Option<Vec<(&Placed, Uuid)>> = taken.iter().map(|&(id, request)| Some((find(id)?, request))).collect();
    let taken = taken.ok_or_else(|| Problem::unfit("other-case", "it belongs to another case"))?;
    if taken.is_empty() {
        return Err(Problem::unfit("nothing-taken", "nothing was scanned"));
    }
    if typed.counted != "yes" && !inside(app, taken.iter().map(|(placed, _)| placed.dossier.subject)).await?.is_empty()
    {
        return Err(Problem::unfit("not-counted", "originals are counted back"));
    }
    for (placed, request_id) in taken {
        // Sent again, it says the same: what was handed out lies nowhere, and lay where it was to be fetched.
        let at = placed.dossier.custody.holder.site().or(placed.dossier.home.as_ref()).cloned();
        let who = Who { request_id, by: None, at, occurred_at: None };
        let body = Body(HandOutRequest { who, receiver, checked });
        let _handed =
            hand_out(State(app.clone()), permit.clone(), Path(placed.dossier.subject.to_string()), body).await?;
    }
    Ok(case)
}

async fn open(
    app: &App,
    permit: &Permit,
    words: &Words,
    id: CaseId,
    taken: &[(SubjectId, Uuid)],
) -> Result<Opened, Problem> {
    permit.case(app, id).await?;
    let Stream::Case(history) = app.log().state(StreamId::Case(id), None).await? else {
        return Err(Problem::not_found());
    };
    let told = history.told();
    let number = told.iter().find_map(|placed| {
        if let CaseFact::Filed(filed) = &placed.event.fact { Some(filed.case_no.clone()) } else { None }
    });
    let all = queues::of_case(app.db(), app.region(), id.0).await?;
    let lines: Vec<Line> = all.iter().map(|placed| line(permit, words, placed, taken)).collect();
    let count = |state: Standing| lines.iter().filter(|line| line.state == state).count();
    Ok(Opened {
        number: number.unwrap_or_default(),
        originals: inside(app, taken.iter().map(|(id, _)| *id)).await?,
        taken: count(Standing::Taken),
        left: count(Standing::Here),
        lines,
    })
}

/// The originals inside these dossiers that go back to the applicant.
async fn inside(app: &App, dossiers: impl Iterator<Item = SubjectId>) -> Result<Vec<(String, u32)>, Problem> {
    let mut found = Vec::new();
    for id in dossiers {
        if let Stream::Dossier(history) = app.log().state(StreamId::Dossier(id), None).await? {
            found.extend(originals(&history));
        }
    }
    Ok(found)
}

fn line(permit: &Permit, words: &Words, placed: &Placed, taken: &[(SubjectId, Uuid)]) -> Line {
    let row = &placed.dossier;
    let code = view::printed(row).unwrap_or_default();
    Line {
        to: format!("/dossiers/{}", row.subject),
        number: row.number.clone().unwrap_or_else(|| tail(&code).to_owned()),
        kind: row.kind.map_or_else(String::new, |kind| words.kind(kind)),
        place: words.holder(placed.bag.as_ref().map_or(&row.custody.holder, |bag| &bag.custody.holder)),
        shelf: row.shelf.clone().filter(|shelf| !shelf.is_empty()),
        state: standing(permit, placed, taken),
    }
}

fn standing(permit: &Permit, placed: &Placed, taken: &[(SubjectId, Uuid)]) -> Standing {
    let row = &placed.dossier;
    if row.custody.holder == Holder::Applicant {
        return Standing::HandedOut;
    }
    let here = row.custody.holder.site().filter(|site| row.home.as_ref() == Some(site) && permit.scope.covers(site));
    match here {
        Some(_) if taken.iter().any(|(id, _)| *id == row.subject) => Standing::Taken,
        Some(_) => Standing::Here,
        None => Standing::Elsewhere,
    }
}
