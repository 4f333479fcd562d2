//! Rows with validity, alike in every register: a change is a new row, and the newest row that had begun by a time
//! decides what held at it. Never updates or deletes.
use crate::column::{Cell, cells};
use crate::{Change, Error};
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::db::Engine;
use eventstore::statements::{chunked, placeholders};
use eventstore::{Db, Tx, sql};
use sqlx::{AssertSqlSafe, Executor, Postgres, Sqlite};

/// A row of a register. Written with `register!`.
pub trait Register: Sized + Clone + PartialEq {
    /// Its table.
    const TABLE: &'static str;
    /// How many of the columns, from the first, are its key.
    const KEYS: usize;
    /// Name, and whether it is a whole number.
    const COLUMNS: &'static [(&'static str, bool)];

    #[doc(hidden)]
    fn cells(&self) -> Vec<Cell>;

    #[doc(hidden)]
    fn of(cells: Vec<Cell>) -> Result<Self, Error>;
}

/// Declares a row: fields are columns of the same name, or of the name behind `=`.
macro_rules! register {
    (
        $(#[$doc:meta])* pub struct $row:ident in $table:literal, keys $keys:literal {
            $( $(#[$fdoc:meta])* $field:ident: $type:ty = $column:literal, )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $row { $( $(#[$fdoc])* pub $field: $type, )+ }

        impl $crate::register::Register for $row {
            const TABLE: &'static str = $table;
            const KEYS: usize = $keys;
            const COLUMNS: &'static [(&'static str, bool)] =
                &[$(($column, <$type as $crate::column::Column>::IS_INT),)+];

            fn cells(&self) -> Vec<$crate::column::Cell> {
                vec![$($crate::column::Column::cell(&self.$field),)+]
            }

            fn of(cells: Vec<$crate::column::Cell>) -> Result<Self, $crate::Error> {
                let mut cells = cells.into_iter();
                Ok(Self {$(
                    $field: cells
                        .next()
                        .and_then(<$type as $crate::column::Column>::of)
                        .ok_or($crate::Error::Stored { table: $table, column: $column })?,
                )+})
            }
        }
    };
}
pub(crate) use register;

/// When a row holds: from `from`, until before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub to: Option<Timestamp>,
}

impl Validity {
    /// For all time.
    pub const ALWAYS: Self = Self { from: Timestamp(i64::MIN), to: None };

    /// From a time on.
    #[must_use]
    pub fn since(from: Timestamp) -> Self {
        Self { from, to: None }
    }
}

/// A row with its validity, and when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    pub row: T,
    pub valid: Validity,
    pub recorded_at: Timestamp,
    /// The region's revision that recorded it.
    pub revision: i64,
}

/// The columns of validity, which stand before a row's own; `region` stands before them.
const DATED: [(&str, bool); 4] = [("revision", true), ("valid_from", true), ("valid_to", true), ("recorded_at", true)];

/// The key of a row, as text.
#[must_use]
pub fn key<T: Register>(row: &T) -> Vec<String> {
    let text = |cell| match cell {
        Cell::Text(text) => text.unwrap_or_default(),
        Cell::Int(number) => number.unwrap_or_default().to_string(),
    };
    row.cells().into_iter().take(T::KEYS).map(text).collect()
}

/// Every row ever recorded, by key and revision. `on` is `db.read()` or `tx.conn()`.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn history<'e, T, S, P>(on: Engine<S, P>, region: Region) -> Result<Vec<Dated<T>>, Error>
where
    T: Register,
    S: Executor<'e, Database = Sqlite>,
    P: Executor<'e, Database = Postgres>,
{
    history_of(on, region, &[]).await
}

/// Every row ever recorded of one key, or of keys that begin alike.
///
/// # Errors
/// As [`history`].
pub async fn history_of<'e, T, S, P>(on: Engine<S, P>, region: Region, of: &[&str]) -> Result<Vec<Dated<T>>, Error>
where
    T: Register,
    S: Executor<'e, Database = Sqlite>,
    P: Executor<'e, Database = Postgres>,
{
    let columns: Vec<_> = DATED.iter().chain(T::COLUMNS).copied().collect();
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let mut text = format!("select {} from {} where region = $1", names.join(", "), T::TABLE);
    for (at, (column, _)) in T::COLUMNS.iter().take(of.len()).enumerate() {
        text.push_str(&format!(" and {column} = ${}", at + 2));
    }
    let mut rows = sql!(on, c => {
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(i64::from(region.0));
        for &part in of {
            query = query.bind(part);
        }
        let rows = query.fetch_all(c).await?;
        rows.iter().map(|row| dated::<T>(cells(row, 0, &columns)?)).collect::<Result<Vec<_>, Error>>()?
    });
    // Sorted here: the two engines order text differently.
    rows.sort_by_cached_key(|dated| (key(&dated.row), dated.revision));
    Ok(rows)
}

