//! From older master keys to the current one, while others go on: first the older keys are retired, so that nobody seals under
//! them any more; then every data key is wrapped anew and every hash made anew, a few rows in a transaction. Stopped at any
//! point it can be begun again: what lies under a retired key is what is left to do.
use super::keys::MasterKey;
use super::party::{COLUMNS, Row};
use super::{Vault, VaultError, record, unwrap_key, wrap_key};
use crate::record::{Act, By, Field, VaultRotated, Word};
use domain::id::NoteId;
use eventstore::{Db, Tx, sql};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Rows in one transaction: scans wait for the writer meanwhile.
const TURN: i64 = 50;

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The current key.
    pub key: Word,
    /// Keys under which nothing lies any more: their lines may leave the key file, after [`super::sweep`].
    pub retired: Vec<Word>,
    pub parties: u64,
    pub notes: u64,
    pub hashes: u64,
}

impl Vault {
    /// Wraps everything under the current key. Recorded when it begins to retire a key and when it has done something.
    ///
    /// # Errors
    /// A missing key, or the database's own; begin it again then.
    pub async fn rotate(&self, db: &Db, by: &By) -> Result<Rotated, VaultError> {
        self.ring.reload()?;
        let (master, retired) = self.retire(db, by).await?;
        let mut done = Rotated { key: master.id.clone(), retired, parties: 0, notes: 0, hashes: 0 };
        for old in done.retired.clone() {
            while self.rotate_parties(db, &master, &old, &mut done).await? > 0 {
                tokio::task::yield_now().await;
            }
            while self.rotate_notes(db, &master, &old, &mut done).await? > 0 {
                tokio::task::yield_now().await;
            }
            while self.rotate_small(db, &master, &old).await? > 0 {
                tokio::task::yield_now().await;
            }
        }
        if done.parties + done.notes > 0 {
            let mut tx = db.begin().await?;
            self.record_rotation(&mut tx, by, &done).await?;
            tx.commit().await?;
        }
        Ok(done)
    }

    /// Retires every key but the current one; waits for whoever seals under one of them at this moment.
    async fn retire(&self, db: &Db, by: &By) -> Result<(std::sync::Arc<MasterKey>, Vec<Word>), VaultError> {
        const RETIRE: &str =
            "update vault_key set retired_at = $3 where region = $1 and id <> $2 and retired_at is null";
        let mut tx = db.begin().await?;
        let master = self.sealing_key(&mut tx, by.now).await?;
        let now_retired = sql!(tx.conn(), c => {
            let query = sqlx::query(RETIRE).bind(i64::from(self.region.0)).bind(master.id.as_str());
            query.bind(by.now.0).execute(c).await?.rows_affected()
        });
        let known = self.known_keys(&mut tx).await?;
        let retired = known.iter().filter(|key| key.retired_at.is_some()).map(|key| super::stored_id(&key.id));
        let retired = retired.collect::<Result<Vec<_>, _>>()?;
        if now_retired > 0 {
            let begun = Rotated { key: master.id.clone(), retired: Vec::new(), parties: 0, notes: 0, hashes: 0 };
            self.record_rotation(&mut tx, by, &begun).await?;
        }
        tx.commit().await?;
        Ok((master, retired))
    }

    async fn record_rotation(&self, tx: &mut Tx, by: &By, done: &Rotated) -> Result<(), VaultError> {
        let Rotated { key, parties, notes, hashes, .. } = done.clone();
        Ok(record(tx, self.region, by, Act::VaultRotated(VaultRotated { key, parties, notes, hashes })).await?)
    }

    /// A turn over parties; how many rows it met.
    async fn rotate_parties(
        &self,
        db: &Db,
        master: &MasterKey,
        old: &Word,
        done: &mut Rotated,
    ) -> Result<usize, VaultError> {
        const REWRAP: &str = "update vault_party set key_id = $4, wrapped = $5 \
            where region = $1 and case_id = $2 and party = $3 and key_id = $6";
        let some = format!(
            "select {COLUMNS} from vault_party where region = $1 and key_id = $2 order by case_id limit {TURN}"
        );
        let mut tx = db.begin().await?;
        let rows: Vec<Row> = sql!(tx.conn(), c => sqlx::query_as(AssertSqlSafe(some))
            .bind(i64::from(self.region.0)).bind(old.as_str()).fetch_all(c).await?);
        for row in &rows {
            let (case, party) = (row.case(), row.party()?);
            let wrapped = wrap_key(master, &self.party_place(case, party), &self.data_key(row)?);
            let changed = sql!(tx.conn(), c => {
                let query = sqlx::query(REWRAP).bind(i64::from(self.region.0)).bind(case.0).bind(party.as_str());
                query.bind(master.id.as_str()).bind(wrapped).bind(old.as_str()).execute(c).await?.rows_affected()
            });
            // None, if somebody wrote or erased the row since it was read.
            if changed == 1 {
                let searchable = self.unseal(row, &[Field::Name, Field::Phone, Field::Identity])?;
                done.hashes += self.put_hashes(&mut tx, master, case, party, &searchable).await?;
                done.parties += 1;
            }
        }
        tx.commit().await?;
        Ok(rows.len())
    }

    /// A turn over notes; how many rows it met.
    async fn rotate_notes(
        &self,
        db: &Db,
        master: &MasterKey,
        old: &Word,
        done: &mut Rotated,
    ) -> Result<usize, VaultError> {
        const SOME: &str = "select id, wrapped from vault_note where region = $1 and key_id = $2 order by id limit $3";
        const REWRAP: &str =
            "update vault_note set key_id = $3, wrapped = $4 where region = $1 and id = $2 and key_id = $5";
        let mut tx = db.begin().await?;
        let rows: Vec<(Uuid, Option<Vec<u8>>)> = sql!(tx.conn(), c => sqlx::query_as(SOME)
            .bind(i64::from(self.region.0)).bind(old.as_str()).bind(TURN).fetch_all(c).await?);
        for (id, wrapped) in &rows {
            let place = self.note_place(NoteId(*id));
            let key =
                wrapped.as_ref().zip(Some(self.key(old.as_str())?)).and_then(|(it, old)| unwrap_key(&old, &place, it));
            let wrapped = wrap_key(master, &place, &key.ok_or(VaultError::Broken { table: "vault_note" })?);
            done.notes += sql!(tx.conn(), c => {
                let query = sqlx::query(REWRAP).bind(i64::from(self.region.0)).bind(*id).bind(master.id.as_str());
                query.bind(wrapped).bind(old.as_str()).execute(c).await?.rows_affected()
            });
        }
        tx.commit().await?;
        Ok(rows.len())
    }
}
