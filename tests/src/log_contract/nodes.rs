//! Several nodes on one database: what is in memory is caught up first, and a slow writer makes no reader skip.
use super::positions::follow;
use super::{NOON, Node, assert_dense, bag, dossier, expecting, request, sightings};
use crate::engine::{Fresh, on_both_engines};
use async_trait::async_trait;
use domain::id::{Region, SubjectId};
use domain::stream::StreamId;
use eventstore::{Appended, Clock, Inline, Refusal, Streams, Tx, WriteError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

on_both_engines!(
    what_is_in_memory_is_caught_up_when_another_node_appended,
    a_node_that_is_far_behind_starts_anew,
    two_nodes_write_one_log_without_a_gap,
    a_reader_skips_nothing_while_a_slow_writer_holds_back_its_commit,
    a_node_sees_what_it_only_wrote_to_but_never_read,
);

async fn what_is_in_memory_is_caught_up_when_another_node_appended(fresh: Fresh) -> anyhow::Result<()> {
    let (node, other) = (Node::open(&fresh).await?, Node::open(&fresh).await?);
    for round in 0..5 {
        node.log.append_one(expecting(round * 2 + 1, dossier(1), round as usize * 2)).await?;
        other.log.append_one(expecting(round * 2 + 2, dossier(1), round as usize * 2 + 1)).await?;
    }
    let whole_history = request(99, [dossier(1)], |streams| {
        let history = streams.dossier(subject(dossier(1)));
        let scans: Vec<u128> = history.arrived().map(|event| event.scan.0.as_u128()).collect();
        assert_eq!(scans, (1..=10).collect::<Vec<_>>());
        Ok(())
    });
    node.log.append_one(whole_history).await?;
    assert_dense(&other.all().await?);
    Ok(())
}

fn subject(stream: StreamId) -> SubjectId {
    SubjectId(stream.uuid())
}

async fn a_node_that_is_far_behind_starts_anew(fresh: Fresh) -> anyhow::Result<()> {
    let (node, other) = (Node::open(&fresh).await?, Node::open(&fresh).await?);
    node.log.append_one(sightings(1, [dossier(1)])).await?;
    for id in 2..=5 {
        other.log.append_one(sightings(id, (0..2_600).map(|number| dossier(number % 200)))).await?;
    }
    node.log.append_one(expecting(6, dossier(1), 1 + 4 * 13)).await?;
    assert_dense(&node.all().await?);
    Ok(())
}

async fn two_nodes_write_one_log_without_a_gap(fresh: Fresh) -> anyhow::Result<()> {
    let nodes = [Node::open(&fresh).await?, Node::open(&fresh).await?];
    let reader = tokio::spawn(follow(nodes[0].log.clone(), 200));
    let mut writers = JoinSet::new();
    for (writer, node) in (0..8).zip(nodes.iter().cycle()) {
        let log = node.log.clone();
        writers.spawn(async move {
            for id in (writer * 25)..(writer * 25 + 25) {
                log.append_one(sightings(id, [dossier(id % 5)])).await.expect("appended");
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done?;
    }
    assert_eq!(reader.await??, 200);
    assert_dense(&nodes[1].all().await?);
    Ok(())
}

/// Holds each append back between its insert and its commit.
struct HoldsBack {
    entered: AtomicU32,
}

#[async_trait]
impl Inline for HoldsBack {
    async fn apply(&self, _: &mut Tx, _: Region, _: &mut Streams, _: &[Appended]) -> Result<(), WriteError> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(150)).await;
        Ok(())
    }
}

async fn a_reader_skips_nothing_while_a_slow_writer_holds_back_its_commit(fresh: Fresh) -> anyhow::Result<()> {
    let slow_hook = Arc::new(HoldsBack { entered: AtomicU32::new(0) });
    let slow = Node::with(&fresh, Clock::driven(NOON), Some(slow_hook.clone())).await?;
    let quick = Node::open(&fresh).await?;
    let reader = tokio::spawn(follow(quick.log.clone(), 10));
    for round in 0..5_u32 {
        let log = slow.log.clone();
        let held_back =
            tokio::spawn(async move { log.append_one(sightings(u128::from(round) + 1, [dossier(1)])).await });
        while slow_hook.entered.load(Ordering::SeqCst) <= round {
            sleep(Duration::from_millis(1)).await;
        }
        // The slow one has inserted and not committed. The quick one asks now.
        let receipt = quick.log.append_one(sightings(u128::from(round) + 100, [dossier(2)])).await?;
        let before = held_back.await??;
        assert!(before.events[0].position < receipt.events[0].position, "the order of commits is the order of numbers");
    }
    assert_eq!(reader.await??, 10);
    assert_dense(&quick.all().await?);
    Ok(())
}

/// Nodes share a server; a SQLite file has one, and who else opens it comes later.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_agree_on_one_log() -> anyhow::Result<()> {
    let fresh = Fresh::postgres().await;
    let (one, two, three) = tokio::try_join!(Node::open(&fresh), Node::open(&fresh), Node::open(&fresh))?;
    for (node, id) in [one, two, three].iter().zip(1..) {
        let receipt = node.log.append_one(sightings(id, [bag(1)])).await?;
        assert_eq!(u128::try_from(receipt.events[0].position)?, id);
    }
    Ok(())
}

async fn a_node_sees_what_it_only_wrote_to_but_never_read(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let mut blind = sightings(1, [dossier(1)]);
    blind.reads.clear();
    node.log.append_one(blind).await?;
    let conflict = node.log.append_one(expecting(2, dossier(1), 0)).await.expect_err("it was written to");
    assert_eq!(conflict.to_string(), Refusal::VersionConflict { expected: 0, found: 1 }.to_string());
    Ok(())
}
