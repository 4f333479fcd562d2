//! `kill -9` under load: no acknowledged scan is lost, none is applied twice. And the controls, without which the first
//! proves nothing: with the flush taken away, the same harness must find losses.
use crate::engine::{Doomed, Fresh};
use domain::code::{Code, CodeKind};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;

const KILLS: u32 = 20;
/// A cut may fall on the moment after a flush, when even a careless log has nothing to lose; so the power is cut this often,
/// and a control ends with the first cut that lost something.
const CUTS: u32 = 4;
const COURIERS: usize = 8;
const BATCH: u64 = 20;

/// Whether an answer waits for the flush, as it should, or not, as a control.
#[derive(Clone, Copy)]
enum Flush {
    Kept,
    TakenAway,
}

impl Flush {
    fn environment(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Kept => Vec::new(),
            Self::TakenAway => vec![("LIUZHUAN_UNSAFE_SYNCHRONOUS", "1".to_owned())],
        }
    }
}

/// The executable as a user runs it, with a vault key of the tests' own.
pub fn program() -> Command {
    let mut command = Command::new(executable());
    command.env("LIUZHUAN_VAULT_KEY", format!("tests {}=", "A".repeat(43)));
    command
}

/// The executable, as a user runs it; `./check` builds it before the tests.
fn executable() -> PathBuf {
    let here = std::env::current_exe().expect("this test's path");
    let built = here.parent().and_then(Path::parent).expect("target/<profile>/deps").join("liuzhuan");
    assert!(built.exists(), "{} is missing: `cargo build` makes it; ./check does so first", built.display());
    built
}

/// A served process that can be killed.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    async fn start(database: &str, environment: &[(&str, String)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = program();
        command.args(["serve", "--database", database, "--log", "error", "--listen", &format!("127.0.0.1:{port}")]);
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = command.stdout(Stdio::null()).spawn().expect("it starts");
        let server = Self { child, url: format!("http://127.0.0.1:{port}") };
        for _ in 0..400 {
            if reqwest::get(format!("{}/readyz", server.url)).await.is_ok_and(|answer| answer.status().is_success()) {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not become ready");
    }

    /// See its `Drop`.
    fn kill(self) {}
}

/// SIGKILL: nothing is finished, nothing is said. Also when a test fails: no server outlives it.
impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

pub fn token(database: &str) -> String {
    let made = program()
        .args(["client", "add", "crash", "--scope", "scan,read,decide,set_up,feed,metrics", "--database", database])
        .output()
        .expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("text").trim().to_owned()
}

/// What couriers sent and what they were told, across all lives of the server.
#[derive(Default)]
struct Memory {
    acknowledged: Mutex<HashSet<Uuid>>,
    /// Sent, and no answer came.
    open: Mutex<Vec<Value>>,
    seq: AtomicU64,
}

impl Memory {
    fn scans(&self, courier: usize) -> Vec<Value> {
        let scan = |_| {
            let seq = self.seq.fetch_add(1, Ordering::SeqCst) + 1;
            let label = labels::code::print(Code::new(CodeKind::Dossier, seq % 500));
            json!({
                "scan_id": Uuid::new_v4(), "code": label, "mode": "receive", "actor": format!("c{courier}"),
                "device": format!("h{courier}"), "installation": Uuid::from_u128(courier as u128 + 1), "seq": seq,
                "wall_ms": 1_790_000_000_000_u64 + seq, "mono_ms": seq, "action": "collected",
            })
        };
        (0..BATCH).map(scan).collect()
    }

    /// Sends scans; remembers what was acknowledged, or that no answer came.
    async fn send(&self, client: &reqwest::Client, url: &str, token: &str, scans: Vec<Value>) -> bool {
        let body = json!({ "sent_at": 1_790_000_000_000_u64, "scans": scans });
        let sent = client.post(format!("{url}/api/v1/scans")).bearer_auth(token).json(&body).send().await;
        let answer: Option<Value> = match sent {
            Ok(answer) if answer.status().is_success() => answer.json().await.ok(),
            _ => None,
        };
        let Some(answer) = answer else {
            self.open.lock().await.extend(scans);
            return false;
        };
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let safe = results.iter().filter(|result| result["status"] != "refused");
        let ids = safe.filter_map(|result| result["scan_id"].as_str()?.parse::<Uuid>().ok());
        self.acknowledged.lock().await.extend(ids);
        true
    }
}

