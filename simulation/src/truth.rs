//! Where every labelled thing really is, and what its uploaded readings say of it. Only the world writes it; the judge
//! reads it. What readings say is kept as told, so that "silent past its limit" is judged by what anybody could know.
use crate::calendar::MINUTE;
use crate::county::{Map, SiteNo};
use crate::faults::FaultSet;

/// A label, by its number in the world.
pub type LabelNo = usize;
/// A dossier or bag, by its number in [`Truth`].
pub type ThingNo = usize;
/// Somebody who carries papers, by number in the world.
pub type CarrierNo = usize;

/// Limits that the product names in its design: held with somewhere to go, in one bag, with the post, on no known leg.
const HELD_MOST: i64 = 5_760 * MINUTE;
const IN_BAG_MOST: i64 = 7_200 * MINUTE;
const POST_MOST: i64 = 5_760 * MINUTE;

/// The one place a thing is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Site(SiteNo),
    Carrier(CarrierNo),
    Post,
    Bag(ThingNo),
    Applicant,
    Archive,
    /// Lost, or not yet in the world.
    Nowhere,
}

impl Place {
    /// The bag, if it lies in one.
    #[must_use]
    pub fn bag(self) -> Option<ThingNo> {
        if let Self::Bag(bag) = self { Some(bag) } else { None }
    }
}

/// What one reading says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Belief {
    /// The site itself read it.
    At(SiteNo),
    /// A courier says he left it there.
    Claimed(SiteNo),
    /// A site let go of it.
    Sent {
        from: SiteNo,
        to: SiteNo,
    },
    /// A courier has it.
    Taken {
        from: SiteNo,
        to: SiteNo,
    },
    /// It stays with the courier who brought it.
    StillOnRoad,
    Post,
    InBag(ThingNo),
    Applicant,
    Archive,
}

/// A reading that the product has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it was read, by the true clock.
    pub at: i64,
    pub belief: Belief,
}

/// What becomes of a dossier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub is_dossier: bool,
    pub registered: bool,
    pub destination: Option<SiteNo>,
    pub home: SiteNo,
    pub homeward: bool,
    /// The same, as far as the product can know: a result, or let go of by its destination.
    pub told_homeward: bool,
}

/// What a bag holds and is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// What really lies in it.
    pub contents: Vec<ThingNo>,
    /// What was scanned into it.
    pub declared: Vec<ThingNo>,
    pub seal_no: String,
    pub to: Option<SiteNo>,
    /// Openings the product knows of: when, and when the count was closed.
    openings: Vec<(i64, Option<i64>)>,
}

/// A dossier or bag with its label, which is what the truth follows.
#[derive(Clone, Debug)]
pub struct Thing {
    pub label: LabelNo,
    pub place: Place,
    pub since: i64,
    /// The leg it is on, outermost.
    pub leg: Option<(SiteNo, SiteNo)>,
    pub plan: Plan,
    pub hold: Hold,
    pub faults: FaultSet,
    /// Counts its physical movements.
    movement: u32,
    /// The newest movement that somebody read truthfully and uploaded.
    told_movement: u32,
    told: Vec<Told>,
    /// When and on which device it was last scanned, uploaded or not.
    pub scanned: i64,
    pub scanned_on: Option<usize>,
}

impl Thing {
    #[must_use]
    pub fn new(label: LabelNo, plan: Plan) -> Self {
        Self {
            label,
            place: Place::Nowhere,
            since: 0,
            leg: None,
            plan,
            hold: Hold::default(),
            faults: FaultSet::default(),
            movement: 0,
            told_movement: 0,
            told: Vec::new(),
            scanned: 0,
            scanned_on: None,
        }
    }

    /// The number of its newest movement.
    #[must_use]
    pub fn movement(&self) -> u32 {
        self.movement
    }

    /// Whether the last movement was truthfully read and the product has that reading.
    #[must_use]
    pub fn last_movement_read(&self) -> bool {
        self.movement > 0 && self.movement == self.told_movement
    }

    /// The newest reading the product has.
    #[must_use]
    pub fn last_read(&self) -> Option<Told> {
        self.told.last().copied()
    }

