//! How the databases answer what pages ask: among 20,000 dossiers every statement behind every page and list door is an index
//! search that reads no more than it shows. The statements are those that were really asked, by everybody who may, on either
//! engine; on PostgreSQL the rows that each step read are counted too.
mod asked;
mod county;
mod judged;
mod postgres;
mod sqlite;

use crate::engine::{Fresh, server_log};
use asked::Askers;
use county::County;
use eventstore::{Db, sql};
use judged::Fault;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A table of fewer rows may be walked: it is as fast.
const LARGE: i64 = 1000;

/// Asks every question once. Every route must be answered to somebody, else it was not looked at.
async fn ask_everything(county: &County) -> anyhow::Result<usize> {
    let askers = Askers::open(county).await?;
    county.office.enrol("spare", "site", county.places.towns[0].as_str()).await;
    county.office.enrol("bicycle", "courier", county.courier).await;
    let (questions, mut answered) = (askers.questions(county), BTreeMap::<&str, bool>::new());
    for question in &questions {
        let (status, body) = askers.ask(county, question).await;
        assert!(status < 500, "{}: {status} {body}", question.path);
        *answered.entry(&question.route).or_default() |= matches!(status, 200 | 303);
    }
    let never: Vec<_> = answered.iter().filter(|(_, answered)| !**answered).map(|(route, _)| route).collect();
    assert!(never.is_empty(), "answered to nobody: {never:?}");
    Ok(questions.len())
}

/// Tables with many rows.
async fn large(db: &Db) -> anyhow::Result<HashSet<String>> {
    let names = if db.engine() == "sqlite" {
        "select name from sqlite_schema where type = 'table'"
    } else {
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    };
    let tables: Vec<(String,)> =
        sql!(db.read(), c => sqlx::query_as(AssertSqlSafe(names.to_owned())).fetch_all(c).await)?;
    let mut large = HashSet::new();
    for (table,) in tables {
        let text = AssertSqlSafe(format!("select count(*) from {table}"));
        let rows: i64 = sql!(db.read(), c => sqlx::query_scalar(text).fetch_one(c).await)?;
        if rows > LARGE {
            large.insert(table);
        }
    }
    Ok(large)
}

fn judge(faults: &BTreeSet<Fault>) {
    let unknown: Vec<&Fault> = faults.iter().filter(|fault| !fault.is_known()).collect();
    let said: String = unknown.iter().map(|fault| format!("\n\n{}\n  in: {}", fault.what, fault.statement)).collect();
    assert!(unknown.is_empty(), "{} steps that walk:{said}", unknown.len());
}

/// What the large tables must be, so that the plans are looked at over them.
const EXPECTED: [&str; 13] = [
    "events",
    "custody_dossier",
    "stays",
    "visits",
    "exceptions",
    "search_terms",
    "label",
    "label_binding",
    "print_job",
    "session",
    "record",
    "vault_party",
    "vault_note",
];

fn all_there(large: &HashSet<String>) {
    let small: Vec<_> = EXPECTED.iter().filter(|table| !large.contains(**table)).collect();
    assert!(small.is_empty(), "too few rows to tell a search from a walk: {small:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_answered_by_index_searches_on_sqlite() -> anyhow::Result<()> {
    let fresh = Fresh::sqlite();
    let county = County::open(&fresh).await?;
    let db = county.office.app.db().clone();
    sqlite::listen(&db).await?;
    let questions = ask_everything(&county).await?;
    let statements = sqlite::statements();
    let large = large(&db).await?;
    all_there(&large);
    let mut faults = BTreeSet::new();
    for statement in &statements {
        faults.extend(sqlite::faults(&db, statement, &large).await?);
    }
    eprintln!("{questions} questions, {} statements", statements.len());
    assert!(statements.len() > 80, "{} statements were heard", statements.len());
    judge(&faults);
    county.office.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_answered_by_index_searches_on_postgres() -> anyhow::Result<()> {
    let fresh = Fresh::postgres().await;
    let county = County::open(&fresh).await?;
    let large = large(county.office.app.db()).await?;
    all_there(&large);
    postgres::listen(&fresh.url).await?;
    let county = county.open_again(&fresh).await?;
    let questions = ask_everything(&county).await?;
    county.office.close().await;
    let plans = postgres::plans(&server_log())?;
    eprintln!("{questions} questions, {} statements", plans.len());
    assert!(plans.len() > 80, "{} statements were written down", plans.len());
    let each =
        plans.iter().flat_map(|(text, plans)| plans.iter().flat_map(|plan| postgres::faults(text, plan, &large)));
    judge(&each.collect());
    Ok(())
}
