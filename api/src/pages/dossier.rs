//! A dossier: where it is, since when, how we know, what is next, its way and its trail, live; what is inside, its case's other
//! dossiers, and what may be done with it (`deeds.rs`).
use super::applicants::{PartyCard, reasons};
use super::deeds::{self, DEEDS, Offer, Typed};
use super::inside::{self, Other};
use super::stops::{self, Stop};
use super::words::{Words, tail};
use super::{again, done, page, typed};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::v1::decisions::{Who, content_hash};
use crate::v1::dossiers::{Trail, TrailQuery, tell};
use crate::v1::subject::{Named, dossier, named};
use crate::{notes, parties, view};
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::custody::{Custody, Evidence, Holder, Reading};
use domain::id::{CaseId, SubjectId};
use domain::trail::Line;
use eventstore::State as StreamState;
use projections::queues;
use projections::story::Thing;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage {
    words: Words,
    title: String,
    label: String,
    subject: uuid::Uuid,
    position: i64,
    /// The newest position, or an earlier one that was asked for.
    past: bool,
    place: String,
    since: String,
    evidence: String,
    read_ago: String,
    next: Option<String>,
    facts: Vec<(String, String)>,
    exceptions: Vec<String>,
    lines: Vec<Told>,
    case: Option<CaseId>,
    parties: Vec<PartyCard>,
    /// The case whose parties may be written here.
    writes: Option<Uuid>,
    reasons: Vec<(&'static str, String)>,
    notes: Vec<Said>,
    /// The form for a note, for who may write one.
    note: Option<NewNote>,
    problem: Option<String>,
    /// What was done just now.
    done: Option<String>,
    stops: Vec<Stop>,
    pieces: Vec<(String, String, u32)>,
    /// The other dossiers of its case.
    others: Vec<Other>,
    deeds: Vec<Offer>,
    prints: Prints,
    believed: Believed,
}

/// Papers that somebody may print here.
#[derive(Default)]
pub(super) struct Prints {
    /// The job of a label.
    pub label: Option<Uuid>,
    /// The case of a receipt.
    pub receipt: Option<Uuid>,
}

/// The question what was believed at a time.
#[derive(Default)]
struct Believed {
    typed: String,
    problem: Option<String>,
    /// The time that this page tells of.
    at: Option<String>,
}

/// Which account of a dossier is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DossierQuery {
    as_of: Option<i64>,
    known_at: Option<i64>,
    at: Option<i64>,
    /// As believed at this minute in China, such as `2026-11-23T10:00`.
    believed: String,
    done: String,
}

/// A note as it is shown.
pub(super) struct Said {
    pub(super) time: String,
    pub(super) by: String,
    /// The event it was written to, if that is not the note itself.
    pub(super) on: Option<String>,
    pub(super) text: Option<String>,
}

/// What the form for a note sends.
#[derive(Deserialize)]
pub struct NewNote {
    /// Made for this form: sent twice, it is one note.
    request_id: Uuid,
    #[serde(default)]
    text: String,
}

/// A line of a trail as it is shown.
pub(super) struct Told {
    pub(super) time: String,
    pub(super) what: String,
    pub(super) place: String,
    pub(super) by: String,
    pub(super) holder: String,
    pub(super) notes: Vec<String>,
    pub(super) voided: bool,
    pub(super) inferred: bool,
}

/// `GET /dossiers/{name}`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Params(query): Params<DossierQuery>,
) -> Result<Response, Problem> {
    let Named::Thing(thing) = named(&app, &permit, &name).await? else { return Err(Problem::not_found()) };
    let id = match thing {
        Thing::Dossier(id) => id,
        Thing::Bag(bag) => return Ok(Redirect::to(&format!("/bags/{bag}")).into_response()),
    };
    let mut asked = TrailQuery { as_of: query.as_of, known_at: query.known_at, at: query.at };
    let believed = match typed::minute(&query.believed) {
        Ok(at) => at,
        Err(problem) => return unbelieved(&app, &permit, &headers, id, query.believed, &problem).await,
    };
    asked.known_at = believed.map(|at| at.0).or(asked.known_at);
    match show(&app, &permit, &headers, id, asked).await {
        Ok(mut shown) => {
            shown.believed.at = asked.known_at.map(|at| shown.words.time(domain::time::Timestamp(at)));
            shown.believed.typed = query.believed;
            let names: Vec<&str> = DEEDS.iter().map(|(name, _)| *name).collect();
            shown.done = done(&shown.words, &names, &query.done);
            Ok(page(&shown))
        }
        // It is there, but nothing was known of it then.
        Err(problem) if problem.status == 404 && believed.is_some() => {
            let nothing = Problem { status: 404, ..Problem::unfit("nothing-then", "nothing was recorded by then") };
            unbelieved(&app, &permit, &headers, id, query.believed, &nothing).await
        }
        Err(problem) => Err(problem),
    }
}

