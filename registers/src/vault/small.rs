//! Small secrets that lie elsewhere, sealed with the vault's keys: those of second factors. Stored as text, `<key id> <hex>`.
use super::keys::MasterKey;
use super::seal::{seal, unseal};
use super::{Vault, VaultError};
use crate::record::Word;
use domain::id::PersonId;
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use zeroize::Zeroizing;

/// Rows of a turn of a rotation.
const TURN: i64 = 50;

impl Vault {
    /// Seals a small secret of a person under the current key.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub async fn seal_small(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        person: &PersonId,
        secret: &[u8],
    ) -> Result<String, VaultError> {
        Ok(self.write_small(&*self.sealing_key(tx, now).await?, person, secret))
    }

    fn write_small(&self, master: &MasterKey, person: &PersonId, secret: &[u8]) -> String {
        let sealed = seal(&master.wrap, &self.small_place(person), secret);
        let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} {hex}", master.id)
    }

    /// Opens what [`Vault::seal_small`] sealed for the same person.
    ///
    /// # Errors
    /// A missing key, or a text that was sealed for somebody else or changed.
    pub fn open_small(&self, person: &PersonId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let broken = || VaultError::Broken { table: "account" };
        let (key, hex) = sealed.split_once(' ').ok_or_else(broken)?;
        let sealed = bytes(hex).ok_or_else(broken)?;
        unseal(&self.key(key)?.wrap, &self.small_place(person), &sealed).ok_or_else(broken)
    }

    fn small_place(&self, person: &PersonId) -> String {
        self.place(format_args!("small|{person}"))
    }

    /// A turn of a rotation over second factors; how many rows it met.
    pub(super) async fn rotate_small(&self, db: &Db, master: &MasterKey, old: &Word) -> Result<usize, VaultError> {
        const SOME: &str =
            "select person, totp from account where region = $1 and totp like $2 order by person limit $3";
        const RESEAL: &str = "update account set totp = $4 where region = $1 and person = $2 and totp = $3";
        let (region, of_old) = (i64::from(self.region().0), format!("{old} %"));
        let mut tx = db.begin().await?;
        let rows: Vec<(String, String)> = sql!(tx.conn(), c => sqlx::query_as(SOME).bind(region).bind(of_old)
            .bind(TURN).fetch_all(c).await?);
        for (id, sealed) in &rows {
            let person: PersonId = id.parse().map_err(|_| VaultError::Broken { table: "account" })?;
            let again = self.write_small(master, &person, &self.open_small(&person, sealed)?);
            sql!(tx.conn(), c => {
                sqlx::query(RESEAL).bind(region).bind(id).bind(sealed).bind(again).execute(c).await?;
            });
        }
        tx.commit().await?;
        Ok(rows.len())
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    hex.len().is_multiple_of(2).then(|| (0..hex.len()).step_by(2).map(pair).collect())?
}
