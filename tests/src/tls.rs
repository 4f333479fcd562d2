//! TLS as a user meets it: the executable makes an authority and serves with it. Who trusts the authority is served, under the
//! right name; nothing goes out in the clear by mistake; renewing needs no restart, and stopping loses nothing.
use crate::crash::{program, token};
use crate::engine::{Fresh, on_both_engines};
use crate::tls_client::{Line, Phone};
use api::tls::authority::{authority, server_certificate};
use api::tls::host::Host;
use domain::code::{Code, CodeKind};
use domain::time::Timestamp;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;
use uuid::Uuid;

on_both_engines!(stopping_under_tls_loses_nothing);

const NAME: &str = "lz.example.gov.cn";
const BOTH: [&str; 2] = ["h2", "http/1.1"];

/// A folder with a county's authority, its server's certificate, and a database.
struct Hall {
    folder: TempDir,
    database: String,
}

impl Hall {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let database = folder.path().join("log.db").display().to_string();
        let hall = Self { folder, database };
        let made = hall.run(&["tls", "init", "--host", NAME, "--host", "127.0.0.1", "--dir", &hall.at("tls")]);
        assert!(made.0, "{}", made.1);
        hall
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("it is there")
    }

    /// Runs a command to its end; whether it went well, and all it said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let ended = program().args(arguments).args(["--log", "error"]).output().expect("it runs");
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.success(), String::from_utf8(said).expect("text"))
    }

    fn renew(&self) {
        let renewed = self.run(&["tls", "renew", "--dir", &self.at("tls")]);
        assert!(renewed.0, "{}", renewed.1);
    }

    fn phone(&self, protocols: &[&str]) -> Phone {
        Phone::trusting(&self.text("tls/authority.crt"), protocols)
    }

    async fn serve(&self) -> Serving {
        let (certificate, key, ca) =
            (self.at("tls/server.crt"), self.at("tls/server.key"), self.at("tls/authority.crt"));
        let serving = Serving::start(&self.database, &["--tls-cert", &certificate, "--tls-key", &key, "--tls-ca", &ca]);
        for _ in 0..400 {
            if self.phone(&BOTH).call(serving.port, NAME).await.is_ok() {
                return serving;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not become ready");
    }

    /// What `serve` says when it does not serve.
    fn refusal(&self, arguments: &[&str]) -> String {
        let serve = ["serve", "--database", &self.database, "--listen", "127.0.0.1:0"];
        let (served, said) = self.run(&[&serve, arguments].concat());
        assert!(!served, "{arguments:?} must not be served");
        assert!(!said.contains("-----BEGIN"), "no key is shown: {said}");
        said
    }
}

/// The executable, serving; it ends with this.
struct Serving {
    child: Child,
    port: u16,
}

impl Serving {
    fn start(database: &str, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = program();
        command.args(["serve", "--database", database, "--log", "off", "--listen", &format!("127.0.0.1:{port}")]);
        let child = command.args(arguments).stdout(Stdio::null()).spawn().expect("it starts");
        Self { child, port }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for its own end, which must be a good one.
    async fn ended(&mut self) {
        for _ in 0..400 {
            if let Some(status) = self.child.try_wait().expect("a child") {
                assert!(status.success(), "{status}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not end");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        self.child.wait().expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_trusts_the_authority_is_served_and_speaks_http_2() {
    let hall = Hall::new();
    let serving = hall.serve().await;
    for (offered, protocol) in [(&BOTH[..], "h2"), (&BOTH[1..], "http/1.1"), (&[], "")] {
        for name in [NAME, "127.0.0.1"] {
            let mut line = hall.phone(offered).call(serving.port, name).await.expect("a handshake");
            assert_eq!(line.protocol, protocol);
            let (status, headers, body) = line.get("/healthz").await;
            assert_eq!((status, body.as_str()), (200, "ok\n"));
            assert_eq!(headers["strict-transport-security"], "max-age=31536000");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_an_authority_unknown_to_the_phone_are_refused() {
    let hall = Hall::new();
    let serving = hall.serve().await;
    let refusal = |answer: std::io::Result<Line>| answer.err().expect("it is refused").to_string();
    let wrong_name = refusal(hall.phone(&BOTH).call(serving.port, "bank.example.cn").await);
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    let stranger = Phone::trusting(&Hall::new().text("tls/authority.crt"), &BOTH);
    let unknown = refusal(stranger.call(serving.port, NAME).await);
    // Both authorities bear the same name, so that the stranger's is tried before it is found to be another.
    assert!(["UnknownIssuer", "BadSignature"].iter().any(|why| unknown.contains(why)), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_fetch_the_authority_before_they_trust_it() {
    let hall = Hall::new();
    let serving = hall.serve().await;
    let mut line = hall.phone(&BOTH).call(serving.port, NAME).await.unwrap();
    let (status, headers, body) = line.get("/ca.crt").await;
    assert_eq!((status, body), (200, hall.text("tls/authority.crt")));
    assert_eq!(headers["content-type"], "application/x-x509-ca-cert");
    let plain = Serving::start(&hall.at("other.db"), &["--tls-ca", &hall.at("tls/authority.crt")]);
    let answer = get_plainly(plain.port, "/ca.crt").await;
    assert_eq!(answer.text().await.unwrap(), hall.text("tls/authority.crt"));
    let key = hall.refusal(&["--tls-ca", &hall.at("tls/authority.key")]);
    assert!(key.contains("handed to everybody"), "{key}");
}

async fn get_plainly(port: u16, path: &str) -> reqwest::Response {
    for _ in 0..400 {
        if let Ok(answer) = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server did not become ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_in_the_clear_where_others_listen() {
    let hall = Hall::new();
    let (served, said) = hall.run(&["serve", "--database", &hall.database, "--listen", "0.0.0.0:0"]);
    assert!(!served && said.contains("liuzhuan tls init") && said.lines().count() == 1, "{said}");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let behind = Serving::start(&hall.database, &["--behind-proxy"]);
    assert!(get_plainly(behind.port, "/healthz").await.headers().get("strict-transport-security").is_none());
    let forwarded = reqwest::Client::new().get(format!("http://127.0.0.1:{}/healthz", behind.port));
    let forwarded = forwarded.header("x-forwarded-proto", "https").send().await.unwrap();
    assert!(forwarded.headers().contains_key("strict-transport-security"), "the proxy's word counts");
    drop(behind);
    let everywhere = format!("0.0.0.0:{port}");
    let mut child = program()
        .args(["serve", "--database", &hall.database, "--log", "off", "--listen", &everywhere, "--behind-proxy"])
        .spawn()
        .expect("it starts");
    let answer = get_plainly(port, "/healthz").await.status();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert_eq!(answer, 200);
}

#[test]
fn files_that_hold_no_good_certificate_are_named_in_one_sentence() {
    let hall = Hall::new();
    let (certificate, key) = (hall.at("tls/server.crt"), hall.at("tls/server.key"));
    let garbage = hall.at("garbage");
    fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n").unwrap();
    let hosts: Vec<Host> = vec!["127.0.0.1".parse().unwrap()];
    // 2024-11-05: of an authority that lasts, a certificate that has ended.
    let then = Timestamp(1_730_764_800_000);
    let old = authority("old", &hosts, then).unwrap();
    let ended = server_certificate(&old.certificate, &old.key, &hosts, then).unwrap();
    let (ended_certificate, ended_key) = (hall.at("ended.crt"), hall.at("ended.key"));
    fs::write(&ended_certificate, ended.certificate).unwrap();
    fs::write(&ended_key, ended.key).unwrap();
    let missing = hall.at("missing");
    for (certificate, key, sentence) in [
        (&missing, &key, "cannot read"),
        (&garbage, &key, "there is no certificate in"),
        (&key, &key, "there is no certificate in"),
        (&certificate, &garbage, "there is no private key in"),
        (&certificate, &ended_key, "cannot be used together"),
        (&ended_certificate, &ended_key, "ended on 2025-12-07: `liuzhuan tls renew` makes a new one"),
    ] {
        let said = hall.refusal(&["--tls-cert", certificate, "--tls-key", key]);
        assert!(said.contains(sentence) && said.lines().count() == 1, "{sentence}: {said}");
    }
    assert!(hall.refusal(&["--tls-cert", &certificate]).contains("--tls-cert needs --tls-key"));
    assert!(hall.refusal(&["--tls-key", &key]).contains("--tls-key needs --tls-cert"));
}

#[test]
fn init_overwrites_nothing_and_keeps_keys_to_their_owner() {
    let hall = Hall::new();
    let before = hall.text("tls/authority.key");
    let (done, said) = hall.run(&["tls", "init", "--host", NAME, "--dir", &hall.at("tls")]);
    assert!(!done && said.contains("not overwritten"), "{said}");
    assert_eq!(hall.text("tls/authority.key"), before);
    let mode = |name: &str| fs::metadata(hall.at(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("tls/authority.key"), mode("tls/server.key")), (0o600, 0o600));
    hall.renew();
    hall.renew();
    assert_eq!(mode("tls/server.key"), 0o600);
    let files: BTreeSet<PathBuf> = fs::read_dir(hall.at("tls")).unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(files.len(), 4 + 2 * 2, "the pairs before are kept: {files:?}");
    let (done, said) = hall.run(&["tls", "renew", "--dir", &hall.at("tls"), "--host", "bank.example.cn"]);
    assert!(!done && said.contains("would not trust this certificate for bank.example.cn"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_into_use_without_a_restart() {
    let hall = Hall::new();
    let serving = hall.serve().await;
    let phone = hall.phone(&BOTH);
    let mut line = phone.call(serving.port, NAME).await.unwrap();
    hall.renew();
    serving.signal("-HUP");
    let renewed = other_certificate(&phone, serving.port, &line.certificate).await;
    assert_eq!(line.get("/healthz").await.0, 200, "who was connected goes on");
    hall.renew();
    let by_itself = other_certificate(&phone, serving.port, &renewed).await;
    fs::write(Path::new(&hall.at("tls/server.crt")), "nonsense").unwrap();
    serving.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(phone.call(serving.port, NAME).await.unwrap().certificate, by_itself, "the good one serves on");
}

async fn other_certificate(phone: &Phone, port: u16, before: &[u8]) -> Vec<u8> {
    for _ in 0..400 {
        let line = phone.call(port, NAME).await.expect("a handshake at any time");
        if line.certificate != before {
            return line.certificate;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the new certificate was never taken into use");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_in_shaking_hands_holds_up_nobody_and_not_for_long() {
    let hall = Hall::new();
    let serving = hall.serve().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(tokio::net::TcpStream::connect(("127.0.0.1", serving.port)).await.unwrap());
    }
    let began = tokio::time::Instant::now();
    let mut line = hall.phone(&BOTH).call(serving.port, NAME).await.unwrap();
    assert_eq!(line.get("/healthz").await.0, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "served at once");
    for mut socket in silent {
        let closed = tokio::time::timeout(Duration::from_secs(30), socket.read(&mut [0; 1])).await;
        assert!(matches!(closed, Ok(Ok(0) | Err(_))), "a socket is held open");
    }
}

/// Scans that were answered.
type Answered = Arc<Mutex<BTreeSet<Uuid>>>;

/// Uploads until the line ends, two requests at once on it.
async fn upload(phone: Phone, port: u16, token: String, courier: usize, answered: Answered) {
    let mut line = phone.call(port, NAME).await.expect("a handshake");
    for seq in 1.. {
        let scan_id = Uuid::new_v4();
        let label = labels::code::print(Code::new(CodeKind::Dossier, seq % 500));
        let scan = json!({
            "scan_id": scan_id, "code": label, "mode": "receive", "actor": "li", "device": format!("h{courier}"),
            "installation": Uuid::from_u128(courier as u128 + 1), "seq": seq, "wall_ms": 1_790_000_000_000_u64 + seq,
            "mono_ms": seq, "action": "collected",
        });
        let body = json!({ "sent_at": 1_790_000_000_000_u64, "scans": [scan] }).to_string();
        let Ok(answer) = line.open("POST", "/api/v1/scans", &token, body).await else { return };
        if answer.status() != 200 || answer.into_body().collect().await.is_err() {
            return;
        }
        answered.lock().await.insert(scan_id);
    }
}

/// Whatever was recorded was answered, and whatever was answered was recorded; open streams end.
async fn stopping_under_tls_loses_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::new();
    hall.database.clone_from(&fresh.url);
    let token = token(&fresh.url);
    let mut serving = hall.serve().await;
    let answered = Answered::default();
    let phones = [BOTH.as_slice(), &BOTH[1..]].map(|protocols| hall.phone(protocols));
    let mut stream = phones[0].call(serving.port, NAME).await?;
    let stream = stream.open("GET", "/api/v1/live", &token, String::new()).await?;
    let couriers: Vec<_> = (0..12)
        .map(|courier| {
            let phone = phones[courier % 2].clone();
            tokio::spawn(upload(phone, serving.port, token.clone(), courier, answered.clone()))
        })
        .collect();
    while answered.lock().await.len() < 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serving.signal("-TERM");
    serving.ended().await;
    for courier in couriers {
        courier.await?;
    }
    let told = stream.into_body().collect().await.expect("the stream ends as it should").to_bytes();
    assert!(String::from_utf8_lossy(&told).contains("event: recorded"), "the stream told what was recorded");
    let again = hall.serve().await;
    let recorded = recorded(&hall, again.port, &token).await;
    let answered = answered.lock().await;
    let (lost, unanswered) = (answered.difference(&recorded).count(), recorded.difference(&answered).count());
    assert_eq!((lost, unanswered), (0, 0), "of {} answered, {} recorded", answered.len(), recorded.len());
    Ok(())
}

async fn recorded(hall: &Hall, port: u16, token: &str) -> BTreeSet<Uuid> {
    let mut line = hall.phone(&BOTH).call(port, NAME).await.unwrap();
    let (mut ids, mut after) = (BTreeSet::new(), 0);
    loop {
        let path = format!("/api/v1/events?after={after}&limit=1000");
        let page = line.open("GET", &path, token, String::new()).await.unwrap();
        let page: Value = serde_json::from_slice(&page.into_body().collect().await.unwrap().to_bytes()).unwrap();
        let events = page["events"].as_array().expect("events");
        if events.is_empty() {
            return ids;
        }
        ids.extend(events.iter().map(|event| event["scan_id"].as_str().unwrap().parse::<Uuid>().unwrap()));
        after += events.len();
    }
}
