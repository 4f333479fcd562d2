//! From *pending* to its end: what is due, who sends it, how that went, and what somebody decided of what failed.
use super::{COLUMNS, Notice, State};
use crate::Error;
use crate::record::Actor;
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// What a channel has to send now, what has waited longest first. Of one case, one at a time and in order: a correction never
/// overtakes what it corrects.
///
/// # Errors
/// The database's own.
pub async fn due(db: &Db, region: Region, channel: &str, now: Timestamp, limit: i64) -> Result<Vec<Notice>, Error> {
    let text = AssertSqlSafe(format!(
        "select {COLUMNS} from notice n where n.region = $1 and n.channel = $2 \
         and n.state in ('pending', 'failed', 'sending') and n.due_at <= $3 and n.over_at is null \
         and not exists (select 1 from notice e where e.region = n.region and e.case_id = n.case_id \
            and e.channel = n.channel and e.seq < n.seq and e.state in ('pending', 'failed', 'sending')) \
         order by n.due_at, n.id limit $4"
    ));
    Ok(sql!(db.read(), c => sqlx::query_as(text).bind(i64::from(region.0)).bind(channel).bind(now.0).bind(limit)
        .fetch_all(c).await?))
}

/// Takes a notice for sending until a time, as it was read; `false` if another took it, or it was cancelled meanwhile.
///
/// # Errors
/// The database's own.
pub async fn claim(db: &Db, region: Region, read: &Notice, until: Timestamp) -> Result<bool, Error> {
    const CLAIM: &str = "update notice set state = 'sending', due_at = $3, attempts = attempts + 1, perhaps_told = 1 \
        where region = $1 and id = $2 and state = $4 and attempts = $5 and due_at = $6 and over_at is null";
    let mut tx = db.begin().await?;
    let taken = sql!(tx.conn(), c => sqlx::query(CLAIM).bind(i64::from(region.0)).bind(read.id).bind(until.0)
        .bind(&read.state).bind(read.attempts).bind(read.due_at).execute(c).await?.rows_affected());
    tx.commit().await?;
    Ok(taken == 1)
}

/// How sending ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    pub state: State,
    /// When it is tried again, for [`State::Failed`].
    pub due_at: Timestamp,
    /// Whether the applicant may know of it, this time or a time before.
    pub perhaps_told: bool,
    pub why: Option<&'a str>,
}

/// Writes down how the sending of a claimed notice ended; `false` if its term was over and another has it. What is over
/// meanwhile is tried no further.
///
/// # Errors
/// The database's own.
pub async fn settle(
    db: &Db,
    region: Region,
    claimed: &Notice,
    outcome: &Outcome<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    const SETTLE: &str = "update notice set state = case when over_at is not null and $4 <> 'sent' then 'cancelled' else $4 end, \
        due_at = $5, perhaps_told = $6, why = $7, ended_at = case when $4 = 'failed' then null else $8 end \
        where region = $1 and id = $2 and state = 'sending' and attempts = $3";
    let mut tx = db.begin().await?;
    let settled = sql!(tx.conn(), c => {
        let query = sqlx::query(SETTLE).bind(i64::from(region.0)).bind(claimed.id).bind(claimed.attempts + 1);
        let query = query.bind(outcome.state.as_str()).bind(outcome.due_at.0).bind(i64::from(outcome.perhaps_told));
        query.bind(outcome.why).bind(now.0).execute(c).await?.rows_affected()
    });
    tx.commit().await?;
    Ok(settled == 1)
}

/// Closes what was cut off while being sent and is over, or was tried often enough.
///
/// # Errors
/// The database's own.
pub async fn close_cut_off(db: &Db, region: Region, channel: &str, tries: i64, now: Timestamp) -> Result<(), Error> {
    const OVER: &str = "update notice set state = 'cancelled', ended_at = $3 where region = $1 and channel = $2 \
        and state = 'sending' and due_at <= $3 and over_at is not null";
    const OFTEN: &str = "update notice set state = 'given_up', ended_at = $3, why = 'cut_off' where region = $1 and channel = $2 \
        and state = 'sending' and due_at <= $3 and over_at is null and attempts >= $4";
    const ANY: &str =
        "select 1 from notice where region = $1 and channel = $2 and state = 'sending' and due_at <= $3 limit 1";
    let at = i64::from(region.0);
    let any =
        sql!(db.read(), c => sqlx::query(ANY).bind(at).bind(channel).bind(now.0).fetch_optional(c).await?.is_some());
    if !any {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    sql!(tx.conn(), c => sqlx::query(OVER).bind(at).bind(channel).bind(now.0).execute(c).await.map(|_| ()))?;
    sql!(tx.conn(), c => sqlx::query(OFTEN).bind(at).bind(channel).bind(now.0).bind(tries).execute(c).await.map(|_| ()))?;
    Ok(tx.commit().await?)
}

/// Somebody wants a notice tried again that was given up, or found nobody; `false` if it is not one of those, or is over.
///
/// # Errors
/// The database's own.
pub async fn try_again(tx: &mut Tx, region: Region, id: Uuid, by: &Actor, now: Timestamp) -> Result<bool, Error> {
    const AGAIN: &str = "update notice set state = 'pending', attempts = 0, due_at = $3, ended_at = null, answered_by = $4 \
        where region = $1 and id = $2 and state in ('given_up', 'nobody') and over_at is null";
    Ok(sql!(tx.conn(), c => sqlx::query(AGAIN).bind(i64::from(region.0)).bind(id).bind(now.0)
        .bind(by.to_string()).execute(c).await?.rows_affected())
        == 1)
}

/// Somebody leaves such a notice, having phoned or not; `false` if it is not one of those.
///
/// # Errors
/// The database's own.
pub async fn leave(tx: &mut Tx, region: Region, id: Uuid, by: &Actor, now: Timestamp) -> Result<bool, Error> {
    const LEAVE: &str = "update notice set state = 'left', ended_at = $3, answered_by = $4 \
        where region = $1 and id = $2 and state in ('given_up', 'nobody')";
    Ok(sql!(tx.conn(), c => sqlx::query(LEAVE).bind(i64::from(region.0)).bind(id).bind(now.0)
        .bind(by.to_string()).execute(c).await?.rows_affected())
        == 1)
}
