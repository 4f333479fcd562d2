//! Both databases behind one door. SQL is written once, in a subset both engines read; [`sql!`] runs the same tokens on
//! either. What differs between the engines stands in this file, in `scrub.rs`, in `statistics.rs` and in the column types of
//! [`Migrations`].
//!
//! SQLite has one write connection (a second writer would only wait); whoever writes takes [`Db::begin`], first come
//! first served. Reads never wait for writes.
use crate::scrub::keeps_deleted_bytes;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr, SqliteConnection, Transaction};
use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

/// One of the two engines, with what it takes there.
#[derive(Clone, Debug)]
pub enum Engine<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// What the database says went wrong, for crates that speak no SQL themselves.
pub type SqlError = sqlx::Error;

/// Runs the same tokens on whichever engine it is: `sql!(db.read(), c => sqlx::query("…").fetch_all(c).await)`.
#[macro_export]
macro_rules! sql {
    ($engine:expr, $c:ident => $body:expr) => {
        match $engine {
            $crate::db::Engine::Sqlite($c) => $body,
            $crate::db::Engine::Postgres($c) => $body,
        }
    };
}

/// The database of a log and its registers.
#[derive(Clone, Debug)]
pub struct Db(pub(crate) Engine<SqliteDb, PgPool>);

#[derive(Clone, Debug)]
pub(crate) struct SqliteDb {
    pub(crate) read: SqlitePool,
    pub(crate) write: SqlitePool,
}

/// Where a database lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A SQLite file.
    File(&'a str),
    /// A PostgreSQL address.
    Server(&'a str),
}

/// A transaction that may write.
#[derive(Debug)]
pub struct Tx(Engine<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>);

/// Why a database cannot be opened. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{0}` is not a database: write a file path, `sqlite:FILE`, or `postgres://user@host/database`")]
    Url(String),
    #[error("cannot open the database file {file}: check that its folder exists and may be written")]
    File { file: String, source: sqlx::Error },
    #[error("cannot reach PostgreSQL: {0}. Check the address, the password and that the server is running")]
    Server(sqlx::Error),
    #[error("SQLite {found} is linked, but {needed} or newer is needed: older ones can corrupt a write-ahead log")]
    OldSqlite { found: String, needed: &'static str },
    #[error("PostgreSQL {found} is running, but 15 or newer is needed")]
    OldPostgres { found: i32 },
    #[error("the database has schema version {found}, newer than this program knows: install the newer program")]
    NewerSchema { found: i64 },
    #[error(
        "schema version {0} in the database is not the one this program was built with: restore a backup or report it"
    )]
    ChangedSchema(i64),
    #[error("the schema could not be brought up to date: {0}")]
    Migrate(MigrateError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// The floor for SQLite: before it, a checkpoint beside a writer could corrupt the log (sqlite.org/wal.html).
const SQLITE_FLOOR: (&str, [u32; 3]) = ("3.51.3", [3, 51, 3]);
/// Connections that read. Measured best for two cores.
const READERS: u32 = 4;

impl Db {
    /// Opens a database by address: a file path, `sqlite:FILE` or `postgres://…`. Creates the file, not its folder.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        match Self::place(url)? {
            Place::File(file) => Self::open_sqlite(file).await,
            Place::Server(server) => Self::open_postgres(server).await,
        }
    }

    /// Reads an address, without opening anything.
    ///
    /// # Errors
    /// [`OpenError::Url`].
    pub fn place(url: &str) -> Result<Place<'_>, OpenError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Place::Server(url));
        }
        let file = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
        if file.is_empty() || file.contains("://") {
            return Err(OpenError::Url(without_password(url)));
        }
        Ok(Place::File(file))
    }

    async fn open_sqlite(file: &str) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(if answers_before_flush() { SqliteSynchronous::Normal } else { SqliteSynchronous::Full })
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-65536")
            .pragma("wal_autocheckpoint", "2000")
            // What is deleted or replaced is zeroed: the vault erases, and its bytes must not live on in freed pages.
            .pragma("secure_delete", if keeps_deleted_bytes() { "off" } else { "on" })
            // Rows cross from the connection's thread; with the default of 50 the threads take turns all the time.
            .row_buffer_size(1000)
            .statement_cache_capacity(200);
        let cannot = |source| OpenError::File { file: file.to_owned(), source };
        let pool = |size| SqlitePoolOptions::new().max_connections(size).idle_timeout(None).max_lifetime(None);
        let write = pool(1).connect_with(options.clone()).await.map_err(cannot)?;
        let read = pool(READERS).connect_with(options.read_only(true)).await.map_err(cannot)?;
        let found: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&read).await?;
        let parts: Vec<u32> = found.split('.').filter_map(|part| part.parse().ok()).collect();
        if parts.as_slice() < SQLITE_FLOOR.1.as_slice() {
            return Err(OpenError::OldSqlite { found, needed: SQLITE_FLOOR.0 });
        }
        Ok(Self(Engine::Sqlite(SqliteDb { read, write })))
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| OpenError::Url(without_password(url)))?
            .application_name("liuzhuan")
            .options([("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "30s")])
            // A plan that was kept from when a table was small walks all of it once it has grown, until someone analyses it.
            .options([("plan_cache_mode", "force_custom_plan")])
            // Said here, because a database or a role may have another default.
            .options([("synchronous_commit", if answers_before_flush() { "off" } else { "on" })]);
        let pool = PgPoolOptions::new().max_connections(10).acquire_timeout(Duration::from_secs(5));
        let pool = match pool.connect_with(options.clone()).await {
            Err(sqlx::Error::PoolTimedOut) => return Err(OpenError::Server(why_unreachable(&options).await)),
            tried => tried.map_err(OpenError::Server)?,
        };
        let found: i32 =
            sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(&pool).await?;
        if found < 150_000 {
            return Err(OpenError::OldPostgres { found: found / 10_000 });
        }
        Ok(Self(Engine::Postgres(pool)))
    }

    /// A connection for reading, for [`sql!`].
    #[must_use]
    pub fn read(&self) -> Engine<&SqlitePool, &PgPool> {
        match &self.0 {
            Engine::Sqlite(db) => Engine::Sqlite(&db.read),
            Engine::Postgres(pool) => Engine::Postgres(pool),
        }
    }

    /// Begins a transaction that may write. On SQLite this waits for the one writer's turn.
    ///
    /// # Errors
    /// The database's own.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(Tx(match &self.0 {
            Engine::Sqlite(db) => Engine::Sqlite(db.write.begin_with("BEGIN IMMEDIATE").await?),
            Engine::Postgres(pool) => Engine::Postgres(pool.begin().await?),
        }))
    }

    /// `sqlite` or `postgres`, for logs and metrics.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match &self.0 {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Closes every connection, so that a SQLite file is left without a write-ahead log.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(db) => {
                db.read.close().await;
                db.write.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// Brings the tables of one crate up to date.
    ///
    /// # Errors
    /// A newer schema, or one that was edited.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), OpenError> {
        let migrator = migrations.for_engine(self.engine());
        let done = match &self.0 {
            Engine::Sqlite(db) => migrator.run(&db.write).await,
            Engine::Postgres(pool) => migrator.run(pool).await,
        };
        match done {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(found)) => Err(OpenError::NewerSchema { found }),
            Err(MigrateError::VersionMismatch(found)) => Err(OpenError::ChangedSchema(found)),
            Err(other) => Err(OpenError::Migrate(other)),
        }
    }
}

