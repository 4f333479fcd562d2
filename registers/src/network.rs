//! The network of sites and legs at any time, put together from the registers. Where a site has no leg at all, it is
//! taken to be joined with its parent both ways.
use crate::leg::LegRow;
use crate::register::{Dated, Register, current, history};
use crate::site::SiteRow;
use crate::{Error, label};
use domain::id::{Region, SiteId};
use domain::network::{Leg, Network, Networks, Site};
use domain::time::{Minutes, Timestamp};
use eventstore::Db;
use std::collections::{BTreeSet, HashSet};

/// Least minutes of a leg nobody wrote down: so little that it accuses nobody of flying.
const LEAST_UNLESS_KNOWN: Minutes = Minutes(5);
/// Most minutes of a leg nobody wrote down: the daily round, missed by two hours.
const MOST_UNLESS_KNOWN: Minutes = Minutes(1560);

/// The networks of a region with the site labels. Read [`crate::revision::current`] before, and ask again when it has
/// risen.
///
/// # Errors
/// As [`history`].
pub async fn networks(db: &Db, region: Region) -> Result<Networks, Error> {
    let sites = history::<SiteRow, _, _>(db.read(), region).await?;
    let legs = history::<LegRow, _, _>(db.read(), region).await?;
    let aliases = label::site_aliases(db, region).await?;
    Ok(Networks::new(eras(&sites, &legs), aliases))
}

/// One network for each time between two changes. A change of names or hours begins no era.
fn eras(sites: &[Dated<SiteRow>], legs: &[Dated<LegRow>]) -> Vec<(Timestamp, Network)> {
    let times: BTreeSet<_> = boundaries(sites).chain(boundaries(legs)).collect();
    let mut eras: Vec<(Timestamp, Network)> = Vec::new();
    let mut before = None;
    for time in times {
        let places: Vec<Site> = current(sites, time).map(|dated| dated.row.place()).collect();
        let written: Vec<Leg> = current(legs, time).map(|dated| dated.row.leg()).collect();
        let now = (places, written);
        if before.as_ref() != Some(&now) {
            let legs = with_default_legs(&now.0, now.1.clone());
            let from = if eras.is_empty() { Timestamp(i64::MIN) } else { time };
            eras.push((from, Network::new(now.0.clone(), legs)));
            before = Some(now);
        }
    }
    eras
}

fn boundaries<T: Register>(history: &[Dated<T>]) -> impl Iterator<Item = Timestamp> {
    history.iter().flat_map(|dated| std::iter::once(dated.valid.from).chain(dated.valid.to))
}

fn with_default_legs(sites: &[Site], mut legs: Vec<Leg>) -> Vec<Leg> {
    let joined: HashSet<SiteId> = legs.iter().flat_map(|leg| [leg.from.clone(), leg.to.clone()]).collect();
    for site in sites.iter().filter(|site| !joined.contains(&site.id)) {
        let Some(parent) = &site.parent else { continue };
        for (from, to) in [(&site.id, parent), (parent, &site.id)] {
            let (from, to) = (from.clone(), to.clone());
            legs.push(Leg { from, to, least: LEAST_UNLESS_KNOWN, most: MOST_UNLESS_KNOWN });
        }
    }
    legs
}
