//! Papers come in: at a window, with a village agent, at the county hall. Cases are filed and dossiers bound to their
//! labels, sometimes days after the label was stuck on.
use crate::calendar::{MINUTE, day_of};
use crate::county::{Level, Map, SiteNo};
use crate::faults::Fault;
use crate::reading::Reading;
use crate::truth::{Belief, Place, Plan, ThingNo};
use crate::upload::{Ask, Command, Registration, Upload};
use crate::world::{CaseFile, Doom, Happening, Paper, World};
use domain::code::CodeKind;
use domain::id::CaseId;
use domain::network::SiteKind;
use domain::scan::{Action, Mode};

/// Which items are taken where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pools {
    /// Decided at the county, by the level of the window.
    circulating: [Vec<usize>; 3],
    /// Decided in the town.
    delegated: [Vec<usize>; 3],
    immediate: Vec<usize>,
}

impl Pools {
    pub fn of(map: &Map) -> Self {
        let mut pools = Self::default();
        for (number, (item, _)) in map.items.iter().enumerate() {
            if item.immediate {
                pools.immediate.push(number);
                continue;
            }
            let county = item.decided_at == Level::County && !item.delegated;
            let pool = if county { &mut pools.circulating } else { &mut pools.delegated };
            for level in [Level::Village, Level::Town, Level::County] {
                let taken = item.received_at <= level && (level != Level::County || item.received_at == level);
                if taken {
                    pool[level as usize].push(number);
                }
            }
        }
        pools
    }

    /// Whether a window of this level takes anything that circulates.
    pub fn takes(&self, level: Level) -> bool {
        !self.circulating[level as usize].is_empty()
    }
}

impl World {
    /// An applicant hands papers in.
    pub(crate) fn hand_in(&mut self, site: SiteNo) {
        let (item, plan) = self.way(site);
        let thing = self.new_thing(CodeKind::Dossier, plan);
        let case = self.new_case(item);
        let doom = self.doom(thing);
        self.papers
            .insert(thing, Paper { case, is_result: false, doom, rightly_for: None, lying_until: 0, decided: false });
        self.put(thing, Place::Site(site));
        if self.map.kind(site) == SiteKind::Station {
            self.take_at_station(thing, site);
        } else {
            self.register(thing, site);
            self.maybe_swap(thing, site);
        }
        if self.strikes(Fault::UnknownLabel) {
            let device = self.device_at(site);
            self.read_foreign(device, thing);
        }
        self.settle(thing, site);
    }

    /// What the applicant asks for, and how the dossier is to go.
    fn way(&mut self, site: SiteNo) -> (usize, Plan) {
        let level = match self.map.kind(site) {
            SiteKind::Station => Level::Village,
            SiteKind::Centre => Level::Town,
            SiteKind::Hub | SiteKind::Department => Level::County,
        };
        let level = if self.pools.takes(level) { level } else { Level::Town };
        let delegated = level != Level::County && self.chance(self.config.delegated_share);
        let delegated = delegated && !self.pools.delegated[level as usize].is_empty();
        let pools = if delegated { &self.pools.delegated } else { &self.pools.circulating };
        let pool = if pools[level as usize].is_empty() { pools.concat() } else { pools[level as usize].clone() };
        let item = pool[self.one_of(pool.len())];
        let at_station = self.map.kind(site) == SiteKind::Station;
        let centre = self.map.above(site);
        let destination = match (delegated, at_station) {
            (false, _) => Some(self.map.items[item].1),
            (true, true) => Some(centre),
            (true, false) => None,
        };
        let home = if at_station && self.chance(0.5) { centre } else { site };
        let homeward = destination.is_none();
        (item, Plan { is_dossier: true, registered: false, destination, home, homeward, told_homeward: homeward })
    }

    fn new_case(&mut self, item: usize) -> usize {
        let id = CaseId(self.uuid());
        let granted = self.chance(0.93);
        self.cases.push(CaseFile { id, item, granted, filed: false, accepted: false });
        self.cases.len() - 1
    }

