//! All or nothing over many streams; a conflict has a name; one bad request fails none of its neighbours.
use super::{NOON, Node, REGION, assert_dense, bag, dossier, expecting, request, sightings};
use crate::engine::{Fresh, on_both_engines};
use async_trait::async_trait;
use domain::dossier::DossierRefusal;
use domain::id::Region;
use domain::stream::StreamId;
use eventstore::{AppendError, Appended, Clock, Inline, Refusal, Streams, Tx, WriteError, sql};
use std::sync::Arc;
use tokio::task::JoinSet;

on_both_engines!(
    a_command_over_two_hundred_dossiers_is_one_append,
    a_refused_command_over_two_hundred_dossiers_leaves_nothing,
    a_command_of_which_one_event_cannot_be_written_leaves_nothing,
    a_version_conflict_is_a_named_error,
    a_request_sees_what_the_one_before_it_in_its_batch_did,
    a_request_that_fails_inline_fails_none_of_its_neighbours,
    what_is_written_inline_is_committed_with_the_events_or_not_at_all,
);

fn two_hundred() -> impl Iterator<Item = StreamId> {
    (0..200).map(|number| if number % 10 == 9 { bag(number) } else { dossier(number) })
}

async fn a_command_over_two_hundred_dossiers_is_one_append(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    node.log.append_one(sightings(1, [dossier(3)])).await?;
    let receipt = node.log.append_one(sightings(2, two_hundred())).await?;
    assert_eq!(receipt.events.iter().map(|it| it.position).collect::<Vec<_>>(), (2..=201).collect::<Vec<_>>());
    let events = node.all().await?;
    assert_dense(&events);
    let ordinals: Vec<i64> = events[1..].iter().map(|event| event.ordinal).collect();
    assert_eq!(ordinals, (0..200).collect::<Vec<_>>());
    assert!(node.log.append_one(sightings(2, two_hundred())).await?.duplicate);
    Ok(())
}

async fn a_refused_command_over_two_hundred_dossiers_leaves_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    node.log.append_one(sightings(1, [dossier(151)])).await?;
    let none_was_seen = |streams: &Streams| match two_hundred().find(|&stream| streams.version(stream) > 0) {
        Some(_) => Err(Refusal::Dossier(DossierRefusal::Annulled)),
        None => Ok(()),
    };
    let refused = node.log.append_one(request(2, two_hundred(), none_was_seen)).await;
    assert!(matches!(refused, Err(AppendError::Refused(Refusal::Dossier(DossierRefusal::Annulled)))), "{refused:?}");
    assert_eq!(node.head().await?, 1);
    assert_eq!(node.log.append_one(sightings(3, [dossier(0)])).await?.events[0].position, 2, "no number was used up");
    Ok(())
}

async fn a_command_of_which_one_event_cannot_be_written_leaves_nothing(fresh: Fresh) -> anyhow::Result<()> {
    Node::open(&fresh).await?.log.append_one(sightings(1, [dossier(151)])).await?;
    // This node has not seen dossier 151, and the command does not say that it writes to it: a version used twice.
    let node = Node::open(&fresh).await?;
    let mut command = sightings(2, two_hundred());
    command.reads.retain(|&stream| stream != dossier(151));
    let failed = node.log.append_one(command).await;
    assert!(matches!(failed, Err(AppendError::Failed(_))), "{failed:?}");
    assert_eq!((node.head().await?, node.all().await?.len()), (1, 1));
    let sound = node.log.append_one(sightings(2, two_hundred())).await?;
    assert!(!sound.duplicate, "the failed one used up neither its id nor the streams' versions");
    assert_dense(&node.all().await?);
    Ok(())
}

