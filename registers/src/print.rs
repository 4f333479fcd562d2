//! Print jobs: which labels were printed, when, by whom, at which site, on what printer, and how it ended. A label that is
//! printed again says why, and a job that is printed again is a new row that names the first. Rows are only added: how a
//! job ended is a row of its own. Never holds what stands on a label.
use crate::{Change, Error};
use domain::code::Code;
use domain::id::{Region, SiteId};
use domain::time::Timestamp;
use eventstore::statements::{Statements, chunked, filled, placeholders};
use eventstore::{Db, Tx, sql};
use sqlx::{AssertSqlSafe, FromRow};
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
    /// Where it was printed; none for a program, or for who works for the whole region.
    pub site: Option<String>,
    /// Name of the label format.
    pub format: String,
    /// `pdf`, or what the printer understands.
    pub language: String,
    /// The printer's name in the configuration; none for a file that was handed out.
    pub printer: Option<String>,
    /// How many.
    pub labels: i64,
    /// Why labels were printed again; none for a first print.
    pub reason: Option<String>,
    /// The first job, of which this one prints the labels again.
    pub again_of: Option<Uuid>,
    /// How it ended at the printer; none for a file, and for what is still being sent or was cut off.
    pub outcome: Option<String>,
}

/// A place in the list of jobs, newest first: after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub printed_at: Timestamp,
    pub job: Uuid,
}

impl After {
    /// Before the newest.
    pub const START: Self = Self { printed_at: Timestamp(i64::MAX), job: Uuid::max() };
}

impl PrintJob {
    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> After {
        After { printed_at: Timestamp(self.printed_at), job: self.id }
    }

    /// The first of the jobs that printed its labels by one another's record.
    #[must_use]
    pub fn first(&self) -> Uuid {
        self.again_of.unwrap_or(self.id)
    }
}

static LABEL: LazyLock<Statements> =
    LazyLock::new(|| Statements::rows("insert into print_job_label (region, code, job, place) values ", 4, ""));
static PRINTED: LazyLock<Statements> = LazyLock::new(|| {
    let head = "select code from print_job_label where region = $1 and job <> $2 and code in (";
    Statements::keys(head, 2, ")")
});
/// What a job is read from.
const JOB: &str = "select j.id, j.printed_at, j.printed_by, j.site, j.format, j.language, j.printer, j.labels, j.reason, \
                   j.again_of, o.outcome from print_job j \
                   left join print_outcome o on o.region = j.region and o.job = j.id where j.region = $1";

/// Records a job before anything is printed. `false`: a job of this id is recorded already, and must not be printed again
/// under it.
///
/// # Errors
/// The database's own.
pub async fn record(tx: &mut Tx, change: &Change, job: &PrintJob, codes: &[Code]) -> Result<bool, Error> {
    let region = i64::from(change.region.0);
    let added = sql!(tx.conn(), c => sqlx::query(
        "insert into print_job (region, id, printed_at, printed_by, site, format, language, printer, labels, reason, again_of)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (region, id) do nothing")
        .bind(region).bind(job.id).bind(change.recorded_at.0).bind(job.printed_by.as_str()).bind(job.site.as_deref())
        .bind(job.format.as_str()).bind(job.language.as_str()).bind(job.printer.as_deref()).bind(job.labels)
        .bind(job.reason.as_deref()).bind(job.again_of).execute(c).await?.rows_affected());
    if added == 0 {
        return Ok(false);
    }
    let placed: Vec<(i64, Code)> = (0..).zip(codes.iter().copied()).collect();
    for chunk in chunked(&placed) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(LABEL.of(&c, chunk.len()));
            for (place, code) in chunk {
                query = query.bind(region).bind(code.to_string()).bind(job.id).bind(place);
            }
            query.execute(c).await?;
        });
    }
    Ok(true)
}

/// Records how a job ended at its printer. The first word stays.
///
/// # Errors
/// The database's own.
pub async fn ended(tx: &mut Tx, region: Region, job: Uuid, outcome: &str, at: Timestamp) -> Result<(), Error> {
    sql!(tx.conn(), c => sqlx::query(
        "insert into print_outcome (region, job, ended_at, outcome) values ($1, $2, $3, $4)
         on conflict (region, job) do nothing")
        .bind(i64::from(region.0)).bind(job).bind(at.0).bind(outcome).execute(c).await?.rows_affected());
    Ok(())
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
            found.insert(stored(&code)?);
        }
    }
    Ok(found)
}

/// A job.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, region: Region, job: Uuid) -> Result<Option<PrintJob>, Error> {
    let text = AssertSqlSafe(format!("{JOB} and j.id = $2"));
    Ok(sql!(db.read(), c => sqlx::query_as(text).bind(i64::from(region.0)).bind(job).fetch_optional(c).await?))
}

/// The labels of a job, in the order they were printed.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn codes(db: &Db, region: Region, job: Uuid) -> Result<Vec<Code>, Error> {
    let rows: Vec<(String,)> = sql!(db.read(), c => sqlx::query_as(
        "select code from print_job_label where region = $1 and job = $2 order by place, code")
        .bind(i64::from(region.0)).bind(job).fetch_all(c).await?);
    rows.iter().map(|(code,)| stored(code)).collect()
}

/// The newest of the jobs that printed a job's labels again, newest first.
///
/// # Errors
/// The database's own.
pub async fn again(db: &Db, region: Region, first: Uuid, limit: i64) -> Result<Vec<PrintJob>, Error> {
    let text = AssertSqlSafe(format!("{JOB} and j.again_of = $2 order by j.printed_at desc, j.id desc limit $3"));
    Ok(sql!(db.read(), c => sqlx::query_as(text).bind(i64::from(region.0)).bind(first).bind(limit).fetch_all(c).await?))
}

/// Jobs of some sites, or of the whole region, newest first.
///
/// # Errors
/// The database's own.
pub async fn list(
    db: &Db,
    region: Region,
    sites: Option<&[SiteId]>,
    after: After,
    limit: i64,
) -> Result<Vec<PrintJob>, Error> {
    let Some(sites) = sites else { return page(db, region, &[], after, limit).await };
    let places: Vec<usize> = (0..sites.len()).collect();
    let mut jobs = Vec::new();
    for list in filled(&places) {
        let some: Vec<&SiteId> = list.into_iter().map(|place| &sites[place]).collect();
        jobs.extend(page(db, region, &some, after, limit).await?);
    }
    jobs.sort_by_key(|job: &PrintJob| std::cmp::Reverse((job.printed_at, job.id)));
    jobs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(jobs)
}

/// Jobs of a few sites; of none: of all.
async fn page(db: &Db, region: Region, sites: &[&SiteId], after: After, limit: i64) -> Result<Vec<PrintJob>, Error> {
    let at =
        if sites.is_empty() { String::new() } else { format!(" and j.site in {}", placeholders(5, 1, sites.len())) };
    let text = AssertSqlSafe(format!(
        "{JOB} and j.printed_at <= $2 and (j.printed_at < $2 or j.id < $3){at} \
         order by j.printed_at desc, j.id desc limit $4"
    ));
    Ok(sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(after.printed_at.0).bind(after.job).bind(limit);
        for site in sites {
            query = query.bind(site.as_str());
        }
        query.fetch_all(c).await?
    }))
}

fn stored(code: &str) -> Result<Code, Error> {
    code.parse().map_err(|_| Error::Stored { table: "print_job_label", column: "code" })
}
