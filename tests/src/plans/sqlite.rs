//! What SQLite was asked, and how it would answer: the texts come from sqlx's own log of statements, the plans from
//! `explain query plan`. A plan is of the text alone; what a value would change does not show.
use super::judged::{Fault, aliases};
use eventstore::db::Engine;
use eventstore::{Db, sql};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// What sqlx logs statements under.
const TARGET: &str = "sqlx::query";
/// Said on each connection of ours, so that its thread is known: other tests speak to SQLite in this process too.
const MARK: &str = "select 'the plans of this connection are looked at'";

#[derive(Default)]
struct Heard {
    threads: HashSet<ThreadId>,
    statements: BTreeSet<String>,
}

static LISTENS: AtomicBool = AtomicBool::new(false);
static HEARD: OnceLock<Mutex<Heard>> = OnceLock::new();

fn heard() -> std::sync::MutexGuard<'static, Heard> {
    HEARD.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to sqlx and to nothing else.
struct Listener;

#[derive(Default)]
struct Text {
    summary: String,
    statement: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.statement = value.trim().to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == TARGET { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && *metadata.level() <= Level::DEBUG && LISTENS.load(Ordering::Relaxed)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let statement = if text.statement.is_empty() { text.summary } else { text.statement };
        let (thread, mut heard) = (std::thread::current().id(), heard());
        if statement == MARK {
            heard.threads.insert(thread);
        } else if heard.threads.contains(&thread) {
            heard.statements.insert(statement);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// From now on every statement of a database is heard.
pub async fn listen(db: &Db) -> anyhow::Result<()> {
    let Engine::Sqlite(pool) = db.read() else { anyhow::bail!("not SQLite") };
    tracing::subscriber::set_global_default(Listener)?;
    LISTENS.store(true, Ordering::Relaxed);
    let mut connections = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        connections.push(pool.acquire().await?);
    }
    for connection in &mut connections {
        sqlx::query(MARK).execute(&mut **connection).await?;
    }
    let mut tx = db.begin().await?;
    sql!(tx.conn(), c => sqlx::query(MARK).execute(c).await.map(|_| ()))?;
    Ok(tx.commit().await?)
}

/// What was heard.
pub fn statements() -> BTreeSet<String> {
    LISTENS.store(false, Ordering::Relaxed);
    std::mem::take(&mut heard().statements)
}

/// What is wrong with the plan of a statement, over tables of which some are large.
pub async fn faults(db: &Db, statement: &str, large: &HashSet<String>) -> anyhow::Result<Vec<Fault>> {
    let Engine::Sqlite(pool) = db.read() else { anyhow::bail!("not SQLite") };
    let text = AssertSqlSafe(format!("explain query plan {statement}"));
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(text).fetch_all(pool).await?;
    let steps: Vec<String> = rows.into_iter().map(|(_, _, _, step)| step).collect();
    let tables = aliases(statement);
    let wrong = steps.iter().filter_map(|step| wrong(step, &steps, &tables, large));
    Ok(wrong.map(|what| Fault { statement: statement.to_owned(), what }).collect())
}

/// What is wrong with a step: it walks a large table, or all of a region in it, or sorts what such a walk finds.
fn wrong(step: &str, steps: &[String], tables: &HashMap<String, String>, large: &HashSet<String>) -> Option<String> {
    let mut words = step.split_whitespace();
    let (does, name) = (words.next()?, words.next()?);
    let table = tables.get(name).map_or(name, String::as_str);
    if !large.contains(table) {
        return None;
    }
    let by = step.split_once(" (").map(|(_, by)| by.trim_end_matches(')')).unwrap_or_default();
    let beyond_region = by.split(" AND ").filter(|term| !term.starts_with("region=") && !term.is_empty()).count();
    let equal = by.split(" AND ").filter(|term| !term.starts_with("region=") && term.ends_with("=?")).count();
    let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
    match does {
        "SCAN" => Some(format!("walks all of {table}: {step}")),
        "SEARCH" if beyond_region == 0 && !by.contains("rowid") => Some(format!("walks a region of {table}: {step}")),
        "SEARCH" if equal == 0 && sorts => Some(format!("sorts whatever it finds in a range of {table}: {step}")),
        _ => None,
    }
}
