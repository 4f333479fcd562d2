//! The order of arrival does not matter: the same scans, uploaded through the scan door in two orders, splits and
//! repetitions, give the same holders, stays, exceptions and trails; and each dossier is somewhere exactly once.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use domain::code::{Code, CodeKind};
use domain::exception::Limits;
use domain::id::Region;
use domain::stay::{Bags, Container};
use domain::stream::StreamId;
use domain::tale::{Context, of_bag_history, of_dossier_history};
use domain::trail::trail;
use eventstore::State as StreamState;
use projections::story::Thing;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use simulation::generate::{SmallCounty, histories};
use simulation::wire::WireScan;
use std::collections::{BTreeMap, HashMap};

const HISTORIES: usize = 10_000;
const SEED: u64 = 20_261_124;
/// Ten days after the first scan: nothing lies in the future.
const UPLOADED_AT: i64 = 10 * 86_400_000;
const COURIERS: [&str; 2] = ["carla", "chen"];
const SITES: [&str; 5] = ["hub", "t01", "t02", "wjj", "t01-s01"];

/// One history has labels of its own.
struct Story {
    county: SmallCounty,
    codes: Vec<Code>,
    scans: Vec<WireScan>,
}

fn stories() -> Vec<Story> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    (0..HISTORIES as u64)
        .map(|number| {
            let mut draw = |kind| labels::code::draw(kind, &mut rng);
            let dossiers: Vec<Code> = (0..3).map(|_| draw(CodeKind::Dossier)).collect();
            let bags: Vec<Code> = (0..3).map(|_| draw(CodeKind::Bag)).collect();
            let print = |codes: &[Code]| codes.iter().copied().map(labels::code::print).collect();
            let county = SmallCounty {
                sites: SITES.map(|site| site.parse().unwrap()).to_vec(),
                dossiers: print(&dossiers),
                bags: print(&bags),
                site_devices: SITES
                    .map(|site| (site.parse().unwrap(), format!("desk.{site}").parse().unwrap()))
                    .to_vec(),
                couriers: COURIERS.map(|c| (c.parse().unwrap(), format!("handheld.{c}").parse().unwrap())).to_vec(),
                start_ms: MORNING.0,
            };
            let scans = histories(SEED ^ number, 1, &county).pop().unwrap();
            Story { codes: dossiers.into_iter().chain(bags).collect(), county, scans }
        })
        .collect()
}

async fn open(database: &str, stories: &[Story]) -> Office {
    let office = Office::open(database, Region(441_424), domain::time::Timestamp(MORNING.0 + UPLOADED_AT)).await;
    for site in SITES {
        office.enrol(&format!("desk.{site}"), "site", site).await;
    }
    for courier in COURIERS {
        office.enrol(&format!("handheld.{courier}"), "courier", courier).await;
    }
    let codes: Vec<Code> = stories.iter().flat_map(|story| story.codes.iter().copied()).collect();
    office.mint(&codes).await;
    office
}

/// Uploads batches; everything must be recorded or a duplicate. Registers each dossier somewhere in between.
async fn upload(office: &Office, batches: &[Vec<&WireScan>]) {
    for (number, batch) in batches.iter().enumerate() {
        let body = json!({ "sent_at": MORNING.0 + UPLOADED_AT, "scans": batch });
        let answer = office.post("/api/v1/scans", &body).await;
        for result in answer["results"].as_array().unwrap() {
            assert!(["recorded", "duplicate"].contains(&result["status"].as_str().unwrap()), "{result}");
        }
        if number % (batches.len() / 5).max(1) == 0 {
            each_dossier_is_somewhere_once(office).await;
        }
    }
}

/// Registrations with ids and times of their own, so that both logs hold the same.
async fn register(office: &Office, stories: &[Story]) {
    for (number, story) in stories.iter().enumerate().filter(|(number, _)| number % 20 == 0) {
        for (which, code) in story.county.dossiers.iter().enumerate() {
            let id = uuid::Uuid::from_u128((number as u128) << 64 | (which as u128 + 1));
            let body = json!({
                "request_id": id, "code": code, "dossier_no": format!("{number}-{which}"), "destination": "wjj",
                "home": "t01", "by": "clerk", "occurred_at": MORNING.0 + which as i64,
            });
            office.post("/api/v1/dossiers", &body).await;
        }
    }
}

async fn each_dossier_is_somewhere_once(office: &Office) {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut lists: Vec<String> = Vec::new();
    for site in SITES {
        lists.extend(["in_hand", "to_send", "on_shelf"].map(|queue| format!("/api/v1/sites/{site}/queues/{queue}")));
    }
    // A clerk whose desk says `collected` carries it, like a courier.
    let carriers = COURIERS.into_iter().chain(["clerk.0"]);
    lists.extend(carriers.map(|courier| format!("/api/v1/couriers/{courier}/load")));
    lists.extend(["leg", "post", "applicant", "archive", "unknown"].map(|kind| format!("/api/v1/holders/{kind}")));
    for list in lists {
        for item in office.all(&list).await {
            places.entry(item["subject"].as_str().unwrap().to_owned()).or_default().push(list.clone());
        }
    }
    let all = office.all("/api/v1/dossiers").await;
    for dossier in &all {
        let found = places.remove(dossier["subject"].as_str().unwrap()).unwrap_or_default();
        assert_eq!(found.len(), 1, "{dossier} is listed in {found:?}");
    }
    assert!(places.is_empty(), "listed but unknown: {places:?}");
}

