//! What applicants are told and when: once when it is really ready, never by a bag's scan, a rebuild or an old log; again after a
//! failure, corrected when it is lost; at night nobody is woken. What *ready* is, is proved in `domain/src/standing.rs`.
mod receiver;

use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::askers::{Asker, Key, Kind, staff};
use api::app::{App, Setup};
use api::notices::{LEASE_MS, Notices, Patience, SMS_MAX, length, pass};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::NaiveDate;
use domain::code::{Code, CodeKind};
use domain::id::{CaseId, Region, ScanId, SiteId, SubjectId};
use domain::time::Timestamp;
use eventstore::{Clock, Db};
use receiver::{Receiver, Reply};
use registers::Validity;
use registers::notice::{self, After, Filter, Kind as Told, New, Notice, State};
use registers::person::Role;
use registers::record::{self, Actor, By, Party, Reason};
use registers::vault::{Details, Given, Keyring};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

on_both_engines!(
    what_is_shelved_where_it_is_fetched_is_told_once_by_each_channel,
    a_webhook_is_signed_as_the_standard_says,
    a_bag_scan_alone_tells_nobody,
    a_rebuild_tells_nobody_anything,
    what_failed_is_tried_again_later_under_the_same_id,
    what_was_cut_off_between_sending_and_writing_down_is_sent_again_by_another_node,
    what_is_lost_after_it_was_told_is_corrected_once_and_told_again_when_it_is_back,
    what_is_ready_again_by_the_same_shelving_is_for_somebody_to_tell,
    what_is_lost_before_it_was_told_is_cancelled,
    what_is_lost_while_it_is_being_sent_is_corrected_after_it,
    at_night_no_phone_rings_and_a_program_is_told_at_once,
    nothing_is_told_of_what_happened_before_notices_were_switched_on,
    who_was_erased_or_has_no_mobile_is_told_nothing,
    a_receiver_that_is_gone_switches_its_channel_off,
    what_cannot_be_told_is_given_up_shown_phoned_about_tried_again_or_left,
    no_redirect_is_followed_and_no_answer_read_without_end,
    what_was_fetched_before_it_was_told_is_told_no_more,
    the_same_shelving_is_put_into_the_outbox_once,
    an_office_is_told_by_e_mail,
    a_long_list_comes_in_pages_and_keeps_to_ones_sites,
);

const NAME: &str = "王小明";
const PHONE: &str = "13812345678";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const REGION: Region = Region(441_424);

/// An office that tells, and who is told.
struct Hall {
    office: Office,
    sms: Receiver,
    hook: Receiver,
    now: Timestamp,
    seq: u64,
}

/// A case with its result.
#[derive(Clone)]
struct File {
    case: Uuid,
    result: String,
    number: String,
}

fn configuration(sms: &Receiver, hook: Option<&Receiver>) -> String {
    let hook = hook.map_or_else(String::new, |hook| {
        format!("[[channel]]\nname = \"hook\"\nwebhook = {{ url = \"{}\", secret = \"{SECRET}\" }}\n", hook.url)
    });
    format!(
        "signature = \"五华政务\"\ntries = 3\n[[channel]]\nname = \"sms\"\n[channel.sms]\nurl = \"{}\"\nformat = \"json\"\n\
         headers = {{ authorization = \"Bearer of-the-gateway\" }}\n\
         body = '{{\"to\":\"{{phone}}\",\"say\":\"{{text}}\",\"ref\":\"{{id}}\"}}'\n{hook}",
        sms.url
    )
}

fn quick() -> Patience {
    Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(3) }
}

fn setup(text: &str, patience: Patience) -> anyhow::Result<Setup> {
    Ok(Setup { notices: Some(Notices::of_text_patient(text, patience)?), ..Setup::passing("http://127.0.0.1")? })
}

