//! The doors under bad input: a clear 4xx with a stable type, the good scans of a batch recorded all the same, never a 5xx.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use eventstore::sql;
use serde_json::{Value, json};
use uuid::Uuid;

const COUNTY: Region = Region(441_424);

struct Desk {
    office: Office,
    installation: Uuid,
    seq: u64,
    labels: Vec<String>,
}

impl Desk {
    async fn open(fresh: &Fresh) -> Self {
        let office = Office::open(&fresh.url, COUNTY, MORNING).await;
        office.enrol("desk", "site", "t01").await;
        let codes: Vec<Code> = (1..=4).map(|bits| Code::new(CodeKind::Dossier, bits)).collect();
        office.mint(&codes).await;
        let labels = codes.into_iter().map(labels::code::print).collect();
        Self { office, installation: Uuid::new_v4(), seq: 0, labels }
    }

    fn scan(&mut self, code: &str) -> Value {
        self.seq += 1;
        json!({
            "scan_id": Uuid::new_v4(), "code": code, "mode": "receive", "actor": "li", "device": "desk",
            "installation": self.installation, "seq": self.seq, "wall_ms": MORNING.0 - 60_000 + self.seq as i64,
            "mono_ms": self.seq, "action": "received", "action_by": "rule",
        })
    }

    async fn upload(&self, scans: &[Value]) -> Value {
        self.office.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await["results"].clone()
    }

    /// Bytes as they are; status and problem type.
    async fn raw(&self, path: &str, token: &str, body: Vec<u8>) -> (u16, String) {
        let request = reqwest::Client::new().post(format!("{}{path}", self.office.url)).bearer_auth(token);
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        let kind = body["type"].as_str().unwrap_or_default();
        (status, kind.trim_start_matches("urn:liuzhuan:problem:").to_owned())
    }
}

