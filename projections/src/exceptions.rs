//! Exceptions, with what people answered; and beside them, folded from the same tales, the sites that things concern
//! ([`crate::visits`]). A row says from when it counts; queries compare with now, so nothing ticks.
use crate::model::{Life, Model, Table, clear};
use crate::story::{Thing, tell};
use crate::visits::{self, Scope, Visit};
use domain::exception::{Answers, Exception, ExceptionKind, Limits};
use domain::id::{PersonId, Region, ScanId, SubjectId};
use domain::network::Networks;
use domain::stay::Bags;
use domain::time::Timestamp;
use eventstore::statements::{Statements, chunked, filled};
use eventstore::{Db, Streams, Tx, sql};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::HashSet;
use std::sync::LazyLock;
use uuid::Uuid;

/// Tables of exceptions.
pub static MODEL: Model = Model { name: "exceptions", version: 4, tables: &[EXCEPTIONS, visits::TABLE] };

const EXCEPTIONS: Table = Table {
    name: "exceptions",
    columns: "region bigint not null, subject {uuid} not null, kind {text} not null, anchor {uuid} not null,
                  is_bag bigint not null, site {text}, since bigint not null, due_from bigint not null,
                  ended_at bigint, owner {text}, explained_at bigint, resolved_at bigint, is_open bigint not null,
                  primary key (region, subject, kind, anchor)",
    indexes: &[
        "(region, is_open, due_from, subject)",
        "(region, is_open, site, due_from)",
        "(region, is_open, kind, due_from)",
        "(region, is_open, owner, due_from)",
        "(region, anchor)",
    ],
};

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct Row {
    pub subject: Uuid,
    pub kind: String,
    pub anchor: Uuid,
    pub is_bag: i64,
    pub site: Option<String>,
    pub since: i64,
    pub due_from: i64,
    pub ended_at: Option<i64>,
    pub owner: Option<String>,
    pub explained_at: Option<i64>,
    pub resolved_at: Option<i64>,
}

