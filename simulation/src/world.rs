//! The county at work: an agenda of happenings, played in order of time, then of entry. The same (county, configuration,
//! seed, first day) gives the same uploads everywhere, in whatever steps it is advanced.
//!
//! What happens is told in the files beside this one: `intake`, `bagging`, `handover`, `rounds`, `post`, `desks`. To add a
//! happening: a variant, an arm in `World::play`, and whoever puts it on the agenda.
use crate::calendar::{Calendar, day_of, midnight_after};
use crate::config::Config;
use crate::county::{County, CountyError, Map, SiteNo};
use crate::device::{Device, DeviceNo};
use crate::faults::{Fault, Tally};
use crate::intake::Pools;
use crate::sending::raster;
use crate::tours::Round;
use crate::truth::{Belief, CarrierNo, LabelNo, Place, Plan, Thing, ThingNo, Told, Truth};
use crate::upload::{Batch, Label, TimedUpload, Upload};
use chrono::NaiveDate;
use domain::code::CodeKind;
use domain::id::{CaseId, PersonId};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Morning(NaiveDate),
    HandIn(SiteNo),
    SpotCase(SiteNo),
    Bind(ThingNo),
    Pack(SiteNo),
    PackForTour(usize),
    Depart(usize),
    Stop(usize, usize),
    Back(usize),
    PostLeaves(SiteNo),
    PostArrives(ThingNo, SiteNo),
    AgentLeaves(SiteNo),
    AgentAtCentre(SiteNo),
    AgentHome(SiteNo),
    Open(SiteNo, ThingNo),
    Accept(ThingNo),
    Decide(ThingNo),
    Misfit(ThingNo),
    Reroute(ThingNo),
    Shelve(ThingNo),
    Fetch(ThingNo),
    HandOut(ThingNo),
    Archive(ThingNo),
    Flush(DeviceNo),
    Repeat(Box<Batch>),
    Reinstall(DeviceNo),
}

/// A place with its people and what lies about.
#[derive(Clone, Debug)]
pub(crate) struct PlaceState {
    pub clerk: PersonId,
    pub devices: Vec<DeviceNo>,
    /// Whose turn it is among them.
    pub turn: usize,
    pub wall_label: Option<LabelNo>,
    pub by_post: bool,
    /// The village agent of a station.
    pub agent: Option<CarrierNo>,
    /// Dossiers with somewhere to go.
    pub waiting: Vec<ThingNo>,
    /// Sealed bags with somewhere to go.
    pub ready: Vec<ThingNo>,
    pub empty_bags: Vec<ThingNo>,
}

/// Somebody who carries papers.
#[derive(Clone, Debug)]
pub(crate) struct Carrier {
    pub person: PersonId,
    /// A village agent has none: the station's handheld is his.
    pub device: Option<DeviceNo>,
    pub load: Vec<ThingNo>,
    /// The big bag he puts the bags of this round in.
    pub road_bag: Option<ThingNo>,
}

/// A courier's round and when it begins, in minutes of the day.
#[derive(Clone, Debug)]
pub(crate) struct Tour {
    pub carrier: CarrierNo,
    pub round: Round,
    pub departures: Vec<i64>,
    /// Departments get loose dossiers, towns only bags.
    pub loose: bool,
}

/// When a dossier will vanish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    Never,
    OnTrip(u8),
    InBuilding,
}

/// What the office knows of a dossier beside its way.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub case: usize,
    pub is_result: bool,
    pub doom: Doom,
    /// It got another's label: the department that should have it.
    pub rightly_for: Option<SiteNo>,
    /// Set aside until then.
    pub lying_until: i64,
    /// An office has decided; what remains is its way home or into the archive.
    pub decided: bool,
}

/// A case of the office.
#[derive(Clone, Debug)]
pub(crate) struct CaseFile {
    pub id: CaseId,
    pub item: usize,
    pub granted: bool,
    pub filed: bool,
    pub accepted: bool,
}

