//! Label printers that are not there: one that takes what it is sent, one that never answers, one that is switched off. What
//! arrives, what is recorded, what whoever prints is told; that no request leads to another address; and that jobs are
//! seen at their own site alone.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, ask, staff};
use api::printers::{Patience, Printers};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::Role;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use uuid::Uuid;

on_both_engines!(
    a_printer_of_the_configuration_gets_the_labels_once_and_the_job_tells_it,
    a_printer_that_does_not_take_a_job_is_told_recorded_and_tried_again_with_a_reason,
    no_request_leads_to_an_address_that_is_not_configured,
    jobs_and_printers_are_seen_at_their_own_site_alone,
    the_pages_lead_to_the_job_and_say_what_to_do,
);

const COUNTY: Region = Region(441_424);
const SHORT: Patience = Patience { connect: Duration::from_millis(400), write: Duration::from_millis(400) };

/// What a printer was sent, job by job.
#[derive(Clone, Default)]
struct Tray(Arc<Mutex<Vec<Vec<u8>>>>);

impl Tray {
    fn jobs(&self) -> Vec<Vec<u8>> {
        self.0.lock().expect("nobody panicked").clone()
    }

    /// Waits for as many jobs.
    async fn holds(&self, jobs: usize) -> Vec<Vec<u8>> {
        for _ in 0..200 {
            if self.jobs().len() >= jobs {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let held = self.jobs();
        assert_eq!(held.len(), jobs);
        held
    }
}

/// A printer that takes everything; its address.
async fn printing() -> anyhow::Result<(String, Tray)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, tray) = (listener.local_addr()?.to_string(), Tray::default());
    let into = tray.clone();
    tokio::spawn(async move {
        while let Ok((mut job, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            if job.read_to_end(&mut bytes).await.is_ok() {
                into.0.lock().expect("nobody panicked").push(bytes);
            }
        }
    });
    Ok((address, tray))
}

/// An address where nobody ever answers: the queue before the door is full, and nobody opens.
struct Silent {
    address: String,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Silent {
    async fn stand() -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse()?)?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?.to_string();
        let mut queue = Vec::new();
        while let Ok(Ok(knocking)) = tokio::time::timeout(SHORT.connect, TcpStream::connect(&address)).await {
            queue.push(knocking);
        }
        Ok(Self { address, _listener: listener, _queue: queue })
    }
}

/// An address where nothing listens.
async fn off() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}

async fn office(fresh: &Fresh, printers: &[String]) -> Office {
    let printers = printers.iter().map(|it| it.parse().expect("a printer")).collect();
    let printers = Printers::new(printers).expect("names of their own").patient(SHORT);
    Office::open_with(&fresh.url, COUNTY, MORNING, printers).await
}

async fn labels(office: &Office, from: u64, count: u64) -> Vec<String> {
    let codes: Vec<Code> = (from..from + count).map(|bits| Code::new(CodeKind::Dossier, bits)).collect();
    office.mint(&codes).await;
    codes.into_iter().map(labels::code::print).collect()
}

/// Status, and the type of a problem or the whole answer.
async fn print(office: &Office, path: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = office.send(Method::POST, path, Some(body)).await;
    let kind = answer["type"].as_str().map(|kind| json!(kind.trim_start_matches("urn:liuzhuan:problem:")));
    (status, kind.unwrap_or(answer))
}

const PRINTS: &str = "/api/v1/labels/prints";