    /// Where the product must take it to be bound for.
    fn told_target(&self) -> Option<SiteNo> {
        let plan = &self.plan;
        let bound = if plan.told_homeward { plan.home } else { plan.destination.unwrap_or(plan.home) };
        if plan.is_dossier { plan.registered.then_some(bound) } else { self.hold.to }
    }
}

/// Every thing there is or was.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub things: Vec<Thing>,
}

impl Truth {
    /// A new thing, nowhere yet.
    pub fn add(&mut self, thing: Thing) -> ThingNo {
        self.things.push(thing);
        self.things.len() - 1
    }

    /// A physical movement: exactly one place before, exactly one after.
    pub fn put(&mut self, thing: ThingNo, place: Place, at: i64) {
        if let Some(bag) = self.things[thing].place.bag() {
            self.things[bag].hold.contents.retain(|inside| *inside != thing);
        }
        if let Place::Bag(bag) = place {
            self.things[bag].hold.contents.push(thing);
        }
        let it = &mut self.things[thing];
        it.place = place;
        it.since = at;
        it.leg = None;
        it.movement += 1;
    }

    /// A reading of `movement` has reached the product; without a movement it was not truthful.
    pub fn tell(&mut self, thing: ThingNo, told: Told, movement: Option<u32>) {
        let it = &mut self.things[thing];
        let after = it.told.partition_point(|earlier| earlier.at <= told.at);
        it.told.insert(after, told);
        it.told_movement = it.told_movement.max(movement.unwrap_or(0));
        if let Belief::Sent { from, .. } = told.belief {
            it.plan.told_homeward |= it.plan.destination == Some(from);
        }
    }

    /// The product knows that a bag was opened, or that the count of its contents was closed.
    pub fn tell_opened(&mut self, bag: ThingNo, at: i64, checked: bool) {
        let openings = &mut self.things[bag].hold.openings;
        if !checked {
            openings.push((at, None));
            openings.sort_unstable();
        } else if let Some(open) = openings.iter_mut().rfind(|(opened, done)| *opened <= at && done.is_none()) {
            open.1 = Some(at);
        } else {
            openings.push((at, Some(at)));
            openings.sort_unstable();
        }
    }

    /// Where it really is, seen through its bags.
    #[must_use]
    pub fn whereabouts(&self, thing: ThingNo) -> Place {
        self.things[self.outermost(thing)].place
    }

    /// The thing itself, or the outermost bag around it.
    #[must_use]
    pub fn outermost(&self, thing: ThingNo) -> ThingNo {
        self.things[thing].place.bag().map_or(thing, |bag| self.outermost(bag))
    }

    /// Whether the last movement of the thing, and of every bag around it, was read and uploaded.
    #[must_use]
    pub fn is_read(&self, thing: ThingNo) -> bool {
        let it = &self.things[thing];
        it.last_movement_read() && it.place.bag().is_none_or(|bag| self.is_read(bag))
    }

    /// The bag that the product must take it to lie in, by its readings.
    #[must_use]
    pub fn told_bag(&self, thing: ThingNo) -> Option<ThingNo> {
        let last = self.things[thing].told.last()?;
        if let Belief::InBag(bag) = last.belief { Some(bag) } else { None }
    }

    /// Everything in a bag, however deep.
    #[must_use]
    pub fn inside(&self, bag: ThingNo) -> Vec<ThingNo> {
        let mut all = Vec::new();
        for &thing in &self.things[bag].hold.contents {
            all.push(thing);
            all.extend(self.inside(thing));
        }
        all
    }

    /// From when the silence about it is longer than the limit of what was last told; `None` where nothing is due.
    #[must_use]
    pub fn overdue_from(&self, thing: ThingNo, map: &Map) -> Option<i64> {
        self.overdue_within(thing, map, 4)
    }

