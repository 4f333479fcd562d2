//! Which sites each dossier, bag and case concerns: where it was, is, or is planned to be. Lists and searches of who may
//! not see everything join this table; nothing is filtered after paging.
use crate::model::{Life, Table, clear};
use crate::story::Thing;
use domain::case::CaseFact;
use domain::event::Event;
use domain::id::{CaseId, Region, SiteId};
use domain::network::Networks;
use domain::tale::Tale;
use domain::visit;
use eventstore::statements::{Statements, chunked, filled, placeholders};
use eventstore::{Db, Streams, Tx, sql};
use sqlx::AssertSqlSafe;
use std::collections::HashSet;
use std::sync::LazyLock;
use uuid::Uuid;

pub(crate) const TABLE: Table = Table {
    name: "visits",
    columns: "region bigint not null, site {text} not null, what {text} not null, subject {uuid} not null,
              primary key (region, subject, site)",
    indexes: &["(region, site, what, subject)"],
};

/// One site that one thing or case concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub site: SiteId,
    /// `dossier`, `bag` or `case`.
    pub what: &'static str,
    pub subject: Uuid,
}

/// Whose eyes a list is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Who may see everything of the region.
    Region,
    /// Who may see what concerns some sites. Of none, nothing.
    Sites(Vec<SiteId>),
}

/// The visits of a thing.
pub(crate) fn of_thing(thing: Thing, streams: &Streams, tale: &Tale, networks: &Networks) -> Vec<Visit> {
    let (what, sites) = match thing {
        Thing::Dossier(id) => ("dossier", visit::of_dossier(streams.dossier(id), tale, networks)),
        Thing::Bag(id) => ("bag", visit::of_bag(streams.bag(id), tale, networks)),
    };
    let subject = thing.id().0;
    sites.into_iter().map(|site| Visit { site, what, subject }).collect()
}

/// The visits of a case: where it was filed and where its result is collected. Its dossiers have their own.
pub(crate) fn of_case(id: CaseId, event: &Event<CaseFact>) -> Vec<Visit> {
    let CaseFact::Filed(filed) = &event.fact else { return Vec::new() };
    let visit = |site: &SiteId| Visit { site: site.clone(), what: "case", subject: id.0 };
    let mut visits: Vec<Visit> = [&filed.at, &filed.home].map(visit).into();
    visits.dedup();
    visits
}

