//! The writer: one task takes all that waits, decides it in memory in order, and writes it in one transaction.
//!
//! The first statement updates the region's head row, which is the sequencer: everything read after it is what the
//! append follows, positions have no gaps, and `recorded_at` never falls. Whoever asked is answered after the commit.
use crate::append::{Append, AppendError, Appended, Receipt, WriteError};
use crate::statements::{Statements, chunked, filled};
use crate::stored::{COLUMNS, StoredEvent};
use crate::streams::{Access, LoadError, Streams};
use crate::{Clock, Db, Tx, sql};
use async_trait::async_trait;
use domain::id::{Region, ScanId};
use domain::stream::{AnyEvent, StreamId};
use domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// What must be written in the same transaction as the events, so that readers see their own scans.
#[async_trait]
pub trait Inline: Send + Sync {
    /// Folds `appended` into tables. `streams` holds the streams that were appended to; more can be loaded.
    ///
    /// # Errors
    /// Gives the whole batch up; it is then tried request by request.
    async fn apply(
        &self,
        tx: &mut Tx,
        region: Region,
        streams: &mut Streams,
        appended: &[Appended],
    ) -> Result<(), WriteError>;
}

/// Requests that wait, with where to answer: one message is answered as one.
pub(crate) struct Waiting {
    pub requests: Vec<Append>,
    pub answer: oneshot::Sender<Vec<Result<Receipt, AppendError>>>,
}

/// Requests taken into one transaction at most.
const BATCH_MAX: usize = 4000;
/// How often a batch is run again after a serialization failure or a deadlock.
const RERUNS_MAX: u32 = 8;

pub(crate) struct Writer {
    pub db: Db,
    pub region: Region,
    pub clock: Clock,
    pub inline: Option<Arc<dyn Inline>>,
    pub streams: Streams,
    pub head: watch::Sender<i64>,
}

/// The head row, as the first statement of an append found it.
#[derive(Clone, Copy, sqlx::FromRow)]
struct Head {
    position: i64,
    recorded_at: i64,
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let head = "insert into events (region, position, stream_kind, stream_id, version, scan_id, ordinal, content_hash, \
                name, schema_version, occurred_at, recorded_at, body) values ";
    Statements::rows(head, 13, "")
});

/// The events of scans and commands, by their ids.
pub(crate) static OF_SCANS: LazyLock<Statements> = LazyLock::new(|| {
    let head = format!("select {COLUMNS} from events where region = $1 and scan_id in (");
    Statements::keys(&head, 1, ") order by scan_id, ordinal")
});

/// What a batch appends, and what each of its requests is answered.
#[derive(Default)]
struct Outcome {
    rows: Vec<Row>,
    appended: Vec<Appended>,
    answers: Vec<Result<Receipt, AppendError>>,
}

struct Row {
    version: i64,
    ordinal: i64,
    content_hash: [u8; 32],
    name: &'static str,
    schema_version: i32,
    body: String,
}

