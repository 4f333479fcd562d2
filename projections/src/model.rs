//! The read models: names, versions, tables. A changed table gets a new version and is built anew; none is migrated.
use domain::id::Region;
use eventstore::db::Migrations;
use eventstore::statements::{Statements, filled};
use eventstore::{Db, Tx, sql};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A set of tables that is built and swapped as one.
#[derive(Debug)]
pub struct Model {
    pub name: &'static str,
    /// Raised whenever its tables or their fold change.
    pub version: i64,
    pub tables: &'static [Table],
}

/// One table; `{t}` in the SQL stands for its name, `{uuid}` and `{text}` for column types that differ.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static str,
    /// Its indexes: the columns, and which rows where it is not all.
    pub indexes: &'static [&'static str],
}

/// Every read model.
pub const MODELS: &[&Model] = &[&crate::custody::MODEL, &crate::exceptions::MODEL, &crate::search::MODEL];

/// Which life of a table: the one that is read, or one being built beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Live,
    Shadow,
}

impl Life {
    /// What its tables' names end with.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Shadow => "_shadow",
        }
    }
}

/// Takes the rows of some subjects out by a statement of [`Statements::keys`], before their new ones are put in.
pub(crate) async fn clear(tx: &mut Tx, delete: &Statements, region: i64, subjects: &[Uuid]) -> Result<(), sqlx::Error> {
    for list in filled(subjects) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(delete.of(&c, list.len())).bind(region);
            for subject in &list {
                query = query.bind(subject);
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// What remembers the versions and the followers' positions.
const SCHEMA: Migrations = Migrations {
    table: "_migrations_projections",
    steps: &[(
        1,
        "versions and checkpoints of the read models",
        "create table read_models (name text not null primary key, version bigint not null, build bigint not null);
         create table checkpoints (
            region bigint not null,
            name text not null,
            position bigint not null,
            primary key (region, name)
         );",
    )],
};

/// Makes the tables that are missing or of another version, empty; then [`is_built`] says no.
///
/// # Errors
/// The database's own.
pub async fn prepare(db: &Db) -> Result<(), eventstore::db::OpenError> {
    db.migrate(&SCHEMA).await?;
    for model in MODELS {
        let found: Option<i64> = sql!(db.read(), c => sqlx::query_scalar("select version from read_models where name = $1")
            .bind(model.name).fetch_optional(c).await)?;
        if found != Some(model.version) {
            let mut tx = db.begin().await?;
            let build = begin_build(&mut tx, model).await?;
            create(&mut tx, db.engine(), model, Life::Live).await?;
            for table in model.tables {
                index(&mut tx, table, Life::Live, build).await?;
            }
            sql!(tx.conn(), c => sqlx::query("delete from checkpoints where name = $1").bind(model.name)
                .execute(c).await.map(|done| done.rows_affected()))?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Says that the models of a region are built: its log is empty as they are.
///
/// # Errors
/// The database's own.
pub async fn begin_empty(db: &Db, region: Region) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    for model in MODELS {
        advance(&mut tx, region, model.name, 0, 0).await?;
    }
    tx.commit().await
}

/// Whether every model was ever built for a region. A build that was cut short, or never begun, leaves no checkpoint.
///
/// # Errors
/// The database's own.
pub async fn is_built(db: &Db, region: Region) -> Result<bool, sqlx::Error> {
    for model in MODELS {
        if position(db, region, model.name).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Drops and makes a model's tables in one life, without indexes: a table that is filled first is indexed faster.
pub(crate) async fn create(tx: &mut Tx, engine: &str, model: &Model, life: Life) -> Result<(), sqlx::Error> {
    let (uuid, text) = if engine == "sqlite" { ("blob", "text") } else { ("uuid", "text collate \"C\"") };
    for table in model.tables {
        let name = format!("{}{}", table.name, life.suffix());
        let columns = table.columns.replace("{uuid}", uuid).replace("{text}", text);
        run(tx, format!("drop table if exists {name}")).await?;
        run(tx, format!("create table {name} ({columns})")).await?;
    }
    Ok(())
}

/// Indexes a table. One that was renamed keeps the names of its indexes, so each build has its own.
pub(crate) async fn index(tx: &mut Tx, table: &Table, life: Life, build: i64) -> Result<(), sqlx::Error> {
    for (number, over) in table.indexes.iter().enumerate() {
        let (name, on) = (format!("{}_{build}_{number}", table.name), life.suffix());
        run(tx, format!("create index {name} on {}{on} {over}", table.name)).await?;
    }
    Ok(())
}

/// Begins another build of a model, in its version as it is now. The number of that build.
pub(crate) async fn begin_build(tx: &mut Tx, model: &Model) -> Result<i64, sqlx::Error> {
    sql!(tx.conn(), c => sqlx::query_scalar(
        "insert into read_models (name, version, build) values ($1, $2, 1)
         on conflict (name) do update set version = excluded.version, build = read_models.build + 1 returning build")
        .bind(model.name).bind(model.version).fetch_one(c).await)
}

/// Puts a shadow in the place of the live tables.
pub(crate) async fn swap(tx: &mut Tx, model: &Model) -> Result<(), sqlx::Error> {
    for table in model.tables {
        run(tx, format!("drop table {}", table.name)).await?;
        run(tx, format!("alter table {}{} rename to {}", table.name, Life::Shadow.suffix(), table.name)).await?;
    }
    Ok(())
}

async fn run(tx: &mut Tx, text: String) -> Result<(), sqlx::Error> {
    let text = AssertSqlSafe(text);
    sql!(tx.conn(), c => sqlx::query(text).execute(c).await.map(|_| ()))
}

/// How far a follower has come.
///
/// # Errors
/// The database's own.
pub async fn checkpoint(db: &Db, region: Region, name: &str) -> Result<i64, sqlx::Error> {
    Ok(position(db, region, name).await?.unwrap_or(0))
}

async fn position(db: &Db, region: Region, name: &str) -> Result<Option<i64>, sqlx::Error> {
    sql!(db.read(), c => sqlx::query_scalar("select position from checkpoints where region = $1 and name = $2")
        .bind(i64::from(region.0)).bind(name).fetch_optional(c).await)
}

/// Moves a checkpoint from where its owner left it. `false`: another owner moved it; stop.
pub(crate) async fn advance(tx: &mut Tx, region: Region, name: &str, from: i64, to: i64) -> Result<bool, sqlx::Error> {
    let region = i64::from(region.0);
    sql!(tx.conn(), c => sqlx::query(
        "insert into checkpoints (region, name, position) values ($1, $2, 0) on conflict (region, name) do nothing")
        .bind(region).bind(name).execute(c).await.map(|_| ()))?;
    let moved = sql!(tx.conn(), c => sqlx::query(
        "update checkpoints set position = $4 where region = $1 and name = $2 and position = $3")
        .bind(region).bind(name).bind(from).bind(to).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(moved == 1)
}