    /// Only what travels can be lost on its way.
    fn doom(&mut self, thing: ThingNo) -> Doom {
        let travels =
            self.truth.things[thing].plan.destination.is_some_and(|site| self.map.kind(site) == SiteKind::Department);
        if !travels || !self.strikes(Fault::LostDossier) {
            return Doom::Never;
        }
        match self.between(0, 2) {
            0 => Doom::OnTrip(1),
            1 => Doom::OnTrip(2),
            _ => Doom::InBuilding,
        }
    }

    /// The agent sticks a printed label on and reads it; most are bound to their case later, in town.
    fn take_at_station(&mut self, thing: ThingNo, station: SiteNo) {
        if self.chance(0.4) {
            self.register(thing, station);
            return;
        }
        if self.forgets(Fault::ForgottenReceipt, thing) {
            return;
        }
        let device = self.device_at(station);
        self.read(&Reading::new(device, thing, Mode::Receive, Action::Received, Belief::At(station)));
    }

    /// Bound at a desk of `site`, where it lies.
    pub(crate) fn bind(&mut self, thing: ThingNo) {
        if let (Place::Site(site), false) = (self.truth.things[thing].place, self.truth.things[thing].plan.registered) {
            self.register(thing, site);
        }
    }

    pub(crate) fn register(&mut self, thing: ThingNo, site: SiteNo) {
        self.serial += 1;
        let number = format!("{}-{}-{:05}", self.map.region, day_of(self.now).format("%Y%m%d"), self.serial);
        let paper = &self.papers[&thing];
        let (case, is_result) = (paper.case, paper.is_result);
        let plan = &self.truth.things[thing].plan;
        let registration = Registration {
            label: self.truth.things[thing].label,
            dossier_no: number.clone(),
            is_result,
            case: self.cases[case].id,
            item: self.map.items[self.cases[case].item].0.code.clone(),
            destination: plan.destination.map(|site| self.map.id(site)),
            home: self.map.id(plan.home),
            at: self.map.id(site),
        };
        let home = plan.home;
        let mut asks = Vec::new();
        if !std::mem::replace(&mut self.cases[case].filed, true) {
            asks.push(self.filing(case, number, site, home));
        }
        asks.push(Ask::Register(registration));
        self.desk(site, asks);
        self.truth.things[thing].plan.registered = true;
        self.tell_now(thing, Belief::At(site));
    }

    fn filing(&self, case: usize, case_no: String, at: SiteNo, home: SiteNo) -> Ask {
        let file = &self.cases[case];
        let item = self.map.items[file.item].0.code.clone();
        Ask::FileCase { case: file.id, case_no, item, at: self.map.id(at), home: self.map.id(home) }
    }

    /// Commands given at a desk of a site.
    pub(crate) fn desk(&mut self, site: SiteNo, asks: Vec<Ask>) {
        let by = self.places[site].clerk.clone();
        let commands = asks.into_iter().map(|what| Command { request_id: self.uuid(), by: by.clone(), what });
        let commands = commands.collect();
        self.emit(Upload::Desk(commands));
    }

    /// Done on the spot: a case without papers to follow.
    pub(crate) fn spot_case(&mut self, site: SiteNo) {
        let Some(last) = self.pools.immediate.len().checked_sub(1) else { return };
        let one = self.one_of(last + 1);
        let item = self.pools.immediate[one];
        let case = self.new_case(item);
        let (id, granted) = (self.cases[case].id, self.cases[case].granted);
        self.serial += 1;
        let number = format!("{}-{}-{:05}", self.map.region, day_of(self.now).format("%Y%m%d"), self.serial);
        let filing = self.filing(case, number, site, site);
        let steps = [Ask::Accept { case: id }, Ask::Decide { case: id, granted }, Ask::Close { case: id, granted }];
        self.desk(site, [filing].into_iter().chain(steps).collect());
    }

