//! A label is read: the world's people point a device at something. Each reading becomes a scan in the device's queue
//! and, once uploaded, testimony. Physical movements are made elsewhere, before the reading.
use crate::calendar::SECOND;
use crate::county::SiteNo;
use crate::device::{Binding, DeviceNo, Opening, Pending, Testimony};
use crate::faults::Fault;
use crate::truth::{Belief, LabelNo, ThingNo};
use crate::upload::Scan;
use crate::wire::{Details, Stop};
use crate::world::World;
use domain::id::ScanId;
use domain::scan::{Action, ActionBy, Mode};

/// Between two scans of one person.
const SCAN_PACE: i64 = 4 * SECOND;
/// Between two people who read the same thing: more than two healthy clocks differ.
const HANDOVER_GAP: i64 = 61 * SECOND;
/// A second read within this time at one stop changes nothing, so a scan without an action would be lost on it.
const REPEAT: i64 = 65 * SECOND;

/// One reading of a thing.
#[derive(Clone, Debug)]
pub struct Reading {
    pub device: DeviceNo,
    pub thing: ThingNo,
    pub mode: Mode,
    pub action: Action,
    pub belief: Belief,
    pub bag: Option<ThingNo>,
    pub stop: Option<SiteNo>,
    pub details: Details,
    pub absent: Vec<ThingNo>,
    /// The scan says what is so.
    pub truthful: bool,
}

impl Reading {
    #[must_use]
    pub fn new(device: DeviceNo, thing: ThingNo, mode: Mode, action: Action, belief: Belief) -> Self {
        let (details, absent) = (Details::default(), Vec::new());
        Self { device, thing, mode, action, belief, bag: None, stop: None, details, absent, truthful: true }
    }

    #[must_use]
    pub fn bag(self, bag: Option<ThingNo>) -> Self {
        Self { bag, ..self }
    }

    #[must_use]
    pub fn stop(self, stop: SiteNo) -> Self {
        Self { stop: Some(stop), ..self }
    }

    #[must_use]
    pub fn details(self, details: Details) -> Self {
        Self { details, ..self }
    }

    #[must_use]
    pub fn truthful(self, truthful: bool) -> Self {
        Self { truthful, ..self }
    }
}

impl World {
    /// Queues a reading on its device.
    pub(crate) fn read(&mut self, reading: &Reading) {
        let thing = &self.truth.things[reading.thing];
        let (label, movement) = (thing.label, thing.movement());
        let quiet = thing.scanned_on != Some(reading.device) || thing.scanned + REPEAT < self.now;
        let around = reading.bag.map_or(0, |bag| self.free_from(bag, reading.device));
        let free = self.free_from(reading.thing, reading.device).max(around);
        let at = self.now.max(self.devices[reading.device].busy_until + SCAN_PACE).max(free);
        let action = if quiet && self.may_omit(reading) { None } else { Some(reading.action) };
        let opened = if reading.action == Action::Opened { Opening::Opened } else { Opening::No };
        let opening = if reading.action == Action::Checked { Opening::Checked } else { opened };
        let movement = reading.truthful.then_some(movement);
        let testimony = Testimony { thing: reading.thing, belief: reading.belief, movement, opening };
        let scan = self.scan(reading, label, action, at);
        self.queue_scan(reading.device, Pending { at, scan, testimony: Some(testimony), is_stray: false });
        let it = &mut self.truth.things[reading.thing];
        (it.scanned, it.scanned_on) = (at, Some(reading.device));
        if self.devices[reading.device].clock_is_wrong {
            self.touch(reading.thing, Fault::WrongClock);
        }
    }

    /// From when a device may read a thing, so that two healthy clocks cannot turn two readings round.
    fn free_from(&self, thing: ThingNo, device: DeviceNo) -> i64 {
        let thing = &self.truth.things[thing];
        thing.scanned + if thing.scanned_on == Some(device) { SCAN_PACE } else { HANDOVER_GAP }
    }

