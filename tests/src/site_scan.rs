//! Scanning one by one for a site at a desk: each is one scan, and one badge signs for all that passed from hand to hand.
use crate::desk::{Answer, ask, between, cookie_of};
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, staff};
use domain::code::{Code, CodeKind};
use domain::id::{PersonId, Region};
use registers::person::{self, Role};
use serde_json::{Value, json};
use uuid::Uuid;

on_both_engines!(
    one_badge_signs_for_all_that_was_sent_since_the_last_signature,
    what_is_no_signature_leaves_everything_unsigned,
);

const SCANS: &str = "/sites/t01/scans";

struct Desk {
    office: Office,
    people: Vec<Somebody>,
    /// What the last form carried on.
    batch: String,
    minute: i64,
}

impl Desk {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
        let people = staff(&office, "t01").await?;
        Ok(Self { office, people, batch: String::new(), minute: 0 })
    }

    /// Types or scans something into the box, as the form before left it.
    async fn scan(&mut self, way: &str, code: &str) -> Answer {
        self.minute += 1;
        assert!(self.office.app.log().clock().set(MORNING.plus(self.minute * 60_000)));
        let form = format!("form={}&do={way}&code={code}&batch={}", Uuid::new_v4(), self.batch.replace(' ', "+"));
        let answer = ask(&self.office, Some(cookie_of(&self.people, Role::Clerk)), "POST", SCANS, &form).await;
        between(&answer.body, "name=\"batch\" value=\"", "\"").clone_into(&mut self.batch);
        answer
    }

    async fn dossier(&self, bits: u64) -> String {
        let code = Code::new(CodeKind::Dossier, bits);
        self.office.mint(&[code]).await;
        let label = labels::code::print(code);
        let registered = json!({ "request_id": Uuid::new_v4(), "by": "li", "at": "t01", "code": label, "kind": "application",
            "dossier_no": format!("441424-{bits}"), "destination": "fgj", "home": "t01" });
        self.office.post("/api/v1/dossiers", &registered).await;
        label
    }

    async fn badge_of(&self, who: &str) -> anyhow::Result<String> {
        let (badge, who): (Code, PersonId) = (Code::new(CodeKind::Badge, 77), who.parse()?);
        let mut tx = self.office.app.db().begin().await?;
        let change = registers::Change::begin(&mut tx, self.office.app.region(), MORNING).await?;
        person::give_badge(&mut tx, &change, badge, who).await?;
        tx.commit().await?;
        self.office.app.refresh().await?;
        Ok(labels::code::print(badge))
    }

    async fn signatures(&self) -> Vec<Value> {
        let events = self.office.get("/api/v1/events?after=0&limit=1000").await;
        let all = events["events"].as_array().expect("events").clone();
        all.into_iter()
            .filter(|it| it["name"] == "looked_up")
            .map(|it| it["body"]["fact"]["signature"].clone())
            .collect()
    }
}

async fn one_badge_signs_for_all_that_was_sent_since_the_last_signature(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Desk::open(&fresh).await?;
    let (first, second, third) = (it.dossier(1).await, it.dossier(2).await, it.dossier(3).await);
    let badge = it.badge_of("courier.t01").await?;
    it.scan("send", &first).await;
    let two = it.scan("send", &second).await;
    assert!(two.status == 200 && two.body.contains("还有 2 份没有签字"), "{} {}", two.status, two.body);
    let batch = it.batch.clone();
    let signed = it.scan("send", &badge).await;
    assert!(signed.status == 200 && signed.body.contains("courier.t01 已为 2 份签字"), "{}", signed.body);
    assert_eq!(it.batch, "", "what is signed is not signed again");
    let scans: Vec<&str> = batch.split(' ').filter_map(|entry| Some(entry.split_once(':')?.1)).collect();
    assert_eq!(scans.len(), 2);
    assert_eq!(it.signatures().await, [json!({ "by": badge, "scans": scans })]);
    let one = it.scan("send", &third).await;
    assert!(one.body.contains("还有 1 份没有签字"), "{}", one.body);
    it.office.close().await;
    Ok(())
}

async fn what_is_no_signature_leaves_everything_unsigned(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Desk::open(&fresh).await?;
    let first = it.dossier(1).await;
    let badge = it.badge_of("courier.t01").await?;
    let nothing = it.scan("send", &badge).await;
    assert!(nothing.status == 422 && nothing.body.contains("没有可签字的材料"), "{} {}", nothing.status, nothing.body);
    let shelved = it.scan("shelve", &first).await;
    assert!(shelved.status == 200 && it.batch.is_empty(), "nobody hands a shelf over: {}", it.batch);
    it.scan("send", &first).await;
    let batch = it.batch.clone();
    for (code, says) in
        [(labels::code::print(Code::new(CodeKind::Badge, 78)), "不属于任何人"), ("NONSENSE".to_owned(), "")]
    {
        let wrong = it.scan("send", &code).await;
        assert!(wrong.status == 422 && wrong.body.contains(says), "{code}: {} {}", wrong.status, wrong.body);
        assert_eq!(it.batch, batch, "{code}");
    }
    assert!(it.signatures().await.is_empty());
    it.office.close().await;
    Ok(())
}