async fn a_printer_of_the_configuration_gets_the_labels_once_and_the_job_tells_it(fresh: Fresh) -> anyhow::Result<()> {
    let (address, tray) = printing().await?;
    let office = office(&fresh, &[format!("name=counter,address={address},language=tspl")]).await;
    let offered = office.get("/api/v1/labels/printers").await;
    assert_eq!(offered, json!([{ "name": "counter", "language": "tspl", "dpi": 203, "format": "60x40" }]));
    let codes = labels(&office, 0, 3).await;
    let job = Uuid::new_v4();
    let asked = json!({ "request_id": job, "codes": codes, "printer": "counter" });
    for _ in 0..2 {
        let told = json!({ "job": job, "printer": "counter", "missing": [] });
        assert_eq!(print(&office, PRINTS, &asked).await, (200, told), "also when asked twice");
    }
    let sent = tray.holds(1).await.remove(0);
    let drawn = |mark: &[u8]| sent.windows(mark.len()).filter(|it| *it == mark).count();
    assert!(sent.starts_with(b"SIZE 60 mm,40 mm\r\nGAP 2 mm,0 mm\r\n"), "its own words, and what it is loaded with");
    assert_eq!((drawn(b"BITMAP 0,0,60,320,0,"), drawn(b"\r\nPRINT 1,1\r\n")), (3, 3), "a picture for each label");
    let other = json!({ "request_id": job, "codes": codes[..1], "printer": "counter" });
    assert_eq!(print(&office, PRINTS, &other).await.0, 409, "one id is one job, and its labels were printed before");
    let other = json!({ "request_id": job, "codes": codes, "language": "zpl" });
    assert_eq!(print(&office, PRINTS, &other).await, (409, json!("id-reused")));
    let jobs = office.get(PRINTS).await;
    assert_eq!((&jobs[0]["printer"], &jobs[0]["outcome"]), (&json!("counter"), &json!("sent")), "{jobs}");
    assert!(jobs[0].get("again_of").is_none() && jobs[1].is_null(), "{jobs}");
    tray.holds(1).await;
    office.close().await;
    Ok(())
}

async fn a_printer_that_does_not_take_a_job_is_told_recorded_and_tried_again_with_a_reason(
    fresh: Fresh,
) -> anyhow::Result<()> {
    let ((address, tray), silent, off) = (printing().await?, Silent::stand().await?, off().await?);
    let printers = [
        format!("name=silent,address={},language=tspl", silent.address),
        format!("name=off,address={off},language=zpl,dpi=300"),
        format!("name=good,address={address},language=zpl"),
    ];
    let office = office(&fresh, &printers).await;
    let codes = labels(&office, 0, 4).await;
    let jobs = [Uuid::new_v4(), Uuid::new_v4()];
    for ((job, codes), (printer, refused)) in
        jobs.iter().zip(codes.chunks(2)).zip([("silent", (504, "printer-silent")), ("off", (502, "printer-refused"))])
    {
        let asked = json!({ "request_id": job, "codes": codes, "printer": printer });
        for _ in 0..2 {
            let answer = print(&office, PRINTS, &asked).await;
            assert_eq!(answer, (refused.0, json!(refused.1)), "told again, not tried again");
        }
    }
    let (_, problem) = office
        .send(Method::POST, PRINTS, Some(&json!({ "request_id": jobs[0], "codes": codes[..2], "printer": "silent" })))
        .await;
    assert!(problem["detail"].as_str().is_some_and(|it| it.contains("network cable") && it.contains("download")));
    let again = format!("{PRINTS}/{}/again", jobs[0]);
    for wrong in [json!({}), json!({ "reason": "" }), json!({ "reason": "because" })] {
        let mut body = wrong;
        body["request_id"] = json!(Uuid::new_v4());
        body["printer"] = json!("good");
        let (status, _) = print(&office, &again, &body).await;
        assert!([400, 422].contains(&status), "without a reason nothing is printed again: {status}");
    }
    let first_again = Uuid::new_v4();
    let body = json!({ "request_id": first_again, "reason": "unprinted", "printer": "good" });
    assert_eq!(print(&office, &again, &body).await.0, 200);
    // Of the second print it is still the first that is named; where it went is where it goes.
    let body = json!({ "request_id": Uuid::new_v4(), "reason": "torn" });
    assert_eq!(print(&office, &format!("{PRINTS}/{first_again}/again"), &body).await.0, 200);
    let sent = tray.holds(2).await;
    assert_eq!(sent[0], sent[1], "the same labels in the same order");
    assert_eq!(String::from_utf8(sent[0].clone())?.matches("^XA").count(), 2);
    let all = office.get(PRINTS).await;
    let told = |job: &Value| (job["outcome"].clone(), job["reason"].clone(), job["again_of"].clone());
    let mut told: Vec<_> = all.as_array().expect("jobs").iter().map(told).map(|it| format!("{it:?}")).collect();
    told.sort();
    let mut wanted = [
        (json!("silent"), Value::Null, Value::Null),
        (json!("refused"), Value::Null, Value::Null),
        (json!("sent"), json!("unprinted"), json!(jobs[0])),
        (json!("sent"), json!("torn"), json!(jobs[0])),
    ]
    .map(|it| format!("{it:?}"));
    wanted.sort();
    assert_eq!(told, wanted);
    office.close().await;
    Ok(())
}

