//! The record of who did what: for the audit administrator alone. Reading it is recorded too.
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::problem::{Params, Problem};
use axum::Json;
use axum::extract::State;
use domain::time::Timestamp;
use registers::record::{self, Act, Actor, Entry, Filter, RecordRead, Recorded, Subject, Word};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// What the record is narrowed to.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// `person:li`, `device:d-1`, `client:platform` or `system`.
    #[serde(default)]
    pub actor: Option<String>,
    /// Name of an act, such as `signed_in`.
    #[serde(default)]
    pub name: Option<String>,
    /// Whom or what it is about, such as `person:li` or `case:…`.
    #[serde(default)]
    pub about: Option<String>,
    /// Recorded at this time or later, milliseconds since 1970 UTC.
    #[serde(default)]
    pub from: Option<i64>,
    /// Recorded before this time.
    #[serde(default)]
    pub to: Option<i64>,
    /// `next` of the page before.
    #[serde(default)]
    pub cursor: Option<i64>,
    /// 1 to 1000; 100 if not given.
    #[serde(default)]
    pub limit: Option<i64>,
}

/// One entry.
#[derive(Serialize, ToSchema)]
pub struct EntryView {
    pub position: i64,
    pub name: String,
    pub schema_version: i64,
    pub recorded_at: i64,
    pub actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// As it was written.
    #[schema(value_type = Object)]
    pub body: Box<RawValue>,
}

/// One page, newest first.
#[derive(Serialize, ToSchema)]
pub struct RecordPage {
    pub items: Vec<EntryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// The record, newest first.
#[utoipa::path(get, path = "/record", tag = "record", params(RecordQuery), responses(
    (status = 200, body = RecordPage), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Params(query): Params<RecordQuery>,
) -> Result<Json<RecordPage>, Problem> {
    let (rows, next) = read(&app, &permit, &visitor, &query).await?;
    let view = |row: Recorded| {
        let body = RawValue::from_string(row.body).map_err(|error| Problem::internal(&error))?;
        Ok(EntryView {
            position: row.position,
            name: row.name,
            schema_version: row.schema_version,
            recorded_at: row.recorded_at,
            actor: row.actor,
            address: row.address,
            about: row.about,
            body,
        })
    };
    Ok(Json(RecordPage { items: rows.into_iter().map(view).collect::<Result<_, Problem>>()?, next }))
}

/// Reads a page and records that it was read: for the JSON door and the page.
///
/// # Errors
/// A filter that is none, or the database's own.
pub async fn read(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    query: &RecordQuery,
) -> Result<(Vec<Recorded>, Option<i64>), Problem> {
    let filter = filter(query)?;
    let limit = u32::try_from(super::paging::limit(query.limit)?).unwrap_or(u32::MAX);
    let page = record::list(app.db(), app.region(), &filter, query.cursor, limit).await?;
    let rows = page.rows.len() as u64;
    let name = filter.name.as_deref().map(crate::access::sign_in::word).transpose()?;
    let act = Act::RecordRead(RecordRead { actor: filter.actor, name, from: filter.from, to: filter.to, rows });
    app.record(&Entry { actor: permit.who.actor(), address: Some(visitor.address), act }).await?;
    Ok((page.rows, page.next))
}

/// What a question narrows the record to.
///
/// # Errors
/// A filter that is none.
pub fn filter(query: &RecordQuery) -> Result<Filter, Problem> {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let no_actor = |bad| Problem::unfit("no-actor", bad);
    let no_subject = |_| Problem::unfit("no-subject", "`about` is such as person:ID, device:ID, client:ID or case:ID");
    let actor: Option<Actor> = filled(&query.actor).map(|text| text.parse().map_err(no_actor)).transpose()?;
    let about: Option<Subject> = filled(&query.about).map(|text| text.parse().map_err(no_subject)).transpose()?;
    let name: Option<Word> = filled(&query.name).map(|text| text.parse().map_err(Problem::invalid)).transpose()?;
    let (from, to) = (query.from.map(Timestamp), query.to.map(Timestamp));
    Ok(Filter { actor, name: name.map(|name| name.as_str().to_owned()), about, from, to })
}