impl Hall {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        Self::open_at(fresh, MORNING).await
    }

    async fn open_at(fresh: &Fresh, now: Timestamp) -> anyhow::Result<Self> {
        let (sms, hook) = (Receiver::open().await, Receiver::open().await);
        let setup = setup(&configuration(&sms, Some(&hook)), quick())?;
        let office = Office::open_set_up(&fresh.url, REGION, now, setup).await;
        Ok(Self::with(office, sms, hook, now).await)
    }

    async fn with(office: Office, sms: Receiver, hook: Receiver, now: Timestamp) -> Self {
        for (device, site) in [("desk", "t01"), ("fgj-desk", "fgj"), ("other-desk", "t02")] {
            office.enrol(device, "site", site).await;
        }
        office.enrol("bicycle", "courier", "courier-wu").await;
        Self { office, sms, hook, now, seq: 0 }
    }

    async fn close(self) -> anyhow::Result<()> {
        self.office.close().await;
        Ok(())
    }

    fn app(&self) -> &App {
        &self.office.app
    }

    /// The clock goes on.
    fn later(&mut self, millis: i64) {
        self.now = self.now.plus(millis);
        assert!(self.app().log().clock().set(self.now));
    }

    async fn decide(&mut self, path: &str, at: &str, mut body: Value) {
        let who = json!({ "request_id": Uuid::new_v4(), "by": "clerk-li", "at": at });
        body.as_object_mut().expect("an object").extend(who.as_object().expect("an object").clone());
        self.office.post(path, &body).await;
    }

    async fn scan(&mut self, device: &str, code: &str, action: &str, mode: &str, bag: Option<&str>) -> Uuid {
        let id = Uuid::new_v4();
        self.seq += 1;
        self.later(1000);
        let (now, actor) = (self.now.0, if device == "bicycle" { "courier-wu" } else { "clerk-li" });
        let mut scan = json!({ "scan_id": id, "code": code, "mode": mode, "actor": actor, "device": device,
            "installation": Uuid::from_u128(device.bytes().map(u128::from).sum()), "seq": self.seq, "wall_ms": now, "mono_ms": self.seq,
            "action": action, "action_by": "rule" });
        if let Some(bag) = bag {
            scan["bag"] = json!(bag);
        }
        let answer = self.office.post("/api/v1/scans", &json!({ "sent_at": now, "scans": [scan] })).await;
        assert_eq!(answer["results"][0]["status"], json!("recorded"), "{answer}");
        id
    }

    /// A case that was filed, decided, and has a result at the department; with an applicant who has this phone, if any.
    async fn file(&mut self, bits: u64, phone: Option<&str>) -> anyhow::Result<File> {
        let (case, code) = (Uuid::from_u128(u128::from(bits)), Code::new(CodeKind::Dossier, bits));
        self.office.mint(&[code]).await;
        let item = self.office.known().items.keys().min().expect("items").to_string();
        let number = format!("441424-C{bits}");
        let filed = json!({ "case_id": case, "case_no": number, "item": item, "home": "t01" });
        self.decide("/api/v1/cases", "t01", filed).await;
        self.write(case, phone).await?;
        let result = labels::code::print(code);
        let registered = json!({ "code": result, "dossier_no": format!("441424-{bits}"), "kind": "result", "case": case, "home": "t01" });
        self.decide("/api/v1/dossiers", "fgj", registered).await;
        Ok(File { case, result, number })
    }

    async fn write(&self, case: Uuid, phone: Option<&str>) -> anyhow::Result<()> {
        let details = Details::check(Given { name: NAME, phone, ..Given::default() }, NaiveDate::MAX)
            .map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
        let by = By { actor: Actor::System, address: None, now: self.now };
        let mut tx = self.app().db().begin().await?;
        self.app().vault().write(&mut tx, &by, (CaseId(case), Party::Applicant), &details).await?;
        Ok(tx.commit().await?)
    }

    async fn shelve(&mut self, file: &File) {
        self.scan("desk", &file.result, "shelved", "shelve", None).await;
    }

    /// Received at t01 and put on its shelf.
    async fn ready(&mut self, file: &File) {
        self.scan("desk", &file.result, "received", "receive", None).await;
        self.shelve(file).await;
    }

    /// Sent on again from the shelf.
    async fn lose(&mut self, file: &File) -> Uuid {
        self.scan("bicycle", &file.result, "collected", "receive", None).await
    }

    /// Every event was looked at, and what is due was sent.
    async fn told(&self) -> anyhow::Result<()> {
        let head = self.app().log().head_row().await?.position;
        while notice::position(self.app().db(), REGION).await?.unwrap_or(head) < head {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for _ in 0..500 {
            let tried = pass(self.app()).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
            let busy = self.rows().await?.iter().any(|row| row.state == "sending");
            if tried == 0 && !busy {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("it never ends")
    }

    async fn rows(&self) -> anyhow::Result<Vec<Notice>> {
        let mut rows = notice::list(self.app().db(), REGION, None, Filter::default(), (After::START, 1000)).await?;
        rows.reverse();
        rows.sort_by_key(|row| row.made_at);
        Ok(rows)
    }

    /// Kind and state of what one channel was to tell, in order.
    async fn of(&self, channel: &str) -> anyhow::Result<Vec<(String, String)>> {
        let rows = self.rows().await?;
        Ok(rows.into_iter().filter(|row| row.channel == channel).map(|row| (row.kind, row.state)).collect())
    }

    fn texts(&self) -> Vec<String> {
        self.sms.seen().iter().map(|seen| seen.json()["say"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn page(&self, asker: &Asker, method: reqwest::Method, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let Key::Cookie(cookie) = &asker.key else { panic!("a person") };
        let request = client.request(method, format!("{}{path}", self.office.url));
        let request =
            request.header("cookie", format!("__Host-liuzhuan={cookie}")).header("sec-fetch-site", "same-origin");
        let answer = request.header("accept-language", "zh").send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn clerk(all: &[Asker]) -> &Asker {
    all.iter().find(|it| it.kind == Kind::Staff(Role::Clerk)).expect("a clerk")
}

async fn what_is_shelved_where_it_is_fetched_is_told_once_by_each_channel(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    let receipt = Code::new(CodeKind::Receipt, 4711);
    let mut tx = hall.app().db().begin().await?;
    let change = registers::Change::begin(&mut tx, REGION, hall.now).await?;
    let mint = registers::label::Mint { codes: &[receipt], batch: file.case, site: None };
    registers::label::mint(&mut tx, &change, mint).await?;
    tx.commit().await?;
    hall.scan("desk", &file.result, "received", "receive", None).await;
    hall.told().await?;
    assert!(hall.sms.seen().is_empty() && hall.hook.seen().is_empty(), "in the house and not on the shelf");
    hall.shelve(&file).await;
    hall.told().await?;
    let (sms, hook) = (hall.sms.seen(), hall.hook.seen());
    assert_eq!((sms.len(), hook.len()), (1, 1));
    assert_eq!(sms[0].line, "POST /take HTTP/1.1");
    assert_eq!(sms[0].header("authorization"), "Bearer of-the-gateway");
    let (to, text) = (sms[0].json()["to"].clone(), hall.texts()[0].clone());
    assert_eq!(to, PHONE);
    let (place, code) =
        (hall.office.known().sites[&"t01".parse::<SiteId>()?].name.clone(), labels::code::print(receipt));
    let tail = &code[code.len() - 6..];
    assert!(text.starts_with("【五华政务】") && text.contains(&place) && text.contains(tail), "{text}");
    let item = hall.office.known().items.values().min_by(|a, b| a.code.cmp(&b.code)).expect("items").name.clone();
    assert!(length(&text) <= SMS_MAX && !text.contains('王') && !text.contains(&item), "{text}");
    assert!(!text.contains(&file.number) && !text.contains(&code), "{text}");
    assert!(!hook[0].body.contains(PHONE) && !hook[0].body.contains('王'), "{:?}", hook[0]);

    // Counted, put on another shelf: it stays ready, and nobody is told again.
    hall.scan("desk", &file.result, "sighted", "stocktake", None).await;
    hall.shelve(&file).await;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (1, 1));

    // The outbox holds no phone and no text; the opening stands in the record.
    let rows = format!("{:?}", hall.rows().await?);
    assert!(!rows.contains(PHONE) && !rows.contains('王') && !rows.contains("领取"), "{rows}");
    let filter = record::Filter { name: Some("vault_opened".to_owned()), ..record::Filter::default() };
    let opened = record::list(hall.app().db(), REGION, &filter, None, 10).await?.rows;
    assert_eq!(opened.len(), 1);
    assert!(opened[0].actor == "system" && opened[0].body.contains("tell-applicant"), "{:?}", opened[0]);

    // Whoever may sees it; the page of the dossier says so.
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (status, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices").await;
    assert!(status == 200 && page.contains(&file.number) && page.contains("已发送"), "{page}");
    assert!(!page.contains(PHONE) && !page.contains('王'), "{page}");
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, &format!("/dossiers/{}", file.result)).await;
    assert!(page.contains("通知申请人") && page.contains("可以领取 · sms"), "{page}");
    hall.close().await
}

/// HMAC as RFC 2104 writes it, without the library that signs.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = key.to_vec();
    block.resize(64, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::digest([padded(0x36), message.to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}

async fn a_webhook_is_signed_as_the_standard_says(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.hook.will([Reply::Status(500)]);
    hall.ready(&file).await;
    hall.told().await?;
    hall.later(HOUR);
    hall.told().await?;
    let seen = hall.hook.seen();
    assert_eq!(seen.len(), 2);
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").expect("the prefix"))?;
    for seen in &seen {
        let (id, at) = (seen.header("webhook-id"), seen.header("webhook-timestamp"));
        let signed = format!("{id}.{at}.{}", seen.body);
        let wanted = format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, signed.as_bytes())));
        assert_eq!(seen.header("webhook-signature"), wanted);
        assert!(seen.header("content-type") == "application/cloudevents+json" && id.starts_with("msg_"), "{seen:?}");
    }
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"), "a repeat can be dropped");
    let at = |seen: &receiver::Seen| seen.header("webhook-timestamp").parse::<i64>();
    assert_eq!(at(&seen[1])?, hall.now.0 / 1000);
    assert!(at(&seen[1])? > at(&seen[0])?, "each try has its own time");
    let body = seen[1].json();
    assert_eq!((&body["specversion"], &body["type"]), (&json!("1.0"), &json!("liuzhuan.notice.ready")));
    assert_eq!((&body["data"]["case_no"], &body["data"]["site"]), (&json!(file.number), &json!("t01")));
    hall.close().await
}

async fn a_bag_scan_alone_tells_nobody(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    let bag = Code::new(CodeKind::Bag, 817);
    hall.office.mint(&[bag]).await;
    let bag = labels::code::print(bag);
    hall.scan("fgj-desk", &file.result, "packed", "pack", Some(&bag)).await;
    for (device, action, mode) in [
        ("fgj-desk", "sealed", "pack"),
        ("bicycle", "collected", "receive"),
        ("desk", "received", "receive"),
        ("desk", "opened", "check"),
    ] {
        hall.scan(device, &bag, action, mode, None).await;
        hall.told().await?;
        assert!(hall.rows().await?.is_empty(), "{action}");
    }
    // A shelf of another place than the one that was chosen is no better.
    hall.scan("other-desk", &file.result, "received", "receive", None).await;
    hall.scan("other-desk", &file.result, "shelved", "shelve", None).await;
    hall.told().await?;
    assert!(hall.rows().await?.is_empty() && hall.sms.seen().is_empty());
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1);
    hall.close().await
}

async fn a_rebuild_tells_nobody_anything(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let told = hall.file(815, Some(PHONE)).await?;
    hall.ready(&told).await;
    hall.told().await?;
    let (rows, place) = (hall.rows().await?, notice::position(hall.app().db(), REGION).await?);
    projections::rebuild::rebuild(&hall.app().surroundings()).await?;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (1, 1));
    assert_eq!((hall.rows().await?, notice::position(hall.app().db(), REGION).await?), (rows, place));
    hall.close().await
}

async fn what_failed_is_tried_again_later_under_the_same_id(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Status(500), Reply::HangUp]);
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.of("sms").await?), (1, pairs(&[("ready", "failed")])));
    let rows = hall.rows().await?;
    let row = rows.iter().find(|row| row.channel == "sms").expect("a row");
    assert_eq!((row.why.as_deref(), row.perhaps_told), (Some("refused 500"), 0));
    assert!((24_000..=36_000).contains(&(row.due_at - hall.now.0)), "{row:?}");
    hall.later(20_000);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1, "not yet");
    hall.later(20_000);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2);
    let rows = hall.rows().await?;
    let row = rows.iter().find(|row| row.channel == "sms").expect("a row");
    assert_eq!((row.why.as_deref(), row.perhaps_told), (Some("in_doubt"), 1), "it may have gone out");
    hall.later(MINUTE);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2, "each delay is longer");
    hall.later(2 * MINUTE);
    hall.told().await?;
    let ids: Vec<Value> = hall.sms.seen().iter().map(|seen| seen.json()["ref"].clone()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "sent")]));
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 3);
    hall.close().await
}

