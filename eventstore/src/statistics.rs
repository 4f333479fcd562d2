//! What the planner is told of the tables. PostgreSQL counts by itself as they grow; SQLite only when asked.
use crate::db::{Db, Engine, SqliteDb};
use sqlx::AssertSqlSafe;

/// Tables of SQLite's that are worth counting. Events are read by their keys alone, and counting visits every page.
const COUNTED: &str = "select name from sqlite_master
    where type = 'table' and name not like 'sqlite%' and name not like '\\_%' escape '\\' and name <> 'events'";
/// What is small is planned for as if it were large: it may have grown long before it is counted again. A table that comes and
/// goes has every connection read the schema again, and with it the counts.
const END: &str = "delete from sqlite_stat1 where cast(stat as integer) < 1000;
    create table counted (at integer);
    drop table counted;
    analyze sqlite_schema";
/// A cluster's first statistics may take longer than a page may.
const COUNT_POSTGRES: &str = "set local statement_timeout = 0; analyze";

impl Db {
    /// Has the engine count what its tables hold, so that it plans for that from now on.
    ///
    /// # Errors
    /// The database's own.
    pub async fn analyze(&self) -> Result<(), sqlx::Error> {
        if let Engine::Sqlite(db) = &self.0 {
            count_each(db).await?;
        }
        let mut tx = self.begin().await?;
        match tx.conn() {
            Engine::Sqlite(c) => sqlx::raw_sql(END).execute(c).await.map(|_| ())?,
            Engine::Postgres(c) => sqlx::raw_sql(COUNT_POSTGRES).execute(c).await.map(|_| ())?,
        }
        tx.commit().await
    }

    /// Whether the engine has counted anything; PostgreSQL sees to it by itself.
    ///
    /// # Errors
    /// The database's own.
    pub async fn is_analyzed(&self) -> Result<bool, sqlx::Error> {
        let Engine::Sqlite(db) = &self.0 else { return Ok(true) };
        let tables = "select count(*) from sqlite_master where name = 'sqlite_stat1'";
        if sqlx::query_scalar::<_, i64>(tables).fetch_one(&db.read).await? == 0 {
            return Ok(false);
        }
        Ok(sqlx::query_scalar::<_, i64>("select count(*) from sqlite_stat1").fetch_one(&db.read).await? > 0)
    }
}

/// Counts how many rows share a key, a table at a time: others write between two. With a limit no samples of keys are taken, in
/// which hashes of what the vault erases would live on; what a plain `analyze` left of them goes.
async fn count_each(db: &SqliteDb) -> Result<(), sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(COUNTED).fetch_all(&db.read).await?;
    for table in tables {
        let text = AssertSqlSafe(format!("pragma analysis_limit = 1000; analyze {table}"));
        sqlx::raw_sql(text).execute(&db.write).await?;
    }
    Ok(())
}
