//! Building read models anew beside the live ones, and comparing the two. A rebuild folds whole streams to the head as it
//! finds it, then, with the writer held, what came since, and takes the live tables' place. It sends nothing to anyone.
use crate::follower::{Folded, Surroundings, fold_exceptions};
use crate::model::{Life, MODELS, Model, advance, checkpoint, create, swap};
use crate::story::{Thing, load};
use crate::{custody, search};
use domain::id::Region;
use domain::stream::StreamId;
use eventstore::{Access, Db, LoadError, Streams, Tx, sql};
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Streams folded and written at a time.
const PAGE: i64 = 200;

/// Builds every model anew and puts it in the place of the live one. Returns the position all of them reflect.
///
/// # Errors
/// The database's, or an event that cannot be read: then the live models stay as they are.
pub async fn rebuild(around: &Surroundings) -> Result<i64, LoadError> {
    let (db, region) = (around.log.db(), around.log.region());
    let built_to = build_shadows(around).await?;
    // The head row is the sequencer: with it held, nobody appends.
    let mut tx = db.begin().await?;
    let head: i64 = sql!(tx.conn(), c => sqlx::query_scalar(
        "update heads set position = position where region = $1 returning position")
        .bind(i64::from(region.0)).fetch_one(c).await)?;
    catch_up(around, &mut tx, built_to, head).await?;
    for model in MODELS {
        keep_other_regions(&mut tx, region, model).await?;
        swap(&mut tx, model).await?;
        let from = checkpoint_in(&mut tx, region, model.name).await?;
        advance(&mut tx, region, model.name, from, head).await?;
    }
    tx.commit().await?;
    Ok(head)
}

/// Builds every model beside the live ones; nobody reads them.
async fn build_shadows(around: &Surroundings) -> Result<i64, LoadError> {
    let (db, region) = (around.log.db(), around.log.region());
    let built_to = around.log.head_row().await?.position;
    let mut tx = db.begin().await?;
    for model in MODELS {
        create(&mut tx, db.engine(), model, Life::Shadow).await?;
    }
    tx.commit().await?;
    let mut last = Uuid::nil();
    loop {
        let page = streams_after(db, region, last).await?;
        let Some(end) = page.last() else { return Ok(built_to) };
        last = end.uuid();
        fold_into_shadow(around, None, page, built_to).await?;
    }
}

