//! A copy taken under load, restored elsewhere: the same events, a new epoch, and handhelds that send again bring back what
//! the copy had not, each scan once. And what `verify` must notice.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use eventstore::backup::{BackupError, backup, restore};
use eventstore::{Log, StoredEvent, examine, sql};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;

on_both_engines!(
    a_copy_taken_under_load_is_the_log_of_one_moment,
    what_the_copy_had_not_is_sent_again_and_comes_once,
    nothing_is_overwritten_and_no_rubbish_is_restored,
    a_damaged_log_is_noticed,
    read_models_whose_building_was_cut_short_are_built_at_the_next_start,
);

const COUNTY: Region = Region(441_424);
const COURIERS: u64 = 4;

/// Handhelds that remember what they sent, as handhelds do for 14 days.
#[derive(Default)]
struct Handhelds {
    sent: Mutex<Vec<Value>>,
    acknowledged: AtomicU64,
    enough: AtomicBool,
}

impl Handhelds {
    async fn scan_until_enough(self: Arc<Self>, office: Arc<Office>, courier: u64) {
        let mut seq = 0;
        while !self.enough.load(Ordering::SeqCst) {
            let scan = |_| {
                seq += 1;
                let label = labels::code::print(Code::new(CodeKind::Dossier, courier * 1000 + seq % 40));
                json!({
                    "scan_id": Uuid::new_v4(), "code": label, "mode": "receive", "actor": "li", "device": "desk",
                    "installation": Uuid::from_u128(u128::from(courier) + 1), "seq": seq,
                    "wall_ms": MORNING.0 - 600_000 + seq as i64, "mono_ms": seq, "action": "received",
                })
            };
            let scans: Vec<Value> = (0..10).map(scan).collect();
            self.sent.lock().await.extend(scans.iter().cloned());
            office.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await;
            self.acknowledged.fetch_add(10, Ordering::SeqCst);
        }
    }

    async fn until(&self, acknowledged: u64) {
        while self.acknowledged.load(Ordering::SeqCst) < acknowledged {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// A county before its disk failed, the copy, and the county begun again from it.
struct Restored {
    before: Arc<Office>,
    handhelds: Arc<Handhelds>,
    epoch: i64,
    again: Fresh,
    _folder: TempDir,
}

impl Restored {
    async fn under_load(fresh: &Fresh) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let copy = folder.path().join("copy");
        let office = Arc::new(Office::open(&fresh.url, COUNTY, MORNING).await);
        let handhelds = Arc::new(Handhelds::default());
        let couriers: Vec<_> =
            (0..COURIERS).map(|it| tokio::spawn(handhelds.clone().scan_until_enough(office.clone(), it))).collect();
        handhelds.until(200).await;
        backup(&fresh.url, &copy).await?;
        let then = handhelds.acknowledged.load(Ordering::SeqCst);
        handhelds.until(then + 200).await;
        handhelds.enough.store(true, Ordering::SeqCst);
        for courier in couriers {
            courier.await?;
        }
        let again = fresh.another().await;
        let epoch = restore(&copy, &again.url, MORNING).await?;
        Ok(Self { before: office, handhelds, epoch, again, _folder: folder })
    }

    async fn close(self) {
        Arc::into_inner(self.before).expect("nobody else holds it").close().await;
    }
}

async fn all(log: &Log) -> anyhow::Result<Vec<StoredEvent>> {
    Ok(log.after(0, 1_000_000).await?)
}

async fn a_copy_taken_under_load_is_the_log_of_one_moment(fresh: Fresh) -> anyhow::Result<()> {
    let restored = Restored::under_load(&fresh).await?;
    let after = Office::open(&restored.again.url, COUNTY, MORNING).await;
    let (then, now) = (all(after.app.log()).await?, all(restored.before.app.log()).await?);
    assert!(then.len() >= 200 && then.len() < now.len(), "{} of {}", then.len(), now.len());
    assert_eq!(then, now[..then.len()], "event by event");
    assert_eq!(examine(after.app.log()).await?, (then.len() as i64, Vec::new()));
    assert_eq!(projections::rebuild::differences(&after.app.surroundings()).await?, []);
    let sites = |office: &Office| office.known().sites.len();
    assert_eq!(sites(&after), sites(&restored.before), "the registers came with it");
    after.close().await;
    restored.close().await;
    Ok(())
}

async fn what_the_copy_had_not_is_sent_again_and_comes_once(fresh: Fresh) -> anyhow::Result<()> {
    let restored = Restored::under_load(&fresh).await?;
    let after = Office::open(&restored.again.url, COUNTY, MORNING).await;
    let kept = all(after.app.log()).await?.len();
    let before = restored.before.app.log().head_row().await?.epoch;
    let sent = restored.handhelds.sent.lock().await.clone();
    let mut statuses: HashMap<String, usize> = HashMap::new();
    for scans in sent.chunks(100) {
        let answer = after.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await;
        assert_eq!(answer["epoch"], json!(restored.epoch), "each answer says which life it is");
        assert_ne!(answer["epoch"], json!(before));
        for result in answer["results"].as_array().expect("results") {
            *statuses.entry(result["status"].as_str().expect("a status").to_owned()).or_default() += 1;
        }
    }
    assert_eq!(statuses["duplicate"], kept, "{statuses:?}");
    let events = all(after.app.log()).await?;
    let ids: HashSet<Uuid> = events.iter().map(|event| event.scan_id).collect();
    assert_eq!((events.len(), ids.len()), (sent.len(), sent.len()), "each once: {statuses:?}");
    after.close().await;
    restored.close().await;
    Ok(())
}

async fn nothing_is_overwritten_and_no_rubbish_is_restored(fresh: Fresh) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (copy, rubbish) = (folder.path().join("copy"), folder.path().join("rubbish"));
    Office::open(&fresh.url, COUNTY, MORNING).await.close().await;
    backup(&fresh.url, &copy).await?;
    assert!(matches!(backup(&fresh.url, &copy).await, Err(BackupError::Exists(_))));
    let into_itself = restore(&copy, &fresh.url, MORNING).await;
    assert!(matches!(into_itself, Err(BackupError::Exists(_) | BackupError::NotEmpty(_))), "{into_itself:?}");
    std::fs::write(&rubbish, "a photograph of a cat")?;
    let another = fresh.another().await;
    let photographed = restore(&rubbish, &another.url, MORNING).await;
    assert!(matches!(photographed, Err(BackupError::NotACopy(_))), "{photographed:?}");
    // Half a copy, as a full disk leaves it.
    let bytes = std::fs::read(&copy)?;
    std::fs::write(&rubbish, &bytes[..bytes.len() / 2])?;
    let half = restore(&rubbish, &another.url, MORNING).await;
    assert!(matches!(half, Err(BackupError::Damaged { .. } | BackupError::Tool { .. })), "{half:?}");
    let first = restore(&copy, &another.url, MORNING).await?;
    let second = restore(&copy, &fresh.another().await.url, MORNING.plus(60_000)).await?;
    assert!(first < second, "another restored copy is another life");
    let names: Vec<_> = std::fs::read_dir(folder.path())?.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "nothing half is left: {names:?}");
    Ok(())
}

