//! The rule table: what one scan means, read from what is known, without a menu. Data first: the rows are printed into
//! `docs/events.md` and handed to the handheld, which reads the same rows. First row that fits wins.
//!
//! A row never names a decision: handing out, closing and correcting others are commands.
//! To add a row: put it where it must win, give it an id, add a line to the test below and run the document test.
use crate::custody::{Holder, Moves, Step, own_steps};
use crate::dossier::{DossierFact, Plan};
use crate::event::{Role, Source};
use crate::history::Placed;
use crate::id::{PersonId, SiteId};
use crate::network::Networks;
use crate::scan::{Action, Mode};
use crate::time::Timestamp;
use serde::Serialize;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    Dossier,
    Bag,
}

/// Who reads: a site's own device, or a courier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    Site,
    Department,
    /// A courier at a stop: from its site label until another, "drive on", or [`STOP_MINUTES`].
    CourierAtStop,
    CourierOnRoad,
}

/// Where the thing was, by its own readings, when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    /// At the reader's site.
    Here,
    /// Carried by the reader.
    WithReader,
    /// Anywhere else: another site, on the road, in a bag, never read.
    Elsewhere,
}

/// How long a courier counts as standing at the stop whose label was read.
pub const STOP_MINUTES: u32 = 60;
/// A second read of one thing at one stop, in one mode, within this time changes nothing.
pub const REPEAT_MS: i64 = 60_000;

/// What is known when a scan is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Situation {
    pub thing: Thing,
    pub mode: Mode,
    pub reader: Reader,
    pub whereabouts: Whereabouts,
    /// The same installation read it here, in this mode, within [`REPEAT_MS`].
    pub repeated: bool,
    /// A bag is open on the device.
    pub bag_open: bool,
    /// Leaving here now is its way home.
    pub homeward: bool,
    /// This is where it is to be collected.
    pub pickup_site: bool,
}

/// One row. An empty list, or `None`, fits everything.
#[derive(Debug, Serialize)]
pub struct Row {
    pub id: &'static str,
    pub things: &'static [Thing],
    pub modes: &'static [Mode],
    pub readers: &'static [Reader],
    pub whereabouts: &'static [Whereabouts],
    pub repeated: Option<bool>,
    pub bag_open: Option<bool>,
    pub homeward: Option<bool>,
    pub pickup_site: Option<bool>,
    pub action: Action,
    /// What it means, for the document.
    pub says: &'static str,
}

const ANY: Row = Row {
    id: "",
    things: &[],
    modes: &[],
    readers: &[],
    whereabouts: &[],
    repeated: None,
    bag_open: None,
    homeward: None,
    pickup_site: None,
    action: Action::Sighted,
    says: "",
};

const AT_SITE: &[Reader] = &[Reader::Site, Reader::Department];
const COURIER: &[Reader] = &[Reader::CourierAtStop, Reader::CourierOnRoad];

/// The table. The last row of each reader fits whatever is left, so every situation has a meaning.
pub const TABLE: &[Row] = &[
    Row { id: "look", modes: &[Mode::Look], action: Action::LookedUp, says: "Look-up moves nothing.", ..ANY },
    Row {
        id: "repeat",
        repeated: Some(true),
        action: Action::LookedUp,
        says: "A second read at the same stop in the same mode within 60 s changes nothing.",
        ..ANY
    },
    Row {
        id: "pack",
        modes: &[Mode::Pack],
        bag_open: Some(true),
        action: Action::Packed,
        says: "Into the bag that is open on this device.",
        ..ANY
    },
    Row {
        id: "open",
        things: &[Thing::Bag],
        modes: &[Mode::Check],
        readers: AT_SITE,
        bag_open: Some(false),
        action: Action::Opened,
        says: "Checking begins with the bag: it is opened.",
        ..ANY
    },
    Row {
        id: "return",
        things: &[Thing::Dossier],
        modes: &[Mode::Send],
        readers: &[Reader::Department],
        homeward: Some(true),
        action: Action::Returned,
        says: "The department lets go of it, homeward.",
        ..ANY
    },
    Row {
        id: "send",
        modes: &[Mode::Send],
        readers: AT_SITE,
        action: Action::Dispatched,
        says: "It leaves this site.",
        ..ANY
    },
    Row {
        id: "shelve",
        things: &[Thing::Dossier],
        modes: &[Mode::Shelve],
        readers: AT_SITE,
        pickup_site: Some(true),
        action: Action::Shelved,
        says: "On the shelf of the place it is collected from: ready for pickup.",
        ..ANY
    },
    Row {
        id: "here",
        readers: AT_SITE,
        whereabouts: &[Whereabouts::Here],
        action: Action::Sighted,
        says: "Still here.",
        ..ANY
    },
    Row {
        id: "department",
        things: &[Thing::Dossier],
        readers: &[Reader::Department],
        action: Action::AtDepartment,
        says: "Arrived at a department.",
        ..ANY
    },
    Row { id: "receive", readers: AT_SITE, action: Action::Received, says: "Arrived at this site.", ..ANY },
    Row {
        id: "hand-over",
        readers: &[Reader::CourierAtStop],
        whereabouts: &[Whereabouts::WithReader],
        action: Action::Received,
        says: "Handed over at this stop, one-sided until the site reads it.",
        ..ANY
    },
    Row {
        id: "carry",
        readers: &[Reader::CourierOnRoad],
        whereabouts: &[Whereabouts::WithReader],
        action: Action::Sighted,
        says: "Still carried.",
        ..ANY
    },
    Row { id: "collect", readers: COURIER, action: Action::Collected, says: "The courier takes it.", ..ANY },
];