impl Tx {
    /// The connection inside, for [`sql!`].
    pub fn conn(&mut self) -> Engine<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.0 {
            Engine::Sqlite(tx) => Engine::Sqlite(&mut **tx),
            Engine::Postgres(tx) => Engine::Postgres(&mut **tx),
        }
    }

    /// Commits.
    ///
    /// # Errors
    /// The database's own. On PostgreSQL a lost connection leaves it open whether the commit happened.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self.0 {
            Engine::Sqlite(tx) => tx.commit().await,
            Engine::Postgres(tx) => tx.commit().await,
        }
    }

    /// Gives up.
    ///
    /// # Errors
    /// The database's own.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        match self.0 {
            Engine::Sqlite(tx) => tx.rollback().await,
            Engine::Postgres(tx) => tx.rollback().await,
        }
    }

    /// Checks that the connection still answers.
    ///
    /// # Errors
    /// The database's own.
    pub async fn ping(&mut self) -> Result<(), sqlx::Error> {
        sql!(self.conn(), c => c.ping().await)
    }
}

/// The schema of one crate, step by step. `{bytes}` and `{uuid}` stand for the column types that differ,
/// `{clustered}` for SQLite's `without rowid`; a line that begins with `{postgres}` is for PostgreSQL alone.
pub struct Migrations {
    /// Table in which sqlx remembers what was done: one for each crate.
    pub table: &'static str,
    /// (version, what it does, SQL). Never edited once released; only added to.
    pub steps: &'static [(i64, &'static str, &'static str)],
}

impl Migrations {
    fn for_engine(&self, engine: &str) -> Migrator {
        let migration = |&(version, what, text): &(i64, &'static str, &'static str)| {
            let text = AssertSqlSafe(dialect(engine, text)).into_sql_str();
            Migration::new(version, Cow::Borrowed(what), MigrationType::Simple, text, false)
        };
        let mut migrator = Migrator::with_migrations(self.steps.iter().map(migration).collect());
        migrator.dangerous_set_table_name(self.table);
        migrator
    }
}

/// Puts an engine's words for `{bytes}`, `{uuid}`, `{clustered}` and `{postgres}`.
pub(crate) fn dialect(engine: &str, text: &str) -> String {
    let (bytes, uuid, clustered, postgres) =
        if engine == "sqlite" { ("blob", "blob", " without rowid", "-- ") } else { ("bytea", "uuid", "", "") };
    let text = text.replace("{bytes}", bytes).replace("{uuid}", uuid);
    text.replace("{clustered}", clustered).replace("{postgres}", postgres)
}

/// Whether PostgreSQL was given a text with the character U+0000, which it cannot hold.
#[must_use]
pub fn is_unstorable_text(error: &SqlError) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("22021"))
}

/// A pool that waited in vain does not say for what: a connection by hand does.
async fn why_unreachable(options: &PgConnectOptions) -> sqlx::Error {
    match tokio::time::timeout(Duration::from_secs(2), PgConnection::connect_with(options)).await {
        Ok(Err(error)) => error,
        Ok(Ok(_)) | Err(_) => sqlx::Error::PoolTimedOut,
    }
}

/// Whether a commit may be answered before it is flushed. Never: what is acknowledged survives a power failure. A
/// development build lets the tests take that away, to see that they notice.
fn answers_before_flush() -> bool {
    cfg!(debug_assertions) && std::env::var_os("LIUZHUAN_UNSAFE_SYNCHRONOUS").is_some()
}

/// The address with its password blanked: it may go into a message.
#[must_use]
pub fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}
