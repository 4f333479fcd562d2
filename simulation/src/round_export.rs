//! One courier's working day as the scans a handheld would make: for driving a real one. Plays the county with nobody to
//! speak to, and draws the labels' codes itself; whoever sends the scans mints those first.
use crate::county::{County, CountyError};
use crate::requests::printed;
use crate::upload::{Bound, Upload};
use crate::wire::WireScan;
use crate::world::World;
use crate::{Config, FaultRates};
use chrono::NaiveDate;
use domain::code::Code;
use domain::id::{DeviceId, PersonId, ScanId};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// A courier's day.
#[derive(Clone, Debug, Serialize)]
pub struct CourierDay {
    pub device: DeviceId,
    pub courier: PersonId,
    /// The labels the scans name, as printed: dossiers, bags and sites, each with the site a site label names.
    pub labels: Vec<LabelOfDay>,
    /// In the order in which the device made them; their times are the county's.
    pub scans: Vec<WireScan>,
}

/// A label of the day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LabelOfDay {
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// The day of the courier who scans most on working day `day` (from 0), without mishaps.
///
/// # Errors
/// A county that cannot be played.
pub fn busiest_courier_day(
    county: &County,
    seed: u64,
    start: NaiveDate,
    day: u32,
    dossiers_per_day: u32,
) -> Result<Option<CourierDay>, CountyError> {
    let config = Config { dossiers_per_day, faults: FaultRates::none(), ..Config::default() };
    let mut world = World::new(county, config, seed, start)?;
    let began = day.checked_sub(1).map_or(i64::MIN, |before| world.end_of_day(before));
    let ended = world.end_of_day(day);
    // What was scanned in the evening may leave the device the next morning.
    let uploads = world.advance_to(world.end_of_day(day + 1));
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x00DA_7E00);
    let codes: Vec<Code> = world.labels().iter().map(|label| labels::code::draw(label.kind, &mut rng)).collect();
    let sites: HashMap<String, String> = world
        .labels()
        .iter()
        .zip(&codes)
        .filter_map(|(label, code)| Some((labels::code::print(*code), world.map().id(label.site?).to_string())))
        .collect();
    let mut couriers: BTreeMap<DeviceId, PersonId> = BTreeMap::new();
    let mut scans: BTreeMap<DeviceId, BTreeMap<ScanId, WireScan>> = BTreeMap::new();
    for timed in uploads {
        match timed.upload {
            Upload::Device(spec) => {
                if let Bound::Courier(courier) = spec.bound {
                    couriers.insert(spec.id, courier);
                }
            }
            Upload::Scans(batch) => {
                for scan in batch.scans.iter().filter(|scan| (began..ended).contains(&scan.wall_ms)) {
                    let wire = scan.printed(&|label| printed(&codes, *label));
                    scans.entry(wire.device.clone()).or_default().insert(wire.scan_id, wire);
                }
            }
            Upload::Desk(_) => {}
        }
    }
    let busiest =
        scans.into_iter().filter(|(device, _)| couriers.contains_key(device)).max_by_key(|(_, all)| all.len());
    Ok(busiest.map(|(device, all)| {
        let mut scans: Vec<WireScan> = all.into_values().collect();
        scans.sort_by_key(|scan| scan.seq);
        CourierDay { courier: couriers[&device].clone(), device, labels: named(&scans, &sites), scans }
    }))
}

fn named(scans: &[WireScan], sites: &HashMap<String, String>) -> Vec<LabelOfDay> {
    let stop = |scan: &WireScan| match &scan.stop {
        Some(crate::wire::Stop::Label(label)) => Some(label.clone()),
        Some(crate::wire::Stop::Site(_)) | None => None,
    };
    let of = |scan: &WireScan| {
        [Some(scan.code.clone()), scan.bag.clone(), stop(scan)].into_iter().flatten().chain(scan.absent.clone())
    };
    let mut codes: Vec<String> = scans.iter().flat_map(of).collect();
    codes.sort();
    codes.dedup();
    codes.into_iter().map(|code| LabelOfDay { site: sites.get(&code).cloned(), code }).collect()
}
