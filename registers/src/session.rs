//! Sessions of people who signed in. Only a hash of the cookie's secret is kept. A session ends by itself when nobody
//! asked for anything for a while, and in any case after a day's work.
use crate::{Error, secret};
use domain::id::{PersonId, Region};
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use rand::CryptoRng;
use sqlx::FromRow;
use uuid::Uuid;

/// Nobody asked for anything: fifteen minutes, as level protection (等保) is usually audited.
pub const IDLE_MS: i64 = 15 * 60_000;
/// A day's work.
pub const ABSOLUTE_MS: i64 = 12 * 3_600_000;
/// Seen is written this often at most.
const SEEN_EVERY_MS: i64 = 60_000;

/// A session, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SessionRow {
    /// Names it in lists; no secret.
    pub id: Uuid,
    #[sqlx(try_from = "String")]
    pub person: Person,
    pub began_at: i64,
    pub seen_at: i64,
    /// As in [`Begin`].
    pub strong: i64,
    pub address: String,
    pub agent: String,
    pub ended_at: Option<i64>,
}

/// A person's id, as a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person(pub PersonId);

impl TryFrom<String> for Person {
    type Error = domain::id::BadId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// Who begins one, from where.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    pub person: &'a PersonId,
    /// 1 with a second factor, 0 without, -1 while one is still to be shown.
    pub strong: i64,
    pub address: &'a str,
    /// What the browser calls itself, cut short.
    pub agent: &'a str,
}

const COLUMNS: &str = "id, person, began_at, seen_at, strong, address, agent, ended_at";

/// Begins a session; its secret goes into the cookie and nowhere else.
///
/// # Errors
/// The database's own.
pub async fn begin(
    tx: &mut Tx,
    region: Region,
    now: Timestamp,
    it: &Begin<'_>,
    rng: &mut impl CryptoRng,
) -> Result<(String, Uuid), Error> {
    const BEGIN: &str = "insert into session (hash, region, id, person, began_at, seen_at, strong, address, agent) \
        values ($1, $2, $3, $4, $5, $5, $6, $7, $8)";
    let (text, id) = (secret::draw(rng), Uuid::from_u128(rand::RngExt::random(rng)));
    let agent: String = it.agent.chars().take(200).collect();
    sql!(tx.conn(), c => {
        let query = sqlx::query(BEGIN).bind(secret::hash(&text)).bind(i64::from(region.0)).bind(id);
        let query = query.bind(it.person.as_str()).bind(now.0).bind(it.strong).bind(it.address).bind(agent);
        query.execute(c).await?;
    });
    Ok((text, id))
}

/// The session of a cookie, if it lasts.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, region: Region, text: &str, now: Timestamp) -> Result<Option<SessionRow>, Error> {
    if text.len() != secret::LENGTH {
        return Ok(None);
    }
    let find = format!("select {COLUMNS} from session where hash = $1 and region = $2");
    let find = sqlx::AssertSqlSafe(find);
    let row: Option<SessionRow> = sql!(db.read(), c =>
        sqlx::query_as(find).bind(secret::hash(text)).bind(i64::from(region.0)).fetch_optional(c).await?);
    Ok(row.filter(|row| row.lasts(now)))
}

impl SessionRow {
    /// Whether it still opens anything.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now.0 - self.seen_at < IDLE_MS && now.0 - self.began_at < ABSOLUTE_MS
    }

    /// Whether its last sight should be written down.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.0 - self.seen_at >= SEEN_EVERY_MS
    }
}

/// Writes down that it was used.
///
/// # Errors
/// The database's own.
pub async fn saw(tx: &mut Tx, region: Region, id: Uuid, now: Timestamp) -> Result<(), Error> {
    const SAW: &str = "update session set seen_at = $3 where region = $1 and id = $2 and seen_at < $3";
    sql!(tx.conn(), c => {
        sqlx::query(SAW).bind(i64::from(region.0)).bind(id).bind(now.0).execute(c).await?;
    });
    Ok(())
}

/// Ends one of a person's sessions; `false` if there was none to end.
///
/// # Errors
/// The database's own.
pub async fn end(tx: &mut Tx, region: Region, person: &PersonId, id: Uuid, now: Timestamp) -> Result<bool, Error> {
    const END: &str =
        "update session set ended_at = $4 where region = $1 and person = $2 and id = $3 and ended_at is null";
    let ended = sql!(tx.conn(), c => sqlx::query(END).bind(i64::from(region.0)).bind(person.as_str()).bind(id)
        .bind(now.0).execute(c).await?.rows_affected());
    Ok(ended == 1)
}

/// Ends all of a person's sessions but one: a password was changed, a post ended.
///
/// # Errors
/// The database's own.
pub async fn end_all(
    tx: &mut Tx,
    region: Region,
    person: &PersonId,
    but: Option<Uuid>,
    now: Timestamp,
) -> Result<u64, Error> {
    const END: &str =
        "update session set ended_at = $3 where region = $1 and person = $2 and id <> $4 and ended_at is null";
    let but = but.unwrap_or(Uuid::nil());
    Ok(sql!(tx.conn(), c => sqlx::query(END).bind(i64::from(region.0)).bind(person.as_str()).bind(now.0)
        .bind(but).execute(c).await?.rows_affected()))
}

/// A person's sessions that last, newest first.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, region: Region, person: &PersonId, now: Timestamp) -> Result<Vec<SessionRow>, Error> {
    let list = format!(
        "select {COLUMNS} from session where region = $1 and person = $2 and ended_at is null and began_at > $3 \
         order by began_at desc"
    );
    let list = sqlx::AssertSqlSafe(list);
    let rows: Vec<SessionRow> = sql!(db.read(), c => sqlx::query_as(list).bind(i64::from(region.0))
        .bind(person.as_str()).bind(now.0 - ABSOLUTE_MS).fetch_all(c).await?);
    Ok(rows.into_iter().filter(|row| row.lasts(now)).collect())
}
