//! The places, the legs between them, and the way from any site to any other. Built once from the registers; asking is
//! a look-up in a table.
use crate::id::SiteId;
use crate::time::{Minutes, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// What a site is in the circulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// Village station (村居服务站).
    Station,
    /// Town or area service centre (公共服务中心).
    Centre,
    /// Circulation centre (流转中心).
    Hub,
    /// County department (职能单位).
    Department,
}

/// A place, as far as the way of papers needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub id: SiteId,
    pub kind: SiteKind,
    /// The site it hangs on: a station on a centre, a centre or a department on a hub.
    pub parent: Option<SiteId>,
}

/// A stretch that papers travel, one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub from: SiteId,
    pub to: SiteId,
    /// Faster is impossible.
    pub least: Minutes,
    /// Slower is late: from leaving one site to being read at the other.
    pub most: Minutes,
}

const NONE: u16 = u16::MAX;

/// Sites, legs and routes at one time.
#[derive(Clone, Debug, Default)]
pub struct Network {
    sites: Vec<Site>,
    index: HashMap<SiteId, u16>,
    legs: HashMap<(u16, u16), Leg>,
    /// `next[to * n + from]`: the neighbour of `from` on the way to `to`.
    next: Vec<u16>,
    /// `least[to * n + from]`: the least minutes of that way.
    least: Vec<u32>,
}

impl Network {
    /// Routes over `legs` by the sum of their most minutes; ties by the order of `sites`. Legs to unknown sites are left
    /// out. Cost: one search for each site over all legs; two tables of n² small numbers (1.5 MB for 500 sites).
    #[must_use]
    pub fn new(sites: Vec<Site>, legs: Vec<Leg>) -> Self {
        let index: HashMap<_, _> = sites.iter().zip(0_u16..).map(|(site, i)| (site.id.clone(), i)).collect();
        let legs: HashMap<_, _> =
            legs.into_iter().filter_map(|leg| Some(((*index.get(&leg.from)?, *index.get(&leg.to)?), leg))).collect();
        let n = sites.len();
        let mut into: Vec<Vec<(u16, u32, u32)>> = vec![Vec::new(); n];
        for (&(from, to), leg) in &legs {
            into[usize::from(to)].push((from, leg.most.0.max(1), leg.least.0));
        }
        let mut network = Self { sites, index, legs, next: vec![NONE; n * n], least: vec![u32::MAX; n * n] };
        for to in 0..n {
            network.route_all_to(to, &into);
        }
        network
    }

    /// Dijkstra backwards from `to`.
    fn route_all_to(&mut self, to: usize, into: &[Vec<(u16, u32, u32)>]) {
        let n = self.sites.len();
        let row = to * n;
        let mut cost = vec![u32::MAX; n];
        let mut queue = BinaryHeap::from([Reverse((0_u32, to))]);
        cost[to] = 0;
        self.least[row + to] = 0;
        while let Some(Reverse((so_far, at))) = queue.pop() {
            if so_far > cost[at] {
                continue;
            }
            for &(from, most, least) in &into[at] {
                let from_at = usize::from(from);
                let total = so_far.saturating_add(most);
                let better =
                    total < cost[from_at] || (total == cost[from_at] && (at as u16) < self.next[row + from_at]);
                if better && from_at != to {
                    cost[from_at] = total;
                    self.next[row + from_at] = at as u16;
                    self.least[row + from_at] = self.least[row + at].saturating_add(least);
                    queue.push(Reverse((total, from_at)));
                }
            }
        }
    }

    fn cell(&self, from: &SiteId, to: &SiteId) -> Option<usize> {
        Some(usize::from(*self.index.get(to)?) * self.sites.len() + usize::from(*self.index.get(from)?))
    }

