//! The log of one region: the handle everybody holds.
use crate::append::{Append, AppendError, Receipt};
use crate::db::OpenError;
use crate::schema::SCHEMA;
use crate::statements::filled;
use crate::stored::{COLUMNS, StoredEvent};
use crate::streams::{AFTER, LoadError, State, Streams};
use crate::writer::{Inline, OF_SCANS, Waiting, Writer};
use crate::{Clock, Db, sql};
use domain::id::{Region, ScanId};
use domain::stream::StreamId;
use domain::time::Timestamp;
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Messages that may wait for the writer before new ones are told to come back.
const QUEUE_MAX: usize = 1024;

/// The log of one region. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    db: Db,
    region: Region,
    clock: Clock,
    queue: mpsc::Sender<Waiting>,
    head: watch::Receiver<i64>,
    epoch: i64,
}

/// Where a log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    /// The last position; the log holds 1 to this without gaps.
    pub position: i64,
    /// When the last append was recorded.
    pub recorded_at: i64,
    /// Which life of the log this is: restoring a copy begins a new one.
    pub epoch: i64,
}

impl Log {
    /// Opens the log of a region, bringing its tables up to date, and starts its writer. The task ends when every
    /// `Log` is gone and all that waited is written.
    ///
    /// # Errors
    /// A schema that cannot be brought up to date, or the database's own.
    pub async fn open(
        db: Db,
        region: Region,
        clock: Clock,
        inline: Option<Arc<dyn Inline>>,
    ) -> Result<(Self, JoinHandle<()>), OpenError> {
        db.migrate(&SCHEMA).await?;
        let mut tx = db.begin().await?;
        sql!(tx.conn(), c => sqlx::query(
            "insert into heads (region, position, recorded_at, epoch) values ($1, 0, 0, 1) on conflict (region) do nothing")
            .bind(i64::from(region.0)).execute(c).await.map(|done| done.rows_affected()))?;
        tx.commit().await?;
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let Head { position, epoch, .. } = head(&db, region).await?;
        let (bell, heard) = watch::channel(position);
        let streams = Streams::default();
        let writer = Writer { db: db.clone(), region, clock: clock.clone(), inline, streams, head: bell };
        let task = tokio::spawn(writer.run(waiting));
        Ok((Self { db, region, clock, queue, head: heard, epoch }, task))
    }

    /// Appends requests that were asked together; each is answered by itself, all after one commit.
    ///
    /// # Errors
    /// The outer error is for all: too much waits, or the log is closing.
    pub async fn append(&self, requests: Vec<Append>) -> Result<Vec<Result<Receipt, AppendError>>, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { requests, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AppendError::Busy,
            mpsc::error::TrySendError::Closed(_) => AppendError::Closed,
        })?;
        answered.await.map_err(|_| AppendError::Closed)
    }

    /// Appends one request.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn append_one(&self, request: Append) -> Result<Receipt, AppendError> {
        self.append(vec![request]).await?.pop().unwrap_or(Err(AppendError::Closed))
    }

    /// The events of a stream in order of record, up to a position if one is given.
    ///
    /// # Errors
    /// The database's own.
    pub async fn load(&self, stream: StreamId, up_to: Option<i64>) -> Result<Vec<StoredEvent>, sqlx::Error> {
        let text = AssertSqlSafe(format!(
            "select {COLUMNS} from events where region = $1 and stream_id = $2 and +position <= $3 order by version"
        ));
        let (region, id, up_to) = (i64::from(self.region.0), stream.uuid(), up_to.unwrap_or(i64::MAX));
        sql!(self.db.read(), c => sqlx::query_as(text).bind(region).bind(id).bind(up_to).fetch_all(c).await)
    }

    /// The events that scans and commands made, by their ids.
    ///
    /// # Errors
    /// The database's own.
    pub async fn of_scans(&self, scans: &[ScanId]) -> Result<Vec<StoredEvent>, sqlx::Error> {
        let mut found = Vec::new();
        for list in filled(scans) {
            let rows: Vec<StoredEvent> = sql!(self.db.read(), c => {
                let mut query = sqlx::query_as(OF_SCANS.of(&c, list.len())).bind(i64::from(self.region.0));
                for scan in list {
                    query = query.bind(scan.0);
                }
                query.fetch_all(c).await
            })?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// The state of a stream, up to a position if one is given.
    ///
    /// # Errors
    /// The database's, or an event that cannot be read.
    pub async fn state(&self, stream: StreamId, up_to: Option<i64>) -> Result<State, LoadError> {
        let mut state = State::empty(stream);
        for row in self.load(stream, up_to).await? {
            let (_, event) = row.decode()?;
            state.insert(event);
        }
        Ok(state)
    }

    /// At most `limit` events after a position, in order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn after(&self, position: i64, limit: i64) -> Result<Vec<StoredEvent>, sqlx::Error> {
        let text: &'static str = &AFTER;
        let region = i64::from(self.region.0);
        sql!(self.db.read(), c => sqlx::query_as(text).bind(region).bind(position).bind(limit).fetch_all(c).await)
    }

    /// The last position recorded at or before a time: "as known at" is a position.
    ///
    /// # Errors
    /// The database's own.
    pub async fn position_at(&self, time: Timestamp) -> Result<i64, sqlx::Error> {
        let region = i64::from(self.region.0);
        let mut low = 0;
        let mut high = self.head_row().await?.position;
        while low < high {
            let middle = low + (high - low + 1) / 2;
            let recorded: i64 = sql!(self.db.read(), c => sqlx::query_scalar(
                "select recorded_at from events where region = $1 and position = $2")
                .bind(region).bind(middle).fetch_one(c).await)?;
            if recorded <= time.0 { low = middle } else { high = middle - 1 }
        }
        Ok(low)
    }

    /// Where the log stands, as committed.
    ///
    /// # Errors
    /// The database's own.
    pub async fn head_row(&self) -> Result<Head, sqlx::Error> {
        head(&self.db, self.region).await
    }

    /// Rings with each new position appended by this process. Another node's appends are found by asking.
    #[must_use]
    pub fn doorbell(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// Which life of the log this is. Only restoring begins another, and nobody has a log open that is being restored.
    #[must_use]
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// How many messages may still be queued before [`AppendError::Busy`].
    #[must_use]
    pub fn room(&self) -> usize {
        self.queue.capacity()
    }

    /// The database beneath.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Whose log it is.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The clock that times its appends.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

async fn head(db: &Db, region: Region) -> Result<Head, sqlx::Error> {
    sql!(db.read(), c => sqlx::query_as("select position, recorded_at, epoch from heads where region = $1")
        .bind(i64::from(region.0)).fetch_one(c).await)
}
