//! Notes: what people write of a dossier or an exception. The words lie in the vault; the event holds their id alone, and its
//! content hash knows nothing of them.
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::parties::by;
use crate::problem::Problem;
use crate::v1::decisions::{Asked, Decider, decide};
use axum::Json;
use domain::custody::payload::Noted;
use domain::dossier::{Ask, DossierCommand};
use domain::event::Fact;
use domain::history::History;
use domain::id::{NoteId, PersonId, SubjectId};
use domain::time::Timestamp;
use eventstore::State;
use projections::story::Thing;
use registers::record::Reason;
use registers::vault::{Note, Secret};
use std::collections::HashSet;

/// Characters of a note at most.
pub const TEXT_MAX: usize = 2000;
/// Notes of a thing that are shown, the newest.
const SHOWN_MAX: usize = 200;

/// A note with what it was written to.
pub struct Said {
    pub note: NoteId,
    /// Stored name of the event that holds its id.
    pub on: &'static str,
    pub by: PersonId,
    pub at: Timestamp,
    /// `None` once erased.
    pub text: Option<Secret>,
    pub erased_at: Option<Timestamp>,
}

/// The form in which words are kept: lines end in one way, and nothing in them is invisible to a printer.
fn check(text: &str) -> Result<Secret, Problem> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let legible = !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if text.is_empty() || text.chars().count() > TEXT_MAX || !legible {
        return Err(Problem::invalid(format!("`text` has 1 to {TEXT_MAX} printable characters")));
    }
    Ok(Secret::new(text))
}

/// Keeps the words of a note, before the event that refers to it: asked again, both are done once.
///
/// # Errors
/// Words that cannot be kept, or an id that was used for others.
pub async fn keep(app: &App, id: NoteId, by: &PersonId, text: &str) -> Result<(), Problem> {
    let text = Some(check(text)?);
    let note = Note { id, text, written_by: by.clone(), written_at: app.now(), erased: None };
    let mut tx = app.db().begin().await?;
    app.vault().put_note(&mut tx, &note).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes a note of a dossier: the words, then the event. The request's id is the note's.
///
/// # Errors
/// As [`keep`], and the log's own.
pub async fn write(
    app: &App,
    dossier: SubjectId,
    who: &Decider,
    (text, content_hash): (&str, [u8; 32]),
) -> Result<Json<Asked>, Problem> {
    // An event for what nobody ever registered or read would make it exist.
    if app.log().state(Thing::Dossier(dossier).stream(), None).await?.version() == 0 {
        return Err(Problem::not_found());
    }
    let note = NoteId(who.request_id);
    keep(app, note, &who.by, text).await?;
    let command =
        move |envelope, _: &eventstore::Streams| Ok(DossierCommand::Note(Ask { envelope, what: Noted { note } }));
    decide(app, dossier, who, content_hash, None, command).await
}

/// Erases the words of a note for good, and records that; `false` if there were none. The event keeps its id.
///
/// # Errors
/// The database's own.
pub async fn erase(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    id: NoteId,
    reason: &Reason,
) -> Result<bool, Problem> {
    let mut tx = app.db().begin().await?;
    let erased = app.vault().erase_note(&mut tx, &by(app, permit, visitor), id, reason).await?;
    tx.commit().await?;
    Ok(erased)
}

/// The notes that a thing's events refer to, newest first.
///
/// # Errors
/// The log's or the vault's own.
pub async fn of_thing(app: &App, thing: Thing) -> Result<Vec<Said>, Problem> {
    let referred = match app.log().state(thing.stream(), None).await? {
        State::Dossier(history) => referred(&history, domain::dossier::DossierFact::note),
        State::Bag(history) => referred(&history, domain::bag::BagFact::note),
        State::Case(_) => Vec::new(),
    };
    let mut seen = HashSet::new();
    let mut said = Vec::new();
    for (note, on) in referred.into_iter().filter(|(note, _)| seen.insert(*note)).take(SHOWN_MAX) {
        // An id may come before its words, or without them.
        let Some(row) = app.vault().note(app.db(), note).await? else { continue };
        let erased_at = row.erased.map(|mark| mark.at);
        said.push(Said { note, on, by: row.written_by, at: row.written_at, text: row.text, erased_at });
    }
    Ok(said)
}

/// Ids of notes with the name of the event, newest first.
fn referred<F: Fact>(history: &History<F>, note: fn(&F) -> Option<NoteId>) -> Vec<(NoteId, &'static str)> {
    let placed = history.placed().into_iter().rev();
    placed.filter_map(|placed| Some((note(&placed.event.fact)?, placed.event.fact.name()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_keeps_its_lines_and_no_character_that_cannot_be_printed() {
        assert_eq!(check(" 一\r\n二 ").unwrap().expose(), "一\n二");
        for wrong in ["", " \n ", "a\u{0}b", "a\u{7}", &"长".repeat(TEXT_MAX + 1)] {
            assert_eq!(check(wrong).unwrap_err().status, 422, "{wrong:?}");
        }
        assert!(check(&"长".repeat(TEXT_MAX)).is_ok());
    }
}
