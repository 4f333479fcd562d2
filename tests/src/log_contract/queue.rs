//! The queue before the writer: bounded, answered after the commit, written out when the program ends.
use super::{NOON, Node, assert_dense, dossier, sightings};
use crate::engine::{Fresh, on_both_engines};
use async_trait::async_trait;
use domain::id::Region;
use eventstore::{AppendError, Appended, Clock, Inline, Streams, Tx, WriteError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

on_both_engines!(
    a_full_queue_says_busy_and_loses_nothing,
    nothing_is_acknowledged_before_its_commit,
    what_waits_when_the_program_ends_is_still_written,
    what_waits_shares_one_commit,
    an_id_used_again_in_a_message_costs_its_neighbours_nothing,
);

/// Stops before each commit until it is let through, and counts them.
struct Gate {
    open: Semaphore,
    commits: AtomicU32,
}

#[async_trait]
impl Inline for Gate {
    async fn apply(&self, _: &mut Tx, _: Region, _: &mut Streams, _: &[Appended]) -> Result<(), WriteError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.open.acquire().await.map(drop).map_err(|error| WriteError::Inline(error.to_string()))
    }
}

async fn gated(fresh: &Fresh) -> anyhow::Result<(Node, Arc<Gate>)> {
    let gate = Arc::new(Gate { open: Semaphore::new(0), commits: AtomicU32::new(0) });
    Ok((Node::with(fresh, Clock::driven(NOON), Some(gate.clone())).await?, gate))
}

/// Asks for `ids`, each by itself, and waits until all of them are queued.
async fn queue(node: &Node, ids: std::ops::Range<u128>) -> JoinSet<Result<eventstore::Receipt, AppendError>> {
    let mut waiting = JoinSet::new();
    let room_after = node.log.room() - ids.clone().count();
    for id in ids {
        let log = node.log.clone();
        waiting.spawn(async move { log.append_one(sightings(id, [dossier(id % 50)])).await });
    }
    while node.log.room() > room_after {
        sleep(Duration::from_millis(1)).await;
    }
    waiting
}

/// One request that the writer has taken and holds at the gate.
async fn held(node: &Node) -> JoinSet<Result<eventstore::Receipt, AppendError>> {
    let room = node.log.room();
    let mut waiting = JoinSet::new();
    let log = node.log.clone();
    waiting.spawn(async move { log.append_one(sightings(0, [dossier(0)])).await });
    sleep(Duration::from_millis(100)).await;
    assert_eq!(node.log.room(), room, "the writer took it");
    waiting
}

async fn a_full_queue_says_busy_and_loses_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let (node, gate) = gated(&fresh).await?;
    let first = held(&node).await;
    let room = node.log.room() as u128;
    let waiting = queue(&node, 1..room + 1).await;
    let refused = node.log.append_one(sightings(999_999, [dossier(1)])).await;
    assert!(matches!(refused, Err(AppendError::Busy)), "{refused:?}");
    gate.open.add_permits(1);
    for receipt in first.join_all().await.into_iter().chain(waiting.join_all().await) {
        receipt?;
    }
    let events = node.all().await?;
    assert_dense(&events);
    assert_eq!(events.len() as u128, room + 1);
    node.log.append_one(sightings(999_999, [dossier(1)])).await?;
    Ok(())
}

async fn nothing_is_acknowledged_before_its_commit(fresh: Fresh) -> anyhow::Result<()> {
    let (node, gate) = gated(&fresh).await?;
    let mut first = held(&node).await;
    assert!(first.try_join_next().is_none(), "inserted, not committed, not answered");
    assert_eq!((node.head().await?, node.all().await?.len()), (0, 0), "and not to be seen");
    gate.open.add_permits(1);
    let receipt = first.join_next().await.expect("one request")??;
    assert_eq!((receipt.events[0].position, node.head().await?), (1, 1));
    Ok(())
}

async fn what_waits_when_the_program_ends_is_still_written(fresh: Fresh) -> anyhow::Result<()> {
    let (node, gate) = gated(&fresh).await?;
    let first = held(&node).await;
    let waiting = queue(&node, 1..30).await;
    let ending = tokio::spawn(node.close());
    gate.open.add_permits(1);
    for receipt in first.join_all().await.into_iter().chain(waiting.join_all().await) {
        receipt?;
    }
    ending.await??;
    let later = Node::open(&fresh).await?;
    assert_eq!(later.all().await?.len(), 30);
    Ok(())
}

async fn what_waits_shares_one_commit(fresh: Fresh) -> anyhow::Result<()> {
    let (node, gate) = gated(&fresh).await?;
    let first = held(&node).await;
    let waiting = queue(&node, 1..500).await;
    gate.open.add_permits(1);
    for receipt in first.join_all().await.into_iter().chain(waiting.join_all().await) {
        receipt?;
    }
    assert_eq!(gate.commits.load(Ordering::SeqCst), 2, "the one that was held, and all that waited behind it");
    assert_eq!(node.all().await?.len(), 500);
    Ok(())
}

async fn an_id_used_again_in_a_message_costs_its_neighbours_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let (node, gate) = gated(&fresh).await?;
    gate.open.add_permits(1);
    let mut other = sightings(1, [dossier(9)]);
    other.content_hash = [0; 32];
    let message = vec![sightings(1, [dossier(1)]), other, sightings(1, [dossier(1)]), sightings(2, [dossier(2)])];
    let answers = node.log.append(message).await?;
    assert!(matches!(answers[1], Err(AppendError::IdReused)), "{:?}", answers[1]);
    assert!(answers[2].as_ref().is_ok_and(|receipt| receipt.duplicate), "{:?}", answers[2]);
    assert_eq!(gate.commits.load(Ordering::SeqCst), 1, "written at once, not tried one by one");
    assert_eq!(node.all().await?.len(), 2);
    Ok(())
}
