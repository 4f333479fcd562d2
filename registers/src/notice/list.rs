//! The outbox as people see it.
use super::{After, COLUMNS, Notice, State};
use crate::Error;
use domain::id::{Region, SiteId};
use eventstore::statements::{filled, placeholders};
use eventstore::{Db, sql};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A notice.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, region: Region, id: Uuid) -> Result<Option<Notice>, Error> {
    let text = AssertSqlSafe(format!("select {COLUMNS} from notice n where n.region = $1 and n.id = $2"));
    Ok(sql!(db.read(), c => sqlx::query_as(text).bind(i64::from(region.0)).bind(id).fetch_optional(c).await?))
}

/// What a list is narrowed to; an empty list narrows to nothing less than all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    pub states: &'a [State],
    pub channels: &'a [&'a str],
}

/// Notices of some sites, or of the whole region, newest first.
///
/// # Errors
/// The database's own.
pub async fn list(
    db: &Db,
    region: Region,
    sites: Option<&[SiteId]>,
    filter: Filter<'_>,
    (after, limit): (After, i64),
) -> Result<Vec<Notice>, Error> {
    let Some(sites) = sites else { return page(db, region, &[], filter, (after, limit)).await };
    let places: Vec<usize> = (0..sites.len()).collect();
    let mut rows = Vec::new();
    for list in filled(&places) {
        let some: Vec<&SiteId> = list.into_iter().map(|place| &sites[place]).collect();
        rows.extend(page(db, region, &some, filter, (after, limit)).await?);
    }
    rows.sort_by_key(|row: &Notice| std::cmp::Reverse((row.made_at, row.id)));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

async fn page(
    db: &Db,
    region: Region,
    sites: &[&SiteId],
    Filter { states, channels }: Filter<'_>,
    (after, limit): (After, i64),
) -> Result<Vec<Notice>, Error> {
    let within = |column: &str, first: usize, count: usize| match count {
        0 => String::new(),
        count => format!(" and n.{column} in {}", placeholders(first, 1, count)),
    };
    let (at, of) = (within("site", 5, sites.len()), within("state", 5 + sites.len(), states.len()));
    let by = within("channel", 5 + sites.len() + states.len(), channels.len());
    let text = AssertSqlSafe(format!(
        "select {COLUMNS} from notice n where n.region = $1 and n.made_at <= $2 and (n.made_at < $2 or n.id < $3){at}{of}{by} \
         order by n.made_at desc, n.id desc limit $4"
    ));
    Ok(sql!(db.read(), c => {
        let mut query = sqlx::query_as(text).bind(i64::from(region.0)).bind(after.made_at.0).bind(after.id).bind(limit);
        for site in sites {
            query = query.bind(site.as_str());
        }
        for state in states {
            query = query.bind(state.as_str());
        }
        for channel in channels {
            query = query.bind(*channel);
        }
        query.fetch_all(c).await?
    }))
}

/// How many wait, are being sent, or were given up. What has ended well is not counted: that grows without end.
///
/// # Errors
/// The database's own.
pub async fn waiting(db: &Db, region: Region) -> Result<Vec<(State, i64)>, Error> {
    const COUNT: &str = "select count(*) from notice where region = $1 and state = $2";
    let mut counts = Vec::new();
    for state in [State::Pending, State::Sending, State::Failed, State::GivenUp] {
        let count: i64 = sql!(db.read(), c => sqlx::query_scalar(COUNT).bind(i64::from(region.0)).bind(state.as_str())
            .fetch_one(c).await?);
        counts.push((state, count));
    }
    Ok(counts)
}
