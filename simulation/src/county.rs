//! What the caller tells us of a county, and the same as numbers: places, legs, the way from one place to the next.
//! Holds no people and no papers, and routes by its own simple tree, never by the product's network.
use domain::id::{ItemId, Region, SiteId};
use domain::network::{Leg, Site, SiteKind};
use std::collections::{BTreeMap, BTreeSet};

/// A place, by its number in [`Map`].
pub type SiteNo = usize;

/// The level at which an item is taken in or decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Village,
    Town,
    County,
}

/// A service item, as far as papers and their way depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub code: ItemId,
    /// The site of the department that decides, or that delegated it.
    pub department: SiteId,
    /// The lowest place that takes the application.
    pub received_at: Level,
    pub decided_at: Level,
    /// Decided below the county: its papers make no county leg.
    pub delegated: bool,
    /// Done on the spot (即办件): no label, no way.
    pub immediate: bool,
}

/// A county as the caller knows it.
#[derive(Clone, Debug)]
pub struct County {
    pub region: Region,
    pub sites: Vec<Site>,
    pub legs: Vec<Leg>,
    pub items: Vec<Item>,
    /// Every day on which nobody works: weekends and holidays, without the make-up days.
    pub days_off: BTreeSet<chrono::NaiveDate>,
}

/// Why a county cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountyError {
    #[error("the county has no circulation centre")]
    NoHub,
    #[error("no service centre has legs to and from the circulation centre")]
    NoCentre,
    #[error("no department has legs to and from the circulation centre")]
    NoDepartment,
    #[error("no item is decided by a department that papers can reach")]
    NoItem,
}

/// Minutes a leg takes at least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub least: i64,
    pub most: i64,
}

/// The county in numbers. Only places that papers can reach through the one hub take part.
#[derive(Clone, Debug)]
pub struct Map {
    pub region: Region,
    pub sites: Vec<Site>,
    pub hub: SiteNo,
    pub centres: Vec<SiteNo>,
    pub stations: Vec<SiteNo>,
    pub departments: Vec<SiteNo>,
    pub items: Vec<(Item, SiteNo)>,
    parents: Vec<Option<SiteNo>>,
    legs: BTreeMap<(SiteNo, SiteNo), Span>,
}

impl Map {
    /// Numbers a county.
    ///
    /// # Errors
    /// See [`CountyError`].
    pub fn of(county: &County) -> Result<Self, CountyError> {
        let index: BTreeMap<&SiteId, SiteNo> =
            county.sites.iter().enumerate().map(|(no, site)| (&site.id, no)).collect();
        let span = |leg: &Leg| Span { least: i64::from(leg.least.0), most: i64::from(leg.most.0) };
        let legs =
            county.legs.iter().filter_map(|leg| Some(((*index.get(&leg.from)?, *index.get(&leg.to)?), span(leg))));
        let parents = county.sites.iter().map(|site| site.parent.as_ref().and_then(|id| index.get(id).copied()));
        let hub = county.sites.iter().position(|site| site.kind == SiteKind::Hub).ok_or(CountyError::NoHub)?;
        let mut map = Self {
            region: county.region,
            sites: county.sites.clone(),
            hub,
            centres: Vec::new(),
            stations: Vec::new(),
            departments: Vec::new(),
            items: Vec::new(),
            parents: parents.collect(),
            legs: legs.collect(),
        };
        map.centres = map.joined_to_hub(SiteKind::Centre);
        map.departments = map.joined_to_hub(SiteKind::Department);
        let stations = (0..map.sites.len()).filter(|&no| {
            let parent = map.parents[no].filter(|parent| map.centres.contains(parent));
            map.sites[no].kind == SiteKind::Station && parent.is_some_and(|parent| map.both_ways(no, parent))
        });
        map.stations = stations.collect();
        let known = county.items.iter().filter_map(|item| Some((item.clone(), *index.get(&item.department)?)));
        map.items = known.filter(|(_, department)| map.departments.contains(department)).collect();
        map.checked()
    }

    fn checked(self) -> Result<Self, CountyError> {
        let circulates = |(item, _): &(Item, SiteNo)| item.decided_at == Level::County && !item.immediate;
        if self.centres.is_empty() {
            return Err(CountyError::NoCentre);
        }
        if self.departments.is_empty() {
            return Err(CountyError::NoDepartment);
        }
        if !self.items.iter().any(circulates) {
            return Err(CountyError::NoItem);
        }
        Ok(self)
    }

    fn joined_to_hub(&self, kind: SiteKind) -> Vec<SiteNo> {
        (0..self.sites.len()).filter(|&no| self.sites[no].kind == kind && self.both_ways(no, self.hub)).collect()
    }

    fn both_ways(&self, a: SiteNo, b: SiteNo) -> bool {
        self.legs.contains_key(&(a, b)) && self.legs.contains_key(&(b, a))
    }

    /// The minutes between two neighbours; between strangers two days at most, as the product has it.
    #[must_use]
    pub fn span(&self, from: SiteNo, to: SiteNo) -> Span {
        self.legs.get(&(from, to)).copied().unwrap_or(Span { least: 30, most: 2_880 })
    }