impl Row {
    /// Whether this row speaks of that situation.
    #[must_use]
    pub fn fits(&self, now: &Situation) -> bool {
        fn among<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        among(self.things, &now.thing)
            && among(self.modes, &now.mode)
            && among(self.readers, &now.reader)
            && among(self.whereabouts, &now.whereabouts)
            && self.repeated.is_none_or(|it| it == now.repeated)
            && self.bag_open.is_none_or(|it| it == now.bag_open)
            && self.homeward.is_none_or(|it| it == now.homeward)
            && self.pickup_site.is_none_or(|it| it == now.pickup_site)
    }
}

/// The row that a situation reads.
#[must_use]
pub fn row(now: &Situation) -> &'static Row {
    TABLE.iter().find(|row| row.fits(now)).unwrap_or(&TABLE[TABLE.len() - 1])
}

impl Reader {
    /// Who reads with this source.
    #[must_use]
    pub fn of(source: &Source, networks: &Networks, when: Timestamp) -> Self {
        match (source.role, &source.at) {
            (Role::Courier, Some(_)) => Self::CourierAtStop,
            (Role::Courier, None) => Self::CourierOnRoad,
            (Role::Site | Role::Desk, Some(at)) if networks.at(when).is_department(networks.resolve(at)) => {
                Self::Department
            }
            (Role::Site | Role::Desk, _) => Self::Site,
        }
    }

    /// Whether this is a courier's device.
    #[must_use]
    pub fn is_courier(self) -> bool {
        matches!(self, Self::CourierAtStop | Self::CourierOnRoad)
    }
}

impl Whereabouts {
    /// As seen by a reader at `here`, or by a courier.
    #[must_use]
    pub fn of(last: Option<&Step>, reader: Reader, here: Option<&SiteId>, by: &PersonId) -> Self {
        match last.map(|step| &step.holder) {
            Some(Holder::Site { site }) if !reader.is_courier() && Some(site) == here => Self::Here,
            Some(Holder::Courier { courier, .. }) if reader.is_courier() && courier == by => Self::WithReader,
            _ => Self::Elsewhere,
        }
    }
}

/// What there is to know about a thing at the moment a scan of it is read.
pub struct Known<'a, F> {
    /// Its facts before that moment.
    pub before: &'a [Placed<'a, F>],
    /// Its last step before.
    pub last: Option<&'a Step>,
    pub networks: &'a Networks,
    pub when: Timestamp,
}

impl<F: Moves> Known<'_, F> {
    /// The situation in which `source` reads a thing; its plan is added for a dossier.
    #[must_use]
    pub fn situation(&self, thing: Thing, source: &Source, plan: Option<&Plan<'_>>) -> Situation {
        let reader = Reader::of(source, self.networks, self.when);
        let here = source.at.as_ref().map(|at| self.networks.resolve(at));
        let installation = |source: &Source| source.stamp.as_ref().map(|stamp| stamp.installation);
        let repeated = self.before.last().is_some_and(|fact| {
            let before = &fact.event.source;
            before.stamp.is_some()
                && installation(before) == installation(source)
                && (&before.at, before.mode) == (&source.at, source.mode)
                && repeats(fact.key.at, self.when)
        });
        Situation {
            thing,
            mode: source.mode.unwrap_or_default(),
            reader,
            whereabouts: Whereabouts::of(self.last, reader, here, &source.by),
            repeated,
            bag_open: source.bag.is_some(),
            homeward: plan.zip(here).is_some_and(|(plan, here)| plan.leaves_homeward(here)),
            pickup_site: plan.zip(here).is_some_and(|(plan, here)| plan.registered.home == *here),
        }
    }
}

