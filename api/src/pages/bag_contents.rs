//! What lies in a bag, or lay in it when it was opened: declared by packing, read since, missing, not read yet, and what was
//! read beside it though nobody had packed it.
use super::Words;
use crate::app::App;
use crate::problem::Problem;
use crate::view;
use domain::bag::Opening;
use domain::custody::{Holder, Reading};
use domain::exception::ExceptionKind;
use domain::id::{ScanId, SubjectId};
use domain::time::Timestamp;
use eventstore::State as Stream;
use projections::custody::{self, Row};
use projections::exceptions::{self, Filter};
use projections::stays::{self, Stay};
use projections::story::Thing;
use projections::visits::Scope;
use std::collections::HashMap;

/// Stays looked at, the newest.
const STAYS_MAX: i64 = 1000;
/// Unexpected things looked at.
const STRANGERS_MAX: i64 = 50;

/// How a thing stands to the bag. In the order in which people ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It was packed, the bag was counted, and it was not read.
    Missing,
    /// Read at the opening, but not packed into this bag.
    Unexpected,
    /// It came out of the bag when that was opened, and nobody has read it since.
    NotYet,
    /// Read since the opening.
    Checked,
    /// Packed, and the bag is closed.
    Declared,
}

impl Standing {
    /// Each, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Missing, Self::Unexpected, Self::NotYet, Self::Checked, Self::Declared];

    /// Its key among the words.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Missing => "bag.missing",
            Self::Unexpected => "bag.unexpected",
            Self::NotYet => "bag.not_yet",
            Self::Checked => "bag.checked",
            Self::Declared => "bag.declared",
        }
    }
}

/// One thing of a bag.
pub struct Member {
    pub standing: Standing,
    pub link: String,
    pub name: String,
    pub label: String,
    pub to: String,
    pub since: String,
}

/// Of things that stand alike.
pub struct Group {
    pub title: String,
    pub bad: bool,
    pub members: Vec<Member>,
}

/// The contents, in groups; empty groups are left out.
///
/// # Errors
/// The log's or the database's own.
pub async fn of_bag(app: &App, words: &Words, bag: SubjectId, open: Option<&Opening>) -> Result<Vec<Group>, Problem> {
    let (db, region) = (app.db(), app.region());
    let stays = stays::list(db, region, bag, STAYS_MAX).await?;
    let stays: Vec<&Stay> = stays.iter().filter(|stay| is_of_this_trip(stay, open.map(|it| it.key.at))).collect();
    let things: Vec<Thing> = stays.iter().map(|stay| thing(stay)).collect();
    let rows = custody::find(db, region, &things).await?;
    let mut members: Vec<Member> = Vec::new();
    for stay in stays {
        let row = rows.get(&thing(stay)).map(|(row, _)| row);
        let standing = row.map_or(Standing::Declared, |row| standing(stay, row, bag));
        members.push(member(words, standing, thing(stay), row, Timestamp(stay.packed_at)));
    }
    if let Some(opening) = open {
        members.extend(strangers(app, words, bag, opening).await?);
    }
    members.sort_by(|a, b| (a.standing, &a.name).cmp(&(b.standing, &b.name)));
    let mut by: HashMap<&'static str, Vec<Member>> = HashMap::new();
    for member in members {
        by.entry(member.standing.key()).or_default().push(member);
    }
    let group = |standing: Standing| {
        let members = by.remove(standing.key())?;
        let bad = matches!(standing, Standing::Missing | Standing::Unexpected);
        Some(Group { title: words.t(standing.key()), bad, members })
    };
    Ok(Standing::ALL.into_iter().filter_map(group).collect())
}

/// Whether a stay lasts, or ended with the opening: earlier trips of the bag are another story.
fn is_of_this_trip(stay: &Stay, opened: Option<Timestamp>) -> bool {
    let ring = stay.ended_by.as_deref() == Some("ring");
    !ring && stay.ended_at.is_none_or(|ended| opened.is_some_and(|opened| ended >= opened.0))
}