/// Stored name of a kind: the same literals as in the answers.
#[must_use]
pub fn kind_name(kind: ExceptionKind) -> String {
    let name = serde_json::to_value(kind).ok();
    name.and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// The exceptions of things, and the sites they concern.
pub(crate) fn fold(
    things: &[Thing],
    streams: &Streams,
    bags: &Bags,
    networks: &Networks,
    unknown: &HashSet<SubjectId>,
) -> (Vec<Row>, Vec<Visit>) {
    let limits = Limits::default();
    // Two rules may find the same thing about the same scan; it is one exception.
    let mut seen = HashSet::new();
    let (mut rows, mut concerned) = (Vec::new(), Vec::new());
    for &thing in things {
        let tale = tell(thing, streams, bags, networks, &limits, !unknown.contains(&thing.id()));
        concerned.extend(visits::of_thing(thing, streams, &tale, networks));
        let of_thing = tale.exceptions.into_iter().map(|(exception, answers)| row(thing, exception, answers));
        rows.extend(of_thing.filter(|row| seen.insert((row.subject, row.kind.clone(), row.anchor))));
    }
    (rows, concerned)
}

fn row(thing: Thing, exception: Exception, answers: Answers) -> Row {
    Row {
        subject: thing.id().0,
        kind: kind_name(exception.kind),
        anchor: exception.anchor.0,
        is_bag: i64::from(matches!(thing, Thing::Bag(_))),
        site: exception.site.map(String::from),
        since: exception.since.0,
        due_from: exception.due_from.0,
        ended_at: exception.until.map(|at| at.0),
        owner: answers.owner.map(String::from),
        explained_at: answers.explained_at.map(|at| at.0),
        resolved_at: answers.resolved_at.map(|at| at.0),
    }
}

/// Replaces the exceptions of things.
pub(crate) async fn replace(
    tx: &mut Tx,
    region: Region,
    things: &[Thing],
    rows: &[Row],
    life: Life,
) -> Result<(), sqlx::Error> {
    static STATEMENTS: LazyLock<[(Statements, Statements); 2]> = LazyLock::new(|| {
        [Life::Live, Life::Shadow].map(|life| {
            let table = format!("exceptions{}", life.suffix());
            let delete = format!("delete from {table} where region = $1 and subject in (");
            let insert = format!(
                "insert into {table} (region, subject, kind, anchor, is_bag, site, since, due_from, ended_at, owner, \
                 explained_at, resolved_at, is_open) values "
            );
            (Statements::keys(&delete, 1, ")"), Statements::rows(&insert, 13, ""))
        })
    });
    let (delete, insert) = &STATEMENTS[life as usize];
    let region = i64::from(region.0);
    let subjects: Vec<Uuid> = things.iter().map(|thing| thing.id().0).collect();
    clear(tx, delete, region, &subjects).await?;
    for chunk in chunked(rows) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(insert.of(&c, chunk.len()));
            for row in chunk {
                let open = row.ended_at.is_none() && row.resolved_at.is_none();
                query = query.bind(region).bind(row.subject).bind(row.kind.as_str()).bind(row.anchor).bind(row.is_bag)
                    .bind(row.site.as_deref()).bind(row.since).bind(row.due_from).bind(row.ended_at)
                    .bind(row.owner.as_deref()).bind(row.explained_at).bind(row.resolved_at).bind(i64::from(open));
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Who works on an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Nobody,
    Person(PersonId),
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub kind: Option<ExceptionKind>,
    pub site: Option<String>,
    pub owner: Option<Owner>,
    /// Only what counts now and is neither ended nor resolved.
    pub open_at: Option<Timestamp>,
    /// Only what ended or was resolved.
    pub closed: bool,
    /// After this (due_from, subject, kind, anchor).
    pub after: Option<(i64, Uuid, String, Uuid)>,
}

/// The list's text; `$10` is the owner, the sites of a scope follow. What is open and what is closed has each its index in
/// order; both together are two pages merged.
fn list_text(scope: &Scope, filter: &Filter) -> String {
    if filter.open_at.is_some() {
        return half(scope, filter, " and is_open = 1 and due_from <= $2");
    }
    if filter.closed {
        return half(scope, filter, " and is_open = 0");
    }
    let halves = [1, 0].map(|open| half(scope, filter, &format!(" and is_open = {open}")));
    let [open, closed] = halves;
    format!(
        "select {COLUMNS} from (select * from ({open}) as open union all select * from ({closed}) as closed) as either
         order by due_from, subject, kind, anchor limit $9"
    )
}

const COLUMNS: &str =
    "subject, kind, anchor, is_bag, site, since, due_from, ended_at, owner, explained_at, resolved_at";

fn half(scope: &Scope, filter: &Filter, half: &str) -> String {
    let narrowed = [
        (filter.kind.is_some(), " and kind = $3"),
        (filter.site.is_some(), " and site = $4"),
        (filter.owner == Some(Owner::Nobody), " and owner is null"),
        (matches!(filter.owner, Some(Owner::Person(_))), " and owner = $10"),
        (filter.after.is_some(), " and (due_from, subject, kind, anchor) > ($5, $6, $7, $8)"),
    ];
    let narrowed: String = narrowed.iter().filter(|(on, _)| *on).map(|(_, text)| *text).collect();
    // Every parameter is named in any case, so that one binding serves all shapes.
    let named: String = [2, 3, 4, 5, 6, 7, 8, 10].iter().map(|n| format!("${n} is null or ")).collect();
    format!(
        "select {COLUMNS} from exceptions where region = $1{half}{narrowed} and ({named}true){}
         order by due_from, subject, kind, anchor limit $9",
        scope.condition("exceptions.subject", 11)
    )
}

/// One page, what has been due longest first.
///
/// # Errors
/// The database's own.
pub async fn list(
    db: &Db,
    region: Region,
    scope: &Scope,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let text = AssertSqlSafe(list_text(scope, filter));
    let kind = filter.kind.map(kind_name);
    let owner = if let Some(Owner::Person(person)) = &filter.owner { Some(person.as_str()) } else { None };
    let (due, subject, after_kind, anchor) = match &filter.after {
        Some((due, subject, kind, anchor)) => (Some(*due), Some(*subject), Some(kind.as_str()), Some(*anchor)),
        None => (None, None, None, None),
    };
    sql!(db.read(), c => {
        let query = sqlx::query_as(text).bind(i64::from(region.0)).bind(filter.open_at.map(|at| at.0));
        let query = query.bind(kind.as_deref()).bind(filter.site.as_deref());
        let mut query = query.bind(due).bind(subject).bind(after_kind).bind(anchor).bind(limit).bind(owner);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })
}

/// How many exceptions of a scope are open now, by kind, and since when the oldest of each counts.
///
/// # Errors
/// The database's own.
pub async fn open_kinds(
    db: &Db,
    region: Region,
    scope: &Scope,
    now: Timestamp,
) -> Result<Vec<(String, i64, i64)>, sqlx::Error> {
    let text = AssertSqlSafe(kinds_text(scope));
    sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(now.0);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })
}

fn kinds_text(scope: &Scope) -> String {
    format!(
        "select kind, count(*), min(due_from) from exceptions where region = $1 and is_open = 1 and due_from <= $2{}
         group by kind order by count(*) desc, kind",
        scope.condition("exceptions.subject", 3)
    )
}

