//! Who works in the county, with which devices, and the plan of each morning.
use crate::calendar::{DAY, MINUTE, SECOND, instant, next};
use crate::county::{Level, SiteNo};
use crate::device::{Binding, Device, DeviceNo};
use crate::faults::Fault;
use crate::tours::{self, Pace};
use crate::truth::{CarrierNo, ThingNo};
use crate::world::{Carrier, Happening, PlaceState, Tour, World};
use chrono::NaiveDate;
use domain::code::CodeKind;
use domain::id::{DeviceId, InstallationId, PersonId};
use domain::network::SiteKind;

/// Desks with a scanner at the circulation centre.
const HUB_DEVICES: usize = 4;
/// A healthy clock is at most this far off.
const HEALTHY_SKEW: i64 = 12 * SECOND;
const TOWN_PACE: Pace = Pace { stay: 10, hop: 14, margin: 16, slack: 45, stops_most: 4 };
const DEPARTMENT_PACE: Pace = Pace { stay: 4, hop: 3, margin: 4, slack: 25, stops_most: 10 };
/// Minutes of the day at which couriers leave for the towns, and for the departments.
const TOWN_DEPARTURES: [i64; 2] = [8 * 60 + 40, 13 * 60 + 40];
const DEPARTMENT_DEPARTURES: [i64; 2] = [9 * 60 + 40, 15 * 60];
const WINDOW_OPENS: i64 = 9 * 60;
const WINDOW_CLOSES: i64 = 16 * 60 + 20;

impl World {
    /// Hires everybody.
    pub(crate) fn people(&mut self) {
        for site in 0..self.map.sites.len() {
            let place = self.staffed(site);
            self.places.push(place);
        }
        let centres = self.map.centres.clone();
        let by_post = (centres.len() as f64 * self.config.post_share).ceil() as usize;
        let by_post = by_post.min(centres.len() - 1);
        for &centre in &centres[centres.len() - by_post..] {
            self.places[centre].by_post = true;
        }
        let road: Vec<SiteNo> = centres[..centres.len() - by_post].to_vec();
        let pace = Pace { stops_most: self.config.centres_per_courier, ..TOWN_PACE };
        self.hire_couriers(&road, pace, &TOWN_DEPARTURES, false);
        let departments = self.map.departments.clone();
        self.hire_couriers(&departments, DEPARTMENT_PACE, &DEPARTMENT_DEPARTURES, true);
    }

    fn staffed(&mut self, site: SiteNo) -> PlaceState {
        let id = self.map.id(site);
        let kind = self.map.kind(site);
        let clerk = person(&format!("clerk.{id}"));
        let count = if kind == SiteKind::Hub { HUB_DEVICES } else { 1 };
        let devices = (0..count).map(|n| self.device(&format!("desk{n}.{id}"), &clerk, Binding::Site(site)));
        let devices: Vec<DeviceNo> = devices.collect();
        let is_stop = kind != SiteKind::Station;
        let wall_label = is_stop.then(|| self.label(CodeKind::Site, Some(site)));
        let agent = (kind == SiteKind::Station).then(|| self.carrier_named(person(&format!("agent.{id}")), None));
        let (waiting, ready, empty_bags) = (Vec::new(), Vec::new(), Vec::new());
        PlaceState { clerk, devices, turn: 0, wall_label, by_post: false, agent, waiting, ready, empty_bags }
    }

    fn carrier_named(&mut self, person: PersonId, device: Option<DeviceNo>) -> CarrierNo {
        self.carriers.push(Carrier { person, device, load: Vec::new(), road_bag: None });
        self.carriers.len() - 1
    }

    fn device(&mut self, name: &str, actor: &PersonId, binding: Binding) -> DeviceNo {
        let clock_is_wrong = self.strikes(Fault::WrongClock);
        let off = if clock_is_wrong { self.between(3 * MINUTE, 3 * DAY) } else { self.between(0, HEALTHY_SKEW) };
        let skew_ms = if self.chance(0.5) { off } else { -off };
        let device = Device {
            id: device_id(name),
            actor: actor.clone(),
            binding,
            skew_ms,
            clock_is_wrong,
            installation: InstallationId(self.uuid()),
            seq: 0,
            booted: self.now,
            busy_until: self.now,
            pending: Vec::new(),
            flush_at: None,
            was_offline: false,
            is_fresh: false,
            enrolled: false,
        };
        self.devices.push(device);
        self.devices.len() - 1
    }

