//! What people type into forms, as values: days, sites. A field left empty is no value.
use super::words::{SHANGHAI_SECONDS, Words, in_shanghai};
use crate::app::App;
use crate::problem::Problem;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use domain::id::SiteId;
use domain::time::Timestamp;
use projections::Scope;
use std::fmt::Display;
use std::str::FromStr;

/// What was typed into a field, if anything was.
#[must_use]
pub fn filled(typed: &str) -> Option<String> {
    Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty())
}

/// Pairs as a form carries them from page to page: `one:other`, parted by spaces. `None` for what no page of ours wrote.
pub fn pairs<A: FromStr, B: FromStr>(typed: &str) -> Option<Vec<(A, B)>> {
    let pair = |text: &str| {
        let (one, other) = text.split_once(':')?;
        Some((one.parse().ok()?, other.parse().ok()?))
    };
    typed.split_whitespace().map(pair).collect()
}

/// Pairs for a form to carry, as [`pairs`] reads them.
pub fn carried<A: Display, B: Display>(pairs: &[(A, B)]) -> String {
    pairs.iter().map(|(one, other)| format!("{one}:{other}")).collect::<Vec<_>>().join(" ")
}

/// The first moment of a day in China.
///
/// # Errors
/// No day.
pub fn begin(typed: &str) -> Result<Option<Timestamp>, Problem> {
    filled(typed).map(|day| midnight(&day, 0)).transpose()
}

/// The first moment after a day: a form's last day counts whole.
///
/// # Errors
/// No day.
pub fn end(typed: &str) -> Result<Option<Timestamp>, Problem> {
    filled(typed).map(|day| midnight(&day, 1)).transpose()
}

fn midnight(day: &str, later: u64) -> Result<Timestamp, Problem> {
    // A browser's date field sends four digits of a year; more would be no time that a row can hold.
    let read = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| day.len() == 10);
    let read = read.and_then(|day| day.checked_add_days(Days::new(later)));
    let read = read.ok_or_else(|| Problem::unfit("no-day", "a day is such as 2026-11-23"))?;
    let utc = read.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    Ok(Timestamp(utc - i64::from(SHANGHAI_SECONDS) * 1000))
}

/// A minute in China, as a browser's field for it sends one.
///
/// # Errors
/// No minute.
pub fn minute(typed: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(typed) = filled(typed) else { return Ok(None) };
    let read = NaiveDateTime::parse_from_str(&typed, "%Y-%m-%dT%H:%M").ok().filter(|_| typed.len() == 16);
    let read = read.ok_or_else(|| Problem::unfit("no-minute", "a minute is such as 2026-11-23T10:00"))?;
    Ok(Some(Timestamp(read.and_utc().timestamp_millis() - i64::from(SHANGHAI_SECONDS) * 1000)))
}

/// From when something holds, as a form takes it and people read it; empty for always.
#[must_use]
pub fn since(words: &Words, at: Timestamp) -> String {
    in_shanghai(at).map_or_else(String::new, |local| {
        if local.time().num_seconds_from_midnight() == 0 {
            local.format("%Y-%m-%d").to_string()
        } else {
            words.time(at)
        }
    })
}

/// Until when something holds: the last day, if it ends with a day.
#[must_use]
pub fn until(words: &Words, at: Timestamp) -> String {
    in_shanghai(at).map_or_else(String::new, |local| {
        let whole = local.time().num_seconds_from_midnight() == 0;
        let last = whole.then(|| local.date_naive().pred_opt()).flatten();
        last.map_or_else(|| words.time(at), |day| day.format("%Y-%m-%d").to_string())
    })
}

/// A site by its id, its label or its name, within reach.
///
/// # Errors
/// None, or beyond reach.
pub fn site(app: &App, scope: &Scope, typed: &str) -> Result<Option<SiteId>, Problem> {
    let Some(typed) = filled(typed) else { return Ok(None) };
    let known = app.known();
    let by_id = known.site(&typed).filter(|(_, known)| *known).map(|(id, _)| id);
    let mut named = known.sites.values().filter(|row| row.name == typed || row.name_en.as_ref() == Some(&typed));
    let by_name = || named.next().map(|row| row.id.clone()).filter(|_| named.next().is_none());
    let found = by_id.or_else(by_name).filter(|id| scope.covers(id));
    found
        .map(Some)
        .ok_or_else(|| Problem::unfit("no-such-site", format!("there is no site `{typed}` where you may do this")))
}

/// The sites within reach, by id, with their names.
#[must_use]
pub fn sites(app: &App, words: &Words, scope: &Scope) -> Vec<(String, String)> {
    let known = app.known();
    let within = known.sites.keys().filter(|id| scope.covers(id));
    let mut sites: Vec<(String, String)> = within.map(|id| (id.to_string(), words.site(id))).collect();
    sites.sort();
    sites
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_and_ends_at_midnight_in_china() {
        let begun = begin("2026-11-02").unwrap().unwrap();
        assert_eq!(begun, Timestamp(1_793_548_800_000));
        assert_eq!(end("2026-11-02").unwrap(), Some(begun.plus(86_400_000)));
        assert_eq!(begin(" ").unwrap(), None);
        for wrong in ["2026-11-31", "today", "99999-01-01", "2026-1-1", "2026-11-02T00"] {
            assert!(begin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_come_back_as_they_were_carried() {
        assert_eq!(carried::<u8, u8>(&[]), "");
        assert_eq!(pairs::<u8, u8>(""), Some(Vec::new()));
        let all = vec![("a".to_owned(), 1), ("b".to_owned(), 2)];
        assert_eq!(pairs(&carried(&all)), Some(all));
        for wrong in ["x", "1", "1:x", "1:1 :", "x:1", "1:1:1"] {
            assert_eq!(pairs::<u8, u8>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_minute_is_told_by_chinas_clock() {
        assert_eq!(minute("2026-11-02T08:00").unwrap(), Some(Timestamp(1_793_577_600_000)));
        assert_eq!(minute("").unwrap(), None);
        for wrong in ["2026-11-02", "10:00", "2026-11-02T25:00", "99999-11-02T08:0"] {
            assert!(minute(wrong).is_err(), "{wrong}");
        }
    }
}
