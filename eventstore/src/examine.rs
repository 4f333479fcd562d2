//! Whether a log is what it promises: positions dense, versions dense, every body readable. Reads all of it, page by page.
use crate::{Log, sql};
use std::collections::BTreeSet;

/// Events read at a time.
const PAGE: i64 = 5000;
/// Faults told at most; a log with more is not mended by reading on.
const TOLD_MAX: usize = 20;

/// What is wrong, each as a sentence; empty is right. Gives the last position that was read.
///
/// # Errors
/// The database's own.
pub async fn examine(log: &Log) -> Result<(i64, Vec<String>), sqlx::Error> {
    let (mut position, mut faults) = (0, Vec::new());
    let head = log.head_row().await?.position;
    let (mut recorded_at, mut unreadable) = (i64::MIN, BTreeSet::new());
    while position < head && faults.len() < TOLD_MAX {
        let page = log.after(position, PAGE.min(head - position)).await?;
        if page.is_empty() {
            faults.push(format!("the head says {head}, but nothing follows event {position}"));
            break;
        }
        for event in page {
            if event.position != position + 1 {
                faults.push(format!("event {} follows event {position}", event.position));
            }
            if event.recorded_at < recorded_at {
                faults.push(format!("event {} was recorded before the one it follows", event.position));
            }
            if let Err(error) = event.decode()
                && unreadable.insert((event.stream_kind.clone(), event.name.clone(), event.schema_version))
            {
                faults.push(error.to_string());
            }
            (position, recorded_at) = (event.position, event.recorded_at);
        }
    }
    let broken = broken_streams(log).await?;
    if broken > 0 {
        faults.push(format!("{broken} streams whose versions are not 1, 2, 3 …"));
    }
    if head_has_successor(log, head).await? {
        faults.push(format!("the head says {head}, but events follow it"));
    }
    faults.truncate(TOLD_MAX);
    Ok((position, faults))
}

async fn broken_streams(log: &Log) -> Result<i64, sqlx::Error> {
    sql!(log.db().read(), c => sqlx::query_scalar(
        "select count(*) from (select 1 as one from events where region = $1
         group by stream_id having max(version) <> count(*) or min(version) <> 1) as broken")
        .bind(i64::from(log.region().0)).fetch_one(c).await)
}

/// Nobody may append meanwhile: an event beyond the head row as it is now.
async fn head_has_successor(log: &Log, read: i64) -> Result<bool, sqlx::Error> {
    let beyond: i64 = sql!(log.db().read(), c => sqlx::query_scalar(
        "select count(*) from events e, heads h where e.region = $1 and h.region = e.region
         and e.position > h.position and e.position > $2")
        .bind(i64::from(log.region().0)).bind(read).fetch_one(c).await)?;
    Ok(beyond > 0)
}
