//! Taking deleted rows out of the files. A deleted row is not gone from a file: SQLite leaves copies of moved rows in the unused
//! part of pages and in the write-ahead log, PostgreSQL keeps dead rows until a vacuum and leaves their bytes in the page after
//! it. Who reads an older state keeps those rows alive: that is waited for, a minute at most, and never passed over.
use crate::db::{Db, Engine};
use crate::sql;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, SqlitePool};
use std::time::Duration;

/// How often cutting SQLite's write-ahead log is tried; each try waits for readers as long as the busy timeout says.
const CUTS_MAX: u32 = 6;
/// How often PostgreSQL's sessions are looked at, and how long between.
const LOOKS_MAX: u32 = 120;
const LOOK: Duration = Duration::from_millis(500);

impl Db {
    /// Takes what was deleted from tables before this call out of the files. SQLite: the tables are written anew, and their old
    /// pages zeroed (`secure_delete`, set on every connection); the write-ahead log is copied back and cut to nothing.
    /// PostgreSQL writes the tables into new files (`vacuum full`), and a checkpoint lets go of the old ones. Not inside a
    /// transaction; other writers of the tables wait.
    ///
    /// # Errors
    /// The database's own, or readers that do not end: then call it again.
    pub async fn scrub(&self, tables: &[&str]) -> Result<(), sqlx::Error> {
        if keeps_deleted_bytes() {
            return Ok(());
        }
        match &self.0 {
            Engine::Sqlite(db) => {
                self.write_anew(tables).await?;
                cut_write_ahead_log(&db.write).await
            }
            Engine::Postgres(pool) => vacuum(pool, tables).await,
        }
    }

    /// Out and back: `delete` without a condition gives every page up, and each is zeroed. Whoever runs `analyze` leaves samples of
    /// index keys too: the planner does without until the next time; the counts it works with stay.
    async fn write_anew(&self, tables: &[&str]) -> Result<(), sqlx::Error> {
        const SAMPLED: &str = "select name from sqlite_master where name = 'sqlite_stat4'";
        let mut tx = self.begin().await?;
        let mut texts: Vec<String> = Vec::new();
        for table in tables {
            texts.push(format!("create table scrubbed as select * from {table}"));
            texts.push(format!("delete from {table}"));
            texts.push(format!("insert into {table} select * from scrubbed"));
            texts.push("drop table scrubbed".to_owned());
        }
        if sql!(tx.conn(), c => sqlx::query(SAMPLED).fetch_optional(c).await?.is_some()) {
            texts.push("delete from sqlite_stat4".to_owned());
        }
        for text in texts {
            sql!(tx.conn(), c => sqlx::query(AssertSqlSafe(text)).execute(c).await.map(|_| ()))?;
        }
        tx.commit().await
    }
}

async fn vacuum(pool: &PgPool, tables: &[&str]) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?.detach();
    sqlx::query("set statement_timeout = 0").execute(&mut connection).await?;
    outlive_older_snapshots(&mut connection).await?;
    let vacuum = AssertSqlSafe(format!("vacuum (full) {}", tables.join(", ")));
    sqlx::query(vacuum).execute(&mut connection).await?;
    // Only a superuser or a member of pg_checkpoint may ask for one; else the next timed one does it.
    let _not_allowed = sqlx::query("checkpoint").execute(&mut connection).await;
    connection.close().await
}

/// A vacuum keeps a dead row as long as somebody's snapshot is older than its deletion, and says nothing of it. So it waits
/// until every session, prepared transaction and standby has one from after now.
async fn outlive_older_snapshots(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    const OLDER: &str = "select who from (
            select 'session ' || pid, backend_xmin from pg_stat_activity
                where pid <> pg_backend_pid() and (datid is null or datname = current_database())
            union all select 'session ' || pid, backend_xid from pg_stat_activity
                where pid <> pg_backend_pid() and datname = current_database()
            union all select 'prepared transaction ' || gid, transaction from pg_prepared_xacts
                where database = current_database()
            union all select 'replication slot ' || slot_name, xmin from pg_replication_slots
        ) held (who, since) where age(since) > age($1::text::xid) limit 1";
    let now: String = sqlx::query_scalar("select pg_current_xact_id()::xid::text").fetch_one(&mut *connection).await?;
    let mut holder = None;
    for _ in 0..LOOKS_MAX {
        holder = sqlx::query_scalar::<_, String>(OLDER).bind(&now).fetch_optional(&mut *connection).await?;
        if holder.is_none() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    let holder = holder.unwrap_or_default();
    Err(sqlx::Error::Protocol(format!("{holder} keeps deleted rows alive: let it end, then do this again")))
}

/// Copies the write-ahead log back and cuts it to nothing.
async fn cut_write_ahead_log(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    for _ in 0..CUTS_MAX {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(pool).await?;
        if busy == 0 {
            return Ok(());
        }
    }
    Err(sqlx::Error::Protocol("somebody reads for so long that the write-ahead log cannot be cut".to_owned()))
}

/// Whether deleted bytes may stay in the files. Never; a development build lets the tests see that they notice.
pub(crate) fn keeps_deleted_bytes() -> bool {
    cfg!(debug_assertions) && std::env::var_os("LIUZHUAN_UNSAFE_DELETE").is_some()
}