/// Everything the system says, without the positions, which differ with the order of arrival.
async fn account(office: &Office, stories: &[Story]) -> BTreeMap<String, String> {
    office.settled().await;
    let mut account = BTreeMap::new();
    let lists = ["/api/v1/dossiers", "/api/v1/bags", "/api/v1/exceptions?open=false"];
    for list in lists {
        for mut item in office.all(list).await {
            item.as_object_mut().unwrap().remove("position");
            let key = format!("{list} {} {} {}", item["subject"], item["kind"], item["anchor"]);
            assert!(account.insert(key, item.to_string()).is_none());
        }
    }
    account.extend(trails(office).await);
    // The door tells the same stories as the fold; asked for some of them.
    for code in stories.iter().step_by(100).flat_map(|story| &story.codes) {
        let is_bag = code.kind() == CodeKind::Bag;
        let thing = if is_bag { Thing::Bag(code.subject()) } else { Thing::Dossier(code.subject()) };
        let Ok(told) = api::v1::dossiers::tell(&office.app, thing, Default::default()).await else { continue };
        let lines = serde_json::to_string(&told.lines).unwrap();
        assert_eq!(account.get(&format!("trail {}", thing.id())), Some(&lines));
    }
    account
}

/// Every trail, folded from one reading of the whole log.
async fn trails(office: &Office) -> BTreeMap<String, String> {
    let mut streams: HashMap<StreamId, StreamState> = HashMap::new();
    let mut position = 0;
    loop {
        let page = office.app.log().after(position, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        position = last.position;
        for row in &page {
            let (stream, event) = row.decode().unwrap();
            streams.entry(stream).or_insert_with(|| StreamState::empty(stream)).insert(event);
        }
    }
    let mut histories = HashMap::new();
    let mut bags = Bags::default();
    for (stream, state) in &streams {
        if let (StreamId::Bag(id), StreamState::Bag(history)) = (stream, state) {
            bags.insert(*id, Container::of(history));
            histories.insert(*id, history.clone());
        }
    }
    let known = office.known();
    let limits = Limits::default();
    let context = Context { networks: &known.networks, bags: &bags, limits: &limits, label_known: true };
    let mut trails = BTreeMap::new();
    for (stream, state) in &streams {
        let lines = match (stream, state) {
            (StreamId::Dossier(id), StreamState::Dossier(history)) => {
                let tale = of_dossier_history(*id, history, &context);
                trail(history, &tale.steps, &history.told(), &histories, &known.networks, &bags)
            }
            (StreamId::Bag(id), StreamState::Bag(history)) => {
                let tale = of_bag_history(*id, history, &context);
                trail(history, &tale.steps, &history.told(), &histories, &known.networks, &bags)
            }
            _ => continue,
        };
        trails.insert(format!("trail {}", stream.uuid()), serde_json::to_string(&lines).unwrap());
    }
    trails
}

/// Uploads in two orders to two logs on one engine.
async fn any_order_split_and_repetition_gives_the_same_account(one: Fresh) -> anyhow::Result<()> {
    let other = if one.url.starts_with("postgres") { Fresh::postgres().await } else { Fresh::sqlite() };
    let stories = stories();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + 1);
    let in_order: Vec<&WireScan> = stories.iter().flat_map(|story| &story.scans).collect();
    let mut shuffled = in_order.clone();
    // Some again, as a device does that missed the answer.
    let again: Vec<&WireScan> = in_order.iter().copied().filter(|_| rng.random_bool(0.1)).collect();
    shuffled.extend(again);
    shuffled.shuffle(&mut rng);
    let mut split = Vec::new();
    while !shuffled.is_empty() {
        let size = rng.random_range(1..=500).min(shuffled.len());
        split.push(shuffled.split_off(shuffled.len() - size));
    }
    let first = open(&one.url, &stories).await;
    register(&first, &stories).await;
    upload(&first, &in_order.chunks(500).map(<[_]>::to_vec).collect::<Vec<_>>()).await;
    let second = open(&other.url, &stories).await;
    upload(&second, &split).await;
    register(&second, &stories).await;
    each_dossier_is_somewhere_once(&second).await;
    let (a, b) = (account(&first, &stories).await, account(&second, &stories).await);
    let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| -> Vec<String> {
        a.keys().filter(|key| !b.contains_key(*key)).take(5).cloned().collect()
    };
    assert_eq!((only(&a, &b), only(&b, &a)), (Vec::new(), Vec::new()), "seed {SEED}");
    for (key, said) in &a {
        assert_eq!(Some(said), b.get(key), "seed {SEED}: {key}");
    }
    for office in [&first, &second] {
        let differences = projections::rebuild::differences(&office.app.surroundings()).await.unwrap();
        assert_eq!(differences, [], "live and rebuilt read models");
    }
    first.close().await;
    second.close().await;
    Ok(())
}

on_both_engines!(any_order_split_and_repetition_gives_the_same_account);
