//! The pickup at a counter: by receipt and dossier together, over HTTP, on both engines.
use crate::desk::{Answer, ask, between, cookie_of};
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, staff};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::Role;
use serde_json::{Value, json};
use uuid::Uuid;

const CASE_NO: &str = "441424-C7";

struct Counter {
    office: Office,
    people: Vec<Somebody>,
    seq: i64,
}

impl Counter {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
        let people = staff(&office, "t01").await?;
        Ok(Self { office, people, seq: 0 })
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as(&self.people, path, fields).await
    }

    async fn post_as(&self, people: &[Somebody], path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        ask(&self.office, Some(cookie_of(people, Role::Clerk)), "POST", path, &form.join("&")).await
    }

    /// A case with its receipt's label.
    async fn filed(&self, case_no: &str, receipt: u64) -> anyhow::Result<(Uuid, String)> {
        let (case, code) = (Uuid::new_v4(), Code::new(CodeKind::Receipt, receipt));
        let item = self.office.known().items.keys().min().expect("items").to_string();
        let filed = json!({ "request_id": Uuid::new_v4(), "by": "li", "at": "t01", "case_id": case, "case_no": case_no,
            "item": item, "home": "t01" });
        self.office.post("/api/v1/cases", &filed).await;
        let mut tx = self.office.app.db().begin().await?;
        let change = registers::Change::begin(&mut tx, self.office.app.region(), self.office.app.now()).await?;
        registers::label::mint(&mut tx, &change, registers::label::Mint { codes: &[code], batch: case, site: None })
            .await?;
        tx.commit().await?;
        Ok((case, labels::code::print(code)))
    }

    /// A result of a case that comes home to t01, shelved or else received where the scan says.
    async fn result(&mut self, bits: u64, case: Uuid, at: &str, action: &str) -> String {
        self.result_for(bits, case, "t01", (at, action)).await
    }

    async fn result_for(&mut self, bits: u64, case: Uuid, home: &str, (at, action): (&str, &str)) -> String {
        let code = Code::new(CodeKind::Dossier, bits);
        self.office.mint(&[code]).await;
        let label = labels::code::print(code);
        let registered = json!({ "request_id": Uuid::new_v4(), "by": "li", "at": "fgj", "code": label, "kind": "result",
            "dossier_no": format!("441424-{bits}"), "case": case, "home": home,
            "pieces": [{ "name": "房产证", "kind": "to_return", "count": 2 }] });
        self.office.post("/api/v1/dossiers", &registered).await;
        // The clock goes on: what happens next happens a minute later.
        self.seq += 1;
        assert!(self.office.app.log().clock().set(MORNING.plus(self.seq * 60_000)));
        let now = self.office.app.now().0;
        let scan = json!({ "scan_id": Uuid::new_v4(), "code": label, "mode": "receive", "stop": at, "actor": "li", "device": "spare",
            "installation": Uuid::from_u128(7), "seq": self.seq, "mono_ms": self.seq, "wall_ms": now, "action": action,
            "action_by": "person", "shelf": "甲3" });
        let answer = self.office.post("/api/v1/scans", &json!({ "sent_at": now, "scans": [scan] })).await;
        assert_ne!(answer["results"][0]["status"], json!("refused"), "{answer}");
        label
    }

    async fn handed_out(&self) -> usize {
        let events = self.office.get("/api/v1/events?after=0&limit=1000").await;
        let all: Vec<Value> = events["events"].as_array().expect("events").clone();
        all.iter().filter(|event| event["name"] == "handed_out").count()
    }
}

fn taken(answer: &Answer) -> &str {
    between(&answer.body, "name=\"taken\" value=\"", "\"")
}

