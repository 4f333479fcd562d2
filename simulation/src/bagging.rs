//! Bags: filled, sealed with a new number each time, opened, counted. What really goes into a bag and what is scanned into
//! it can differ.
use crate::calendar::MINUTE;
use crate::county::SiteNo;
use crate::device::DeviceNo;
use crate::faults::Fault;
use crate::reading::Reading;
use crate::truth::{Belief, Place, Plan, ThingNo};
use crate::wire::Details;
use crate::world::{Happening, World};
use domain::code::CodeKind;
use domain::network::SiteKind;
use domain::scan::{Action, Mode};

impl World {
    /// A centre packs what waits for the hub.
    pub(crate) fn pack_outgoing(&mut self, centre: SiteNo) {
        let hub = self.map.hub;
        let device = self.device_at(centre);
        self.pack_for(centre, &[hub], device, 1);
    }

    /// The hub packs for every stop of a round; few papers for a department go by hand.
    pub(crate) fn pack_for_tour(&mut self, tour: usize) {
        let stops: Vec<SiteNo> = self.tours[tour].round.stops.iter().map(|stop| stop.0).collect();
        let least = if self.tours[tour].loose { self.config.bag_from } else { 1 };
        let device = self.device_at(self.map.hub);
        self.pack_for(self.map.hub, &stops, device, least);
    }

    /// A bag for each neighbour that at least `least` dossiers wait for; all are filled before the first is sealed.
    pub(crate) fn pack_for(&mut self, site: SiteNo, neighbours: &[SiteNo], device: DeviceNo, least: usize) {
        let mut bags = Vec::new();
        for &to in neighbours {
            let things = self.take_waiting(site, to);
            if things.len() < least.max(1) {
                self.places[site].waiting.extend(things);
                continue;
            }
            let bag = self.bag_for(site, to);
            for thing in things {
                self.let_go_of(thing, (site, to), device);
                self.pack(thing, bag, device, bags.last().copied());
            }
            bags.push(bag);
        }
        for bag in bags {
            self.seal(bag, site, device);
        }
    }

    fn bag_for(&mut self, site: SiteNo, to: SiteNo) -> ThingNo {
        let bag = self.empty_bag(site);
        self.truth.things[bag].hold.to = Some(to);
        bag
    }

    /// An empty bag that lies here, or a new one.
    pub(crate) fn empty_bag(&mut self, site: SiteNo) -> ThingNo {
        if let Some(bag) = self.places[site].empty_bags.pop() {
            return bag;
        }
        let bag = self.new_thing(CodeKind::Bag, Plan::default());
        self.put(bag, Place::Site(site));
        bag
    }

    /// A department says of each dossier that it goes home, before it goes into a bag: the bag cannot say so.
    fn let_go_of(&mut self, thing: ThingNo, (site, to): (SiteNo, SiteNo), device: DeviceNo) {
        let homeward = self.truth.things[thing].plan.homeward && self.map.kind(site) == SiteKind::Department;
        if !homeward || self.forgets(Fault::ForgottenDispatch, thing) {
            return;
        }
        let belief = Belief::Sent { from: site, to };
        let details = Details { to: Some(self.map.id(to)), ..Details::default() };
        let reading = Reading::new(device, thing, Mode::Send, Action::Returned, belief);
        self.read(&reading.details(details).truthful(false));
    }

    fn pack(&mut self, thing: ThingNo, bag: ThingNo, device: DeviceNo, neighbour: Option<ThingNo>) {
        let beside = neighbour.filter(|_| self.forgets(Fault::WrongBag, thing));
        self.put(thing, Place::Bag(beside.unwrap_or(bag)));
        let reading = Reading::new(device, thing, Mode::Pack, Action::Packed, Belief::InBag(bag));
        self.read(&reading.bag(Some(bag)).truthful(beside.is_none()));
        self.truth.things[bag].hold.declared.push(thing);
    }

    /// Closed with a seal whose number was never used before.
    fn seal(&mut self, bag: ThingNo, site: SiteNo, device: DeviceNo) {
        self.serial += 1;
        let seal_no = format!("{:08}", self.serial);
        let to = self.truth.things[bag].hold.to.map(|to| self.map.id(to));
        self.truth.things[bag].hold.seal_no.clone_from(&seal_no);
        let details = Details { seal_no: Some(seal_no), to, ..Details::default() };
        let reading = Reading::new(device, bag, Mode::Pack, Action::Sealed, Belief::At(site));
        self.read(&reading.details(details));
        self.places[site].ready.push(bag);
    }

    /// A bag has come to a place: it is opened there, or waits for its next leg.
    pub(crate) fn bag_arrives(&mut self, bag: ThingNo, site: SiteNo) {
        if self.truth.things[bag].hold.to == Some(site) {
            self.at(self.now + 3 * MINUTE, Happening::Open(site, bag));
        } else {
            self.places[site].ready.push(bag);
        }
    }

    /// Opened, each thing read, the count closed.
    pub(crate) fn open(&mut self, site: SiteNo, bag: ThingNo) {
        let device = self.device_at(site);
        let hold = &mut self.truth.things[bag].hold;
        let declared = std::mem::take(&mut hold.declared);
        let seal_no = Some(std::mem::take(&mut hold.seal_no)).filter(|number| !number.is_empty());
        let contents = hold.contents.clone();
        hold.to = None;
        let details = Details { seal_intact: seal_no.is_some().then_some(true), seal_no, ..Details::default() };
        self.read(&Reading::new(device, bag, Mode::Check, Action::Opened, Belief::At(site)).details(details));
        let read: Vec<ThingNo> =
            contents.iter().copied().filter(|&thing| self.take_out(thing, bag, site, device)).collect();
        let absent = declared.into_iter().filter(|thing| !read.contains(thing)).collect();
        let checked = Reading::new(device, bag, Mode::Check, Action::Checked, Belief::At(site));
        self.read(&Reading { absent, ..checked });
        self.places[site].empty_bags.push(bag);
        for thing in contents {
            if self.truth.things[thing].plan.is_dossier {
                self.settle(thing, site);
            } else {
                self.bag_arrives(thing, site);
            }
        }
    }

    /// Whether the thing taken out was read.
    fn take_out(&mut self, thing: ThingNo, bag: ThingNo, site: SiteNo, device: DeviceNo) -> bool {
        self.put(thing, Place::Site(site));
        if self.forgets(Fault::ForgottenReceipt, thing) {
            return false;
        }
        let action = self.receipt(thing, site);
        self.read(&Reading::new(device, thing, Mode::Check, action, Belief::At(site)).bag(Some(bag)));
        self.maybe_slip(device, thing);
        true
    }

    /// What a site's receipt of this thing is called.
    pub(crate) fn receipt(&self, thing: ThingNo, site: SiteNo) -> Action {
        let dossier = self.truth.things[thing].plan.is_dossier;
        if dossier && self.map.kind(site) == SiteKind::Department { Action::AtDepartment } else { Action::Received }
    }
}
