//! The county at a glance: how long each site's queues are, and what is on the road. Each is one statement, grouped by the
//! database; nothing is asked site by site.
use crate::queues::{LOOSE, THROUGH_BAG};
use crate::visits::Scope;
use domain::id::Region;
use eventstore::statements::placeholders;
use eventstore::{Db, sql};
use sqlx::{AssertSqlSafe, FromRow};

/// The queues of one site.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Queued {
    pub site: String,
    /// Next hop is here, not yet here.
    pub to_come: i64,
    /// Here, no next hop.
    pub in_hand: i64,
    /// Here, next hop elsewhere.
    pub to_send: i64,
    /// Since when the oldest of what is here is here; `None` if nothing is.
    pub oldest: Option<i64>,
}

/// What is on the road with one carrier on one leg.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Moving {
    /// courier, leg or post.
    pub holder: String,
    pub courier: Option<String>,
    pub left_site: Option<String>,
    pub next_hop: Option<String>,
    /// Dossiers, those in bags too.
    pub dossiers: i64,
    pub bags: i64,
    /// Since when the one that is longest on its way is.
    pub oldest: i64,
}

/// ` and column in (…)` for the sites of a scope, the parameters from `$2` on. Of the region, whatever has a value: said so
/// that the partial index is searched.
fn within(scope: &Scope, column: &str) -> String {
    match scope {
        Scope::Region => format!(" and {column} > ''"),
        Scope::Sites(_) => format!(" and {column} in {}", placeholders(2, 1, scope.keys().len())),
    }
}

fn queues_text(scope: &Scope) -> String {
    let here = |place: &str, from: &str| {
        format!(
            "select {place}.site as site, 0 as to_come,
                    sum(case when d.target is null or d.target = {place}.site then 1 else 0 end) as in_hand,
                    sum(case when d.target <> {place}.site then 1 else 0 end) as to_send, min(d.since) as oldest
             from {from}{} group by {place}.site",
            within(scope, &format!("{place}.site"))
        )
    };
    let coming = |place: &str, from: &str| {
        format!(
            "select {place}.next_hop, count(*), 0, 0, null from {from}{} group by {place}.next_hop",
            within(scope, &format!("{place}.next_hop"))
        )
    };
    let loose = format!("custody_dossier d where d.region = $1 and {LOOSE}");
    let parts = [here("d", &loose), here("b", THROUGH_BAG), coming("d", &loose), coming("b", THROUGH_BAG)];
    format!(
        "select site, cast(sum(to_come) as bigint) as to_come, cast(sum(in_hand) as bigint) as in_hand,
                cast(sum(to_send) as bigint) as to_send, min(oldest) as oldest
         from ({}) as queued group by site order by site",
        parts.join(" union all ")
    )
}

fn road_text(scope: &Scope) -> String {
    let group = |place: &str| format!("{place}.holder, {place}.courier, {place}.left_site, {place}.next_hop");
    let travels = |place: &str| format!("{place}.holder in ('courier', 'leg', 'post')");
    let dossier = scope.condition("d.subject", 2);
    let bag = scope.condition("b.subject", 2);
    let (of_dossier, of_bag) = (group("d"), group("b"));
    let (loose, carried) = (travels("d"), travels("b"));
    format!(
        "select holder, courier, left_site, next_hop, cast(sum(dossiers) as bigint) as dossiers,
                cast(sum(bags) as bigint) as bags, min(oldest) as oldest from (
            select {of_dossier}, count(*) as dossiers, 0 as bags, min(d.since) as oldest
            from custody_dossier d where d.region = $1 and {loose}{dossier} group by {of_dossier}
            union all
            select {of_bag}, count(*), 0, min(b.since) from {THROUGH_BAG} and {carried}{dossier} group by {of_bag}
            union all
            select {of_bag}, 0, count(*), min(b.since)
            from custody_bag b where b.region = $1 and {carried}{bag} group by {of_bag}
         ) as moving group by holder, courier, left_site, next_hop order by min(oldest), left_site, next_hop, courier"
    )
}

/// The queues of every site of a scope that has any, by site.
///
/// # Errors
/// The database's own.
pub async fn queues(db: &Db, region: Region, scope: &Scope) -> Result<Vec<Queued>, sqlx::Error> {
    let text = AssertSqlSafe(queues_text(scope));
    sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0));
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })
}

/// What is on the road within a scope, by carrier and leg; what is longest on its way first.
///
/// # Errors
/// The database's own.
pub async fn road(db: &Db, region: Region, scope: &Scope) -> Result<Vec<Moving>, sqlx::Error> {
    let text = AssertSqlSafe(road_text(scope));
    sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0));
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

    #[tokio::test]
    async fn the_whole_county_is_asked_by_index() {
        let (_folder, db) = empty().await;
        for scope in [Scope::Region, Scope::Sites(vec!["t01".parse().unwrap()]), Scope::Sites(Vec::new())] {
            for text in [queues_text(&scope), road_text(&scope)] {
                assert_eq!(walks(&db, text.clone()).await, [""; 0], "{text}");
            }
        }
    }
}
