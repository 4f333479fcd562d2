//! How a field of a row lies in a column: as text or as a whole number, on both engines alike. Never a third kind.
use domain::id::{DeviceId, ItemId, PersonId, SiteId};
use domain::time::{Minutes, Timestamp};
use sqlx::{ColumnIndex, Decode, Row, Type};

/// The content of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
}

/// A type that a column can hold.
pub trait Column: Sized {
    /// Whether the column is `bigint`; otherwise it is `text`.
    const IS_INT: bool;

    /// As it is stored.
    fn cell(&self) -> Cell;

    /// As it was stored; `None` if it is nothing this program writes.
    fn of(cell: Cell) -> Option<Self>;
}

impl<T: Column> Column for Option<T> {
    const IS_INT: bool = T::IS_INT;
    fn cell(&self) -> Cell {
        let empty = if T::IS_INT { Cell::Int(None) } else { Cell::Text(None) };
        self.as_ref().map_or(empty, T::cell)
    }
    fn of(cell: Cell) -> Option<Self> {
        if matches!(cell, Cell::Text(None) | Cell::Int(None)) { Some(None) } else { T::of(cell).map(Some) }
    }
}

macro_rules! text_columns {
    ($($type:ty),+) => {$(
        impl $crate::column::Column for $type {
            const IS_INT: bool = false;
            fn cell(&self) -> $crate::column::Cell {
                $crate::column::Cell::Text(Some(self.to_string()))
            }
            fn of(cell: $crate::column::Cell) -> Option<Self> {
                if let $crate::column::Cell::Text(Some(text)) = cell { text.parse().ok() } else { None }
            }
        }
    )+};
}
pub(crate) use text_columns;
text_columns!(String, SiteId, PersonId, DeviceId, ItemId, domain::code::Code);

macro_rules! int_columns {
    ($($type:ty: $to:expr, $of:expr;)+) => {$(
        impl Column for $type {
            const IS_INT: bool = true;
            fn cell(&self) -> Cell {
                let to: fn(&$type) -> i64 = $to;
                Cell::Int(Some(to(self)))
            }
            fn of(cell: Cell) -> Option<Self> {
                let of: fn(i64) -> Option<$type> = $of;
                if let Cell::Int(Some(number)) = cell { of(number) } else { None }
            }
        }
    )+};
}
int_columns! {
    Timestamp: |time| time.0, |number| Some(Timestamp(number));
    Minutes: |minutes| i64::from(minutes.0), |number| u32::try_from(number).ok().map(Minutes);
    bool: |&yes| i64::from(yes), |number| Some(number != 0);
}

/// Enums whose stored texts are literals: renaming a variant changes nothing.
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }
        impl $name {
            /// Every stored text, for messages.
            pub const TEXTS: &'static str = concat!($($text, " ",)+);

            /// As it is stored and written in spreadsheets.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        $crate::column::text_columns!($name);
    };
}
pub(crate) use text_enum;

/// Reads the columns `columns` of a row, which begin at `first`.
pub fn cells<'r, R>(row: &'r R, first: usize, columns: &[(&str, bool)]) -> Result<Vec<Cell>, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let places = columns.iter().zip(first..);
    places
        .map(|(&(_, int), at)| Ok(if int { Cell::Int(row.try_get(at)?) } else { Cell::Text(row.try_get(at)?) }))
        .collect()
}
