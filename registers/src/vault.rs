//! Free texts, outside the log, which holds only their ids. A note is written once and can be erased: the one place
//! where a row changes, because the law may ask for it. Never logs a text.
use crate::Error;
use domain::id::{NoteId, PersonId, Region};
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};

/// A note. Its `Debug` form does not show the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    pub id: NoteId,
    /// `None` once erased.
    pub text: Option<String>,
    pub written_by: PersonId,
    pub written_at: Timestamp,
    pub erased_at: Option<Timestamp>,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note").field("id", &self.id).field("written_at", &self.written_at).finish_non_exhaustive()
    }
}

/// Keeps a note; `false` if it is here already. An erased note stays erased.
///
/// # Errors
/// [`Error::NoteReused`] for the same id with other words.
pub async fn put(tx: &mut Tx, region: Region, note: &Note) -> Result<bool, Error> {
    const PUT: &str = "insert into note (region, id, text, written_by, written_at) values ($1, $2, $3, $4, $5) \
        on conflict (region, id) do nothing";
    const HELD: &str = "select text from note where region = $1 and id = $2";
    let added = sql!(tx.conn(), c => {
        let query = sqlx::query(PUT).bind(i64::from(region.0)).bind(note.id.0).bind(note.text.as_deref());
        query.bind(note.written_by.as_str()).bind(note.written_at.0).execute(c).await?.rows_affected()
    });
    if added == 1 {
        return Ok(true);
    }
    let held: Option<String> = sql!(tx.conn(), c =>
        sqlx::query_scalar(HELD).bind(i64::from(region.0)).bind(note.id.0).fetch_one(c).await?);
    if held.is_none() || held == note.text { Ok(false) } else { Err(Error::NoteReused(note.id)) }
}

/// A note, erased or not.
///
/// # Errors
/// The database's own.
pub async fn get(db: &Db, region: Region, id: NoteId) -> Result<Option<Note>, Error> {
    const GET: &str = "select text, written_by, written_at, erased_at from note where region = $1 and id = $2";
    let row: Option<(Option<String>, String, i64, Option<i64>)> = sql!(db.read(), c =>
        sqlx::query_as(GET).bind(i64::from(region.0)).bind(id.0).fetch_optional(c).await?);
    let Some((text, written_by, written_at, erased_at)) = row else { return Ok(None) };
    let written_by = written_by.parse().map_err(|_| Error::Stored { table: "note", column: "written_by" })?;
    Ok(Some(Note { id, text, written_by, written_at: Timestamp(written_at), erased_at: erased_at.map(Timestamp) }))
}

/// Erases a note's text for good; `false` if there was none to erase.
///
/// # Errors
/// The database's own.
pub async fn erase(tx: &mut Tx, region: Region, id: NoteId, at: Timestamp) -> Result<bool, Error> {
    const ERASE: &str =
        "update note set text = null, erased_at = $3 where region = $1 and id = $2 and text is not null";
    let erased = sql!(tx.conn(), c =>
        sqlx::query(ERASE).bind(i64::from(region.0)).bind(id.0).bind(at.0).execute(c).await?.rows_affected());
    Ok(erased == 1)
}
