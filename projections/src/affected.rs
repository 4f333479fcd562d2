//! Which rows an event touches. A dossier's events touch the dossier; a bag's touch the bag, and what lay in it only if
//! the event changed what opens, closes or carries whom.
use crate::model::Life;
use crate::stays;
use crate::story::Thing;
use domain::history::History;
use domain::id::{Region, ScanId, SubjectId};
use domain::stay::Container;
use domain::time::Timestamp;
use eventstore::{Access, Appended, LoadError, Streams};
use std::collections::{BTreeSet, HashSet};

/// The things to fold again after `appended`. What is in `streams` is as of the last of them.
///
/// # Errors
/// The database's own.
pub async fn things(
    access: &mut Access<'_>,
    region: Region,
    streams: &Streams,
    appended: &[Appended],
    life: Life,
) -> Result<Vec<Thing>, LoadError> {
    let scans: HashSet<ScanId> = appended.iter().map(|appended| appended.event.scan).collect();
    let mut things: BTreeSet<Thing> = appended.iter().filter_map(|appended| Thing::of(appended.stream)).collect();
    let mut opened: Vec<(SubjectId, Timestamp)> = Vec::new();
    for thing in &things {
        if let Thing::Bag(bag) = *thing
            && let Some(since) = members_since(streams.bag(bag), &scans)
        {
            opened.push((bag, since));
        }
    }
    // A bag inside a bag takes its own contents along.
    let mut done: HashSet<SubjectId> = HashSet::new();
    while let Some((bag, since)) = opened.pop() {
        if !done.insert(bag) {
            continue;
        }
        for member in stays::members(access, region, bag, since, life).await? {
            if let Thing::Bag(inner) = member {
                opened.push((inner, Timestamp(i64::MIN)));
            }
            things.insert(member);
        }
    }
    Ok(things.into_iter().collect())
}

/// From when on packings into a bag must be looked at again, if the events of `new` changed who is in or around it.
fn members_since(history: &History<domain::bag::BagFact>, new: &HashSet<ScanId>) -> Option<Timestamp> {
    let mut before = History::default();
    for event in history.arrived().filter(|event| !new.contains(&event.scan)) {
        before.insert(event.clone());
    }
    let (before, after) = (Container::of(&before), Container::of(history));
    let first_change = after.first_change(&before)?;
    // What was packed before the opening before the last one had come out long since, either way.
    let mut earlier = after.openings.iter().rev().filter(|opening| opening.key.at < first_change);
    let _last = earlier.next();
    Some(earlier.next().map_or(Timestamp(i64::MIN), |opening| opening.key.at))
}
