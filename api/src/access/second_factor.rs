//! The second factor: a code that changes every 30 seconds (TOTP, RFC 6238), from an app on the person's phone. Its secret
//! is sealed by the vault's keys; a code is good once.
use crate::app::App;
use crate::problem::Problem;
use domain::id::PersonId;
use domain::time::Timestamp;
use eventstore::Clock;
use rand::TryRng;
use rand::rngs::SysRng;
use registers::account::{self, AccountRow};
use totp_rs::{Builder, Totp};

/// Bytes of a secret: 160 bits, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// What apps show above the code.
const ISSUER: &str = "Liuzhuan";

/// A fresh secret.
///
/// # Errors
/// The system gives no random numbers.
pub fn draw() -> Result<Vec<u8>, Problem> {
    let mut secret = vec![0; SECRET_BYTES];
    SysRng.try_fill_bytes(&mut secret).map_err(|error| Problem::internal(&error))?;
    Ok(secret)
}

/// What an app is told: its address for a QR code, and the secret for typing.
#[derive(Clone, Debug)]
pub struct Offer {
    pub address: String,
    pub typed: String,
}

/// The offer of a secret.
///
/// # Errors
/// Never for a secret and an id of ours.
pub fn offer(person: &PersonId, secret: &[u8]) -> Result<Offer, Problem> {
    let totp = totp(person, secret)?;
    let address = totp.to_url().map_err(|error| Problem::internal(&format!("{error:?}")))?;
    Ok(Offer { address, typed: totp.secret().to_base32() })
}

fn totp(person: &PersonId, secret: &[u8]) -> Result<Totp, Problem> {
    let builder = Builder::new().with_secret(secret.to_vec()).with_account_name(person.to_string());
    builder.with_issuer(Some(ISSUER)).build().map_err(|error| Problem::internal(&format!("{error:?}")))
}

/// The time step that a code belongs to, if it is right now: the step before and after count too, for clocks differ.
///
/// # Errors
/// Never for a secret of ours.
pub fn step(person: &PersonId, secret: &[u8], code: &str, now: Timestamp) -> Result<Option<i64>, Problem> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let seconds = u64::try_from(now.0 / 1000).unwrap_or_default();
    let found = totp(person, secret)?.check(&digits, seconds);
    Ok(found.and_then(|step| i64::try_from(step).ok()))
}

/// The code of now, for a demonstration.
///
/// # Errors
/// Never for a secret of ours.
pub fn code_now(person: &PersonId, secret: &[u8], now: Timestamp) -> Result<String, Problem> {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or_default();
    Ok(totp(person, secret)?.generate(seconds).to_string())
}

/// The real time, also where a demonstration drives the clock: an app on a phone knows no other.
#[must_use]
pub fn real_now() -> Timestamp {
    Clock::System.now()
}

/// Whether a code is right for an account; uses it up.
///
/// # Errors
/// The database's own, or a secret that the keys do not open.
pub async fn uses(app: &App, person: &PersonId, row: &AccountRow, code: &str) -> Result<bool, Problem> {
    let Some(sealed) = &row.totp else { return Ok(false) };
    let secret = app.vault().open_small(person, sealed)?;
    let Some(step) = step(person, &secret, code, real_now())? else { return Ok(false) };
    let mut tx = app.db().begin().await?;
    let fresh = account::use_step(&mut tx, app.region(), person, step).await?;
    tx.commit().await?;
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_right_for_its_half_minute_and_its_neighbours() {
        let (person, secret) = ("li".parse().unwrap(), draw().unwrap());
        let now = Timestamp(1_793_577_600_000);
        let code = code_now(&person, &secret, now).unwrap();
        let right = |later: i64| step(&person, &secret, &code, now.plus(later * 1000)).unwrap().is_some();
        assert!(right(0) && right(-30) && right(30));
        assert!(!right(90) && !right(-90));
        assert!(step(&person, &draw().unwrap(), &code, now).unwrap().is_none());
    }
}