async fn a_version_conflict_is_a_named_error(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    node.log.append_one(expecting(1, dossier(1), 0)).await?;
    let conflict = node.log.append_one(expecting(2, dossier(1), 0)).await;
    let named = Refusal::VersionConflict { expected: 0, found: 1 };
    assert!(matches!(&conflict, Err(AppendError::Refused(refusal)) if *refusal == named), "{conflict:?}");
    node.log.append_one(expecting(2, dossier(1), 1)).await?;
    assert_dense(&node.all().await?);
    Ok(())
}

async fn a_request_sees_what_the_one_before_it_in_its_batch_did(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let message = (0..5).map(|id| expecting(id + 1, dossier(1), id as usize)).collect();
    for answer in node.log.append(message).await? {
        answer?;
    }
    let both = node.log.append(vec![expecting(6, dossier(1), 5), expecting(7, dossier(1), 5)]).await?;
    assert!(both[0].is_ok() && matches!(both[1], Err(AppendError::Refused(Refusal::VersionConflict { found: 6, .. }))));
    Ok(())
}

/// Notes each position in a table, then fails if dossier 13 is among the streams.
struct UnluckyThirteen;

#[async_trait]
impl Inline for UnluckyThirteen {
    async fn apply(
        &self,
        tx: &mut Tx,
        region: Region,
        _streams: &mut Streams,
        appended: &[Appended],
    ) -> Result<(), WriteError> {
        assert_eq!(region, REGION);
        for it in appended {
            sql!(tx.conn(), c => sqlx::query("insert into noted (position) values ($1)")
                .bind(it.position).execute(c).await.map(|_| ()))?;
        }
        match appended.iter().find(|it| it.stream == dossier(13)) {
            Some(_) => Err(WriteError::Inline("thirteen".to_owned())),
            None => Ok(()),
        }
    }
}

async fn unlucky(fresh: &Fresh) -> anyhow::Result<Node> {
    let db = fresh.db().await?;
    let mut tx = db.begin().await?;
    let table = "create table noted (position bigint not null primary key)";
    sql!(tx.conn(), c => sqlx::query(table).execute(c).await.map(|_| ()))?;
    tx.commit().await?;
    db.close().await;
    Node::with(fresh, Clock::driven(NOON), Some(Arc::new(UnluckyThirteen))).await
}

async fn noted(node: &Node) -> anyhow::Result<Vec<i64>> {
    let text = "select position from noted order by position";
    Ok(sql!(node.log.db().read(), c => sqlx::query_scalar(text).fetch_all(c).await)?)
}

async fn a_request_that_fails_inline_fails_none_of_its_neighbours(fresh: Fresh) -> anyhow::Result<()> {
    let node = unlucky(&fresh).await?;
    let message = vec![sightings(1, [dossier(1)]), sightings(2, [dossier(2), dossier(13)]), sightings(3, [dossier(1)])];
    let answers = node.log.append(message).await?;
    assert!(answers[0].is_ok() && answers[2].is_ok());
    let Err(AppendError::Failed(error)) = &answers[1] else { panic!("{:?}", answers[1]) };
    assert_eq!(error.to_string(), "thirteen");
    let mut others = JoinSet::new();
    for id in 10..40 {
        let log = node.log.clone();
        others.spawn(async move { (id, log.append_one(sightings(id, [dossier(id)])).await) });
    }
    while let Some(answer) = others.join_next().await {
        let (id, answer) = answer?;
        assert_eq!(answer.is_ok(), id != 13, "request {id}: {answer:?}");
    }
    let events = node.all().await?;
    assert_dense(&events);
    assert_eq!(events.len(), 2 + 29);
    Ok(())
}

async fn what_is_written_inline_is_committed_with_the_events_or_not_at_all(fresh: Fresh) -> anyhow::Result<()> {
    let node = unlucky(&fresh).await?;
    node.log.append_one(sightings(1, [dossier(1), dossier(2)])).await?;
    assert!(node.log.append_one(sightings(2, [dossier(13)])).await.is_err());
    node.log.append_one(sightings(3, [dossier(1)])).await?;
    assert_eq!(noted(&node).await?, [1, 2, 3]);
    Ok(())
}
