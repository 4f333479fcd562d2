//! How often something may be tried: counted before anything costly is done, by address and by account. Kept in memory; what
//! makes an account rest lies in the database.
use crate::problem::Problem;
use axum::http::StatusCode;
use domain::time::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// What is counted, how often it may happen within which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Names it in the record.
    pub door: &'static str,
    pub tries: u32,
    pub within_ms: i64,
}

/// Sign-ins from one address: an office may share one.
pub const SIGN_INS_OF_ADDRESS: Limit = Limit { door: "sign-in-address", tries: 30, within_ms: 60_000 };
/// Sign-ins to an account that is not there: it rests like one that is (`registers::account`).
pub const FAILURES_OF_NOBODY: Limit =
    Limit { door: "sign-in-account", tries: registers::account::TRIES as u32, within_ms: registers::account::REST_MS };
/// Enrolments from one address.
pub const ENROLMENTS_OF_ADDRESS: Limit = Limit { door: "enrolment-address", tries: 20, within_ms: 60_000 };
/// Shifts on one device.
pub const SHIFTS_OF_DEVICE: Limit = Limit { door: "shift-device", tries: 20, within_ms: 60_000 };

/// Searches for applicants by one asker: enough for a busy window, too few to try a telephone book.
pub const SEARCHES_OF_ASKER: Limit = Limit { door: "applicant-search", tries: 60, within_ms: 600_000 };
/// Openings of applicants by one asker.
pub const OPENINGS_OF_ASKER: Limit = Limit { door: "applicant-open", tries: 60, within_ms: 600_000 };

/// Wrong receipt codes, case numbers and endings of phones from one address. What was right is given back, so that a town behind
/// one address is not kept out by asking.
pub const WRONG_LOOKS_OF_ADDRESS: Limit = Limit { door: "receipt-address", tries: 20, within_ms: 600_000 };
/// Wrong endings of the phone of one case, one that is there or not: all ten thousand would take three months.
pub const WRONG_LOOKS_OF_CASE: Limit = Limit { door: "receipt-case", tries: 5, within_ms: 3_600_000 };

/// Keys remembered at most, and characters of each: a flood from many addresses or to many accounts costs no more memory than
/// this. Beyond it the older half is forgotten; what holds then is the queue before the hashing.
const KEYS_MAX: usize = 10_000;
const KEY_LENGTH_MAX: usize = 64;

/// Counts tries in windows that begin with the first.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<(&'static str, String), Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    until: Timestamp,
    tries: u32,
}

/// Too many tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    pub door: &'static str,
    /// Milliseconds until the next is counted.
    pub wait_ms: i64,
    /// The first one too many of this window: worth a line in the record, the others are not.
    pub first: bool,
}