/// Another node with the same outbox.
async fn node(hall: &Hall, fresh: &Fresh, now: Timestamp, key: &str) -> anyhow::Result<(App, api::app::Tasks)> {
    let text = configuration(&hall.sms, Some(&hall.hook));
    let setup = Setup { keys: Keyring::from_text(key)?, ..setup(&text, quick())? };
    Ok(App::open(Db::open(&fresh.url).await?, REGION, Clock::driven(now), setup).await?)
}

async fn what_was_cut_off_between_sending_and_writing_down_is_sent_again_by_another_node(
    fresh: Fresh,
) -> anyhow::Result<()> {
    let (sms, hook) = (Receiver::open().await, Receiver::open().await);
    let key = format!("k1 {}", BASE64_STANDARD.encode([7; 32]));
    let patient = Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(60) };
    let setup = Setup { keys: Keyring::from_text(&key)?, ..setup(&configuration(&sms, Some(&hook)), patient)? };
    let office = Office::open_set_up(&fresh.url, REGION, MORNING, setup).await;
    let mut hall = Hall::with(office, sms, hook, MORNING).await;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Silence]);
    hall.ready(&file).await;
    while hall.sms.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The gateway has it, and who sent it never learns. Within the term nobody else touches it.
    let (other, tasks) = node(&hall, &fresh, hall.now.plus(LEASE_MS - MINUTE), &key).await?;
    pass(&other).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    assert_eq!(hall.sms.seen().len(), 1);
    assert!(other.log().clock().set(hall.now.plus(LEASE_MS + MINUTE)));
    while hall.sms.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ids: Vec<Value> = hall.sms.seen().iter().map(|seen| seen.json()["ref"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    while hall.of("sms").await? != pairs(&[("ready", "sent")]) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.stop();
    drop(other);
    tasks.finish().await;
    // Its sender still waits for the gateway: it is cut off with this test, as a crash would.
    std::mem::forget(hall.office);
    Ok(())
}

async fn what_is_lost_after_it_was_told_is_corrected_once_and_told_again_when_it_is_back(
    fresh: Fresh,
) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    hall.lose(&file).await;
    hall.told().await?;
    hall.scan("fgj-desk", &file.result, "received", "receive", None).await;
    hall.told().await?;
    let wanted = pairs(&[("ready", "sent"), ("correction", "sent")]);
    for channel in ["sms", "hook"] {
        assert_eq!(hall.of(channel).await?, wanted, "once, however often it moves");
    }
    let texts = hall.texts();
    assert!(texts.len() == 2 && texts[1].contains("暂不能领取") && length(&texts[1]) <= SMS_MAX, "{texts:?}");
    hall.ready(&file).await;
    hall.told().await?;
    hall.lose(&file).await;
    hall.told().await?;
    let twice = [("ready", "sent"), ("correction", "sent"), ("ready", "sent"), ("correction", "sent")];
    assert_eq!(hall.of("sms").await?, pairs(&twice), "another shelving, another notice");
    assert_eq!(hall.sms.seen().len(), 4);
    hall.close().await
}

