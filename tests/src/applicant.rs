//! What an applicant sees with the receipt in hand, from the counter to the rating: true at each step, naming nobody, small, and the
//! same for everything that opens nothing. What each history amounts to is proved in `domain/src/standing.rs`.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use api::access::attempts::{WRONG_LOOKS_OF_ADDRESS, WRONG_LOOKS_OF_CASE};
use api::pages::progress::BYTES_MAX;
use api::{router, server};
use chrono::NaiveDate;
use domain::code::{Code, CodeKind};
use domain::id::{CaseId, Region};
use domain::standing::ANSWERS_MS;
use registers::record::{Actor, By, Party, Reason};
use registers::vault::{Details, Given, IdentityKind};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

on_both_engines!(
    the_page_follows_a_case_from_the_counter_to_the_rating,
    a_bag_scan_alone_never_says_ready,
    the_page_says_ready_while_the_desk_has_it_on_the_shelf,
    what_opens_nothing_is_answered_alike,
    by_number_a_wrong_ending_and_an_unknown_number_are_alike,
    guessing_is_limited_by_address_and_by_case_and_asking_is_not,
    a_receipt_s_code_at_a_label_s_address_tells_what_every_label_tells,
);

const NAME: &str = "王小明";
const PHONE: &str = "13812345678";
const NUMBER: &str = "11010519491231002X";
const ADDRESS: &str = "五华县水寨镇大坝村3号";
const CASE_NO: &str = "441424-C1";
/// What must stand on no page: whose it is, what it is for, who had it.
const SECRETS: [&str; 8] = [NAME, "王", PHONE, "5678", NUMBER, "大坝村", "clerk-li", "courier-wu"];
const READY: &str = "<h1 class=\"stage ready\">可以领取</h1>";

/// The counter of t01 with one case, an application in it, and an applicant in the vault; served as behind a proxy, so that one
/// machine can come from many addresses.
struct Counter {
    office: Office,
    url: String,
    client: reqwest::Client,
    end: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    case: Uuid,
    receipt: Code,
    application: String,
    result: String,
    seq: u64,
}

