//! The `EventStore` of esrs over this log, so that its `AggregateManager` runs here unchanged.
use crate::Log;
use crate::append::{Append, AppendError, Refusal};
use crate::streams::LoadError;
use async_trait::async_trait;
use domain::event::{Event, Fact};
use domain::id::{CaseId, SubjectId};
use domain::stream::{AnyFact, StreamId};
use esrs::store::{EventStore, EventStoreLockGuard, StoreEvent, UnlockOnDrop};
use esrs::{Aggregate, AggregateState};
use sha2::{Digest, Sha256};
use std::marker::PhantomData;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

/// An aggregate whose stream lies in this log.
pub trait Streamed: Aggregate<Event = Event<Self::Fact>> + Send + Sync {
    /// Its facts.
    type Fact: Fact + Send + Sync + 'static;
    /// Its stream.
    fn stream(id: Uuid) -> StreamId;
    /// Its fact among all.
    fn any(fact: Self::Fact) -> AnyFact;
    /// Its fact out of all.
    fn own(fact: AnyFact) -> Option<Self::Fact>;
}

macro_rules! streamed {
    ($aggregate:ty, $fact:ty, $variant:ident, $id:ident) => {
        impl Streamed for $aggregate {
            type Fact = $fact;
            fn stream(id: Uuid) -> StreamId {
                StreamId::$variant($id(id))
            }
            fn any(fact: $fact) -> AnyFact {
                AnyFact::$variant(fact)
            }
            fn own(fact: AnyFact) -> Option<$fact> {
                if let AnyFact::$variant(fact) = fact { Some(fact) } else { None }
            }
        }
    };
}
streamed!(domain::dossier::Dossier, domain::dossier::DossierFact, Dossier, SubjectId);
streamed!(domain::bag::Bag, domain::bag::BagFact, Bag, SubjectId);
streamed!(domain::case::Case, domain::case::CaseFact, Case, CaseId);

/// The log seen through esrs, for one aggregate.
pub struct EsrsStore<A> {
    log: Log,
    /// esrs asks for a lock around load and persist; the version check is what guards, so one for all is enough.
    lock: Arc<Mutex<()>>,
    aggregate: PhantomData<fn() -> A>,
}

impl<A> EsrsStore<A> {
    /// Over a log.
    #[must_use]
    pub fn new(log: Log) -> Self {
        Self { log, lock: Arc::default(), aggregate: PhantomData }
    }
}

/// What esrs is told when this store cannot do as asked.
#[derive(Debug, thiserror::Error)]
pub enum EsrsError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("an event cannot be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    #[error("events are never deleted")]
    NothingIsDeleted,
}

struct Guard(#[expect(dead_code, reason = "held until dropped")] OwnedMutexGuard<()>);
impl UnlockOnDrop for Guard {}

#[async_trait]
impl<A: Streamed> EventStore for EsrsStore<A>
where
    A::State: Send,
{
    type Aggregate = A;
    type Error = EsrsError;

    async fn lock(&self, _aggregate_id: Uuid) -> Result<EventStoreLockGuard, EsrsError> {
        Ok(EventStoreLockGuard::new(Guard(self.lock.clone().lock_owned().await)))
    }

    async fn by_aggregate_id(&self, aggregate_id: Uuid) -> Result<Vec<StoreEvent<A::Event>>, EsrsError> {
        let rows = self.log.load(A::stream(aggregate_id), None).await.map_err(LoadError::from)?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let (_, event) = row.decode().map_err(LoadError::from)?;
            let Event { scan, occurred_at, recorded_at, source, fact } = event;
            if let Some(fact) = A::own(fact) {
                let event = Event { scan, occurred_at, recorded_at, source, fact };
                events.push(store_event::<A>(aggregate_id, row.version, event));
            }
        }
        Ok(events)
    }

    async fn persist(
        &self,
        state: &mut AggregateState<A::State>,
        events: Vec<A::Event>,
    ) -> Result<Vec<StoreEvent<A::Event>>, EsrsError> {
        let Some(first) = events.first() else { return Ok(Vec::new()) };
        let (id, expected) = (*state.id(), usize::try_from(*state.sequence_number()).unwrap_or(0));
        let stream = A::stream(id);
        let mut hash = Sha256::new();
        for event in &events {
            hash.update(event.fact.encode(&event.source)?);
        }
        let (scan, content_hash) = (first.scan, hash.finalize().into());
        let decide = {
            let events = events.clone();
            move |streams: &crate::Streams, recorded_at| {
                let found = streams.version(stream);
                if found != expected {
                    return Err(Refusal::VersionConflict { expected, found });
                }
                let stamped = events.iter().cloned().map(|event: Event<A::Fact>| {
                    let Event { occurred_at, source, fact, .. } = event;
                    (stream, Event { scan, occurred_at, recorded_at, source, fact: A::any(fact) })
                });
                Ok(stamped.collect())
            }
        };
        let request = Append { id: scan, content_hash, reads: vec![stream], decide: Arc::new(decide) };
        self.log.append_one(request).await?;
        let stored =
            events.into_iter().map(|event| store_event::<A>(id, i64::from(state.next_sequence_number()), event));
        Ok(stored.collect())
    }

    async fn publish(&self, _events: &[StoreEvent<A::Event>]) {
        // Followers read the log; nobody is told by hand.
    }

    async fn delete(&self, _aggregate_id: Uuid) -> Result<(), EsrsError> {
        Err(EsrsError::NothingIsDeleted)
    }
}

fn store_event<A: Streamed>(id: Uuid, version: i64, event: A::Event) -> StoreEvent<A::Event> {
    StoreEvent {
        id: event.scan.0,
        aggregate_id: id,
        occurred_on: chrono::DateTime::from_timestamp_millis(event.occurred_at.0).unwrap_or_default(),
        sequence_number: i32::try_from(version).unwrap_or(i32::MAX),
        version: Some(event.fact.version()),
        payload: event,
    }
}
