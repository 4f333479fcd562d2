//! Labels that were minted here, and what a code came to mean: a relabelled dossier, the site or shelf it hangs on.
//! A code without a binding means the subject it reserves. Never says whether a label is printed or stuck on.
use crate::{Change, Error};
use domain::code::{Code, CodeKind};
use domain::id::{CaseId, Region, SiteId, SubjectId};
use eventstore::statements::{chunked, filled, placeholders};
use eventstore::{Db, Tx, sql};
use sqlx::AssertSqlSafe;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What a code means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRow {
    pub code: Code,
    /// Its own, or the one it was given by relabelling.
    pub subject: SubjectId,
    /// Whether it was minted here; a binding may name one that was not.
    pub minted: bool,
    /// Whether its subject carries a newer label.
    pub replaced: bool,
    /// For a site label the site it names; for others the site it was minted for.
    pub site: Option<SiteId>,
    /// For a shelf label, the shelf at that site.
    pub shelf: Option<String>,
}

/// Labels to be minted together.
#[derive(Clone, Copy, Debug)]
pub struct Mint<'a> {
    pub codes: &'a [Code],
    pub batch: Uuid,
    /// For a site label the site it names; for others the site it is printed for.
    pub site: Option<&'a SiteId>,
}

/// Mints labels: from now on they are known.
///
/// # Errors
/// [`Error::AlreadyMinted`]: then nothing of the transaction may be committed.
pub async fn mint(tx: &mut Tx, change: &Change, mint: Mint<'_>) -> Result<(), Error> {
    for chunk in chunked(mint.codes) {
        let values = placeholders(1, chunk.len(), 6);
        let text = format!(
            "insert into label (region, code, minted_at, batch, site, revision) values {values} \
             on conflict (region, code) do nothing"
        );
        let added = sql!(tx.conn(), c => {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for code in chunk {
                query = query.bind(i64::from(change.region.0)).bind(code.to_string()).bind(change.recorded_at.0);
                query = query.bind(mint.batch).bind(mint.site.map(SiteId::as_str)).bind(change.revision);
            }
            query.execute(c).await?.rows_affected()
        });
        if added != chunk.len() as u64 {
            return Err(Error::AlreadyMinted(chunk[0]));
        }
    }
    Ok(())
}

/// The labels of a batch, those that this transaction minted too.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn of_batch(tx: &mut Tx, region: Region, batch: Uuid) -> Result<Vec<Code>, Error> {
    let rows: Vec<(String,)> = sql!(tx.conn(), c =>
        sqlx::query_as("select code from label where region = $1 and batch = $2 order by code")
            .bind(i64::from(region.0)).bind(batch).fetch_all(c).await?);
    rows.iter().map(|(code,)| stored_code(code)).collect()
}

/// The batch that a code was minted in; a receipt's is the case it belongs to.
///
/// # Errors
/// The database's own.
pub async fn batch_of(db: &Db, region: Region, code: Code) -> Result<Option<Uuid>, Error> {
    Ok(sql!(db.read(), c => sqlx::query_scalar("select batch from label where region = $1 and code = $2")
        .bind(i64::from(region.0)).bind(code.to_string()).fetch_optional(c).await?))
}

/// The newest receipt that was printed for a case.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn receipt(db: &Db, region: Region, case: CaseId) -> Result<Option<Code>, Error> {
    const NEWEST: &str = "select code from label where region = $1 and batch = $2 order by minted_at desc, code";
    let rows: Vec<(String,)> = sql!(db.read(), c => sqlx::query_as(NEWEST)
        .bind(i64::from(region.0)).bind(case.0).fetch_all(c).await?);
    let codes = rows.iter().map(|(code,)| stored_code(code)).collect::<Result<Vec<_>, _>>()?;
    Ok(codes.into_iter().find(|code| code.kind() == CodeKind::Receipt))
}

/// What a code is bound to by [`bind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A dossier or bag that exists: the code takes the place of its former label.
    Subject(SubjectId),
    /// A site: scans that named the code meant it.
    Site(SiteId),
    Shelf {
        site: SiteId,
        shelf: String,
    },
}