    fn overdue_within(&self, thing: ThingNo, map: &Map, depth: u8) -> Option<i64> {
        let it = &self.things[thing];
        let last = it.told.last()?;
        let road = |since, (from, to)| since + map.span(from, to).most * MINUTE;
        match last.belief {
            Belief::Sent { .. } | Belief::Taken { .. } | Belief::Claimed(_) | Belief::StillOnRoad => {
                self.trip(thing).map(|(since, leg)| road(since, leg))
            }
            Belief::Post => Some(last.at + POST_MOST),
            Belief::At(site) if it.plan.is_dossier && it.told_target() != Some(site) => {
                Some(self.began(thing) + HELD_MOST)
            }
            Belief::At(site) if !it.plan.is_dossier && it.hold.to.is_some_and(|to| to != site) => {
                Some(last.at + HELD_MOST)
            }
            Belief::At(_) | Belief::Applicant | Belief::Archive => None,
            Belief::InBag(bag) => Some(self.overdue_in_bag(last.at, bag, map, depth)),
        }
    }

    /// Missing once its bag was opened and counted without it; else no later than the bag itself.
    fn overdue_in_bag(&self, packed: i64, bag: ThingNo, map: &Map, depth: u8) -> i64 {
        match self.things[bag].hold.openings.iter().find(|(opened, _)| *opened > packed) {
            Some((_, Some(checked))) => *checked,
            Some((opened, None)) => opened + HELD_MOST,
            None => {
                let bags = depth.checked_sub(1).and_then(|depth| self.overdue_within(bag, map, depth));
                bags.map_or(packed + IN_BAG_MOST, |bags| bags.min(packed + IN_BAG_MOST))
            }
        }
    }

    /// When and on which leg the trip began that no site has ended.
    fn trip(&self, thing: ThingNo) -> Option<(i64, (SiteNo, SiteNo))> {
        let mut trip = None;
        for told in &self.things[thing].told {
            match told.belief {
                Belief::Sent { from, to } | Belief::Taken { from, to } => trip = trip.or(Some((told.at, (from, to)))),
                Belief::Claimed(_) | Belief::StillOnRoad => {}
                Belief::At(_) | Belief::Post | Belief::InBag(_) | Belief::Applicant | Belief::Archive => trip = None,
            }
        }
        trip
    }

    /// Since when the readings agree on the place of the last.
    fn began(&self, thing: ThingNo) -> i64 {
        let told = &self.things[thing].told;
        let last = told.last().map(|told| told.belief);
        let same = told.iter().rev().take_while(|told| Some(told.belief) == last);
        same.last().map_or(0, |told| told.at)
    }

    /// The readings the product has of a thing, oldest first.
    #[must_use]
    pub fn told(&self, thing: ThingNo) -> &[Told] {
        &self.things[thing].told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::tests::small_county;

    fn told(at: i64, belief: Belief) -> Told {
        Told { at, belief }
    }

    #[test]
    fn a_dossier_is_missing_once_its_bag_was_counted_without_it() {
        let map = Map::of(&small_county()).unwrap();
        let (hub, town) = (map.hub, map.centres[0]);
        let mut truth = Truth::default();
        let bag = truth.add(Thing::new(0, Plan::default()));
        let dossier = truth.add(Thing::new(1, Plan { is_dossier: true, ..Plan::default() }));
        truth.put(bag, Place::Site(town), 10);
        truth.put(dossier, Place::Bag(bag), 20);
        truth.tell(dossier, told(20, Belief::InBag(bag)), Some(1));
        assert_eq!(truth.overdue_from(dossier, &map), Some(20 + IN_BAG_MOST));
        truth.put(bag, Place::Carrier(0), 30);
        assert!(!truth.is_read(dossier), "its bag has moved and nobody has said so");
        truth.tell(bag, told(30, Belief::Sent { from: town, to: hub }), Some(2));
        assert!(truth.is_read(dossier));
        assert_eq!(truth.overdue_from(dossier, &map), Some(30 + map.span(town, hub).most * MINUTE));
        truth.put(dossier, Place::Nowhere, 40);
        truth.tell_opened(bag, 50, false);
        assert_eq!(truth.overdue_from(dossier, &map), Some(50 + HELD_MOST));
        truth.tell_opened(bag, 60, true);
        assert_eq!(truth.overdue_from(dossier, &map), Some(60));
        assert!(!truth.is_read(dossier) && truth.whereabouts(dossier) == Place::Nowhere);
    }
}
