//! The same database driven by hand: the yardstick that `liuzhuan bench` holds to the log. The same columns, indexes and
//! bytes, the same group commit; no ids looked up, no versions checked, nothing decided, nothing folded. Used by nothing else.
use crate::db::{OpenError, dialect};
use crate::statements::{Statements, chunked};
use crate::{Db, sql};
use domain::id::Region;
use domain::stream::{AnyEvent, StreamId};
use sqlx::AssertSqlSafe;
use std::sync::LazyLock;
use tokio::sync::{mpsc, oneshot};

/// One event as its bytes, made before the clock runs.
#[derive(Clone, Debug)]
pub struct Line {
    stream: StreamId,
    version: i64,
    ordinal: i64,
    content_hash: [u8; 32],
    event: AnyEvent,
    name: &'static str,
    schema_version: i32,
    body: String,
}

impl Line {
    /// The bytes of an event.
    ///
    /// # Errors
    /// A fact that cannot be written as JSON.
    pub fn new(
        (stream, version): (StreamId, i64),
        ordinal: i64,
        content_hash: [u8; 32],
        event: AnyEvent,
    ) -> Result<Self, serde_json::Error> {
        let (name, schema_version, body) = event.fact.encode(&event.source)?;
        Ok(Self { stream, version, ordinal, content_hash, event, name, schema_version, body })
    }
}

type Waiting = (Vec<Line>, oneshot::Sender<()>);

/// A table beside the log, and a writer that groups what waits into one commit.
#[derive(Clone, Debug)]
pub struct Bare {
    queue: mpsc::Sender<Waiting>,
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let head = "insert into bare_events (region, position, stream_kind, stream_id, version, scan_id, ordinal, \
                content_hash, name, schema_version, occurred_at, recorded_at, body) values ";
    Statements::rows(head, 13, "")
});

const TABLE: &str = "create table bare_events (
    region bigint not null, position bigint not null, stream_kind text not null, stream_id {uuid} not null,
    version bigint not null, scan_id {uuid} not null, ordinal bigint not null, content_hash {bytes} not null,
    name text not null, schema_version bigint not null, occurred_at bigint not null, recorded_at bigint not null,
    body text not null, primary key (region, position)){clustered}";
const INDEXES: [&str; 2] = [
    "create unique index bare_events_stream on bare_events (region, stream_id, version)",
    "create unique index bare_events_scan on bare_events (region, scan_id, ordinal)",
];
/// Lines taken into one commit at most, as the log's writer does.
const BATCH_MAX: usize = 4000;

impl Bare {
    /// Makes the table, empty, and starts the writer. It ends when every `Bare` is gone.
    ///
    /// # Errors
    /// The database's own.
    pub async fn open(db: Db, region: Region) -> Result<Self, OpenError> {
        let mut tx = db.begin().await?;
        let table = dialect(db.engine(), TABLE);
        for text in ["drop table if exists bare_events".to_owned(), table].into_iter().chain(INDEXES.map(str::to_owned))
        {
            let text = AssertSqlSafe(text);
            sql!(tx.conn(), c => sqlx::query(text).execute(c).await.map(|_| ()))?;
        }
        tx.commit().await?;
        let (queue, waiting) = mpsc::channel(1024);
        tokio::spawn(write(db, region, waiting));
        Ok(Self { queue })
    }

    /// Writes lines; returns after the commit. `false`: the writer met an error, which it logged.
    pub async fn append(&self, lines: Vec<Line>) -> bool {
        let (answer, answered) = oneshot::channel();
        self.queue.send((lines, answer)).await.is_ok() && answered.await.is_ok()
    }
}

async fn write(db: Db, region: Region, mut queue: mpsc::Receiver<Waiting>) {
    let mut position = 0;
    while let Some((mut lines, answer)) = queue.recv().await {
        let mut answers = vec![answer];
        while lines.len() < BATCH_MAX {
            let Ok((more, answer)) = queue.try_recv() else { break };
            lines.extend(more);
            answers.push(answer);
        }
        if let Err(error) = commit(&db, region, &mut position, &lines).await {
            tracing::error!(%error, "the yardstick could not write");
            return;
        }
        for answer in answers {
            let _gone = answer.send(());
        }
    }
}

async fn commit(db: &Db, region: Region, position: &mut i64, lines: &[Line]) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    for chunk in chunked(lines) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(INSERT.of(&c, chunk.len()));
            for line in chunk {
                *position += 1;
                query = query
                    .bind(i64::from(region.0)).bind(*position).bind(line.stream.kind()).bind(line.stream.uuid())
                    .bind(line.version).bind(line.event.scan.0).bind(line.ordinal).bind(line.content_hash.as_slice())
                    .bind(line.name).bind(i64::from(line.schema_version))
                    .bind(line.event.occurred_at.0).bind(line.event.recorded_at.0).bind(line.body.as_str());
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    tx.commit().await
}