/// What a dossier's scan means that came without an action, by the facts known when it arrived.
#[must_use]
pub fn read_dossier(told: &[Placed<'_, DossierFact>], source: &Source, when: Timestamp, networks: &Networks) -> Action {
    let before = &told[..told.partition_point(|fact| fact.key.at <= when)];
    let steps = own_steps(before);
    let known = Known { before, last: steps.last(), networks, when };
    row(&known.situation(Thing::Dossier, source, Plan::of(told, networks).as_ref())).action
}

/// As [`read_dossier`], for a bag.
#[must_use]
pub fn read_bag<F: Moves>(told: &[Placed<'_, F>], source: &Source, when: Timestamp, networks: &Networks) -> Action {
    let before = &told[..told.partition_point(|fact| fact.key.at <= when)];
    let steps = own_steps(before);
    let known = Known { before, last: steps.last(), networks, when };
    row(&known.situation(Thing::Bag, source, None)).action
}

/// Whether a read at `now` repeats one at `before`.
#[must_use]
pub fn repeats(before: Timestamp, now: Timestamp) -> bool {
    (0..=REPEAT_MS).contains(&now.since(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mode::{Check, Look, Pack, Receive, Send, Shelve, Sort, Stocktake};
    use Reader::{CourierAtStop, CourierOnRoad, Department, Site};
    use Whereabouts::{Elsewhere, Here, WithReader};

    fn now(thing: Thing, mode: Mode, reader: Reader, whereabouts: Whereabouts) -> Situation {
        let (repeated, bag_open, homeward, pickup_site) = (false, false, false, false);
        Situation { thing, mode, reader, whereabouts, repeated, bag_open, homeward, pickup_site }
    }

    /// One line for each row: a situation that reads it.
    fn examples() -> Vec<(&'static str, Situation)> {
        use Thing::{Bag, Dossier};
        vec![
            ("look", now(Dossier, Look, Site, Elsewhere)),
            ("repeat", Situation { repeated: true, ..now(Dossier, Send, Site, Here) }),
            ("pack", Situation { bag_open: true, ..now(Dossier, Pack, Site, Here) }),
            ("open", now(Bag, Check, Site, Elsewhere)),
            ("return", Situation { homeward: true, ..now(Dossier, Send, Department, Here) }),
            ("send", now(Dossier, Send, Site, Here)),
            ("shelve", Situation { pickup_site: true, ..now(Dossier, Shelve, Site, Here) }),
            ("here", now(Dossier, Stocktake, Site, Here)),
            ("department", now(Dossier, Receive, Department, Elsewhere)),
            ("receive", now(Dossier, Sort, Site, Elsewhere)),
            ("hand-over", now(Bag, Receive, CourierAtStop, WithReader)),
            ("carry", now(Bag, Receive, CourierOnRoad, WithReader)),
            ("collect", now(Dossier, Receive, CourierAtStop, Elsewhere)),
        ]
    }

    #[test]
    fn every_row_is_read_by_its_example() {
        let read: Vec<_> = examples().iter().map(|(_, situation)| row(situation).id).collect();
        let named: Vec<_> = examples().iter().map(|(id, _)| *id).collect();
        assert_eq!(read, named);
        assert_eq!(named, TABLE.iter().map(|row| row.id).collect::<Vec<_>>());
    }

    #[test]
    fn every_situation_has_a_meaning() {
        for thing in [Thing::Dossier, Thing::Bag] {
            for mode in [Look, Receive, Send, Pack, Check, Sort, Shelve, Stocktake] {
                for reader in [Site, Department, CourierAtStop, CourierOnRoad] {
                    for whereabouts in [Here, WithReader, Elsewhere] {
                        let situation = now(thing, mode, reader, whereabouts);
                        assert!(TABLE.iter().any(|row| row.fits(&situation)), "{situation:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn bags_are_never_returned_nor_shelved() {
        for mode in [Send, Shelve] {
            let bag = Situation { homeward: true, pickup_site: true, ..now(Thing::Bag, mode, Department, Here) };
            assert!(!matches!(row(&bag).action, Action::Returned | Action::Shelved));
        }
    }
}
