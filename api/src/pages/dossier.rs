//! A dossier: where it is, since when, how we know, what is next, and its trail, live.
use super::applicants::{PartyCard, reasons};
use super::page;
use super::words::{Words, tail};
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
use domain::id::CaseId;
use domain::trail::Line;
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
    Params(query): Params<TrailQuery>,
) -> Result<Response, Problem> {
    let Named::Thing(thing) = named(&app, &permit, &name).await? else { return Err(Problem::not_found()) };
    if let Thing::Bag(id) = thing {
        return Ok(Redirect::to(&format!("/bags/{id}")).into_response());
    }
    show(&app, &permit, &headers, thing, query).await.map(|shown| page(&shown))
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
            let mut shown = show(&app, &reads, &headers, Thing::Dossier(id), TrailQuery::default()).await?;
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
    thing: Thing,
    query: TrailQuery,
) -> Result<DossierPage, Problem> {
    let words = Words::of_permit(headers, app.known(), permit);
    let past = query.as_of.is_some() || query.known_at.is_some() || query.at.is_some();
    let trail = tell(app, thing, query).await?;
    let mut shown = build(app, words, thing, trail, past).await?;
    if past {
        return Ok(shown);
    }
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
        let form = || NewNote { request_id: Uuid::new_v4(), text: String::new() };
        shown.note = matches!(thing, Thing::Dossier(_)).then(form);
    }
    Ok(shown)
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

async fn build(app: &App, words: Words, thing: Thing, trail: Trail, past: bool) -> Result<DossierPage, Problem> {
    let now = app.now();
    let placed = match thing {
        Thing::Dossier(id) => queues::find(app.db(), app.region(), id).await?,
        Thing::Bag(_) => None,
    };
    let (bag, row) = match &placed {
        Some(placed) if !past => (placed.bag.as_ref(), Some(&placed.dossier)),
        Some(placed) => (None, Some(&placed.dossier)),
        None => (None, None),
    };
    let custody = through(&trail.custody, bag.map(|bag| &bag.custody));
    let next = row.and_then(|row| bag.map_or(&row.next_hop, |bag| &bag.next_hop).as_ref());
    let label = row.and_then(view::printed).or_else(|| view::printed_subject(thing.id())).unwrap_or_default();
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
