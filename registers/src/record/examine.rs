//! Whether the record is what it promises: positions dense from the first kept one, times that never fall, every body
//! readable, and a beginning that is either 1 or told by the newest `pruned`.
use super::{Act, COLUMNS, Recorded};
use crate::Error;
use domain::id::Region;
use eventstore::{Db, sql};
use sqlx::AssertSqlSafe;

/// Entries read at a time.
const PAGE: i64 = 5000;
/// Faults told at most.
const TOLD_MAX: usize = 20;

/// What is wrong, each as a sentence; empty is right. Gives the first and the last position. Entries that are appended meanwhile
/// are left for the next time.
///
/// # Errors
/// The database's own.
pub async fn examine(db: &Db, region: Region) -> Result<((i64, i64), Vec<String>), Error> {
    const HEAD: &str = "select first, position from record_head where region = $1";
    let head: Option<(i64, i64)> =
        sql!(db.read(), c => sqlx::query_as(HEAD).bind(i64::from(region.0)).fetch_optional(c).await?);
    let (first, last) = head.unwrap_or((1, 0));
    let mut seen = Seen { position: first - 1, recorded_at: i64::MIN, pruned_to: 0, faults: Vec::new() };
    while seen.position < last && seen.faults.len() < TOLD_MAX {
        let page = after(db, region, seen.position, PAGE.min(last - seen.position)).await?;
        if page.is_empty() {
            seen.faults.push(format!("the record's head says {last}, but nothing follows entry {}", seen.position));
            break;
        }
        for entry in &page {
            seen.see(entry);
        }
    }
    if seen.faults.is_empty() && seen.pruned_to != first - 1 {
        seen.faults.push(format!("the record begins at {first}, but says it was cut off up to {}", seen.pruned_to));
    }
    let outside = outside(db, region).await?;
    if outside > 0 {
        seen.faults.push(format!("{outside} entries lie outside what the record's head says"));
    }
    seen.faults.truncate(TOLD_MAX);
    Ok(((first, last), seen.faults))
}

struct Seen {
    position: i64,
    recorded_at: i64,
    /// The last position that an entry says was cut off.
    pruned_to: i64,
    faults: Vec<String>,
}

impl Seen {
    fn see(&mut self, entry: &Recorded) {
        let position = entry.position;
        if position != self.position + 1 {
            self.faults.push(format!("entry {position} follows entry {} of the record", self.position));
        }
        if entry.recorded_at < self.recorded_at {
            self.faults.push(format!("entry {position} was recorded before the one it follows"));
        }
        match entry.act() {
            Ok(Act::Pruned(pruned)) => self.pruned_to = self.pruned_to.max(pruned.last),
            Ok(_) => {}
            Err(error) => self.faults.push(format!("entry {position}: {error}")),
        }
        (self.position, self.recorded_at) = (position, entry.recorded_at);
    }
}

async fn after(db: &Db, region: Region, position: i64, limit: i64) -> Result<Vec<Recorded>, Error> {
    let text = format!("select {COLUMNS} from record where region = $1 and position > $2 order by position limit $3");
    Ok(sql!(db.read(), c => sqlx::query_as(AssertSqlSafe(text))
        .bind(i64::from(region.0)).bind(position).bind(limit).fetch_all(c).await?))
}

async fn outside(db: &Db, region: Region) -> Result<i64, Error> {
    const OUTSIDE: &str = "select count(*) from record r left join record_head h on h.region = r.region \
        where r.region = $1 and (h.region is null or r.position < h.first or r.position > h.position)";
    Ok(sql!(db.read(), c => sqlx::query_scalar(OUTSIDE).bind(i64::from(region.0)).fetch_one(c).await?))
}
