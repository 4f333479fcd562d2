//! The state of every aggregate: its facts, sorted by when they happened. Applying one only inserts and never fails;
//! the meaning is folded from the sorted facts when asked, so the order of arrival cannot matter.
use crate::event::{Event, Fact, Remark};
use crate::id::{InstallationId, ScanId};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The order of history: when, then which installation, then its count; the scan id makes the order total. Commands have
/// no installation: at the same instant they come after the scans they were decided on, in the order they were decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// When it happened, after the running maximum over its installation's sequence.
    pub at: Timestamp,
    command: bool,
    installation: Option<InstallationId>,
    seq: u64,
    scan: ScanId,
}

/// A fact with its place in history.
#[derive(Debug)]
pub struct Placed<'a, F> {
    pub key: OrderKey,
    pub event: &'a Event<F>,
}

impl<F> Clone for Placed<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F> Copy for Placed<'_, F> {}

/// All facts of a stream, in order of arrival; told in order of occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<F> {
    facts: Vec<Event<F>>,
}

impl<F> Default for History<F> {
    fn default() -> Self {
        Self { facts: Vec::new() }
    }
}

impl<F: Fact> History<F> {
    /// Adds a fact. Total: whatever was stored can be applied.
    pub fn insert(&mut self, event: Event<F>) {
        self.facts.push(event);
    }

    /// How many facts, the hidden ones too: the version of the stream.
    #[must_use]
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether nothing ever happened here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Every fact in order of arrival, the voided ones too.
    pub fn arrived(&self) -> impl Iterator<Item = &Event<F>> {
        self.facts.iter()
    }