#[derive(Debug)]
struct Shown {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Shown {
    /// The heading: the stage.
    fn stage(&self) -> &str {
        let after = self.body.split_once("<h1 class=\"stage").and_then(|(_, rest)| rest.split_once('>'));
        after.and_then(|(_, rest)| rest.split_once("</h1>")).map_or("none", |(stage, _)| stage)
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

impl Counter {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
        for (device, site) in [("desk", "t01"), ("hub-desk", "hub"), ("fgj-desk", "fgj"), ("other-desk", "t02")] {
            office.enrol(device, "site", site).await;
        }
        office.enrol("bicycle", "courier", "courier-wu").await;
        let [application, result] = [815, 816].map(|bits| Code::new(CodeKind::Dossier, bits));
        office.mint(&[application, result, Code::new(CodeKind::Bag, 817)]).await;
        let listener = server::listen("127.0.0.1:0".parse()?).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (end, ended) = oneshot::channel::<()>();
        let until = async move {
            let _dropped = ended.await;
        };
        let line = server::Line { tls: false, behind_proxy: true };
        let server = tokio::spawn(server::answer(listener, router::router(&office.app), line, until));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let [application, result] = [application, result].map(labels::code::print);
        let (case, receipt, seq) = (Uuid::new_v4(), Code::new(CodeKind::Receipt, 4711), 0);
        Ok(Self { office, url, client, end, server, case, receipt, application, result, seq })
    }

    async fn close(self) -> anyhow::Result<()> {
        let Self { office, client, end, server, .. } = self;
        drop((client, end));
        server.await??;
        office.close().await;
        Ok(())
    }

    /// Filed, with who applies and a receipt, and the application registered.
    async fn filed(fresh: &Fresh) -> anyhow::Result<Self> {
        let mut it = Self::open(fresh).await?;
        let item = it.office.known().items.keys().min().expect("items").to_string();
        let filed = json!({ "case_id": it.case, "case_no": CASE_NO, "item": item, "home": "t01" });
        it.decide("/api/v1/cases", "t01", filed).await;
        it.write(it.case).await?;
        it.mint(it.receipt, it.case).await?;
        let registered = json!({ "code": it.application, "dossier_no": "441424-7", "kind": "application", "case": it.case,
            "item": item, "destination": "fgj", "home": "t01" });
        it.decide("/api/v1/dossiers", "t01", registered).await;
        it.office.settled().await;
        Ok(it)
    }

    /// A receipt's label, as printing the receipt of the case makes it.
    async fn mint(&self, code: Code, case: Uuid) -> anyhow::Result<()> {
        let mut tx = self.office.app.db().begin().await?;
        let change = registers::Change::begin(&mut tx, self.office.app.region(), self.office.app.now()).await?;
        registers::label::mint(&mut tx, &change, registers::label::Mint { codes: &[code], batch: case, site: None })
            .await?;
        Ok(tx.commit().await?)
    }

    fn by(&self) -> By {
        By { actor: Actor::System, address: None, now: self.office.app.now() }
    }

    async fn write(&self, case: Uuid) -> anyhow::Result<()> {
        let identity = Some((IdentityKind::Resident, NUMBER));
        let given = Given { name: NAME, phone: Some(PHONE), identity, address: Some(ADDRESS) };
        let details = Details::check(given, NaiveDate::MAX).map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
        let app = &self.office.app;
        let mut tx = app.db().begin().await?;
        app.vault().write(&mut tx, &self.by(), (CaseId(case), Party::Applicant), &details).await?;
        Ok(tx.commit().await?)
    }

    async fn erase(&self, case: Uuid) -> anyhow::Result<()> {
        let reason = Reason { code: "asked-by-person".parse()?, note: None };
        let app = &self.office.app;
        let mut tx = app.db().begin().await?;
        app.vault().erase(&mut tx, &self.by(), (CaseId(case), Party::Applicant), &reason).await?;
        Ok(tx.commit().await?)
    }

    /// The clock goes on: what happens next happens a minute later.
    fn later(&mut self) {
        self.seq += 1;
        assert!(self.office.app.log().clock().set(MORNING.plus(self.seq as i64 * 60_000)));
    }

    async fn decide(&mut self, path: &str, at: &str, mut body: Value) {
        self.later();
        let who = json!({ "request_id": Uuid::new_v4(), "by": "clerk-li", "at": at });
        body.as_object_mut().expect("an object").extend(who.as_object().expect("an object").clone());
        self.office.post(path, &body).await;
    }

    async fn step(&mut self, body: Value) {
        let path = format!("/api/v1/cases/{}/steps", self.case);
        self.decide(&path, "fgj", body).await;
    }

    async fn scan(&mut self, device: &str, code: &str, action: &str, mode: &str, bag: Option<&str>) {
        self.later();
        let (now, actor) = (self.office.app.now().0, if device == "bicycle" { "courier-wu" } else { "clerk-li" });
        let mut scan = json!({ "scan_id": Uuid::new_v4(), "code": code, "mode": mode, "actor": actor, "device": device,
            "installation": Uuid::from_u128(device.bytes().map(u128::from).sum()), "seq": self.seq, "wall_ms": now, "mono_ms": self.seq,
            "action": action, "action_by": "rule" });
        if let Some(bag) = bag {
            scan["bag"] = json!(bag);
        }
        let answer = self.office.post("/api/v1/scans", &json!({ "sent_at": now, "scans": [scan] })).await;
        assert_eq!(
            (&answer["results"][0]["status"], &answer["results"][0]["action"]),
            (&json!("recorded"), &json!(action))
        );
    }

    async fn application(&mut self, device: &str, action: &str, mode: &str) {
        let code = self.application.clone();
        self.scan(device, &code, action, mode, None).await;
    }

    async fn result(&mut self, device: &str, action: &str, mode: &str) {
        let code = self.result.clone();
        self.scan(device, &code, action, mode, None).await;
    }

    /// The result, registered at the department.
    async fn result_registered(&mut self) {
        let registered = json!({ "code": self.result, "dossier_no": "441424-8", "kind": "result", "case": self.case, "home": "t01" });
        self.decide("/api/v1/dossiers", "fgj", registered).await;
    }

    async fn send(&self, request: reqwest::RequestBuilder, from: &str) -> Shown {
        let answer = request.header("x-forwarded-for", from).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Shown { status, headers, body: answer.text().await.expect("text") }
    }

    async fn get_from(&self, path: &str, from: &str) -> Shown {
        self.send(self.client.get(format!("{}{path}", self.url)), from).await
    }

    async fn get(&self, path: &str) -> Shown {
        self.get_from(path, "192.0.2.1").await
    }

    async fn post_from(&self, path: &str, fields: &[(&str, &str)], from: &str) -> Shown {
        let request = self.client.post(format!("{}{path}", self.url)).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(encoded(fields)), from).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.post_from(path, fields, "192.0.2.1").await
    }

