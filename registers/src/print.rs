//! Print jobs: which labels were printed, when, by whom, on what. A label that is printed again says why. Never holds what
//! stands on a label.
use crate::{Change, Error};
use domain::code::Code;
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::statements::{Statements, chunked, filled};
use eventstore::{Db, Tx, sql};
use sqlx::FromRow;
use std::collections::HashSet;
use std::sync::LazyLock;
use uuid::Uuid;

/// One job.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PrintJob {
    pub id: Uuid,
    /// Milliseconds since 1970.
    pub printed_at: i64,
    pub printed_by: String,
    /// Name of the label format.
    pub format: String,
    /// How many.
    pub labels: i64,
    /// Why labels were printed again; none for a first print.
    pub reason: Option<String>,
}

static LABEL: LazyLock<Statements> =
    LazyLock::new(|| Statements::rows("insert into print_job_label (region, code, job) values ", 3, ""));
static PRINTED: LazyLock<Statements> = LazyLock::new(|| {
    let head = "select code from print_job_label where region = $1 and job <> $2 and code in (";
    Statements::keys(head, 2, ")")
});

/// Records a job. `false`: a job of this id is recorded already.
///
/// # Errors
/// The database's own.
pub async fn record(tx: &mut Tx, change: &Change, job: &PrintJob, codes: &[Code]) -> Result<bool, Error> {
    let region = i64::from(change.region.0);
    let added = sql!(tx.conn(), c => sqlx::query(
        "insert into print_job (region, id, printed_at, printed_by, format, labels, reason)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (region, id) do nothing")
        .bind(region).bind(job.id).bind(change.recorded_at.0).bind(job.printed_by.as_str()).bind(job.format.as_str())
        .bind(job.labels).bind(job.reason.as_deref()).execute(c).await?.rows_affected());
    if added == 0 {
        return Ok(false);
    }
    for chunk in chunked(codes) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(LABEL.of(&c, chunk.len()));
            for code in chunk {
                query = query.bind(region).bind(code.to_string()).bind(job.id);
            }
            query.execute(c).await?;
        });
    }
    Ok(true)
}

/// Which labels another job than `job` printed before.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn printed_before(db: &Db, region: Region, job: Uuid, codes: &[Code]) -> Result<HashSet<Code>, Error> {
    let mut found = HashSet::new();
    for list in filled(codes) {
        let rows: Vec<(String,)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(PRINTED.of(&c, list.len())).bind(i64::from(region.0)).bind(job);
            for code in list {
                query = query.bind(code.to_string());
            }
            query.fetch_all(c).await?
        });
        for (code,) in rows {
            found.insert(code.parse().map_err(|_| Error::Stored { table: "print_job_label", column: "code" })?);
        }
    }
    Ok(found)
}

/// The newest jobs, newest first, before a time.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, region: Region, before: Timestamp, limit: i64) -> Result<Vec<PrintJob>, Error> {
    Ok(sql!(db.read(), c => sqlx::query_as(
        "select id, printed_at, printed_by, format, labels, reason from print_job
         where region = $1 and printed_at < $2 order by printed_at desc, id limit $3")
        .bind(i64::from(region.0)).bind(before.0).bind(limit).fetch_all(c).await?))
}
