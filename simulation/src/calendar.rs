//! Days and hours of the county: UTC+8 for ever, working days as the caller gave them. Reads no clock.
use chrono::{Days, NaiveDate};
use std::collections::BTreeSet;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
const ZONE: i64 = 8 * HOUR;

/// Which days are worked.
#[derive(Clone, Debug)]
pub struct Calendar {
    days_off: BTreeSet<NaiveDate>,
}

impl Calendar {
    #[must_use]
    pub fn new(days_off: BTreeSet<NaiveDate>) -> Self {
        Self { days_off }
    }

    /// Whether people work on a day.
    #[must_use]
    pub fn is_workday(&self, day: NaiveDate) -> bool {
        !self.days_off.contains(&day)
    }

    /// The n-th working day counted from `day`, which is number 0 if it is worked.
    #[must_use]
    pub fn workday_from(&self, day: NaiveDate, n: u32) -> NaiveDate {
        let mut at = day;
        let mut left = n;
        loop {
            if self.is_workday(at) {
                if left == 0 {
                    return at;
                }
                left -= 1;
            }
            at = next(at);
        }
    }

    /// The n-th working day after `day`.
    #[must_use]
    pub fn workday_after(&self, day: NaiveDate, n: u32) -> NaiveDate {
        self.workday_from(next(day), n.saturating_sub(1))
    }
}

/// The day after.
#[must_use]
pub fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// The instant of a minute of a local day.
#[must_use]
pub fn instant(day: NaiveDate, minute: i64) -> i64 {
    let days = day.signed_duration_since(NaiveDate::default()).num_days();
    days * DAY - ZONE + minute * MINUTE
}

/// The last millisecond of a local day.
#[must_use]
pub fn midnight_after(day: NaiveDate) -> i64 {
    instant(day, 24 * 60) - 1
}

/// The local day of an instant.
#[must_use]
pub fn day_of(at: i64) -> NaiveDate {
    let days = u64::try_from((at + ZONE).div_euclid(DAY)).unwrap_or(0);
    NaiveDate::default().checked_add_days(Days::new(days)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_county_and_holidays_are_skipped() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 9, d).unwrap();
        assert_eq!(instant(day(21), 8 * 60 + 30), 1_789_950_600_000);
        assert_eq!(day_of(instant(day(21), 0)), day(21));
        assert_eq!(day_of(instant(day(21), 0) - 1), day(20));
        let calendar = Calendar::new([day(22), day(23)].into());
        assert_eq!(calendar.workday_from(day(21), 0), day(21));
        assert_eq!(calendar.workday_from(day(22), 0), day(24));
        assert_eq!(calendar.workday_after(day(21), 1), day(24));
        assert_eq!(calendar.workday_after(day(21), 2), day(25));
    }
}