/// Couriers upload until the server dies.
async fn load(memory: &Arc<Memory>, url: &str, token: &str) -> Vec<tokio::task::JoinHandle<()>> {
    let courier = |number: usize| {
        let (memory, url, token) = (memory.clone(), url.to_owned(), token.to_owned());
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            while memory.send(&client, &url, &token, memory.scans(number)).await {}
        })
    };
    (0..COURIERS).map(courier).collect()
}

/// Waits until so many scans were acknowledged, and then a little, each time longer.
async fn until_acknowledged(memory: &Memory, scans: usize, cut: u32) {
    while memory.acknowledged.lock().await.len() < scans {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(u64::from(cut) * 53)).await;
}

/// Every event of the log: how often each scan id occurs. Positions must be dense.
async fn recorded(url: &str, token: &str) -> HashMap<Uuid, u32> {
    let client = reqwest::Client::new();
    let (mut counts, mut after) = (HashMap::new(), 0_i64);
    loop {
        let page =
            client.request(Method::GET, format!("{url}/api/v1/events?after={after}&limit=1000")).bearer_auth(token);
        let page: Value = page.send().await.expect("an answer").json().await.expect("a feed");
        let events = page["events"].as_array().expect("events");
        for event in events {
            after += 1;
            assert_eq!(event["position"], json!(after), "positions are dense");
            let id: Uuid = event["scan_id"].as_str().expect("an id").parse().expect("a UUID");
            *counts.entry(id).or_default() += 1;
        }
        if events.is_empty() {
            return counts;
        }
    }
}

