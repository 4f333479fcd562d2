//! Search: from what a person has in hand (a number, the last characters of a label) to the dossier.
use crate::model::{Life, Model, Table};
use crate::story::Thing;
use crate::visits::Scope;
use domain::bag::BagFact;
use domain::case::CaseFact;
use domain::code::Code;
use domain::dossier::DossierFact;
use domain::id::Region;
use domain::stream::{AnyFact, StreamId};
use eventstore::statements::{Statements, chunked, filled, placeholders};
use eventstore::{Appended, Db, Streams, Tx, sql};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::HashMap;
use std::sync::LazyLock;
use uuid::Uuid;

/// Table of search terms.
pub static MODEL: Model = Model {
    name: "search",
    version: 1,
    tables: &[Table {
        name: "search_terms",
        columns: "region bigint not null, term {text} not null, kind {text} not null, subject {uuid} not null,
                  what {text} not null, primary key (region, subject, kind, term)",
        indexes: &["(region, term, subject)"],
    }],
};

/// A hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct Hit {
    /// What matched: `dossier_no`, `case_no`, `dept_ref`, `bag_no` or `label`.
    pub kind: String,
    pub term: String,
    pub subject: Uuid,
    /// `dossier`, `bag` or `case`.
    pub what: String,
}

/// Characters of a number that are looked at; what is longer would not fit into an index.
const TERM_MAX: usize = 100;

/// How a number is stored and looked for: upper case, without blanks and what cannot be printed. Whatever a log may hold, it is
/// text that every engine can keep: one bad number must not stop those who follow.
#[must_use]
pub fn normal(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_whitespace() && !c.is_control());
    printable.flat_map(char::to_uppercase).take(TERM_MAX).collect()
}

/// A label is found by its last characters, so it is stored backwards.
#[must_use]
pub fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