async fn a_receipt_and_its_dossiers_are_scanned_and_handed_out_together(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Counter::open(&fresh).await?;
    let (case, receipt) = it.filed(CASE_NO, 4711).await?;
    let (other, _) = it.filed("441424-C8", 4712).await?;
    let case_id = case.to_string();
    let (first, second) = (it.result(1, case, "t01", "shelved").await, it.result(2, case, "t01", "shelved").await);
    let on_the_way = it.result(3, case, "hub", "received").await;
    let of_another = it.result(4, other, "t01", "shelved").await;
    let at_another_counter = it.result_for(5, case, "t02", ("t02", "shelved")).await;
    it.office.settled().await;

    let opened = it.post("/pickup", &[("code", &receipt)]).await;
    assert_eq!(opened.status, 200, "{}", opened.body);
    assert!(opened.body.contains(CASE_NO) && opened.body.contains("甲3"), "{}", opened.body);
    assert_eq!(opened.body.matches("在本网点，请扫描").count(), 2, "{}", opened.body);
    let cookie = Some(cookie_of(&it.people, Role::Clerk));
    let anywhere = ask(&it.office, cookie, "GET", &format!("/?q={receipt}"), "").await;
    assert_eq!((anywhere.status, anywhere.to), (303, format!("/pickup?case={case}")), "from the box of every page");

    for (label, says) in [
        (&of_another, "属于另一个办件"),
        (&on_the_way, "不在本网点"),
        (&at_another_counter, "不在本网点"),
        (&"NONSENSE".to_owned(), "没有记录任何内容"),
    ] {
        let wrong = it.post("/pickup", &[("case", &case_id), ("code", label)]).await;
        assert!(wrong.status == 422 && wrong.body.contains(says), "{label}: {} {}", wrong.status, wrong.body);
        assert_eq!(taken(&wrong), "", "{label}");
    }
    let one = it.post("/pickup", &[("case", &case_id), ("code", &first)]).await;
    assert!(one.body.contains("还有材料在本网点没有扫描") && one.body.contains("房产证"), "{}", one.body);
    let twice = it.post("/pickup", &[("case", &case_id), ("taken", taken(&one)), ("code", &first)]).await;
    assert_eq!(taken(&twice), taken(&one), "scanned twice it is there once");
    let both = it.post("/pickup", &[("case", &case_id), ("taken", taken(&one)), ("code", &second)]).await;
    assert_eq!(taken(&both).split(' ').count(), 2, "{}", both.body);

    let form = [("case", case_id.as_str()), ("taken", taken(&both)), ("receiver", "proxy"), ("checked", "both")];
    let not_counted = it.post("/pickup/hand-out", &form).await;
    assert!(not_counted.status == 422 && not_counted.body.contains("请先当面点清"), "{}", not_counted.body);
    assert_eq!((taken(&not_counted), it.handed_out().await), (taken(&both), 0), "what was scanned is kept");
    let counted = [&form[..], &[("counted", "yes")]].concat();
    for sent in 1..=2 {
        let done = it.post("/pickup/hand-out", &counted).await;
        assert_eq!((done.status, done.to), (303, format!("/pickup?case={case}&done=hand-out")), "{}", done.body);
        assert_eq!(it.handed_out().await, 2, "sent {sent} times");
    }
    let after = ask(&it.office, cookie, "GET", &format!("/pickup?case={case}&done=hand-out"), "").await.body;
    assert_eq!(after.matches("<span class=\"mark\">已交给申请人").count(), 2, "{after}");
    assert!(after.contains("name=\"case\" value=\"\""), "the next scan is another applicant's: {after}");
    it.office.close().await;
    Ok(())
}

async fn nobody_hands_out_what_lies_elsewhere_or_is_not_there(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Counter::open(&fresh).await?;
    let (case, receipt) = it.filed(CASE_NO, 4711).await?;
    let label = it.result(1, case, "t01", "shelved").await;
    it.office.settled().await;
    let case_id = case.to_string();
    let elsewhere = staff(&it.office, "t02").await?;
    let nothing = labels::code::print(Code::new(CodeKind::Receipt, 99));
    for code in [receipt.as_str(), &label, CASE_NO, &nothing] {
        let beyond = it.post_as(&elsewhere, "/pickup", &[("code", code)]).await;
        assert!(beyond.status == 422 && beyond.body.contains("没有记录任何内容"), "{code}: {}", beyond.body);
        assert!(!beyond.body.contains("甲3") && !beyond.body.contains("441424-1<"), "{code}: {}", beyond.body);
    }
    let scanned = it.post("/pickup", &[("code", &label)]).await;
    let form = [("case", case_id.as_str()), ("taken", taken(&scanned)), ("receiver", "applicant"), ("checked", "both")];
    let counted = [&form[..], &[("counted", "yes")]].concat();
    let beyond = it.post_as(&elsewhere, "/pickup/hand-out", &counted).await;
    assert!(beyond.status == 404 && !beyond.body.contains("甲3"), "{} {}", beyond.status, beyond.body);
    for (changed, value) in
        [("taken", ""), ("taken", "nonsense"), ("receiver", "thief"), ("checked", "nothing"), ("case", "")]
    {
        let wrong: Vec<(&str, &str)> =
            counted.iter().map(|&(name, kept)| (name, if name == changed { value } else { kept })).collect();
        let answer = it.post("/pickup/hand-out", &wrong).await;
        assert!((400..500).contains(&answer.status), "{changed}={value}: {}", answer.status);
    }
    assert_eq!(it.handed_out().await, 0);
    it.office.close().await;
    Ok(())
}

on_both_engines!(
    a_receipt_and_its_dossiers_are_scanned_and_handed_out_together,
    nobody_hands_out_what_lies_elsewhere_or_is_not_there,
);