/// The page as it is now, with why the time that was asked for cannot be shown.
async fn unbelieved(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    id: SubjectId,
    typed: String,
    problem: &Problem,
) -> Result<Response, Problem> {
    let mut shown = show(app, permit, headers, id, TrailQuery::default()).await?;
    shown.believed = Believed { problem: Some(shown.words.problem(problem)), typed, at: None };
    Ok((again(problem)?, page(&shown)).into_response())
}

/// The page again, with the form of a deed open, what is wrong with it and what was typed.
pub(super) async fn show_again(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    name: &str,
    deed: &str,
    typed: Typed,
    problem: &Problem,
) -> Result<Response, Problem> {
    let status = again(problem)?;
    let id = dossier(app, permit, name).await?;
    let reads = permit.also_for(Action::ReadDossiers).ok_or_else(|| problem.clone())?;
    let mut shown = show(app, &reads, headers, id, TrailQuery::default()).await?;
    let said = shown.words.problem(problem);
    match shown.deeds.iter_mut().find(|offer| offer.name == deed) {
        // Nothing was done under the old id, or something else was: the next try is another request.
        Some(offer) => {
            offer.problem = Some(said);
            offer.typed = Typed { request_id: Uuid::new_v4(), ..typed };
        }
        None => shown.problem = Some(said),
    }
    Ok((status, page(&shown)).into_response())
}