/// The county, its people, its papers, its time.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) map: Map,
    pub(crate) calendar: Calendar,
    pub(crate) config: Config,
    pub(crate) start: NaiveDate,
    rng: ChaCha8Rng,
    pub(crate) now: i64,
    agenda: BTreeMap<(i64, u64), Happening>,
    entries: u64,
    pub(crate) truth: Truth,
    pub(crate) papers: BTreeMap<ThingNo, Paper>,
    pub(crate) cases: Vec<CaseFile>,
    pub(crate) labels: Vec<Label>,
    pub(crate) places: Vec<PlaceState>,
    pub(crate) carriers: Vec<Carrier>,
    pub(crate) devices: Vec<Device>,
    pub(crate) tours: Vec<Tour>,
    pub(crate) pools: Pools,
    pub(crate) serial: u32,
    pub(crate) out: Vec<TimedUpload>,
    tally: Tally,
}

impl World {
    /// A county on the morning of its first working day at or after `start`.
    ///
    /// # Errors
    /// A county that cannot be played; see [`CountyError`].
    pub fn new(county: &County, config: Config, seed: u64, start: NaiveDate) -> Result<Self, CountyError> {
        let map = Map::of(county)?;
        let calendar = Calendar::new(county.days_off.clone());
        let start = calendar.workday_from(start, 0);
        let mut world = Self {
            pools: Pools::of(&map),
            map,
            calendar,
            config,
            start,
            rng: ChaCha8Rng::seed_from_u64(seed),
            now: crate::calendar::instant(start, 0),
            agenda: BTreeMap::new(),
            entries: 0,
            truth: Truth::default(),
            papers: BTreeMap::new(),
            cases: Vec::new(),
            labels: Vec::new(),
            places: Vec::new(),
            carriers: Vec::new(),
            devices: Vec::new(),
            tours: Vec::new(),
            serial: 0,
            out: Vec::new(),
            tally: Tally::default(),
        };
        world.people();
        world.at(world.now, Happening::Morning(start));
        Ok(world)
    }

    /// Plays on to the end of the `n`-th working day, counted from 0; what was uploaded since the last call.
    pub fn day(&mut self, n: u32) -> Vec<TimedUpload> {
        self.advance_to(self.end_of_day(n))
    }

    /// The last millisecond of the `n`-th working day, counted from 0.
    #[must_use]
    pub fn end_of_day(&self, n: u32) -> i64 {
        midnight_after(self.calendar.workday_from(self.start, n))
    }

