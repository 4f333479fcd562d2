//! Reading the record, newest first, by index searches only: equal actor, name or subject, then a range of positions. A
//! time is turned into a position first, which the times that never fall allow.
use super::{Actor, COLUMNS, Recorded, Subject};
use crate::Error;
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Db, sql};
use sqlx::AssertSqlSafe;

/// What to show. Everything, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor: Option<Actor>,
    /// A stored name of an act.
    pub name: Option<String>,
    pub about: Option<Subject>,
    /// Recorded at this time or later.
    pub from: Option<Timestamp>,
    /// Recorded before this time.
    pub to: Option<Timestamp>,
}

/// Some entries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Recorded>,
    /// Where the next page begins, if there may be more.
    pub next: Option<i64>,
}

/// At most `limit` entries below the position `cursor`, newest first.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, region: Region, filter: &Filter, cursor: Option<i64>, limit: u32) -> Result<Page, Error> {
    let after = match filter.from {
        Some(from) => last_before(db, region, from).await?,
        None => 0,
    };
    let up_to = match filter.to {
        Some(to) => last_before(db, region, to).await?,
        None => i64::MAX,
    };
    let up_to = cursor.map_or(up_to, |cursor| up_to.min(cursor.saturating_sub(1)));
    let (text, words) = statement(filter);
    let rows: Vec<Recorded> = sql!(db.read(), c => {
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        query = query.bind(i64::from(region.0)).bind(after).bind(up_to).bind(i64::from(limit));
        for word in words {
            query = query.bind(word);
        }
        query.fetch_all(c).await?
    });
    let full = rows.len() as u64 >= u64::from(limit);
    let next = rows.last().map(|row| row.position).filter(|_| full);
    Ok(Page { rows, next })
}

/// The text for the filters that are set, and their parameters, from `$5` on.
pub(super) fn statement(filter: &Filter) -> (String, Vec<String>) {
    let set = [
        ("actor", filter.actor.as_ref().map(ToString::to_string)),
        ("name", filter.name.clone()),
        ("about", filter.about.as_ref().map(ToString::to_string)),
    ];
    let set: Vec<_> = set.into_iter().filter_map(|(column, word)| Some((column, word?))).collect();
    let equal: String = set.iter().zip(5..).map(|((column, _), at)| format!(" and {column} = ${at}")).collect();
    // The inner statement needs an index alone, the outer one the few rows: else SQLite walks the table instead.
    let text = format!(
        "select {COLUMNS} from record where region = $1 and position in (select position from record \
         where region = $1 and position > $2 and position <= $3{equal} order by position desc limit $4) \
         order by position desc"
    );
    (text, set.into_iter().map(|(_, word)| word).collect())
}

/// The last position recorded before a time; below the first kept one if there is none. One search for each bit of the length.
pub(super) async fn last_before(db: &Db, region: Region, time: Timestamp) -> Result<i64, Error> {
    const HEAD: &str = "select first, position from record_head where region = $1";
    const WHEN: &str = "select recorded_at from record where region = $1 and position = $2";
    let region = i64::from(region.0);
    let head: Option<(i64, i64)> = sql!(db.read(), c => sqlx::query_as(HEAD).bind(region).fetch_optional(c).await?);
    let Some((first, mut high)) = head else { return Ok(0) };
    let mut low = first - 1;
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let recorded: Option<i64> =
            sql!(db.read(), c => sqlx::query_scalar(WHEN).bind(region).bind(middle).fetch_optional(c).await?);
        // Pruned since the head was read: older than anything asked for.
        if recorded.is_none_or(|recorded| recorded < time.0) { low = middle } else { high = middle - 1 }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::CaseId;
    use eventstore::db::Engine;
    use uuid::Uuid;

    #[tokio::test]
    async fn every_filter_is_one_index_search_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("record.db").to_str().unwrap()).await.unwrap();
        crate::migrate(&db).await.unwrap();
        let Engine::Sqlite(pool) = db.read() else { panic!("a SQLite file") };
        let actor = Filter { actor: Some(Actor::System), ..Filter::default() };
        let name = Filter { name: Some("refused".into()), ..Filter::default() };
        let both = Filter { name: Some("refused".into()), ..actor.clone() };
        let about = Filter { about: Some(Subject::Case(CaseId(Uuid::nil()))), ..Filter::default() };
        let wanted = [
            (Filter::default(), "PRIMARY KEY (region=? AND position>? AND position<?)"),
            (actor, "COVERING INDEX record_actor (region=? AND actor=? AND position>? AND position<?)"),
            (name, "COVERING INDEX record_name (region=? AND name=? AND position>? AND position<?)"),
            (both, "COVERING INDEX record_actor_name (region=? AND actor=? AND name=? AND position>? AND position<?)"),
            (about, "COVERING INDEX record_about (region=? AND about=? AND position>? AND position<?)"),
        ];
        for (filter, index) in wanted {
            let text = AssertSqlSafe(format!("explain query plan {}", statement(&filter).0));
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(text).fetch_all(pool).await.unwrap();
            let steps: Vec<&str> = plan.iter().map(|(.., step)| step.as_str()).collect();
            assert!(steps.iter().any(|step| step.ends_with(index)), "{steps:?}");
            assert!(steps.iter().all(|step| !step.starts_with("SCAN") && !step.contains("TEMP")), "{steps:?}");
        }
    }
}
