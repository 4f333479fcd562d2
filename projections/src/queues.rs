//! Lists of custody: a site's queues, a courier's load, a bag's contents, everything. A dossier in a bag is joined to
//! its outermost bag's row, so each list is an index search in either table.
use crate::custody::{Row, parse};
use crate::visits::Scope;
use domain::id::{PersonId, Region, SiteId, SubjectId};
use domain::time::Timestamp;
use eventstore::{Db, sql};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

/// A dossier's row, with its outermost bag's if it lies in one.
#[derive(Clone, Debug)]
pub struct Placed {
    pub dossier: Row,
    pub bag: Option<Row>,
    /// The position the newer of the two reflects.
    pub position: i64,
}

/// Which queue of a site. Disjoint: each dossier that is here is in hand, to be sent or on the
/// shelf, and what is to come is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Next hop is here, not yet here.
    ToCome,
    /// Here, no next hop, and on no shelf.
    InHand,
    /// Here, next hop elsewhere.
    ToSend,
    /// Here, on a shelf until the applicant comes.
    OnShelf,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 4] = [Self::ToCome, Self::InHand, Self::ToSend, Self::OnShelf];

    /// Its name in addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ToCome => "to_come",
            Self::InHand => "in_hand",
            Self::ToSend => "to_send",
            Self::OnShelf => "on_shelf",
        }
    }

    /// What a row must fulfil; `{place}` is the row that says where the dossier is, `d` the dossier's own.
    fn condition(self, place: &str) -> String {
        match self {
            Self::ToCome => format!("{place}.next_hop = $2"),
            Self::InHand => format!("{place}.site = $2 and d.shelf is null and (d.target is null or d.target = $2)"),
            Self::OnShelf => {
                format!("{place}.site = $2 and d.shelf is not null and (d.target is null or d.target = $2)")
            }
            Self::ToSend => format!("{place}.site = $2 and d.target <> $2"),
        }
    }
}

/// Where a page ends: the last row's (since, subject).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub since: Timestamp,
    pub subject: SubjectId,
}

impl Cursor {
    /// Before everything.
    pub const START: Self = Self { since: Timestamp(i64::MIN), subject: SubjectId(Uuid::nil()) };
}

#[derive(FromRow)]
struct Joined {
    body: String,
    bag_body: Option<String>,
    position: i64,
}

impl Joined {
    fn placed(self) -> Result<Placed, sqlx::Error> {
        let bag = self.bag_body.as_deref().map(parse).transpose()?;
        Ok(Placed { dossier: parse(&self.body)?, bag, position: self.position })
    }
}

/// One page of a list: by age, oldest first.
#[derive(Clone, Debug)]
pub struct Page {
    pub items: Vec<Placed>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

fn page(rows: Vec<Joined>, limit: i64) -> Result<Page, sqlx::Error> {
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
    let items = rows.into_iter().map(Joined::placed).collect::<Result<Vec<_>, _>>()?;
    let last = items.last().filter(|_| full).map(|placed| &placed.dossier);
    let next = last.map(|row| Cursor { since: row.custody.since.unwrap_or_default(), subject: row.subject });
    Ok(Page { items, next })
}

/// What lies in no bag: most of all, so no index begins with it.
pub(crate) const LOOSE: &str = "d.outer_bag is null";
/// From the bags of a place to what lies in them. Said so that SQLite begins with the bags: it would walk all dossiers and
/// ask each for its bag.
pub(crate) const THROUGH_BAG: &str = "custody_bag b cross join custody_dossier d
            where b.region = $1 and d.region = b.region and d.outer_bag = b.subject";

/// Rows of `direct` places and of those seen through their bag, merged by age. Each half ends with its page: what is handed
/// out or archived grows for ever, and its index has it in order. Which they are is told by indexes alone; then the rows of
/// one page are fetched.
fn both(direct: &str, through_bag: &str) -> String {
    let half = |from: &str| {
        format!(
            "select * from (
                select d.since, d.subject, d.outer_bag from {from} and (d.since, d.subject) > ($3, $4)
                order by d.since, d.subject limit $5
            )"
        )
    };
    let loose = half(&format!("custody_dossier d where d.region = $1 and {LOOSE} and {direct}"));
    let in_bags = half(&format!("{THROUGH_BAG} and {through_bag}"));
    format!(
        "select d.body, b.body as bag_body,
                case when b.position > d.position then b.position else d.position end as position from (
            select * from ({loose} as loose union all {in_bags} as in_bags) as places order by since, subject limit $5
         ) as place
         cross join custody_dossier d left join custody_bag b on b.region = d.region and b.subject = place.outer_bag
         where d.region = $1 and d.subject = place.subject order by place.since, place.subject"
    )
}

