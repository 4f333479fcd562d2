//! What SQLite's planner knows of the tables: gathered for who serves and after a rebuild, seen by every connection, and
//! without samples of keys.
use crate::engine::Fresh;
use crate::office::{MORNING, Office};
use crate::waiting::until;
use domain::code::{Code, CodeKind};
use domain::id::Region;
use eventstore::db::Engine;
use eventstore::{Db, sql};
use serde_json::{Value, json};
use uuid::Uuid;

const COUNTY: Region = Region(441_424);

/// A search of an index by its second column, which is planned only where the first is known to hold few values.
const BY_SECOND: &str = "explain query plan select c from few where b = 5";

async fn run(db: &Db, text: &'static str) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    sql!(tx.conn(), c => sqlx::raw_sql(text).execute(c).await.map(|_| ()))?;
    Ok(tx.commit().await?)
}

async fn number(db: &Db, text: &'static str) -> anyhow::Result<i64> {
    Ok(sql!(db.read(), c => sqlx::query_scalar(text).fetch_one(c).await)?)
}

async fn has_statistics_of(db: &Db, table: &str) -> anyhow::Result<bool> {
    let there = number(db, "select count(*) from sqlite_master where name = 'sqlite_stat1'").await? == 1;
    let text = "select count(*) from sqlite_stat1 where tbl = $1 and stat is not null";
    Ok(there && sql!(db.read(), c => sqlx::query_scalar::<_, i64>(text).bind(table).fetch_one(c).await)? > 0)
}

/// So many that they are counted.
const MANY: u64 = 1500;

/// Dossiers, scanned at a site.
async fn dossiers(office: &Office) {
    let codes: Vec<Code> = (0..MANY).map(|number| Code::new(CodeKind::Dossier, number)).collect();
    office.mint(&codes).await;
    let scan = |(code, seq): (&Code, u64)| {
        json!({ "scan_id": Uuid::new_v4(), "code": labels::code::print(*code), "mode": "receive", "stop": "t01", "actor": "li",
            "device": "spare", "installation": Uuid::from_u128(5), "seq": seq, "mono_ms": seq, "action": "received",
            "wall_ms": MORNING.0 })
    };
    let scans: Vec<Value> = codes.iter().zip(1..).map(scan).collect();
    for scans in scans.chunks(500) {
        office.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await;
    }
    office.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_were_open_plan_with_what_was_counted_since() -> anyhow::Result<()> {
    let fresh = Fresh::sqlite();
    let db = fresh.db().await?;
    run(
        &db,
        "create table few (a integer, b integer, c integer);
         create index few_ab on few (a, b);
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
            insert into few select i % 3, i, i from n",
    )
    .await?;
    let Engine::Sqlite(readers) = db.read() else { anyhow::bail!("not SQLite") };
    let mut reader = readers.acquire().await?;
    let mut plan = async || -> anyhow::Result<String> {
        // Explaining reads nothing, so it does not notice a new schema; and what was explained is not explained again.
        sqlx::query("select 1 from few limit 1").fetch_one(&mut *reader).await?;
        let explain = sqlx::query_as(BY_SECOND).persistent(false);
        let (_, _, _, step): (i64, i64, i64, String) = explain.fetch_one(&mut *reader).await?;
        Ok(step)
    };
    assert_eq!(plan().await?, "SCAN few");
    db.analyze().await?;
    assert_eq!(plan().await?, "SEARCH few USING INDEX few_ab (ANY(a) AND b=?)");
    // A second time too, when there are statistics already.
    run(&db, "update few set a = b").await?;
    db.analyze().await?;
    assert_eq!(plan().await?, "SCAN few");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_samples_of_keys_are_left() -> anyhow::Result<()> {
    let fresh = Fresh::sqlite();
    let db = fresh.db().await?;
    run(&db, "create table hashes (hash blob); create index of_hash on hashes (hash)").await?;
    let fill = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
            insert into hashes select randomblob(16) from n";
    run(&db, fill).await?;
    run(&db, "analyze").await?;
    assert!(number(&db, "select count(*) from sqlite_stat4").await? > 0, "SQLite takes samples by itself");
    db.analyze().await?;
    assert!(has_statistics_of(&db, "hashes").await?);
    let tables = number(&db, "select count(*) from sqlite_master where name = 'sqlite_stat4'").await?;
    assert!(tables == 0 || number(&db, "select count(*) from sqlite_stat4").await? == 0);
    Ok(())
}

/// It may be large before it is counted again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_small_is_not_counted() -> anyhow::Result<()> {
    let fresh = Fresh::sqlite();
    let db = fresh.db().await?;
    run(&db, "create table small (a integer, b integer); create index of_small on small (a, b)").await?;
    run(&db, "with recursive n (i) as (select 1 union all select i + 1 from n where i < 500) insert into small select i, i from n").await?;
    db.analyze().await?;
    assert!(!has_statistics_of(&db, "small").await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_leaves_statistics_of_the_tables_it_made() -> anyhow::Result<()> {
    let fresh = Fresh::sqlite();
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    dossiers(&office).await;
    projections::rebuild::rebuild(&office.app.surroundings()).await?;
    assert!(has_statistics_of(office.app.db(), "custody_dossier").await?);
    office.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_serves_gathers_statistics_at_the_start() -> anyhow::Result<()> {
    let fresh = Fresh::sqlite();
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    dossiers(&office).await;
    office.close().await;
    let db = fresh.db().await?;
    run(&db, "drop table if exists sqlite_stat1; drop table if exists sqlite_stat4").await?;
    db.close().await;
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    until("statistics", async || has_statistics_of(office.app.db(), "custody_dossier").await).await?;
    office.close().await;
    Ok(())
}