async fn what_is_ready_again_by_the_same_shelving_is_for_somebody_to_tell(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    let mistaken = hall.lose(&file).await;
    hall.told().await?;
    hall.later(MINUTE);
    hall.decide(&format!("/api/v1/dossiers/{}/void", file.result), "t01", json!({ "scan_id": mistaken })).await;
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "sent"), ("correction", "sent"), ("again", "given_up")]));
    assert_eq!(hall.sms.seen().len(), 2, "a third message about one shelving would be noise");
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    assert!(page.contains(&file.number) && page.contains("已发过更正"), "{page}");
    hall.close().await
}

/// 22:00 of that day.
const NIGHT: Timestamp = Timestamp(MORNING.0 + 14 * HOUR);

async fn what_is_lost_before_it_was_told_is_cancelled(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open_at(&fresh, NIGHT).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "pending")]));
    hall.lose(&file).await;
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "cancelled")]));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "sent"), ("correction", "sent")]), "it was told at night");
    hall.later(11 * HOUR);
    hall.told().await?;
    assert!(hall.sms.seen().is_empty());
    // What a gateway said no to is not told either.
    let other = hall.file(816, Some(PHONE)).await?;
    hall.sms.will([Reply::Status(503)]);
    hall.ready(&other).await;
    hall.told().await?;
    hall.lose(&other).await;
    hall.told().await?;
    hall.later(HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1, "the one that was refused");
    // And what the gateway may have taken is corrected, and tried no more.
    let third = hall.file(817, Some(PHONE)).await?;
    hall.sms.will([Reply::HangUp]);
    hall.ready(&third).await;
    hall.told().await?;
    hall.lose(&third).await;
    hall.told().await?;
    hall.later(HOUR);
    hall.told().await?;
    let texts = hall.texts();
    assert!(texts.len() == 3 && texts[2].contains("暂不能领取"), "{texts:?}");
    hall.close().await
}