async fn no_request_leads_to_an_address_that_is_not_configured(fresh: Fresh) -> anyhow::Result<()> {
    let ((address, tray), (elsewhere, other)) = (printing().await?, printing().await?);
    let office = office(&fresh, &[format!("name=counter,address={address},language=tspl")]).await;
    let codes = labels(&office, 0, 1).await;
    let port = elsewhere.rsplit(':').next().unwrap_or_default().to_owned();
    for name in [elsewhere.clone(), format!("http://{elsewhere}/"), format!("localhost:{port}"), address, String::new()]
    {
        let body = json!({ "request_id": Uuid::new_v4(), "codes": codes, "printer": name, "address": elsewhere });
        assert_eq!(print(&office, PRINTS, &body).await, (422, json!("no-such-printer")), "{name}");
    }
    // Beside a printer's name, an address changes nothing.
    let body = json!({ "request_id": Uuid::new_v4(), "codes": codes, "printer": "counter", "address": elsewhere, "site": elsewhere });
    assert_eq!(print(&office, PRINTS, &body).await.0, 200);
    tray.holds(1).await;
    assert_eq!(other.jobs().len(), 0, "nobody came");
    office.close().await;
    Ok(())
}

fn cookie(people: &[Somebody], role: Role) -> &str {
    &people.iter().find(|one| one.role == role).expect("one for each role").cookie
}

async fn jobs_and_printers_are_seen_at_their_own_site_alone(fresh: Fresh) -> anyhow::Result<()> {
    let (address, tray) = printing().await?;
    let printers = [
        format!("name=ours,address={address},language=zpl,site=t01"),
        format!("name=theirs,address={address},language=zpl,site=t02"),
        format!("name=anyones,address={address},language=zpl"),
    ];
    let office = office(&fresh, &printers).await;
    let (here, there) = (staff(&office, "t01").await?, staff(&office, "t02").await?);
    let codes = labels(&office, 0, 2).await;
    let (ours, theirs) = (Uuid::new_v4(), Uuid::new_v4());
    for (people, job, code, printer) in [(&here, ours, &codes[0], "ours"), (&there, theirs, &codes[1], "anyones")] {
        let body = json!({ "request_id": job, "codes": [code], "printer": printer });
        let answer = ask(&office, Some(cookie(people, Role::Clerk)), "POST", PRINTS, &body).await;
        assert_eq!(answer.0, 200, "{}", answer.1);
    }
    let clerk = cookie(&here, Role::Clerk);
    let body = |printer: &str| json!({ "request_id": Uuid::new_v4(), "codes": codes[..1], "reason": "torn", "printer": printer });
    let beyond = ask(&office, Some(clerk), "POST", PRINTS, &body("theirs")).await;
    let absent = ask(&office, Some(clerk), "POST", PRINTS, &body("nobodys")).await;
    assert_eq!((beyond.0, beyond.1.replace("theirs", "nobodys")), absent, "whether it stands elsewhere is not told");
    let names = ask(&office, Some(clerk), "GET", "/api/v1/labels/printers", &json!({})).await.1;
    assert!(names.contains("ours") && names.contains("anyones") && !names.contains("theirs"), "{names}");
    let listed = ask(&office, Some(clerk), "GET", PRINTS, &json!({})).await.1;
    assert!(listed.contains(&ours.to_string()) && !listed.contains(&theirs.to_string()), "{listed}");
    let page = ask(&office, Some(clerk), "GET", "/labels", &json!({})).await.1;
    assert!(page.contains(&ours.to_string()) && !page.contains(&theirs.to_string()), "{page}");
    assert!(page.contains("printer:ours") && !page.contains("printer:theirs"), "{page}");
    for path in [format!("/labels/prints/{theirs}"), format!("/labels/prints/{}", Uuid::nil())] {
        assert_eq!(ask(&office, Some(clerk), "GET", &path, &json!({})).await.0, 404, "{path}");
    }
    let again = json!({ "request_id": Uuid::new_v4(), "reason": "torn" });
    assert_eq!(ask(&office, Some(clerk), "POST", &format!("{PRINTS}/{theirs}/again"), &again).await.0, 404);
    let all = ask(&office, Some(cookie(&here, Role::Supervisor)), "GET", PRINTS, &json!({})).await.1;
    assert!(
        all.contains(&ours.to_string()) && all.contains(&theirs.to_string()),
        "who sees the region sees all: {all}"
    );
    tray.holds(2).await;
    office.close().await;
    Ok(())
}

