//! What the log promises, written once and run on both engines. Each file below is one promise, or two.
mod atomic;
mod broken;
mod bytes;
mod nodes;
mod once;
mod positions;
mod queue;
mod through_esrs;

use crate::engine::Fresh;
use domain::bag::BagFact;
use domain::custody::payload::Read;
use domain::dossier::DossierFact;
use domain::event::{Event, Role, Source};
use domain::id::{NoteId, Region, ScanId, SubjectId};
use domain::stream::{AnyEvent, AnyFact, StreamId};
use domain::time::Timestamp;
use eventstore::{Append, Clock, Inline, Log, Refusal, StoredEvent, Streams};
use std::sync::Arc;
use tokio::task::JoinHandle;
use uuid::Uuid;

const REGION: Region = Region(441_424);
/// 2026-01-05, noon in Shanghai.
const NOON: Timestamp = Timestamp(1_767_585_600_000);

/// One process on a database: its log, and the task that writes.
struct Node {
    log: Log,
    writer: JoinHandle<()>,
}

impl Node {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        Self::with(fresh, Clock::driven(NOON), None).await
    }

    async fn with(fresh: &Fresh, clock: Clock, inline: Option<Arc<dyn Inline>>) -> anyhow::Result<Self> {
        let (log, writer) = Log::open(fresh.db().await?, REGION, clock, inline).await?;
        Ok(Self { log, writer })
    }

    /// Ends as a program does: nobody asks any more, the writer finishes, the connections close.
    async fn close(self) -> anyhow::Result<()> {
        let db = self.log.db().clone();
        drop(self.log);
        self.writer.await?;
        db.close().await;
        Ok(())
    }

    async fn head(&self) -> anyhow::Result<i64> {
        Ok(self.log.head_row().await?.position)
    }

    /// The whole log.
    async fn all(&self) -> anyhow::Result<Vec<StoredEvent>> {
        Ok(self.log.after(0, 100_000).await?)
    }
}

fn scan(id: u128) -> ScanId {
    ScanId(Uuid::from_u128(id))
}

fn dossier(number: u128) -> StreamId {
    StreamId::Dossier(SubjectId(Uuid::from_u128(number << 64)))
}

fn bag(number: u128) -> StreamId {
    StreamId::Bag(SubjectId(Uuid::from_u128(number << 64 | 1)))
}

fn source() -> Source {
    Source {
        by: "clerk-3".parse().expect("a person's id"),
        role: Role::Site,
        at: Some("t1".parse().expect("a site's id")),
        stamp: None,
        skew_ms: 0,
        mode: None,
        action_by: None,
        bag: None,
        code: None,
        flags: Vec::new(),
        quarantined: false,
    }
}

/// A sighting of a dossier or a bag.
fn sighting(id: ScanId, stream: StreamId, recorded_at: Timestamp) -> AnyEvent {
    let read = Read { note: Some(NoteId(id.0)) };
    let fact = match stream {
        StreamId::Bag(_) => AnyFact::Bag(BagFact::Sighted(read)),
        StreamId::Dossier(_) | StreamId::Case(_) => AnyFact::Dossier(DossierFact::Sighted(read)),
    };
    Event { scan: id, occurred_at: recorded_at.plus(-1000), recorded_at, source: source(), fact }
}

/// What the client fixed, as far as these tests go: its id.
fn hash_of(id: u128) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..16].copy_from_slice(&id.to_be_bytes());
    hash
}

/// A request that records one sighting in each stream, if `may` lets it.
fn request(
    id: u128,
    streams: impl IntoIterator<Item = StreamId>,
    may: impl Fn(&Streams) -> Result<(), Refusal> + Send + Sync + 'static,
) -> Append {
    let reads: Vec<StreamId> = streams.into_iter().collect();
    let written = reads.clone();
    let decide = move |streams: &Streams, recorded_at| {
        may(streams)?;
        Ok(written.iter().map(|&stream| (stream, sighting(scan(id), stream, recorded_at))).collect())
    };
    Append { id: scan(id), content_hash: hash_of(id), reads, decide: Arc::new(decide) }
}

/// A request that nothing speaks against.
fn sightings(id: u128, streams: impl IntoIterator<Item = StreamId>) -> Append {
    request(id, streams, |_| Ok(()))
}

/// A request that is made for one version of a stream.
fn expecting(id: u128, stream: StreamId, expected: usize) -> Append {
    request(id, [stream], move |streams| {
        let found = streams.version(stream);
        if found == expected { Ok(()) } else { Err(Refusal::VersionConflict { expected, found }) }
    })
}

/// Fails unless these are the positions 1, 2, 3 …, and each stream's versions too.
fn assert_dense(events: &[StoredEvent]) {
    let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
    let mut versions = std::collections::HashMap::new();
    for event in events {
        let last = versions.entry(event.stream_id).or_insert(0);
        *last += 1;
        assert_eq!(event.version, *last, "stream {}", event.stream_id);
    }
}
