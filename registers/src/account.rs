//! What somebody signs in with: password, PIN, second factor, and a one-time code for the first time. Secrets are hashed
//! or sealed before they come here. One row a person, changed in place: what changed stands in the record.
use crate::{Error, secret};
use domain::id::{PersonId, Region};
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use sqlx::FromRow;

/// Wrong answers in a row before an account rests.
pub const TRIES: i64 = 5;
/// How long it rests.
pub const REST_MS: i64 = 10 * 60_000;
/// How long a code for the first sign-in is good.
pub const CODE_MS: i64 = 7 * 24 * 3_600_000;

/// An account. Its `Debug` form shows no secret.
#[derive(Clone, Default, PartialEq, Eq, FromRow)]
pub struct AccountRow {
    /// PHC string (Argon2id).
    pub password: Option<String>,
    pub password_at: Option<i64>,
    /// PHC string (Argon2id) of six digits.
    pub pin: Option<String>,
    /// Sealed by the vault's keys.
    pub totp: Option<String>,
    /// The last time step that was used: none is good twice (RFC 6238, 5.2).
    pub totp_step: i64,
    pub failed: i64,
    pub locked_until: i64,
    pub pin_failed: i64,
    pub pin_locked_until: i64,
    pub code: Option<Vec<u8>>,
    pub code_until: Option<i64>,
}

impl std::fmt::Debug for AccountRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountRow").field("locked_until", &self.locked_until).finish_non_exhaustive()
    }
}

/// Which secret was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Password, second factor or one-time code.
    SignIn,
    /// PIN, on a device.
    Shift,
}

/// The account of a person; an empty one if there is none.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, region: Region, person: &PersonId) -> Result<AccountRow, Error> {
    const FIND: &str = "select password, password_at, pin, totp, totp_step, failed, locked_until, pin_failed, \
        pin_locked_until, code, code_until from account where region = $1 and person = $2";
    let row: Option<AccountRow> = sql!(db.read(), c =>
        sqlx::query_as(FIND).bind(i64::from(region.0)).bind(person.as_str()).fetch_optional(c).await?);
    Ok(row.unwrap_or_default())
}

/// Makes sure there is a row to change.
async fn ensure(tx: &mut Tx, region: Region, person: &PersonId) -> Result<(), Error> {
    const ENSURE: &str = "insert into account (region, person, totp_step, failed, locked_until, pin_failed, \
        pin_locked_until) values ($1, $2, 0, 0, 0, 0, 0) on conflict (region, person) do nothing";
    sql!(tx.conn(), c => {
        sqlx::query(ENSURE).bind(i64::from(region.0)).bind(person.as_str()).execute(c).await?;
    });
    Ok(())
}

/// Sets the password's hash. A code for the first sign-in is used up by it, and a rest is over.
///
/// # Errors
/// The database's own.
pub async fn set_password(
    tx: &mut Tx,
    region: Region,
    person: &PersonId,
    hash: &str,
    now: Timestamp,
) -> Result<(), Error> {
    const SET: &str = "update account set password = $3, password_at = $4, code = null, code_until = null, failed = 0, \
        locked_until = 0 where region = $1 and person = $2";
    ensure(tx, region, person).await?;
    sql!(tx.conn(), c => {
        sqlx::query(SET).bind(i64::from(region.0)).bind(person.as_str()).bind(hash).bind(now.0).execute(c).await?;
    });
    Ok(())
}

/// Sets the PIN's hash.
///
/// # Errors
/// The database's own.
pub async fn set_pin(tx: &mut Tx, region: Region, person: &PersonId, hash: &str) -> Result<(), Error> {
    const SET: &str =
        "update account set pin = $3, pin_failed = 0, pin_locked_until = 0 where region = $1 and person = $2";
    ensure(tx, region, person).await?;
    sql!(tx.conn(), c => {
        sqlx::query(SET).bind(i64::from(region.0)).bind(person.as_str()).bind(hash).execute(c).await?;
    });
    Ok(())
}

