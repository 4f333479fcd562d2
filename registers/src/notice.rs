//! The outbox: what an applicant is to be told of a case, by which channel, and how that went. No read model: a rebuild
//! touches none of it, so that it never sends. One row for each (region, case, shelving scan, channel, kind), so that one
//! shelving is told once. Holds no phone, no name, no text: those are put together at the moment of sending.
//!
//! A row goes from *pending* to *sending* and on to *sent*; or it *failed* and is tried again, until it is *given up*. What
//! is being sent has a term: whoever was cut off leaves the row to the next, so that a notice may go out twice and is never
//! lost. `perhaps_told` says whether the applicant may know of it: then only another notice takes it back.
mod list;
mod sending;

use crate::Error;
use crate::column::text_enum;
use domain::id::{CaseId, Region, ScanId, SiteId, SubjectId};
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

pub use list::{Filter, find, list, waiting};
pub use sending::{Outcome, claim, close_cut_off, due, leave, settle, try_again};

text_enum! {
    /// What is told.
    pub enum Kind {
        /// It can be fetched.
        Ready = "ready",
        /// It was said to be ready and is not any more.
        Correction = "correction",
        /// Ready by the same shelving after a correction: for a person to tell, never sent by itself.
        Again = "again",
    }
}

text_enum! {
    /// How far it is.
    pub enum State {
        Pending = "pending",
        Sending = "sending",
        /// Not taken; tried again at its time.
        Failed = "failed",
        Sent = "sent",
        /// Tried often enough; somebody has to look.
        GivenUp = "given_up",
        /// There is nobody to tell: no phone, erased, restricted.
        Nobody = "nobody",
        /// Not true any more before it went out.
        Cancelled = "cancelled",
        /// Somebody decided to leave it.
        Left = "left",
    }
}

impl State {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Sending,
        Self::Failed,
        Self::Sent,
        Self::GivenUp,
        Self::Nobody,
        Self::Cancelled,
        Self::Left,
    ];
}

/// A notice as it lies in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Notice {
    /// The message's id: the same at each try, so that a receiver can drop a repeat.
    pub id: Uuid,
    pub case_id: Uuid,
    pub shelving: Uuid,
    pub channel: String,
    /// As [`Kind`] writes it.
    pub kind: String,
    pub case_no: String,
    /// A dossier of the case.
    pub dossier: Uuid,
    /// Where it is fetched.
    pub site: String,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// As [`State`] writes it.
    pub state: String,
    pub due_at: i64,
    pub attempts: i64,
    pub perhaps_told: i64,
    /// Since when it is not so any more: fetched, or lost.
    pub over_at: Option<i64>,
    /// When it was sent, given up, cancelled.
    pub ended_at: Option<i64>,
    /// What went wrong last, in a word of ours and perhaps a number.
    pub why: Option<String>,
    /// Who had it tried again, or left it.
    pub answered_by: Option<String>,
}

impl Notice {
    /// Its kind.
    ///
    /// # Errors
    /// A stored value that is none.
    pub fn kind(&self) -> Result<Kind, Error> {
        self.kind.parse().map_err(|()| Error::Stored { table: "notice", column: "kind" })
    }

    /// How far it is.
    ///
    /// # Errors
    /// A stored value that is none.
    pub fn state(&self) -> Result<State, Error> {
        self.state.parse().map_err(|()| Error::Stored { table: "notice", column: "state" })
    }

    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> After {
        After { made_at: Timestamp(self.made_at), id: self.id }
    }
}

/// A notice to be told.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub case: CaseId,
    pub shelving: ScanId,
    pub channel: &'a str,
    pub kind: Kind,
    pub case_no: &'a str,
    pub dossier: SubjectId,
    pub site: &'a SiteId,
    /// Rises with each notice of a case.
    pub seq: i64,
    pub now: Timestamp,
    /// When it may go out.
    pub due_at: Timestamp,
}

/// A channel as the outbox knows it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ChannelRow {
    pub channel: String,
    /// Nothing that was shelved at this position of the log or before is told.
    pub since: i64,
    pub off_at: Option<i64>,
    pub off_why: Option<String>,
}

/// A place in the list, newest first: after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub made_at: Timestamp,
    pub id: Uuid,
}

impl After {
    /// Before the newest.
    pub const START: Self = Self { made_at: Timestamp(i64::MAX), id: Uuid::max() };
}

