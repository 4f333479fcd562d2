//! What the planner is told of the tables. PostgreSQL counts by itself as they grow; SQLite only when asked.
use crate::db::{Db, Engine};

/// Counts how many rows share a key. With a limit it takes less than a second on gigabytes, and no samples of keys, in which hashes
/// of what the vault erases would live on; what a plain `analyze` left of them goes. Because a table is made, every connection reads
/// the schema again, and with it the counts.
///
/// What is small is planned for as if it were large: it may have grown long before it is counted again.
const COUNT: &str = "pragma analysis_limit = 1000;
    drop table if exists sqlite_stat1;
    drop table if exists sqlite_stat4;
    analyze;
    delete from sqlite_stat1 where cast(stat as integer) < 1000;
    analyze sqlite_schema";
/// A cluster's first statistics may take longer than a page may.
const COUNT_POSTGRES: &str = "set local statement_timeout = 0; analyze";

impl Db {
    /// Has the engine count what its tables hold, so that it plans for that from now on.
    ///
    /// # Errors
    /// The database's own.
    pub async fn analyze(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        match tx.conn() {
            Engine::Sqlite(c) => sqlx::raw_sql(COUNT).execute(c).await.map(|_| ())?,
            Engine::Postgres(c) => sqlx::raw_sql(COUNT_POSTGRES).execute(c).await.map(|_| ())?,
        }
        tx.commit().await
    }
}
