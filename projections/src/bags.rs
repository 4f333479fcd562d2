//! Lists of bags by where they are, and how much lies in each.
use crate::custody::{Row, parse};
use crate::queues::Cursor;
use crate::visits::Scope;
use domain::id::{Region, SiteId, SubjectId};
use eventstore::statements::{Statements, filled};
use eventstore::{Db, sql};
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use std::sync::LazyLock;
use uuid::Uuid;

/// Which bags.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// At a site.
    Here(&'a SiteId),
    /// On the way to a site.
    Coming(&'a SiteId),
    /// With a courier, on a leg, with the post.
    Road,
}

impl Place<'_> {
    fn condition(self) -> &'static str {
        match self {
            Self::Here(_) => "b.site = $5",
            Self::Coming(_) => "b.next_hop = $5",
            Self::Road => "b.holder in ('courier', 'leg', 'post') and $5 = ''",
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Here(site) | Self::Coming(site) => site.as_str(),
            Self::Road => "",
        }
    }
}

fn text(scope: &Scope, place: Place<'_>) -> String {
    format!(
        "select b.body from custody_bag b where b.region = $1 and {} and (b.since, b.subject) > ($2, $3){}
         order by b.since, b.subject limit $4",
        place.condition(),
        scope.condition("b.subject", 6)
    )
}

/// One page of bags within a scope: what has been there longest first.
///
/// # Errors
/// The database's own.
pub async fn list(
    db: &Db,
    region: Region,
    scope: &Scope,
    place: Place<'_>,
    after: Cursor,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let text = AssertSqlSafe(text(scope, place));
    let rows: Vec<(String,)> = sql!(db.read(), c => {
        let query = sqlx::query_as(text).bind(i64::from(region.0)).bind(after.since.0).bind(after.subject.0);
        let mut query = query.bind(limit).bind(place.key());
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })?;
    rows.into_iter().map(|(body,)| parse(&body)).collect()
}

/// How many dossiers lie in some bags, those of the bags inside them too; an empty bag is not named.
///
/// # Errors
/// The database's own.
pub async fn filling(db: &Db, region: Region, bags: &[SubjectId]) -> Result<HashMap<SubjectId, i64>, sqlx::Error> {
    static COUNT: LazyLock<Statements> = LazyLock::new(|| {
        let head = "select outer_bag, count(*) from custody_dossier where region = $1 and outer_bag in (";
        Statements::keys(head, 1, ") group by outer_bag")
    });
    let mut counts = HashMap::new();
    for list in filled(bags) {
        let rows: Vec<(Uuid, i64)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(COUNT.of(&c, list.len())).bind(i64::from(region.0));
            for bag in &list {
                query = query.bind(bag.0);
            }
            query.fetch_all(c).await
        })?;
        counts.extend(rows.into_iter().map(|(bag, count)| (SubjectId(bag), count)));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queues::tests::{empty, walks};

    #[tokio::test]
    async fn every_list_of_bags_is_an_index_search() {
        let (_folder, db) = empty().await;
        let site = "t01".parse().unwrap();
        for scope in [Scope::Region, Scope::Sites(vec!["t01".parse().unwrap()])] {
            for place in [Place::Here(&site), Place::Coming(&site), Place::Road] {
                let text = text(&scope, place);
                assert_eq!(walks(&db, text.clone()).await, [""; 0], "{text}");
            }
        }
    }
}
