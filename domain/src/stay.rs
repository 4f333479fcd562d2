//! Bags as containers: when each was opened and checked, what lay in what, and that nothing lies in itself.
//!
//! All of it comes from the bags' own facts. A dossier's or bag's stay is (bag, packed, ended); reuse never mixes trips.
use crate::bag::{BagFact, Opening, Outside};
use crate::custody::{Move, Moves};
use crate::history::{History, OrderKey};
use crate::id::SubjectId;
use crate::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// What a bag did as a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Rising.
    pub openings: Vec<Opening>,
    /// Its own movements, rising: `Some` where it went into another bag.
    moves: Vec<(OrderKey, Option<SubjectId>)>,
}

impl Container {
    /// From the facts that count.
    #[must_use]
    pub fn of(history: &History<BagFact>) -> Self {
        let told = history.told();
        let moves = told.iter().filter_map(|fact| {
            let movement = fact.event.fact.movement(&fact.event.source)?;
            Some((fact.key, if let Move::Into(bag) = movement { Some(bag) } else { None }))
        });
        Self { moves: moves.collect(), openings: Outside::of(&told).openings }
    }

    /// From when on this differs from another account of the same bag in what matters to its members: openings, counts,
    /// and the bags around it. `None` if it does not.
    #[must_use]
    pub fn first_change(&self, other: &Self) -> Option<Timestamp> {
        let matters = |it: &Self| -> BTreeSet<(OrderKey, Option<SubjectId>, u8)> {
            let openings = it.openings.iter().map(|opening| (opening.key, None, 0));
            let counts = it.openings.iter().filter_map(|opening| Some((opening.checked?.0, None, 1)));
            let nested = it.moves.windows(2).filter(|pair| pair[0].1.is_some()).map(|pair| (pair[1].0, None, 2));
            let around = it.moves.iter().filter(|(_, into)| into.is_some()).map(|&(key, into)| (key, into, 3));
            openings.chain(counts).chain(nested).chain(around).collect()
        };
        let (mine, theirs) = (matters(self), matters(other));
        mine.symmetric_difference(&theirs).map(|(key, _, _)| key.at).min()
    }

    /// The first opening after `packed` and not after `until`.
    #[must_use]
    pub fn opened_within(&self, packed: OrderKey, until: Option<OrderKey>) -> Option<&Opening> {
        let first = self.openings.partition_point(|opening| opening.key <= packed);
        self.openings.get(first).filter(|opening| until.is_none_or(|until| opening.key < until))
    }
}

/// The containers a fold needs: every bag the thing was in, and theirs.
#[derive(Clone, Debug, Default)]
pub struct Bags(HashMap<SubjectId, Container>);

impl Bags {
    /// Adds a bag.
    pub fn insert(&mut self, bag: SubjectId, container: Container) {
        self.0.insert(bag, container);
    }

    /// Whether a bag is here.
    #[must_use]
    pub fn contains(&self, bag: SubjectId) -> bool {
        self.0.contains_key(&bag)
    }

    /// A bag's container; `None` if its stream was not loaded or is empty.
    #[must_use]
    pub fn get(&self, bag: SubjectId) -> Option<&Container> {
        self.0.get(&bag)
    }

    /// Whether packing `thing` into `bag` at `when` would put it into itself.
    #[must_use]
    pub fn closes_ring(&self, thing: SubjectId, bag: SubjectId, when: OrderKey) -> bool {
        let mut outer = Some(bag);
        while let Some(around) = outer {
            if around == thing {
                return true;
            }
            outer = self.around(around, when);
        }
        false
    }

    /// The bag that a bag lies in just before `when`. Looks strictly back in time, so it ends.
    #[must_use]
    pub fn around(&self, bag: SubjectId, when: OrderKey) -> Option<SubjectId> {
        self.around_until(bag, Some(when))
    }

    fn around_until(&self, bag: SubjectId, until: Option<OrderKey>) -> Option<SubjectId> {
        let moves = &self.0.get(&bag)?.moves;
        let before = until.map_or(moves.len(), |when| moves.partition_point(|(key, _)| *key < when));
        let (packed, into) = *moves.get(before.checked_sub(1)?)?;
        let into = into?;
        let ended = self.0.get(&into).is_some_and(|outer| outer.opened_within(packed, until).is_some());
        (!ended && !self.closes_ring(bag, into, packed)).then_some(into)
    }