    fn hire_couriers(&mut self, sites: &[SiteNo], pace: Pace, departures: &[i64], loose: bool) {
        for round in tours::plan(&self.map, sites, pace) {
            let number = self.tours.len();
            let name = person(&format!("courier.{number}"));
            let carrier = self.carrier_named(name.clone(), None);
            let device = self.device(&format!("handheld.{number}"), &name, Binding::Courier(carrier));
            self.carriers[carrier].device = Some(device);
            // They do not all stand at the hub's counter at once.
            let stagger = 2 * i64::try_from(number % 8).unwrap_or(0);
            let departures = departures.iter().map(|minute| minute + stagger).collect();
            self.tours.push(Tour { carrier, round, departures, loose });
        }
    }

    /// The plan of a day; on a day off only the next morning is planned.
    pub(crate) fn morning(&mut self, day: NaiveDate) {
        self.at(instant(next(day), 0), Happening::Morning(next(day)));
        if !self.calendar.is_workday(day) {
            return;
        }
        for device in 0..self.devices.len() {
            self.enrol(device);
        }
        self.plan_applicants(day);
        self.plan_packing(day);
        self.plan_tours(day);
        self.plan_agents(day);
        for device in 0..self.devices.len() {
            if self.strikes(Fault::Reinstall) {
                let at = self.minute_between(day, 9 * 60, 17 * 60);
                self.at(at, Happening::Reinstall(device));
            }
        }
    }

    fn minute_between(&mut self, day: NaiveDate, from: i64, until: i64) -> i64 {
        instant(day, 0) + self.between(from * MINUTE, until * MINUTE)
    }

    fn plan_applicants(&mut self, day: NaiveDate) {
        let average = i64::from(self.config.dossiers_per_day);
        let today = self.between(average * 17 / 20, average * 23 / 20);
        for _ in 0..today {
            let site = self.where_handed_in();
            let at = self.minute_between(day, WINDOW_OPENS, WINDOW_CLOSES);
            self.at(at, Happening::HandIn(site));
            if self.chance(self.config.immediate_share) {
                let at = self.minute_between(day, WINDOW_OPENS, WINDOW_CLOSES);
                self.at(at, Happening::SpotCase(site));
            }
        }
    }

    fn where_handed_in(&mut self) -> SiteNo {
        let station = !self.map.stations.is_empty() && self.chance(self.config.station_share);
        if station {
            let one = self.one_of(self.map.stations.len());
            return self.map.stations[one];
        }
        if self.pools.takes(Level::County) && self.chance(self.config.hall_share) {
            return self.map.hub;
        }
        let one = self.one_of(self.map.centres.len());
        self.map.centres[one]
    }

    fn plan_packing(&mut self, day: NaiveDate) {
        for centre in self.map.centres.clone() {
            let end_of_day = self.minute_between(day, 16 * 60 + 45, 17 * 60 + 10);
            self.at(end_of_day, Happening::Pack(centre));
            if self.places[centre].by_post {
                self.at(instant(day, 17 * 60 + 20), Happening::PostLeaves(centre));
            } else {
                let noon = self.minute_between(day, 12 * 60, 12 * 60 + 30);
                self.at(noon, Happening::Pack(centre));
            }
        }
        self.at(instant(day, 17 * 60 + 25), Happening::PostLeaves(self.map.hub));
    }

    fn plan_tours(&mut self, day: NaiveDate) {
        for number in 0..self.tours.len() {
            for departure in self.tours[number].departures.clone() {
                self.at(instant(day, departure - 25), Happening::PackForTour(number));
                self.at(instant(day, departure), Happening::Depart(number));
            }
        }
    }

    /// An agent goes to town when there is something to bring or to fetch, and he finds the time.
    fn plan_agents(&mut self, day: NaiveDate) {
        for station in self.map.stations.clone() {
            let centre = self.map.above(station);
            let for_him = |&&thing: &&ThingNo| self.next_for(thing, centre) == station;
            let fetches = self.places[centre].waiting.iter().filter(for_him);
            let oldest =
                fetches.chain(&self.places[station].waiting).map(|&thing| self.truth.things[thing].since).min();
            let Some(oldest) = oldest else { continue };
            // He may put it off, but only once.
            if oldest < self.now - DAY || self.chance(0.75) {
                let at = self.minute_between(day, 9 * 60, 10 * 60 + 30);
                self.at(at, Happening::AgentLeaves(station));
            }
        }
    }
}

/// Names are made here from ids that are known to fit; one that would be too long is cut.
fn person(name: &str) -> PersonId {
    name.get(..name.len().min(40)).unwrap_or("nobody").parse().expect("made of the characters of an id")
}

fn device_id(name: &str) -> DeviceId {
    name.get(..name.len().min(40)).unwrap_or("device").parse().expect("made of the characters of an id")
}
