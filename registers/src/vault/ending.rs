//! Whether somebody knows how a case's phone ends: the applicant's own question at the public page. Tells yes or no, so it is not
//! recorded; whoever asks is counted. Never tells a wrong ending from a case without a phone, erased, restricted, or not there.
use super::party::{COLUMNS, Row};
use super::seal::{Key, fresh_key, seal, unseal};
use super::{Vault, VaultError};
use crate::record::Field;
use domain::id::CaseId;
use eventstore::{Db, sql};
use std::hint::black_box;
use uuid::Uuid;

/// Digits that are asked for.
pub const ENDING: usize = 4;

impl Vault {
    /// Whether the phone of the case's applicant or proxy ends with these digits. Without a case it asks for one that is not
    /// there, so that both take the same way.
    ///
    /// # Errors
    /// A missing key, or the database's own.
    pub async fn phone_ends(&self, db: &Db, case: Option<CaseId>, typed: &str) -> Result<bool, VaultError> {
        let id = case.map_or(Uuid::nil(), |case| case.0);
        let text = format!("select {COLUMNS} from vault_party where region = $1 and case_id = $2 order by party");
        let rows: Vec<Row> = sql!(db.read(), c => sqlx::query_as(sqlx::AssertSqlSafe(text))
            .bind(i64::from(self.region().0)).bind(id).fetch_all(c).await?);
        let mut ends = false;
        let mut opened = false;
        for row in rows.iter().filter(|row| row.hindrance(false).is_ok()) {
            let details = self.unseal(row, &[Field::Phone])?;
            let ending = details
                .phone
                .as_ref()
                .and_then(|phone| phone.expose().get(phone.expose().len().checked_sub(ENDING)?..));
            ends |= ending.is_some_and(|ending| alike(ending, typed));
            opened = true;
        }
        if !opened {
            decoy();
        }
        Ok(ends && case.is_some())
    }

    /// Whether the applicant of a case was erased.
    ///
    /// # Errors
    /// The database's own.
    pub async fn applicant_is_erased(&self, db: &Db, case: CaseId) -> Result<bool, VaultError> {
        const ERASED: &str = "select count(*) from vault_party \
            where region = $1 and case_id = $2 and party = 'applicant' and erased_at is not null";
        let erased: i64 = sql!(db.read(), c => sqlx::query_scalar(ERASED)
            .bind(i64::from(self.region().0)).bind(case.0).fetch_one(c).await?);
        Ok(erased > 0)
    }
}

/// Compares without ending at the first difference.
fn alike(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    one.len() == other.len() && differences == 0
}

/// Does about the work of opening a phone where there is none.
fn decoy() {
    let (outer, inner): (Key, Key) = (fresh_key(), fresh_key());
    for key in [&outer, &inner] {
        black_box(unseal(key, "nowhere", &seal(key, "nowhere", &inner[..])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_alike_only_if_every_digit_is() {
        assert!(alike("1234", "1234"));
        for other in ["1235", "0234", "123", "12345", "", "１234"] {
            assert!(!alike("1234", other), "{other}");
        }
    }
}