/// Replaces the visits of things and adds those of cases.
pub(crate) async fn replace(
    tx: &mut Tx,
    region: Region,
    things: &[Thing],
    visits: &[Visit],
    life: Life,
) -> Result<(), sqlx::Error> {
    static STATEMENTS: LazyLock<[(Statements, Statements); 2]> = LazyLock::new(|| {
        [Life::Live, Life::Shadow].map(|life| {
            let table = format!("visits{}", life.suffix());
            let delete = format!("delete from {table} where region = $1 and subject in (");
            let insert = format!("insert into {table} (region, site, what, subject) values ");
            let tail = " on conflict (region, subject, site) do nothing";
            (Statements::keys(&delete, 1, ")"), Statements::rows(&insert, 4, tail))
        })
    });
    let (delete, insert) = &STATEMENTS[life as usize];
    let region = i64::from(region.0);
    let subjects: Vec<Uuid> = things.iter().map(|thing| thing.id().0).collect();
    clear(tx, delete, region, &subjects).await?;
    for chunk in chunked(visits) {
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(insert.of(&c, chunk.len()));
            for visit in chunk {
                query = query.bind(region).bind(visit.site.as_str()).bind(visit.what).bind(visit.subject);
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

impl Scope {
    /// The sites, in one of a few list lengths, so that statements stay prepared; empty for the whole region.
    pub(crate) fn keys(&self) -> Vec<SiteId> {
        match self {
            Self::Region => Vec::new(),
            Self::Sites(sites) => {
                let places: Vec<usize> = (0..sites.len()).collect();
                let nowhere = "-".parse::<SiteId>().into_iter().filter(|_| sites.is_empty());
                filled(&places).flatten().map(|place| sites[place].clone()).chain(nowhere).collect()
            }
        }
    }

    /// ` and exists (…)`: what a row's subject must fulfil; its sites are the parameters from `$first` on. The offset keeps
    /// PostgreSQL from gathering all that ever came to the sites first: it asks for each row that is about to be shown.
    pub(crate) fn condition(&self, subject: &str, first: usize) -> String {
        match self {
            Self::Region => String::new(),
            Self::Sites(_) => {
                let list = placeholders(first, 1, self.keys().len());
                format!(
                    " and exists (select 1 from visits v where v.region = $1 and v.subject = {subject} and v.site || '' in {list} \
                     limit 1 offset 0)"
                )
            }
        }
    }

    /// `(…) as seen cross join `: the next page of what may be seen, by id: above `$2`, at most `$3`. Asked of each site by
    /// itself, because the index has each site's in order; so a site with few papers does not walk the county's. The sites are
    /// the parameters from `$first` on. Goes with [`Scope::on_page`].
    pub(crate) fn page(&self, what: &str, first: usize) -> String {
        if *self == Self::Region {
            return String::new();
        }
        let of_site = |at: usize| {
            format!(
                "select subject from (select v.subject from visits v where v.region = $1 and v.site = ${at} \
                 and v.what = '{what}' and v.subject > $2 order by v.subject limit $3) as of_{at}"
            )
        };
        let sites: Vec<String> = (first..first + self.keys().len()).map(of_site).collect();
        format!(
            "(select subject from ({}) as all_of order by subject limit $3) as seen cross join ",
            sites.join(" union ")
        )
    }

    /// What a row of [`Scope::page`] fulfils, where its subject is `column`.
    pub(crate) fn on_page(&self, column: &str) -> String {
        if *self == Self::Region { format!("{column} > $2") } else { format!("{column} = seen.subject") }
    }

    /// Whether a site is within it.
    #[must_use]
    pub fn covers(&self, site: &SiteId) -> bool {
        match self {
            Self::Region => true,
            Self::Sites(sites) => sites.contains(site),
        }
    }
}

/// Which of some dossiers, bags or cases may be seen. Here and below the site is said so that no index takes it: PostgreSQL would
/// search for each pair of a subject and a site.
///
/// # Errors
/// The database's own.
pub async fn seen(db: &Db, region: Region, scope: &Scope, subjects: &[Uuid]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let mut found = HashSet::new();
    if *scope == Scope::Region {
        return Ok(subjects.iter().copied().collect());
    }
    let sites = scope.keys();
    for list in filled(subjects) {
        let (of, at) = (placeholders(2, 1, list.len()), placeholders(2 + list.len(), 1, sites.len()));
        let text = AssertSqlSafe(format!(
            "select distinct subject from visits where region = $1 and subject in {of} and site || '' in {at}"
        ));
        let rows: Vec<(Uuid,)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(text).bind(i64::from(region.0));
            for subject in &list {
                query = query.bind(subject);
            }
            for site in &sites {
                query = query.bind(site.as_str());
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows.into_iter().map(|(subject,)| subject));
    }
    Ok(found)
}

/// Which of some cases may be seen: those that concern a site themselves, or with one of their dossiers.
///
/// # Errors
/// The database's own.
pub async fn cases(db: &Db, region: Region, scope: &Scope, cases: &[Uuid]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let mut found = seen(db, region, scope, cases).await?;
    let rest: Vec<Uuid> = cases.iter().copied().filter(|case| !found.contains(case)).collect();
    let sites = scope.keys();
    for list in filled(&rest) {
        let (of, at) = (placeholders(2, 1, list.len()), placeholders(2 + list.len(), 1, sites.len()));
        let text = AssertSqlSafe(format!(
            "select distinct d.case_id from custody_dossier d \
             join visits v on v.region = d.region and v.subject = d.subject \
             where d.region = $1 and d.case_id in {of} and v.site || '' in {at}"
        ));
        let rows: Vec<(Uuid,)> = sql!(db.read(), c => {
            let mut query = sqlx::query_as(text).bind(i64::from(region.0));
            for case in &list {
                query = query.bind(case);
            }
            for site in &sites {
                query = query.bind(site.as_str());
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows.into_iter().map(|(case,)| case));
    }
    Ok(found)
}