    /// Plays on to an instant; what was uploaded since the last call, in order of time.
    pub fn advance_to(&mut self, until: i64) -> Vec<TimedUpload> {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), happening) = entry.remove_entry();
            self.now = at;
            self.play(happening);
        }
        self.now = self.now.max(until);
        std::mem::take(&mut self.out)
    }

    fn play(&mut self, happening: Happening) {
        match happening {
            Happening::Morning(day) => self.morning(day),
            Happening::HandIn(site) => self.hand_in(site),
            Happening::SpotCase(site) => self.spot_case(site),
            Happening::Bind(thing) => self.bind(thing),
            Happening::Pack(site) => self.pack_outgoing(site),
            Happening::PackForTour(tour) => self.pack_for_tour(tour),
            Happening::Depart(tour) => self.depart(tour),
            Happening::Stop(tour, stop) => self.stop_at(tour, stop),
            Happening::Back(tour) => self.back(tour),
            Happening::PostLeaves(site) => self.post_leaves(site),
            Happening::PostArrives(bag, site) => self.post_arrives(bag, site),
            Happening::AgentLeaves(station) => self.agent_leaves(station),
            Happening::AgentAtCentre(station) => self.agent_at_centre(station),
            Happening::AgentHome(station) => self.agent_home(station),
            Happening::Open(site, bag) => self.open(site, bag),
            Happening::Accept(thing) => self.accept(thing),
            Happening::Decide(thing) => self.decide(thing),
            Happening::Misfit(thing) => self.misfit(thing),
            Happening::Reroute(thing) => self.reroute(thing),
            Happening::Shelve(thing) => self.shelve(thing),
            Happening::Fetch(thing) => self.fetch(thing),
            Happening::HandOut(thing) => self.hand_out(thing),
            Happening::Archive(thing) => self.archive(thing),
            Happening::Flush(device) => self.flush_planned(device),
            Happening::Repeat(batch) => self.emit(Upload::Scans(*batch)),
            Happening::Reinstall(device) => self.reinstall(device),
        }
    }

    /// Puts something on the agenda, on the raster and never in the past.
    pub(crate) fn at(&mut self, at: i64, happening: Happening) {
        self.entries += 1;
        self.agenda.insert((raster(at.max(self.now)), self.entries), happening);
    }

    /// The instant the world has come to.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Where everything really is.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The county in numbers.
    #[must_use]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// The labels used so far; their numbers are the positions.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Who a carrier is.
    #[must_use]
    pub fn carrier(&self, carrier: CarrierNo) -> &PersonId {
        &self.carriers[carrier].person
    }

    /// Whether a carrier has a device of his own, so that the product can name him.
    #[must_use]
    pub fn carrier_is_named(&self, carrier: CarrierNo) -> bool {
        self.carriers[carrier].device.is_some()
    }

    /// How often each mishap could have happened, and did.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.rng.random_bool(share.clamp(0.0, 1.0))
    }

    /// Whether a mishap happens on this occasion.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let happened = self.chance(self.config.faults.rate(fault));
        self.tally.count(fault, happened);
        happened
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.rng.random_range(least..=most.max(least))
    }

    /// One of `count` things.
    pub(crate) fn one_of(&mut self, count: usize) -> usize {
        let last = i64::try_from(count.saturating_sub(1)).unwrap_or(0);
        usize::try_from(self.between(0, last)).unwrap_or(0)
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        list.shuffle(&mut self.rng);
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A mishap has touched a thing and all that lies in it.
    pub(crate) fn touch(&mut self, thing: ThingNo, fault: Fault) {
        self.truth.things[thing].faults.insert(fault);
        for inside in self.truth.inside(thing) {
            self.truth.things[inside].faults.insert(fault);
        }
    }

    pub(crate) fn put(&mut self, thing: ThingNo, place: Place) {
        self.truth.put(thing, place, self.now);
    }

    /// A desk's command is known at once.
    pub(crate) fn tell_now(&mut self, thing: ThingNo, belief: Belief) {
        let movement = self.truth.things[thing].movement();
        self.truth.tell(thing, Told { at: self.now, belief }, Some(movement));
        self.truth.things[thing].scanned = self.now;
        self.truth.things[thing].scanned_on = None;
    }

    pub(crate) fn label(&mut self, kind: CodeKind, site: Option<SiteNo>) -> LabelNo {
        self.labels.push(Label { kind, site, foreign: false });
        self.labels.len() - 1
    }

    pub(crate) fn foreign_label(&mut self) -> LabelNo {
        self.labels.push(Label { kind: CodeKind::Dossier, site: None, foreign: true });
        self.labels.len() - 1
    }

    pub(crate) fn new_thing(&mut self, kind: CodeKind, plan: Plan) -> ThingNo {
        let label = self.label(kind, None);
        self.truth.add(Thing::new(label, plan))
    }

    /// The next device of a place.
    pub(crate) fn device_at(&mut self, site: SiteNo) -> DeviceNo {
        let place = &mut self.places[site];
        place.turn = (place.turn + 1) % place.devices.len();
        place.devices[place.turn]
    }

    /// The `n`-th working day from today's next, at a minute of its day.
    pub(crate) fn workday_later(&self, days: u32, minute: i64) -> i64 {
        crate::calendar::instant(self.calendar.workday_after(day_of(self.now), days), minute)
    }
}

#[cfg(test)]
mod tests;
