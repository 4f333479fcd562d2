//! Bags as containers: when each was opened and checked, what lay in what, and that nothing lies in itself.
//!
//! All of it comes from the bags' own facts. A dossier's or bag's stay is (bag, packed, ended); reuse never mixes trips.
use crate::bag::BagFact;
use crate::custody::{Move, Moves};
use crate::event::Source;
use crate::history::{History, OrderKey, Placed};
use crate::id::{ScanId, SiteId, SubjectId};
use crate::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// A bag opened: every stay in it ends here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub key: OrderKey,
    pub scan: ScanId,
    pub at: Option<SiteId>,
    /// When the count was closed, if it was.
    pub checked: Option<(OrderKey, ScanId)>,
}

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
        Self { openings: openings(&told), moves: moves.collect() }
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

fn openings(told: &[Placed<'_, BagFact>]) -> Vec<Opening> {
    let mut openings: Vec<Opening> = Vec::new();
    let mut closed = true;
    for fact in told {
        let open = |checked| Opening { key: fact.key, scan: fact.event.scan, at: site(&fact.event.source), checked };
        match &fact.event.fact {
            BagFact::Opened(_) => {
                openings.push(open(None));
                closed = false;
            }
            // Checked, but nobody scanned the opening: it was opened at the latest now.
            BagFact::Checked(_) if closed => openings.push(open(Some((fact.key, fact.event.scan)))),
            BagFact::Checked(_) => {
                if let Some(last) = openings.last_mut() {
                    last.checked = last.checked.or(Some((fact.key, fact.event.scan)));
                }
            }
            BagFact::Sealed(_) | BagFact::Dispatched(_) | BagFact::Collected(_) | BagFact::Posted(_) => closed = true,
            BagFact::Registered(_)
            | BagFact::Packed(_)
            | BagFact::Unpacked(_)
            | BagFact::Received(_)
            | BagFact::Sighted(_)
            | BagFact::LookedUp(_)
            | BagFact::Refused(_)
            | BagFact::Missing(_)
            | BagFact::Found(_)
            | BagFact::Damaged(_)
            | BagFact::Relabelled(_)
            | BagFact::MailDelivered(_)
            | BagFact::Annulled(_)
            | BagFact::Remark(_) => {}
        }
    }
    openings
}

fn site(source: &Source) -> Option<SiteId> {
    source.at.clone()
}

/// The containers a fold needs: every bag the thing was in, and theirs.
#[derive(Clone, Debug, Default)]
pub struct Bags(HashMap<SubjectId, Container>);

impl Bags {
    /// Adds a bag.
    pub fn insert(&mut self, bag: SubjectId, container: Container) {
        self.0.insert(bag, container);
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
