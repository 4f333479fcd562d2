//! Making erasures and rotations physical: what was erased leaves the database's files too.
use super::VaultError;
use eventstore::Db;

/// The tables that hold what is sealed or hashed.
const TABLES: [&str; 3] = ["vault_party", "vault_hash", "vault_note"];

/// Takes everything that was erased, replaced or wrapped under an older key out of the database's files. Other writers wait
/// meanwhile; some seconds for a hundred thousand applicants. What lives on elsewhere stands in `docs/security.md`.
///
/// # Errors
/// The database's own, or whoever reads for so long that deleted rows must be kept for it; sweep again then.
pub async fn sweep(db: &Db) -> Result<(), VaultError> {
    Ok(db.scrub(&TABLES).await?)
}
