//! Appends: the log, with ids looked up, versions checked and a decision made, beside the same table driven by hand.
use super::figures::{Board, closed_loop};
use super::{LOG_ALONE, Setting};
use domain::dossier::DossierFact;
use domain::event::{Event, Role, Source};
use domain::id::{ScanId, SubjectId};
use domain::scan::{DeviceStamp, Mode};
use domain::stream::{AnyEvent, AnyFact, StreamId};
use domain::time::Timestamp;
use eventstore::bare::{Bare, Line};
use eventstore::{Append, Clock, Db, Log, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Couriers at a time.
pub(super) const COURIERS: u64 = 64;
/// Events in a large message, and dossiers in one command.
const MANY: u64 = 200;

pub(super) const BY_HAND_1: &str = "by hand, 64 × 1";
pub(super) const BY_HAND_20: &str = "by hand, 64 × 20";
const BY_HAND_200: &str = "by hand, 1 × 200";

/// The log without anything that folds behind it, and its yardstick.
pub(super) struct Logs {
    log: Log,
    bare: Bare,
}

impl Logs {
    pub(super) async fn open(db: &Db) -> anyhow::Result<Self> {
        let (log, _ends_with_the_log) = Log::open(db.clone(), LOG_ALONE, Clock::System, None).await?;
        Ok(Self { log, bare: Bare::open(db.clone(), LOG_ALONE).await? })
    }
}

/// One round.
pub(super) async fn measure(setting: &Setting, logs: &Logs, board: &mut Board) -> anyhow::Result<()> {
    for (scenario, clients, size) in [(BY_HAND_1, COURIERS, 1), (BY_HAND_20, COURIERS, 20), (BY_HAND_200, 1, MANY)] {
        if !board.wants(scenario) {
            continue;
        }
        let bare = logs.bare.clone();
        let sample = closed_loop(clients, setting.time, move |_, _| by_hand(bare.clone(), size)).await?;
        board.add(scenario, None, sample);
    }
    let ways = [
        ("the log, 64 × 1", BY_HAND_1, COURIERS, 1, 1),
        ("the log, 64 × 20", BY_HAND_20, COURIERS, 20, 1),
        ("the log, 1 × 200", BY_HAND_200, 1, MANY, 1),
        ("the log, one command over 200 dossiers", BY_HAND_200, 1, 1, MANY),
    ];
    for (scenario, yardstick, clients, requests, dossiers) in ways {
        if !board.wants(scenario) {
            continue;
        }
        let log = logs.log.clone();
        let sample = closed_loop(clients, setting.time, move |_, _| append(log.clone(), requests, dossiers)).await?;
        board.add(scenario, Some(yardstick), sample);
    }
    Ok(())
}

async fn by_hand(bare: Bare, size: u64) -> anyhow::Result<u64> {
    let line = |_| {
        let (scan, stream) = (ScanId(in_order()), StreamId::Dossier(SubjectId(Uuid::new_v4())));
        Line::new((stream, 1), 0, hash(scan), sighting(scan, Timestamp(1_790_000_000_000)))
    };
    let lines = (0..size).map(line).collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(bare.append(lines).await, "the yardstick broke off");
    Ok(size)
}

async fn append(log: Log, requests: u64, dossiers: u64) -> anyhow::Result<u64> {
    let answers = log.append((0..requests).map(|_| request(dossiers)).collect()).await?;
    let receipts = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(receipts.iter().map(|receipt| receipt.events.len() as u64).sum())
}

/// Sightings of dossiers that nobody has seen before; refused if somebody has.
fn request(dossiers: u64) -> Append {
    let scan = ScanId(in_order());
    let reads: Vec<StreamId> = (0..dossiers).map(|_| StreamId::Dossier(SubjectId(Uuid::new_v4()))).collect();
    let written = reads.clone();
    let decide = move |streams: &eventstore::Streams, recorded_at| {
        let seen = written.iter().map(|&stream| streams.version(stream)).find(|&version| version != 0);
        match seen {
            Some(found) => Err(Refusal::VersionConflict { expected: 0, found }),
            None => Ok(written.iter().map(|&stream| (stream, sighting(scan, recorded_at))).collect()),
        }
    };
    Append { id: scan, content_hash: hash(scan), reads, decide: Arc::new(decide) }
}

/// An event as a courier's handheld makes it, with everything a source says.
fn sighting(scan: ScanId, recorded_at: Timestamp) -> AnyEvent {
    let stamp = DeviceStamp {
        device: "handheld-17".parse().expect("a device's id"),
        installation: domain::id::InstallationId(Uuid::from_u128(17)),
        seq: 4711,
        wall_ms: recorded_at,
        mono_ms: 86_400_000,
    };
    let source = Source {
        by: "courier-17".parse().expect("a person's id"),
        role: Role::Site,
        at: Some("441424-zx-shuizhai".parse().expect("a site's id")),
        stamp: Some(stamp),
        skew_ms: 0,
        mode: Some(Mode::Receive),
        action_by: None,
        bag: None,
        code: None,
        flags: Vec::new(),
        quarantined: false,
    };
    let fact = AnyFact::Dossier(DossierFact::Received(domain::custody::payload::Read::default()));
    Event { scan, occurred_at: recorded_at.plus(-1000), recorded_at, source, fact }
}

/// An id that lies after the ones before it, as handhelds make them (UUID v7).
pub(super) fn in_order() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(NEXT.fetch_add(1, Ordering::Relaxed), rand::random())
}

fn hash(scan: ScanId) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..16].copy_from_slice(scan.0.as_bytes());
    hash
}
