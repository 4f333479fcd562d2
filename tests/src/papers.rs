//! Papers through the doors: labels that are minted, printed, recorded, printed again with a reason; a manifest; a receipt
//! whose secret stays; and what anyone's phone is told by a label. What stands on them is proved in `labels`.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use domain::id::Region;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

on_both_engines!(
    labels_are_printed_and_every_job_is_recorded,
    what_is_no_label_of_this_house_is_not_printed,
    a_manifest_and_a_receipt_are_pdfs_and_the_secret_stays,
    a_slip_for_the_shelf_is_a_pdf_of_either_size,
    labels_for_a_label_printer_are_handed_out_as_a_file_too,
    anyone_is_told_where_a_label_belongs_and_nothing_else,
);

const COUNTY: Region = Region(441_424);

async fn mint(office: &Office, kind: &str, count: u32) -> Vec<String> {
    let asked = json!({ "request_id": Uuid::new_v4(), "kind": kind, "count": count });
    let minted = office.post("/api/v1/labels", &asked).await;
    minted["codes"].as_array().expect("codes").iter().map(|it| it.as_str().expect("a text").to_owned()).collect()
}

/// Status, content type, body.
async fn fetch(office: &Office, method: Method, path: &str, body: Option<Value>) -> (u16, String, Vec<u8>) {
    let request = reqwest::Client::new().request(method, format!("{}{path}", office.url)).bearer_auth(&office.token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    (answer.status().as_u16(), kind, answer.bytes().await.expect("a body").to_vec())
}

async fn print(office: &Office, body: Value) -> (u16, String) {
    let (status, kind, body) = fetch(office, Method::POST, "/api/v1/labels/prints", Some(body)).await;
    if status == 200 {
        assert!(body.starts_with(b"%PDF"), "a PDF");
        return (status, kind);
    }
    let problem: Value = serde_json::from_slice(&body).expect("a problem");
    (status, problem["type"].as_str().expect("a type").trim_start_matches("urn:liuzhuan:problem:").to_owned())
}

async fn labels_are_printed_and_every_job_is_recorded(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let codes = mint(&office, "dossier", 30).await;
    let job = Uuid::new_v4();
    let sheet = json!({ "request_id": job, "codes": codes, "format": "a4-3x8", "start": 20 });
    for _ in 0..2 {
        assert_eq!(print(&office, sheet.clone()).await, (200, "application/pdf".to_owned()), "also when asked twice");
    }
    let again = |reason: Option<&str>| json!({ "request_id": Uuid::new_v4(), "codes": codes[..2], "reason": reason });
    assert_eq!(print(&office, again(None)).await, (409, "printed-before".to_owned()));
    assert_eq!(print(&office, again(Some("wet"))).await.0, 200);
    for (picture, begin) in [("svg", b"<svg".as_slice()), ("png", b"\x89PNG")] {
        let path = format!("/api/v1/labels/{}/picture?picture={picture}", codes[0]);
        let (status, kind, body) = fetch(&office, Method::GET, &path, None).await;
        assert!(status == 200 && kind.contains(picture) && body.starts_with(begin), "{status} {kind}");
    }
    let jobs = office.get("/api/v1/labels/prints").await;
    let told: Vec<(i64, &str, &Value)> = jobs
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| (job["labels"].as_i64().unwrap_or(0), job["format"].as_str().unwrap_or(""), &job["reason"]))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&(30, "a4-3x8", &Value::Null)) && told.contains(&(2, "60x40", &json!("wet"))), "{told:?}");
    office.close().await;
    Ok(())
}

