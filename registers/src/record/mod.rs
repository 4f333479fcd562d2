//! The record: who did what, when, from where. In the log's own form: dense positions for each region from a head row that
//! is updated first, literal names with schema versions, bodies kept as the text that was written, `recorded_at` that never
//! falls. Never updated; deleted only from its beginning, and never what is younger than [`KEPT_MS_MIN`].
//!
//! What cannot be recorded is not done: [`append`] writes in the transaction that does the act; a [`Recorder`] answers
//! after its commit, so whoever has no transaction waits for it first. Call [`append`] last, just before the commit: it
//! takes the sequencer, for which every other append of the region waits.
//!
//! To add an act, see `act.rs`.
mod act;
#[doc(hidden)]
pub mod contract;
mod examine;
#[cfg(test)]
mod golden;
mod list;
mod payload;
mod prune;
mod recorder;
pub(crate) mod schema;
mod word;

pub use act::{Act, UnreadableAct};
pub use examine::examine;
pub use list::{Filter, Page, list};
pub use payload::*;
pub use prune::{KEPT_MS_MIN, PruneError, prune};
pub use recorder::{RecordError, Recorder};
pub use word::{Actor, BadActor, BadWord, Subject, Word};

use crate::Error;
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::statements::{Statements, chunked};
use eventstore::{Tx, sql};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// An act to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub actor: Actor,
    /// Whence the request came.
    pub address: Option<IpAddr>,
    pub act: Act,
}

/// An entry as it lies in the record.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Recorded {
    pub position: i64,
    pub name: String,
    pub schema_version: i64,
    pub recorded_at: i64,
    /// As [`Actor`] writes it.
    pub actor: String,
    pub address: Option<String>,
    /// As [`Subject`] writes it.
    pub about: Option<String>,
    /// As it was written.
    pub body: String,
}

/// Every column of [`Recorded`], for `select`.
const COLUMNS: &str = "position, name, schema_version, recorded_at, actor, address, about, body";

impl Recorded {
    /// The act.
    ///
    /// # Errors
    /// A name, version or body that this program cannot read.
    pub fn act(&self) -> Result<Act, UnreadableAct> {
        Act::decode(&self.name, self.schema_version, &self.body)
    }
}

/// Records acts in the transaction that does them; the positions they got, in order. Call it last, just before the commit.
///
/// # Errors
/// The database's own; then roll back, for what cannot be recorded is not done.
pub async fn append(
    tx: &mut Tx,
    region: Region,
    now: Timestamp,
    entries: &[Entry],
) -> Result<RangeInclusive<i64>, Error> {
    let rows = entries.iter().map(Row::of).collect::<Result<Vec<_>, _>>()?;
    write(tx, region, now, &rows).await
}

/// An entry ready to be written.
struct Row {
    name: &'static str,
    version: i64,
    actor: String,
    address: Option<String>,
    about: Option<String>,
    body: String,
}

impl Row {
    fn of(entry: &Entry) -> Result<Self, Error> {
        let body = entry.act.encode().map_err(|source| Error::Record { act: entry.act.name(), source })?;
        Ok(Self {
            name: entry.act.name(),
            version: entry.act.version(),
            actor: entry.actor.to_string(),
            address: entry.address.map(|address| address.to_canonical().to_string()),
            about: entry.act.about().map(|subject| subject.to_string()),
            body,
        })
    }
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let head =
        "insert into record (region, position, name, schema_version, recorded_at, actor, address, about, body) values ";
    Statements::rows(head, 9, "")
});

/// The first statement takes the sequencer, gives out positions, and keeps `recorded_at` from falling.
async fn write(tx: &mut Tx, region: Region, now: Timestamp, rows: &[Row]) -> Result<RangeInclusive<i64>, Error> {
    const TAKE: &str = "insert into record_head (region, first, position, recorded_at) values ($1, 1, $2, $3) \
        on conflict (region) do update set position = record_head.position + excluded.position, recorded_at = \
        case when record_head.recorded_at > excluded.recorded_at then record_head.recorded_at else excluded.recorded_at end \
        returning position, recorded_at";
    let region = i64::from(region.0);
    let (last, recorded_at): (i64, i64) = sql!(tx.conn(), c =>
        sqlx::query_as(TAKE).bind(region).bind(rows.len() as i64).bind(now.0).fetch_one(c).await?);
    let mut position = last - rows.len() as i64;
    let first = position + 1;
    for chunk in chunked(rows) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(INSERT.of(&c, chunk.len()));
            for row in chunk {
                position += 1;
                query = query.bind(region).bind(position).bind(row.name).bind(row.version).bind(recorded_at);
                query = query.bind(row.actor.as_str()).bind(row.address.as_deref()).bind(row.about.as_deref()).bind(row.body.as_str());
            }
            query.execute(c).await?;
        });
    }
    Ok(first..=last)
}

/// Who does something, whence and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub actor: Actor,
    pub address: Option<IpAddr>,
    pub now: Timestamp,
}

impl By {
    /// An entry of what they did.
    #[must_use]
    pub fn did(&self, act: Act) -> Entry {
        Entry { actor: self.actor.clone(), address: self.address, act }
    }
}
