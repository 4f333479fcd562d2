//! Couriers on their rounds and village agents on their way to town and back.
use crate::calendar::MINUTE;
use crate::county::SiteNo;
use crate::faults::Fault;
use crate::reading::Reading;
use crate::truth::{Belief, CarrierNo, Place, ThingNo};
use crate::world::{Happening, Tour, World};
use domain::scan::{Action, Mode};

/// A stop is up to this late.
const LATE_MOST: i64 = 8 * MINUTE;
/// An agent stays in town.
const AGENT_STAYS: i64 = 30 * MINUTE;

/// Empty bags that a place keeps.
const EMPTY_BAGS_KEPT: usize = 2;

impl World {
    /// A courier leaves the hub with what is for his stops.
    pub(crate) fn depart(&mut self, tour: usize) {
        let it = self.tours[tour].clone();
        let hub = self.map.hub;
        let has_road_bag = !it.loose && self.chance(self.config.road_bag_share);
        for &(stop, _) in &it.round.stops {
            for thing in self.ready_for(hub, stop, it.loose) {
                self.give(hub, it.carrier, thing, stop);
            }
            if !it.loose && self.places[stop].empty_bags.is_empty() {
                self.give_empty_bags(hub, it.carrier, stop);
            }
        }
        if has_road_bag && self.carriers[it.carrier].road_bag.is_none() {
            self.take_road_bag(it.carrier);
        }
        let departure = self.now;
        for (number, &(_, minutes)) in it.round.stops.iter().enumerate() {
            let late = self.between(0, LATE_MOST);
            self.at(departure + minutes * MINUTE + late, Happening::Stop(tour, number));
        }
        let late = self.between(0, LATE_MOST);
        self.at(departure + it.round.back * MINUTE + LATE_MOST + late, Happening::Back(tour));
    }

    /// Empty bags go where they are needed: from stops to the hub, from the hub to towns.
    fn give_empty_bags(&mut self, site: SiteNo, carrier: CarrierNo, to: SiteNo) {
        let spare = self.places[site].empty_bags.len().saturating_sub(EMPTY_BAGS_KEPT);
        let most = if site == self.map.hub { EMPTY_BAGS_KEPT } else { spare };
        for _ in 0..spare.min(most) {
            let Some(bag) = self.places[site].empty_bags.pop() else { return };
            self.truth.things[bag].hold.to = Some(to);
            self.give(site, carrier, bag, to);
        }
    }

    /// An empty bag for all the bags of the round.
    fn take_road_bag(&mut self, carrier: CarrierNo) {
        let Some(device) = self.carriers[carrier].device else { return };
        let hub = self.map.hub;
        let big = self.empty_bag(hub);
        self.put(big, Place::Carrier(carrier));
        self.truth.things[big].leg = Some((hub, hub));
        self.truth.things[big].hold.to = Some(hub);
        self.carriers[carrier].load.push(big);
        let belief = Belief::Taken { from: hub, to: hub };
        self.read(&Reading::new(device, big, Mode::Receive, Action::Collected, belief).stop(hub));
        self.carriers[carrier].road_bag = Some(big);
    }

    /// Takes from a site the bags, and where papers go loose the dossiers, for its neighbour `next`.
    fn ready_for(&mut self, site: SiteNo, next: SiteNo, loose: bool) -> Vec<ThingNo> {
        let all = std::mem::take(&mut self.places[site].ready);
        let goes =
            |bag: &ThingNo| self.truth.things[*bag].hold.to.is_some_and(|to| self.map.next_hop(site, to) == next);
        let (mut taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(goes);
        self.places[site].ready = left;
        if loose {
            taken.extend(self.take_waiting(site, next));
        }
        taken
    }

    /// A courier at a stop: takes what is for the hub, leaves what is for the stop.
    pub(crate) fn stop_at(&mut self, tour: usize, number: usize) {
        let it = self.tours[tour].clone();
        let site = it.round.stops[number].0;
        self.pick_up(&it, site);
        let next = it.round.stops.get(number + 1).map(|stop| stop.0);
        for thing in self.carriers[it.carrier].load.clone() {
            let bound = self.truth.things[thing].leg.map(|leg| leg.1);
            let mistaken = bound.is_some() && bound == next && self.forgets(Fault::WrongSite, thing);
            if bound == Some(site) || mistaken {
                self.deliver(it.carrier, site, thing);
            }
        }
    }

    /// What is left here by mistake is not noticed before the next round, so taking comes first.
    fn pick_up(&mut self, it: &Tour, site: SiteNo) {
        let hub = self.map.hub;
        if it.loose {
            let device = self.device_at(site);
            self.pack_for(site, &[hub], device, self.config.bag_from);
        }
        for thing in self.ready_for(site, hub, it.loose) {
            self.give(site, it.carrier, thing, hub);
        }
        self.give_empty_bags(site, it.carrier, hub);
    }

    /// Back at the hub: everything for it is handed over; what a stop refused stays for the next round.
    pub(crate) fn back(&mut self, tour: usize) {
        let carrier = self.tours[tour].carrier;
        let hub = self.map.hub;
        for thing in self.carriers[carrier].load.clone() {
            if self.truth.things[thing].leg.is_some_and(|leg| leg.1 == hub) {
                self.deliver(carrier, hub, thing);
            }
        }
        let kept = self.carriers[carrier].road_bag.filter(|big| self.carriers[carrier].load.contains(big));
        self.carriers[carrier].road_bag = kept;
    }

    /// A village agent goes to town with what waits.
    pub(crate) fn agent_leaves(&mut self, station: SiteNo) {
        let Some(agent) = self.places[station].agent else { return };
        let centre = self.map.above(station);
        for thing in self.take_waiting(station, centre) {
            self.give(station, agent, thing, centre);
        }
        let walk = self.walk(station, centre);
        self.at(self.now + walk, Happening::AgentAtCentre(station));
    }

    /// He hands it in and takes what is for his village.
    pub(crate) fn agent_at_centre(&mut self, station: SiteNo) {
        let Some(agent) = self.places[station].agent else { return };
        let centre = self.map.above(station);
        for thing in self.carriers[agent].load.clone() {
            self.deliver(agent, centre, thing);
        }
        for thing in self.take_waiting(centre, station) {
            self.give(centre, agent, thing, station);
        }
        let walk = self.walk(centre, station);
        self.at(self.now + AGENT_STAYS + walk, Happening::AgentHome(station));
    }

    pub(crate) fn agent_home(&mut self, station: SiteNo) {
        let Some(agent) = self.places[station].agent else { return };
        for thing in self.carriers[agent].load.clone() {
            self.deliver(agent, station, thing);
        }
    }

    /// A way between neighbours: somewhat more than the least, well below the most.
    fn walk(&mut self, from: SiteNo, to: SiteNo) -> i64 {
        let span = self.map.span(from, to);
        let middle = i64::midpoint(span.least, span.most);
        let minutes = (span.least + 3).min(middle);
        let longest = (span.least + 20).min(middle);
        self.between(minutes * MINUTE, longest * MINUTE)
    }
}