async fn what_is_no_label_of_this_house_is_not_printed(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let codes = mint(&office, "dossier", 2).await;
    let foreign = labels::code::print(domain::code::Code::new(domain::code::CodeKind::Dossier, 4711));
    let receipt = mint(&office, "receipt", 1).await;
    let with = |codes: &[String], more: Value| {
        let mut body = json!({ "request_id": Uuid::new_v4(), "codes": codes });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let refused = [
        with(&[foreign], json!({})),
        with(&receipt, json!({})),
        with(&[], json!({})),
        with(&codes, json!({ "format": "a3" })),
        with(&codes, json!({ "right": 5000 })),
    ];
    for body in refused {
        assert_eq!(print(&office, body.clone()).await, (422, "invalid".to_owned()), "{body}");
    }
    let beyond = with(&codes, json!({ "format": "a4-3x8", "start": 25 }));
    assert_eq!(print(&office, beyond).await, (422, "start-off-sheet".to_owned()));
    assert_eq!(office.get("/api/v1/labels/prints").await, json!([]), "nothing was printed, nothing recorded");
    office.close().await;
    Ok(())
}

async fn a_manifest_and_a_receipt_are_pdfs_and_the_secret_stays(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    office.enrol("desk", "site", "t01").await;
    let (bag, dossiers) = (mint(&office, "bag", 1).await.remove(0), mint(&office, "dossier", 3).await);
    let scan = |(seq, code): (usize, &String)| {
        json!({
            "scan_id": Uuid::new_v4(), "code": code, "mode": "pack", "bag": bag, "actor": "li", "device": "desk",
            "installation": Uuid::from_u128(1), "seq": seq, "wall_ms": MORNING.0, "mono_ms": seq, "action": "packed",
        })
    };
    let scans: Vec<Value> = dossiers.iter().enumerate().map(scan).collect();
    office.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await;
    let (status, kind, body) = fetch(&office, Method::GET, &format!("/api/v1/bags/{bag}/manifest"), None).await;
    assert_eq!((status, kind.as_str(), &body[..4]), (200, "application/pdf", b"%PDF".as_slice()));
    let item = office.known().items.keys().min().expect("items").to_string();
    let case = Uuid::new_v4();
    let filed = json!({
        "request_id": Uuid::new_v4(), "by": "li", "at": "t01", "case_id": case, "case_no": "KJ-1", "item": item, "home": "t01",
    });
    office.post("/api/v1/cases", &filed).await;
    for _ in 0..2 {
        let (status, kind, body) = fetch(&office, Method::POST, &format!("/api/v1/cases/{case}/receipt"), None).await;
        assert_eq!((status, kind.as_str(), &body[..4]), (200, "application/pdf", b"%PDF".as_slice()));
    }
    let mut tx = office.app.db().begin().await?;
    let codes = registers::label::of_batch(&mut tx, COUNTY, case).await?;
    tx.rollback().await?;
    assert_eq!(
        codes.iter().map(|code| code.kind()).collect::<Vec<_>>(),
        [domain::code::CodeKind::Receipt],
        "one secret"
    );
    office.close().await;
    Ok(())
}

async fn a_slip_for_the_shelf_is_a_pdf_of_either_size(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let code = mint(&office, "dossier", 1).await.remove(0);
    let registered = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": code, "kind": "result",
        "dossier_no": "R-1", "home": "t01", "at": "t01" });
    office.post("/api/v1/dossiers", &registered).await;
    for query in ["", "?size=a6&shelf=A1-03&mark=17&keep_until=2026-12-02"] {
        let (status, kind, body) =
            fetch(&office, Method::GET, &format!("/api/v1/dossiers/{code}/slip{query}"), None).await;
        assert_eq!((status, kind.as_str(), &body[..4]), (200, "application/pdf", b"%PDF".as_slice()));
    }
    for wrong in ["size=a3", "keep_until=tomorrow", "mark=012345678901234567890"] {
        let (status, ..) = fetch(&office, Method::GET, &format!("/api/v1/dossiers/{code}/slip?{wrong}"), None).await;
        assert!([400, 422].contains(&status), "{wrong}: {status}");
    }
    office.close().await;
    Ok(())
}

async fn labels_for_a_label_printer_are_handed_out_as_a_file_too(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let codes = mint(&office, "dossier", 2).await;
    let asked = |more: Value| {
        let mut body = json!({ "request_id": Uuid::new_v4(), "codes": codes, "reason": "lost" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (language, begin) in [("tspl", "SIZE 60 mm,40 mm\r\n"), ("zpl", "^XA\n")] {
        let body = asked(json!({ "language": language, "dpi": 300 }));
        let (status, kind, body) = fetch(&office, Method::POST, "/api/v1/labels/prints", Some(body)).await;
        assert_eq!((status, kind.as_str()), (200, "application/octet-stream"));
        assert!(body.starts_with(begin.as_bytes()), "{language}");
    }
    for (more, kind) in [
        (json!({ "language": "pcl" }), "invalid"),
        (json!({ "language": "zpl", "dpi": 150 }), "invalid"),
        (json!({ "language": "zpl", "format": "a4-3x8" }), "sheet-for-roll"),
        (json!({ "printer": "none" }), "no-such-printer"),
    ] {
        assert_eq!(print(&office, asked(more.clone())).await, (422, kind.to_owned()), "{more}");
    }
    let languages = office.get("/api/v1/labels/prints").await;
    let told: Vec<&str> =
        languages.as_array().expect("jobs").iter().filter_map(|job| job["language"].as_str()).collect();
    assert!(told.len() == 2 && told.contains(&"tspl") && told.contains(&"zpl"), "{told:?}");
    office.close().await;
    Ok(())
}

async fn anyone_is_told_where_a_label_belongs_and_nothing_else(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let known = mint(&office, "dossier", 1).await.remove(0);
    let unknown = labels::code::print(domain::code::Code::new(domain::code::CodeKind::Dossier, 4711));
    let stranger = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let open = async |path: &str| -> anyhow::Result<(u16, String)> {
        let answer = stranger.get(format!("{}/{path}", office.url)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    };
    let (status, told) = open(&known.to_lowercase()).await?;
    let hub = api::paper::office(&office.known().sites).expect("a hub").name.clone();
    assert!(status == 200 && told.contains(&hub), "{status} {told}");
    assert_eq!(open(&unknown).await?, (200, told), "whether a label exists is not told");
    assert_eq!(open("no-label").await?.0, 404);
    let staff = stranger.get(format!("{}/{known}", office.url)).bearer_auth(&office.token).send().await?;
    assert_eq!(staff.headers()["location"], format!("/dossiers/{known}"));
    office.close().await;
    Ok(())
}
