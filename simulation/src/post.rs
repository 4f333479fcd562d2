//! Centres that the post serves: what is sealed by evening is posted, and read at the other end the next working morning.
use crate::calendar::MINUTE;
use crate::county::SiteNo;
use crate::faults::Fault;
use crate::reading::Reading;
use crate::truth::{Belief, Place, ThingNo};
use crate::wire::Details;
use crate::world::{Happening, World};
use domain::scan::{Action, Carrier, Mode};

/// The post delivers at half past ten.
const DELIVERY: i64 = 10 * 60 + 30;

impl World {
    /// Evening: a centre posts to the hub, the hub to every such centre.
    pub(crate) fn post_leaves(&mut self, site: SiteNo) {
        let hub = self.map.hub;
        let neighbours: Vec<SiteNo> = if site == hub {
            self.map.centres.iter().copied().filter(|&centre| self.places[centre].by_post).collect()
        } else {
            vec![hub]
        };
        let device = self.device_at(site);
        if site == hub {
            self.pack_for(site, &neighbours, device, 1);
        }
        for bag in std::mem::take(&mut self.places[site].ready) {
            let bound = self.truth.things[bag].hold.to.map(|to| self.map.next_hop(site, to));
            match bound.filter(|next| neighbours.contains(next)) {
                Some(to) => self.post(bag, site, to),
                None => self.places[site].ready.push(bag),
            }
        }
    }

    fn post(&mut self, bag: ThingNo, from: SiteNo, to: SiteNo) {
        self.serial += 1;
        let tracking_no = format!("XA{:09}44", self.serial);
        self.put(bag, Place::Post);
        self.truth.things[bag].leg = Some((from, to));
        let carrier = Some(Carrier::Post { tracking_no });
        let details = Details { to: Some(self.map.id(to)), carrier, ..Details::default() };
        let device = self.device_at(from);
        self.read(&Reading::new(device, bag, Mode::Send, Action::Posted, Belief::Post).details(details));
        self.lose_dossiers(bag);
        if self.forgets(Fault::LostBag, bag) {
            self.put(bag, Place::Nowhere);
            return;
        }
        let late = self.between(0, 30 * MINUTE);
        let at = self.workday_later(1, DELIVERY) + late;
        self.at(at, Happening::PostArrives(bag, to));
    }

    pub(crate) fn post_arrives(&mut self, bag: ThingNo, site: SiteNo) {
        self.put(bag, Place::Site(site));
        self.receive(site, bag);
    }
}