/// `POST /dossiers/{name}/notes`: back to the page, or the page again with what is wrong and what was typed.
pub async fn note(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<NewNote>,
) -> Result<Response, Problem> {
    let id = dossier(&app, &permit, &name).await?;
    let who = Who { request_id: typed.request_id, by: None, at: None, occurred_at: None };
    let decider = permit.decides(&app, &who)?;
    match notes::write(&app, id, &decider, (&typed.text, content_hash(&who)?)).await {
        Ok(_) => Ok(Redirect::to(&format!("/dossiers/{id}#notes")).into_response()),
        Err(problem) if problem.status < 500 => {
            let reads = permit.also_for(Action::ReadDossiers).ok_or_else(Problem::not_found)?;
            let mut shown = show(&app, &reads, &headers, id, TrailQuery::default()).await?;
            let key = if problem.kind.ends_with(":id-reused") { "notes.twice" } else { "notes.wrong" };
            shown.problem = Some(shown.words.t(key));
            shown.note = Some(NewNote { request_id: Uuid::new_v4(), text: typed.text });
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok((status, page(&shown)).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    id: SubjectId,
    query: TrailQuery,
) -> Result<DossierPage, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let past = query.as_of.is_some() || query.known_at.is_some() || query.at.is_some();
    let thing = Thing::Dossier(id);
    let trail = tell(app, thing, query).await?;
    let mut shown = build(app, words, id, trail, past).await?;
    if past {
        return Ok(shown);
    }
    furnish(app, permit, id, &mut shown).await?;
    if let Some(case) = shown.case {
        let may_open = permit.also_for(Action::OpenApplicants).is_some();
        shown.writes = permit.also_for(Action::WriteApplicants).map(|_| case.0);
        let parties = parties::of_case(app, case).await?;
        shown.parties = parties.iter().map(|party| PartyCard::of(&shown.words, party, may_open)).collect();
    }
    if let Some(writer) = permit.also_for(Action::WriteNotes)
        && writer.thing(app, thing).await.is_ok()
    {
        shown.notes = said(app, &shown.words, thing).await?;
        shown.note = Some(NewNote { request_id: Uuid::new_v4(), text: String::new() });
    }
    Ok(shown)
}

/// What is inside, what belongs to it, and what may be done with it.
async fn furnish(app: &App, permit: &Permit, id: SubjectId, shown: &mut DossierPage) -> Result<(), Problem> {
    let Some(placed) = queues::find(app.db(), app.region(), id).await? else { return Ok(()) };
    let StreamState::Dossier(history) = app.log().state(Thing::Dossier(id).stream(), None).await? else {
        return Ok(());
    };
    shown.pieces = inside::pieces(&shown.words, &history);
    shown.deeds = deeds::offers(app, &shown.words, permit, &placed.dossier, &history);
    shown.prints.label = permit.also_for(Action::MintLabels).map(|_| Uuid::new_v4());
    let Some(case) = placed.dossier.case else { return Ok(()) };
    shown.prints.receipt = permit.also_for(Action::PrintPapers).map(|_| case.0);
    shown.facts.extend(super::notices::told(app, &shown.words, case).await?);
    let all = queues::of_case(app.db(), app.region(), case.0).await?;
    let others = all.iter().filter(|other| other.dossier.subject != id);
    shown.others = others.map(|other| Other::of(&shown.words, other)).collect();
    Ok(())
}

/// The notes of a thing.
pub(super) async fn said(app: &App, words: &Words, thing: Thing) -> Result<Vec<Said>, Problem> {
    let notes = notes::of_thing(app, thing).await?;
    let said = |it: notes::Said| Said {
        time: words.time(it.at),
        by: words.name(&it.by),
        on: (it.on != "noted").then(|| words.t(&format!("event.{}", it.on))),
        text: it.text.map(|text| text.expose().to_owned()),
    };
    Ok(notes.into_iter().map(said).collect())
}

async fn build(app: &App, words: Words, id: SubjectId, trail: Trail, past: bool) -> Result<DossierPage, Problem> {
    let now = app.now();
    let placed = queues::find(app.db(), app.region(), id).await?;
    let (bag, row) = match &placed {
        Some(placed) if !past => (placed.bag.as_ref(), Some(&placed.dossier)),
        Some(placed) => (None, Some(&placed.dossier)),
        None => (None, None),
    };
    let custody = through(&trail.custody, bag.map(|bag| &bag.custody));
    let next = row.and_then(|row| bag.map_or(&row.next_hop, |bag| &bag.next_hop).as_ref());
    let label = row.and_then(view::printed).or_else(|| view::printed_subject(id)).unwrap_or_default();
    let mut facts = Vec::new();
    if let Some(row) = row {
        let site = |key: &str, site: &Option<domain::id::SiteId>| Some((words.t(key), words.site(site.as_ref()?)));
        facts.extend(row.item.as_ref().map(|item| (words.t("dossier.item"), words.item(item))));
        facts.extend(site("dossier.destination", &row.destination));
        facts.extend(site("dossier.home", &row.home));
    }
    let open = trail.exceptions.iter().filter(|exception| exception.until.is_none() && exception.due_from <= now);
    let kind = |exception: &domain::exception::Exception| {
        words.t(&format!("exception.{}", projections::exceptions::kind_name(exception.kind)))
    };
    Ok(DossierPage {
        title: row.and_then(|row| row.number.clone()).unwrap_or_else(|| label.clone()),
        label: labels::code::read(&label).map_or(label.clone(), labels::code::grouped),
        subject: trail.subject,
        position: trail.position,
        past,
        place: words.holder(&custody.holder),
        since: words.since(&trail.custody, now),
        evidence: words.evidence(&custody.evidence),
        read_ago: custody.read_at.map_or_else(String::new, |at| words.ago(at, now)),
        next: next.filter(|_| !past).map(|next| words.site(next)),
        facts,
        exceptions: open.map(kind).collect(),
        lines: trail.lines.iter().rev().map(|line| told(&words, line)).collect(),
        case: row.and_then(|row| row.case),
        parties: Vec::new(),
        writes: None,
        reasons: reasons(&words, &parties::REASONS_TO_OPEN),
        notes: Vec::new(),
        note: None,
        problem: None,
        done: None,
        stops: stops::of(&words, &app.known(), &trail.lines, &custody.holder, row.filter(|_| !past)),
        pieces: Vec::new(),
        others: Vec::new(),
        deeds: Vec::new(),
        prints: Prints::default(),
        believed: Believed::default(),
        words,
    })
}

/// A dossier in a bag is where its bag is.
fn through(own: &Custody, bag: Option<&Custody>) -> Custody {
    match (bag, &own.holder) {
        (Some(bag), Holder::Bag { bag: id }) => {
            let evidence = Evidence { read: Reading::Inferred, bag: Some(*id), ..bag.evidence };
            Custody { evidence, read_at: own.read_at.max(bag.read_at), ..bag.clone() }
        }
        _ => own.clone(),
    }
}

/// A line in the reader's words.
pub(super) fn told(words: &Words, line: &Line) -> Told {
    let mut notes: Vec<String> = Vec::new();
    for flag in &line.flags {
        let name = serde_json::to_value(flag).ok().and_then(|name| name.as_str().map(ToOwned::to_owned));
        notes.extend(name.map(|name| words.t(&format!("flag.{name}"))));
    }
    let code = line.bag.and_then(view::printed_subject);
    notes.extend(code.map(|code| format!("{} {}", words.t("what.bag"), tail(&code))));
    Told {
        time: words.time(line.occurred_at),
        what: words.t(&format!("event.{}", line.what)),
        place: line.at.as_ref().map_or_else(String::new, |site| words.site(site)),
        by: line.by.as_ref().map_or_else(String::new, ToString::to_string),
        holder: line.holder.as_ref().map_or_else(String::new, |holder| words.holder(holder)),
        notes,
        voided: line.voided,
        inferred: line.evidence.is_some_and(|evidence| evidence.read == Reading::Inferred),
    }
}
