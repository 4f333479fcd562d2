//! Dense positions in commit order, a `recorded_at` that never falls, durability before the answer.
use super::{NOON, Node, assert_dense, dossier, sightings};
use crate::engine::{Fresh, on_both_engines};
use eventstore::db::Engine;
use eventstore::{Clock, Log};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

on_both_engines!(
    a_reader_sees_no_gap_while_eight_append,
    recorded_at_never_falls_when_the_clock_steps_back,
    a_time_is_the_last_position_recorded_by_then,
    an_append_after_reopening_continues_the_numbers,
    a_commit_waits_for_the_disk,
    the_bell_rings_with_each_new_position,
    a_log_that_nobody_opened_is_said_to_be_missing,
);

const WRITERS: u128 = 8;
const EACH: u128 = 40;

/// How long a reader waits for events that do not come, before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until it has seen `end`; whatever it is shown must follow what it saw.
pub(super) async fn follow(log: Log, end: i64) -> anyhow::Result<i64> {
    timeout(PATIENCE, poll(log, end)).await?
}

async fn poll(log: Log, end: i64) -> anyhow::Result<i64> {
    let mut seen = 0;
    while seen < end {
        for event in log.after(seen, 50).await? {
            assert_eq!(event.position, seen + 1, "a gap, or a step back");
            seen = event.position;
        }
        let head = log.head_row().await?.position;
        assert!(head >= seen, "the head says {head}, but {seen} was shown");
    }
    Ok(seen)
}

async fn a_reader_sees_no_gap_while_eight_append(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    // Each writer's requests record one to three events, in streams that others write to as well.
    let events_of = |id: u128| (0..=id % 3).map(move |it| dossier((id + it) % 7));
    let total: usize = (0..WRITERS * EACH).map(|id| events_of(id).count()).sum();
    let reader = tokio::spawn(follow(node.log.clone(), total as i64));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = node.log.clone();
        writers.spawn(async move {
            for id in (writer * EACH)..(writer + 1) * EACH {
                log.append_one(sightings(id, events_of(id))).await.expect("appended");
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done?;
    }
    assert_eq!(reader.await??, total as i64);
    assert_dense(&node.all().await?);
    Ok(())
}

async fn recorded_at_never_falls_when_the_clock_steps_back(fresh: Fresh) -> anyhow::Result<()> {
    let clock = Clock::driven(NOON);
    let node = Node::with(&fresh, clock.clone(), None).await?;
    for (id, now) in [(1, 0), (2, -3_600_000), (3, 5_000), (4, 4_999)] {
        assert!(clock.set(NOON.plus(now)));
        node.log.append_one(sightings(id, [dossier(1)])).await?;
    }
    let recorded: Vec<i64> = node.all().await?.iter().map(|event| event.recorded_at - NOON.0).collect();
    assert_eq!(recorded, [0, 0, 5_000, 5_000]);
    node.close().await?;
    let behind = Node::with(&fresh, Clock::driven(NOON.plus(-86_400_000)), None).await?;
    behind.log.append_one(sightings(5, [dossier(1)])).await?;
    assert_eq!(behind.all().await?[4].recorded_at, NOON.0 + 5_000, "nor in another life of the program");
    Ok(())
}

async fn a_time_is_the_last_position_recorded_by_then(fresh: Fresh) -> anyhow::Result<()> {
    let clock = Clock::driven(NOON);
    let node = Node::with(&fresh, clock.clone(), None).await?;
    assert_eq!(node.log.position_at(NOON).await?, 0);
    for (id, now) in [(1, 10), (2, 20), (3, 20), (4, 20), (5, 30)] {
        assert!(clock.set(NOON.plus(now)));
        node.log.append_one(sightings(id, [dossier(id)])).await?;
    }
    for (now, position) in [(9, 0), (10, 1), (19, 1), (20, 4), (29, 4), (30, 5), (1_000_000, 5)] {
        assert_eq!(node.log.position_at(NOON.plus(now)).await?, position, "{now} ms after noon");
    }
    let known = node.log.load(dossier(5), Some(4)).await?;
    assert!(known.is_empty(), "as known at position 4, nothing had happened to the fifth");
    Ok(())
}

async fn an_append_after_reopening_continues_the_numbers(fresh: Fresh) -> anyhow::Result<()> {
    for life in 0..3 {
        let node = Node::open(&fresh).await?;
        assert_eq!(node.head().await?, life * 2);
        let id = life as u128 * 2;
        node.log.append(vec![sightings(id + 1, [dossier(1)]), sightings(id + 2, [dossier(2)])]).await?;
        node.close().await?;
    }
    let node = Node::open(&fresh).await?;
    assert_dense(&node.all().await?);
    assert_eq!(node.log.state(dossier(1), None).await?.version(), 3);
    assert_eq!(node.log.head_row().await?.epoch, 1, "opening begins no new life of the log");
    Ok(())
}

async fn a_commit_waits_for_the_disk(fresh: Fresh) -> anyhow::Result<()> {
    let db = fresh.db().await?;
    if let Engine::Postgres(pool) = db.read() {
        let careless =
            "do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$";
        sqlx::query(careless).execute(pool).await?;
    }
    db.close().await;
    let db = fresh.db().await?;
    let mut tx = db.begin().await?;
    match tx.conn() {
        Engine::Sqlite(writer) => {
            let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut *writer).await?;
            let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(writer).await?;
            assert_eq!((mode.as_str(), synchronous), ("wal", 2), "2 is FULL");
        }
        Engine::Postgres(writer) => {
            let synchronous: String = sqlx::query_scalar("show synchronous_commit").fetch_one(writer).await?;
            assert_eq!(synchronous, "on");
        }
    }
    Ok(tx.rollback().await?)
}

async fn the_bell_rings_with_each_new_position(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let mut bell = node.log.doorbell();
    assert_eq!(*bell.borrow_and_update(), 0);
    node.log.append_one(sightings(1, [dossier(1), dossier(2)])).await?;
    bell.changed().await?;
    assert_eq!(*bell.borrow_and_update(), 2);
    assert_eq!(node.head().await?, 2, "what the bell tells is committed");
    node.log.append_one(sightings(1, [dossier(1), dossier(2)])).await?;
    assert!(!bell.has_changed()?, "a repeat is nothing new");
    Ok(())
}

async fn a_log_that_nobody_opened_is_said_to_be_missing(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let mut tx = node.log.db().begin().await?;
    eventstore::sql!(tx.conn(), c => sqlx::query("delete from heads").execute(c).await.map(|_| ()))?;
    tx.commit().await?;
    let error = node.log.append_one(sightings(1, [dossier(1)])).await.expect_err("no head, no append");
    assert!(error.to_string().contains("region 441424 has no log"), "{error}");
    Ok(())
}
