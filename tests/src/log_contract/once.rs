//! Exactly once in effect: a repeat gets the first receipt, and the same id with other content is an error.
use super::{Node, assert_dense, dossier, expecting, hash_of, sightings};
use crate::engine::{Fresh, on_both_engines};
use domain::time::Timestamp;
use eventstore::{Append, AppendError, Appended, Receipt};

on_both_engines!(
    a_repeat_gets_the_first_receipt,
    a_repeat_is_known_after_reopening_and_by_another_node,
    the_same_id_with_other_content_is_an_error,
    a_repeat_inside_one_message_is_written_once,
    the_same_id_with_other_content_inside_one_message_is_an_error,
    a_refused_request_leaves_its_id_free,
    a_repeat_sent_while_the_first_is_on_its_way_is_written_once,
);

fn with_other_content(mut request: Append) -> Append {
    request.content_hash = hash_of(u128::MAX);
    request
}

/// A receipt in comparable words.
fn told(receipt: &Receipt) -> Vec<(i64, &'static str, Timestamp)> {
    let word = |it: &Appended| (it.position, it.event.fact.name(), it.event.recorded_at);
    receipt.events.iter().map(word).collect()
}

async fn a_repeat_gets_the_first_receipt(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let first = node.log.append_one(sightings(1, [dossier(1), dossier(2)])).await?;
    node.log.append_one(sightings(2, [dossier(1)])).await?;
    let again = node.log.append_one(sightings(1, [dossier(1), dossier(2)])).await?;
    assert_eq!((first.duplicate, again.duplicate), (false, true));
    assert_eq!(told(&again), told(&first));
    for (first, again) in first.events.iter().zip(&again.events) {
        assert_eq!((first.stream, &first.event), (again.stream, &again.event));
    }
    assert_eq!(node.head().await?, 3);
    Ok(())
}

async fn a_repeat_is_known_after_reopening_and_by_another_node(fresh: Fresh) -> anyhow::Result<()> {
    let (node, other) = (Node::open(&fresh).await?, Node::open(&fresh).await?);
    let first = node.log.append_one(sightings(1, [dossier(1)])).await?;
    let elsewhere = other.log.append_one(sightings(1, [dossier(1)])).await?;
    node.close().await?;
    let later = Node::open(&fresh).await?.log.append_one(sightings(1, [dossier(1)])).await?;
    assert!(elsewhere.duplicate && later.duplicate);
    assert_eq!((told(&elsewhere), told(&later)), (told(&first), told(&first)));
    Ok(())
}

async fn the_same_id_with_other_content_is_an_error(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    node.log.append_one(sightings(1, [dossier(1)])).await?;
    let reused = node.log.append_one(with_other_content(sightings(1, [dossier(9)]))).await;
    assert!(matches!(reused, Err(AppendError::IdReused)), "{reused:?}");
    assert_eq!(node.head().await?, 1);
    assert!(node.log.append_one(sightings(1, [dossier(1)])).await?.duplicate, "the first still stands");
    Ok(())
}

async fn a_repeat_inside_one_message_is_written_once(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let message = vec![sightings(1, [dossier(1)]), sightings(2, [dossier(1)]), sightings(1, [dossier(1)])];
    let answers: Vec<Receipt> = node.log.append(message).await?.into_iter().collect::<Result<_, _>>()?;
    assert_eq!(answers.iter().map(|it| it.duplicate).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(told(&answers[0]), told(&answers[2]));
    assert_dense(&node.all().await?);
    assert_eq!(node.head().await?, 2);
    Ok(())
}

async fn the_same_id_with_other_content_inside_one_message_is_an_error(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let one = || sightings(1, [dossier(1)]);
    let answers = node.log.append(vec![one(), with_other_content(one()), one(), sightings(2, [dossier(1)])]).await?;
    assert!(matches!(answers[0], Ok(Receipt { duplicate: false, .. })), "{:?}", answers[0]);
    assert!(matches!(answers[1], Err(AppendError::IdReused)), "{:?}", answers[1]);
    assert!(matches!(answers[2], Ok(Receipt { duplicate: true, .. })), "{:?}", answers[2]);
    assert!(matches!(answers[3], Ok(Receipt { duplicate: false, .. })), "{:?}", answers[3]);
    assert_eq!(node.head().await?, 2);
    Ok(())
}

async fn a_refused_request_leaves_its_id_free(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let early = || expecting(1, dossier(1), 1);
    let answers = node.log.append(vec![early(), sightings(2, [dossier(1)]), early()]).await?;
    assert!(matches!(answers[0], Err(AppendError::Refused(_))), "{:?}", answers[0]);
    assert!(matches!(answers[2], Ok(Receipt { duplicate: false, .. })), "decided by itself: {:?}", answers[2]);
    assert!(node.log.append_one(early()).await?.duplicate);
    assert_eq!(node.head().await?, 2);
    Ok(())
}

async fn a_repeat_sent_while_the_first_is_on_its_way_is_written_once(fresh: Fresh) -> anyhow::Result<()> {
    let (node, other) = (Node::open(&fresh).await?, Node::open(&fresh).await?);
    for id in 1..=20 {
        let (here, there) = tokio::join!(
            node.log.append_one(sightings(id, [dossier(id % 3)])),
            other.log.append_one(sightings(id, [dossier(id % 3)])),
        );
        let (here, there) = (here?, there?);
        assert_eq!((told(&here), here.duplicate), (told(&there), !there.duplicate), "scan {id}");
    }
    assert_dense(&node.all().await?);
    assert_eq!(node.head().await?, 20);
    Ok(())
}
