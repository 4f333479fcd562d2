//! Making erasures and rotations physical. A deleted row is not gone from a file: SQLite leaves copies of moved rows in the
//! unused part of pages and in the write-ahead log, PostgreSQL keeps dead rows until a vacuum and leaves their bytes in the
//! page after it. So the vault's tables are written anew, and their old pages are zeroed (SQLite: `secure_delete`, which
//! `eventstore/src/db.rs` sets, then a truncating checkpoint) or given up (PostgreSQL: `vacuum full`, which makes new files).
//! Other writers wait meanwhile; some seconds for a hundred thousand applicants.
use super::VaultError;
use eventstore::{Db, Tx, sql};

/// The tables that hold what is sealed or hashed.
const TABLES: [&str; 3] = ["vault_party", "vault_hash", "vault_note"];

/// Takes everything that was erased, replaced or wrapped under an older key out of the database's files. What lives on
/// elsewhere stands in `docs/security.md`.
///
/// # Errors
/// The database's own: also if somebody reads for so long that SQLite's write-ahead log cannot be cut; sweep again then.
pub async fn sweep(db: &Db) -> Result<(), VaultError> {
    if db.engine() == "sqlite" {
        let mut tx = db.begin().await?;
        for table in TABLES {
            // Out and back: `delete` without a condition gives every page up, and each is zeroed.
            for text in [
                format!("create table vault_swept as select * from {table}"),
                format!("delete from {table}"),
                format!("insert into {table} select * from vault_swept"),
                "drop table vault_swept".to_owned(),
            ] {
                sql!(tx.conn(), c => sqlx::query(sqlx::AssertSqlSafe(text)).execute(c).await.map(|_| ()))?;
            }
        }
        drop_samples(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(db.give_up_old_pages(&TABLES).await?)
}

/// Whoever runs `analyze` on SQLite leaves samples of index keys, hashes among them. The planner does without until the next
/// time; the counts it works with stay.
async fn drop_samples(tx: &mut Tx) -> Result<(), VaultError> {
    const SAMPLED: &str = "select name from sqlite_master where name = 'sqlite_stat4'";
    let sampled = sql!(tx.conn(), c => sqlx::query(SAMPLED).fetch_optional(c).await?.is_some());
    if sampled {
        sql!(tx.conn(), c => sqlx::query("delete from sqlite_stat4").execute(c).await.map(|_| ()))?;
    }
    Ok(())
}