    /// Only where the table must come to the same place: a site reads what lies before it.
    fn may_omit(&mut self, reading: &Reading) -> bool {
        let device = &self.devices[reading.device];
        let plain = matches!(reading.action, Action::Received | Action::AtDepartment | Action::Sighted);
        let mode = reading.mode == Mode::Receive && reading.bag.is_none();
        let at_site = matches!(device.binding, Binding::Site(_));
        plain && mode && at_site && self.chance(self.config.actionless_share)
    }

    fn scan(&mut self, reading: &Reading, label: LabelNo, action: Option<Action>, at: i64) -> Scan {
        let stop = reading.stop.map(|site| self.stop(site));
        let scan_id = ScanId(self.uuid());
        let label_of = |thing: ThingNo| self.truth.things[thing].label;
        let bag = reading.bag.map(label_of);
        let absent = reading.absent.iter().map(|&thing| label_of(thing)).collect();
        let device = &mut self.devices[reading.device];
        device.seq += 1;
        Scan {
            scan_id,
            code: label,
            mode: reading.mode,
            bag,
            stop,
            actor: device.actor.clone(),
            device: device.id.clone(),
            installation: device.installation,
            seq: device.seq,
            wall_ms: device.wall(at),
            mono_ms: at - device.booted,
            action,
            action_by: action.map(settled_by),
            details: reading.details.clone(),
            absent,
        }
    }

    /// Half of the stops are known by the label on the wall.
    fn stop(&mut self, site: SiteNo) -> Stop<LabelNo> {
        let by_label = self.chance(0.5);
        match self.places[site].wall_label {
            Some(label) if by_label => Stop::Label(label),
            _ => Stop::Site(self.map.id(site)),
        }
    }

    /// The last scan was wrong: a second one says the thing left, and a third takes that back.
    pub(crate) fn maybe_slip(&mut self, device: DeviceNo, thing: ThingNo) {
        if !self.strikes(Fault::VoidedScan) {
            return;
        }
        self.touch(thing, Fault::VoidedScan);
        let label = self.truth.things[thing].label;
        let wrong = Reading::new(device, thing, Mode::Send, Action::Dispatched, Belief::Post);
        let wrong_at = self.devices[device].busy_until + SCAN_PACE;
        let scan = self.scan(&wrong, label, Some(Action::Dispatched), wrong_at);
        let voids = Some(scan.scan_id);
        self.queue_scan(device, Pending { at: wrong_at, scan, testimony: None, is_stray: false });
        let taken_back = Reading { details: Details { voids, ..Details::default() }, mode: Mode::Look, ..wrong };
        let void_at = wrong_at + 2 * SCAN_PACE;
        let scan = self.scan(&taken_back, label, Some(Action::ScanVoided), void_at);
        self.queue_scan(device, Pending { at: void_at, scan, testimony: None, is_stray: false });
        self.truth.things[thing].scanned = void_at;
    }

    /// A label of another county, on an envelope that was used before.
    pub(crate) fn read_foreign(&mut self, device: DeviceNo, near: ThingNo) {
        let label = self.foreign_label();
        let reading = Reading::new(device, near, Mode::Receive, Action::Received, Belief::Post);
        let at = self.now.max(self.devices[device].busy_until + SCAN_PACE);
        let scan = self.scan(&reading, label, Some(Action::Received), at);
        self.queue_scan(device, Pending { at, scan, testimony: None, is_stray: true });
        self.touch(near, Fault::UnknownLabel);
    }
}

/// Most actions follow from who reads what in which mode; some a person must choose.
fn settled_by(action: Action) -> ActionBy {
    let chosen = [Action::Sealed, Action::Checked, Action::Posted, Action::Refused, Action::ScanVoided];
    if chosen.contains(&action) { ActionBy::Person } else { ActionBy::Rule }
}
