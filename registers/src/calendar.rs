//! Public holidays and make-up working days. A year is replaced as a whole. Never guesses: a date of a year that is not
//! here has no answer.
use crate::column::text_enum;
use crate::{Change, Error};
use chrono::{Datelike, NaiveDate, Weekday};
use domain::id::Region;
use eventstore::db::Engine;
use eventstore::statements::{chunked, placeholders};
use eventstore::{Tx, sql};
use sqlx::{AssertSqlSafe, Executor, Postgres, Sqlite};
use std::collections::BTreeMap;

text_enum! {
    /// How a date departs from the week.
    pub enum DayKind {
        Holiday = "holiday",
        /// A Saturday or Sunday on which offices work (调休).
        Makeup = "makeup",
    }
}

/// A date that departs from the week, and the feast it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    pub kind: DayKind,
    pub name: String,
}

/// The dates of one year that depart from the week.
pub type Year = BTreeMap<NaiveDate, Day>;

/// The working days of the years that are known. Dates are those of Asia/Shanghai.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    pub years: BTreeMap<i32, Year>,
}

impl Calendar {
    /// Whether offices work on a date; `None` if its year is not known.
    #[must_use]
    pub fn is_workday(&self, date: NaiveDate) -> Option<bool> {
        let year = self.years.get(&date.year())?;
        Some(is_workday(year, date))
    }
}

/// Whether offices work on a date of this year.
#[must_use]
pub fn is_workday(year: &Year, date: NaiveDate) -> bool {
    match year.get(&date).map(|day| day.kind) {
        Some(DayKind::Holiday) => false,
        Some(DayKind::Makeup) => true,
        None => !matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
    }
}

/// The calendar of a region. `on` is `db.read()` or `tx.conn()`.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn load<'e, S, P>(on: Engine<S, P>, region: Region) -> Result<Calendar, Error>
where
    S: Executor<'e, Database = Sqlite>,
    P: Executor<'e, Database = Postgres>,
{
    const READ: &str = "select date, kind, name from calendar_day d where region = $1 and revision = \
        (select max(revision) from calendar_day newest where newest.region = d.region and newest.year = d.year)";
    let rows: Vec<(String, String, String)> =
        sql!(on, c => sqlx::query_as(READ).bind(i64::from(region.0)).fetch_all(c).await?);
    let mut calendar = Calendar::default();
    for (date, kind, name) in rows {
        let unreadable = |column| Error::Stored { table: "calendar_day", column };
        let date: NaiveDate = date.parse().map_err(|_| unreadable("date"))?;
        let kind = kind.parse().map_err(|()| unreadable("kind"))?;
        calendar.years.entry(date.year()).or_default().insert(date, Day { kind, name });
    }
    Ok(calendar)
}

/// Records a year as a whole; it takes the place of what was recorded before.
///
/// # Errors
/// The database's own.
pub async fn save(tx: &mut Tx, change: &Change, year: i32, days: &Year) -> Result<(), Error> {
    let days: Vec<_> = days.iter().collect();
    for chunk in chunked(&days) {
        let values = placeholders(1, chunk.len(), 7);
        let text =
            format!("insert into calendar_day (region, revision, recorded_at, year, date, kind, name) values {values}");
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for (date, day) in chunk {
                query = query.bind(i64::from(change.region.0)).bind(change.revision).bind(change.recorded_at.0);
                query = query.bind(i64::from(year)).bind(date.to_string()).bind(day.kind.as_str()).bind(day.name.as_str());
            }
            query.execute(c).await?;
        });
    }
    Ok(())
}