/// Columns of [`Notice`].
const COLUMNS: &str = "n.id, n.case_id, n.shelving, n.channel, n.kind, n.case_no, n.dossier, n.site, n.made_at, n.state, \
                       n.due_at, n.attempts, n.perhaps_told, n.over_at, n.ended_at, n.why, n.answered_by";

/// Switches channels on from `head` on that are not on yet, and forgets those that are not configured any more: what happens
/// before one is configured (again) is not told by it. One that its receiver switched off stays off.
///
/// # Errors
/// The database's own.
pub async fn switch_on(tx: &mut Tx, region: Region, channels: &[&str], head: i64) -> Result<(), Error> {
    const PLACE: &str = "insert into notice_place (region, position) values ($1, $2) on conflict (region) do nothing";
    const ON: &str = "insert into notice_channel (region, channel, since) values ($1, $2, $3) \
        on conflict (region, channel) do nothing";
    const OFF: &str = "delete from notice_channel where region = $1 and channel = $2";
    let at = i64::from(region.0);
    let known = known_channels(tx, region).await?;
    if known.is_empty() {
        sql!(tx.conn(), c => sqlx::query("delete from notice_place where region = $1").bind(at).execute(c).await.map(|_| ()))?;
    }
    sql!(tx.conn(), c => sqlx::query(PLACE).bind(at).bind(head).execute(c).await.map(|_| ()))?;
    for gone in known.iter().filter(|row| !channels.contains(&row.channel.as_str())) {
        sql!(tx.conn(), c => sqlx::query(OFF).bind(at).bind(&gone.channel).execute(c).await.map(|_| ()))?;
    }
    for channel in channels {
        sql!(tx.conn(), c => sqlx::query(ON).bind(at).bind(channel).bind(head).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

async fn known_channels(tx: &mut Tx, region: Region) -> Result<Vec<ChannelRow>, Error> {
    Ok(sql!(tx.conn(), c => sqlx::query_as(CHANNELS).bind(i64::from(region.0)).fetch_all(c).await?))
}

const CHANNELS: &str = "select channel, since, off_at, off_why from notice_channel where region = $1 order by channel";

/// The channels that were switched on.
///
/// # Errors
/// The database's own.
pub async fn channels(db: &Db, region: Region) -> Result<Vec<ChannelRow>, Error> {
    Ok(sql!(db.read(), c => sqlx::query_as(CHANNELS).bind(i64::from(region.0)).fetch_all(c).await?))
}

/// Switches a channel off, for it said so itself; or on again, for somebody did.
///
/// # Errors
/// The database's own.
pub async fn switch(tx: &mut Tx, region: Region, channel: &str, off: Option<(&str, Timestamp)>) -> Result<bool, Error> {
    const SWITCH: &str = "update notice_channel set off_at = $3, off_why = $4 where region = $1 and channel = $2";
    let (why, at) = off.map(|(why, at)| (why, at.0)).unzip();
    Ok(sql!(tx.conn(), c => sqlx::query(SWITCH).bind(i64::from(region.0)).bind(channel).bind(at).bind(why)
        .execute(c).await?.rows_affected())
        > 0)
}

/// Up to which position of the log the outbox was filled; `None` before notices are switched on.
///
/// # Errors
/// The database's own.
pub async fn position(db: &Db, region: Region) -> Result<Option<i64>, Error> {
    const READ: &str = "select position from notice_place where region = $1";
    Ok(sql!(db.read(), c => sqlx::query_scalar(READ).bind(i64::from(region.0)).fetch_optional(c).await?))
}

/// Takes the turn from one position to another; `false` if another node took it.
///
/// # Errors
/// The database's own.
pub async fn advance(tx: &mut Tx, region: Region, from: i64, to: i64) -> Result<bool, Error> {
    const ADVANCE: &str = "update notice_place set position = $3 where region = $1 and position = $2";
    Ok(sql!(tx.conn(), c => sqlx::query(ADVANCE).bind(i64::from(region.0)).bind(from).bind(to)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Everything that was ever to be told of a case by a channel, in order.
///
/// # Errors
/// The database's own.
pub async fn of_case_by(tx: &mut Tx, region: Region, case: CaseId, channel: &str) -> Result<Vec<Notice>, Error> {
    let text = AssertSqlSafe(format!(
        "select {COLUMNS} from notice n where n.region = $1 and n.case_id = $2 and n.channel = $3 order by n.seq, n.id"
    ));
    Ok(
        sql!(tx.conn(), c => sqlx::query_as(text).bind(i64::from(region.0)).bind(case.0).bind(channel).fetch_all(c).await?),
    )
}

/// What was told of a case, the first first.
///
/// # Errors
/// The database's own.
pub async fn told(db: &Db, region: Region, case: CaseId) -> Result<Vec<Notice>, Error> {
    let text = AssertSqlSafe(format!(
        "select {COLUMNS} from notice n where n.region = $1 and n.case_id = $2 and n.state = 'sent' order by n.seq, n.id"
    ));
    Ok(sql!(db.read(), c => sqlx::query_as(text).bind(i64::from(region.0)).bind(case.0).fetch_all(c).await?))
}

/// Puts a notice into the outbox; `false` if it was told, or is to be told, already. One that was cancelled before anybody
/// could know of it is taken up again.
///
/// # Errors
/// The database's own.
pub async fn enqueue(
    tx: &mut Tx,
    region: Region,
    new: &New<'_>,
    state: State,
    why: Option<&str>,
) -> Result<bool, Error> {
    const PUT: &str = "insert into notice (region, case_id, shelving, channel, kind, id, case_no, dossier, site, seq, made_at, \
        state, due_at, attempts, perhaps_told, why) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, $14) \
        on conflict (region, case_id, shelving, channel, kind) do update set state = excluded.state, seq = excluded.seq, \
        site = excluded.site, made_at = excluded.made_at, due_at = excluded.due_at, attempts = 0, over_at = null, \
        ended_at = null, why = excluded.why where notice.state = 'cancelled' and notice.perhaps_told = 0";
    let added = sql!(tx.conn(), c => {
        let query = sqlx::query(PUT).bind(i64::from(region.0)).bind(new.case.0).bind(new.shelving.0).bind(new.channel);
        let query = query.bind(new.kind.as_str()).bind(Uuid::new_v4()).bind(new.case_no).bind(new.dossier.0);
        let query = query.bind(new.site.as_str()).bind(new.seq).bind(new.now.0).bind(state.as_str());
        query.bind(new.due_at.0).bind(why).execute(c).await?.rows_affected()
    });
    Ok(added == 1)
}

/// Takes a notice back of which nobody can know yet; `false` if somebody may, or it is being sent.
///
/// # Errors
/// The database's own.
pub async fn cancel(tx: &mut Tx, region: Region, id: Uuid, why: &str, now: Timestamp) -> Result<bool, Error> {
    const CANCEL: &str = "update notice set state = 'cancelled', why = $3, ended_at = $4, over_at = $4 \
        where region = $1 and id = $2 and perhaps_told = 0 and state in ('pending', 'failed', 'given_up', 'nobody', 'left')";
    Ok(sql!(tx.conn(), c => sqlx::query(CANCEL).bind(i64::from(region.0)).bind(id).bind(why).bind(now.0)
        .execute(c).await?.rows_affected())
        == 1)
}

/// What somebody may know of is not so any more: it is tried no further, and stays as what was told.
///
/// # Errors
/// The database's own.
pub async fn end(tx: &mut Tx, region: Region, id: Uuid, why: &str, now: Timestamp) -> Result<(), Error> {
    const OVER: &str = "update notice set over_at = $3 where region = $1 and id = $2 and over_at is null";
    const STOP: &str = "update notice set state = 'cancelled', why = $3, ended_at = $4 \
        where region = $1 and id = $2 and state in ('pending', 'failed', 'given_up', 'nobody')";
    let at = i64::from(region.0);
    sql!(tx.conn(), c => sqlx::query(OVER).bind(at).bind(id).bind(now.0).execute(c).await.map(|_| ()))?;
    sql!(tx.conn(), c => sqlx::query(STOP).bind(at).bind(id).bind(why).bind(now.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What was over is so again.
///
/// # Errors
/// The database's own.
pub async fn resume(tx: &mut Tx, region: Region, id: Uuid) -> Result<(), Error> {
    const RESUME: &str = "update notice set over_at = null where region = $1 and id = $2";
    sql!(tx.conn(), c => sqlx::query(RESUME).bind(i64::from(region.0)).bind(id).execute(c).await.map(|_| ()))?;
    Ok(())
}