/// Kills under load, over and over; afterwards every acknowledged scan is there once, and what was sent again too.
async fn killed_under_load(database: &str) {
    let token = token(database);
    let memory = Arc::new(Memory::default());
    for round in 0..KILLS {
        let server = Server::start(database, &[]).await;
        let client = reqwest::Client::new();
        let again: Vec<Value> = std::mem::take(&mut *memory.open.lock().await);
        for scans in again.chunks(500) {
            assert!(
                memory.send(&client, &server.url, &token, scans.to_vec()).await,
                "what had no answer is sent again"
            );
        }
        let couriers = load(&memory, &server.url, &token).await;
        tokio::time::sleep(Duration::from_millis(60 + u64::from(round * 37 % 200))).await;
        server.kill();
        for courier in couriers {
            courier.await.expect("a courier's loop");
        }
    }
    let server = Server::start(database, &[]).await;
    let counts = recorded(&server.url, &token).await;
    let acknowledged = memory.acknowledged.lock().await;
    let lost = acknowledged.iter().filter(|id| !counts.contains_key(id)).count();
    let twice = counts.values().filter(|count| **count > 1).count();
    assert!(acknowledged.len() > 1000, "there was load: {}", acknowledged.len());
    assert_eq!((lost, twice), (0, 0), "of {} acknowledged scans", acknowledged.len());
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_scan_is_lost_when_the_server_is_killed_on_sqlite() {
    killed_under_load(&Fresh::sqlite().url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_scan_is_lost_when_the_server_is_killed_on_postgres() {
    killed_under_load(&Fresh::postgres().await.url).await;
}

/// Loads a SQLite server that runs on a disk that forgets, cuts the power, and counts the acknowledged scans that are gone.
async fn lost_at_power_failure(flush: Flush, cut: u32) -> (usize, usize) {
    let folder = TempDir::new().expect("a temporary folder");
    let (disk, copy) = (folder.path().join("disk"), folder.path().join("copy"));
    std::fs::create_dir_all(&disk).expect("a folder");
    std::fs::create_dir_all(&copy).expect("a folder");
    let recorder = folder.path().join("recorder.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("powerloss/recorder.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&recorder).arg(source).arg("-ldl").status();
    assert!(built.expect("cc runs").success(), "the recorder compiles");
    let database = disk.join("log.db").display().to_string();
    let mut environment = vec![
        ("LD_PRELOAD", recorder.display().to_string()),
        ("RECORDER_DIR", disk.display().to_string()),
        ("RECORDER_COPY", copy.display().to_string()),
    ];
    environment.extend(flush.environment());
    // From the first byte on: the copy must hold the whole file.
    let server = Server::start(&database, &environment).await;
    let token = token_by_hand(&database, &environment);
    let memory = Arc::new(Memory::default());
    let couriers = load(&memory, &server.url, &token).await;
    until_acknowledged(&memory, 300, cut).await;
    server.kill();
    for courier in couriers {
        courier.await.expect("a courier's loop");
    }
    let after = copy.join("log.db").display().to_string();
    let server = Server::start(&after, &[]).await;
    let token = self::token(&after);
    let counts = recorded(&server.url, &token).await;
    server.kill();
    let acknowledged = memory.acknowledged.lock().await;
    (acknowledged.iter().filter(|id| !counts.contains_key(id)).count(), acknowledged.len())
}

/// Makes a token through a process that is recorded too.
fn token_by_hand(database: &str, environment: &[(&str, String)]) -> String {
    let mut command = program();
    command
        .args(["client", "add", "crash", "--scope", "scan,read,decide,set_up,feed,metrics", "--database", database])
        .envs(environment.iter().map(|(k, v)| (*k, v)));
    let made = command.output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("text").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_failure_loses_no_acknowledged_scan_on_sqlite() {
    for cut in 0..CUTS {
        let (lost, of) = lost_at_power_failure(Flush::Kept, cut).await;
        assert_eq!(lost, 0, "of {of} acknowledged scans, at cut {cut}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_without_the_flush_a_power_failure_loses_scans_on_sqlite() {
    for cut in 0..CUTS {
        if lost_at_power_failure(Flush::TakenAway, cut).await.0 > 0 {
            return;
        }
    }
    panic!("the harness must see losses when commits are not flushed");
}

/// Loads a server on a cluster of its own, kills every process of the cluster, and counts what is gone.
async fn lost_when_postgres_is_killed(flush: Flush, cut: u32) -> (usize, usize) {
    let mut cluster = Doomed::start();
    let database = cluster.url();
    hold_the_wal_writer(&database).await;
    let server = Server::start(&database, &flush.environment()).await;
    let token = token(&database);
    let memory = Arc::new(Memory::default());
    let couriers = load(&memory, &server.url, &token).await;
    until_acknowledged(&memory, 300, cut).await;
    cluster.kill_all();
    server.kill();
    for courier in couriers {
        courier.await.expect("a courier's loop");
    }
    cluster.start_again();
    let database = cluster.url();
    let server = Server::start(&database, &[]).await;
    let token = self::token(&database);
    let counts = recorded(&server.url, &token).await;
    server.kill();
    let acknowledged = memory.acknowledged.lock().await;
    (acknowledged.iter().filter(|id| !counts.contains_key(id)).count(), acknowledged.len())
}

/// Holds the WAL writer still, as a busy machine may. It writes behind commits that were answered early, so that mostly nothing
/// is left to lose; a commit that waits for its flush does not wait for it.
async fn hold_the_wal_writer(database: &str) {
    use sqlx::Connection;
    let mut admin = sqlx::PgConnection::connect(database).await.expect("the cluster answers");
    let writer = "select pid from pg_stat_activity where backend_type = 'walwriter'";
    let writer: i32 = sqlx::query_scalar(writer).fetch_one(&mut admin).await.expect("the WAL writer runs");
    admin.close().await.expect("it closes");
    let held = Command::new("kill").args(["-STOP", &writer.to_string()]).status().expect("kill runs");
    assert!(held.success(), "kill -STOP {writer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_scan_is_lost_when_postgres_is_killed() {
    for cut in 0..CUTS {
        let (lost, of) = lost_when_postgres_is_killed(Flush::Kept, cut).await;
        assert_eq!(lost, 0, "of {of} acknowledged scans, at cut {cut}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_without_waiting_for_the_flush_a_killed_postgres_loses_scans() {
    for cut in 0..CUTS {
        if lost_when_postgres_is_killed(Flush::TakenAway, cut).await.0 > 0 {
            return;
        }
    }
    panic!("the harness must see losses when commits are not flushed");
}