async fn what_is_lost_while_it_is_being_sent_is_corrected_after_it(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Silence]);
    hall.ready(&file).await;
    while hall.sms.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    hall.lose(&file).await;
    while hall.of("sms").await?.len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "sending"), ("correction", "pending")]));
    // The gateway never answers; then the correction goes out, after what it corrects.
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "cancelled"), ("correction", "sent")]));
    let texts = hall.texts();
    assert!(texts.len() == 2 && texts[1].contains("暂不能领取"), "{texts:?}");
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2);
    hall.close().await
}

async fn at_night_no_phone_rings_and_a_program_is_told_at_once(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open_at(&fresh, NIGHT).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (0, 1));
    let rows = hall.rows().await?;
    let due = rows.iter().find(|row| row.channel == "sms").expect("a row").due_at;
    assert_eq!(due, MORNING.0 + 24 * HOUR, "08:00 by the county's clock");
    hall.later(9 * HOUR + 59 * MINUTE);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 0);
    hall.later(MINUTE);
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (1, 1));
    // Nor when somebody wants it tried again at night.
    let other = hall.file(816, None).await?;
    hall.ready(&other).await;
    hall.told().await?;
    hall.write(other.case, Some(PHONE)).await?;
    hall.later(14 * HOUR);
    let rows = hall.rows().await?;
    let nobody = rows.iter().find(|row| row.state == "nobody").expect("a row");
    let mut tx = hall.app().db().begin().await?;
    assert!(notice::try_again(&mut tx, REGION, nobody.id, &Actor::System, hall.now).await?);
    tx.commit().await?;
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1, "at 22:00");
    hall.later(10 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2);
    hall.close().await
}

