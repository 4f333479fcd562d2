//! Cursors: where the next page begins. Opaque to clients; a page is never counted from the beginning.
use crate::problem::Problem;
use domain::id::SubjectId;
use domain::time::Timestamp;
use projections::queues::Cursor;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Rows on a page unless asked, and at most.
const LIMITS: (i64, i64) = (100, 1000);

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows on a page, 1 to 1000; 100 if not given.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Rows wanted.
    ///
    /// # Errors
    /// Outside 1 to 1000.
    pub fn limit(&self) -> Result<i64, Problem> {
        limit(self.limit)
    }

    /// After (since, subject).
    ///
    /// # Errors
    /// A cursor this program did not make.
    pub fn by_age(&self) -> Result<Cursor, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(Cursor::START) };
        let parsed = cursor.split_once('_').and_then(|(since, subject)| {
            Some(Cursor { since: Timestamp(since.parse().ok()?), subject: SubjectId(subject.parse().ok()?) })
        });
        parsed.ok_or_else(bad_cursor)
    }

    /// After an id.
    ///
    /// # Errors
    /// A cursor this program did not make.
    pub fn by_id(&self) -> Result<SubjectId, Problem> {
        let id = self.cursor.as_deref().map_or(Ok(Uuid::nil()), str::parse);
        id.map(SubjectId).map_err(|_| bad_cursor())
    }
}

/// A limit, or the usual one.
///
/// # Errors
/// Outside 1 to 1000.
pub fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(LIMITS.0);
    let fits = (1..=LIMITS.1).contains(&limit);
    fits.then_some(limit).ok_or_else(|| Problem::invalid("`limit` is 1 to 1000"))
}

/// The text of a cursor by age.
#[must_use]
pub fn text(cursor: Cursor) -> String {
    format!("{}_{}", cursor.since.0, cursor.subject)
}

pub(crate) fn bad_cursor() -> Problem {
    Problem::invalid("`cursor` is `next` of the page before, as it was given")
}
