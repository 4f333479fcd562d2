//! What a path names: a dossier or bag by label, by number, or by id.
use crate::access::Permit;
use crate::app::App;
use crate::problem::Problem;
use domain::code::Code;
use domain::id::{CaseId, SubjectId};
use projections::search;
use projections::story::Thing;
use uuid::Uuid;

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Thing(Thing),
    Case(CaseId),
}

/// The thing or case within reach that a text names: label, number, id, in this order.
///
/// # Errors
/// Nothing of that name, nothing within reach, or the database's own.
pub async fn named(app: &App, permit: &Permit, text: &str) -> Result<Named, Problem> {
    let named = meant(app, permit, text).await?;
    match named {
        Named::Thing(thing) => permit.thing(app, thing).await?,
        Named::Case(id) => permit.case(app, id).await?,
    }
    Ok(named)
}

/// The thing a label is on. Whoever reads a label holds it: its holder and next hop are no secret.
///
/// # Errors
/// A label that is on no dossier or bag, or the database's own.
pub async fn of_label(app: &App, code: Code) -> Result<Thing, Problem> {
    let rows = registers::label::resolve(app.db(), app.region(), &[code]).await?;
    let subject = rows.get(&code).map_or_else(|| code.subject(), |row| row.subject);
    Thing::of_code(code.kind(), subject).ok_or_else(Problem::not_found)
}

async fn meant(app: &App, permit: &Permit, text: &str) -> Result<Named, Problem> {
    if let Ok(code) = labels::code::read(text) {
        return of_label(app, code).await.map(Named::Thing);
    }
    if let Ok(id) = text.parse::<Uuid>() {
        return Ok(Thing::of_subject(SubjectId(id)).map_or(Named::Case(CaseId(id)), Named::Thing));
    }
    let hits = search::find(app.db(), app.region(), &permit.scope, text, None, 2).await?;
    let exact = hits.into_iter().find(|hit| hit.term == search::normal(text)).ok_or_else(Problem::not_found)?;
    match exact.what.as_str() {
        "dossier" => Ok(Named::Thing(Thing::Dossier(SubjectId(exact.subject)))),
        "bag" => Ok(Named::Thing(Thing::Bag(SubjectId(exact.subject)))),
        _ => Ok(Named::Case(CaseId(exact.subject))),
    }
}

/// The dossier a text names.
///
/// # Errors
/// Nothing of that name, or something else.
pub async fn dossier(app: &App, permit: &Permit, text: &str) -> Result<SubjectId, Problem> {
    match named(app, permit, text).await? {
        Named::Thing(Thing::Dossier(id)) => Ok(id),
        Named::Thing(Thing::Bag(_)) | Named::Case(_) => Err(Problem::not_found()),
    }
}

/// The bag a text names.
///
/// # Errors
/// Nothing of that name, or something else.
pub async fn bag(app: &App, permit: &Permit, text: &str) -> Result<SubjectId, Problem> {
    match named(app, permit, text).await? {
        Named::Thing(Thing::Bag(id)) => Ok(id),
        Named::Thing(Thing::Dossier(_)) | Named::Case(_) => Err(Problem::not_found()),
    }
}
