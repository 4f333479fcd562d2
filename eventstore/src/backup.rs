//! A copy of everything — log, registers and read models lie in one database — taken while others write, and a log begun
//! again from a copy. SQLite copies by `vacuum into`, one reader's snapshot; PostgreSQL by its own `pg_dump` and
//! `pg_restore`, which must be installed. Never overwrites: a copy has its name only when it is whole and on disk.
use crate::db::{OpenError, Place, without_password};
use crate::{Db, sql};
use domain::time::Timestamp;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why there is no copy, or nothing was restored. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} exists already: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    #[error("there is no database {0}: check --database")]
    NoDatabase(String),
    #[error("{} cannot be read or written: {source}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} is no copy made by `liuzhuan backup` from this engine", .0.display())]
    NotACopy(PathBuf),
    #[error("{} is damaged: {what}. Take an older copy", .copy.display())]
    Damaged { copy: PathBuf, what: String },
    #[error("the database {0} holds tables already: restore into an empty one (createdb)")]
    NotEmpty(String),
    #[error("{tool} is missing: apt-get install postgresql-client")]
    NoTool { tool: &'static str },
    #[error("{tool} failed: {said}")]
    Tool { tool: &'static str, said: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// What every SQLite file begins with.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";
/// What every custom-format archive of `pg_dump` begins with.
const DUMP_MAGIC: &[u8] = b"PGDMP";

/// Copies the database at `url` to a new file, while others go on writing. Returns the copy's size in bytes.
///
/// # Errors
/// See [`BackupError`]; then no file of that name exists.
pub async fn backup(url: &str, to: &Path) -> Result<u64, BackupError> {
    absent(to)?;
    let partial = partial(to);
    if partial.exists() {
        fs::remove_file(&partial).map_err(|source| file(&partial, source))?;
    }
    match Db::place(url)? {
        Place::File(source) if !Path::new(source).exists() => return Err(BackupError::NoDatabase(source.to_owned())),
        Place::File(_) => vacuum_into(url, &partial).await?,
        Place::Server(server) => {
            let arguments = ["--format=custom".into(), "--file".into(), partial.clone().into_os_string()];
            run("pg_dump", server, arguments.into()).await?;
        }
    }
    settle(&partial, to)
}

/// Begins a log again from a copy, in a new SQLite file or an empty PostgreSQL database, as a new life of the log: devices
/// see that its epoch changed and send again what they still have. Returns the new epoch.
///
/// # Errors
/// See [`BackupError`]; then nothing was restored.
pub async fn restore(from: &Path, url: &str, now: Timestamp) -> Result<i64, BackupError> {
    match Db::place(url)? {
        Place::File(target) => {
            begins_with(from, SQLITE_MAGIC)?;
            let target = Path::new(target);
            absent(target)?;
            let partial = partial(target);
            fs::copy(from, &partial).map_err(|source| file(&partial, source))?;
            let begun = restored_file(from, &partial, now).await;
            if begun.is_err() {
                let _kept_for_nobody = fs::remove_file(&partial);
            }
            let epoch = begun?;
            settle(&partial, target)?;
            Ok(epoch)
        }
        Place::Server(server) => {
            begins_with(from, DUMP_MAGIC)?;
            let db = Db::open(server).await?;
            if has_tables(&db).await? {
                return Err(BackupError::NotEmpty(without_password(server)));
            }
            let arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"];
            let arguments = arguments.map(OsString::from).into_iter().chain([from.as_os_str().to_owned()]).collect();
            run("pg_restore", server, arguments).await?;
            let epoch = begin_epoch(&db, now).await?;
            db.close().await;
            Ok(epoch)
        }
    }
}

async fn vacuum_into(url: &str, partial: &Path) -> Result<(), BackupError> {
    let db = Db::open(url).await?;
    let name = partial.display().to_string();
    let copied = match db.read() {
        crate::db::Engine::Sqlite(pool) => sqlx::query("vacuum into $1").bind(name).execute(pool).await.map(|_| ()),
        crate::db::Engine::Postgres(_) => Ok(()),
    };
    db.close().await;
    Ok(copied?)
}

/// Checks the copied file whole and begins its new life.
async fn restored_file(from: &Path, partial: &Path, now: Timestamp) -> Result<i64, BackupError> {
    let damaged = |what: String| BackupError::Damaged { copy: from.to_owned(), what };
    let db = Db::open(&partial.display().to_string()).await.map_err(|error| damaged(error.to_string()))?;
    let found: Result<Vec<String>, _> = match db.read() {
        crate::db::Engine::Sqlite(pool) => sqlx::query_scalar("pragma integrity_check").fetch_all(pool).await,
        crate::db::Engine::Postgres(_) => Ok(Vec::new()),
    };
    let found = found.map_err(|error| damaged(error.to_string()))?;
    if found != ["ok"] {
        return Err(damaged(found.join("; ")));
    }
    let epoch = begin_epoch(&db, now).await.map_err(|error| damaged(error.to_string()))?;
    db.close().await;
    Ok(epoch)
}

/// No life of any copy had this number before: it is the time, in seconds since 1970, unless the last one was later.
async fn begin_epoch(db: &Db, now: Timestamp) -> Result<i64, sqlx::Error> {
    let mut tx = db.begin().await?;
    sql!(tx.conn(), c => sqlx::query("update heads set epoch = case when epoch < $1 then $1 else epoch + 1 end")
        .bind(now.0 / 1000).execute(c).await.map(|_| ()))?;
    let epoch: Option<i64> =
        sql!(tx.conn(), c => sqlx::query_scalar("select max(epoch) from heads").fetch_one(c).await)?;
    tx.commit().await?;
    epoch.ok_or(sqlx::Error::RowNotFound)
}

async fn has_tables(db: &Db) -> Result<bool, sqlx::Error> {
    match db.read() {
        crate::db::Engine::Sqlite(_) => Ok(false),
        crate::db::Engine::Postgres(pool) => {
            let tables = "select exists (select 1 from pg_tables where schemaname = current_schema())";
            sqlx::query_scalar(tables).fetch_one(pool).await
        }
    }
}

/// Runs one of PostgreSQL's tools on a database. The password goes through the environment, which other users cannot read.
async fn run(tool: &'static str, server: &str, arguments: Vec<OsString>) -> Result<(), BackupError> {
    let mut command = Command::new(find(tool).ok_or(BackupError::NoTool { tool })?);
    let mut address = url::Url::parse(server).map_err(|_| OpenError::Url(without_password(server)))?;
    if let Some(password) = address.password() {
        let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy().into_owned();
        command.env("PGPASSWORD", password);
        let _cannot_fail_with_a_host = address.set_password(None);
    }
    command.args(["--no-password", "--dbname", address.as_str()]).args(arguments);
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    let output = ran.map_err(|error| error.to_string()).and_then(|output| output.map_err(|error| error.to_string()));
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(BackupError::Tool { tool, said: String::from_utf8_lossy(&output.stderr).trim().to_owned() }),
        Err(said) => Err(BackupError::Tool { tool, said }),
    }
}

/// On the path, or where Debian's packages put the newest.
fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|it| it.is_file()) {
        return Some(found);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |folder: &fs::DirEntry| folder.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
    let newest = versions.filter_map(|folder| Some((number(&folder)?, folder.path()))).max()?;
    Some(newest.1.join("bin").join(tool)).filter(|it| it.is_file())
}

fn absent(path: &Path) -> Result<(), BackupError> {
    if path.exists() { Err(BackupError::Exists(path.to_owned())) } else { Ok(()) }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn begins_with(path: &Path, magic: &[u8]) -> Result<(), BackupError> {
    let mut begin = vec![0; magic.len()];
    let read = File::open(path).and_then(|mut copy| copy.read_exact(&mut begin));
    match read {
        Ok(()) if begin == magic => Ok(()),
        Err(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => Err(file(path, source)),
        Ok(()) | Err(_) => Err(BackupError::NotACopy(path.to_owned())),
    }
}

/// Flushes a whole file, gives it its name, flushes the name. Returns its size.
fn settle(partial: &Path, to: &Path) -> Result<u64, BackupError> {
    let settled = || {
        let copy = File::open(partial)?;
        copy.sync_all()?;
        fs::rename(partial, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(copy.metadata()?.len())
    };
    settled().map_err(|source| file(to, source))
}

fn file(path: &Path, source: std::io::Error) -> BackupError {
    BackupError::File { path: path.to_owned(), source }
}
