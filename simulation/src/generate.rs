//! Short random histories for property tests: any action on any of a few things, by any of a few devices. Plausible they
//! are not; whatever comes must fold to the same in every order of arrival.
use crate::wire::{Details, Scan, Stop, WireScan};
use domain::id::{DeviceId, InstallationId, PersonId, ScanId, SiteId};
use domain::scan::{Action, ActionBy, Carrier, Mode, RefusalReason};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// The few things a history is about. Labels are printed codes that the product knows.
#[derive(Clone, Debug)]
pub struct SmallCounty {
    pub sites: Vec<SiteId>,
    pub dossiers: Vec<String>,
    /// At least two, so that bags lie in bags.
    pub bags: Vec<String>,
    pub site_devices: Vec<(SiteId, DeviceId)>,
    pub couriers: Vec<(PersonId, DeviceId)>,
    /// The true time of the first scan.
    pub start_ms: i64,
}

const DOSSIER_ACTIONS: [Action; 16] = [
    Action::Received,
    Action::Received,
    Action::AtDepartment,
    Action::Collected,
    Action::Dispatched,
    Action::Returned,
    Action::Packed,
    Action::Packed,
    Action::Unpacked,
    Action::Shelved,
    Action::Posted,
    Action::Sighted,
    Action::LookedUp,
    Action::Refused,
    Action::Missing,
    Action::Found,
];
const BAG_ACTIONS: [Action; 12] = [
    Action::Received,
    Action::Collected,
    Action::Dispatched,
    Action::Packed,
    Action::Unpacked,
    Action::Sealed,
    Action::Opened,
    Action::Opened,
    Action::Checked,
    Action::Sighted,
    Action::Posted,
    Action::Missing,
];
/// Scans in one history.
const SCANS: (u32, u32) = (4, 24);
/// Steps between scans: mostly minutes, sometimes none at all, so that order keys tie.
const STEPS_MS: [i64; 6] = [0, 1_000, 45_000, 180_000, 1_800_000, 14_400_000];

/// `n` histories. Each holds the scans of several installations, in rising sequence for each; some scans occur twice, some
/// void an earlier one of their installation.
#[must_use]
pub fn histories(seed: u64, n: usize, county: &SmallCounty) -> Vec<Vec<WireScan>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| History::new(&mut rng, county).told()).collect()
}

/// One device's program and what it has scanned.
struct Program {
    actor: PersonId,
    device: DeviceId,
    is_courier: bool,
    installation: InstallationId,
    skew_ms: i64,
    seq: u64,
    booted: i64,
    sent: Vec<(ScanId, String)>,
}

struct History<'a> {
    rng: &'a mut ChaCha8Rng,
    county: &'a SmallCounty,
    programs: Vec<Program>,
    now: i64,
}

impl<'a> History<'a> {
    fn new(rng: &'a mut ChaCha8Rng, county: &'a SmallCounty) -> Self {
        let mut history = Self { rng, county, programs: Vec::new(), now: county.start_ms };
        let desks = county.site_devices.iter().map(|(_, device)| (device.clone(), None));
        let handhelds = county.couriers.iter().map(|(person, device)| (device.clone(), Some(person.clone())));
        for (device, courier) in desks.chain(handhelds) {
            history.install(device, courier);
        }
        history
    }

    fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn install(&mut self, device: DeviceId, courier: Option<PersonId>) {
        let installation = InstallationId(self.uuid());
        let skew_ms = if self.rng.random_bool(0.3) { self.rng.random_range(-600_000..=600_000) } else { 0 };
        let is_courier = courier.is_some();
        let clerk = || "clerk.0".parse().expect("made of the characters of an id");
        let actor = courier.unwrap_or_else(clerk);
        let (seq, booted, sent) = (0, self.now, Vec::new());
        self.programs.push(Program { actor, device, is_courier, installation, skew_ms, seq, booted, sent });
    }

    fn told(mut self) -> Vec<WireScan> {
        let mut scans: Vec<WireScan> = Vec::new();
        for _ in 0..self.rng.random_range(SCANS.0..=SCANS.1) {
            self.now += STEPS_MS[self.below(STEPS_MS.len())];
            let Some(program) = self.program() else { return scans };
            if self.rng.random_bool(0.04) {
                let (device, actor, is_courier) = self.replaced(program);
                self.install(device, is_courier.then_some(actor));
            }
            let void = self.rng.random_bool(0.08) && !self.programs[program].sent.is_empty();
            let scan = if void { self.void(program) } else { self.scan(program) };
            let Some(scan) = scan else { return scans };
            scans.push(scan);
            if self.rng.random_bool(0.1) {
                let again = scans[self.below(scans.len())].clone();
                scans.push(again);
            }
        }
        scans
    }

    fn replaced(&self, program: usize) -> (DeviceId, PersonId, bool) {
        let old = &self.programs[program];
        (old.device.clone(), old.actor.clone(), old.is_courier)
    }

    fn below(&mut self, count: usize) -> usize {
        let last = u32::try_from(count.saturating_sub(1)).unwrap_or(0);
        usize::try_from(self.rng.random_range(0..=last)).unwrap_or(0)
    }

    fn program(&mut self) -> Option<usize> {
        (!self.programs.is_empty()).then(|| self.below(self.programs.len()))
    }

    fn one(&mut self, list: &[String]) -> Option<String> {
        let one = self.below(list.len());
        list.get(one).cloned()
    }

    fn site(&mut self) -> Option<SiteId> {
        let one = self.below(self.county.sites.len());
        self.county.sites.get(one).cloned()
    }