async fn a_damaged_log_is_noticed(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let label = labels::code::print(Code::new(CodeKind::Dossier, 7));
    let scan = |seq: u64| {
        json!({
            "scan_id": Uuid::new_v4(), "code": label, "mode": "receive", "actor": "li", "device": "desk",
            "installation": Uuid::from_u128(1), "seq": seq, "wall_ms": MORNING.0, "mono_ms": seq, "action": "received",
        })
    };
    let scans: Vec<Value> = (1..=5).map(scan).collect();
    office.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await;
    assert_eq!(examine(office.app.log()).await?, (5, Vec::new()));
    let damages = [
        ("update events set body = '{' where position = 2", "event 2: "),
        ("delete from events where position = 3", "event 4 follows event 2"),
        ("update heads set position = 4", "the head says 4, but events follow it"),
        ("update events set recorded_at = 1 where position = 2", "event 2 was recorded before the one it follows"),
    ];
    for (damage, said) in damages {
        let mut tx = office.app.db().begin().await?;
        sql!(tx.conn(), c => sqlx::query(damage).execute(c).await.map(|_| ()))?;
        tx.commit().await?;
        let (_, faults) = examine(office.app.log()).await?;
        assert!(faults.iter().any(|fault| fault.starts_with(said)), "{damage}: {faults:?}");
    }
    let (_, faults) = examine(office.app.log()).await?;
    assert!(faults.contains(&"1 streams whose versions are not 1, 2, 3 …".to_owned()), "{faults:?}");
    office.close().await;
    Ok(())
}

/// As a new version leaves them when it is killed between making its tables and filling them.
async fn read_models_whose_building_was_cut_short_are_built_at_the_next_start(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let code = Code::new(CodeKind::Dossier, 7);
    office.mint(&[code]).await;
    let label = labels::code::print(code);
    let register = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": label, "dossier_no": "441424-7", "kind": "result",
        "home": "t02", "at": "t02" });
    office.post("/api/v1/dossiers", &register).await;
    office.settled().await;
    let mut tx = office.app.db().begin().await?;
    for text in ["delete from custody_dossier", "delete from checkpoints where name = 'custody'"] {
        sql!(tx.conn(), c => sqlx::query(text).execute(c).await.map(|_| ()))?;
    }
    tx.commit().await?;
    office.close().await;
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let found = office.get(&format!("/api/v1/dossiers/{label}")).await;
    assert_eq!(found["dossier_no"], "441424-7", "{found}");
    // `liuzhuan rebuild` after an update: what opening built is not built a second time.
    let build = async || -> anyhow::Result<i64> {
        let text = "select build from read_models where name = 'custody'";
        Ok(sql!(office.app.db().read(), c => sqlx::query_scalar::<_, i64>(text).fetch_one(c).await)?)
    };
    let built = build().await?;
    assert_eq!(office.app.build_anew().await?, office.app.log().head_row().await?.position);
    assert_eq!(build().await?, built);
    office.close().await;
    Ok(())
}
