//! Cutting off the beginning of the record, once nobody may ask for it any more. Positions keep their numbers; an act
//! tells which are gone.
use super::list::last_before;
use super::{Act, Actor, Entry, Pruned, append};
use crate::Error;
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};

/// Entries are kept this long at least: twelve months, counted as 366 days. 网络安全法 (2016) art. 21(3) asks six months for
/// network logs; the house doubles it.
pub const KEPT_MS_MIN: i64 = 366 * 24 * 60 * 60 * 1000;

/// Why nothing was cut off.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Nothing recorded at or after `oldest_kept` may go.
    #[error("the record keeps twelve months: nothing recorded after {} may be deleted", .oldest_kept.0)]
    TooYoung { oldest_kept: Timestamp },
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<sqlx::Error> for PruneError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(Error::Sql(error))
    }
}

/// Positions deleted in one transaction at most: scans wait for the writer meanwhile.
const TURN: i64 = 10_000;

/// Deletes what was recorded before a time, in turns that each record themselves; how many entries went. The age is judged by
/// the earlier of `now` and the last entry, so that a clock which runs ahead deletes nothing.
///
/// # Errors
/// [`PruneError::TooYoung`], or the database's own; what earlier turns deleted stays deleted, and is recorded.
pub async fn prune(
    db: &Db,
    region: Region,
    actor: &Actor,
    before: Timestamp,
    now: Timestamp,
) -> Result<u64, PruneError> {
    // Found before the first turn: no entry that comes later was recorded that early.
    let up_to = last_before(db, region, before).await?;
    let mut gone = 0;
    loop {
        let mut tx = db.begin().await?;
        let Some((first, newest)) = take_head(&mut tx, region).await? else { return Ok(gone) };
        let oldest_kept = now.min(newest).plus(-KEPT_MS_MIN);
        if before > oldest_kept {
            return Err(PruneError::TooYoung { oldest_kept });
        }
        let last = up_to.min(first + TURN - 1);
        if last < first {
            return Ok(gone);
        }
        gone += delete(&mut tx, region, last).await?;
        let act = Act::Pruned(Pruned { first, last, before });
        append(&mut tx, region, now, &[Entry { actor: actor.clone(), address: None, act }]).await?;
        tx.commit().await?;
    }
}

/// Takes the sequencer: the first position kept, and when the last entry was recorded.
async fn take_head(tx: &mut Tx, region: Region) -> Result<Option<(i64, Timestamp)>, Error> {
    const TAKE: &str =
        "update record_head set recorded_at = recorded_at where region = $1 returning first, recorded_at";
    let head: Option<(i64, i64)> = sql!(tx.conn(), c =>
        sqlx::query_as(TAKE).bind(i64::from(region.0)).fetch_optional(c).await?);
    Ok(head.map(|(first, recorded_at)| (first, Timestamp(recorded_at))))
}

async fn delete(tx: &mut Tx, region: Region, last: i64) -> Result<u64, Error> {
    const DELETE: &str = "delete from record where region = $1 and position <= $2";
    const RAISE: &str = "update record_head set first = $2 where region = $1";
    let region = i64::from(region.0);
    let gone = sql!(tx.conn(), c => sqlx::query(DELETE).bind(region).bind(last).execute(c).await?.rows_affected());
    sql!(tx.conn(), c => sqlx::query(RAISE).bind(region).bind(last + 1).execute(c).await?.rows_affected());
    Ok(gone)
}