/// A database may hold several regions; only one is rebuilt.
async fn keep_other_regions(tx: &mut Tx, region: Region, model: &Model) -> Result<(), sqlx::Error> {
    for table in model.tables {
        let (live, shadow) = (table.name, Life::Shadow.suffix());
        let text = AssertSqlSafe(format!("insert into {live}{shadow} select * from {live} where region <> $1"));
        sql!(tx.conn(), c => sqlx::query(text).bind(i64::from(region.0)).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Folds again what was appended between the building and the head.
async fn catch_up(around: &Surroundings, tx: &mut Tx, built_to: i64, head: i64) -> Result<(), LoadError> {
    let rows: Vec<(String, Uuid)> = sql!(tx.conn(), c => sqlx::query_as(
        "select distinct stream_kind, stream_id from events where region = $1 and position > $2")
        .bind(i64::from(around.log.region().0)).bind(built_to).fetch_all(c).await)?;
    let mut touched: BTreeSet<StreamId> = rows.iter().filter_map(|(kind, id)| StreamId::of(kind, *id)).collect();
    // What lies or lay in a bag that moved on.
    let bags: Vec<StreamId> = touched.iter().copied().filter(|stream| matches!(stream, StreamId::Bag(_))).collect();
    for bag in bags {
        if let StreamId::Bag(bag) = bag {
            let since = domain::time::Timestamp(i64::MIN);
            let members =
                crate::stays::members(&mut Access::Tx(tx), around.log.region(), bag, since, Life::Shadow).await?;
            touched.extend(members.into_iter().map(Thing::stream));
        }
    }
    fold_into_shadow(around, Some(tx), touched.into_iter().collect(), head).await
}

async fn fold_into_shadow(
    around: &Surroundings,
    tx: Option<&mut Tx>,
    page: Vec<StreamId>,
    position: i64,
) -> Result<(), LoadError> {
    let (db, region) = (around.log.db(), around.log.region());
    let things: Vec<Thing> = page.iter().filter_map(|&stream| Thing::of(stream)).collect();
    let mut own = None;
    let tx = match tx {
        Some(tx) => tx,
        None => own.insert(db.begin().await?),
    };
    let mut streams = Streams::default();
    let bags = load(&mut Access::Tx(tx), region, &mut streams, &things).await?;
    streams.load(&mut Access::Tx(tx), region, page.iter().copied()).await?;
    let networks = around.networks.borrow().clone();
    let custody = custody::fold(&things, &streams, &bags, &networks);
    custody::save(tx, region, &custody, position, Life::Shadow).await?;
    let terms = page.iter().flat_map(|&stream| search::fold(stream, &streams)).collect();
    Folded::Terms(terms).save(tx, region, Life::Shadow).await?;
    let exceptions = fold_exceptions(around, &mut Access::Tx(tx), streams, things).await?;
    exceptions.save(tx, region, Life::Shadow).await?;
    if let Some(tx) = own {
        tx.commit().await?;
    }
    Ok(())
}

async fn streams_after(db: &Db, region: Region, last: Uuid) -> Result<Vec<StreamId>, sqlx::Error> {
    let rows: Vec<(String, Uuid)> = sql!(db.read(), c => sqlx::query_as(
        "select stream_kind, stream_id from events where region = $1 and stream_id > $2 and version = 1
         order by stream_id limit $3")
        .bind(i64::from(region.0)).bind(last).bind(PAGE).fetch_all(c).await)?;
    Ok(rows.iter().filter_map(|(kind, id)| StreamId::of(kind, *id)).collect())
}

async fn checkpoint_in(tx: &mut Tx, region: Region, name: &str) -> Result<i64, sqlx::Error> {
    let found: Option<i64> = sql!(tx.conn(), c => sqlx::query_scalar(
        "select position from checkpoints where region = $1 and name = $2")
        .bind(i64::from(region.0)).bind(name).fetch_optional(c).await)?;
    Ok(found.unwrap_or(0))
}

/// Rows in which the live tables and a fresh build differ, by table. Empty is right.
///
/// # Errors
/// The database's, or an event that cannot be read.
pub async fn differences(around: &Surroundings) -> Result<Vec<(&'static str, i64)>, LoadError> {
    let (db, region) = (around.log.db(), around.log.region());
    for follower in crate::follower::FOLLOWERS {
        while checkpoint(db, region, follower.model().name).await? < around.log.head_row().await?.position {
            follower.turn(around).await?;
        }
    }
    build_shadows(around).await?;
    let mut differences = Vec::new();
    for (model, table, columns) in COMPARED {
        let rows = |from: &str, to: &str| {
            format!("select count(*) from (select {columns} from {from} except select {columns} from {to}) as missing")
        };
        let shadow = format!("{table}{}", Life::Shadow.suffix());
        let mut count = 0;
        for text in [rows(table, &shadow), rows(&shadow, table)] {
            let text = AssertSqlSafe(text);
            let found: i64 = sql!(db.read(), c => sqlx::query_scalar(text).fetch_one(c).await)?;
            count += found;
        }
        if count > 0 {
            differences.push((*table, count));
        }
        debug_assert!(MODELS.iter().any(|known: &&Model| known.name == *model));
    }
    Ok(differences)
}

/// What is compared: everything but the position a row happens to reflect.
const COMPARED: &[(&str, &str, &str)] = &[
    ("custody", "custody_dossier", CUSTODY),
    ("custody", "custody_bag", CUSTODY),
    ("custody", "stays", "region, subject, packed_scan, bag, is_bag, packed_at, ended_at, ended_by"),
    (
        "exceptions",
        "exceptions",
        "region, subject, kind, anchor, is_bag, site, since, due_from, ended_at, owner, explained_at, resolved_at, is_open",
    ),
    ("search", "search_terms", "region, term, kind, subject, what"),
];
const CUSTODY: &str = "region, subject, holder, site, courier, outer_bag, next_hop, target, since, case_id, body";