async fn nothing_is_told_of_what_happened_before_notices_were_switched_on(fresh: Fresh) -> anyhow::Result<()> {
    let (sms, hook) = (Receiver::open().await, Receiver::open().await);
    let key = format!("k1 {}", BASE64_STANDARD.encode([7; 32]));
    let keyed = |setup: Setup| anyhow::Ok(Setup { keys: Keyring::from_text(&key)?, ..setup });
    let silent = keyed(Setup::passing("http://127.0.0.1")?)?;
    let office = Office::open_set_up(&fresh.url, REGION, MORNING, silent).await;
    let mut before = Hall::with(office, sms.clone(), hook.clone(), MORNING).await;
    let old = before.file(815, Some(PHONE)).await?;
    before.ready(&old).await;
    let (now, seq) = (before.now, before.seq);
    before.close().await?;

    let text = configuration(&sms, Some(&hook));
    let office = Office::open_set_up(&fresh.url, REGION, now, keyed(setup(&text, quick())?)?).await;
    let mut after = Hall::with(office, sms, hook, now).await;
    after.seq = seq;
    after.scan("desk", &old.result, "sighted", "stocktake", None).await;
    after.told().await?;
    after.lose(&old).await;
    after.told().await?;
    assert!(after.rows().await?.is_empty() && after.sms.seen().is_empty(), "{:?}", after.rows().await?);
    let new = after.file(816, Some(PHONE)).await?;
    after.ready(&new).await;
    after.told().await?;
    assert_eq!((after.sms.seen().len(), after.hook.seen().len()), (1, 1));

    // What is taken out of the file and put back begins anew.
    api::notices::switch_on(after.app().log(), &Notices::default()).await?;
    assert!(notice::channels(after.app().db(), REGION).await?.is_empty());
    let third = after.file(817, Some(PHONE)).await?;
    after.ready(&third).await;
    api::notices::switch_on(after.app().log(), &Notices::of_text(&text)?).await?;
    after.told().await?;
    let head = after.app().log().head_row().await?.position;
    let known = notice::channels(after.app().db(), REGION).await?;
    assert!(known.len() == 2 && known.iter().all(|row| row.since == head), "{known:?}");
    after.scan("desk", &third.result, "sighted", "stocktake", None).await;
    after.told().await?;
    assert_eq!((after.sms.seen().len(), after.hook.seen().len()), (1, 1));
    after.close().await
}

async fn who_was_erased_or_has_no_mobile_is_told_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let erased = hall.file(815, Some(PHONE)).await?;
    let by = By { actor: Actor::System, address: None, now: hall.now };
    let reason = Reason { code: "asked-by-person".parse()?, note: None };
    let mut tx = hall.app().db().begin().await?;
    hall.app().vault().erase(&mut tx, &by, (CaseId(erased.case), Party::Applicant), &reason).await?;
    tx.commit().await?;
    let landline = hall.file(816, Some("0753-4432100")).await?;
    let none = hall.file(817, None).await?;
    for file in [&erased, &landline, &none] {
        hall.ready(file).await;
    }
    hall.told().await?;
    hall.later(24 * HOUR);
    hall.told().await?;
    assert!(hall.sms.seen().is_empty());
    let rows = hall.rows().await?;
    let why = |file: &File| {
        let row = rows.iter().find(|row| row.channel == "sms" && row.case_id == file.case).expect("a row");
        (row.state.clone(), row.why.clone().unwrap_or_default())
    };
    let nobody = |why: &str| ("nobody".to_owned(), why.to_owned());
    assert_eq!((why(&erased), why(&landline), why(&none)), (nobody("erased"), nobody("no_mobile"), nobody("no_phone")));
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    for file in [&erased, &landline, &none] {
        assert!(page.contains(&file.number), "{page}");
    }
    assert!(page.contains("无人可通知") && !page.contains("4432100") && !page.contains('王'), "{page}");
    // The phone was written down meanwhile.
    hall.write(none.case, Some(PHONE)).await?;
    let id = rows.iter().find(|row| row.channel == "sms" && row.case_id == none.case).expect("a row").id;
    let (status, _) = hall.page(clerk(&people), reqwest::Method::POST, &format!("/notices/{id}/again")).await;
    assert_eq!(status, 303);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1);
    hall.close().await
}

async fn a_receiver_that_is_gone_switches_its_channel_off(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let (first, second) = (hall.file(815, Some(PHONE)).await?, hall.file(816, Some(PHONE)).await?);
    hall.hook.will([Reply::Status(410)]);
    hall.ready(&first).await;
    hall.told().await?;
    hall.ready(&second).await;
    hall.told().await?;
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (2, 1));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "given_up")]));
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices").await;
    assert!(page.contains("渠道 hook 已停用"), "{page}");
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    assert!(!page.contains(&first.number), "no applicant is phoned because a program is gone: {page}");
    hall.close().await
}

