//! One exception: what it hangs on, what was answered so far, and the forms that answer. They end at the JSON door's own
//! function; each carries an id made for it, so that sent twice it is one answer.
use super::exceptions::{about, kind_of, marks, owner, thing};
use super::trouble::said;
use super::typed::filled;
use super::words::Words;
use super::{again, page};
use crate::access::who_may::{self, Reach};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Body, Params, Problem};
use crate::v1::decisions::Who;
use crate::v1::exceptions::{AnswerKind, AnswerRequest, answer};
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::event::{Event, Fact, Remark};
use domain::exception::ExceptionKind;
use domain::history::History;
use domain::id::{NoteId, PersonId, ScanId, SubjectId};
use domain::time::Timestamp;
use eventstore::State as Stream;
use projections::custody;
use projections::exceptions::{self, Row};
use projections::story::Thing;
use serde::Deserialize;
use uuid::Uuid;

/// People who may be chosen, at most.
const OFFERED_MAX: usize = 300;
/// What may have been done just now, as the address says it.
const DONE: [&str; 3] = ["assigned", "explained", "resolved"];

/// Subject, kind and the scan it hangs on.
type Name = (Uuid, String, Uuid);

#[derive(Template)]
#[template(path = "exception.html")]
struct ExceptionPage {
    words: Words,
    title: String,
    thing: String,
    link: String,
    facts: Vec<(String, String)>,
    marks: Vec<String>,
    answers: Vec<Given>,
    /// The forms, for who may answer.
    forms: Option<Forms>,
    problem: Option<String>,
    done: Option<String>,
}

/// An answer that was given.
struct Given {
    time: String,
    what: String,
    by: String,
    to: String,
    text: Option<String>,
}

struct Forms {
    address: String,
    request_id: Uuid,
    people: Vec<(String, String)>,
    typed: AnswerForm,
}

/// What a form sends.
#[derive(Clone, Default, Deserialize)]
pub struct AnswerForm {
    #[serde(default)]
    request_id: Uuid,
    /// me, assigned, explained or resolved.
    #[serde(default)]
    answer: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    text: String,
}

/// What was done just now.
#[derive(Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    done: String,
}

/// `GET /exceptions/{subject}/{kind}/{anchor}`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<Name>,
    headers: HeaderMap,
    Params(query): Params<DoneQuery>,
) -> Result<Response, Problem> {
    let row = find(&app, &permit, &name).await?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let done = DONE.contains(&query.done.as_str()).then(|| words.t(&format!("exceptions.done_{}", query.done)));
    let shown = build(&app, &permit, words, &row, AnswerForm::default()).await?;
    Ok(page(&ExceptionPage { done, ..shown }))
}

/// `POST /exceptions/{subject}/{kind}/{anchor}`: back to the page, or the page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<Name>,
    headers: HeaderMap,
    Form(typed): Form<AnswerForm>,
) -> Result<Response, Problem> {
    let row = find(&app, &permit, &name).await?;
    match give(&app, &permit, &row, &typed).await {
        Ok(done) => Ok(Redirect::to(&format!("{}?done={done}", address(&row))).into_response()),
        Err(problem) => {
            let status = again(&problem)?;
            let reads = permit.also_for(Action::ReadExceptions).ok_or_else(Problem::not_found)?;
            let words = Words::of_permit(&headers, app.known(), &permit);
            let problem = Some(said(&words, &problem));
            let shown = build(&app, &reads, words, &row, typed).await?;
            Ok((status, page(&ExceptionPage { problem, ..shown })).into_response())
        }
    }
}

/// The exception of that name, within reach.
async fn find(app: &App, permit: &Permit, (subject, kind, anchor): &Name) -> Result<Row, Problem> {
    let subject = SubjectId(*subject);
    permit.thing(app, Thing::of_subject(subject).ok_or_else(Problem::not_found)?).await?;
    let rows = exceptions::of_subject(app.db(), app.region(), subject).await?;
    rows.into_iter().find(|row| row.kind == *kind && row.anchor == *anchor).ok_or_else(Problem::not_found)
}

