//! Couriers' rounds, planned from the legs so that a round without mishap breaks no leg's limits. Pure arithmetic in
//! minutes; nobody moves here.
use crate::county::{Map, SiteNo};

/// How a courier goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Minutes at a stop.
    pub stay: i64,
    /// Minutes from one stop to the next.
    pub hop: i64,
    /// Minutes above the least of a leg.
    pub margin: i64,
    /// Minutes a stop may be late, and minutes until what was brought is read.
    pub slack: i64,
    pub stops_most: usize,
}

/// A round: stops with the minute of arrival after leaving the hub, and the minute of return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    pub stops: Vec<(SiteNo, i64)>,
    pub back: i64,
}

/// Shares the sites out among as few rounds as the limits allow, near ones first.
#[must_use]
pub fn plan(map: &Map, sites: &[SiteNo], pace: Pace) -> Vec<Round> {
    let mut left: Vec<SiteNo> = sites.to_vec();
    left.sort_by_key(|&site| (map.span(map.hub, site).least, site));
    let mut rounds = Vec::new();
    let mut now: Vec<SiteNo> = Vec::new();
    for site in left {
        let longer: Vec<SiteNo> = now.iter().copied().chain([site]).collect();
        let fits = longer.len() <= pace.stops_most && keeps_limits(map, &times(map, &longer, pace), pace);
        if fits || now.is_empty() {
            now = longer;
        } else {
            rounds.push(times(map, &now, pace));
            now = vec![site];
        }
    }
    if !now.is_empty() {
        rounds.push(times(map, &now, pace));
    }
    rounds
}

fn times(map: &Map, sites: &[SiteNo], pace: Pace) -> Round {
    let mut stops: Vec<(SiteNo, i64)> = Vec::new();
    let mut back = 0;
    for &site in sites {
        let (out, home) = (map.span(map.hub, site), map.span(site, map.hub));
        // A leg so tight that the margin does not fit is taken in its middle.
        let direct = (out.least + pace.margin).min(i64::midpoint(out.least, out.most));
        let after_last = stops.last().map_or(0, |(_, arrival)| arrival + pace.stay + pace.hop);
        let arrival = direct.max(after_last);
        let homeward = (home.least + pace.margin).min(i64::midpoint(home.least, home.most));
        back = back.max(arrival + pace.stay + homeward);
        stops.push((site, arrival));
    }
    Round { stops, back }
}

fn keeps_limits(map: &Map, round: &Round, pace: Pace) -> bool {
    round.stops.iter().all(|&(site, arrival)| {
        let on_time = arrival + pace.slack <= map.span(map.hub, site).most;
        on_time && round.back - arrival + pace.slack <= map.span(site, map.hub).most
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::tests::small_county;

    #[test]
    fn every_site_is_on_one_round_that_keeps_the_limits() {
        let map = Map::of(&small_county()).unwrap();
        let pace = Pace { stay: 8, hop: 12, margin: 15, slack: 40, stops_most: 4 };
        let rounds = plan(&map, &map.centres, pace);
        let mut visited: Vec<SiteNo> = rounds.iter().flat_map(|round| round.stops.iter().map(|stop| stop.0)).collect();
        visited.sort_unstable();
        assert_eq!(visited, map.centres);
        assert_eq!(rounds.len(), 2);
        assert!(rounds.iter().all(|round| keeps_limits(&map, round, pace)));
    }
}