async fn what_cannot_be_told_is_given_up_shown_phoned_about_tried_again_or_left(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let (first, second) = (hall.file(815, Some(PHONE)).await?, hall.file(816, Some(PHONE)).await?);
    hall.sms.will(vec![Reply::Status(500); 6]);
    hall.ready(&first).await;
    hall.ready(&second).await;
    for _ in 0..5 {
        hall.told().await?;
        hall.later(2 * HOUR);
    }
    assert_eq!(hall.sms.seen().len(), 6, "three tries for each");
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "given_up"), ("ready", "given_up")]));
    let metrics = reqwest::Client::new().get(format!("{}/metrics", hall.office.url)).bearer_auth(&hall.office.token);
    let metrics = metrics.send().await?.text().await?;
    assert!(metrics.contains("liuzhuan_notices_waiting{state=\"given_up\"} 2"), "{metrics}");
    assert!(metrics.contains("liuzhuan_notices_total{channel=\"hook\",outcome=\"sent\"} 2"), "{metrics}");
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let strangers = staff(&hall.office, "t02", "t02", Validity::ALWAYS).await?;
    let (_, list) = hall.page(clerk(&people), reqwest::Method::GET, "/notices?group=unreached").await;
    let (_, phoning) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    for page in [&list, &phoning] {
        assert!(
            page.contains(&first.number) && page.contains(&second.number) && page.contains("对方拒绝 500"),
            "{page}"
        );
        assert!(!page.contains(PHONE) && !page.contains('王'), "{page}");
    }
    let rows = hall.rows().await?;
    let id = |file: &File| {
        rows.iter().find(|row| row.channel == "sms" && row.case_id == file.case).map(|row| row.id).expect("a row")
    };
    // Beyond one's sites there is nothing.
    let (_, page) = hall.page(clerk(&strangers), reqwest::Method::GET, "/notices").await;
    assert!(!page.contains("441424-C"), "{page}");
    for deed in ["again", "leave"] {
        let beyond =
            hall.page(clerk(&strangers), reqwest::Method::POST, &format!("/notices/{}/{deed}", id(&first))).await;
        let absent =
            hall.page(clerk(&strangers), reqwest::Method::POST, &format!("/notices/{}/{deed}", Uuid::nil())).await;
        assert_eq!((beyond.0, &beyond), (404, &absent));
    }
    let (status, _) = hall.page(clerk(&people), reqwest::Method::POST, &format!("/notices/{}/again", id(&first))).await;
    assert_eq!(status, 303);
    let (status, _) =
        hall.page(clerk(&people), reqwest::Method::POST, &format!("/notices/{}/leave", id(&second))).await;
    assert_eq!(status, 303);
    let (_, list) = hall.page(clerk(&people), reqwest::Method::GET, "/notices?group=over").await;
    assert!(list.contains(&second.number) && list.contains("处理人"), "{list}");
    hall.told().await?;
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 7);
    let mut states: Vec<String> = hall.of("sms").await?.into_iter().map(|(_, state)| state).collect();
    states.sort();
    assert_eq!(states, ["left", "sent"]);
    hall.close().await
}

async fn no_redirect_is_followed_and_no_answer_read_without_end(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let elsewhere = Receiver::open().await;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Redirect(elsewhere.url.clone())]);
    hall.hook.will([Reply::Endless]);
    hall.ready(&file).await;
    tokio::time::timeout(Duration::from_secs(20), hall.told()).await??;
    assert!(elsewhere.seen().is_empty());
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "failed")]));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "sent")]), "its status said yes");
    hall.close().await
}

async fn what_was_fetched_before_it_was_told_is_told_no_more(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open_at(&fresh, NIGHT).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    let path = format!("/api/v1/dossiers/{}/hand-out", file.result);
    hall.decide(&path, "t01", json!({ "receiver": "applicant", "checked": "both" })).await;
    hall.told().await?;
    hall.later(12 * HOUR);
    hall.told().await?;
    assert!(hall.sms.seen().is_empty());
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "cancelled")]));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "sent")]), "what was fetched is not corrected");
    hall.close().await
}

