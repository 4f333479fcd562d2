//! What a device is told ahead, so that it can answer without network: the dossiers and bags of a site's queues, or of a
//! courier's load with whatever waits to be fetched. Newest first, and never more than asked for.
use crate::custody::{Row, parse};
use crate::queues::Placed;
use domain::id::{PersonId, Region, SiteId};
use eventstore::{Db, sql};
use sqlx::{AssertSqlSafe, FromRow};

/// For whom.
#[derive(Clone, Copy, Debug)]
pub enum For<'a> {
    /// To come, in hand and to send at a site.
    Site(&'a SiteId),
    /// What a courier carries, and what lies at any site with somewhere to go.
    Courier(&'a PersonId),
}

impl For<'_> {
    /// What a row must fulfil that says where a thing is; `{place}` is the dossier's own or its outermost bag's.
    fn condition(self, place: &str) -> String {
        match self {
            Self::Site(_) => format!("({place}.site = $2 or {place}.next_hop = $2)"),
            Self::Courier(_) => {
                format!("({place}.courier = $2 or ({place}.site is not null and {place}.next_hop is not null))")
            }
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Site(site) => site.as_str(),
            Self::Courier(courier) => courier.as_str(),
        }
    }
}

#[derive(FromRow)]
struct Joined {
    body: String,
    bag_body: Option<String>,
    position: i64,
}

/// The dossiers.
///
/// # Errors
/// The database's own.
pub async fn dossiers(db: &Db, region: Region, whom: For<'_>, limit: i64) -> Result<Vec<Placed>, sqlx::Error> {
    let text = AssertSqlSafe(format!(
        "select body, bag_body, position from (
            select d.body, null as bag_body, d.position, d.since, d.subject from custody_dossier d
            where d.region = $1 and d.outer_bag is null and {}
            union all
            select d.body, b.body as bag_body, case when b.position > d.position then b.position else d.position end,
                   d.since, d.subject
            from custody_bag b join custody_dossier d on d.region = b.region and d.outer_bag = b.subject
            where b.region = $1 and {}
         ) as places order by since desc, subject limit $3",
        whom.condition("d"),
        whom.condition("b"),
    ));
    let rows: Vec<Joined> = sql!(db.read(), c => sqlx::query_as(text)
        .bind(i64::from(region.0)).bind(whom.key()).bind(limit).fetch_all(c).await)?;
    let placed = |row: Joined| {
        let bag = row.bag_body.as_deref().map(parse).transpose()?;
        Ok(Placed { dossier: parse(&row.body)?, bag, position: row.position })
    };
    rows.into_iter().map(placed).collect()
}

/// The bags, those that lie in no other bag.
///
/// # Errors
/// The database's own.
pub async fn bags(db: &Db, region: Region, whom: For<'_>, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    let text = AssertSqlSafe(format!(
        "select b.body from custody_bag b where b.region = $1 and {} order by b.since desc, b.subject limit $3",
        whom.condition("b"),
    ));
    let rows: Vec<(String,)> = sql!(db.read(), c => sqlx::query_as(text)
        .bind(i64::from(region.0)).bind(whom.key()).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(|(body,)| parse(&body)).collect()
}
