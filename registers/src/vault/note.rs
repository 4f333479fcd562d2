//! Free texts: a note is written once and can be erased.
use super::details::Secret;
use super::rights::{Mark, read_mark};
use super::seal::{seal, unseal};
use super::{DataKey, Vault, VaultError, record, unwrap_key};
use crate::Error;
use crate::record::{Act, By, Held, Reason, VaultRight};
use domain::id::{NoteId, PersonId};
use domain::time::Timestamp;
use eventstore::db::Engine;
use eventstore::{Db, Tx, sql};
use sqlx::{Executor, Postgres, Sqlite};
use uuid::Uuid;

/// A note. Its `Debug` form does not show the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub id: NoteId,
    /// `None` once erased.
    pub text: Option<Secret>,
    pub written_by: PersonId,
    pub written_at: Timestamp,
    pub erased: Option<Mark>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub id: Uuid,
    pub key_id: Option<String>,
    pub wrapped: Option<Vec<u8>>,
    text: Option<Vec<u8>>,
    written_by: String,
    written_at: i64,
    erased_at: Option<i64>,
    erased_by: Option<String>,
    erased_code: Option<String>,
    erased_note: Option<Uuid>,
}

impl Vault {
    /// Keeps a note; `false` if it is here already. An erased note stays erased.
    ///
    /// # Errors
    /// [`VaultError::NoteReused`] for the same id with other words.
    pub async fn put_note(&self, tx: &mut Tx, note: &Note) -> Result<bool, VaultError> {
        const PUT: &str = "insert into vault_note (region, id, key_id, wrapped, text, written_by, written_at) \
            values ($1, $2, $3, $4, $5, $6, $7) on conflict (region, id) do nothing";
        let master = self.sealing_key(tx, note.written_at).await?;
        let place = self.note_place(note.id);
        let data = DataKey::fresh(&master, &place);
        let text = note.text.as_ref().map(|text| seal(&data.key, &format!("{place}|text"), text.expose().as_bytes()));
        let added = sql!(tx.conn(), c => {
            let query = sqlx::query(PUT).bind(i64::from(self.region.0)).bind(note.id.0).bind(master.id.as_str());
            let query = query.bind(&data.wrapped[..]).bind(text).bind(note.written_by.as_str());
            query.bind(note.written_at.0).execute(c).await?.rows_affected()
        });
        if added == 1 {
            return Ok(true);
        }
        let held = self.find_note(tx.conn(), note.id).await?.ok_or(VaultError::Absent)?;
        let same = held.erased.is_some() || held.text == note.text;
        if same { Ok(false) } else { Err(VaultError::NoteReused(note.id)) }
    }

    /// A note, erased or not.
    ///
    /// # Errors
    /// A missing key, or the database's own.
    pub async fn note(&self, db: &Db, id: NoteId) -> Result<Option<Note>, VaultError> {
        self.find_note(db.read(), id).await
    }

    /// Erases a note's text for good, and records that; `false` if there was none to erase.
    ///
    /// # Errors
    /// The database's own.
    pub async fn erase_note(&self, tx: &mut Tx, by: &By, id: NoteId, reason: &Reason) -> Result<bool, VaultError> {
        const ERASE: &str = "update vault_note set key_id = null, wrapped = null, text = null, erased_at = $3, \
            erased_by = $4, erased_code = $5, erased_note = $6 where region = $1 and id = $2 and erased_at is null";
        let erased = sql!(tx.conn(), c => {
            let query = sqlx::query(ERASE).bind(i64::from(self.region.0)).bind(id.0).bind(by.now.0);
            let query = query.bind(by.actor.to_string()).bind(reason.code.as_str());
            query.bind(reason.note.map(|note| note.0)).execute(c).await?.rows_affected()
        });
        if erased == 1 {
            let right = VaultRight { held: Held::Note(id), reason: reason.clone() };
            record(tx, self.region, by, Act::VaultErased(right)).await?;
        }
        Ok(erased == 1)
    }

    async fn find_note<'e, S, P>(&self, on: Engine<S, P>, id: NoteId) -> Result<Option<Note>, VaultError>
    where
        S: Executor<'e, Database = Sqlite>,
        P: Executor<'e, Database = Postgres>,
    {
        const FIND: &str = "select id, key_id, wrapped, text, written_by, written_at, \
            erased_at, erased_by, erased_code, erased_note from vault_note where region = $1 and id = $2";
        let row: Option<Row> = sql!(on, c =>
            sqlx::query_as(FIND).bind(i64::from(self.region.0)).bind(id.0).fetch_optional(c).await?);
        row.map(|row| self.read_note(&row)).transpose()
    }

    fn read_note(&self, row: &Row) -> Result<Note, VaultError> {
        let erased = read_mark(row.erased_at, row.erased_by.as_deref(), row.erased_code.as_deref(), row.erased_note)?;
        let written_by = row.written_by.parse();
        Ok(Note {
            id: NoteId(row.id),
            text: row.text.as_ref().map(|text| self.unseal_note(row, text)).transpose()?,
            written_by: written_by.map_err(|_| Error::Stored { table: "vault_note", column: "written_by" })?,
            written_at: Timestamp(row.written_at),
            erased,
        })
    }

    fn unseal_note(&self, row: &Row, text: &[u8]) -> Result<Secret, VaultError> {
        let broken = VaultError::Broken { table: "vault_note" };
        let (Some(key_id), Some(wrapped)) = (&row.key_id, &row.wrapped) else { return Err(broken) };
        let (master, place) = (self.key(key_id)?, self.note_place(NoteId(row.id)));
        let text = unwrap_key(&master, &place, wrapped).and_then(|key| unseal(&key, &format!("{place}|text"), text));
        text.as_deref().and_then(|text| std::str::from_utf8(text).ok()).map(Secret::new).ok_or(broken)
    }

    pub(super) fn note_place(&self, id: NoteId) -> String {
        self.place(format_args!("note|{id}"))
    }
}