/// Binds a code. The newest binding counts.
///
/// # Errors
/// The database's own.
pub async fn bind(tx: &mut Tx, change: &Change, code: Code, to: &Binding) -> Result<(), Error> {
    const BIND: &str = "insert into label_binding (region, code, revision, recorded_at, subject, site, shelf) \
        values ($1, $2, $3, $4, $5, $6, $7)";
    let (subject, site, shelf) = match to {
        Binding::Subject(subject) => (Some(subject.0), None, None),
        Binding::Site(site) => (None, Some(site.as_str()), None),
        Binding::Shelf { site, shelf } => (None, Some(site.as_str()), Some(shelf.as_str())),
    };
    sql!(tx.conn(), c => {
        let query = sqlx::query(BIND).bind(i64::from(change.region.0)).bind(code.to_string()).bind(change.revision);
        query.bind(change.recorded_at.0).bind(subject).bind(site).bind(shelf).execute(c).await?;
    });
    Ok(())
}

/// Which of the codes were minted here.
///
/// # Errors
/// The database's own.
pub async fn known(db: &Db, region: Region, codes: &[Code]) -> Result<HashSet<Code>, Error> {
    Ok(minted(db, region, codes).await?.into_keys().collect())
}

/// What codes mean now. A code that was neither minted nor bound here is left out.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn resolve(db: &Db, region: Region, codes: &[Code]) -> Result<HashMap<Code, LabelRow>, Error> {
    let minted = minted(db, region, codes).await?;
    let bound = bound(db, region, codes).await?;
    let subject = |code: Code| bound.get(&code).and_then(|bound| bound.subject).unwrap_or_else(|| code.subject());
    let subjects: Vec<_> = codes.iter().map(|&code| subject(code)).collect();
    let newest = newest(db, region, &subjects).await?;
    let row = |&code: &Code| {
        let (own, bound) = (minted.get(&code), bound.get(&code));
        let subject = subject(code);
        let replaced = newest.get(&subject).is_some_and(|&newest| newest != code);
        (own.is_some() || bound.is_some() || replaced).then(|| LabelRow {
            code,
            subject,
            minted: own.is_some(),
            replaced,
            site: bound.and_then(|bound| bound.site.clone()).or_else(|| own.cloned().flatten()),
            shelf: bound.and_then(|bound| bound.shelf.clone()),
        })
    };
    Ok(codes.iter().filter_map(row).map(|row| (row.code, row)).collect())
}

/// The label a subject carries now, for subjects that were relabelled; the others carry [`Code::of_subject`].
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn newest(db: &Db, region: Region, subjects: &[SubjectId]) -> Result<HashMap<SubjectId, Code>, Error> {
    let mut newest: HashMap<SubjectId, (i64, Code)> = HashMap::new();
    for keys in filled(subjects) {
        let list = placeholders(2, 1, keys.len());
        let text = format!("select code, revision, subject from label_binding where region = $1 and subject in {list}");
        let rows: Vec<(String, i64, Uuid)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(AssertSqlSafe(text)).bind(i64::from(region.0));
            for subject in keys {
                query = query.bind(subject.0);
            }
            query.fetch_all(c).await?
        });
        for (code, revision, subject) in rows {
            let found = (revision, stored_code(&code)?);
            let held = newest.entry(SubjectId(subject)).or_insert(found);
            *held = (*held).max(found);
        }
    }
    Ok(newest.into_iter().map(|(subject, (_, code))| (subject, code)).collect())
}

/// Site labels and the sites they name: the code, as a site id, to the site's own id.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn site_aliases(db: &Db, region: Region) -> Result<HashMap<SiteId, SiteId>, Error> {
    const MINTED: &str =
        "select code, site, revision from label where region = $1 and code >= $2 and code < $3 and site is not null";
    const BOUND: &str = "select code, site, revision from label_binding where region = $1 and code >= $2 and code < $3 and site is not null";
    let [first, beyond] = between(CodeKind::Site);
    let mut rows: Vec<(String, String, i64)> = Vec::new();
    // Bindings last, and the newest of them last of all: they win.
    for text in [MINTED, BOUND] {
        let mut found: Vec<(String, String, i64)> = sql!(db.read(), c =>
            sqlx::query_as(text).bind(i64::from(region.0)).bind(first.as_str()).bind(beyond.as_str()).fetch_all(c).await?);
        found.sort_by_key(|(_, _, revision)| *revision);
        rows.append(&mut found);
    }
    let unreadable = |column| Error::Stored { table: "label", column };
    let id = |text: &str, column| text.parse::<SiteId>().map_err(|_| unreadable(column));
    rows.iter().map(|(code, site, _)| Ok((id(code, "code")?, id(site, "site")?))).collect()
}

