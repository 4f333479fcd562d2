//! What the law lets a person ask for: *restrict* (个人信息保护法 art. 44, and 47 where erasing cannot be done yet: kept, not
//! used) and *erase* (art. 47). Each is recorded in its transaction. The custody log knows ids only and stays whole.
use super::{Vault, VaultError, record};
use crate::Error;
use crate::record::{Act, Actor, By, Held, Party, Reason, VaultRight};
use domain::id::{CaseId, NoteId};
use domain::time::Timestamp;
use eventstore::{Tx, sql};
use uuid::Uuid;

/// When, by whom and why a row was restricted or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: Timestamp,
    pub by: Actor,
    pub reason: Reason,
}

/// The marks as they lie in columns.
#[derive(sqlx::FromRow)]
pub(super) struct MarkColumns {
    restricted_at: Option<i64>,
    restricted_by: Option<String>,
    restricted_code: Option<String>,
    restricted_note: Option<Uuid>,
    erased_at: Option<i64>,
    erased_by: Option<String>,
    erased_code: Option<String>,
    erased_note: Option<Uuid>,
}

impl MarkColumns {
    pub fn restricted(&self) -> Result<Option<Mark>, Error> {
        read_mark(
            self.restricted_at,
            self.restricted_by.as_deref(),
            self.restricted_code.as_deref(),
            self.restricted_note,
        )
    }

    pub fn erased(&self) -> Result<Option<Mark>, Error> {
        read_mark(self.erased_at, self.erased_by.as_deref(), self.erased_code.as_deref(), self.erased_note)
    }
}

pub(super) fn read_mark(
    at: Option<i64>,
    by: Option<&str>,
    code: Option<&str>,
    note: Option<Uuid>,
) -> Result<Option<Mark>, Error> {
    let Some(at) = at else { return Ok(None) };
    let mark = by.and_then(|by| by.parse().ok()).zip(code.and_then(|code| code.parse().ok()));
    let (by, code) = mark.ok_or(Error::Stored { table: "vault", column: "by or code" })?;
    Ok(Some(Mark { at: Timestamp(at), by, reason: Reason { code, note: note.map(NoteId) } }))
}

impl Vault {
    /// Keeps a party and lets nobody open, find or change it, but who may lift that; `false` if it was restricted before.
    ///
    /// # Errors
    /// [`VaultError::Absent`], [`VaultError::Erased`], or the database's own.
    pub async fn restrict(
        &self,
        tx: &mut Tx,
        by: &By,
        (case, party): (CaseId, Party),
        reason: &Reason,
    ) -> Result<bool, VaultError> {
        const RESTRICT: &str = "update vault_party set restricted_at = $4, restricted_by = $5, restricted_code = $6, \
            restricted_note = $7 where region = $1 and case_id = $2 and party = $3 \
            and restricted_at is null and erased_at is null";
        let done = self.mark(tx, RESTRICT, by, (case, party), reason).await?;
        self.tell(tx, by, done, Act::VaultRestricted(right(case, party, reason)), (case, party)).await
    }

    /// Lifts a restriction; `false` if there was none.
    ///
    /// # Errors
    /// As [`Vault::restrict`].
    pub async fn unrestrict(
        &self,
        tx: &mut Tx,
        by: &By,
        (case, party): (CaseId, Party),
        reason: &Reason,
    ) -> Result<bool, VaultError> {
        const LIFT: &str = "update vault_party set restricted_at = null, restricted_by = null, restricted_code = null, \
            restricted_note = null where region = $1 and case_id = $2 and party = $3 \
            and restricted_at is not null and erased_at is null";
        let done = sql!(tx.conn(), c => {
            let query = sqlx::query(LIFT).bind(i64::from(self.region.0)).bind(case.0).bind(party.as_str());
            query.execute(c).await?.rows_affected()
        });
        self.tell(tx, by, done, Act::VaultUnrestricted(right(case, party, reason)), (case, party)).await
    }

    /// Erases a party: what was sealed, its wrapped key and its hashes go; that it was here and who erased it stays. `false` if
    /// it was erased before. [`super::sweep`] then takes it out of the files too.
    ///
    /// # Errors
    /// [`VaultError::Absent`], or the database's own.
    pub async fn erase(
        &self,
        tx: &mut Tx,
        by: &By,
        (case, party): (CaseId, Party),
        reason: &Reason,
    ) -> Result<bool, VaultError> {
        const ERASE: &str = "update vault_party set key_id = null, wrapped = null, name = null, phone = null, \
            identity = null, address = null, erased_at = $4, erased_by = $5, erased_code = $6, erased_note = $7 \
            where region = $1 and case_id = $2 and party = $3 and erased_at is null";
        let done = self.mark(tx, ERASE, by, (case, party), reason).await?;
        self.drop_hashes(tx, case, party).await?;
        match self.tell(tx, by, done, Act::VaultErased(right(case, party, reason)), (case, party)).await {
            Err(VaultError::Erased(_)) => Ok(false),
            told => told,
        }
    }

    async fn mark(
        &self,
        tx: &mut Tx,
        text: &'static str,
        by: &By,
        (case, party): (CaseId, Party),
        reason: &Reason,
    ) -> Result<u64, VaultError> {
        Ok(sql!(tx.conn(), c => {
            let query = sqlx::query(text).bind(i64::from(self.region.0)).bind(case.0).bind(party.as_str());
            let query = query.bind(by.now.0).bind(by.actor.to_string()).bind(reason.code.as_str());
            query.bind(reason.note.map(|note| note.0)).execute(c).await?.rows_affected()
        }))
    }

    /// Records what was done; where nothing was done, says why.
    async fn tell(
        &self,
        tx: &mut Tx,
        by: &By,
        done: u64,
        act: Act,
        (case, party): (CaseId, Party),
    ) -> Result<bool, VaultError> {
        if done == 0 {
            let row = self.row(tx, case, party).await?;
            row.hindrance(true)?;
            return Ok(false);
        }
        record(tx, self.region, by, act).await?;
        Ok(true)
    }
}

fn right(case: CaseId, party: Party, reason: &Reason) -> VaultRight {
    VaultRight { held: Held::Party { case, party }, reason: reason.clone() }
}