async fn what_cannot_be_read_is_a_clear_4xx(fresh: Fresh) -> anyhow::Result<()> {
    let mut desk = Desk::open(&fresh).await;
    let token = desk.office.token.clone();
    let many: Vec<Value> = (0..501).map(|_| desk.scan("x")).collect();
    let many = json!({ "sent_at": MORNING.0, "scans": many }).to_string().into_bytes();
    let cases: Vec<(&str, Vec<u8>, (u16, &str))> = vec![
        ("not JSON", b"{".to_vec(), (400, "malformed")),
        ("invalid UTF-8", b"{\"sent_at\": 1, \"scans\": [\"\xff\xfe\"]}".to_vec(), (400, "malformed")),
        ("wrong types", br#"{"sent_at": "today", "scans": []}"#.to_vec(), (422, "invalid")),
        ("no scans", br#"{"sent_at": 1}"#.to_vec(), (422, "invalid")),
        ("501 scans", many, (413, "too-large")),
        ("10 MB", vec![b' '; 10_000_000], (413, "too-large")),
    ];
    for (name, body, (status, kind)) in cases {
        assert_eq!(desk.raw("/api/v1/scans", &token, body).await, (status, kind.to_owned()), "{name}");
    }
    let empty = br#"{"sent_at": 1, "scans": []}"#.to_vec();
    let other_county = token.replace("lz_441424_", "lz_441425_");
    for bad in ["nonsense", other_county.as_str()] {
        assert_eq!(desk.raw("/api/v1/scans", bad, empty.clone()).await, (401, "bad-credential".to_owned()), "{bad}");
    }
    assert_eq!(desk.raw("/api/v1/scans", "", empty).await, (401, "no-credential".to_owned()));
    assert_eq!(desk.office.app.log().head_row().await?.position, 0, "nothing was recorded");
    desk.office.close().await;
    Ok(())
}

async fn a_token_of_another_region_opens_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await;
    let other = Office::open(&fresh.url, Region(441_426), MORNING).await;
    let (status, kind) = desk.raw("/api/v1/scans", &other.token, br#"{"sent_at":1,"scans":[]}"#.to_vec()).await;
    assert_eq!((status, kind.as_str()), (401, "bad-credential"));
    desk.office.close().await;
    other.close().await;
    Ok(())
}

async fn the_good_scans_of_a_batch_are_recorded_all_the_same(fresh: Fresh) -> anyhow::Result<()> {
    let mut desk = Desk::open(&fresh).await;
    let good = desk.labels.clone();
    let mut wrong_check = good[1].clone();
    wrong_check.replace_range(12..13, if wrong_check.ends_with('7') { "8" } else { "7" });
    let identity = "110101199003070038";
    let scans = [
        desk.scan(&good[0]),
        json!({ "scan_id": "not a uuid" }),
        desk.scan("6901234567892"),
        desk.scan(identity),
        desk.scan(&wrong_check),
        json!(17),
        desk.scan(&good[1].to_lowercase()),
        desk.scan(&format!("https://lz.example.cn/{}", good[2])),
    ];
    let results = desk.upload(&scans).await;
    let of = |field: &str| -> Vec<String> {
        results.as_array().unwrap().iter().map(|result| result[field].as_str().unwrap_or("-").to_owned()).collect()
    };
    let (recorded, refused) = ("recorded", "refused");
    assert_eq!(of("status"), [recorded, refused, refused, refused, refused, refused, recorded, recorded]);
    assert!(!results.to_string().contains(identity), "an identity number is never repeated");
    assert_eq!(results[2]["problem"]["type"], "urn:liuzhuan:problem:foreign-barcode");
    assert_eq!(results[4]["problem"]["type"], "urn:liuzhuan:problem:wrong-check");
    assert_eq!(desk.office.app.log().head_row().await?.position, 3);
    desk.office.close().await;
    Ok(())
}

async fn unknown_labels_sites_and_impossible_times_are_kept_and_flagged(fresh: Fresh) -> anyhow::Result<()> {
    let mut desk = Desk::open(&fresh).await;
    let unknown = labels::code::print(Code::new(CodeKind::Dossier, 99));
    let mut far = desk.scan(&desk.labels[0].clone());
    far["wall_ms"] = json!(MORNING.0 + 86_400_000);
    let mut dead = desk.scan(&desk.labels[1].clone());
    dead["wall_ms"] = json!(i64::MIN);
    let mut elsewhere = desk.scan(&desk.labels[2].clone());
    elsewhere["device"] = json!("nobody-enrolled-this");
    elsewhere["stop"] = json!("a-site-nobody-knows");
    let strange = desk.scan(&unknown);
    let results = desk.upload(&[far, dead, elsewhere, strange]).await;
    let flags = |index: usize| results[index]["flags"].to_string();
    assert!(flags(0).contains("impossible_time") && flags(1).contains("impossible_time"));
    assert!(flags(2).contains("unknown_site") && flags(2).contains("unknown_device"));
    assert_eq!((&results[2]["status"], &results[3]["status"]), (&json!("stray"), &json!("stray")));
    let label = format!("/api/v1/dossiers/{unknown}");
    assert_eq!(desk.office.get(&label).await["holder"], json!({ "kind": "site", "site": "t01" }));
    desk.office.settled().await;
    let open = "/api/v1/exceptions?kind=unknown_label";
    assert_eq!(desk.office.all(open).await.len(), 1);
    let mint = json!({ "request_id": Uuid::new_v4(), "kind": "dossier", "codes": [unknown] });
    desk.office.post("/api/v1/labels", &mint).await;
    assert_eq!(desk.office.all(open).await.len(), 0, "a stray is joined once its label is known");
    desk.office.close().await;
    Ok(())
}

async fn a_repeat_gets_its_first_receipt_and_other_content_an_error(fresh: Fresh) -> anyhow::Result<()> {
    let mut desk = Desk::open(&fresh).await;
    let scan = desk.scan(&desk.labels[0].clone());
    let first = desk.upload(std::slice::from_ref(&scan)).await;
    let again = desk.upload(&[scan.clone(), scan.clone()]).await;
    for repeat in [&again[0], &again[1]] {
        assert_eq!((&repeat["status"], &repeat["first_status"]), (&json!("duplicate"), &json!("recorded")));
        assert_eq!((&repeat["position"], &repeat["action"]), (&first[0]["position"], &first[0]["action"]));
    }
    let mut other = scan;
    other["action"] = json!("sighted");
    let refused = desk.upload(&[other]).await;
    assert_eq!(refused[0]["problem"]["type"], "urn:liuzhuan:problem:id-reused");
    assert_eq!(desk.office.app.log().head_row().await?.position, 1);
    desk.office.close().await;
    Ok(())
}

async fn a_decision_is_made_once_and_may_be_refused(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await;
    let (office, label) = (&desk.office, &desk.labels[0]);
    let register = json!({
        "request_id": Uuid::new_v4(), "code": label, "dossier_no": "441424-1", "kind": "result", "home": "t01", "at": "t01",
        "by": "li",
    });
    assert_eq!(office.post("/api/v1/dossiers", &register).await["duplicate"], json!(false));
    assert_eq!(office.post("/api/v1/dossiers", &register).await["duplicate"], json!(true));
    let hand_out = |at: &str| json!({ "request_id": Uuid::new_v4(), "by": "li", "at": at, "receiver": "applicant", "checked": "both" });
    let path = "/api/v1/dossiers/441424-1/hand-out";
    office.settled().await;
    let (status, refused) = office.send(reqwest::Method::POST, path, Some(&hand_out("t02"))).await;
    assert_eq!((status, &refused["type"]), (409, &json!("urn:liuzhuan:problem:not-held-here")));
    office.post(path, &hand_out("t01")).await;
    let (status, refused) = office.send(reqwest::Method::POST, path, Some(&hand_out("t01"))).await;
    assert_eq!((status, &refused["type"]), (409, &json!("urn:liuzhuan:problem:already-handed-out")));
    assert_eq!(office.get("/api/v1/dossiers/441424-1").await["holder"], json!({ "kind": "applicant" }));
    desk.office.close().await;
    Ok(())
}

async fn a_bag_is_taken_into_use_and_relabelled_with_its_history(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await;
    let office = &desk.office;
    let [old, new] = [71, 72].map(|bits| Code::new(CodeKind::Bag, bits));
    office.mint(&[old, new]).await;
    let [old, new] = [old, new].map(labels::code::print);
    let body = json!({ "request_id": Uuid::new_v4(), "by": "li", "at": "t01", "code": old, "bag_no": "水寨-03", "home": "t01" });
    office.post("/api/v1/bags", &body).await;
    let relabel = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": new });
    office.post(&format!("/api/v1/bags/{old}/relabel"), &relabel).await;
    let (by_old, by_new) =
        (office.get(&format!("/api/v1/bags/{old}")).await, office.get(&format!("/api/v1/bags/{new}")).await);
    assert_eq!(by_old, by_new);
    assert_eq!((&by_new["bag"]["code"], &by_new["bag"]["bag_no"]), (&json!(new), &json!("水寨-03")));
    let again = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": new });
    let (status, refused) =
        office.send(reqwest::Method::POST, &format!("/api/v1/bags/{old}/annul"), Some(&again)).await;
    assert_eq!(status, 200, "{refused}");
    desk.office.close().await;
    Ok(())
}

async fn every_list_refuses_what_it_does_not_understand(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await;
    let office = &desk.office;
    let cases = [
        ("/api/v1/dossiers?limit=0", 422),
        ("/api/v1/dossiers?limit=abc", 422),
        ("/api/v1/dossiers?cursor=zzz", 422),
        ("/api/v1/sites/nowhere/queues", 404),
        ("/api/v1/sites/t01/queues/nonsense", 404),
        ("/api/v1/dossiers/nothing-like-it", 404),
        ("/api/v1/exceptions?kind=nonsense", 422),
        ("/api/v1/events?after=-1", 422),
        ("/api/v1/nowhere", 404),
        ("/api/v1/couriers/%20/load", 422),
    ];
    for (path, status) in cases {
        let (found, body) = office.send(reqwest::Method::GET, path, None).await;
        assert_eq!(found, status, "{path}: {body}");
        assert!(body["type"].as_str().is_some_and(|kind| kind.starts_with("urn:liuzhuan:problem:")), "{path}: {body}");
    }
    desk.office.close().await;
    Ok(())
}

/// Text that no writer of this program would make: spaces, escapes, a field of tomorrow.
const WRITTEN_ELSEWHERE: &str =
    "{ \"fact\" : {\"note\":null, \"later\":1.50}, \"source\":{\"role\":\"site\",\"by\":\"\\u006b1\"} }";

async fn the_feed_hands_bodies_on_as_they_were_written(fresh: Fresh) -> anyhow::Result<()> {
    let mut desk = Desk::open(&fresh).await;
    let scan = desk.scan(&desk.labels[0].clone());
    desk.upload(&[scan]).await;
    let mut tx = desk.office.app.db().begin().await?;
    let rewrite = "update events set name = 'sighted', body = $1 where position = 1";
    sql!(tx.conn(), c => sqlx::query(rewrite).bind(WRITTEN_ELSEWHERE).execute(c).await.map(|_| ()))?;
    tx.commit().await?;
    let feed = format!("{}/api/v1/events", desk.office.url);
    let answer = reqwest::Client::new().get(feed).bearer_auth(&desk.office.token).send().await?.text().await?;
    assert!(answer.contains(WRITTEN_ELSEWHERE), "{answer}");
    desk.office.close().await;
    Ok(())
}

async fn text_that_a_database_cannot_hold_is_a_clear_4xx(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await;
    let (office, label) = (&desk.office, &desk.labels[0]);
    let paths = [
        "/api/v1/search?q=a%00",
        "/api/v1/dossiers/%00",
        "/api/v1/dossiers/%FF",
        "/api/v1/bags/%00",
        "/api/v1/cases/%00",
        "/api/v1/exceptions?site=%00",
        "/dossiers/%FF",
        "/%FF",
    ];
    for path in paths {
        let (status, body) = office.send(reqwest::Method::GET, path, None).await;
        let clear = body["type"].as_str().is_some_and(|kind| kind.starts_with("urn:liuzhuan:problem:"));
        assert!(status == 200 || ((400..500).contains(&status) && clear), "{path}: {status} {body}");
    }
    for number in ["a\u{0}b".to_owned(), "9".repeat(51)] {
        let id = Uuid::new_v4();
        let register =
            json!({ "request_id": id, "code": label, "dossier_no": number, "home": "t01", "at": "t01", "by": "li" });
        let bag =
            json!({ "request_id": id, "code": bag_label(1), "bag_no": number, "home": "t01", "at": "t01", "by": "li" });
        let case = json!({ "request_id": id, "case_id": id, "case_no": number, "item": "x", "home": "t01", "at": "t01", "by": "li" });
        for (path, body) in [("/api/v1/dossiers", register), ("/api/v1/bags", bag), ("/api/v1/cases", case)] {
            let (status, answer) = office.send(reqwest::Method::POST, path, Some(&body)).await;
            assert_eq!(status, 422, "{path}: {answer}");
        }
    }
    desk.office.close().await;
    Ok(())
}

async fn who_is_saved_is_known_at_once_whoever_else_reads_the_registers(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let app = office.app.clone();
    let reader = tokio::spawn(async move {
        loop {
            app.refresh().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    for number in 0..100 {
        let id: domain::id::PersonId = format!("p{number}").parse()?;
        let row = registers::person::PersonRow { id: id.clone(), name: id.to_string(), phone: None };
        assert!(api::staff::save(&office.app, &api::staff::Doer::shell(), row).await.is_ok());
        assert!(office.known().people.find(&id).is_some(), "{id} was saved and is not known");
        tokio::time::sleep(std::time::Duration::from_millis(number % 7)).await;
        assert!(office.known().people.find(&id).is_some(), "{id} was known and is known no more");
    }
    reader.abort();
    assert!(reader.await.is_err_and(|ended| ended.is_cancelled()), "it read the registers to the end");
    office.close().await;
    Ok(())
}

fn bag_label(bits: u64) -> String {
    labels::code::print(Code::new(CodeKind::Bag, bits))
}

on_both_engines!(
    what_cannot_be_read_is_a_clear_4xx,
    a_token_of_another_region_opens_nothing,
    the_good_scans_of_a_batch_are_recorded_all_the_same,
    unknown_labels_sites_and_impossible_times_are_kept_and_flagged,
    a_repeat_gets_its_first_receipt_and_other_content_an_error,
    a_decision_is_made_once_and_may_be_refused,
    a_bag_is_taken_into_use_and_relabelled_with_its_history,
    every_list_refuses_what_it_does_not_understand,
    text_that_a_database_cannot_hold_is_a_clear_4xx,
    who_is_saved_is_known_at_once_whoever_else_reads_the_registers,
    the_feed_hands_bodies_on_as_they_were_written,
);