/// Shelf labels of a site, with the shelves they hang on; of several labels on one shelf, each.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn shelves(db: &Db, region: Region, site: &SiteId) -> Result<Vec<(Code, String)>, Error> {
    const BOUND: &str = "select code, shelf from label_binding \
        where region = $1 and code >= $3 and code < $4 and site = $2 and shelf is not null";
    let [first, beyond] = between(CodeKind::Shelf);
    let mut rows: Vec<(String, String)> = sql!(db.read(), c =>
        sqlx::query_as(BOUND).bind(i64::from(region.0)).bind(site.as_str()).bind(first.as_str()).bind(beyond.as_str())
            .fetch_all(c).await?);
    rows.sort_by(|(code, shelf), (other, after)| (shelf, code).cmp(&(after, other)));
    rows.into_iter().map(|(code, shelf)| Ok((stored_code(&code)?, shelf))).collect()
}

/// Between what the codes of a kind lie. A range, for `like` walks every label there is: on SQLite always, on PostgreSQL unless it
/// collates as C does.
fn between(kind: CodeKind) -> [String; 2] {
    let letter = kind.letter();
    [letter.to_string(), char::from(letter as u8 + 1).to_string()]
}

fn stored_code(text: &str) -> Result<Code, Error> {
    text.parse().map_err(|_| Error::Stored { table: "label", column: "code" })
}

fn stored_site(text: Option<String>) -> Result<Option<SiteId>, Error> {
    text.map(|text| text.parse().map_err(|_| Error::Stored { table: "label", column: "site" })).transpose()
}

/// Minted codes with the site they were minted for.
async fn minted(db: &Db, region: Region, codes: &[Code]) -> Result<HashMap<Code, Option<SiteId>>, Error> {
    let mut minted = HashMap::with_capacity(codes.len());
    for keys in filled(codes) {
        let list = placeholders(2, 1, keys.len());
        let text = format!("select code, site from label where region = $1 and code in {list}");
        let rows: Vec<(String, Option<String>)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(AssertSqlSafe(text)).bind(i64::from(region.0));
            for code in keys {
                query = query.bind(code.to_string());
            }
            query.fetch_all(c).await?
        });
        for (code, site) in rows {
            minted.insert(stored_code(&code)?, stored_site(site)?);
        }
    }
    Ok(minted)
}

struct Bound {
    revision: i64,
    subject: Option<SubjectId>,
    site: Option<SiteId>,
    shelf: Option<String>,
}

type BoundColumns = (String, i64, Option<Uuid>, Option<String>, Option<String>);

/// The newest binding of each code.
async fn bound(db: &Db, region: Region, codes: &[Code]) -> Result<HashMap<Code, Bound>, Error> {
    let mut bound: HashMap<Code, Bound> = HashMap::new();
    for keys in filled(codes) {
        let list = placeholders(2, 1, keys.len());
        let text = format!(
            "select code, revision, subject, site, shelf from label_binding where region = $1 and code in {list}"
        );
        let rows: Vec<BoundColumns> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(AssertSqlSafe(text)).bind(i64::from(region.0));
            for code in keys {
                query = query.bind(code.to_string());
            }
            query.fetch_all(c).await?
        });
        for (code, revision, subject, site, shelf) in rows {
            let code = stored_code(&code)?;
            let row = Bound { revision, subject: subject.map(SubjectId), site: stored_site(site)?, shelf };
            if bound.get(&code).is_none_or(|held| held.revision < revision) {
                bound.insert(code, row);
            }
        }
    }
    Ok(bound)
}
