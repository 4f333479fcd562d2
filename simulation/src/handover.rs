//! Hand-overs: a site gives, a carrier takes; a carrier leaves, a site reads. First the paper moves, then each side scans,
//! or forgets to.
use crate::county::SiteNo;
use crate::faults::Fault;
use crate::reading::Reading;
use crate::truth::{Belief, CarrierNo, Place, ThingNo};
use crate::wire::Details;
use crate::world::{Doom, World};
use domain::network::SiteKind;
use domain::scan::{Action, Mode, RefusalReason};

const REASONS: [RefusalReason; 4] =
    [RefusalReason::Torn, RefusalReason::WrongCount, RefusalReason::NotOurs, RefusalReason::Other];

impl World {
    /// A site gives a thing to a carrier, for the next place.
    pub(crate) fn give(&mut self, site: SiteNo, carrier: CarrierNo, thing: ThingNo, to: SiteNo) {
        let goes_in = !self.truth.things[thing].plan.is_dossier && to == self.map.hub;
        let road_bag = self.carriers[carrier].road_bag.filter(|_| goes_in);
        if let Some(big) = road_bag {
            self.put(thing, Place::Bag(big));
        } else {
            self.put(thing, Place::Carrier(carrier));
            self.carriers[carrier].load.push(thing);
        }
        self.truth.things[thing].leg = Some((site, to));
        self.scan_giving(site, thing, to);
        self.scan_taking(carrier, thing, (site, to), road_bag);
        self.lose_on_trip(carrier, thing);
    }

    fn scan_giving(&mut self, site: SiteNo, thing: ThingNo, to: SiteNo) {
        let in_road_bag = matches!(self.truth.things[thing].place, Place::Bag(_));
        if self.forgets(Fault::ForgottenDispatch, thing) {
            return;
        }
        let device = self.device_at(site);
        let plan = &self.truth.things[thing].plan;
        let homeward = plan.is_dossier && plan.homeward && self.map.kind(site) == SiteKind::Department;
        let action = if homeward { Action::Returned } else { Action::Dispatched };
        let details = Details { to: Some(self.map.id(to)), ..Details::default() };
        let belief = Belief::Sent { from: site, to };
        // That it went into the courier's big bag only he can tell.
        let reading = Reading::new(device, thing, Mode::Send, action, belief).truthful(!in_road_bag);
        self.read(&reading.details(details));
    }

    fn scan_taking(&mut self, carrier: CarrierNo, thing: ThingNo, leg: (SiteNo, SiteNo), road_bag: Option<ThingNo>) {
        let Some(device) = self.carriers[carrier].device else { return };
        if self.forgets(Fault::ForgottenByCourier, thing) {
            return;
        }
        let (from, to) = leg;
        if let Some(big) = road_bag {
            self.truth.things[big].hold.declared.push(thing);
        }
        let reading = match road_bag {
            Some(big) => Reading::new(device, thing, Mode::Pack, Action::Packed, Belief::InBag(big)).bag(Some(big)),
            None => Reading::new(device, thing, Mode::Receive, Action::Collected, Belief::Taken { from, to }),
        };
        self.read(&reading.stop(from));
    }

    /// What vanishes on this trip: the bag with everything in it, or single dossiers.
    fn lose_on_trip(&mut self, carrier: CarrierNo, thing: ThingNo) {
        let is_bag = !self.truth.things[thing].plan.is_dossier;
        if is_bag && self.forgets(Fault::LostBag, thing) {
            self.put(thing, Place::Nowhere);
            self.carriers[carrier].load.retain(|&carried| carried != thing);
            return;
        }
        self.lose_dossiers(thing);
        if self.truth.things[thing].place == Place::Nowhere {
            self.carriers[carrier].load.retain(|&carried| carried != thing);
        }
    }

    /// Counts down the trips of the doomed among the thing and its contents.
    pub(crate) fn lose_dossiers(&mut self, thing: ThingNo) {
        let mut all = self.truth.inside(thing);
        all.push(thing);
        for dossier in all {
            let Some(paper) = self.papers.get_mut(&dossier) else { continue };
            match paper.doom {
                Doom::OnTrip(1) => self.lose(dossier),
                Doom::OnTrip(trips) => paper.doom = Doom::OnTrip(trips - 1),
                Doom::Never | Doom::InBuilding => {}
            }
        }
    }

    /// A carrier leaves a thing at a site, if the site takes it.
    pub(crate) fn deliver(&mut self, carrier: CarrierNo, site: SiteNo, thing: ThingNo) {
        let device = self.carriers[carrier].device;
        if device.is_some() && self.strikes(Fault::Refusal) {
            self.refuse(carrier, site, thing);
            return;
        }
        self.carriers[carrier].load.retain(|&carried| carried != thing);
        self.put(thing, Place::Site(site));
        if let Some(device) = device
            && !self.forgets(Fault::ForgottenByCourier, thing)
        {
            let claim = Reading::new(device, thing, Mode::Receive, Action::Received, Belief::Claimed(site));
            self.read(&claim.stop(site));
        }
        self.receive(site, thing);
    }

    /// The site reads what it got, and does with it what is next.
    pub(crate) fn receive(&mut self, site: SiteNo, thing: ThingNo) {
        if !self.forgets(Fault::ForgottenReceipt, thing) {
            let device = self.device_at(site);
            let action = self.receipt(thing, site);
            self.read(&Reading::new(device, thing, Mode::Receive, action, Belief::At(site)));
            self.maybe_slip(device, thing);
        }
        if self.truth.things[thing].plan.is_dossier {
            self.settle(thing, site);
        } else {
            self.bag_arrives(thing, site);
        }
    }

    /// The courier holds it out, the site will not have it: he keeps it until his next round.
    fn refuse(&mut self, carrier: CarrierNo, site: SiteNo, thing: ThingNo) {
        self.touch(thing, Fault::Refusal);
        if let Some(device) = self.carriers[carrier].device {
            let claim = Reading::new(device, thing, Mode::Receive, Action::Received, Belief::Claimed(site));
            self.read(&claim.stop(site).truthful(false));
        }
        let reason = Some(REASONS[self.one_of(REASONS.len())]);
        let left_with = Some(self.carriers[carrier].person.clone());
        let details = Details { reason, left_with, ..Details::default() };
        let device = self.device_at(site);
        self.read(&Reading::new(device, thing, Mode::Receive, Action::Refused, Belief::StillOnRoad).details(details));
    }
}