    /// Whether two places are neighbours.
    #[must_use]
    pub fn is_leg(&self, from: SiteNo, to: SiteNo) -> bool {
        self.legs.contains_key(&(from, to))
    }

    /// The place a station hangs on; the hub for all others.
    #[must_use]
    pub fn above(&self, site: SiteNo) -> SiteNo {
        match self.sites[site].kind {
            SiteKind::Station => self.parents[site].unwrap_or(self.hub),
            SiteKind::Centre | SiteKind::Hub | SiteKind::Department => self.hub,
        }
    }

    /// The next place on the way; the place itself when it is there.
    #[must_use]
    pub fn next_hop(&self, at: SiteNo, target: SiteNo) -> SiteNo {
        if at == target {
            return at;
        }
        let is_station = self.sites[target].kind == SiteKind::Station;
        let gate = if is_station { self.above(target) } else { target };
        match (at == gate, at == self.hub) {
            (true, _) => target,
            (false, true) => gate,
            (false, false) => self.above(at),
        }
    }

    /// The id of a place.
    #[must_use]
    pub fn id(&self, site: SiteNo) -> SiteId {
        self.sites[site].id.clone()
    }

    /// What kind of place it is.
    #[must_use]
    pub fn kind(&self, site: SiteNo) -> SiteKind {
        self.sites[site].kind
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate, Weekday};
    use domain::time::Minutes;

    fn id(text: &str) -> SiteId {
        text.parse().expect("a site id")
    }

    fn site(name: &str, kind: SiteKind, parent: Option<&str>) -> Site {
        Site { id: id(name), kind, parent: parent.map(id) }
    }

    fn item(number: usize, received_at: Level, decided_at: Level, immediate: bool) -> Item {
        Item {
            code: format!("item{number}").parse().expect("an item id"),
            department: id(&format!("d{}", number % 6)),
            received_at,
            decided_at,
            delegated: decided_at != Level::County,
            immediate,
        }
    }

    /// Seven towns, three stations each, six departments, every weekend of 2026 off.
    pub(crate) fn small_county() -> County {
        let mut sites = vec![site("hub", SiteKind::Hub, None)];
        sites.extend((0..7).map(|n| site(&format!("t{n}"), SiteKind::Centre, Some("hub"))));
        sites.extend((0..6).map(|n| site(&format!("d{n}"), SiteKind::Department, Some("hub"))));
        for town in 0..7 {
            let stations = (0..3).map(|n| site(&format!("s{town}{n}"), SiteKind::Station, Some(&format!("t{town}"))));
            sites.extend(stations.collect::<Vec<_>>());
        }
        let pairs = sites.iter().filter_map(|site| Some((site.id.clone(), site.parent.clone()?, site.kind)));
        let legs = pairs.flat_map(|(low, high, kind)| {
            let (least, most) = if kind == SiteKind::Department { (5, 240) } else { (25, 480) };
            let leg = |from: &SiteId, to: &SiteId| Leg {
                from: from.clone(),
                to: to.clone(),
                least: Minutes(least),
                most: Minutes(most),
            };
            [leg(&low, &high), leg(&high, &low)]
        });
        let levels = [
            (Level::Town, Level::County, false),
            (Level::Town, Level::County, false),
            (Level::Village, Level::County, false),
            (Level::County, Level::County, false),
            (Level::Town, Level::Town, false),
            (Level::Village, Level::Town, false),
            (Level::Village, Level::Village, true),
        ];
        let items = (0..).zip(levels.iter().cycle().take(28));
        let items = items.map(|(n, &(received, decided, immediate))| item(n, received, decided, immediate));
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
        let weekend = |day: &NaiveDate| matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        County {
            region: Region(441_424),
            legs: legs.collect(),
            items: items.collect(),
            sites,
            days_off: first.iter_days().take(365).filter(weekend).collect(),
        }
    }

    #[test]
    fn papers_climb_to_the_hub_and_come_down_again() {
        let map = Map::of(&small_county()).unwrap();
        let no = |text: &str| map.sites.iter().position(|site| site.id == id(text)).unwrap();
        assert_eq!(map.next_hop(no("s01"), no("d3")), no("t0"));
        assert_eq!(map.next_hop(no("t0"), no("d3")), no("hub"));
        assert_eq!(map.next_hop(no("hub"), no("d3")), no("d3"));
        assert_eq!(map.next_hop(no("d3"), no("s01")), no("hub"));
        assert_eq!(map.next_hop(no("hub"), no("s01")), no("t0"));
        assert_eq!(map.next_hop(no("t0"), no("s01")), no("s01"));
        assert_eq!(map.next_hop(no("t0"), no("t0")), no("t0"));
    }

    #[test]
    fn a_county_without_a_hub_is_refused() {
        let mut county = small_county();
        county.sites.remove(0);
        assert_eq!(Map::of(&county).unwrap_err(), CountyError::NoHub);
    }
}