fn dated<T: Register>(mut cells: Vec<Cell>) -> Result<Dated<T>, Error> {
    let row = T::of(cells.split_off(DATED.len()))?;
    let mut numbers = cells.into_iter().map(|cell| if let Cell::Int(number) = cell { number } else { None });
    let mut next = |column| numbers.next().ok_or(Error::Stored { table: T::TABLE, column });
    let (revision, from, to, recorded_at) =
        (next("revision")?, next("valid_from")?, next("valid_to")?, next("recorded_at")?);
    let valid = Validity { from: Timestamp(from.unwrap_or(i64::MIN)), to: to.map(Timestamp) };
    let recorded_at = Timestamp(recorded_at.unwrap_or_default());
    Ok(Dated { row, valid, recorded_at, revision: revision.unwrap_or_default() })
}

/// What of a history held at a time: of each key the newest row that had begun, unless it has ended.
pub fn current<T: Register>(history: &[Dated<T>], at: Timestamp) -> impl Iterator<Item = &Dated<T>> {
    let of_one_key = history.chunk_by(|a, b| key(&a.row) == key(&b.row));
    of_one_key
        .filter_map(move |rows| rows.iter().rev().find(|dated| dated.valid.from <= at))
        .filter(move |dated| dated.valid.to.is_none_or(|to| to > at))
}

/// The rows that hold at a time, by key.
///
/// # Errors
/// As [`history`].
pub async fn list<T: Register>(db: &Db, region: Region, at: Timestamp) -> Result<Vec<T>, Error> {
    let history = history::<T, _, _>(db.read(), region).await?;
    Ok(current(&history, at).map(|dated| dated.row.clone()).collect())
}

/// The row of a key that holds at a time.
///
/// # Errors
/// As [`history`].
pub async fn find<T: Register>(db: &Db, region: Region, key: &[&str], at: Timestamp) -> Result<Option<T>, Error> {
    let history = history_of::<T, _, _>(db.read(), region, key).await?;
    Ok(current(&history, at).next().map(|dated| dated.row.clone()))
}

/// Records rows. One change records a key at most once.
///
/// # Errors
/// The database's own.
pub async fn save<T: Register>(tx: &mut Tx, change: &Change, rows: &[(T, Validity)]) -> Result<(), Error> {
    let columns = DATED.iter().chain(T::COLUMNS).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    for chunk in chunked(rows) {
        let values = placeholders(1, chunk.len(), 1 + DATED.len() + T::COLUMNS.len());
        let text = format!("insert into {} (region, {columns}) values {values}", T::TABLE);
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for cell in chunk.iter().flat_map(|(row, valid)| stored(row, *valid, change)) {
                query = match cell {
                    Cell::Text(text) => query.bind(text),
                    Cell::Int(number) => query.bind(number),
                };
            }
            query.execute(c).await?;
        });
    }
    Ok(())
}

fn stored<T: Register>(row: &T, valid: Validity, change: &Change) -> Vec<Cell> {
    let region = i64::from(change.region.0);
    let dates =
        [Some(region), Some(change.revision), Some(valid.from.0), valid.to.map(|to| to.0), Some(change.recorded_at.0)];
    dates.into_iter().map(Cell::Int).chain(row.cells()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leg::LegRow;
    use domain::time::Minutes;

    fn leg(to: &str, most: u32, from_ms: i64, until_ms: Option<i64>, revision: i64) -> Dated<LegRow> {
        let row =
            LegRow { from: "a".parse().unwrap(), to: to.parse().unwrap(), least: Minutes(1), most: Minutes(most) };
        let valid = Validity { from: Timestamp(from_ms), to: until_ms.map(Timestamp) };
        Dated { row, valid, recorded_at: Timestamp(0), revision }
    }

    fn most(history: &[Dated<LegRow>], at: i64) -> Vec<u32> {
        current(history, Timestamp(at)).map(|dated| dated.row.most.0).collect()
    }

    #[test]
    fn the_newest_row_that_had_begun_decides() {
        let history = [leg("b", 10, 0, None, 1), leg("b", 20, 100, None, 2), leg("c", 30, 50, None, 2)];
        assert!(most(&history, -1).is_empty());
        assert_eq!(most(&history, 99), [10, 30]);
        assert_eq!(most(&history, 100), [20, 30]);
    }

    #[test]
    fn what_was_ended_does_not_come_back_by_an_older_row() {
        let history = [leg("b", 10, 0, None, 1), leg("b", 10, 0, Some(100), 2)];
        assert_eq!(most(&history, 99), [10]);
        assert!(most(&history, 100).is_empty());
    }
}
