//! A flood of sign-ins from one machine while scans come in. Three things hold it: tries are counted by address, by account,
//! and what passes both waits in a short queue for one hash at a time. Everything here is counted, nothing is timed; the
//! clock stands still, so that no limit ends in between.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use api::access::attempts::SIGN_INS_OF_ADDRESS;
use api::{router, server};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::account::{self, TRIES};
use registers::password;
use registers::person::{self, PersonRow, PostRow, Role};
use registers::{Change, Validity};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

/// Labels that are scanned in turn.
const LABELS: u64 = 200;

/// The door as a proxy before it sees it: one machine can come from many addresses.
struct Door {
    office: Office,
    client: reqwest::Client,
    url: String,
    end: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Who tries to sign in, and from where.
type Try = (String, String);

/// What became of a number of tries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    /// 401: hashed, and wrong.
    wrong: u64,
    /// 429 with `Retry-After`.
    limited: u64,
    /// What was hashed meanwhile.
    hashes: u64,
}

impl Door {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
        let listener = server::listen("127.0.0.1:0".parse()?).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (end, ended) = oneshot::channel::<()>();
        let until = async move {
            let _dropped = ended.await;
        };
        let line = server::Line { tls: false, behind_proxy: true };
        let server = tokio::spawn(server::answer(listener, router::router(&office.app), line, until));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { office, client, url, end, server })
    }

    async fn close(self) -> anyhow::Result<()> {
        let Self { office, client, end, server, .. } = self;
        drop((client, end));
        server.await??;
        office.close().await;
        Ok(())
    }

    /// A clerk who has a password.
    async fn clerk(&self, id: &str) -> anyhow::Result<()> {
        let (app, person) = (&self.office.app, id.parse::<domain::id::PersonId>()?);
        let mut tx = app.db().begin().await?;
        let change = Change::begin(&mut tx, app.region(), app.now()).await?;
        let row = PersonRow { id: person.clone(), name: id.to_owned(), phone: None };
        person::put(&mut tx, &change, row).await?;
        let post = PostRow::new(person.clone(), Role::Clerk, Some("t01".parse()?));
        person::give_post(&mut tx, &change, post, Validity::ALWAYS).await?;
        account::set_password(&mut tx, app.region(), &person, &password::hash("seven wet dogs"), app.now()).await?;
        tx.commit().await?;
        Ok(app.refresh().await?)
    }

    fn request(&self, (address, account): &Try, secret: &str) -> reqwest::RequestBuilder {
        let form = format!("account={account}&password={secret}");
        let request = self.client.post(format!("{}/login", self.url)).header("x-forwarded-for", address);
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    /// Tries each with a wrong password: some clients, each of which waits for its answer, or one request in each `pause`.
    async fn flood(&self, tries: Vec<Try>, pace: Pace) -> Counted {
        let (before, sent) = (self.office.app.hashing().load().done, tries.len() as u64);
        let (mut running, mut counted) = (JoinSet::new(), Counted::default());
        for one in tries {
            match pace {
                Pace::Clients(clients) if running.len() >= clients => counted.take(running.join_next().await),
                Pace::Clients(_) => {}
                Pace::Every(pause) => tokio::time::sleep(pause).await,
            }
            running.spawn(self.request(&one, "eight dry cats").send());
        }
        while !running.is_empty() {
            counted.take(running.join_next().await);
        }
        counted.hashes = self.office.app.hashing().load().done - before;
        assert_eq!(counted.wrong + counted.limited, sent, "{counted:?}");
        assert_eq!(counted.hashes, counted.wrong, "who is told to come back costs no hash: {counted:?}");
        counted
    }
}

#[derive(Clone, Copy)]
enum Pace {
    Clients(usize),
    Every(Duration),
}

impl Counted {
    fn take(&mut self, answer: Option<Result<reqwest::Result<reqwest::Response>, tokio::task::JoinError>>) {
        let answer = answer.expect("one runs").expect("it ends").expect("an answer");
        let seconds = answer.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
        match (answer.status().as_u16(), seconds) {
            (401, None) => self.wrong += 1,
            (429, Some(1..)) => self.limited += 1,
            other => panic!("{other:?}"),
        }
    }
}

