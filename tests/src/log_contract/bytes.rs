//! Bytes are kept: a body is handed on as the text that was written, whoever wrote it.
use super::{NOON, Node, REGION, dossier, scan, sightings, source};
use crate::engine::{Fresh, on_both_engines};
use domain::dossier::{DossierFact, Piece, PieceKind};
use domain::event::{Event, Fact};
use domain::stream::AnyFact;
use eventstore::{Append, Streams, sql};
use std::sync::Arc;

on_both_engines!(
    a_body_is_read_back_as_the_text_that_was_written,
    a_body_written_by_another_program_is_handed_on_untouched,
    an_event_of_a_newer_program_stops_its_reader_and_says_so,
);

fn piece() -> DossierFact {
    let name = "《不动产登记申请书》 \"原件\" \\ 🏔\t2/3 \u{0}".to_owned();
    DossierFact::PieceAdded(Piece { name, kind: PieceKind::Original, count: 3 })
}

async fn a_body_is_read_back_as_the_text_that_was_written(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let decide = |_: &Streams, recorded_at| {
        let fact = AnyFact::Dossier(piece());
        Ok(vec![(dossier(1), Event { scan: scan(1), occurred_at: NOON, recorded_at, source: source(), fact })])
    };
    let request = Append { id: scan(1), content_hash: [0xab; 32], reads: vec![dossier(1)], decide: Arc::new(decide) };
    let receipt = node.log.append_one(request.clone()).await?;
    let written = piece().encode(&source())?;
    let first = node.all().await?;
    assert_eq!(first[0].body, written);
    assert_eq!((first[0].name.as_str(), first[0].schema_version), ("piece_added", 1));
    assert_eq!((first[0].content_hash.as_slice(), first[0].occurred_at), ([0xab; 32].as_slice(), NOON.0));
    assert_eq!(first[0].decode()?, (dossier(1), receipt.events[0].event.clone()));
    node.log.append_one(sightings(2, [dossier(1)])).await?;
    node.log.append_one(request).await?;
    node.close().await?;
    let later = Node::open(&fresh).await?;
    assert_eq!(later.all().await?[0], first[0], "nothing that came later touched it");
    assert_eq!(later.log.load(dossier(1), None).await?[0], first[0]);
    Ok(())
}

/// Puts a row into the log as another program would.
async fn written_elsewhere(node: &Node, name: &str, version: i64, body: &str) -> anyhow::Result<()> {
    let mut tx = node.log.db().begin().await?;
    let (region, stream) = (i64::from(REGION.0), dossier(1));
    sql!(tx.conn(), c => sqlx::query(
        "insert into events (region, position, stream_kind, stream_id, version, scan_id, ordinal, content_hash, name,
         schema_version, occurred_at, recorded_at, body) values ($1, 1, 'dossier', $2, 1, $3, 0, $4, $5, $6, $7, $7, $8)")
        .bind(region).bind(stream.uuid()).bind(scan(99).0).bind([1_u8; 32].as_slice()).bind(name).bind(version)
        .bind(NOON.0).bind(body).execute(c).await.map(|_| ()))?;
    sql!(tx.conn(), c => sqlx::query("update heads set position = 1").execute(c).await.map(|_| ()))?;
    Ok(tx.commit().await?)
}

async fn a_body_written_by_another_program_is_handed_on_untouched(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let body = "{ \"fact\" : {\"note\":null, \"later\":1.50},\n  \"source\":{\"role\":\"site\",\"by\":\"\\u006b1\"} }";
    written_elsewhere(&node, "sighted", 1, body).await?;
    assert_eq!(node.all().await?[0].body, body);
    node.log.append_one(sightings(2, [dossier(1)])).await?;
    assert_eq!(node.all().await?[0].body, body);
    assert_eq!(node.log.state(dossier(1), None).await?.version(), 2, "and it is read");
    Ok(())
}

async fn an_event_of_a_newer_program_stops_its_reader_and_says_so(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    written_elsewhere(&node, "teleported", 3, "{}").await?;
    let unread = node.log.state(dossier(1), None).await.expect_err("unknown");
    assert!(unread.to_string().contains("event 1: no event `teleported` with schema version 3"), "{unread}");
    let refused = node.log.append_one(sightings(2, [dossier(1)])).await.expect_err("nothing is decided half-read");
    assert!(refused.to_string().contains("a newer program wrote it"), "{refused}");
    node.log.append_one(sightings(3, [dossier(2)])).await?;
    assert_eq!(node.all().await?.len(), 2, "other streams go on, and the raw log is readable");
    Ok(())
}