async fn list(
    db: &Db,
    region: Region,
    text: String,
    key: &str,
    after: Cursor,
    limit: i64,
) -> Result<Page, sqlx::Error> {
    list_within(db, region, &Scope::Region, text, key, after, limit).await
}

/// As [`list`]; the text's conditions name the sites of the scope from `$6` on.
async fn list_within(
    db: &Db,
    region: Region,
    scope: &Scope,
    text: String,
    key: &str,
    after: Cursor,
    limit: i64,
) -> Result<Page, sqlx::Error> {
    let text = AssertSqlSafe(text);
    let rows: Vec<Joined> = sql!(db.read(), c => {
        let query = sqlx::query_as(text).bind(i64::from(region.0)).bind(key);
        let mut query = query.bind(after.since.0).bind(after.subject.0).bind(limit);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })?;
    page(rows, limit)
}

/// One page of a queue.
///
/// # Errors
/// The database's own.
pub async fn queue(
    db: &Db,
    region: Region,
    site: &SiteId,
    queue: Queue,
    after: Cursor,
    limit: i64,
) -> Result<Page, sqlx::Error> {
    let text = both(&queue.condition("d"), &queue.condition("b"));
    list(db, region, text, site.as_str(), after, limit).await
}

/// Every queue at once, in the order of [`Queue::ALL`]: what is here is walked once.
fn counts_text() -> String {
    let here = |place: &str, from: &str| {
        let count = |queue: Queue| format!("count(case when {} then 1 end)", queue.condition(place));
        let [in_hand, to_send, on_shelf] = [Queue::InHand, Queue::ToSend, Queue::OnShelf].map(count);
        format!(
            "select 0 as to_come, {in_hand} as in_hand, {to_send} as to_send, {on_shelf} as on_shelf
             from {from} and {place}.site = $2"
        )
    };
    let coming = |place: &str, from: &str| {
        format!("select count(*), 0, 0, 0 from {from} and {}", Queue::ToCome.condition(place))
    };
    let loose = format!("custody_dossier d where d.region = $1 and {LOOSE}");
    let parts = [here("d", &loose), here("b", THROUGH_BAG), coming("d", &loose), coming("b", THROUGH_BAG)];
    let sums = Queue::ALL.map(|queue| format!("cast(sum({}) as bigint)", queue.name()));
    format!("select {} from ({}) as queued", sums.join(", "), parts.join(" union all "))
}

/// How many dossiers each queue of a site holds.
///
/// # Errors
/// The database's own.
pub async fn counts(db: &Db, region: Region, site: &SiteId) -> Result<[(Queue, i64); 4], sqlx::Error> {
    let text = AssertSqlSafe(counts_text());
    let (to_come, in_hand, to_send, on_shelf) = sql!(db.read(), c => sqlx::query_as(text)
        .bind(i64::from(region.0)).bind(site.as_str()).fetch_one(c).await)?;
    let [first, second, third, fourth] = Queue::ALL;
    Ok([(first, to_come), (second, in_hand), (third, to_send), (fourth, on_shelf)])
}

/// One page of what a courier carries, in bags or not, within a scope.
///
/// # Errors
/// The database's own.
pub async fn load(
    db: &Db,
    region: Region,
    scope: &Scope,
    courier: &PersonId,
    after: Cursor,
    limit: i64,
) -> Result<Page, sqlx::Error> {
    let seen = scope.condition("d.subject", 6);
    let text = both(&format!("d.courier = $2{seen}"), &format!("b.courier = $2{seen}"));
    list_within(db, region, scope, text, courier.as_str(), after, limit).await
}

/// One page of the dossiers within a scope whose holder is of a kind (`leg`, `post`, `applicant`, `archive`, `unknown`, …).
///
/// # Errors
/// The database's own.
pub async fn by_holder(
    db: &Db,
    region: Region,
    scope: &Scope,
    holder: &str,
    after: Cursor,
    limit: i64,
) -> Result<Page, sqlx::Error> {
    let seen = scope.condition("d.subject", 6);
    let text = both(&format!("d.holder = $2{seen}"), &format!("b.holder = $2{seen}"));
    list_within(db, region, scope, text, holder, after, limit).await
}

/// One page of all dossiers in a scope, by id.
///
/// # Errors
/// The database's own.
pub async fn all(
    db: &Db,
    region: Region,
    scope: &Scope,
    after: SubjectId,
    limit: i64,
) -> Result<Vec<Placed>, sqlx::Error> {
    let text = AssertSqlSafe(format!(
        "select d.body, b.body as bag_body,
                case when b.position > d.position then b.position else d.position end as position
         from {}custody_dossier d left join custody_bag b on b.region = d.region and b.subject = d.outer_bag
         where d.region = $1 and {} order by d.subject limit $3",
        scope.page("dossier", 4),
        scope.on_page("d.subject")
    ));
    let rows: Vec<Joined> = sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(after.0).bind(limit);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })?;
    rows.into_iter().map(Joined::placed).collect()
}

