//! Building read models anew beside the live ones, and comparing the two. A rebuild folds whole streams to the head as it
//! finds it, then, with the writer held, what came since, and takes the live tables' place. It sends nothing to anyone.
use crate::follower::{Folded, Surroundings, exceptions_of, visits_of_cases};
use crate::model::{Life, MODELS, Model, advance, begin_build, checkpoint, create, index, swap};
use crate::story::{Thing, load_with};
use crate::{custody, search};
use domain::id::Region;
use domain::stay::Bags;
use domain::stream::StreamId;
use eventstore::{Access, Db, LoadError, Streams, Tx, sql};
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Streams folded and written at a time. On SQLite scans wait while a page is written.
const PAGE: i64 = 1000;

/// Builds every model anew and puts it in the place of the live one. Returns the position all of them reflect.
///
/// # Errors
/// The database's, or an event that cannot be read: then the live models stay as they are.
pub async fn rebuild(around: &Surroundings) -> Result<i64, LoadError> {
    let (db, region) = (around.log.db(), around.log.region());
    let built_to = build_shadows(around).await?;
    index_shadows(db).await?;
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
    // On SQLite, tables that took others' places have no statistics of their own.
    if db.engine() == "sqlite"
        && let Err(error) = db.analyze().await
    {
        tracing::warn!(%error, "read models are built, but what they hold could not be counted: the server will");
    }
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
    // While one page is written, the next is read and folded: reading does not wait for writing.
    let (mut last, mut loaded, mut folded) = (Uuid::nil(), Loaded::default(), None);
    loop {
        let page = streams_after(db, region, last).await?;
        last = page.last().map_or(last, |stream| stream.uuid());
        let mut access = Access::Db(db);
        let (next, written) =
            tokio::join!(fold(around, &mut loaded, &mut access, &page), write(db, region, folded, built_to));
        written?;
        if page.is_empty() {
            return Ok(built_to);
        }
        folded = Some(next?.first());
        loaded.keep_bags();
    }
}

/// Indexes what was filled, a table in a transaction: on SQLite scans wait behind each.
async fn index_shadows(db: &Db) -> Result<(), sqlx::Error> {
    for model in MODELS {
        let mut tx = db.begin().await?;
        let build = begin_build(&mut tx, model).await?;
        tx.commit().await?;
        for table in model.tables {
            let mut tx = db.begin().await?;
            index(&mut tx, table, Life::Shadow, build).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Writes a page in a transaction of its own. Nobody waits for its flush: the swap's takes it along.
async fn write(db: &Db, region: Region, page: Option<Page>, position: i64) -> Result<(), LoadError> {
    let Some(page) = page else { return Ok(()) };
    let mut tx = db.begin().await?;
    if db.engine() == "postgres" {
        sql!(tx.conn(), c => sqlx::query("set local synchronous_commit = off").execute(c).await.map(|_| ()))?;
    }
    page.save(&mut tx, region, position).await?;
    Ok(tx.commit().await?)
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
    let touched: Vec<StreamId> = touched.into_iter().collect();
    let page = fold(around, &mut Loaded::default(), &mut Access::Tx(tx), &touched).await?;
    page.save(tx, around.log.region(), head).await
}

/// What is in memory between pages: the bags, for the next page's dossiers travelled in the same ones. What happens to a
/// bag meanwhile is folded by [`catch_up`].
#[derive(Default)]
struct Loaded {
    streams: Streams,
    bags: Bags,
}

/// Events of bags kept between pages: about 60 MB.
const KEPT_MAX: usize = 100_000;

impl Loaded {
    fn keep_bags(&mut self) {
        self.streams.retain(|stream| matches!(stream, StreamId::Bag(_)));
        if self.streams.events() > KEPT_MAX {
            *self = Self::default();
        }
    }
}

/// Every model's rows of some streams.
struct Page {
    custody: custody::Folded,
    terms: Folded,
    exceptions: Folded,
}

async fn fold(
    around: &Surroundings,
    loaded: &mut Loaded,
    access: &mut Access<'_>,
    page: &[StreamId],
) -> Result<Page, LoadError> {
    let region = around.log.region();
    let things: Vec<Thing> = page.iter().filter_map(|&stream| Thing::of(stream)).collect();
    let Loaded { streams, bags } = loaded;
    load_with(access, region, streams, bags, &things).await?;
    streams.load(access, region, page.iter().copied()).await?;
    let networks = around.networks.borrow().clone();
    let custody = custody::fold(&things, streams, bags, &networks);
    let terms = Folded::Terms(page.iter().flat_map(|&stream| search::of_stream(stream, streams)).collect());
    let of_cases = visits_of_cases(page.iter().copied(), streams);
    let exceptions = exceptions_of(around, streams, bags, things).await?.with(of_cases);
    Ok(Page { custody, terms, exceptions })
}

impl Page {
    /// Of streams that no page had before: there are no rows to take out first, so none are looked for. Where PostgreSQL has
    /// no statistics of a table yet, it looks by walking all that was built.
    fn first(mut self) -> Self {
        self.custody.packed.clear();
        if let Folded::Exceptions { things, .. } = &mut self.exceptions {
            things.clear();
        }
        self
    }

    async fn save(&self, tx: &mut Tx, region: Region, position: i64) -> Result<(), LoadError> {
        custody::save(tx, region, &self.custody, position, Life::Shadow).await?;
        self.terms.save(tx, region, Life::Shadow).await?;
        Ok(self.exceptions.save(tx, region, Life::Shadow).await?)
    }
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
        let mut streams = Streams::default();
        while checkpoint(db, region, follower.model().name).await? < around.log.head_row().await?.position {
            follower.turn(around, &mut streams).await?;
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
    ("exceptions", "visits", "region, site, what, subject"),
    ("search", "search_terms", "region, term, kind, subject, what"),
];
const CUSTODY: &str = "region, subject, holder, site, courier, left_site, outer_bag, next_hop, target, shelf, since, read_at, case_id, body";
