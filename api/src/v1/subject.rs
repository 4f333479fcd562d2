//! What a path names: a dossier or bag by label, by number, or by id.
use crate::app::App;
use crate::problem::Problem;
use domain::code::{Code, CodeKind};
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

/// The thing or case a text names: label, number, id, in this order.
///
/// # Errors
/// Nothing of that name, or the database's own.
pub async fn named(app: &App, text: &str) -> Result<Named, Problem> {
    if let Ok(code) = labels::code::read(text) {
        let rows = registers::label::resolve(app.db(), app.region(), &[code]).await?;
        let subject = rows.get(&code).map_or_else(|| code.subject(), |row| row.subject);
        return of_kind(code.kind(), subject).ok_or_else(Problem::not_found);
    }
    if let Ok(id) = text.parse::<Uuid>() {
        let thing = Code::of_subject(SubjectId(id)).and_then(|code| of_kind(code.kind(), SubjectId(id)));
        return Ok(thing.unwrap_or(Named::Case(CaseId(id))));
    }
    let hits = search::find(app.db(), app.region(), text, None, 2).await?;
    let exact = hits.into_iter().find(|hit| hit.term == search::normal(text)).ok_or_else(Problem::not_found)?;
    match exact.what.as_str() {
        "dossier" => Ok(Named::Thing(Thing::Dossier(SubjectId(exact.subject)))),
        "bag" => Ok(Named::Thing(Thing::Bag(SubjectId(exact.subject)))),
        _ => Ok(Named::Case(CaseId(exact.subject))),
    }
}

fn of_kind(kind: CodeKind, subject: SubjectId) -> Option<Named> {
    match kind {
        CodeKind::Dossier => Some(Named::Thing(Thing::Dossier(subject))),
        CodeKind::Bag => Some(Named::Thing(Thing::Bag(subject))),
        CodeKind::Site | CodeKind::Shelf | CodeKind::Badge | CodeKind::Receipt => None,
    }
}

/// The dossier a text names.
///
/// # Errors
/// Nothing of that name, or something else.
pub async fn dossier(app: &App, text: &str) -> Result<SubjectId, Problem> {
    match named(app, text).await? {
        Named::Thing(Thing::Dossier(id)) => Ok(id),
        Named::Thing(Thing::Bag(_)) | Named::Case(_) => Err(Problem::not_found()),
    }
}

/// The bag a text names.
///
/// # Errors
/// Nothing of that name, or something else.
pub async fn bag(app: &App, text: &str) -> Result<SubjectId, Problem> {
    match named(app, text).await? {
        Named::Thing(Thing::Bag(id)) => Ok(id),
        Named::Thing(Thing::Dossier(_)) | Named::Case(_) => Err(Problem::not_found()),
    }
}