/// One page of all bags in a scope, by id.
///
/// # Errors
/// The database's own.
pub async fn bags(
    db: &Db,
    region: Region,
    scope: &Scope,
    after: SubjectId,
    limit: i64,
) -> Result<Vec<(Row, i64)>, sqlx::Error> {
    let text = AssertSqlSafe(format!(
        "select b.body, b.position from {}custody_bag b where b.region = $1 and {} order by b.subject limit $3",
        scope.page("bag", 4),
        scope.on_page("b.subject")
    ));
    let rows: Vec<(String, i64)> = sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(after.0).bind(limit);
        for site in scope.keys() {
            query = query.bind(String::from(site));
        }
        query.fetch_all(c).await
    })?;
    rows.into_iter().map(|(body, position)| Ok((parse(&body)?, position))).collect()
}

/// The dossiers in a bag now, those of the bags inside it too.
///
/// # Errors
/// The database's own.
pub async fn contents(db: &Db, region: Region, bag: SubjectId, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    let rows: Vec<(String,)> = sql!(db.read(), c => sqlx::query_as(
        "select body from custody_dossier where region = $1 and outer_bag = $2 order by subject limit $3")
        .bind(i64::from(region.0)).bind(bag.0).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(|(body,)| parse(&body)).collect()
}

/// The dossiers of a case, by id. Sorted here, for SQLite walks the county's in that order rather than sort two.
///
/// # Errors
/// The database's own.
pub async fn of_case(db: &Db, region: Region, case: Uuid) -> Result<Vec<Placed>, sqlx::Error> {
    let rows: Vec<Joined> = sql!(db.read(), c => sqlx::query_as(
        "select d.body, b.body as bag_body,
                case when b.position > d.position then b.position else d.position end as position
         from custody_dossier d left join custody_bag b on b.region = d.region and b.subject = d.outer_bag
         where d.region = $1 and d.case_id = $2")
        .bind(i64::from(region.0)).bind(case).fetch_all(c).await)?;
    let mut placed = rows.into_iter().map(Joined::placed).collect::<Result<Vec<_>, _>>()?;
    placed.sort_by_key(|placed| placed.dossier.subject);
    Ok(placed)
}

/// One dossier with its outermost bag.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, region: Region, subject: SubjectId) -> Result<Option<Placed>, sqlx::Error> {
    let row: Option<Joined> = sql!(db.read(), c => sqlx::query_as(
        "select d.body, b.body as bag_body,
                case when b.position > d.position then b.position else d.position end as position
         from custody_dossier d left join custody_bag b on b.region = d.region and b.subject = d.outer_bag
         where d.region = $1 and d.subject = $2")
        .bind(i64::from(region.0)).bind(subject.0).fetch_optional(c).await)?;
    row.map(Joined::placed).transpose()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use eventstore::db::Engine;

    /// A database with empty read models, as long as its folder is kept.
    pub(crate) async fn empty() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("plan.db").display().to_string()).await.unwrap();
        crate::model::prepare(&db).await.unwrap();
        (folder, db)
    }

    /// What SQLite means to do: each step searches an index by more than the region, or gathers what was found.
    pub(crate) async fn walks(db: &Db, text: String) -> Vec<String> {
        let Engine::Sqlite(pool) = db.read() else { return vec!["not SQLite".to_owned()] };
        let text = AssertSqlSafe(format!("explain query plan {text}"));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(text).fetch_all(pool).await.unwrap();
        let whole = ["SCAN d", "SCAN b", "SCAN exceptions", "SCAN v"];
        let walks = |step: &String| step.contains("(region=?)") || whole.iter().any(|it| step.starts_with(it));
        steps.into_iter().map(|(_, _, _, step)| step).filter(walks).collect()
    }

    #[tokio::test]
    async fn every_list_is_an_index_search_in_either_table() {
        let (_folder, db) = empty().await;
        for queue in Queue::ALL {
            let text = both(&queue.condition("d"), &queue.condition("b"));
            assert_eq!(walks(&db, text.clone()).await, [""; 0], "{text}");
        }
        assert_eq!(walks(&db, counts_text()).await, [""; 0], "{}", counts_text());
        for column in ["courier", "holder"] {
            let text = both(&format!("d.{column} = $2"), &format!("b.{column} = $2"));
            assert_eq!(walks(&db, text.clone()).await, [""; 0], "{text}");
        }
    }
}
