//! The state of every aggregate: its facts, sorted by when they happened. Applying one only inserts and never fails;
//! the meaning is folded from the sorted facts when asked, so the order of arrival cannot matter.
use crate::event::{Event, Fact, Remark};
use crate::id::{InstallationId, ScanId};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The order of history: when, then which installation, then its count. Commands have no installation and come first;
/// the scan id makes the order total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// When it happened, after the running maximum over its installation's sequence.
    pub at: Timestamp,
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
        let mut by_sequence: Vec<&Event<F>> = self.facts.iter().collect();
        by_sequence.sort_by_key(|event| event.source.stamp.as_ref().map(|s| (s.installation, s.seq)));
        let mut placed: Vec<_> = by_sequence
            .into_iter()
            .map(|event| {
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
                let key = OrderKey { at, installation, seq: stamp.map_or(0, |s| s.seq), scan: event.scan };
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