    /// A site, if it is known.
    #[must_use]
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.index.get(id).map(|&i| &self.sites[usize::from(i)])
    }

    /// All sites, in the order of the registers.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// Whether a site is a department; an unknown one is not.
    #[must_use]
    pub fn is_department(&self, id: &SiteId) -> bool {
        self.site(id).is_some_and(|site| site.kind == SiteKind::Department)
    }

    /// The next site on the way; `None` if it is there already, or there is no way.
    #[must_use]
    pub fn next_hop(&self, from: &SiteId, to: &SiteId) -> Option<&SiteId> {
        let next = self.next[self.cell(from, to)?];
        (next != NONE).then(|| &self.sites[usize::from(next)].id)
    }

    /// The sites from `from`, exclusive, to `to`, inclusive; empty if there is no way.
    #[must_use]
    pub fn path(&self, from: &SiteId, to: &SiteId) -> Vec<&SiteId> {
        let mut path = Vec::new();
        let mut at = from;
        while let Some(next) = self.next_hop(at, to) {
            path.push(next);
            at = next;
        }
        path
    }

    /// The leg between two neighbours.
    #[must_use]
    pub fn leg(&self, from: &SiteId, to: &SiteId) -> Option<&Leg> {
        self.legs.get(&(*self.index.get(from)?, *self.index.get(to)?))
    }

    /// The least time a thing needs from one site to another along the legs.
    #[must_use]
    pub fn least_minutes(&self, from: &SiteId, to: &SiteId) -> Option<Minutes> {
        let least = self.least[self.cell(from, to)?];
        (least != u32::MAX).then_some(Minutes(least))
    }
}

/// The network as it was at any time: a rebuild uses what was valid when things happened.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    /// By valid-from, rising.
    eras: Vec<(Timestamp, Network)>,
    /// Site labels that became known: code as site id → the site.
    aliases: HashMap<SiteId, SiteId>,
}

impl Networks {
    /// From networks with the time each begins to hold, in rising order, and the codes of site labels.
    #[must_use]
    pub fn new(eras: Vec<(Timestamp, Network)>, aliases: HashMap<SiteId, SiteId>) -> Self {
        Self { eras, aliases }
    }

    /// One network for all time.
    #[must_use]
    pub fn always(network: Network) -> Self {
        Self { eras: vec![(Timestamp(i64::MIN), network)], aliases: HashMap::new() }
    }

    /// The network at a time; before the first, the first.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> &Network {
        static EMPTY: std::sync::LazyLock<Network> = std::sync::LazyLock::new(Network::default);
        let later = self.eras.partition_point(|(from, _)| *from <= time);
        self.eras.get(later.saturating_sub(1)).map_or(&EMPTY, |(_, network)| network)
    }

    /// The newest network.
    #[must_use]
    pub fn latest(&self) -> &Network {
        self.at(Timestamp(i64::MAX))
    }

    /// The site a stored site id means: itself, or what its label turned out to name.
    #[must_use]
    pub fn resolve<'a>(&'a self, site: &'a SiteId) -> &'a SiteId {
        self.aliases.get(site).unwrap_or(site)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn site_id(text: &str) -> SiteId {
        text.parse().expect("a site id")
    }

    fn leg(from: &str, to: &str, most: u32) -> Leg {
        Leg { from: site_id(from), to: site_id(to), least: Minutes(most / 4), most: Minutes(most) }
    }

    /// station s1 – town t1 – hub – department d1; town t2 – second hub – hub.
    pub(crate) fn county() -> Network {
        use SiteKind::{Centre, Department, Hub, Station};
        let sites = [
            ("hub", Hub, None),
            ("hub2", Hub, Some("hub")),
            ("t1", Centre, Some("hub")),
            ("t2", Centre, Some("hub2")),
            ("s1", Station, Some("t1")),
            ("d1", Department, Some("hub")),
            ("d2", Department, Some("hub")),
        ];
        let sites = sites.map(|(id, kind, parent)| Site { id: site_id(id), kind, parent: parent.map(site_id) });
        let pairs = [("s1", "t1"), ("t1", "hub"), ("t2", "hub2"), ("hub2", "hub"), ("hub", "d1"), ("hub", "d2")];
        let legs = pairs.iter().flat_map(|(a, b)| [leg(a, b, 240), leg(b, a, 240)]);
        Network::new(sites.to_vec(), legs.collect())
    }

    #[test]
    fn papers_go_through_every_hub_on_their_way_and_home_again() {
        let county = county();
        let ids = |path: Vec<&SiteId>| path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(ids(county.path(&site_id("t2"), &site_id("d1"))), "hub2 hub d1");
        assert_eq!(ids(county.path(&site_id("d1"), &site_id("s1"))), "hub t1 s1");
        assert_eq!(county.next_hop(&site_id("t1"), &site_id("t1")), None);
        assert_eq!(county.next_hop(&site_id("t1"), &site_id("nowhere")), None);
        assert_eq!(county.least_minutes(&site_id("s1"), &site_id("d1")), Some(Minutes(180)));
    }
}