/// Status, where it leads, body.
async fn form(office: &Office, cookie: &str, path: &str, fields: &str) -> anyhow::Result<(u16, String, String)> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let request = client.post(format!("{}{path}", office.url)).header("cookie", format!("__Host-liuzhuan={cookie}"));
    let request = request.header("sec-fetch-site", "same-origin").body(fields.to_owned());
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await?;
    let to = answer.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    Ok((answer.status().as_u16(), to, String::from_utf8_lossy(&answer.bytes().await?).into_owned()))
}

async fn the_pages_lead_to_the_job_and_say_what_to_do(fresh: Fresh) -> anyhow::Result<()> {
    let ((address, tray), off) = (printing().await?, off().await?);
    let printers =
        [format!("name=good,address={address},language=tspl"), format!("name=off,address={off},language=tspl")];
    let office = office(&fresh, &printers).await;
    let people = staff(&office, "t01").await?;
    let clerk = cookie(&people, Role::Clerk);
    let (sent, lost) = (Uuid::new_v4(), Uuid::new_v4());
    let (status, to, _) =
        form(&office, clerk, "/labels", &format!("job={sent}&kind=dossier&count=2&to=printer%3Agood")).await?;
    assert_eq!((status, to.clone()), (303, format!("/labels/prints/{sent}?done=printed")));
    let page = ask(&office, Some(clerk), "GET", &to, &json!({})).await.1;
    assert!(page.contains("已送到打印机") && page.contains("2 × 60x40") && page.contains("clerk.t01"), "{page}");
    let (status, to, _) =
        form(&office, clerk, "/labels", &format!("job={lost}&kind=dossier&count=1&to=printer%3Aoff")).await?;
    assert_eq!(
        (status, to.clone()),
        (303, format!("/labels/prints/{lost}")),
        "minted and recorded: nothing is typed twice"
    );
    let page = ask(&office, Some(clerk), "GET", &to, &json!({})).await.1;
    assert!(page.contains("请看打印机是否就绪") && page.contains("value=\"unprinted\" selected"), "{page}");
    let (status, _, page) = form(&office, clerk, &to, &format!("job={}&to=printer%3Agood", Uuid::new_v4())).await?;
    assert!(status == 422 && page.contains("请选择重新打印的原因"), "{status} {page}");
    let again = Uuid::new_v4();
    let (status, next, _) =
        form(&office, clerk, &to, &format!("job={again}&reason=unprinted&to=printer%3Agood")).await?;
    assert_eq!((status, next.clone()), (303, format!("/labels/prints/{again}?done=printed")));
    let page = ask(&office, Some(clerk), "GET", &next, &json!({})).await.1;
    assert!(page.contains(&format!("/labels/prints/{lost}")) && page.contains("没打出来"), "{page}");
    let (status, _, file) = form(&office, clerk, &to, "reason=torn&to=zpl-300").await?;
    assert!(status == 200 && file.starts_with("^XA"), "{status}");
    let (status, _, page) = form(
        &office,
        clerk,
        "/labels",
        &format!("job={}&kind=dossier&count=3&format=a4-3x8&to=zpl-203", Uuid::new_v4()),
    )
    .await?;
    assert!(status == 422 && page.contains("整版纸"), "{status} {page}");
    tray.holds(2).await;
    office.close().await;
    Ok(())
}