    fn scan(&mut self, program: usize) -> Option<WireScan> {
        let county = self.county;
        let of_bag = self.rng.random_bool(0.4);
        let code = self.one(if of_bag { &county.bags } else { &county.dossiers })?;
        let actions: &[Action] = if of_bag { &BAG_ACTIONS } else { &DOSSIER_ACTIONS };
        let action = actions[self.below(actions.len())];
        let in_bag = matches!(action, Action::Packed | Action::Unpacked) || self.rng.random_bool(0.1);
        let bag = if in_bag { self.one(&county.bags) } else { None };
        let details = self.details(action);
        let absent =
            if action == Action::Checked && self.rng.random_bool(0.3) { self.one(&county.dossiers) } else { None };
        let mut scan = self.line(program, code, action, details);
        scan.bag = bag;
        scan.absent = absent.into_iter().collect();
        if self.programs[program].is_courier && self.rng.random_bool(0.7) {
            scan.stop = self.site().map(Stop::Site);
        }
        let sent = (scan.scan_id, scan.code.clone());
        self.programs[program].sent.push(sent);
        Some(scan)
    }

    fn void(&mut self, program: usize) -> Option<WireScan> {
        let one = self.below(self.programs[program].sent.len());
        let (voids, code) = self.programs[program].sent.get(one).cloned()?;
        let details = Details { voids: Some(voids), ..Details::default() };
        Some(self.line(program, code, Action::ScanVoided, details))
    }

    fn details(&mut self, action: Action) -> Details {
        let mut details = Details::default();
        let leaves = matches!(action, Action::Dispatched | Action::Returned | Action::Sealed | Action::Posted);
        if leaves && self.rng.random_bool(0.7) {
            details.to = self.site();
        }
        if matches!(action, Action::Sealed | Action::Opened) {
            details.seal_no = Some(format!("{:04}", self.below(4)));
            details.seal_intact = (action == Action::Opened).then(|| self.rng.random_bool(0.9));
        }
        if action == Action::Posted {
            details.carrier = Some(Carrier::Post { tracking_no: format!("XA{:05}", self.below(90_000)) });
        }
        if action == Action::Refused {
            details.reason = Some(RefusalReason::Torn);
            let one = self.below(self.county.couriers.len());
            details.left_with = self.county.couriers.get(one).map(|(person, _)| person.clone());
        }
        details
    }

    fn line(&mut self, program: usize, code: String, action: Action, details: Details) -> WireScan {
        let scan_id = ScanId(self.uuid());
        let it = &mut self.programs[program];
        it.seq += 1;
        Scan {
            scan_id,
            code,
            mode: mode(action),
            bag: None,
            stop: None,
            actor: it.actor.clone(),
            device: it.device.clone(),
            installation: it.installation,
            seq: it.seq,
            wall_ms: self.now + it.skew_ms,
            mono_ms: self.now - it.booted,
            action: Some(action),
            action_by: Some(ActionBy::Person),
            details,
            absent: Vec::new(),
        }
    }
}

fn mode(action: Action) -> Mode {
    match action {
        Action::Packed | Action::Unpacked | Action::Sealed => Mode::Pack,
        Action::Dispatched | Action::Returned | Action::Posted => Mode::Send,
        Action::Opened | Action::Checked => Mode::Check,
        Action::Shelved => Mode::Shelve,
        Action::LookedUp | Action::ScanVoided => Mode::Look,
        Action::Missing | Action::Found => Mode::Stocktake,
        Action::Received
        | Action::AtDepartment
        | Action::Collected
        | Action::MailDelivered
        | Action::Sighted
        | Action::Refused
        | Action::Damaged => Mode::Receive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn few() -> SmallCounty {
        let id = |text: &str| text.parse::<SiteId>().unwrap();
        let device = |text: &str| text.parse::<DeviceId>().unwrap();
        SmallCounty {
            sites: vec![id("hub"), id("t1"), id("d1")],
            dossiers: ["a", "b", "c"].map(ToOwned::to_owned).to_vec(),
            bags: ["x", "y"].map(ToOwned::to_owned).to_vec(),
            site_devices: vec![(id("hub"), device("desk.hub")), (id("t1"), device("desk.t1"))],
            couriers: vec![("carla".parse().unwrap(), device("handheld.1"))],
            start_ms: 1_780_000_000_000,
        }
    }

    #[test]
    fn histories_are_the_same_for_the_same_seed_and_hold_what_is_hard() {
        let told = histories(9, 300, &few());
        assert_eq!(told, histories(9, 300, &few()));
        assert_ne!(told, histories(10, 300, &few()));
        let all: Vec<_> = told.iter().flatten().collect();
        assert!(all.iter().any(|scan| scan.action == Some(Action::ScanVoided)));
        let nested =
            |scan: &&&WireScan| scan.action == Some(Action::Packed) && ["x", "y"].contains(&scan.code.as_str());
        assert!(all.iter().any(|scan| nested(&scan)), "no bag in a bag");
    }

    #[test]
    fn sequences_rise_and_a_repeated_scan_is_the_same_scan() {
        for history in histories(3, 200, &few()) {
            let mut last: BTreeMap<InstallationId, u64> = BTreeMap::new();
            let mut seen: BTreeMap<ScanId, WireScan> = BTreeMap::new();
            for scan in history {
                if let Some(before) = seen.get(&scan.scan_id) {
                    assert_eq!(*before, scan);
                    continue;
                }
                assert_eq!(scan.seq, last.get(&scan.installation).copied().unwrap_or(0) + 1);
                last.insert(scan.installation, scan.seq);
                seen.insert(scan.scan_id, scan);
            }
        }
    }
}