    fn path(&self) -> String {
        format!("/t/{}", labels::code::print(self.receipt))
    }

    /// The page by the receipt, in Chinese; no page ever says more than it may.
    async fn page(&self) -> Shown {
        let item = self.office.known().items.values().min_by(|a, b| a.code.cmp(&b.code)).expect("items").clone();
        for lang in ["?lang=en", ""] {
            let shown = self.get(&format!("{}{lang}", self.path())).await;
            assert_eq!(shown.status, 200, "{shown:?}");
            self.holds_nothing(&shown, &[&item.name, item.code.as_str(), &self.application, &self.result]).await;
            if lang.is_empty() {
                return shown;
            }
        }
        unreachable!("the last language returns")
    }

    /// Whose, what for, by whom; and what the answer says of itself.
    async fn holds_nothing(&self, shown: &Shown, more: &[&str]) {
        for secret in SECRETS.iter().chain(more).chain(&[CASE_NO, "441424-7", "441424-8", &self.case.to_string()]) {
            assert!(!shown.body.contains(*secret), "{secret} in {}", shown.body);
        }
        let header = |name: &str| shown.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
        assert_eq!((header("cache-control"), header("referrer-policy")), ("no-store", "no-referrer"));
        assert!(header("x-robots-tag").starts_with("noindex") && !shown.headers.contains_key("set-cookie"));
        assert!(!shown.body.contains("<script") && !shown.body.contains("style=\""), "{}", shown.body);
        let mut bytes = shown.body.len();
        for linked in shown.body.split("<link ").skip(1).filter_map(|rest| rest.split("href=\"").nth(1)) {
            bytes += self.get(linked.split('"').next().expect("an address")).await.body.len();
        }
        assert!(bytes <= BYTES_MAX, "{bytes} bytes");
    }
}

async fn the_page_follows_a_case_from_the_counter_to_the_rating(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Counter::filed(&fresh).await?;
    let counter = it.page().await;
    assert_eq!(counter.stage(), "已收件");
    assert!(counter.body.contains("镇公共服务中心") && counter.body.contains("还不能"), "{}", counter.body);
    // The QR code leads here, capitals and all.
    let qr = labels::qr::text(Some("lz.example.cn"), it.receipt);
    let path = qr.strip_prefix("HTTPS://LZ.EXAMPLE.CN").expect("the address");
    let by_qr = it.get(path).await;
    assert_eq!((by_qr.status, by_qr.stage()), (200, "已收件"), "{path}");
    // And so does typing the code, or the number with how the phone ends.
    let code = labels::code::grouped(it.receipt);
    let typed = it.post("/t", &[("code", &code), ("lang", "")]).await;
    assert_eq!((typed.status, typed.headers["location"].to_str()?), (303, it.path().as_str()));
    let by_number = it.post("/t", &[("number", CASE_NO), ("ending", "５６７８")]).await;
    assert_eq!((by_number.status, by_number.stage()), (200, "已收件"));
    it.holds_nothing(&by_number, &[&labels::code::print(it.receipt)]).await;

    it.application("bicycle", "collected", "receive").await;
    let road = it.page().await;
    assert!(road.stage() == "正在送往部门" && road.body.contains("路上"), "{}", road.body);
    it.application("hub-desk", "received", "receive").await;
    let hub = it.page().await;
    assert!(hub.stage() == "正在送往部门" && hub.body.contains("县流转中心"), "{}", hub.body);
    it.application("fgj-desk", "at_department", "receive").await;
    it.step(json!({ "step": "accepted" })).await;
    assert_eq!(it.page().await.stage(), "部门正在办理");
    it.step(json!({ "step": "decided", "outcome": "refused" })).await;
    assert_eq!(it.page().await.stage(), "已有结果", "not which");
    it.result_registered().await;
    assert_eq!(it.page().await.stage(), "已有结果");
    it.result("fgj-desk", "returned", "send").await;
    assert_eq!(it.page().await.stage(), "正在送回");
    it.result("desk", "received", "receive").await;
    assert_eq!(it.page().await.stage(), "正在送回", "it is in the house and not on the shelf");
    let early = it.post(&format!("{}/rating", it.path()), &[("stars", "5")]).await;
    assert_eq!(early.status, 409, "{early:?}");
    it.result("desk", "shelved", "shelve").await;
    let ready = it.page().await;
    assert!(ready.body.contains(READY), "{}", ready.body);
    let known = it.office.known();
    let home = &known.sites[&"t01".parse()?];
    for word in [home.name.as_str(), home.hours.as_str(), "回执", "身份证", "委托书", "2026年12月2日"] {
        assert!(ready.body.contains(word), "{word}: {}", ready.body);
    }
    it.result("desk", "sighted", "stocktake").await;
    assert!(it.page().await.body.contains(READY), "counted on the shelf");

    let path = format!("/api/v1/dossiers/{}/hand-out", it.result);
    it.decide(&path, "t01", json!({ "receiver": "proxy", "checked": "both" })).await;
    let handed = it.page().await;
    assert!(handed.stage() == "已领取" && handed.body.contains("/rating\""), "{}", handed.body);
    let rating = format!("{}/rating", it.path());
    for wrong in ["", "0", "6", "five"] {
        assert_eq!(it.post(&rating, &[("stars", wrong)]).await.status, 422, "{wrong}");
    }
    let first = it.post(&rating, &[("stars", "4")]).await;
    let second = it.post(&rating, &[("stars", "1")]).await;
    assert!(first.status == 200 && first.body.contains("已收到您的评价"), "{first:?}");
    assert_eq!((second.status, second.body), (200, first.body), "the same thanks");
    let events = it.office.get("/api/v1/events?after=0&limit=1000").await;
    let all = events["events"].as_array().expect("events");
    let rated: Vec<&Value> = all.iter().filter(|event| event["name"] == "rated").collect();
    assert_eq!(rated.len(), 1, "once: {rated:?}");
    assert_eq!(
        (&rated[0]["body"]["fact"]["stars"], &rated[0]["body"]["source"]["by"]),
        (&json!(4), &json!("applicant"))
    );
    let again = it.page().await;
    assert!(again.body.contains("已收到您的评价") && !again.body.contains("/rating\""), "{}", again.body);
    let case = it.office.get(&format!("/api/v1/cases/{}", it.case)).await;
    assert_eq!(case["stage"], "decided", "a rating is no step of the procedure");
    it.close().await
}

async fn a_bag_scan_alone_never_says_ready(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Counter::filed(&fresh).await?;
    it.result_registered().await;
    let (bag, result) = (labels::code::print(Code::new(CodeKind::Bag, 817)), it.result.clone());
    it.scan("fgj-desk", &result, "packed", "pack", Some(&bag)).await;
    for (device, action, mode) in [
        ("fgj-desk", "sealed", "pack"),
        ("bicycle", "collected", "receive"),
        ("desk", "received", "receive"),
        ("desk", "opened", "check"),
    ] {
        it.scan(device, &bag, action, mode, None).await;
        let shown = it.page().await;
        assert!(shown.stage() == "正在送回" && !shown.body.contains("公共服务中心"), "{action}: {}", shown.body);
    }
    it.result("other-desk", "shelved", "shelve").await;
    assert_eq!(it.page().await.stage(), "正在送回", "a shelf of another place");
    it.result("desk", "shelved", "shelve").await;
    assert!(it.page().await.body.contains(READY));
    it.result("desk", "missing", "stocktake").await;
    assert_eq!(it.page().await.stage(), "正在核对");
    it.close().await
}

async fn the_page_says_ready_while_the_desk_has_it_on_the_shelf(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Counter::filed(&fresh).await?;
    it.result_registered().await;
    let steps = [
        ("other-desk", "shelved", "shelve"),
        ("desk", "received", "receive"),
        ("desk", "shelved", "shelve"),
        ("desk", "sighted", "stocktake"),
        ("desk", "received", "receive"),
        ("desk", "shelved", "shelve"),
        ("desk", "damaged", "receive"),
        ("desk", "missing", "stocktake"),
        ("desk", "found", "stocktake"),
        ("desk", "shelved", "shelve"),
        ("bicycle", "sighted", "stocktake"),
        ("desk", "sighted", "stocktake"),
    ];
    let mut ready = Vec::new();
    for (at, (device, action, mode)) in steps.into_iter().enumerate() {
        it.result(device, action, mode).await;
        let queue = it.office.get("/api/v1/sites/t01/queues/on_shelf").await;
        let on_shelf = !queue["items"].as_array().expect("a queue").is_empty();
        let says_ready = it.page().await.body.contains(READY);
        assert_eq!(says_ready, on_shelf, "after {device} {action}: {queue}");
        ready.extend(says_ready.then_some(at));
    }
    assert_eq!(ready, [2, 3, 5, 6, 9], "taken in hand, missed and taken along it is not");
    it.close().await
}

async fn what_opens_nothing_is_answered_alike(fresh: Fresh) -> anyhow::Result<()> {
    let mut it = Counter::filed(&fresh).await?;
    let (erased, none) = (Uuid::new_v4(), Uuid::new_v4());
    let [of_erased, of_nothing] = [4712, 4713].map(|bits| Code::new(CodeKind::Receipt, bits));
    let filed = json!({ "case_id": erased, "case_no": "441424-C2", "item": "x", "home": "t01" });
    it.decide("/api/v1/cases", "t01", filed).await;
    it.write(erased).await?;
    it.mint(of_erased, erased).await?;
    it.mint(of_nothing, none).await?;
    let path = |code: Code| format!("/t/{}", labels::code::print(code));
    assert_eq!(it.get(&path(of_erased)).await.status, 200, "before");
    it.erase(erased).await?;
    let mut mistyped = it.path();
    let last = mistyped.pop().expect("a character");
    mistyped.push(if last == '0' { '1' } else { '0' });
    let over = it.path();
    it.step(json!({ "step": "withdrawn" })).await;
    assert_eq!(it.get(&over).await.stage(), "已撤件");
    assert!(it.office.app.log().clock().set(it.office.app.now().plus(ANSWERS_MS + 1)));
    let unknown = path(Code::new(CodeKind::Receipt, 99));
    let label = format!("/t/{}", it.application);
    let all = [unknown, path(of_erased), path(of_nothing), mistyped, over, label, "/t/nonsense".to_owned()];
    let mut answers = Vec::new();
    for path in &all {
        let shown = it.get(path).await;
        assert_eq!(shown.status, 404, "{path}: {shown:?}");
        it.holds_nothing(&shown, &[path.trim_start_matches("/t/")]).await;
        let rated = it.post(&format!("{path}/rating"), &[("stars", "5")]).await;
        assert_eq!((rated.status, &rated.body), (404, &shown.body), "{path}");
        let mut headers = shown.headers.clone();
        headers.remove("date");
        answers.push((headers, shown.body));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    it.close().await
}

async fn by_number_a_wrong_ending_and_an_unknown_number_are_alike(fresh: Fresh) -> anyhow::Result<()> {
    let it = Counter::filed(&fresh).await?;
    let ask = async |number: &str, ending: &str| {
        let shown = it.post("/t", &[("number", number), ("ending", ending)]).await;
        (shown.status, shown.body.replace(number, "#"))
    };
    let wrong = ask(CASE_NO, "5679").await;
    assert_eq!(wrong.0, 404);
    assert!(wrong.1.contains("没有查到") && wrong.1.contains("value=\"#\""), "the number stays typed: {}", wrong.1);
    assert_eq!(wrong, ask("441424-C9", "5678").await, "an unknown number");
    assert_eq!(wrong, ask("441424-7", "5678").await, "a dossier's number");
    it.erase(it.case).await?;
    assert_eq!(wrong, ask(CASE_NO, "5678").await, "erased");
    for (number, ending) in [(CASE_NO, "567"), (CASE_NO, "56 8"), ("", "5678"), (CASE_NO, "abcd"), (CASE_NO, "")] {
        let shown = it.post("/t", &[("number", number), ("ending", ending)]).await;
        assert!(shown.status == 422 && shown.body.contains("后四位"), "{number} {ending}: {shown:?}");
    }
    let english = it.get("/t?lang=en").await;
    assert!(
        english.body.contains("Look up your case") && english.body.contains("<html lang=\"en\">"),
        "{}",
        english.body
    );
    it.holds_nothing(&english, &[]).await;
    it.close().await
}

async fn guessing_is_limited_by_address_and_by_case_and_asking_is_not(fresh: Fresh) -> anyhow::Result<()> {
    let it = Counter::filed(&fresh).await?;
    let right = it.path();
    for _ in 0..=WRONG_LOOKS_OF_ADDRESS.tries {
        assert_eq!(it.get_from(&right, "192.0.2.7").await.status, 200, "who asks for the own case may ask again");
    }
    let (mine, neighbour) = ("2001:db8::1", "2001:db8::ffff:9");
    for bits in 0..u64::from(WRONG_LOOKS_OF_ADDRESS.tries) {
        let unknown = format!("/t/{}", labels::code::print(Code::new(CodeKind::Receipt, bits)));
        assert_eq!(it.get_from(&unknown, mine).await.status, 404);
    }
    let limited = it.get_from("/t/nonsense", neighbour).await;
    assert_eq!(limited.status, 429, "another address of the same subscriber");
    let wait: u64 = limited.headers["retry-after"].to_str()?.parse()?;
    assert!((1..=601).contains(&wait) && limited.body.contains("分钟后再试"), "{wait} {}", limited.body);
    it.holds_nothing(&limited, &[]).await;
    assert_eq!(it.get_from(&right, mine).await.status, 429, "nor is a right one told from a wrong one");
    assert_eq!(it.get_from(&right, "2001:db8:0:1::1").await.status, 200, "others are not kept out");

    let ask = async |number: &str, ending: &str, at: u32| {
        let from = format!("198.51.100.{at}");
        it.post_from("/t", &[("number", number), ("ending", ending)], &from).await.status
    };
    for number in [CASE_NO, "441424-C9"] {
        for at in 0..WRONG_LOOKS_OF_CASE.tries {
            assert_eq!(ask(number, "0000", at).await, 404, "{number}");
        }
        assert_eq!(ask(number, "5678", 200).await, 429, "from any address, there or not: {number}");
    }
    assert_eq!(it.get(&right).await.status, 200, "the receipt itself still opens");
    assert!(it.office.app.log().clock().set(it.office.app.now().plus(WRONG_LOOKS_OF_CASE.within_ms)));
    assert_eq!(ask(CASE_NO, "5678", 200).await, 200);
    it.close().await
}

async fn a_receipt_s_code_at_a_label_s_address_tells_what_every_label_tells(fresh: Fresh) -> anyhow::Result<()> {
    let it = Counter::filed(&fresh).await?;
    let unknown = labels::code::print(Code::new(CodeKind::Dossier, 99));
    let receipt = it.get(&it.path()["/t".len()..]).await;
    let label = it.get(&format!("/{unknown}")).await;
    assert_eq!((receipt.status, &receipt.body), (200, &label.body));
    it.close().await
}
