//! The vault: who the applicants are, and free texts. Outside the log, which holds only ids. Sealed field by field with a data
//! key for each row, which the current master key wraps; searched through keyed hashes; opened with a reason and only together
//! with an entry of the record in the same transaction. The one place where rows change and go, because the law asks for it.
//!
//! Never logs a value, never shows one in `Debug` or an error. Whoever holds the database without the key file learns how
//! many parties a case has, which fields are there, about how long they are, and which two rows have the same phone, name or
//! number (their hashes are alike).
//!
//! To keep another field: a column (a new step in `schema.rs`), a field of [`Details`], a line in `party.rs`, a mask.
#[doc(hidden)]
pub mod contract;
mod details;
mod ending;
mod keys;
mod mask;
mod note;
mod party;
mod rights;
mod rotate;
pub(crate) mod schema;
mod seal;
mod search;
mod small;
mod sweep;

pub use details::{Details, Given, Identity, IdentityKind, Invalid, Secret};
pub use ending::ENDING;
pub use keys::{KeyError, Keyring, Keys, make_key};
pub use mask::{Masked, mask};
pub use note::Note;
pub use party::{Opening, Shown};
pub use rights::Mark;
pub use rotate::Rotated;
pub use sweep::sweep;

use crate::Error;
use crate::record::{By, Word};
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use keys::MasterKey;
use std::sync::Arc;

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(transparent)]
    Failed(#[from] Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("rows are sealed under key `{0}`, which the vault key file does not hold: put its line back")]
    NoKey(Word),
    #[error("key `{0}` is not the one this database was sealed with: put the right line back")]
    WrongKey(Word),
    #[error("key `{0}` was rotated away and seals nothing more: put the newest key's line last in the vault key file")]
    Retired(Word),
    /// A changed bit, or a row that was moved to another place.
    #[error("what is sealed in {table} cannot be opened: it is damaged, or was put there by hand")]
    Broken { table: &'static str },
    #[error("the vault holds nothing there")]
    Absent,
    #[error("erased")]
    Erased(Box<Mark>),
    /// Only who may lift the restriction may open.
    #[error("restricted")]
    Restricted(Box<Mark>),
    /// The same note id with other words.
    #[error("note {0} was written before with other words")]
    NoteReused(domain::id::NoteId),
}

impl From<sqlx::Error> for VaultError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(Error::Sql(error))
    }
}

/// The vault of a region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    region: Region,
    ring: Arc<Keyring>,
}

impl Vault {
    /// Opens the vault: the keys are those this database was sealed with, and none that rows need is missing.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`], [`VaultError::NoKey`], [`VaultError::Retired`], or the database's own.
    pub async fn open(db: &Db, region: Region, ring: Keyring, now: Timestamp) -> Result<Self, VaultError> {
        let vault = Self { region, ring: Arc::new(ring) };
        let mut tx = db.begin().await?;
        for key in vault.known_keys(&mut tx).await? {
            let here = vault.ring.keys().get(key.id.as_str()).cloned();
            match here {
                Some(here) if here.check != key.check_value => return Err(VaultError::WrongKey(here.id.clone())),
                None if vault.is_needed(&mut tx, &key.id).await? => return Err(VaultError::NoKey(stored_id(&key.id)?)),
                Some(_) | None => {}
            }
        }
        vault.sealing_key(&mut tx, now).await?;
        tx.commit().await?;
        Ok(vault)
    }

    /// Whose vault it is.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The key that seals now. Its row is locked until the commit, so that a rotation waits for whoever still seals under it.
    /// A key that was rotated away by another process sends us to the file for the new one.
    async fn sealing_key(&self, tx: &mut Tx, now: Timestamp) -> Result<Arc<MasterKey>, VaultError> {
        const USE: &str = "insert into vault_key (region, id, check_value, last_used_at) values ($1, $2, $3, $4) \
            on conflict (region, id) do update set last_used_at = excluded.last_used_at \
            where vault_key.retired_at is null and vault_key.check_value = excluded.check_value";
        let mut keys = self.ring.keys();
        for _ in 0..2 {
            let key = keys.current().clone();
            let used = sql!(tx.conn(), c => {
                let query = sqlx::query(USE).bind(i64::from(self.region.0)).bind(key.id.as_str());
                query.bind(&key.check[..]).bind(now.0).execute(c).await?.rows_affected()
            });
            if used == 1 {
                return Ok(key);
            }
            keys = self.ring.reload()?;
        }
        Err(VaultError::Retired(keys.current().id.clone()))
    }