fn address(row: &Row) -> String {
    format!("/exceptions/{}/{}/{}", row.subject, row.kind, row.anchor)
}

/// Answers; what was done.
async fn give(app: &App, permit: &Permit, row: &Row, typed: &AnswerForm) -> Result<&'static str, Problem> {
    let kind = kind_of(&row.kind).ok_or_else(Problem::not_found)?;
    let (asked, done) = match typed.answer.as_str() {
        "me" | "assigned" => (AnswerKind::Assigned, "assigned"),
        "explained" => (AnswerKind::Explained, "explained"),
        "resolved" => (AnswerKind::Resolved, "resolved"),
        _ => return Err(Problem::invalid("`answer` is assigned, explained or resolved")),
    };
    let to = match typed.answer.as_str() {
        "me" => Some(permit.staff()?.person.clone()),
        "assigned" => Some(chosen(app, permit, row, &typed.to)?),
        _ => None,
    };
    let text = to.is_none().then(|| filled(&typed.text).ok_or_else(|| Problem::unfit("no-words", "it says why")));
    let who = Who { request_id: typed.request_id, by: None, at: None, occurred_at: None };
    let (subject, anchor) = (row.subject, row.anchor);
    let asked = AnswerRequest { who, subject, kind, anchor, answer: asked, to, note: None, text: text.transpose()? };
    answer(State(app.clone()), permit.clone(), Body(asked)).await.map(|_| done)
}

/// Who may be given an exception: who answers some at its site, or in the region.
fn able(app: &App, permit: &Permit, row: &Row) -> Vec<(PersonId, String)> {
    let (known, now) = (app.known(), app.now());
    let answers = who_may::of(Action::AnswerExceptions);
    let there = |site: &domain::id::SiteId| match row.site.as_deref() {
        Some(at) => site.as_str() == at,
        None => permit.scope.covers(site),
    };
    let fits = |person: &PersonId| {
        let mut posts = known.people.posts_at(person, now);
        posts.any(|post| answers.reach(post.role) != Reach::No && post.site.as_ref().is_none_or(there))
    };
    let all = known.people.all().filter(|row| fits(&row.id));
    all.map(|row| (row.id.clone(), row.name.clone())).take(OFFERED_MAX).collect()
}

fn chosen(app: &App, permit: &Permit, row: &Row, typed: &str) -> Result<PersonId, Problem> {
    let typed = typed.trim();
    let able = able(app, permit, row);
    let mut found = able.iter().filter(|(id, name)| id.as_str() == typed || name == typed);
    let one = found.next().filter(|_| found.next().is_none());
    one.map(|(id, _)| id.clone()).ok_or_else(|| Problem::unfit("no-such-person", "`to` answers no exceptions there"))
}

async fn build(
    app: &App,
    permit: &Permit,
    words: Words,
    row: &Row,
    typed: AnswerForm,
) -> Result<ExceptionPage, Problem> {
    let id = SubjectId(row.subject);
    let folder = if row.is_bag == 1 { "bags" } else { "dossiers" };
    let called = custody::find(app.db(), app.region(), &[about(row)]).await?;
    let thing = thing(&words, row, called.values().next().map(|(row, _)| row));
    let stream = app.log().state(Thing::of_subject(id).ok_or_else(Problem::not_found)?.stream(), None).await?;
    let (scan, told) = match &stream {
        Stream::Dossier(history) => (anchor(&words, history, row), answers(history, row)),
        Stream::Bag(history) => (anchor(&words, history, row), answers(history, row)),
        Stream::Case(_) => (None, Vec::new()),
    };
    let mut given = Vec::new();
    for (event, note) in told {
        given.push(self::given(app, permit, &words, event, note).await?);
    }
    let forms = permit.also_for(Action::AnswerExceptions).map(|answerer| {
        let people = able(app, &answerer, row).into_iter().map(|(id, name)| (id.to_string(), name)).collect();
        Forms { address: address(row), request_id: Uuid::new_v4(), people, typed }
    });
    Ok(ExceptionPage {
        title: words.t(&format!("exception.{}", row.kind)),
        thing,
        link: format!("/{folder}/{id}"),
        facts: facts(app, &words, row, scan),
        marks: marks(&words, row),
        answers: given,
        forms,
        problem: None,
        done: None,
        words,
    })
}

