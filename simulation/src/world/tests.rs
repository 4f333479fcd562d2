//! The world as a whole: the same for the same seed, everything at one place, nothing unread where nothing goes wrong,
//! mishaps about as often as asked.
use super::*;
use crate::calendar::HOUR;
use crate::county::tests::small_county;
use crate::faults::FaultRates;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

const DAYS: u32 = 15;

fn start() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
}

fn world(seed: u64, faults: FaultRates) -> World {
    let config = Config { dossiers_per_day: 60, faults, ..Config::default() };
    World::new(&small_county(), config, seed, start()).unwrap()
}

fn hash(uploads: &[TimedUpload]) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{uploads:?}").hash(&mut hasher);
    hasher.finish()
}

fn played(seed: u64, days: u32) -> Vec<TimedUpload> {
    let mut world = world(seed, FaultRates::default());
    (0..days).flat_map(|day| world.day(day)).collect()
}

#[test]
fn the_same_seed_gives_the_same_uploads_and_another_seed_others() {
    let first = played(7, 4);
    assert!(first.len() > 500, "{}", first.len());
    assert_eq!(hash(&first), hash(&played(7, 4)));
    assert_ne!(hash(&first), hash(&played(8, 4)));
}

#[test]
fn small_steps_and_great_ones_come_to_the_same() {
    let mut slow = world(7, FaultRates::default());
    let end = slow.end_of_day(3);
    let mut uploads = Vec::new();
    while slow.now() < end {
        uploads.extend(slow.advance_to((slow.now() + 7 * 61_000).min(end)));
    }
    assert_eq!(hash(&uploads), hash(&played(7, 4)));
}

#[test]
fn uploads_come_in_order_of_time() {
    let uploads = played(3, 5);
    assert!(uploads.is_sorted_by_key(|timed| timed.at));
}

/// Every list that claims a thing is right, and no thing is in two of them.
fn every_thing_is_at_one_place(world: &World) {
    let mut seen: BTreeSet<ThingNo> = BTreeSet::new();
    let mut once = |thing: ThingNo, place: Place| {
        assert_eq!(world.truth.things[thing].place, place, "thing {thing}");
        assert!(seen.insert(thing), "thing {thing} is in two lists");
    };
    for (site, place) in world.places.iter().enumerate() {
        for list in [&place.waiting, &place.ready, &place.empty_bags] {
            list.iter().for_each(|&thing| once(thing, Place::Site(site)));
        }
    }
    for (number, carrier) in world.carriers.iter().enumerate() {
        carrier.load.iter().for_each(|&thing| once(thing, Place::Carrier(number)));
    }
    for (number, thing) in world.truth.things.iter().enumerate() {
        thing.hold.contents.iter().for_each(|&inside| once(inside, Place::Bag(number)));
    }
    for (number, thing) in world.truth.things.iter().enumerate() {
        if matches!(thing.place, Place::Bag(_) | Place::Carrier(_)) {
            assert!(seen.contains(&number), "thing {number} says {:?}, which does not have it", thing.place);
        }
    }
}

#[test]
fn every_thing_is_at_exactly_one_place_at_any_instant() {
    for seed in 0..3 {
        let rates = Fault::all().fold(FaultRates::none(), |rates, fault| rates.with(fault, 0.03));
        let mut world = world(seed, rates);
        let end = world.end_of_day(DAYS);
        while world.now() < end {
            let step = world.between(HOUR / 10, 5 * HOUR);
            world.advance_to((world.now() + step).min(end));
            every_thing_is_at_one_place(&world);
        }
    }
}

#[test]
fn where_nothing_goes_wrong_every_movement_is_read_and_everybody_gets_an_answer() {
    let mut world = world(1, FaultRates::none());
    for day in 0..DAYS {
        world.day(day);
        for (number, thing) in world.truth.things.iter().enumerate() {
            let new = thing.place == Place::Nowhere;
            assert!(!new && thing.faults.is_empty(), "thing {number}");
            assert!(world.truth.is_read(number) || thing.last_read().is_none(), "day {day}: thing {number} {thing:?}");
            assert!(!matches!(world.truth.whereabouts(number), Place::Carrier(_)), "on the road at night: {thing:?}");
        }
    }
    let dossiers: Vec<_> = world.truth.things.iter().filter(|thing| thing.plan.is_dossier).collect();
    let with = |place: Place| dossiers.iter().filter(|thing| thing.place == place).count();
    assert!(dossiers.len() > 1_000 && dossiers.iter().all(|thing| thing.plan.registered || thing.movement() == 1));
    assert!(with(Place::Applicant) > 200, "{}", with(Place::Applicant));
    assert!(with(Place::Archive) > 200, "{}", with(Place::Archive));
    let bags: Vec<_> = world.truth.things.iter().filter(|thing| !thing.plan.is_dossier).collect();
    let trips: u32 = bags.iter().map(|bag| bag.movement() / 2).sum();
    assert!(
        trips > 5 * u32::try_from(bags.len()).unwrap(),
        "{trips} trips of {} bags: they are used again",
        bags.len()
    );
}

#[test]
fn where_nothing_goes_wrong_nobody_is_silent_past_a_limit() {
    let mut world = world(2, FaultRates::none());
    for day in 0..DAYS {
        world.day(day);
        let now = world.now();
        for number in 0..world.truth.things.len() {
            let due = world.truth.overdue_from(number, &world.map);
            assert!(due.is_none_or(|due| due > now), "day {day}: {:?}", world.truth.things[number]);
        }
    }
}

#[test]
fn mishaps_happen_about_as_often_as_asked() {
    let rates = Fault::all().fold(FaultRates::none(), |rates, fault| rates.with(fault, 0.05));
    let mut world = world(5, rates);
    world.day(DAYS);
    for fault in Fault::all() {
        let (occasions, times) = world.tally.of(fault);
        assert!(occasions > 30, "{fault}: only {occasions} occasions");
        let (occasions, times) = (occasions as f64, times as f64);
        let spread = (occasions * 0.05 * 0.95).sqrt();
        assert!((times - occasions * 0.05).abs() < 4.0 * spread + 1.0, "{fault}: {times} of {occasions}");
    }
    let touched = |fault| world.truth.things.iter().filter(|thing| thing.faults.contains(fault)).count();
    for fault in Fault::all() {
        assert!(touched(fault) > 0, "{fault} touched nothing");
    }
}

#[test]
fn sequences_rise_without_a_gap_and_clocks_go_forward_in_each_installation() {
    let mut uploads = played(11, 6);
    let mut scans = Vec::new();
    for timed in &mut uploads {
        if let Upload::Scans(batch) = &mut timed.upload
            && !batch.is_repeat
        {
            scans.append(&mut batch.scans);
        }
    }
    scans.sort_by_key(|scan| (scan.installation, scan.seq));
    for pair in scans.windows(2).filter(|pair| pair[0].installation == pair[1].installation) {
        assert_eq!(pair[0].seq + 1, pair[1].seq);
        assert!(pair[0].wall_ms < pair[1].wall_ms && pair[0].mono_ms < pair[1].mono_ms);
    }
    let ids: BTreeSet<_> = scans.iter().map(|scan| scan.scan_id).collect();
    assert_eq!(ids.len(), scans.len());
}