    /// The key of a stored id, from the file if it came there since.
    fn key(&self, id: &str) -> Result<Arc<MasterKey>, VaultError> {
        if let Some(key) = self.ring.keys().get(id) {
            return Ok(key.clone());
        }
        let keys = self.ring.reload()?;
        keys.get(id).cloned().ok_or(VaultError::NoKey(stored_id(id)?))
    }

    async fn known_keys(&self, tx: &mut Tx) -> Result<Vec<KnownKey>, VaultError> {
        const KNOWN: &str = "select id, check_value, retired_at from vault_key where region = $1 order by id";
        Ok(sql!(tx.conn(), c => sqlx::query_as(KNOWN).bind(i64::from(self.region.0)).fetch_all(c).await?))
    }

    /// Whether anything is sealed under a key.
    async fn is_needed(&self, tx: &mut Tx, id: &str) -> Result<bool, VaultError> {
        const NEEDED: [&str; 3] = [
            "select 1 from vault_party where region = $1 and key_id = $2 limit 1",
            "select 1 from vault_note where region = $1 and key_id = $2 limit 1",
            "select 1 from account where region = $1 and totp like ($2 || ' %') limit 1",
        ];
        for text in NEEDED {
            // PostgreSQL's 1 is an integer of 32 bits, SQLite's of 64.
            let found = sql!(tx.conn(), c =>
                sqlx::query(text).bind(i64::from(self.region.0)).bind(id).fetch_optional(c).await?.is_some());
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where something is sealed: it opens nowhere else.
    fn place(&self, of: impl std::fmt::Display) -> String {
        format!("liuzhuan vault 1|{}|{of}", self.region)
    }
}

/// A key as the database knows it.
#[derive(sqlx::FromRow)]
struct KnownKey {
    id: String,
    check_value: Vec<u8>,
    retired_at: Option<i64>,
}

impl KnownKey {
    /// In use, and not among these.
    fn is_new_to(&self, keys: &Keys) -> bool {
        self.retired_at.is_none() && keys.get(&self.id).is_none()
    }
}

fn stored_id(id: &str) -> Result<Word, Error> {
    id.parse().map_err(|_| Error::Stored { table: "vault_key", column: "id" })
}

/// A data key with its wrapped form.
struct DataKey {
    key: seal::Key,
    wrapped: Vec<u8>,
}

impl DataKey {
    fn fresh(master: &MasterKey, place: &str) -> Self {
        let key = seal::fresh_key();
        let wrapped = wrap_key(master, place, &key);
        Self { key, wrapped }
    }
}

fn wrap_key(master: &MasterKey, place: &str, key: &seal::Key) -> Vec<u8> {
    seal::seal(&master.wrap, &format!("{place}|key|{}", master.id), &key[..])
}

fn unwrap_key(master: &MasterKey, place: &str, wrapped: &[u8]) -> Option<seal::Key> {
    let opened = seal::unseal(&master.wrap, &format!("{place}|key|{}", master.id), wrapped)?;
    let mut key = seal::Key::new([0; 32]);
    (opened.len() == key.len()).then(|| key.copy_from_slice(&opened))?;
    Some(key)
}

/// Records an act of the vault, last in its transaction.
async fn record(tx: &mut Tx, region: Region, by: &By, act: crate::record::Act) -> Result<(), Error> {
    crate::record::append(tx, region, by.now, &[by.did(act)]).await.map(|_| ())
}
