//! What a bag's own facts say of its outside: the seal on it, and how it was opened last.
use super::event::BagFact;
use crate::history::Placed;
use crate::id::SiteId;
use crate::time::Timestamp;

/// A bag from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// The seal put on last; it stays here when the bag is opened, to be compared.
    pub seal: Option<Seal>,
    /// The last opening.
    pub opening: Option<Unsealed>,
    /// Whether it was closed, sent or taken since that opening.
    pub closed: bool,
}

/// A seal that was put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    pub number: Option<String>,
    pub to: Option<SiteId>,
    pub at: Timestamp,
}

/// An opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsealed {
    pub at: Timestamp,
    pub site: Option<SiteId>,
    /// The number found on the seal.
    pub number: Option<String>,
    /// Whether the seal was whole; `None` if nobody said.
    pub intact: Option<bool>,
    /// When the count was closed.
    pub checked: Option<Timestamp>,
}

impl Outside {
    /// From the facts that count, in order of occurrence.
    #[must_use]
    pub fn of(told: &[Placed<'_, BagFact>]) -> Self {
        let mut it = Self { closed: true, ..Self::default() };
        for placed in told {
            it.then(placed);
        }
        it
    }

    fn then(&mut self, placed: &Placed<'_, BagFact>) {
        let (at, site) = (placed.key.at, placed.event.source.at.clone());
        let unsealed = |number: Option<String>, intact| Unsealed { at, site, number, intact, checked: None };
        match &placed.event.fact {
            BagFact::Sealed(sealed) => {
                self.seal = Some(Seal { number: sealed.seal_no.clone(), to: sealed.to.clone(), at });
                self.closed = true;
            }
            BagFact::Dispatched(_) | BagFact::Collected(_) | BagFact::Posted(_) => self.closed = true,
            BagFact::Opened(opened) => {
                self.opening = Some(unsealed(opened.seal_no.clone(), opened.intact));
                self.closed = false;
            }
            // Counted, but nobody scanned the opening: it was opened at the latest now.
            BagFact::Checked(_) => {
                if self.closed {
                    self.opening = Some(unsealed(None, None));
                    self.closed = false;
                }
                if let Some(opening) = &mut self.opening {
                    opening.checked = opening.checked.or(Some(at));
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

    /// The seal that is on it now.
    #[must_use]
    pub fn sealed(&self) -> Option<&Seal> {
        self.seal.as_ref().filter(|seal| self.opening.as_ref().is_none_or(|opening| opening.at < seal.at))
    }

    /// The opening, while the bag stands open.
    #[must_use]
    pub fn open(&self) -> Option<&Unsealed> {
        self.opening.as_ref().filter(|_| !self.closed)
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
        assert_eq!(counted.open().and_then(|it| it.checked), Some(minute(30)));
        let unannounced = outside([sealed("A1", 10), by_site("hub", 30, checked())]);
        assert_eq!(unannounced.open().map(|it| (it.at, it.checked)), Some((minute(30), Some(minute(30)))));
    }

    #[test]
    fn what_is_sent_on_is_closed_again() {
        let sent = by_site("hub", 40, BagFact::Dispatched(Sent::default()));
        assert!(outside([opened("A1", true, 20), sent]).open().is_none());
    }
}
