//! Recording acts that have no transaction of their own, such as a failed sign-in. One task takes all that waits into one
//! transaction; each is answered after the commit. The queue is bounded: when it is full the answer is an error, and the
//! act is not done.
use super::{Entry, Row, write};
use crate::Error;
use domain::id::Region;
use eventstore::{Clock, Db};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Entries that may wait.
const QUEUE_MAX: usize = 1024;
/// How often a group is tried. A connection lost at the commit may leave a group in the record twice, but never not at all.
const TRIES_MAX: u32 = 3;

/// Why an act was not recorded, and must not be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordError {
    #[error("too much is waiting to be recorded; try again")]
    Busy,
    #[error("the record is closing")]
    Closed,
    #[error("cannot be recorded: {0}")]
    Failed(Arc<Error>),
}

struct Waiting {
    row: Row,
    answer: oneshot::Sender<Result<i64, RecordError>>,
}

/// Hands entries to the task. Cheap to clone; the task ends when every clone is gone and what waited is written.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Waiting>,
}

impl Recorder {
    /// Starts the task of a region.
    #[must_use]
    pub fn start(db: Db, region: Region, clock: Clock) -> (Self, JoinHandle<()>) {
        Self::with_room(db, region, clock, QUEUE_MAX)
    }

    pub(super) fn with_room(db: Db, region: Region, clock: Clock, room: usize) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(room);
        (Self { queue }, tokio::spawn(run(db, region, clock, waiting)))
    }

    /// Records an act and waits for the commit; its position.
    ///
    /// # Errors
    /// See [`RecordError`]; then the act must not be done.
    pub async fn record(&self, entry: &Entry) -> Result<i64, RecordError> {
        let row = Row::of(entry).map_err(|error| RecordError::Failed(Arc::new(error)))?;
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { row, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RecordError::Busy,
            mpsc::error::TrySendError::Closed(_) => RecordError::Closed,
        })?;
        answered.await.unwrap_or(Err(RecordError::Closed))
    }
}

async fn run(db: Db, region: Region, clock: Clock, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let (mut rows, mut answers) = (vec![first.row], vec![first.answer]);
        while rows.len() < QUEUE_MAX {
            let Ok(next) = queue.try_recv() else { break };
            rows.push(next.row);
            answers.push(next.answer);
        }
        let written = commit_with_retries(&db, region, &clock, &rows).await;
        let results: Vec<Result<i64, RecordError>> = match written {
            Ok(positions) => positions.map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, entries = rows.len(), "the record cannot be written");
                let error = Arc::new(error);
                rows.iter().map(|_| Err(RecordError::Failed(error.clone()))).collect()
            }
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever asked may be gone; the entry stands all the same.
            let _gone = answer.send(result);
        }
    }
}

async fn commit_with_retries(
    db: &Db,
    region: Region,
    clock: &Clock,
    rows: &[Row],
) -> Result<std::ops::RangeInclusive<i64>, Error> {
    let mut tries = 1;
    loop {
        match commit(db, region, clock, rows).await {
            Err(Error::Sql(error)) if tries < TRIES_MAX => {
                tracing::warn!(%error, tries, "the record could not be written; trying again");
                tries += 1;
            }
            done => return done,
        }
    }
}

async fn commit(db: &Db, region: Region, clock: &Clock, rows: &[Row]) -> Result<std::ops::RangeInclusive<i64>, Error> {
    let mut tx = db.begin().await?;
    let positions = write(&mut tx, region, clock.now(), rows).await?;
    tx.commit().await?;
    Ok(positions)
}