fn facts(app: &App, words: &Words, row: &Row, scan: Option<String>) -> Vec<(String, String)> {
    let since = Timestamp(row.due_from);
    let site = row.site.as_deref().and_then(|site| site.parse().ok()).map(|site| words.site(&site));
    let name = owner(words, row);
    let owner = if name.is_empty() { words.t("exceptions.nobody") } else { name };
    let ended = row.ended_at.map(|at| words.time(Timestamp(at)));
    let all = [
        ("exceptions.site", site),
        ("exceptions.due", Some(format!("{} ({})", words.time(since), words.ago(since, app.now())))),
        ("exceptions.scan", scan),
        ("exceptions.owner", Some(owner)),
        ("exceptions.ended", ended),
    ];
    all.into_iter().filter_map(|(key, value)| Some((words.t(key), value?))).collect()
}

/// The scan it hangs on, in a line.
fn anchor<F: Fact>(words: &Words, history: &History<F>, row: &Row) -> Option<String> {
    let event = history.find(ScanId(row.anchor))?;
    let at = event.source.at.as_ref().map(|at| words.site(at)).unwrap_or_default();
    let what = words.t(&format!("event.{}", event.fact.name()));
    Some(format!("{what} · {at} · {} · {}", words.name(&event.source.by), words.time(event.occurred_at)))
}

/// The answers in a history, with the note of each and whom it was given to.
fn answers<F: Fact>(history: &History<F>, row: &Row) -> Vec<(Event<&'static str>, Answered)> {
    let Some(kind) = kind_of(&row.kind) else { return Vec::new() };
    let about = |it: ExceptionKind, anchor: ScanId| it == kind && anchor.0 == row.anchor;
    let answer = |event: &Event<F>| {
        let said = match event.fact.remark()? {
            Remark::Assigned(it) if about(it.kind, it.anchor) => Answered { to: Some(it.to.clone()), note: None },
            Remark::Explained(it) if about(it.kind, it.anchor) => Answered { to: None, note: it.note },
            Remark::Resolved(it) if about(it.kind, it.anchor) => Answered { to: None, note: it.note },
            Remark::Voided(_)
            | Remark::Admitted(_)
            | Remark::Assigned(_)
            | Remark::Explained(_)
            | Remark::Resolved(_) => return None,
        };
        let Event { scan, occurred_at, recorded_at, source, fact } = event;
        let (source, fact) = (source.clone(), fact.name());
        Some((Event { scan: *scan, occurred_at: *occurred_at, recorded_at: *recorded_at, source, fact }, said))
    };
    history.arrived().filter_map(answer).collect()
}

struct Answered {
    to: Option<PersonId>,
    note: Option<NoteId>,
}

async fn given(
    app: &App,
    permit: &Permit,
    words: &Words,
    event: Event<&'static str>,
    answered: Answered,
) -> Result<Given, Problem> {
    // The words of an answer are a note, and whoever may read none reads none here.
    let note = answered.note.filter(|_| permit.also_for(Action::WriteNotes).is_some());
    let text = match note {
        Some(note) => app.vault().note(app.db(), note).await?.map(|row| match row.text {
            Some(text) => text.expose().to_owned(),
            None => words.t("notes.erased"),
        }),
        None => None,
    };
    Ok(Given {
        time: words.time(event.occurred_at),
        what: words.t(&format!("event.{}", event.fact)),
        by: words.name(&event.source.by),
        to: answered.to.map(|to| words.name(&to)).unwrap_or_default(),
        text,
    })
}