    /// The clerk had two dossiers before him and took the wrong label.
    fn maybe_swap(&mut self, thing: ThingNo, site: SiteNo) {
        let Some(mine) = self.destination_department(thing) else { return };
        if !self.strikes(Fault::SwappedLabels) {
            return;
        }
        let other = self.places[site].waiting.iter().copied().rev().find(|&other| {
            let fresh = self.papers[&other].rightly_for.is_none() && !self.papers[&other].is_result;
            fresh && self.destination_department(other).is_some_and(|theirs| theirs != mine)
        });
        let Some((other, theirs)) = other.and_then(|other| Some((other, self.destination_department(other)?))) else {
            return;
        };
        for (swapped, rightly_for) in [(thing, theirs), (other, mine)] {
            self.touch(swapped, Fault::SwappedLabels);
            if let Some(paper) = self.papers.get_mut(&swapped) {
                paper.rightly_for = Some(rightly_for);
            }
        }
    }

    fn destination_department(&self, thing: ThingNo) -> Option<SiteNo> {
        let plan = &self.truth.things[thing].plan;
        let destination = plan.destination.filter(|_| !plan.homeward)?;
        (self.map.kind(destination) == SiteKind::Department).then_some(destination)
    }

    /// Whether somebody forgets this scan; the thing is marked.
    pub(crate) fn forgets(&mut self, fault: Fault, thing: ThingNo) -> bool {
        let forgets = self.strikes(fault);
        if forgets {
            self.touch(thing, fault);
        }
        forgets
    }

    /// A dossier lies at a place: what is next for it there.
    pub(crate) fn settle(&mut self, thing: ThingNo, site: SiteNo) {
        let plan = self.truth.things[thing].plan.clone();
        let kind = self.map.kind(site);
        if !plan.registered && kind != SiteKind::Station {
            self.at(self.now + 5 * MINUTE, Happening::Bind(thing));
        }
        let paper = &self.papers[&thing];
        let decided_here =
            plan.destination.unwrap_or(plan.home) == site && (!plan.homeward || plan.destination.is_none());
        if site == self.map.hub && plan.homeward && paper.rightly_for.is_some() {
            self.at(self.now + 10 * MINUTE, Happening::Reroute(thing));
        } else if decided_here && !paper.decided && !paper.is_result {
            self.begin_handling(thing, site);
        } else if self.bound_for(thing) == site {
            self.at(self.now + 20 * MINUTE, Happening::Shelve(thing));
        } else {
            self.wait(thing, site);
        }
    }

    fn wait(&mut self, thing: ThingNo, site: SiteNo) {
        let lies = self.strikes(Fault::LeftLying);
        let days = u32::try_from(self.between(6, 10)).unwrap_or(6);
        let until = self.workday_later(days, 9 * 60);
        let Some(paper) = self.papers.get_mut(&thing) else { return };
        if paper.doom == Doom::InBuilding && site == self.map.hub {
            self.lose(thing);
            return;
        }
        if lies {
            paper.lying_until = until;
            self.touch(thing, Fault::LeftLying);
        }
        self.places[site].waiting.push(thing);
    }

    /// It is nowhere from now on.
    pub(crate) fn lose(&mut self, thing: ThingNo) {
        self.touch(thing, Fault::LostDossier);
        self.put(thing, Place::Nowhere);
    }

    /// Where it must go, whether or not anybody has told the product.
    pub(crate) fn bound_for(&self, thing: ThingNo) -> SiteNo {
        let plan = &self.truth.things[thing].plan;
        if plan.homeward { plan.home } else { plan.destination.unwrap_or(plan.home) }
    }

    /// The next place for a dossier that lies at `site`.
    pub(crate) fn next_for(&self, thing: ThingNo, site: SiteNo) -> SiteNo {
        self.map.next_hop(site, self.bound_for(thing))
    }

    /// Takes out what waits at `site` for its neighbour `next` and is not set aside.
    pub(crate) fn take_waiting(&mut self, site: SiteNo, next: SiteNo) -> Vec<ThingNo> {
        let all = std::mem::take(&mut self.places[site].waiting);
        let is_station = self.map.kind(site) == SiteKind::Station;
        // Nobody outside a village sends on what no desk has registered.
        let goes = |&thing: &ThingNo| {
            let bound = is_station || self.truth.things[thing].plan.registered;
            bound && self.next_for(thing, site) == next && self.papers[&thing].lying_until <= self.now
        };
        let (taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(goes);
        self.places[site].waiting = left;
        taken
    }
}
