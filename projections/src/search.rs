//! Search: from what a person has in hand (a number, the last characters of a label) to the dossier.
use crate::model::{Life, Model, Table};
use crate::story::Thing;
use domain::bag::BagFact;
use domain::case::CaseFact;
use domain::code::Code;
use domain::dossier::DossierFact;
use domain::id::Region;
use domain::stream::StreamId;
use eventstore::db::{Statements, chunked};
use eventstore::{Db, Streams, Tx, sql};
use serde::Serialize;
use sqlx::FromRow;
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
        indexes: &["region, term, subject"],
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

/// How a number is stored and looked for: upper case, without blanks.
#[must_use]
pub fn normal(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// A label is found by its last characters, so it is stored backwards.
#[must_use]
pub fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

/// The terms of a stream.
pub(crate) fn fold(stream: StreamId, streams: &Streams) -> Vec<Hit> {
    let hit = |kind: &str, term: String| Hit {
        kind: kind.to_owned(),
        term,
        subject: stream.uuid(),
        what: stream.kind().to_owned(),
    };
    let label = |code: Code| hit("label", backwards(&code.to_string()));
    let own = Thing::of(stream).and_then(|thing| Code::of_subject(thing.id())).map(label);
    let mut terms: Vec<Hit> = own.into_iter().collect();
    match stream {
        StreamId::Dossier(id) => {
            for event in streams.dossier(id).arrived() {
                if let DossierFact::Registered(it) = &event.fact {
                    terms.push(hit("dossier_no", normal(&it.dossier_no)));
                } else if let DossierFact::Relabelled(it) = &event.fact {
                    terms.push(label(it.code));
                }
            }
        }
        StreamId::Bag(id) => {
            for event in streams.bag(id).arrived() {
                if let BagFact::Registered(it) = &event.fact {
                    terms.extend(it.bag_no.as_deref().map(|no| hit("bag_no", normal(no))));
                } else if let BagFact::Relabelled(it) = &event.fact {
                    terms.push(label(it.code));
                }
            }
        }
        StreamId::Case(id) => {
            for event in streams.case(id).arrived() {
                if let CaseFact::Filed(it) = &event.fact {
                    terms.push(hit("case_no", normal(&it.case_no)));
                } else if let CaseFact::Accepted(it) = &event.fact {
                    terms.extend(it.dept_ref.as_deref().map(|no| hit("dept_ref", normal(no))));
                }
            }
        }
    }
    terms.sort_by(|a, b| (&a.kind, &a.term).cmp(&(&b.kind, &b.term)));
    terms.dedup();
    terms
}

/// Adds terms. A number once given stays findable, so none is ever removed.
pub(crate) async fn save(tx: &mut Tx, region: Region, terms: &[Hit], life: Life) -> Result<(), sqlx::Error> {
    static STATEMENTS: LazyLock<[Statements; 2]> = LazyLock::new(|| {
        [Life::Live, Life::Shadow].map(|life| {
            let head = format!("insert into search_terms{} (region, term, kind, subject, what) values ", life.suffix());
            Statements::new(&head, 5, 0, " on conflict (region, subject, kind, term) do nothing")
        })
    });
    for chunk in chunked(terms) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(STATEMENTS[life as usize].of(chunk.len()));
            for hit in chunk {
                query = query.bind(i64::from(region.0)).bind(hit.term.as_str()).bind(hit.kind.as_str())
                    .bind(hit.subject).bind(hit.what.as_str());
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Terms that begin with what was typed; `label_tail` are the last characters of a code, without its check character.
///
/// # Errors
/// The database's own.
pub async fn find(
    db: &Db,
    region: Region,
    typed: &str,
    label_tail: Option<&str>,
    limit: i64,
) -> Result<Vec<Hit>, sqlx::Error> {
    let mut hits = prefix(db, region, &normal(typed), limit).await?;
    hits.retain(|hit| hit.kind != "label");
    if let Some(tail) = label_tail {
        let labels = prefix(db, region, &backwards(tail), limit).await?;
        hits.extend(labels.into_iter().filter(|hit| hit.kind == "label"));
    }
    Ok(hits)
}

async fn prefix(db: &Db, region: Region, prefix: &str, limit: i64) -> Result<Vec<Hit>, sqlx::Error> {
    if prefix.is_empty() {
        return Ok(Vec::new());
    }
    // The greatest character that a term can hold ends the range.
    let end = format!("{prefix}\u{10FFFF}");
    sql!(db.read(), c => sqlx::query_as(
        "select kind, term, subject, what from search_terms
         where region = $1 and term >= $2 and term < $3 order by term, subject limit $4")
        .bind(i64::from(region.0)).bind(prefix).bind(end).bind(limit).fetch_all(c).await)
}
