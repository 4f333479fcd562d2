//! A stock-take: what is believed to lie at a site, or on one of its shelves, against what was read there since the
//! stock-take began. Nothing of its own is kept: both are in the rows of custody.
use crate::custody::{Row, parse};
use crate::queues::Cursor;
use domain::id::{Region, SiteId};
use domain::time::Timestamp;
use eventstore::{Db, sql};
use sqlx::{AssertSqlSafe, FromRow};

/// Where, and since when.
#[derive(Clone, Debug)]
pub struct Stocktake {
    pub site: SiteId,
    /// One shelf; `None`: everything loose at the site.
    pub shelf: Option<String>,
    pub began: Timestamp,
}

/// How a dossier stands in a stock-take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Believed here, and read since.
    Found,
    /// Believed here, and not read since.
    Missing,
    /// Read since, and not believed here when it began.
    Unexpected,
}

impl Part {
    /// What a row must fulfil: `$3` is the beginning, `$4` the shelf or nothing.
    fn condition(self, shelf: bool) -> &'static str {
        match (self, shelf) {
            (Self::Found, false) => "d.since < $3 and d.read_at >= $3 and $4 = ''",
            (Self::Found, true) => "d.since < $3 and d.read_at >= $3 and d.shelf = $4",
            (Self::Missing, false) => "d.since < $3 and d.read_at < $3 and $4 = ''",
            (Self::Missing, true) => "d.since < $3 and d.read_at < $3 and d.shelf = $4",
            (Self::Unexpected, false) => "d.since >= $3 and $4 = ''",
            (Self::Unexpected, true) => "d.read_at >= $3 and (d.since >= $3 or coalesce(d.shelf, '') <> $4)",
        }
    }
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Tally {
    pub found: i64,
    pub missing: i64,
    pub unexpected: i64,
}

fn tally_text(shelf: bool) -> String {
    let sum =
        |part: Part| format!("cast(coalesce(sum(case when {} then 1 else 0 end), 0) as bigint)", part.condition(shelf));
    format!(
        "select {} as found, {} as missing, {} as unexpected from custody_dossier d where d.region = $1 and d.site = $2",
        sum(Part::Found),
        sum(Part::Missing),
        sum(Part::Unexpected)
    )
}

fn list_text(part: Part, shelf: bool) -> String {
    format!(
        "select d.body from custody_dossier d where d.region = $1 and d.site = $2 and {}
         and (d.since, d.subject) > ($5, $6) order by d.since, d.subject limit $7",
        part.condition(shelf)
    )
}

/// How far a stock-take has come.
///
/// # Errors
/// The database's own.
pub async fn tally(db: &Db, region: Region, of: &Stocktake) -> Result<Tally, sqlx::Error> {
    let text = AssertSqlSafe(tally_text(of.shelf.is_some()));
    sql!(db.read(), c => sqlx::query_as(text)
        .bind(i64::from(region.0)).bind(of.site.as_str()).bind(of.began.0)
        .bind(of.shelf.as_deref().unwrap_or_default()).fetch_one(c).await)
}

/// One page of a part: what has been there longest first.
///
/// # Errors
/// The database's own.
pub async fn list(
    db: &Db,
    region: Region,
    of: &Stocktake,
    part: Part,
    after: Cursor,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let text = AssertSqlSafe(list_text(part, of.shelf.is_some()));
    let rows: Vec<(String,)> = sql!(db.read(), c => sqlx::query_as(text)
        .bind(i64::from(region.0)).bind(of.site.as_str()).bind(of.began.0)
        .bind(of.shelf.as_deref().unwrap_or_default())
        .bind(after.since.0).bind(after.subject.0).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(|(body,)| parse(&body)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queues::tests::{empty, walks};

    #[tokio::test]
    async fn a_stock_take_asks_one_site_by_index() {
        let (_folder, db) = empty().await;
        for shelf in [false, true] {
            let parts = [Part::Found, Part::Missing, Part::Unexpected].map(|part| list_text(part, shelf));
            for text in parts.into_iter().chain([tally_text(shelf)]) {
                assert_eq!(walks(&db, text.clone()).await, [""; 0], "{text}");
            }
        }
    }
}
