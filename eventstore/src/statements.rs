//! Statements over many rows or keys: a few fixed sizes, so that each stays prepared, because every statement costs a
//! hand-over to the connection. Each is kept in both engines' words.
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{PgConnection, SqliteConnection};

/// `($1, $2), ($3, $4)`: placeholders for `rows` rows of `columns`, beginning at `$first`.
#[must_use]
pub fn placeholders(first: usize, rows: usize, columns: usize) -> String {
    let row = |r: usize| {
        let cells: Vec<_> = (0..columns).map(|c| format!("${}", first + r * columns + c)).collect();
        format!("({})", cells.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// A statement of each of a few sizes, made once: few, so that each stays prepared.
#[derive(Debug)]
pub struct Statements(Vec<(usize, Words)>);

/// One statement in each engine's words: PostgreSQL counts its parameters; SQLite takes them in order, because it would
/// search for each numbered one among all the others.
#[derive(Clone, Copy, Debug)]
struct Words {
    sqlite: &'static str,
    postgres: &'static str,
}

/// A connection that a statement of [`Statements`] can be made for.
pub trait Speaks {
    #[doc(hidden)]
    const SQLITE: bool;
}

impl Speaks for &SqlitePool {
    const SQLITE: bool = true;
}

impl Speaks for &mut SqliteConnection {
    const SQLITE: bool = true;
}

impl Speaks for &PgPool {
    const SQLITE: bool = false;
}

impl Speaks for &mut PgConnection {
    const SQLITE: bool = false;
}

impl Statements {
    /// `head` + placeholders for rows of `columns` + `tail`, for rows in the sizes of [`chunked`].
    #[must_use]
    pub fn rows(head: &str, columns: usize, tail: &str) -> Self {
        Self::sized(&CHUNKS, head, columns, 0, tail)
    }

    /// `head` + placeholders for keys + `tail`, for keys in the sizes of [`filled`]; the first `fixed` parameters belong to
    /// the head, in their order. The head ends in `in (`: after `in (values` PostgreSQL may read the whole table to join it.
    #[must_use]
    pub fn keys(head: &str, fixed: usize, tail: &str) -> Self {
        debug_assert!(head.ends_with(" in ("), "{head}");
        Self::sized(&LISTS, head, 1, fixed, tail)
    }

    fn sized(sizes: &[usize], head: &str, columns: usize, fixed: usize, tail: &str) -> Self {
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let of = |&rows: &usize| {
            let postgres = format!("{head}{}{tail}", placeholders(fixed + 1, rows, columns));
            (rows, Words { sqlite: leak(in_order(&postgres)), postgres: leak(postgres) })
        };
        Self(sizes.iter().map(of).collect())
    }

    /// The statement for `rows` rows or keys, as [`chunked`] or [`filled`] gave them, on a connection.
    #[must_use]
    pub fn of<C: Speaks>(&self, _: &C, rows: usize) -> &'static str {
        let sized = self.0.iter().find(|(size, _)| *size == rows);
        let words = sized.expect("rows came from `chunked`, keys from `filled`").1;
        if C::SQLITE { words.sqlite } else { words.postgres }
    }
}

/// `$1, $2` as `?, ?`.
fn in_order(numbered: &str) -> String {
    let mut parts = numbered.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "?" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Sizes of statements over rows.
const CHUNKS: [usize; 3] = [40, 8, 1];
/// Sizes of lists of keys. Every statement costs a hand-over to the connection, which outweighs a few idle keys.
const LISTS: [usize; 5] = [256, 64, 24, 6, 1];

/// Splits rows into slices of a few fixed sizes, largest first.
pub fn chunked<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = CHUNKS.into_iter().find(|&size| size <= rows.len())?;
        let (now, rest) = rows.split_at(size);
        rows = rest;
        Some(now)
    })
}

/// Splits keys into lists of a few fixed sizes; the last is filled up with its last key, for who is named twice is found
/// once.
pub fn filled<T: Copy>(keys: &[T]) -> impl Iterator<Item = Vec<T>> {
    keys.chunks(LISTS[0]).map(|some| {
        let size = LISTS.into_iter().rev().find(|&size| size >= some.len()).unwrap_or(LISTS[0]);
        let last = some[some.len() - 1];
        some.iter().copied().chain(std::iter::repeat(last)).take(size).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_fixed_sizes_and_none_is_left_out() {
        let rows: Vec<u32> = (0..57).collect();
        assert_eq!(chunked(&rows).map(<[_]>::len).collect::<Vec<_>>(), [40, 8, 8, 1]);
        assert_eq!(chunked(&rows).flatten().copied().collect::<Vec<_>>(), rows);
    }

    #[test]
    fn parameters_are_counted_or_taken_in_order() {
        assert_eq!(in_order("where region = $1 and id in (($2), ($13))"), "where region = ? and id in ((?), (?))");
    }

    #[test]
    fn keys_are_filled_up_with_the_last() {
        let sizes = |count: u32| filled(&(0..count).collect::<Vec<_>>()).map(|list| list.len()).collect::<Vec<_>>();
        assert_eq!((sizes(0), sizes(1), sizes(2), sizes(25)), (vec![], vec![1], vec![6], vec![64]));
        assert_eq!(sizes(300), [256, 64]);
        assert_eq!(filled(&[7, 8]).next().unwrap(), [7, 8, 8, 8, 8, 8]);
    }
}