impl Writer {
    /// Runs until every sender is gone; what waits then is still written.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        while let Some(first) = queue.recv().await {
            let mut size = first.requests.len();
            let mut batch = vec![first];
            while size < BATCH_MAX {
                let Ok(next) = queue.try_recv() else { break };
                size += next.requests.len();
                batch.push(next);
            }
            self.write(batch).await;
        }
    }

    async fn write(&mut self, batch: Vec<Waiting>) {
        let requests: Vec<&Append> = batch.iter().flat_map(|waiting| &waiting.requests).collect();
        let mut answers = match self.write_together(&requests).await {
            Ok(answers) => answers,
            // One bad request must not fail its neighbours: each alone.
            Err(error) => {
                tracing::warn!(%error, requests = requests.len(), "a batch could not be written; trying one by one");
                let mut answers = Vec::with_capacity(requests.len());
                for request in requests {
                    answers.push(match self.write_together(&[request]).await {
                        Ok(mut one) => one.pop().unwrap_or(Err(AppendError::Closed)),
                        Err(error) => Err(AppendError::Failed(Arc::new(error))),
                    });
                }
                answers
            }
        };
        for waiting in batch {
            let rest = answers.split_off(waiting.requests.len());
            // Whoever asked may be gone; the events are in the log all the same.
            let _gone = waiting.answer.send(std::mem::replace(&mut answers, rest));
        }
    }

    async fn write_together(&mut self, requests: &[&Append]) -> Result<Vec<Result<Receipt, AppendError>>, WriteError> {
        let mut reruns = 0;
        loop {
            match self.attempt(requests).await {
                Err(WriteError::Sql(error)) if reruns < RERUNS_MAX && is_transient(&error) => {
                    reruns += 1;
                    self.streams.clear();
                }
                Err(error) => {
                    self.streams.clear();
                    return Err(error);
                }
                Ok(answers) => return Ok(answers),
            }
        }
    }

    async fn attempt(&mut self, requests: &[&Append]) -> Result<Vec<Result<Receipt, AppendError>>, WriteError> {
        let mut tx = self.db.begin().await?;
        let head = self.take_head(&mut tx).await?;
        self.streams.catch_up(&mut tx, self.region, head.position).await?;
        let known = self.known(&mut tx, requests).await?;
        let reads = requests.iter().filter(|request| !known.contains_key(&request.id));
        self.streams
            .load(&mut Access::Tx(&mut tx), self.region, reads.flat_map(|request| request.reads.iter().copied()))
            .await?;
        let outcome = self.decide(requests, &known, head)?;
        if outcome.rows.is_empty() {
            tx.rollback().await?;
            return Ok(outcome.answers);
        }
        self.insert(&mut tx, &outcome).await?;
        if let Some(inline) = &self.inline {
            inline.apply(&mut tx, self.region, &mut self.streams, &outcome.appended).await?;
        }
        let position = head.position + outcome.rows.len() as i64;
        sql!(tx.conn(), c => sqlx::query("update heads set position = $2 where region = $1")
            .bind(i64::from(self.region.0)).bind(position).execute(c).await.map(|done| done.rows_affected()))?;
        tx.commit().await?;
        self.streams.committed(position);
        self.head.send_if_modified(|seen| std::mem::replace(seen, position.max(*seen)) < position);
        Ok(outcome.answers)
    }

    /// The first statement of every append: takes the sequencer, and keeps `recorded_at` from falling.
    async fn take_head(&self, tx: &mut Tx) -> Result<Head, WriteError> {
        let head: Option<Head> = sql!(tx.conn(), c => sqlx::query_as(
            "update heads set recorded_at = case when recorded_at > $2 then recorded_at else $2 end
             where region = $1 returning position, recorded_at")
            .bind(i64::from(self.region.0)).bind(self.clock.now().0).fetch_optional(c).await)?;
        head.ok_or(WriteError::NoRegion(self.region))
    }

    /// The events that scans of this batch made before.
    async fn known(&self, tx: &mut Tx, requests: &[&Append]) -> Result<HashMap<ScanId, Vec<StoredEvent>>, WriteError> {
        let mut known: HashMap<ScanId, Vec<StoredEvent>> = HashMap::new();
        let ids: Vec<Uuid> = requests.iter().map(|request| request.id.0).collect();
        for list in filled(&ids) {
            let rows: Vec<StoredEvent> = sql!(tx.conn(), c => {
                let mut query = sqlx::query_as(OF_SCANS.of(&c, list.len())).bind(i64::from(self.region.0));
                for id in list {
                    query = query.bind(id);
                }
                query.fetch_all(c).await
            })?;
            for row in rows {
                known.entry(ScanId(row.scan_id)).or_default().push(row);
            }
        }
        Ok(known)
    }

    fn decide(
        &mut self,
        requests: &[&Append],
        known: &HashMap<ScanId, Vec<StoredEvent>>,
        head: Head,
    ) -> Result<Outcome, WriteError> {
        let mut outcome = Outcome::default();
        // The first of this batch that an id was written for; what was refused left its id free.
        let mut in_batch: HashMap<ScanId, usize> = HashMap::new();
        for (index, request) in requests.iter().enumerate() {
            let answer = if let Some(rows) = known.get(&request.id) {
                repeat(rows, request)?
            } else if let Some(&first) = in_batch.get(&request.id) {
                match &outcome.answers[first] {
                    Ok(receipt) if requests[first].content_hash == request.content_hash => {
                        Ok(Receipt { duplicate: true, ..receipt.clone() })
                    }
                    Ok(_) | Err(_) => Err(AppendError::IdReused),
                }
            } else {
                let answer = self.decide_one(request, head, &mut outcome)?;
                if answer.is_ok() {
                    in_batch.insert(request.id, index);
                }
                answer
            };
            outcome.answers.push(answer);
        }
        Ok(outcome)
    }

    fn decide_one(
        &mut self,
        request: &Append,
        head: Head,
        outcome: &mut Outcome,
    ) -> Result<Result<Receipt, AppendError>, WriteError> {
        let events = match (request.decide)(&self.streams, Timestamp(head.recorded_at)) {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(AppendError::Refused(refusal))),
        };
        let first = outcome.appended.len();
        for ((stream, event), ordinal) in events.into_iter().zip(0..) {
            let (name, schema_version, body) = event.fact.encode(&event.source)?;
            let version = self.streams.version(stream) as i64 + 1;
            self.streams.insert(stream, event.clone());
            let content_hash = request.content_hash;
            outcome.rows.push(Row { version, ordinal, content_hash, name, schema_version, body });
            let position = head.position + outcome.rows.len() as i64;
            outcome.appended.push(Appended { position, stream, event });
        }
        Ok(Ok(Receipt { duplicate: false, events: outcome.appended[first..].to_vec() }))
    }

    async fn insert(&self, tx: &mut Tx, outcome: &Outcome) -> Result<(), WriteError> {
        let both: Vec<(&Row, &Appended)> = outcome.rows.iter().zip(&outcome.appended).collect();
        for chunk in chunked(&both) {
            sql!(tx.conn(), c => {
                let mut query = sqlx::query(INSERT.of(&c, chunk.len()));
                for (row, Appended { position, stream, event }) in chunk {
                    query = query
                        .bind(i64::from(self.region.0)).bind(position).bind(stream.kind()).bind(stream.uuid())
                        .bind(row.version).bind(event.scan.0).bind(row.ordinal).bind(row.content_hash.as_slice())
                        .bind(row.name).bind(i64::from(row.schema_version))
                        .bind(event.occurred_at.0).bind(event.recorded_at.0).bind(row.body.as_str());
                }
                query.execute(c).await.map(|done| done.rows_affected())
            })?;
        }
        Ok(())
    }
}

fn repeat(rows: &[StoredEvent], request: &Append) -> Result<Result<Receipt, AppendError>, WriteError> {
    if rows.iter().any(|row| row.content_hash != request.content_hash) {
        return Ok(Err(AppendError::IdReused));
    }
    let decoded = rows.iter().map(|row| {
        let (stream, event): (StreamId, AnyEvent) = row.decode().map_err(LoadError::from)?;
        Ok(Appended { position: row.position, stream, event })
    });
    let events = decoded.collect::<Result<Vec<_>, WriteError>>()?;
    Ok(Ok(Receipt { duplicate: true, events }))
}

/// Worth running again: serialization failure, deadlock, or a connection that broke. If it broke at the commit, running again
/// finds by the ids whether it had happened, before anyone is answered.
fn is_transient(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(error) = error {
        return matches!(error.code().as_deref(), Some("40001" | "40P01" | "57P01" | "5" | "517"));
    }
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut)
}
