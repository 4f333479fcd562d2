//! Exceptions to work off, and the answers people give. The list is derived; an answer is an event.
use super::paging;
use super::scan::any;
use crate::access::Permit;
use crate::app::App;
use crate::notes;
use crate::problem::{Body, Params, Problem};
use crate::v1::decisions::{Asked, Who, content_hash};
use crate::view::printed_subject;
use axum::Json;
use axum::extract::State;
use domain::bag::{Bag, BagCommand};
use domain::code::{Code, CodeKind};
use domain::dossier::{Dossier, DossierCommand};
use domain::event::{Answered, Assigned};
use domain::exception::{Answer, ExceptionKind};
use domain::id::{NoteId, PersonId, ScanId, SubjectId};
use domain::stream::{AnyFact, StreamId};
use domain::time::Timestamp;
use esrs::Aggregate;
use eventstore::Append;
use projections::exceptions::{self, Filter, Row};
use projections::story::Thing;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What the list is narrowed to.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExceptionQuery {
    /// Only what counts now and is neither ended nor resolved; true if not given.
    pub open: Option<bool>,
    /// Of one kind; see `docs/events.md`.
    #[param(value_type = Option<String>)]
    pub kind: Option<ExceptionKind>,
    /// At one site.
    pub site: Option<String>,
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

/// An exception.
#[derive(Serialize, ToSchema)]
pub struct ExceptionView {
    pub kind: String,
    pub subject: uuid::Uuid,
    /// dossier or bag.
    pub subject_kind: &'static str,
    /// The subject's label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The scan it hangs on.
    pub anchor: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    pub since: i64,
    /// From when it counts.
    pub due_from: i64,
    /// When it ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<i64>,
}

impl From<Row> for ExceptionView {
    fn from(row: Row) -> Self {
        Self {
            code: printed_subject(SubjectId(row.subject)),
            subject_kind: if row.is_bag == 1 { "bag" } else { "dossier" },
            kind: row.kind,
            subject: row.subject,
            anchor: row.anchor,
            site: row.site,
            since: row.since,
            due_from: row.due_from,
            until: row.ended_at,
            owner: row.owner,
            explained_at: row.explained_at,
            resolved_at: row.resolved_at,
        }
    }
}

/// One page of exceptions, what has been due longest first.
#[derive(Serialize, ToSchema)]
pub struct ExceptionPage {
    pub items: Vec<ExceptionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The log position this reflects; it follows the log.
    pub position: i64,
}

/// Exceptions.
#[utoipa::path(get, path = "/exceptions", tag = "exceptions", params(ExceptionQuery), responses(
    (status = 200, body = ExceptionPage), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<ExceptionQuery>,
) -> Result<Json<ExceptionPage>, Problem> {
    let limit = paging::limit(query.limit)?;
    let after = query.cursor.as_deref().map(|cursor| parse(cursor).ok_or_else(paging::bad_cursor)).transpose()?;
    let open_at = query.open.unwrap_or(true).then(|| app.now());
    let filter = Filter { kind: query.kind, site: query.site, open_at, after, ..Filter::default() };
    let position = projections::model::checkpoint(app.db(), app.region(), exceptions::MODEL.name).await?;
    let rows = exceptions::list(app.db(), app.region(), &permit.scope, &filter, limit).await?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
    let next = rows.last().filter(|_| full);
    let next = next.map(cursor_after);
    Ok(Json(ExceptionPage { items: rows.into_iter().map(ExceptionView::from).collect(), next, position }))
}

/// The cursor of the page after a row.
pub(crate) fn cursor_after(row: &Row) -> String {
    format!("{}_{}_{}_{}", row.due_from, row.subject, row.anchor, row.kind)
}

/// The position in the list that a cursor names.
pub(crate) fn parse(cursor: &str) -> Option<(i64, uuid::Uuid, String, uuid::Uuid)> {
    let mut parts = cursor.splitn(4, '_');
    let (due, subject, anchor) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((due, subject, parts.next()?.to_owned(), anchor))
}

/// A human answer to an exception.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct AnswerRequest {
    #[serde(flatten)]
    pub who: Who,
    /// The dossier or bag.
    pub subject: uuid::Uuid,
    #[schema(value_type = String)]
    pub kind: ExceptionKind,
    /// The scan the exception hangs on.
    pub anchor: uuid::Uuid,
    pub answer: AnswerKind,
    /// For `assigned`: to whom.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub to: Option<PersonId>,
    /// Id of a note in the vault.
    #[serde(default)]
    pub note: Option<uuid::Uuid>,
    /// For `explained` and `resolved`: the words of that note, 1 to 2000 characters; without `note`, the request's id is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What is answered.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    Assigned,
    Explained,
    Resolved,
}

/// Answers an exception: assigned to somebody, explained, or resolved.
#[utoipa::path(post, path = "/exceptions/answers", tag = "exceptions", request_body = AnswerRequest, responses(
    (status = 200, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn answer(
    State(app): State<App>,
    permit: Permit,
    Body(mut request): Body<AnswerRequest>,
) -> Result<Json<Asked>, Problem> {
    let subject = SubjectId(request.subject);
    let kind = Code::of_subject(subject).ok_or_else(Problem::not_found)?.kind();
    permit.thing(&app, Thing::of_code(kind, subject).ok_or_else(Problem::not_found)?).await?;
    let who = permit.decides(&app, &request.who)?;
    // Taken out before the rest is hashed: a hash of the words would let whoever has the log guess them.
    if let Some(text) = request.text.take() {
        let note = *request.note.get_or_insert(who.request_id);
        if matches!(request.answer, AnswerKind::Assigned) {
            return Err(Problem::invalid("`text` goes with `explained` and `resolved`"));
        }
        notes::keep(&app, NoteId(note), &who.by, &text).await?;
    }
    let answer = answer_of(&request)?;
    let hash = content_hash(&request)?;
    let id = ScanId(who.request_id);
    let stream = if kind == CodeKind::Bag { StreamId::Bag(subject) } else { StreamId::Dossier(subject) };
    let decide = move |streams: &eventstore::Streams, recorded_at: Timestamp| {
        let envelope = who.envelope(recorded_at);
        let events = if kind == CodeKind::Bag {
            let ask = domain::dossier::Ask { envelope, what: answer.clone() };
            let events = Bag::handle_command(streams.bag(subject), BagCommand::AnswerException(ask))?;
            events.into_iter().map(|event| (stream, any(event, AnyFact::Bag))).collect()
        } else {
            let ask = domain::dossier::Ask { envelope, what: answer.clone() };
            let events = Dossier::handle_command(streams.dossier(subject), DossierCommand::AnswerException(ask))?;
            events.into_iter().map(|event| (stream, any(event, AnyFact::Dossier))).collect::<Vec<_>>()
        };
        Ok(events)
    };
    let append = Append { id, content_hash: hash, reads: vec![stream], decide: Arc::new(decide) };
    Asked::after(&app.log().append_one(append).await?)
}

fn answer_of(request: &AnswerRequest) -> Result<Answer, Problem> {
    let (kind, anchor, note) = (request.kind, ScanId(request.anchor), request.note.map(NoteId));
    Ok(match request.answer {
        AnswerKind::Assigned => {
            let to = request.to.clone().ok_or_else(|| Problem::invalid("`to` says to whom it is assigned"))?;
            Answer::Assigned(Assigned { kind, anchor, to })
        }
        AnswerKind::Explained => Answer::Explained(Answered { kind, anchor, note }),
        AnswerKind::Resolved => Answer::Resolved(Answered { kind, anchor, note }),
    })
}
