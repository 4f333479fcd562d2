//! Bearer tokens of programs that work with ours (integration clients), each for some scopes and a while. Only their
//! SHA-256 is kept; the plain token is handed out once, when it is made.
use crate::{Change, Error, secret};
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use rand::CryptoRng;

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    pub region: Region,
    /// Who or what it was made for; unique among those in force by custom, not by rule.
    pub name: String,
    /// What it opens: names divided by blanks, as whoever decides understands them.
    pub scopes: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

type TokenColumns = (i64, String, String, i64, Option<i64>, Option<i64>);

/// Makes a token: `lz_<region>_<43 characters>`. Show it once; it cannot be shown again.
///
/// # Errors
/// The database's own.
pub async fn create(
    tx: &mut Tx,
    change: &Change,
    name: &str,
    scopes: &str,
    expires_at: Option<Timestamp>,
    rng: &mut impl CryptoRng,
) -> Result<String, Error> {
    const CREATE: &str =
        "insert into token (hash, region, name, scopes, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)";
    let token = format!("lz_{}_{}", change.region, secret::draw(rng));
    sql!(tx.conn(), c => {
        let query = sqlx::query(CREATE).bind(secret::hash(&token)).bind(i64::from(change.region.0)).bind(name);
        query.bind(scopes).bind(change.recorded_at.0).bind(expires_at.map(|at| at.0)).execute(c).await?;
    });
    Ok(token)
}

/// The token, if it is one of ours and in force now.
///
/// # Errors
/// The database's own.
pub async fn check(db: &Db, token: &str, now: Timestamp) -> Result<Option<TokenRow>, Error> {
    const FIND: &str = "select region, name, scopes, created_at, expires_at, revoked_at from token where hash = $1";
    if !has_shape(token) {
        return Ok(None);
    }
    let row: Option<TokenColumns> =
        sql!(db.read(), c => sqlx::query_as(FIND).bind(secret::hash(token)).fetch_optional(c).await?);
    let found = row.map(read).transpose()?;
    Ok(found.filter(|found| found.revoked_at.is_none() && found.expires_at.is_none_or(|end| now < end)))
}

/// Takes every token of a name out of force; how many there were.
///
/// # Errors
/// The database's own.
pub async fn revoke(tx: &mut Tx, change: &Change, name: &str) -> Result<u64, Error> {
    const REVOKE: &str = "update token set revoked_at = $3 where region = $1 and name = $2 and revoked_at is null";
    Ok(sql!(tx.conn(), c => {
        let query = sqlx::query(REVOKE).bind(i64::from(change.region.0)).bind(name).bind(change.recorded_at.0);
        query.execute(c).await?.rows_affected()
    }))
}

/// Every token ever made, oldest first.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, region: Region) -> Result<Vec<TokenRow>, Error> {
    const LIST: &str = "select region, name, scopes, created_at, expires_at, revoked_at from token where region = $1";
    let rows: Vec<TokenColumns> =
        sql!(db.read(), c => sqlx::query_as(LIST).bind(i64::from(region.0)).fetch_all(c).await?);
    let mut tokens = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    tokens.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
    Ok(tokens)
}

fn read((region, name, scopes, created_at, expires_at, revoked_at): TokenColumns) -> Result<TokenRow, Error> {
    let region = u32::try_from(region).map_err(|_| Error::Stored { table: "token", column: "region" })?;
    let (expires_at, revoked_at) = (expires_at.map(Timestamp), revoked_at.map(Timestamp));
    Ok(TokenRow { region: Region(region), name, scopes, created_at: Timestamp(created_at), expires_at, revoked_at })
}

/// Saves a look-up for what cannot be a token.
fn has_shape(token: &str) -> bool {
    let parts = token.strip_prefix("lz_").and_then(|rest| rest.split_once('_'));
    parts.is_some_and(|(region, text)| region.parse::<Region>().is_ok() && text.len() == secret::LENGTH)
}
