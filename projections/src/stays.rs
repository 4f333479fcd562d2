//! Which thing lay in which bag from when to when. A stay is known by its packing, so reuse of a bag mixes no trips.
use crate::model::{Life, Table, clear};
use crate::story::Thing;
use domain::custody::{Cause, Step};
use domain::id::{Region, SubjectId};
use domain::time::Timestamp;
use eventstore::statements::{Statements, chunked};
use eventstore::{Access, Tx, sql};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow};
use std::sync::LazyLock;
use uuid::Uuid;

pub(crate) const TABLE: Table = Table {
    name: "stays",
    columns: "region bigint not null, subject {uuid} not null, packed_scan {uuid} not null, bag {uuid} not null,
              is_bag bigint not null, packed_at bigint not null, ended_at bigint, ended_by text,
              primary key (region, subject, packed_scan)",
    indexes: &["(region, bag, packed_at)"],
};

/// One stay in a bag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct Stay {
    pub subject: Uuid,
    pub packed_scan: Uuid,
    pub bag: Uuid,
    /// 1 if the thing is itself a bag.
    pub is_bag: i64,
    pub packed_at: i64,
    pub ended_at: Option<i64>,
    /// `read`, `opened`, or `ring` if it never began.
    pub ended_by: Option<String>,
}

/// The stays that a thing's steps tell.
#[must_use]
pub fn of(thing: Thing, steps: &[Step]) -> Vec<Stay> {
    let stay = |(index, step): (usize, &Step)| {
        let bag = step.holder.bag().filter(|_| step.cause == Cause::Packed && step.began)?;
        let next = steps[index + 1..].iter().find(|next| next.began);
        let by = next.map(|next| if next.cause == Cause::BagOpened { "opened" } else { "read" });
        Some(row(thing, step, bag, next.map(|next| next.key.at), by))
    };
    steps.iter().enumerate().filter_map(stay).collect()
}

/// A packing that would have closed a ring: kept, so that the thing is looked at again when the ring opens.
#[must_use]
pub fn ring(thing: Thing, step: &Step, bag: SubjectId) -> Stay {
    row(thing, step, bag, Some(step.key.at), Some("ring"))
}

fn row(thing: Thing, step: &Step, bag: SubjectId, ended_at: Option<Timestamp>, by: Option<&str>) -> Stay {
    Stay {
        subject: thing.id().0,
        packed_scan: step.scan.0,
        bag: bag.0,
        is_bag: i64::from(matches!(thing, Thing::Bag(_))),
        packed_at: step.key.at.0,
        ended_at: ended_at.map(|at| at.0),
        ended_by: by.map(ToOwned::to_owned),
    }
}

/// Replaces the stays of things.
pub(crate) async fn replace(
    tx: &mut Tx,
    region: Region,
    things: &[SubjectId],
    stays: &[Stay],
    life: Life,
) -> Result<(), sqlx::Error> {
    static STATEMENTS: LazyLock<[(Statements, Statements); 2]> = LazyLock::new(|| {
        [Life::Live, Life::Shadow].map(|life| {
            let table = format!("stays{}", life.suffix());
            let delete = format!("delete from {table} where region = $1 and subject in (");
            let insert = format!(
                "insert into {table} (region, subject, packed_scan, bag, is_bag, packed_at, ended_at, ended_by) values "
            );
            (Statements::keys(&delete, 1, ")"), Statements::rows(&insert, 8, ""))
        })
    });
    let (delete, insert) = &STATEMENTS[life as usize];
    let region = i64::from(region.0);
    let subjects: Vec<Uuid> = things.iter().map(|thing| thing.0).collect();
    clear(tx, delete, region, &subjects).await?;
    for chunk in chunked(stays) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(insert.of(&c, chunk.len()));
            for stay in chunk {
                query = query.bind(region).bind(stay.subject).bind(stay.packed_scan).bind(stay.bag).bind(stay.is_bag)
                    .bind(stay.packed_at).bind(stay.ended_at).bind(stay.ended_by.as_deref());
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// What was packed into a bag at or after a time.
pub(crate) async fn members(
    access: &mut Access<'_>,
    region: Region,
    bag: SubjectId,
    since: Timestamp,
    life: Life,
) -> Result<Vec<Thing>, sqlx::Error> {
    let text = AssertSqlSafe(format!(
        "select distinct subject, is_bag from stays{} where region = $1 and bag = $2 and packed_at >= $3",
        life.suffix()
    ));
    let region = i64::from(region.0);
    macro_rules! fetch {
        ($engine:expr) => {
            sql!($engine, c => sqlx::query_as(text).bind(region).bind(bag.0).bind(since.0).fetch_all(c).await)
        };
    }
    let rows: Vec<(Uuid, i64)> = match access {
        Access::Tx(tx) => fetch!(tx.conn()),
        Access::Db(db) => fetch!(db.read()),
    }?;
    let thing = |(id, is_bag): (Uuid, i64)| {
        if is_bag == 1 { Thing::Bag(SubjectId(id)) } else { Thing::Dossier(SubjectId(id)) }
    };
    Ok(rows.into_iter().map(thing).collect())
}

/// The stays in a bag, newest first: what is in it now has no end.
///
/// # Errors
/// The database's own.
pub async fn list(db: &eventstore::Db, region: Region, bag: SubjectId, limit: i64) -> Result<Vec<Stay>, sqlx::Error> {
    sql!(db.read(), c => sqlx::query_as(
        "select subject, packed_scan, bag, is_bag, packed_at, ended_at, ended_by from stays
         where region = $1 and bag = $2 order by packed_at desc, subject limit $3")
        .bind(i64::from(region.0)).bind(bag.0).bind(limit).fetch_all(c).await)
}