fn thing(stay: &Stay) -> Thing {
    let id = SubjectId(stay.subject);
    if stay.is_bag == 1 { Thing::Bag(id) } else { Thing::Dossier(id) }
}

fn standing(stay: &Stay, row: &Row, bag: SubjectId) -> Standing {
    match (&row.custody.holder, row.custody.evidence.read) {
        _ if stay.ended_at.is_none() => Standing::Declared,
        (Holder::Unknown { last_bag: Some(last), .. }, _) if *last == bag => Standing::Missing,
        (_, Reading::Seen) => Standing::Checked,
        (_, Reading::Inferred) => Standing::NotYet,
    }
}

fn member(words: &Words, standing: Standing, thing: Thing, row: Option<&Row>, packed: Timestamp) -> Member {
    let code = row.and_then(view::printed).or_else(|| view::printed_subject(thing.id())).unwrap_or_default();
    let label = super::words::tail(&code).to_owned();
    let folder = if matches!(thing, Thing::Bag(_)) { "bags" } else { "dossiers" };
    let to = row.and_then(|row| row.target.as_ref().or(row.destination.as_ref()));
    Member {
        standing,
        link: format!("/{folder}/{}", thing.id()),
        name: row.and_then(|row| row.number.clone()).unwrap_or_else(|| label.clone()),
        label,
        to: to.map(|to| words.site(to)).unwrap_or_default(),
        since: words.time(packed),
    }
}

/// What was read while this bag was checked and was in none, or in another.
async fn strangers(app: &App, words: &Words, bag: SubjectId, opening: &Opening) -> Result<Vec<Member>, Problem> {
    let kind = Some(ExceptionKind::UnexpectedInBag);
    let site = opening.site.as_ref().map(|site| app.known().networks.resolve(site).to_string());
    let filter = Filter { kind, site, open_at: Some(app.now()), ..Filter::default() };
    // Whoever sees the bag may know what was found in it; which bag an exception is of, only its scan says.
    let rows = exceptions::list(app.db(), app.region(), &Scope::Region, &filter, STRANGERS_MAX).await?;
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| row.since >= opening.key.at.0) {
        let Some(thing) = Thing::of_subject(SubjectId(row.subject)) else { continue };
        let source = match app.log().state(thing.stream(), None).await? {
            Stream::Dossier(history) => history.find(ScanId(row.anchor)).and_then(|event| event.source.bag),
            Stream::Bag(history) => history.find(ScanId(row.anchor)).and_then(|event| event.source.bag),
            Stream::Case(_) => None,
        };
        if source == Some(bag) {
            let rows = custody::find(app.db(), app.region(), &[thing]).await?;
            let held = rows.get(&thing).map(|(row, _)| row);
            found.push(member(words, Standing::Unexpected, thing, held, Timestamp(row.since)));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(ended_at: Option<i64>, by: Option<&str>) -> Stay {
        let id = uuid::Uuid::nil();
        let ended_by = by.map(ToOwned::to_owned);
        Stay { subject: id, packed_scan: id, bag: id, is_bag: 0, packed_at: 10, ended_at, ended_by }
    }

    #[test]
    fn what_lay_in_the_bag_on_an_earlier_trip_is_not_shown() {
        let opened = Some(Timestamp(100));
        assert!(is_of_this_trip(&stay(None, None), None), "it lies in it");
        assert!(is_of_this_trip(&stay(Some(100), Some("opened")), opened), "it came out now");
        assert!(!is_of_this_trip(&stay(Some(50), Some("opened")), opened), "it came out before");
        assert!(!is_of_this_trip(&stay(Some(50), Some("read")), None), "it was taken out before the bag was sealed");
        assert!(!is_of_this_trip(&stay(Some(100), Some("ring")), opened), "it never lay in it");
    }
}