/// A fact, wherever it lies.
#[derive(Clone, Copy)]
enum Fact<'a> {
    Dossier(&'a DossierFact),
    Bag(&'a BagFact),
    Case(&'a CaseFact),
}

/// The terms of events that are appended to the log. Terms are only ever added, so no history is needed.
pub(crate) fn of_events(events: &[Appended]) -> Vec<Hit> {
    let terms = events.iter().flat_map(|Appended { stream, event, .. }| {
        let fact = match &event.fact {
            AnyFact::Dossier(fact) => Fact::Dossier(fact),
            AnyFact::Bag(fact) => Fact::Bag(fact),
            AnyFact::Case(fact) => Fact::Case(fact),
        };
        own(*stream).into_iter().chain(added(*stream, fact))
    });
    each_once(terms.collect())
}

/// The terms of a whole stream.
pub(crate) fn of_stream(stream: StreamId, streams: &Streams) -> Vec<Hit> {
    let mut terms: Vec<Hit> = own(stream).into_iter().collect();
    let mut add = |fact: Fact<'_>| terms.extend(added(stream, fact));
    match stream {
        StreamId::Dossier(id) => streams.dossier(id).arrived().for_each(|event| add(Fact::Dossier(&event.fact))),
        StreamId::Bag(id) => streams.bag(id).arrived().for_each(|event| add(Fact::Bag(&event.fact))),
        StreamId::Case(id) => streams.case(id).arrived().for_each(|event| add(Fact::Case(&event.fact))),
    }
    each_once(terms)
}

/// The label that a thing was minted with.
fn own(stream: StreamId) -> Option<Hit> {
    Thing::of(stream).and_then(|thing| Code::of_subject(thing.id())).map(|code| label(stream, code))
}

/// What a fact adds.
fn added(stream: StreamId, fact: Fact<'_>) -> Option<Hit> {
    match fact {
        Fact::Dossier(DossierFact::Registered(it)) => Some(number(stream, "dossier_no", &it.dossier_no)),
        Fact::Dossier(DossierFact::Relabelled(it)) | Fact::Bag(BagFact::Relabelled(it)) => Some(label(stream, it.code)),
        Fact::Bag(BagFact::Registered(it)) => it.bag_no.as_deref().map(|no| number(stream, "bag_no", no)),
        Fact::Case(CaseFact::Filed(it)) => Some(number(stream, "case_no", &it.case_no)),
        Fact::Case(CaseFact::Accepted(it)) => it.dept_ref.as_deref().map(|no| number(stream, "dept_ref", no)),
        Fact::Dossier(_) | Fact::Bag(_) | Fact::Case(_) => None,
    }
}

fn label(stream: StreamId, code: Code) -> Hit {
    hit(stream, "label", backwards(&code.to_string()))
}

fn number(stream: StreamId, kind: &str, text: &str) -> Hit {
    hit(stream, kind, normal(text))
}

fn hit(stream: StreamId, kind: &str, term: String) -> Hit {
    Hit { kind: kind.to_owned(), term, subject: stream.uuid(), what: stream.kind().to_owned() }
}

fn each_once(mut terms: Vec<Hit>) -> Vec<Hit> {
    terms.sort_by(|a, b| (a.subject, &a.kind, &a.term).cmp(&(b.subject, &b.kind, &b.term)));
    terms.dedup();
    terms
}

/// Adds terms. A number once given stays findable, so none is ever removed.
pub(crate) async fn save(tx: &mut Tx, region: Region, terms: &[Hit], life: Life) -> Result<(), sqlx::Error> {
    static STATEMENTS: LazyLock<[Statements; 2]> = LazyLock::new(|| {
        [Life::Live, Life::Shadow].map(|life| {
            let head = format!("insert into search_terms{} (region, term, kind, subject, what) values ", life.suffix());
            Statements::rows(&head, 5, " on conflict (region, subject, kind, term) do nothing")
        })
    });
    for chunk in chunked(terms) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(STATEMENTS[life as usize].of(&c, chunk.len()));
            for hit in chunk {
                query = query.bind(i64::from(region.0)).bind(hit.term.as_str()).bind(hit.kind.as_str())
                    .bind(hit.subject).bind(hit.what.as_str());
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Terms that are looked at for who may not see everything. Few characters begin many numbers, and hardly any of them may
/// concern the asker's sites: whoever types goes on typing, and nobody waits for the whole county to be looked through.
const LOOKED_AT: i64 = 2000;

/// Terms that begin with what was typed; within a scope, among the first [`LOOKED_AT`] that do. `label_tail` are the last characters of a code, without its check character.
///
/// # Errors
/// The database's own.
pub async fn find(
    db: &Db,
    region: Region,
    scope: &Scope,
    typed: &str,
    label_tail: Option<&str>,
    limit: i64,
) -> Result<Vec<Hit>, sqlx::Error> {
    let mut hits = prefix(db, region, scope, &normal(typed), limit).await?;
    hits.retain(|hit| hit.kind != "label");
    if let Some(tail) = label_tail {
        let labels = prefix(db, region, scope, &backwards(tail), limit).await?;
        hits.extend(labels.into_iter().filter(|hit| hit.kind == "label"));
    }
    Ok(hits)
}

async fn prefix(db: &Db, region: Region, scope: &Scope, prefix: &str, limit: i64) -> Result<Vec<Hit>, sqlx::Error> {
    if prefix.is_empty() {
        return Ok(Vec::new());
    }
    // The greatest character that a term can hold ends the range.
    let end = format!("{prefix}\u{10FFFF}");
    let among = "select s.kind, s.term, s.subject, s.what from search_terms s
         where s.region = $1 and s.term >= $2 and s.term < $3 order by s.term, s.subject limit";
    let text = AssertSqlSafe(match within(scope, 5).strip_prefix(" and ") {
        None => format!("{among} $4"),
        Some(within) => format!(
            "select t.kind, t.term, t.subject, t.what from ({among} {LOOKED_AT}) as t where {within} \
             order by t.term, t.subject limit $4"
        ),
    });
    sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(prefix).bind(end).bind(limit);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })
}

/// Whether more begins with what was typed than is looked at within a scope: then what was not found may be there.
///
/// # Errors
/// The database's own.
pub async fn is_cut(db: &Db, region: Region, scope: &Scope, typed: &str) -> Result<bool, sqlx::Error> {
    let prefix = normal(typed);
    if *scope == Scope::Region || prefix.is_empty() {
        return Ok(false);
    }
    let end = format!("{prefix}\u{10FFFF}");
    let beyond: Option<i64> = sql!(db.read(), c => sqlx::query_scalar(
        "select t.region from search_terms t where t.region = $1 and t.term >= $2 and t.term < $3
         order by t.term, t.subject limit 1 offset $4")
        .bind(i64::from(region.0)).bind(prefix).bind(end).bind(LOOKED_AT).fetch_optional(c).await)?;
    Ok(beyond.is_some())
}

/// What bears each of some numbers, as [`normal`] writes them, within a scope. Of several that bear one, any.
///
/// # Errors
/// The database's own.
pub async fn bearing(
    db: &Db,
    region: Region,
    scope: &Scope,
    kind: &str,
    numbers: &[String],
) -> Result<HashMap<String, Uuid>, sqlx::Error> {
    let mut found = HashMap::new();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for list in filled(&numbers) {
        let text = AssertSqlSafe(format!(
            "select t.term, t.subject from search_terms t where t.region = $1 and t.kind = $2 and t.term in {}{}",
            placeholders(3, 1, list.len()),
            within(scope, 3 + list.len())
        ));
        let rows: Vec<(String, Uuid)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(kind);
            for number in &list {
                query = query.bind(*number);
            }
            for site in scope.keys() {
                query = query.bind(String::from(site));
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// A hit within a scope, whose sites are the parameters from `$first` on: it concerns one of the sites itself, or it is a
/// case and one of its dossiers does.
fn within(scope: &Scope, first: usize) -> String {
    let own = scope.condition("t.subject", first);
    let Some(own) = own.strip_prefix(" and ") else { return own };
    let of_case = scope.condition("d.subject", first);
    format!(
        " and ({own} or (t.what = 'case' and exists (select 1 from custody_dossier d \
         where d.region = $1 and d.case_id = t.subject{of_case} limit 1 offset 0)))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_text_that_every_engine_can_keep() {
        assert_eq!(normal(" 441424-a\u{0}\t1 "), "441424-A1");
        assert_eq!(normal(&"县".repeat(5000)).chars().count(), TERM_MAX);
    }
}