async fn the_same_shelving_is_put_into_the_outbox_once(fresh: Fresh) -> anyhow::Result<()> {
    let db = fresh.db().await?;
    registers::migrate(&db).await?;
    let site: SiteId = "t01".parse()?;
    let put = async |channel: &str, shelving: u128, seq: i64| {
        let mut tx = db.begin().await?;
        let new = New {
            case: CaseId(Uuid::from_u128(1)),
            shelving: ScanId(Uuid::from_u128(shelving)),
            channel,
            kind: Told::Ready,
            case_no: "C-1",
            dossier: SubjectId(Uuid::from_u128(2)),
            site: &site,
            seq,
            now: MORNING,
            due_at: MORNING,
        };
        let added = notice::enqueue(&mut tx, REGION, &new, State::Pending, None).await?;
        tx.commit().await?;
        anyhow::Ok(added)
    };
    assert!(put("sms", 3, 1).await? && put("hook", 3, 1).await? && put("sms", 4, 2).await?);
    assert!(!put("sms", 3, 5).await? && !put("hook", 3, 5).await?, "told or to be told already");
    let due = notice::due(&db, REGION, "sms", MORNING, 10).await?;
    assert_eq!(due.len(), 1, "of one case, one at a time");
    // Two nodes: one takes it.
    let (one, other) = tokio::join!(
        notice::claim(&db, REGION, &due[0], MORNING.plus(LEASE_MS)),
        notice::claim(&db, REGION, &due[0], MORNING.plus(LEASE_MS))
    );
    assert_ne!(one?, other?);
    assert!(notice::due(&db, REGION, "sms", MORNING, 10).await?.is_empty(), "while it is being sent, the next waits");
    db.close().await;
    Ok(())
}

async fn an_office_is_told_by_e_mail(fresh: Fresh) -> anyhow::Result<()> {
    let (url, letters) = receiver::mail().await;
    let text = format!(
        "signature = \"五华政务\"\n[[channel]]\nname = \"post\"\n[channel.email]\nserver = \"{url}\"\nfrom = \"liuzhuan@wuhua.example\"\n\
         to = \"hall@wuhua.example\"\nsites = {{ t01 = \"t01@wuhua.example\" }}\n"
    );
    let office = Office::open_set_up(&fresh.url, REGION, MORNING, setup(&text, quick())?).await;
    let mut hall = Hall::with(office, Receiver::open().await, Receiver::open().await, MORNING).await;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    let letters = letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 1, "{:?}", hall.rows().await?);
    assert!(letters[0].contains("RCPT TO:<t01@wuhua.example>"), "{}", letters[0]);
    assert!(letters[0].contains("Message-ID: <") && !letters[0].contains(PHONE), "{}", letters[0]);
    assert_eq!(hall.of("post").await?, pairs(&[("ready", "sent")]));
    hall.close().await
}

async fn a_long_list_comes_in_pages_and_keeps_to_ones_sites(fresh: Fresh) -> anyhow::Result<()> {
    let hall = Hall::open(&fresh).await?;
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (status, empty) = hall.page(clerk(&people), reqwest::Method::GET, "/notices").await;
    assert!(status == 200 && empty.contains("还没有通知"), "{empty}");
    let mut tx = hall.app().db().begin().await?;
    for number in 0..250_u128 {
        let site: SiteId = if number % 5 == 0 { "t02" } else { "t01" }.parse()?;
        let new = New {
            case: CaseId(Uuid::from_u128(number)),
            shelving: ScanId(Uuid::from_u128(number)),
            channel: "sms",
            kind: Told::Ready,
            case_no: &format!("C-{number}-{site}"),
            dossier: SubjectId(Uuid::from_u128(number)),
            site: &site,
            seq: 1,
            now: MORNING.plus(i64::try_from(number / 3)?),
            due_at: MORNING.plus(HOUR),
        };
        notice::enqueue(&mut tx, REGION, &new, State::Nobody, Some("no_phone")).await?;
    }
    tx.commit().await?;
    let (mut path, mut numbers) = ("/notices?group=unreached".to_owned(), Vec::new());
    loop {
        let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, &path).await;
        let rows = page.split("<th scope=\"row\">").skip(1).filter_map(|row| row.split('>').nth(1)?.split('<').next());
        numbers.extend(rows.map(ToOwned::to_owned));
        let next = page.split("rel=\"next\"").next().filter(|_| page.contains("rel=\"next\""));
        let Some(next) = next.and_then(|before| before.rsplit("href=\"").next()) else { break };
        path = next.trim_end_matches(['"', ' ']).replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!(numbers.len(), 200);
    assert!(numbers.iter().all(|number| number.ends_with("t01")), "{numbers:?}");
    assert!(numbers[0].starts_with("C-24"), "newest first: {}", numbers[0]);
    // The same as a file, narrowed alike.
    for (group, rows) in [("unreached", 200), ("sent", 0), ("", 200)] {
        let path = format!("/api/v1/sheets/notices?group={group}");
        let (status, file) = hall.page(clerk(&people), reqwest::Method::GET, &path).await;
        assert_eq!((status, file.lines().count()), (200, rows + 1), "{group}: {file}");
        assert!(!file.contains("-t02"), "{file}");
    }
    hall.close().await
}