    /// The outermost bag around (and with) `bag`, by all that is known.
    #[must_use]
    pub fn outermost(&self, bag: SubjectId) -> SubjectId {
        let mut at = bag;
        while let Some(around) = self.around_until(at, None) {
            at = around;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bag::Sealed;
    use crate::custody::payload::{Read, Sent};
    use crate::event::Event;
    use crate::history::tests::{self, bags, by_site, history, into, minute, scan, thing};
    use crate::id::ScanId;

    fn opened(site: &str, when: i64) -> Event<BagFact> {
        by_site(site, when, tests::opened())
    }

    fn checked(when: i64) -> Event<BagFact> {
        by_site("hub", when, tests::checked())
    }

    fn packed(bag: u128, when: i64) -> Event<BagFact> {
        by_site("t1", when, BagFact::Packed(into(bag)))
    }

    fn sighted(when: i64) -> Event<BagFact> {
        by_site("t1", when, BagFact::Sighted(Read::default()))
    }

    fn container(events: impl IntoIterator<Item = Event<BagFact>>) -> Container {
        Container::of(&history(events))
    }

    /// The key of what happened in a minute at t1.
    fn key(when: i64) -> OrderKey {
        history([sighted(when)]).told()[0].key
    }

    fn scans(container: &Container) -> Vec<(ScanId, Option<ScanId>)> {
        container.openings.iter().map(|opening| (opening.scan, opening.checked.map(|(_, scan)| scan))).collect()
    }

    #[test]
    fn a_count_belongs_to_the_opening_before_it() {
        let trips = [opened("hub", 10), checked(20), opened("d1", 30), checked(40), checked(50)];
        assert_eq!(scans(&container(trips)), [(scan(10), Some(scan(20))), (scan(30), Some(scan(40)))]);
    }

    #[test]
    fn a_count_of_a_bag_closed_since_its_last_opening_is_an_opening_too() {
        let closings = [
            BagFact::Sealed(Sealed::default()),
            BagFact::Dispatched(Sent::default()),
            BagFact::Collected(Read::default()),
        ];
        for closing in closings {
            let trips = [opened("hub", 10), by_site("hub", 20, closing), checked(30)];
            assert_eq!(scans(&container(trips)), [(scan(10), None), (scan(30), Some(scan(30)))]);
        }
        let counted_twice = [checked(30), checked(40)];
        assert_eq!(scans(&container(counted_twice)), [(scan(30), Some(scan(30)))], "it stood open already");
    }

    #[test]
    fn the_opening_that_ends_a_stay_is_the_first_after_the_packing_and_before_the_next_reading() {
        let bag = container([opened("t1", 10), opened("hub", 30), opened("d1", 50)]);
        let at =
            |packed, until: Option<i64>| bag.opened_within(key(packed), until.map(key)).map(|opening| opening.key.at);
        assert_eq!(at(20, None), Some(minute(30)));
        assert_eq!(at(20, Some(40)), Some(minute(30)));
        assert_eq!(at(20, Some(25)), None);
        assert_eq!(at(60, None), None);
    }

    #[test]
    fn nothing_lies_in_itself() {
        let bags = bags([(1, vec![packed(2, 10)]), (2, vec![packed(3, 20)]), (3, vec![packed(1, 30)])]);
        assert!(bags.closes_ring(thing(1), thing(1), key(40)));
        assert!(bags.closes_ring(thing(3), thing(1), key(40)));
        assert!(!bags.closes_ring(thing(3), thing(1), key(15)), "by then only 1 lay in 2");
        assert!(!bags.closes_ring(thing(4), thing(1), key(40)));
        assert_eq!(bags.outermost(thing(1)), thing(3), "the packing that would have closed the ring does not count");
    }

    #[test]
    fn a_ring_that_was_opened_in_between_is_none() {
        let bags = bags([(1, vec![packed(2, 10)]), (2, vec![opened("hub", 20), packed(1, 30)])]);
        assert!(!bags.closes_ring(thing(2), thing(1), key(30)));
        assert_eq!(bags.outermost(thing(2)), thing(1));
        assert_eq!(bags.outermost(thing(1)), thing(1));
    }

    #[test]
    fn the_outermost_bag_holds_until_something_ends_a_stay() {
        let closed = bags([(1, vec![packed(2, 10)]), (2, vec![packed(3, 20)]), (3, vec![sighted(5)])]);
        assert_eq!(closed.outermost(thing(1)), thing(3));
        assert_eq!(closed.around(thing(1), key(10)), None);
        assert_eq!(closed.around(thing(1), key(11)), Some(thing(2)));
        let read = bags([(1, vec![packed(2, 10)]), (2, vec![packed(3, 20), sighted(30)])]);
        assert_eq!(read.outermost(thing(1)), thing(2));
        let unloaded = bags([(1, vec![packed(7, 10)])]);
        assert_eq!(unloaded.outermost(thing(1)), thing(7));
    }

    #[test]
    fn a_change_matters_from_the_earliest_opening_count_or_outer_bag_that_differs() {
        let before = container([opened("hub", 30)]);
        let change = |events: Vec<Event<BagFact>>| container(events).first_change(&before);
        assert_eq!(change(vec![opened("hub", 30)]), None);
        assert_eq!(
            change(vec![opened("hub", 30), sighted(40)]),
            None,
            "where the bag is moves none of its members' rows"
        );
        assert_eq!(change(vec![opened("hub", 30), opened("t1", 10)]), Some(minute(10)));
        assert_eq!(change(vec![opened("hub", 30), checked(40)]), Some(minute(40)));
        assert_eq!(change(vec![opened("hub", 30), packed(2, 50)]), Some(minute(50)));
        assert_eq!(change(vec![]), Some(minute(30)), "an opening that was voided");
    }
}