    /// The facts that count, in order of occurrence.
    #[must_use]
    pub fn told(&self) -> Vec<Placed<'_, F>> {
        let hidden = self.hidden();
        let mut told = self.placed();
        told.retain(|fact| !hidden.contains(&fact.event.scan));
        told
    }

    /// Every fact in order of occurrence, the voided ones too.
    #[must_use]
    pub fn placed(&self) -> Vec<Placed<'_, F>> {
        let mut latest: BTreeMap<InstallationId, Timestamp> = BTreeMap::new();
        let mut by_sequence: Vec<(u64, &Event<F>)> = (0..).zip(&self.facts).collect();
        by_sequence.sort_by_key(|(_, event)| event.source.stamp.as_ref().map(|s| (s.installation, s.seq)));
        let mut placed: Vec<_> = by_sequence
            .into_iter()
            .map(|(arrival, event)| {
                let stamp = event.source.stamp.as_ref();
                let at = match stamp {
                    Some(stamp) => {
                        let max = latest.entry(stamp.installation).or_insert(event.occurred_at);
                        *max = (*max).max(event.occurred_at);
                        *max
                    }
                    None => event.occurred_at,
                };
                let installation = stamp.map(|s| s.installation);
                let seq = stamp.map_or(arrival, |s| s.seq);
                let key = OrderKey { at, command: stamp.is_none(), installation, seq, scan: event.scan };
                Placed { key, event }
            })
            .collect();
        placed.sort_by_key(|fact| fact.key);
        placed
    }

    /// The scans that do not count: voided, or quarantined and not admitted.
    #[must_use]
    pub fn hidden(&self) -> BTreeSet<ScanId> {
        let mut hidden = BTreeSet::new();
        let mut admitted = BTreeSet::new();
        for event in &self.facts {
            match event.fact.remark() {
                Some(Remark::Voided(void)) if void.by_decision || self.is_own(event, void.scan) => {
                    hidden.insert(void.scan);
                }
                Some(Remark::Admitted(remark)) => {
                    admitted.insert(remark.scan);
                }
                Some(Remark::Voided(_) | Remark::Assigned(_) | Remark::Explained(_) | Remark::Resolved(_)) | None => {}
            }
        }
        let quarantined = self.facts.iter().filter(|event| event.source.quarantined).map(|event| event.scan);
        hidden.extend(quarantined.filter(|scan| !admitted.contains(scan)));
        hidden
    }

    fn is_own(&self, void: &Event<F>, scan: ScanId) -> bool {
        let installation = |event: &Event<F>| event.source.stamp.as_ref().map(|s| s.installation);
        self.facts.iter().any(|event| event.scan == scan && installation(event) == installation(void))
    }

    /// The fact a scan made here, if it did.
    #[must_use]
    pub fn find(&self, scan: ScanId) -> Option<&Event<F>> {
        self.facts.iter().find(|event| event.scan == scan)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bag::{BagChecked, BagFact, Opened};
    use crate::custody::payload::{InBag, Read};
    use crate::dossier::{Dossier, DossierFact, DossierKind, Registered};
    use crate::event::{Admitted, Role, Source, Voided};
    use crate::id::{PersonId, SubjectId};
    use crate::network::tests::site_id;
    use crate::scan::{DeviceStamp, Mode};
    use crate::stay::{Bags, Container};
    use esrs::Aggregate;
    use uuid::Uuid;

    /// A minute of the days the tests live in; each event is named by its minute.
    pub(crate) fn minute(minute: i64) -> Timestamp {
        Timestamp(1_767_571_200_000).plus(minute * 60_000)
    }

    /// The scan of a minute.
    pub(crate) fn scan(minute: i64) -> ScanId {
        ScanId(Uuid::from_u128(minute.unsigned_abs().into()))
    }

    pub(crate) fn thing(number: u128) -> SubjectId {
        SubjectId(Uuid::from_u128(number << 64))
    }

    pub(crate) fn person(name: &str) -> PersonId {
        name.parse().expect("a person's id")
    }

    /// Numbers of bags.
    pub(crate) const INNER: u128 = 8;
    pub(crate) const OUTER: u128 = 9;

    pub(crate) fn read() -> Read {
        Read::default()
    }

    pub(crate) fn into(bag: u128) -> InBag {
        InBag { bag: thing(bag) }
    }

    pub(crate) fn opened() -> BagFact {
        BagFact::Opened(Opened::default())
    }

    pub(crate) fn checked() -> BagFact {
        BagFact::Checked(BagChecked::default())
    }

    /// Bags by number, with what happened to each.
    pub(crate) fn bags<const N: usize>(facts: [(u128, Vec<Event<BagFact>>); N]) -> Bags {
        let mut bags = Bags::default();
        facts.into_iter().for_each(|(bag, events)| bags.insert(thing(bag), Container::of(&history(events))));
        bags
    }

    fn event<F>(role: Role, by: &str, at: Option<&str>, when: i64, fact: F) -> Event<F> {
        let installation = by.bytes().fold(1_u128, |sum, byte| sum * 31 + u128::from(byte));
        let stamp = DeviceStamp {
            device: by.parse().expect("a device's id"),
            installation: InstallationId(Uuid::from_u128(installation)),
            seq: when.unsigned_abs(),
            wall_ms: minute(when),
            mono_ms: when,
        };
        let source = Source {
            by: person(by),
            role,
            at: at.map(site_id),
            stamp: (role != Role::Desk).then_some(stamp),
            skew_ms: 0,
            mode: (role != Role::Desk).then_some(Mode::Receive),
            action_by: None,
            bag: None,
            code: None,
            flags: Vec::new(),
            quarantined: false,
        };
        Event { scan: scan(when), occurred_at: minute(when), recorded_at: minute(when), source, fact }
    }

    /// Read by a site's own device.
    pub(crate) fn by_site<F>(site: &str, when: i64, fact: F) -> Event<F> {
        event(Role::Site, &format!("clerk-{site}"), Some(site), when, fact)
    }

    /// Read by a courier, at a stop or on the road.
    pub(crate) fn by_courier<F>(courier: &str, stop: Option<&str>, when: i64, fact: F) -> Event<F> {
        event(Role::Courier, courier, stop, when, fact)
    }

    /// Commanded at a desk.
    pub(crate) fn at_desk<F>(site: &str, when: i64, fact: F) -> Event<F> {
        event(Role::Desk, &format!("clerk-{site}"), Some(site), when, fact)
    }

    pub(crate) fn history<F: Fact>(events: impl IntoIterator<Item = Event<F>>) -> History<F> {
        let mut history = History::default();
        events.into_iter().for_each(|event| history.insert(event));
        history
    }

    /// Bound for department d1, to be collected at t1.
    pub(crate) fn registration() -> Registered {
        Registered {
            dossier_no: "441424-20260105-00001".to_owned(),
            kind: DossierKind::Application,
            case: None,
            item: None,
            destination: Some(site_id("d1")),
            home: site_id("t1"),
            pieces: Vec::new(),
        }
    }

    pub(crate) fn registered(when: i64) -> Event<DossierFact> {
        at_desk("t1", when, DossierFact::Registered(registration()))
    }

    pub(crate) struct Given<A: Aggregate>(A::State);
    pub(crate) struct Then<A: Aggregate>(Result<Vec<A::Event>, A::Error>);

    pub(crate) fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
        Given(events.into_iter().fold(A::State::default(), A::apply_event))
    }

    impl<A: Aggregate> Given<A> {
        pub(crate) fn when(&self, command: A::Command) -> Then<A> {
            Then(A::handle_command(&self.0, command))
        }
    }

    impl<A: Aggregate> Then<A> {
        pub(crate) fn refused(self, refusal: &A::Error)
        where
            A::Error: PartialEq + std::fmt::Debug,
        {
            assert_eq!(self.0.err().as_ref(), Some(refusal));
        }

        pub(crate) fn happens<F: Fact>(self, name: &str)
        where
            A: Aggregate<Event = Event<F>>,
        {
            let events = self.0.expect("granted");
            assert_eq!(events.iter().map(|event| event.fact.name()).collect::<Vec<_>>(), [name]);
        }
    }

    fn sighted(site: &str, when: i64) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Sighted(Read::default()))
    }

    /// The remark `scan_voided` of an event's own device, or of another's.
    fn void(site: &str, when: i64, hides: i64, by_decision: bool) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Remark(Remark::Voided(Voided { scan: scan(hides), by_decision })))
    }

    fn scans_told(history: &History<DossierFact>) -> Vec<ScanId> {
        history.told().iter().map(|placed| placed.event.scan).collect()
    }

    #[test]
    fn facts_are_told_in_order_of_occurrence_whatever_the_order_of_arrival() {
        let late = history([sighted("hub", 30), sighted("t1", 10), registered(20)]);
        assert_eq!(scans_told(&late), [scan(10), scan(20), scan(30)]);
        assert_eq!(late.arrived().map(|event| event.scan).collect::<Vec<_>>(), [scan(30), scan(10), scan(20)]);
    }

    #[test]
    fn facts_of_one_instant_are_told_by_installation_and_then_commands_as_they_were_decided() {
        let same = |mut event: Event<DossierFact>| {
            event.occurred_at = minute(10);
            event
        };
        let recalled = at_desk("t1", 7, DossierFact::Recalled(Default::default()));
        let first =
            history([same(registered(13)), same(sighted("hub", 11)), same(sighted("t1", 12)), same(recalled.clone())]);
        let second = history([same(sighted("t1", 12)), same(registered(13)), same(recalled), same(sighted("hub", 11))]);
        assert_eq!(scans_told(&first), scans_told(&second));
        assert_eq!(scans_told(&first)[2..], [scan(13), scan(7)]);
    }

    #[test]
    fn scans_of_one_installation_keep_their_sequence_when_its_clock_steps_back() {
        let mut stepped_back = sighted("t1", 20);
        stepped_back.occurred_at = minute(5);
        let history = history([stepped_back, sighted("t1", 10), sighted("t1", 30)]);
        let times: Vec<_> = history.told().iter().map(|placed| (placed.event.scan, placed.key.at)).collect();
        assert_eq!(times, [(scan(10), minute(10)), (scan(20), minute(10)), (scan(30), minute(30))]);
    }

    #[test]
    fn a_fast_clock_of_one_installation_drags_no_other_along() {
        let mut fast = sighted("t1", 10);
        fast.occurred_at = minute(500);
        let history = history([fast, sighted("t1", 20), sighted("hub", 30)]);
        let times: Vec<_> = history.told().iter().map(|placed| (placed.event.scan, placed.key.at)).collect();
        assert_eq!(times, [(scan(30), minute(30)), (scan(10), minute(500)), (scan(20), minute(500))]);
    }

    #[test]
    fn voiding_ones_own_scan_hides_it_and_keeps_it() {
        let history = history([sighted("t1", 10), void("t1", 20, 10, false)]);
        assert_eq!(scans_told(&history), [scan(20)]);
        assert_eq!(history.len(), 2);
        assert!(history.find(scan(10)).is_some());
    }

    #[test]
    fn a_void_may_arrive_before_what_it_hides() {
        let mut history = history([void("t1", 20, 10, false)]);
        history.insert(sighted("t1", 10));
        assert_eq!(scans_told(&history), [scan(20)]);
    }

    #[test]
    fn voiding_anothers_scan_without_a_decision_hides_nothing() {
        let history = history([sighted("t1", 10), void("hub", 20, 10, false)]);
        assert_eq!(scans_told(&history), [scan(10), scan(20)]);
    }

    #[test]
    fn voiding_anothers_scan_by_decision_hides_it() {
        let history = history([sighted("t1", 10), void("hub", 20, 10, true)]);
        assert_eq!(scans_told(&history), [scan(20)]);
    }

    #[test]
    fn a_void_hides_every_event_of_its_scan() {
        let twice = [sighted("t1", 10), by_site("t1", 10, DossierFact::Damaged(Read::default()))];
        let mut history = history(twice);
        history.insert(void("t1", 20, 10, false));
        assert_eq!(scans_told(&history), [scan(20)]);
    }

    #[test]
    fn a_quarantined_scan_is_outside_until_it_is_admitted() {
        let mut quarantined = sighted("t1", 10);
        quarantined.source.quarantined = true;
        let admit = |when, scan| at_desk("hub", when, DossierFact::Remark(Remark::Admitted(Admitted { scan })));
        let mut history = history([quarantined, admit(20, scan(99))]);
        assert_eq!(scans_told(&history), [scan(20)]);
        history.insert(admit(30, scan(10)));
        assert_eq!(scans_told(&history), [scan(10), scan(20), scan(30)]);
    }

    #[test]
    fn what_was_admitted_can_be_voided_again() {
        let mut quarantined = sighted("t1", 10);
        quarantined.source.quarantined = true;
        let admit = at_desk("hub", 20, DossierFact::Remark(Remark::Admitted(Admitted { scan: scan(10) })));
        let history = history([quarantined, admit, void("hub", 30, 10, true)]);
        assert_eq!(scans_told(&history), [scan(20), scan(30)]);
    }

    #[test]
    fn applying_a_stored_event_only_adds_it() {
        let state = Dossier::apply_event(History::default(), sighted("t1", 10));
        assert_eq!((state.len(), state.is_empty()), (1, false));
        assert!(History::<DossierFact>::default().is_empty());
    }
}
