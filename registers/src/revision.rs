//! One number for each region that rises with every change of its registers. Taking it is the first thing a writer
//! does, so it also makes writers of one region wait for each other.
use crate::Error;
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};

/// A change under way: what every new row is stamped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub region: Region,
    pub revision: i64,
    pub recorded_at: Timestamp,
}

impl Change {
    /// Raises the region's revision in this transaction. Begin with it, before any read behind a decision.
    ///
    /// # Errors
    /// The database's own.
    pub async fn begin(tx: &mut Tx, region: Region, now: Timestamp) -> Result<Self, Error> {
        const RAISE: &str = "insert into register_revision (region, revision) values ($1, 1) \
             on conflict (region) do update set revision = register_revision.revision + 1 returning revision";
        let revision = sql!(tx.conn(), c =>
            sqlx::query_scalar::<_, i64>(RAISE).bind(i64::from(region.0)).fetch_one(c).await?);
        Ok(Self { region, revision, recorded_at: now })
    }
}

/// The region's revision; 0 before the first change. Read it before what you keep in memory, and read again when it
/// has risen.
///
/// # Errors
/// The database's own.
pub async fn current(db: &Db, region: Region) -> Result<i64, Error> {
    const READ: &str = "select revision from register_revision where region = $1";
    let found = sql!(db.read(), c =>
        sqlx::query_scalar::<_, i64>(READ).bind(i64::from(region.0)).fetch_optional(c).await?);
    Ok(found.unwrap_or(0))
}