/// Sets or takes away the second factor.
///
/// # Errors
/// The database's own.
pub async fn set_totp(tx: &mut Tx, region: Region, person: &PersonId, sealed: Option<&str>) -> Result<(), Error> {
    const SET: &str = "update account set totp = $3, totp_step = 0 where region = $1 and person = $2";
    ensure(tx, region, person).await?;
    sql!(tx.conn(), c => {
        sqlx::query(SET).bind(i64::from(region.0)).bind(person.as_str()).bind(sealed).execute(c).await?;
    });
    Ok(())
}

/// Uses a time step of the second factor; `false` if it, or a later one, was used before.
///
/// # Errors
/// The database's own.
pub async fn use_step(tx: &mut Tx, region: Region, person: &PersonId, step: i64) -> Result<bool, Error> {
    const USE: &str = "update account set totp_step = $3 where region = $1 and person = $2 and totp_step < $3";
    Ok(sql!(tx.conn(), c => sqlx::query(USE).bind(i64::from(region.0)).bind(person.as_str()).bind(step)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Gives a code for the first sign-in, or for who forgot the password. The old password opens nothing any more.
///
/// # Errors
/// The database's own.
pub async fn give_code(
    tx: &mut Tx,
    region: Region,
    person: &PersonId,
    code: &str,
    now: Timestamp,
) -> Result<(), Error> {
    const SET: &str = "update account set password = null, code = $3, code_until = $4, failed = 0, locked_until = 0 \
        where region = $1 and person = $2";
    ensure(tx, region, person).await?;
    sql!(tx.conn(), c => {
        sqlx::query(SET).bind(i64::from(region.0)).bind(person.as_str()).bind(secret::hash(code))
        .bind(now.0 + CODE_MS).execute(c).await?;
    });
    Ok(())
}

impl AccountRow {
    /// Whether a typed code is the one that was given, and still good.
    #[must_use]
    pub fn takes_code(&self, typed: &str, now: Timestamp) -> bool {
        let good = self.code_until.is_some_and(|until| now.0 < until);
        good && self.code.as_deref() == Some(&secret::hash(&secret::normal_typed(typed)))
    }

    /// Until when a door rests, if it does.
    #[must_use]
    pub fn rests_until(&self, door: Door, now: Timestamp) -> Option<Timestamp> {
        let until = match door {
            Door::SignIn => self.locked_until,
            Door::Shift => self.pin_locked_until,
        };
        (now.0 < until).then_some(Timestamp(until))
    }
}

/// Counts a wrong answer. From the fifth in a row on the door rests; `true` when this one made it rest.
///
/// # Errors
/// The database's own.
pub async fn failed(tx: &mut Tx, region: Region, person: &PersonId, door: Door, now: Timestamp) -> Result<bool, Error> {
    let (count, until) = columns(door);
    ensure(tx, region, person).await?;
    let text = sqlx::AssertSqlSafe(format!(
        "update account set {count} = case when {count} + 1 >= {TRIES} then 0 else {count} + 1 end,
                {until} = case when {count} + 1 >= {TRIES} then $3 else {until} end
         where region = $1 and person = $2 returning {until}"
    ));
    let rests = now.0 + REST_MS;
    let until: i64 = sql!(tx.conn(), c =>
        sqlx::query_scalar(text).bind(i64::from(region.0)).bind(person.as_str()).bind(rests).fetch_one(c).await?);
    Ok(until == rests)
}

/// A right answer: the count begins anew.
///
/// # Errors
/// The database's own.
pub async fn succeeded(tx: &mut Tx, region: Region, person: &PersonId, door: Door) -> Result<(), Error> {
    let (count, _) = columns(door);
    let text = sqlx::AssertSqlSafe(format!(
        "update account set {count} = 0 where region = $1 and person = $2 and {count} > 0"
    ));
    sql!(tx.conn(), c => {
        sqlx::query(text).bind(i64::from(region.0)).bind(person.as_str()).execute(c).await?;
    });
    Ok(())
}

fn columns(door: Door) -> (&'static str, &'static str) {
    match door {
        Door::SignIn => ("failed", "locked_until"),
        Door::Shift => ("pin_failed", "pin_locked_until"),
    }
}