impl Attempts {
    /// Counts one try.
    ///
    /// # Errors
    /// One too many within the window.
    pub fn count(&self, limit: Limit, key: &str, now: Timestamp) -> Result<(), TooMany> {
        let key: (&'static str, String) = (limit.door, key.chars().take(KEY_LENGTH_MAX).collect());
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEYS_MAX && !windows.contains_key(&key) {
            make_room(&mut windows, now);
        }
        let fresh = Window { began: now, until: now.plus(limit.within_ms), tries: 0 };
        let window = windows.entry(key).or_insert(fresh);
        if now >= window.until {
            *window = fresh;
        }
        window.tries = window.tries.saturating_add(1);
        if window.tries <= limit.tries {
            return Ok(());
        }
        Err(TooMany { door: limit.door, wait_ms: window.until.since(now), first: window.tries == limit.tries + 1 })
    }

    /// Takes one try of a key back: it was right. Whoever counts first and takes back later lets nobody try more at once.
    pub fn give_back(&self, limit: Limit, key: &str) {
        let key: (&'static str, String) = (limit.door, key.chars().take(KEY_LENGTH_MAX).collect());
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.get_mut(&key) {
            window.tries = window.tries.saturating_sub(1);
        }
    }

    /// Counts one try from an address. Of IPv6 the first 64 bits count: a subscriber has all addresses below them.
    ///
    /// # Errors
    /// One too many within the window.
    pub fn count_address(&self, limit: Limit, address: IpAddr, now: Timestamp) -> Result<(), TooMany> {
        self.count(limit, &counted(address), now)
    }

    /// As [`Self::give_back`], for an address.
    pub fn give_back_address(&self, limit: Limit, address: IpAddr) {
        self.give_back(limit, &counted(address));
    }
}

/// What is counted of an address.
fn counted(address: IpAddr) -> String {
    let counted = match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(it) => IpAddr::V6(Ipv6Addr::from_bits(it.to_bits() & (u128::MAX << 64))),
    };
    counted.to_string()
}

/// Forgets the windows that are over; if that is not enough, the older half.
fn make_room(windows: &mut HashMap<(&'static str, String), Window>, now: Timestamp) {
    windows.retain(|_, window| now < window.until);
    if windows.len() < KEYS_MAX {
        return;
    }
    let mut began: Vec<Timestamp> = windows.values().map(|window| window.began).collect();
    began.sort_unstable();
    let (median, mut left) = (began[began.len() / 2], KEYS_MAX / 2);
    windows.retain(|_, window| {
        let keeps = window.began >= median && left > 0;
        left -= usize::from(keeps);
        keeps
    });
}

impl From<TooMany> for Problem {
    fn from(it: TooMany) -> Self {
        limited(it.wait_ms)
    }
}

/// Come back later.
#[must_use]
pub fn limited(wait_ms: i64) -> Problem {
    let limited = Problem::new(StatusCode::TOO_MANY_REQUESTS, "limited", "Too many tries");
    let seconds = u32::try_from(wait_ms / 1000 + 1).unwrap_or(60);
    Problem { retry_after: Some(seconds), ..limited.detail(format!("Try again in {seconds} seconds")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { door: "test", tries: 2, within_ms: 1000 };

    #[test]
    fn what_is_one_too_many_waits_for_the_next_window() {
        let attempts = Attempts::default();
        let count = |key: &str, at: i64| attempts.count(LIMIT, key, Timestamp(at));
        assert_eq!((count("a", 0), count("a", 10)), (Ok(()), Ok(())));
        assert_eq!(count("a", 400), Err(TooMany { door: "test", wait_ms: 600, first: true }));
        assert_eq!(count("a", 500), Err(TooMany { door: "test", wait_ms: 500, first: false }));
        assert_eq!(count("b", 500), Ok(()), "another key has a count of its own");
        assert_eq!(count("a", 1000), Ok(()));
    }

    #[test]
    fn what_was_right_is_given_back_and_what_is_too_many_stays_so() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            assert_eq!(attempts.count(LIMIT, "a", Timestamp(0)), Ok(()));
            attempts.give_back(LIMIT, "a");
        }
        attempts.give_back(LIMIT, "a");
        attempts.give_back(LIMIT, "nobody");
        assert_eq!([0; 3].map(|_| attempts.count(LIMIT, "a", Timestamp(0)).is_ok()), [true, true, false]);
        let address = "2001:db8::1".parse().unwrap();
        assert!(attempts.count_address(LIMIT, address, Timestamp(0)).is_ok());
        attempts.give_back_address(LIMIT, "2001:db8::ffff".parse().unwrap());
        assert_eq!([0; 3].map(|_| attempts.count_address(LIMIT, address, Timestamp(0)).is_ok()), [true, true, false]);
    }

    #[test]
    fn one_subscriber_of_ipv6_has_one_count() {
        let attempts = Attempts::default();
        let count = |address: &str| attempts.count_address(LIMIT, address.parse().unwrap(), Timestamp(0)).is_ok();
        assert!(count("2001:db8::1") && count("2001:db8::ffff:2"));
        assert!(!count("2001:db8::3"));
        assert!(count("2001:db8:0:1::3") && count("192.0.2.1") && count("192.0.2.2") && count("192.0.2.3"));
    }

    #[test]
    fn a_flood_of_keys_costs_no_more_than_was_set_aside() {
        let attempts = Attempts::default();
        let long = "x".repeat(2_000);
        for number in 0..3 * KEYS_MAX {
            // All at one time: nothing is over.
            assert_eq!(attempts.count(LIMIT, &format!("{number}{long}"), Timestamp(0)), Ok(()));
            assert!(attempts.0.lock().unwrap().len() <= KEYS_MAX);
        }
        assert!(attempts.0.lock().unwrap().keys().all(|(_, key)| key.len() <= KEY_LENGTH_MAX));
    }
}
