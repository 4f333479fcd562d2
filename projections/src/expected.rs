//! What a device is told ahead, so that it can answer without network: the dossiers and bags of a site's queues, or of a
//! courier's load with whatever waits to be fetched. Newest first, and never more than asked for.
use crate::custody::{Row, parse};
use crate::queues::{LOOSE, Placed, THROUGH_BAG};
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
    /// What a row must fulfil that says where a thing is; `{place}` is the dossier's own or its outermost bag's. One for each
    /// index, and no row fulfils both.
    fn conditions(self, place: &str) -> [String; 2] {
        match self {
            Self::Site(_) => [
                format!("{place}.site = $2"),
                format!("{place}.next_hop = $2 and ({place}.site is null or {place}.site <> $2)"),
            ],
            Self::Courier(_) => [
                format!("{place}.courier = $2"),
                format!(
                    "{place}.next_hop > '' and {place}.site is not null and ({place}.courier is null or {place}.courier <> $2)"
                ),
            ],
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
    let direct = |condition: &str| {
        format!(
            "select d.body, null as bag_body, d.position, d.since, d.subject from custody_dossier d
             where d.region = $1 and {LOOSE} and {condition}"
        )
    };
    let in_bags = |condition: &str| {
        format!(
            "select d.body, b.body as bag_body,
                    case when b.position > d.position then b.position else d.position end as position, d.since, d.subject
             from {THROUGH_BAG} and {condition}"
        )
    };
    let ([here, coming], [bag_here, bag_coming]) = (whom.conditions("d"), whom.conditions("b"));
    let parts = [direct(&here), direct(&coming), in_bags(&bag_here), in_bags(&bag_coming)];
    let text = AssertSqlSafe(format!(
        "select body, bag_body, position from ({}) as places order by since desc, subject limit $3",
        parts.join(" union all ")
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
    let parts = whom.conditions("b").map(|condition| {
        format!("select b.body, b.since, b.subject from custody_bag b where b.region = $1 and {condition}")
    });
    let text = AssertSqlSafe(format!(
        "select body from ({}) as places order by since desc, subject limit $3",
        parts.join(" union all ")
    ));
    let rows: Vec<(String,)> = sql!(db.read(), c => sqlx::query_as(text)
        .bind(i64::from(region.0)).bind(whom.key()).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(|(body,)| parse(&body)).collect()
}
