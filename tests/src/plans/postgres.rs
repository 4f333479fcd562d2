//! What PostgreSQL was asked, and how it answered: `auto_explain` writes the plan of every statement of this database into the
//! server's log, with the values that were asked for and the rows that each step read.
use super::judged::Fault;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Rows that one step may read: as many numbers as a search looks at. A page has a hundred, a queue of this county some hundred;
/// a table has twenty thousand and more.
const READ_MAX: f64 = 5001.0;
/// Rows that a region's part of an index may have where nothing narrows it: some have only what is going on, and some tables of
/// this county are so small that an index is walked to be joined.
const PARTIAL_MAX: f64 = 4000.0;

/// From its next connection on, every plan of a database is written down.
pub async fn listen(url: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let name: String = sqlx::query_scalar("select current_database()::text").fetch_one(&mut connection).await?;
    let settings = [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_format", "json"),
        // A table of some thousand rows is walked though an index would do; with a million it is not.
        ("enable_seqscan", "off"),
        ("random_page_cost", "1.1"),
    ];
    for (setting, value) in settings {
        let text = AssertSqlSafe(format!("alter database {name} set {setting} = '{value}'"));
        sqlx::query(text).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// The plans in a server's log: the statement, and each way it was answered.
pub fn plans(log: &Path) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
    let (text, mut plans) = (std::fs::read_to_string(log)?, BTreeMap::<String, Vec<Value>>::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.trim_end().ends_with("plan:") {
            continue;
        }
        let mut json = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            json.push_str(more);
        }
        let mut plan: Value = serde_json::from_str(&json.replace('\t', " "))?;
        let statement = plan["Query Text"].as_str().unwrap_or_default().to_owned();
        plans.entry(statement).or_default().push(plan["Plan"].take());
    }
    Ok(plans)
}

/// What is wrong with a plan, over tables of which some are large.
pub fn faults(statement: &str, plan: &Value, large: &HashSet<String>) -> Vec<Fault> {
    let mut wrong = Vec::new();
    examine(plan, None, large, &mut wrong);
    wrong.into_iter().map(|what| Fault { statement: statement.to_owned(), what }).collect()
}

fn examine(node: &Value, above: Option<&str>, large: &HashSet<String>, wrong: &mut Vec<String>) {
    let text = |key: &str| node[key].as_str().unwrap_or_default();
    let table = Some(text("Relation Name")).filter(|name| !name.is_empty()).or(above).unwrap_or_default();
    let (kind, by) = (text("Node Type"), text("Index Cond"));
    let number = |key: &str| node[key].as_f64().unwrap_or(0.0);
    let read = (number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck"))
        * number("Actual Loops").max(1.0);
    if large.contains(table) {
        let beyond_region = by.split(" AND ").any(|term| !term.is_empty() && !term.contains("region ="));
        if kind == "Seq Scan" && number("Actual Loops") > 0.0 {
            wrong.push(format!("walks all of {table}"));
        } else if kind.contains("Index") && !beyond_region && read > PARTIAL_MAX {
            wrong.push(format!("walks a region of {table} by {}: {by}", text("Index Name")));
        }
    }
    if read > READ_MAX && !table.is_empty() {
        wrong.push(format!("reads {read} rows of {table} by {} {}: {by} {}", kind, text("Index Name"), text("Filter")));
    } else if read > READ_MAX && kind == "Sort" {
        wrong.push(format!("sorts {read} rows"));
    }
    // An index of a bitmap says nothing of its table, what lies above it does.
    let below = if kind == "Bitmap Heap Scan" || kind.starts_with("Bitmap") { Some(table) } else { None };
    for plan in node["Plans"].as_array().into_iter().flatten() {
        examine(plan, below, large, wrong);
    }
}
