//! What a bag's own facts say of its outside: the seal on it, and how it was opened.
use super::event::BagFact;
use crate::history::{OrderKey, Placed};
use crate::id::{ScanId, SiteId};
use crate::time::Timestamp;

/// A bag from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// The seal put on last; it stays here when the bag is opened, to be compared.
    pub seal: Option<Seal>,
    /// Rising.
    pub openings: Vec<Opening>,
    /// Whether it was neither closed, sent nor taken since the last of them.
    stands_open: bool,
}

/// A seal that was put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    pub number: Option<String>,
    pub to: Option<SiteId>,
    pub at: Timestamp,
}

/// An opening: every stay in the bag ends here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub key: OrderKey,
    pub scan: ScanId,
    pub site: Option<SiteId>,
    /// The number found on the seal.
    pub number: Option<String>,
    /// Whether the seal was whole; `None` if nobody said.
    pub intact: Option<bool>,
    /// When the count was closed, and by which scan, if it was.
    pub checked: Option<(OrderKey, ScanId)>,
}

impl Opening {
    fn of(placed: &Placed<'_, BagFact>, number: Option<String>, intact: Option<bool>) -> Self {
        let (key, scan, site) = (placed.key, placed.event.scan, placed.event.source.at.clone());
        Self { key, scan, site, number, intact, checked: None }
    }
}

impl Outside {
    /// From the facts that count, in order of occurrence.
    #[must_use]
    pub fn of(told: &[Placed<'_, BagFact>]) -> Self {
        let mut it = Self::default();
        for placed in told {
            it.then(placed);
        }
        it
    }

    fn then(&mut self, placed: &Placed<'_, BagFact>) {
        match &placed.event.fact {
            BagFact::Sealed(sealed) => {
                self.seal = Some(Seal { number: sealed.seal_no.clone(), to: sealed.to.clone(), at: placed.key.at });
                self.stands_open = false;
            }
            BagFact::Dispatched(_) | BagFact::Collected(_) | BagFact::Posted(_) => self.stands_open = false,
            BagFact::Opened(opened) => self.open_up(Opening::of(placed, opened.seal_no.clone(), opened.intact)),
            BagFact::Checked(_) => {
                // Counted, but nobody scanned the opening: it was opened at the latest now.
                if !self.stands_open {
                    self.open_up(Opening::of(placed, None, None));
                }
                if let Some(opening) = self.openings.last_mut() {
                    opening.checked = opening.checked.or(Some((placed.key, placed.event.scan)));
                }
            }
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

    fn open_up(&mut self, opening: Opening) {
        self.openings.push(opening);
        self.stands_open = true;
    }

    /// The seal that is on it now.
    #[must_use]
    pub fn sealed(&self) -> Option<&Seal> {
        self.seal.as_ref().filter(|seal| self.openings.last().is_none_or(|opening| opening.key.at < seal.at))
    }

    /// The opening, while the bag stands open.
    #[must_use]
    pub fn open(&self) -> Option<&Opening> {
        self.openings.last().filter(|_| self.stands_open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bag::{Opened, Sealed};
    use crate::custody::payload::Sent;
    use crate::event::Event;
    use crate::history::tests::{by_site, checked, history, minute};

    fn sealed(number: &str, when: i64) -> Event<BagFact> {
        let it = Sealed { seal_no: Some(number.to_owned()), to: None };
        by_site("t1", when, BagFact::Sealed(it))
    }

    fn opened(number: &str, intact: bool, when: i64) -> Event<BagFact> {
        by_site("hub", when, BagFact::Opened(Opened { seal_no: Some(number.to_owned()), intact: Some(intact) }))
    }

    fn outside(events: impl IntoIterator<Item = Event<BagFact>>) -> Outside {
        Outside::of(&history(events).told())
    }

    #[test]
    fn a_seal_is_on_it_until_it_is_opened_and_is_remembered_after() {
        let closed = outside([sealed("A1", 10)]);
        assert_eq!(closed.sealed().and_then(|seal| seal.number.as_deref()), Some("A1"));
        assert!(closed.open().is_none());
        let open = outside([sealed("A1", 10), opened("A2", false, 20)]);
        assert!(open.sealed().is_none() && open.seal.as_ref().is_some_and(|it| it.number.as_deref() == Some("A1")));
        let opening = open.open().expect("it stands open");
        assert_eq!((opening.number.as_deref(), opening.intact, opening.checked), (Some("A2"), Some(false), None));
    }

    #[test]
    fn a_count_closes_the_opening_before_it_or_is_one() {
        let counted = outside([opened("A1", true, 20), by_site("hub", 30, checked())]);
        assert_eq!(counted.open().and_then(|it| it.checked).map(|(key, _)| key.at), Some(minute(30)));
        let unannounced = outside([sealed("A1", 10), by_site("hub", 30, checked())]);
        assert_eq!(unannounced.open().map(|it| (it.key.at, it.checked.is_some())), Some((minute(30), true)));
    }

    #[test]
    fn what_is_sent_on_is_closed_again() {
        let sent = by_site("hub", 40, BagFact::Dispatched(Sent::default()));
        assert!(outside([opened("A1", true, 20), sent]).open().is_none());
    }
}