/// A device that uploads until it is told to stop: how many of its scans were recorded. Any that was not is an error.
async fn scans(url: String, token: String, labels: Vec<String>, stop: Arc<AtomicBool>) -> anyhow::Result<u64> {
    let (client, mut recorded) = (reqwest::Client::new(), 0);
    while !stop.load(Ordering::SeqCst) {
        let scan = |seq: u64| {
            json!({
                "scan_id": Uuid::new_v4(), "code": labels[(seq % LABELS) as usize], "mode": "receive", "actor": "li",
                "device": "desk", "installation": Uuid::from_u128(7), "seq": seq, "wall_ms": MORNING.0, "mono_ms": seq,
                "action": "received", "action_by": "rule",
            })
        };
        let batch = json!({ "sent_at": MORNING.0, "scans": (recorded..recorded + 5).map(scan).collect::<Vec<_>>() });
        let answer = client.post(format!("{url}/api/v1/scans")).bearer_auth(&token).json(&batch).send().await?;
        anyhow::ensure!(answer.status() == 200, "{answer:?}");
        let answer: Value = answer.json().await?;
        let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        anyhow::ensure!(results.len() == 5 && results.iter().all(|it| it["status"] == "recorded"), "{answer}");
        recorded += 5;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(recorded)
}

/// The nth address of a block.
fn address(block: u8, nth: usize) -> String {
    format!("10.{block}.{}.{}", nth / 250, nth % 250)
}

async fn a_flood_of_sign_ins_costs_one_hash_at_a_time_and_no_scan(fresh: Fresh) -> anyhow::Result<()> {
    let door = Door::open(&fresh).await?;
    let office = &door.office;
    office.enrol("desk", "site", "t01").await;
    let codes: Vec<Code> = (0..LABELS).map(|bits| Code::new(CodeKind::Dossier, bits)).collect();
    office.mint(&codes).await;
    for id in ["li", "wang"] {
        door.clerk(id).await?;
    }
    let labels = codes.into_iter().map(labels::code::print).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let scanning = tokio::spawn(scans(door.url.clone(), office.token.clone(), labels, stop.clone()));

    // One address, many accounts.
    let tries = (0..100).map(|nth| (address(0, 0), format!("account-{nth}"))).collect();
    let allowed = u64::from(SIGN_INS_OF_ADDRESS.tries);
    let counted = door.flood(tries, Pace::Clients(4)).await;
    assert_eq!(counted, Counted { wrong: allowed, limited: 100 - allowed, hashes: allowed }, "one address");

    // Many addresses, one account: somebody and nobody rest alike.
    for (block, account) in [(1, "li"), (2, "there-is-no-such-account")] {
        let tries = (0..60).map(|nth| (address(block, nth), account.to_owned())).collect();
        let (counted, allowed) = (door.flood(tries, Pace::Clients(1)).await, TRIES as u64);
        assert_eq!(counted, Counted { wrong: allowed, limited: 60 - allowed, hashes: allowed }, "{account}");
    }

    // Many addresses and as many accounts pass both counts: the queue holds them.
    let tries = |block, count| (0..count).map(|nth| (address(block, nth), format!("{block}-{nth}"))).collect();
    let fifty_a_second = door.flood(tries(3, 200), Pace::Every(Duration::from_millis(20))).await;
    assert!(fifty_a_second.wrong > 0, "{fifty_a_second:?}");
    let at_once = door.flood(tries(4, 100), Pace::Clients(100)).await;
    assert!(at_once.limited > 0 && at_once.wrong > 0, "a full queue turns away: {at_once:?}");

    // Whoever hangs up while a hash runs makes no room for another beside it.
    for one in tries(5, 40) {
        let asked = door.request(&one, "eight dry cats").send();
        let _hung_up = tokio::time::timeout(Duration::from_millis(15), asked).await;
    }
    while office.app.hashing().load().inside > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    // It is over, and who knows the password comes in.
    let right = door.request(&(address(6, 0), "wang".to_owned()), "seven wet dogs").send().await?;
    assert_eq!(right.status(), 303);
    stop.store(true, Ordering::SeqCst);
    let recorded = scanning.await??;
    assert!(recorded > 0);
    assert_eq!(office.app.log().head_row().await?.position, i64::try_from(recorded)?, "every scan is in the log once");
    let load = office.app.hashing().load();
    assert_eq!(load.at_once_max, 1, "{load:?}");
    let metrics =
        door.client.get(format!("{}/metrics", door.url)).bearer_auth(&office.token).send().await?.text().await?;
    for line in ["liuzhuan_hashes_at_once_max 1", &format!("liuzhuan_hashes_refused_total {}", load.turned_away)] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
    door.close().await
}

on_both_engines!(a_flood_of_sign_ins_costs_one_hash_at_a_time_and_no_scan);
