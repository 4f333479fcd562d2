//! Searching by whole name, phone or identity number, through keyed hashes: the same text in the same region has the same hash
//! under the same key, and nothing else is told. Each search is one entry of the record, committed before anybody sees what
//! was found.
use super::details::{Details, normal};
use super::keys::{Keys, MasterKey};
use super::seal::keyed_hash;
use super::{Vault, VaultError, record};
use crate::record::{Act, By, Party, Reason, SearchedBy, VaultSearched};
use domain::id::CaseId;
use eventstore::{Db, Tx, sql};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Cases found at most. Many, since whoever asks is shown only those within reach: a common name must not hide them.
pub const FOUND_MAX: usize = 5000;

impl Vault {
    /// The cases of a person, at most [`FOUND_MAX`]; restricted ones are not found.
    ///
    /// # Errors
    /// The database's own; then nothing is told.
    pub async fn search(
        &self,
        db: &Db,
        by: &By,
        (kind, text): (SearchedBy, &str),
        reason: Option<Reason>,
    ) -> Result<Vec<CaseId>, VaultError> {
        let text = normal(kind, text);
        let mut tx = db.begin().await?;
        let mut keys = self.ring.keys();
        let mut found = self.find(&mut tx, &keys, kind, &text).await?;
        // Asked after the search: rows may have gone over to a key that came to the file meanwhile.
        while let Some(new) = self.known_keys(&mut tx).await?.iter().find(|key| key.is_new_to(&keys)) {
            self.key(&new.id)?;
            keys = self.ring.keys();
            found = self.find(&mut tx, &keys, kind, &text).await?;
        }
        let act = VaultSearched { by: kind, found: found.len() as u64, reason };
        record(&mut tx, self.region, by, Act::VaultSearched(act)).await?;
        tx.commit().await?;
        Ok(found.into_iter().take(FOUND_MAX).map(CaseId).collect())
    }

    /// Under each key, the older first: during a rotation a row goes from an older key to a newer one.
    async fn find(
        &self,
        tx: &mut Tx,
        keys: &Keys,
        kind: SearchedBy,
        normal: &str,
    ) -> Result<BTreeSet<Uuid>, VaultError> {
        const FIND: &str = "select h.case_id from vault_hash h join vault_party p \
            on p.region = h.region and p.case_id = h.case_id and p.party = h.party and p.restricted_at is null \
            where h.region = $1 and h.kind = $2 and h.hash = $3 order by h.case_id limit $4";
        let mut found = BTreeSet::new();
        for key in keys.all() {
            let hash = self.hash(key, kind, normal);
            let some: Vec<Uuid> = sql!(tx.conn(), c => {
                let query = sqlx::query_scalar(FIND).bind(i64::from(self.region.0)).bind(kind.as_str());
                query.bind(&hash[..]).bind(FOUND_MAX as i64).fetch_all(c).await?
            });
            found.extend(some);
        }
        Ok(found)
    }

    fn hash(&self, key: &MasterKey, kind: SearchedBy, normal: &str) -> [u8; 32] {
        keyed_hash(&key.search, &[&self.region.to_string(), kind.as_str(), normal])
    }

    /// Puts a party's hashes in place of those it had.
    pub(super) async fn put_hashes(
        &self,
        tx: &mut Tx,
        key: &MasterKey,
        case: CaseId,
        party: Party,
        details: &Details,
    ) -> Result<u64, VaultError> {
        const PUT: &str = "insert into vault_hash (region, kind, hash, case_id, party) values ($1, $2, $3, $4, $5)";
        self.drop_hashes(tx, case, party).await?;
        let mut put = 0;
        for (kind, text) in details.searchable() {
            let hash = self.hash(key, kind, &text);
            put += sql!(tx.conn(), c => {
                let query = sqlx::query(PUT).bind(i64::from(self.region.0)).bind(kind.as_str()).bind(&hash[..]);
                query.bind(case.0).bind(party.as_str()).execute(c).await?.rows_affected()
            });
        }
        Ok(put)
    }

    pub(super) async fn drop_hashes(&self, tx: &mut Tx, case: CaseId, party: Party) -> Result<(), VaultError> {
        const DROP: &str = "delete from vault_hash where region = $1 and case_id = $2 and party = $3";
        sql!(tx.conn(), c => {
            let query = sqlx::query(DROP).bind(i64::from(self.region.0)).bind(case.0).bind(party.as_str());
            query.execute(c).await?;
        });
        Ok(())
    }
}