/// All exceptions of one thing, the ended ones too.
///
/// # Errors
/// The database's own.
pub async fn of_subject(db: &Db, region: Region, subject: SubjectId) -> Result<Vec<Row>, sqlx::Error> {
    sql!(db.read(), c => sqlx::query_as(
        "select subject, kind, anchor, is_bag, site, since, due_from, ended_at, owner, explained_at, resolved_at
         from exceptions where region = $1 and subject = $2 order by since, kind, anchor")
        .bind(i64::from(region.0)).bind(subject.0).fetch_all(c).await)
}

/// The open exceptions of some things, those too that only count later: the lamps of a list.
///
/// # Errors
/// The database's own.
pub async fn open_of(db: &Db, region: Region, subjects: &[Uuid]) -> Result<Vec<Row>, sqlx::Error> {
    static FIND: LazyLock<Statements> = LazyLock::new(|| Statements::keys(OPEN_OF, 1, ")"));
    let mut found = Vec::new();
    for list in filled(subjects) {
        let rows: Vec<Row> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(FIND.of(&c, list.len())).bind(i64::from(region.0));
            for subject in &list {
                query = query.bind(subject);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// The sign keeps planners from walking all that is open: few of the things asked for have anything open at all.
const OPEN_OF: &str =
    "select subject, kind, anchor, is_bag, site, since, due_from, ended_at, owner, explained_at, resolved_at
     from exceptions where +is_open = 1 and region = $1 and subject in (";

/// The open exceptions that hang on scans, by when they began to count: what a device's own scans led to.
///
/// # Errors
/// The database's own.
pub async fn of_anchors(db: &Db, region: Region, scans: &[ScanId], now: Timestamp) -> Result<Vec<Row>, sqlx::Error> {
    static FIND: LazyLock<Statements> = LazyLock::new(|| {
        let head =
            "select subject, kind, anchor, is_bag, site, since, due_from, ended_at, owner, explained_at, resolved_at
             from exceptions where region = $1 and is_open = 1 and due_from <= $2 and anchor in (";
        Statements::keys(head, 2, ")")
    });
    let mut found = Vec::new();
    for list in filled(scans) {
        let rows: Vec<Row> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(FIND.of(&c, list.len())).bind(i64::from(region.0)).bind(now.0);
            for scan in &list {
                query = query.bind(scan.0);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    found.sort_by(|a: &Row, b| (a.due_from, a.subject, &a.kind).cmp(&(b.due_from, b.subject, &b.kind)));
    found.dedup();
    Ok(found)
}

/// How many exceptions of a scope are open now, by kind.
///
/// # Errors
/// The database's own.
pub async fn open_counts(
    db: &Db,
    region: Region,
    scope: &Scope,
    now: Timestamp,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let text = AssertSqlSafe(format!(
        "select kind, count(*) from exceptions where region = $1 and is_open = 1 and due_from <= $2{}
         group by kind order by count(*) desc, kind",
        scope.condition("exceptions.subject", 3)
    ));
    sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(now.0);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queues::tests::{empty, walks};
    use eventstore::db::Engine;

    #[tokio::test]
    async fn the_lamps_of_a_list_are_an_index_search() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("plan.db").display().to_string()).await.unwrap();
        crate::model::prepare(&db).await.unwrap();
        let Engine::Sqlite(pool) = db.read() else { panic!("not SQLite") };
        let keys: Vec<String> = (0..100).map(|key| format!("x'{key:032}'")).collect();
        let text = AssertSqlSafe(format!("explain query plan {OPEN_OF}{})", keys.join(", ")));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(text).fetch_all(pool).await.unwrap();
        let searches =
            |step: &String| step.starts_with("SEARCH exceptions") && step.contains("(region=? AND subject=?)");
        assert!(!steps.is_empty() && steps.iter().all(|(_, _, _, step)| searches(step)), "{steps:?}");
    }

    #[tokio::test]
    async fn whatever_the_list_is_narrowed_to_an_index_is_searched() {
        let (_folder, db) = empty().await;
        let me = "li".parse().unwrap();
        let open = || Filter { open_at: Some(Timestamp(1)), ..Filter::default() };
        let kind = Some(ExceptionKind::HeldTooLong);
        let narrowed = [
            open(),
            Filter { kind, ..open() },
            Filter { site: Some("t01".to_owned()), ..open() },
            Filter { owner: Some(Owner::Nobody), ..open() },
            Filter { owner: Some(Owner::Person(me)), ..open() },
            Filter { closed: true, ..Filter::default() },
            Filter { closed: true, kind, site: Some("t01".to_owned()), ..Filter::default() },
            Filter::default(),
            Filter { kind, ..Filter::default() },
        ];
        let scopes = [Scope::Region, Scope::Sites(vec!["t01".parse().unwrap()])];
        for scope in &scopes {
            for filter in &narrowed {
                let text = list_text(scope, filter);
                assert_eq!(walks(&db, text.clone()).await, [""; 0], "{text}");
            }
            assert_eq!(walks(&db, kinds_text(scope)).await, [""; 0]);
        }
    }
}
