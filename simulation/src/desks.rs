//! What is decided at desks: acceptance, decision, result, archive, the shelf and the hand-out. A command about a thing is
//! given only after the desk has read it and its scans are sent.
use crate::calendar::SECOND;
use crate::county::SiteNo;
use crate::faults::Fault;
use crate::reading::Reading;
use crate::truth::{Belief, Place, Plan, ThingNo};
use crate::upload::Ask;
use crate::wire::Details;
use crate::world::{Doom, Happening, Paper, World};
use domain::code::CodeKind;
use domain::network::SiteKind;
use domain::scan::{Action, Mode};

/// From the desk's scan to its command: more than two clocks differ.
const SCAN_TO_COMMAND: i64 = 90 * SECOND;
/// Working days an office takes, at most.
const DEPARTMENT_DAYS: i64 = 8;
const TOWN_DAYS: i64 = 3;
/// Working days until an applicant comes, at most.
const FETCH_DAYS: i64 = 12;

impl World {
    /// Papers lie where they are decided, or where the label sent them in error.
    pub(crate) fn begin_handling(&mut self, thing: ThingNo, site: SiteNo) {
        let in_department = self.map.kind(site) == SiteKind::Department;
        let hour = self.between(10 * 60, 15 * 60 + 30);
        if in_department && self.papers[&thing].rightly_for.is_some() {
            self.at(self.workday_later(1, hour), Happening::Misfit(thing));
            return;
        }
        let most = if in_department { DEPARTMENT_DAYS } else { TOWN_DAYS };
        let days = u32::try_from(self.between(1, most)).unwrap_or(1);
        self.at(self.workday_later(1, 9 * 60 + 30), Happening::Accept(thing));
        self.at(self.workday_later(days, hour), Happening::Decide(thing));
    }

    fn lies_at(&self, thing: ThingNo) -> Option<SiteNo> {
        match self.truth.things[thing].place {
            Place::Site(site) => Some(site),
            Place::Carrier(_) | Place::Post | Place::Bag(_) | Place::Applicant | Place::Archive | Place::Nowhere => {
                None
            }
        }
    }

    pub(crate) fn accept(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        let case = self.papers[&thing].case;
        if self.cases[case].filed && !std::mem::replace(&mut self.cases[case].accepted, true) {
            self.desk(site, vec![Ask::Accept { case: self.cases[case].id }]);
        }
    }

    /// The result gets a label of its own; the dossier is archived or goes home too.
    pub(crate) fn decide(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        let Some(paper) = self.papers.get_mut(&thing) else { return };
        paper.decided = true;
        let case = paper.case;
        let (id, granted) = (self.cases[case].id, self.cases[case].granted);
        self.desk(site, vec![Ask::Decide { case: id, granted }]);
        self.issue_result(thing, case, site);
        if self.chance(self.config.returned_share) {
            self.truth.things[thing].plan.homeward = true;
            self.settle(thing, site);
        } else {
            self.read_at_desk(thing, site);
            self.at(self.now + SCAN_TO_COMMAND, Happening::Archive(thing));
        }
    }

    fn issue_result(&mut self, application: ThingNo, case: usize, site: SiteNo) {
        let home = self.truth.things[application].plan.home;
        let plan =
            Plan { is_dossier: true, registered: false, destination: None, home, homeward: true, told_homeward: true };
        let result = self.new_thing(CodeKind::Dossier, plan);
        let (doom, rightly_for) = (Doom::Never, None);
        self.papers.insert(result, Paper { case, is_result: true, doom, rightly_for, lying_until: 0, decided: true });
        self.put(result, Place::Site(site));
        self.register(result, site);
        self.settle(result, site);
    }

    fn read_at_desk(&mut self, thing: ThingNo, site: SiteNo) {
        let device = self.device_at(site);
        self.read(&Reading::new(device, thing, Mode::Receive, Action::Sighted, Belief::At(site)));
    }

    /// The desk's own scans are with the product, and lie back far enough; else the command waits.
    fn desk_is_ready(&mut self, thing: ThingNo, site: SiteNo, again: Happening) -> bool {
        let ready_from = self.truth.things[thing].scanned + 61 * SECOND;
        if ready_from > self.now {
            self.at(ready_from, again);
            return false;
        }
        for device in self.places[site].devices.clone() {
            self.flush(device);
        }
        true
    }

    pub(crate) fn archive(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        if !self.desk_is_ready(thing, site, Happening::Archive(thing)) {
            return;
        }
        let label = self.truth.things[thing].label;
        self.desk(site, vec![Ask::Archive { label, at: self.map.id(site) }]);
        self.put(thing, Place::Archive);
        self.tell_now(thing, Belief::Archive);
    }

    /// The department finds papers of another in the envelope and sends them back.
    pub(crate) fn misfit(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        self.truth.things[thing].plan.homeward = true;
        self.settle(thing, site);
    }

    /// The hub sends it to the department that should have had it.
    pub(crate) fn reroute(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        if !self.desk_is_ready(thing, site, Happening::Reroute(thing)) {
            return;
        }
        let Some(destination) = self.papers.get_mut(&thing).and_then(|paper| paper.rightly_for.take()) else { return };
        let label = self.truth.things[thing].label;
        let (at, to) = (self.map.id(site), self.map.id(destination));
        self.desk(site, vec![Ask::Reroute { label, at, destination: to }]);
        let plan = &mut self.truth.things[thing].plan;
        (plan.destination, plan.homeward, plan.told_homeward) = (Some(destination), false, false);
        self.settle(thing, site);
    }

    /// On the shelf of the place where it is collected.
    pub(crate) fn shelve(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        if !self.forgets(Fault::ForgottenReceipt, thing) {
            let shelf = Some(format!("A-{:02}", self.between(1, 40)));
            let device = self.device_at(site);
            let details = Details { shelf, ..Details::default() };
            self.read(&Reading::new(device, thing, Mode::Shelve, Action::Shelved, Belief::At(site)).details(details));
        }
        let days = u32::try_from(self.between(1, FETCH_DAYS)).unwrap_or(1);
        let minute = self.between(9 * 60, 16 * 60 + 30);
        self.at(self.workday_later(days, minute), Happening::Fetch(thing));
    }

    /// The applicant is here: the clerk takes it from the shelf and reads it.
    pub(crate) fn fetch(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        self.read_at_desk(thing, site);
        self.at(self.now + SCAN_TO_COMMAND, Happening::HandOut(thing));
    }

    pub(crate) fn hand_out(&mut self, thing: ThingNo) {
        let Some(site) = self.lies_at(thing) else { return };
        if !self.desk_is_ready(thing, site, Happening::HandOut(thing)) {
            return;
        }
        let (label, at, to_proxy) = (self.truth.things[thing].label, self.map.id(site), self.chance(0.12));
        let mut asks = vec![Ask::HandOut { label, at, to_proxy }];
        let paper = &self.papers[&thing];
        if paper.is_result {
            let case = &self.cases[paper.case];
            asks.push(Ask::Close { case: case.id, granted: case.granted });
        }
        self.desk(site, asks);
        self.put(thing, Place::Applicant);
        self.tell_now(thing, Belief::Applicant);
    }
}
