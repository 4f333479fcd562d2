//! Hours in which nobody is woken, by the county's clock: China has one zone and no summer time.
use crate::pages::SHANGHAI_SECONDS;
use domain::time::Timestamp;
use std::str::FromStr;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

/// From one minute of the day until before another; past midnight if the second is the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: i64,
    to: i64,
}

impl Quiet {
    /// 21:00 to 08:00.
    pub const USUAL: Self = Self { from: 21 * 60, to: 8 * 60 };

    /// The first time from `at` on that is not quiet.
    #[must_use]
    pub fn next(self, at: Timestamp) -> Timestamp {
        let local = at.0 + i64::from(SHANGHAI_SECONDS) * 1000;
        let minute = local.div_euclid(MINUTE_MS).rem_euclid(DAY_MINUTES);
        let into = (minute - self.from).rem_euclid(DAY_MINUTES);
        let long = (self.to - self.from).rem_euclid(DAY_MINUTES);
        if into >= long {
            return at;
        }
        Timestamp((local.div_euclid(MINUTE_MS) + long - into) * MINUTE_MS - i64::from(SHANGHAI_SECONDS) * 1000)
    }
}

/// `21:00-08:00`
impl FromStr for Quiet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
            ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
        };
        let read = text.split_once('-').and_then(|(from, to)| Some(Self { from: minute(from)?, to: minute(to)? }));
        read.ok_or_else(|| format!("quiet hours are such as 21:00-08:00, not `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 2026-11-02, in Shanghai.
    fn at(hour: i64, minute: i64) -> Timestamp {
        Timestamp(1_793_577_600_000 + ((hour - 8) * 60 + minute) * MINUTE_MS)
    }

    #[test]
    fn what_falls_into_quiet_hours_waits_until_they_end() {
        let night = Quiet::USUAL;
        assert_eq!(night.next(at(20, 59)), at(20, 59));
        assert_eq!(night.next(at(21, 0)), at(32, 0));
        assert_eq!(night.next(at(3, 30)), at(8, 0));
        assert_eq!(night.next(at(8, 0)), at(8, 0));
        let noon: Quiet = "12:00-14:30".parse().unwrap();
        assert_eq!((noon.next(at(11, 0)), noon.next(at(13, 0))), (at(11, 0), at(14, 30)));
        let never: Quiet = "00:00-00:00".parse().unwrap();
        assert_eq!(never.next(at(3, 0)), at(3, 0));
        for wrong in ["", "21:00", "21-8", "24:00-08:00", "21:60-08:00"] {
            assert!(wrong.parse::<Quiet>().is_err(), "{wrong}");
        }
    }
}
