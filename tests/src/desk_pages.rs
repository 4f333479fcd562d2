//! The desk: a site's queues, what is done with a dossier from its page, registering at the counter, finding while typing. Over
//! HTTP, as browsers ask, on both engines.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, staff};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::Role;
use reqwest::header;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const COUNTY: Region = Region(441_424);
const DAY_MS: i64 = 86_400_000;
/// Decided by the county's health department, and by the town on its behalf.
const OF_THE_COUNTY: &str = "990123001000";
const DELEGATED: &str = "990123002000";

struct Desk {
    office: Office,
    here: Vec<Somebody>,
    elsewhere: Vec<Somebody>,
}

struct Answer {
    status: u16,
    to: String,
    body: String,
}

impl Desk {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, COUNTY, MORNING).await;
        let (here, elsewhere) = (staff(&office, "t01").await?, staff(&office, "t02").await?);
        Ok(Self { office, here, elsewhere })
    }

    fn who(people: &[Somebody], role: Role) -> &str {
        &people.iter().find(|one| one.role == role).expect("one for each role").cookie
    }

    async fn ask(&self, cookie: &str, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let mut request = client
            .request(method.parse().expect("a method"), format!("{}{path}", self.office.url))
            .header("sec-fetch-site", "same-origin")
            .header("cookie", format!("__Host-liuzhuan={cookie}"));
        if method == "POST" {
            let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(pairs.join("&"));
        }
        let answer = request.send().await.expect("an answer");
        let to = answer.headers().get(header::LOCATION).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        Answer { status: answer.status().as_u16(), to, body: answer.text().await.unwrap_or_default() }
    }

    /// As the clerk of t01.
    async fn get(&self, path: &str) -> Answer {
        self.ask(Self::who(&self.here, Role::Clerk), "GET", path, &[]).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask(Self::who(&self.here, Role::Clerk), "POST", path, form).await
    }

    /// A dossier of a number, as a program registers it; its label.
    async fn registered(&self, bits: u64, number: &str, rest: &Value) -> String {
        let code = Code::new(CodeKind::Dossier, bits);
        self.office.mint(&[code]).await;
        let label = labels::code::print(code);
        let mut body = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": label, "dossier_no": number });
        body.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        self.office.post("/api/v1/dossiers", &body).await;
        label
    }

    /// A scan by a site's own device.
    async fn scan(&self, label: &str, site: &str, rest: &Value) {
        let mut scan = json!({ "scan_id": Uuid::new_v4(), "code": label, "mode": "receive", "stop": site, "actor": "li",
            "device": "spare", "installation": Uuid::new_v4(), "seq": 1, "wall_ms": self.office.app.now().0, "mono_ms": 1 });
        scan.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        let batch = json!({ "sent_at": self.office.app.now().0, "scans": [scan] });
        let answer = self.office.post("/api/v1/scans", &batch).await;
        assert_ne!(answer["results"][0]["status"], json!("refused"), "{answer}");
    }

    /// Some dossiers of a site, scanned by its own device and not registered.
    async fn lie_at(&self, site: &str, many: u64) {
        let codes: Vec<Code> = (0..many).map(|bits| Code::new(CodeKind::Dossier, 10_000 + bits)).collect();
        self.office.mint(&codes).await;
        for (batch, codes) in codes.chunks(500).enumerate() {
            let scan = |(at, code): (usize, &Code)| {
                let seq = batch * 500 + at + 1;
                json!({ "scan_id": Uuid::new_v4(), "code": labels::code::print(*code), "mode": "receive", "stop": site,
                    "actor": "li", "device": "spare", "installation": Uuid::from_u128(5), "seq": seq, "mono_ms": seq,
                    "action": "received", "wall_ms": MORNING.0 - 10_000 + i64::try_from(seq).unwrap() })
            };
            let scans: Vec<Value> = codes.iter().enumerate().map(scan).collect();
            self.office.post("/api/v1/scans", &json!({ "sent_at": MORNING.0, "scans": scans })).await;
        }
    }

    /// How many events the log holds.
    async fn head(&self) -> i64 {
        self.office.app.log().head_row().await.expect("a head").position
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Text between two marks.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {text}")).1;
    rest.split_once(end).expect("an end").0
}

/// The id of a deed's form.
fn request_of(body: &str, deed: &str) -> String {
    let form = between(body, &format!("/{deed}\" method=\"post\">"), "</form>");
    between(form, "name=\"request_id\" value=\"", "\"").to_owned()
}

fn counts(body: &str) -> Vec<i64> {
    body.split("<span class=\"count\">").skip(1).map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect()
}

fn rows(body: &str) -> usize {
    body.matches("<th scope=\"row\"><a href=\"/dossiers/").count()
}

async fn a_site_sees_what_comes_what_it_has_what_goes_and_what_waits(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let none = desk.get("/sites/t01").await;
    assert_eq!((none.status, counts(&none.body)), (200, vec![0, 0, 0, 0]), "{}", none.body);
    assert!(none.body.contains("这里现在没有材料"), "{}", none.body);
    assert_eq!(desk.get("/today").await.to, "/sites/t01", "the one site of one's posts");

    let old = MORNING.plus(-5 * DAY_MS).0;
    let result = json!({ "kind": "result", "home": "t01", "at": "t01" });
    desk.registered(1, "在手-1", &result).await;
    let shelved = desk.registered(2, "在架-1", &result).await;
    desk.scan(&shelved, "t01", &json!({ "mode": "shelve", "action": "shelved", "shelf": "甲3" })).await;
    desk.registered(3, "待发-1", &json!({ "destination": "wjj", "home": "t01", "at": "t01", "occurred_at": old }))
        .await;
    desk.registered(4, "待发-2", &json!({ "destination": "wjj", "home": "t01", "at": "t01" })).await;
    desk.registered(5, "将到-1", &json!({ "kind": "result", "home": "t01", "at": "hub" })).await;
    desk.office.settled().await;
    let hand = desk.get("/sites/t01").await.body;
    assert_eq!(counts(&hand), [1, 1, 2, 1], "{hand}");
    assert!(hand.contains("在手-1") && !hand.contains("在架-1"), "{hand}");
    let send = desk.get("/sites/t01?queue=to_send").await.body;
    assert!(send.find("待发-1") < send.find("待发-2"), "what waits longest comes first: {send}");
    assert!(send.contains("lamp late\">已超时 24 小时") && send.contains("lamp fine\">还剩 4 天"), "{send}");
    let come = desk.get("/sites/t01?queue=to_come").await.body;
    assert!(come.contains("将到-1") && come.contains("在五华县流转中心"), "{come}");
    let shelf = desk.get("/sites/t01?queue=on_shelf").await.body;
    assert!(shelf.contains("在架-1") && shelf.contains("甲3"), "{shelf}");

    // Counted on its shelf it stays there; taken off it, it does not.
    desk.scan(&shelved, "t01", &json!({ "mode": "stocktake", "action": "sighted" })).await;
    assert_eq!(counts(&desk.get("/sites/t01").await.body), [1, 1, 2, 1]);
    // Later than a minute, or it were the same read again.
    assert!(desk.office.app.log().clock().set(MORNING.plus(120_000)));
    desk.scan(&shelved, "t01", &json!({ "action": "received" })).await;
    assert_eq!(counts(&desk.get("/sites/t01").await.body), [1, 2, 2, 0]);

    let stranger = Desk::who(&desk.elsewhere, Role::Clerk);
    let (beyond, nothing) =
        (desk.ask(stranger, "GET", "/sites/t01", &[]).await, desk.ask(stranger, "GET", "/sites/none", &[]).await);
    assert_eq!((beyond.status, beyond.body), (404, nothing.body));
    desk.office.close().await;
    Ok(())
}

async fn five_thousand_rows_are_read_a_hundred_at_a_time(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    desk.lie_at("t01", 5000).await;
    let (mut path, mut pages, mut seen) = ("/sites/t01".to_owned(), 0, BTreeSet::new());
    loop {
        let page = desk.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(counts(&page.body)[1], 5000);
        assert!(rows(&page.body) <= 100);
        let links = page.body.split("<th scope=\"row\"><a href=\"").skip(1);
        seen.extend(links.map(|rest| rest.split('"').next().unwrap().to_owned()));
        pages += 1;
        let Some((before, _)) = page.body.split_once("\" rel=\"next\">") else { break };
        path = before.rsplit_once("href=\"").expect("a link").1.replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!(seen.len(), 5000);
    assert!((50..=51).contains(&pages), "{pages}");
    assert_eq!(desk.get("/sites/t01?queue=in_hand&cursor=nonsense").await.status, 422);
    desk.office.close().await;
    Ok(())
}

async fn what_moved_last_at_a_quiet_site_is_told_in_a_busy_county(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    desk.registered(61, "441424-61", &json!({ "kind": "result", "home": "t02", "at": "t02" })).await;
    desk.lie_at("t01", 1000).await;
    desk.office.settled().await;
    let here = desk.get("/").await.body;
    assert_eq!(rows(&here), 12);
    assert!(!here.contains("441424-61"));
    let there = desk.ask(Desk::who(&desk.elsewhere, Role::Clerk), "GET", "/", &[]).await.body;
    assert!(rows(&there) == 1 && there.contains("441424-61"), "{there}");
    desk.office.close().await;
    Ok(())
}

async fn a_dossier_is_reported_once_and_the_report_is_taken_back(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let label = desk.registered(21, "441424-21", &json!({ "destination": "wjj", "home": "t01", "at": "t01" })).await;
    desk.office.settled().await;
    let page = desk.get(&format!("/dossiers/{label}")).await.body;
    let id = between(&page, "data-live=\"subject=", "\"").to_owned();
    let path = format!("/dossiers/{id}/report");
    // What is wrong is said, and what was typed is kept.
    let wrong =
        desk.post(&path, &[("request_id", &request_of(&page, "report")), ("at", "t01"), ("text", "右上角撕开")]).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(
        wrong.body.contains("请选择损毁或找不到") && wrong.body.contains("右上角撕开</textarea>"),
        "{}",
        wrong.body
    );
    let request = request_of(&wrong.body, "report");
    let form = [("request_id", request.as_str()), ("at", "t01"), ("what", "damaged"), ("text", "右上角撕开")];
    let head = desk.head().await;
    for _ in 0..2 {
        let done = desk.post(&path, &form).await;
        assert_eq!(
            (done.status, done.to.as_str()),
            (303, format!("/dossiers/{id}?done=report").as_str()),
            "{}",
            done.body
        );
    }
    assert_eq!(desk.head().await, head + 1, "sent twice, it is one report");
    let page = desk.get(&format!("/dossiers/{id}?done=report")).await.body;
    assert!(page.contains("已报告") && page.contains("<strong>损毁</strong>") && page.contains("右上角撕开"), "{page}");
    // The exception is there, and goes when the scan is taken back.
    assert!(page.contains("异常：</strong> 损毁"), "{page}");
    let scan = between(&page, "<select id=\"void-scan\"", "</select>");
    let scan = between(scan, "</option><option value=\"", "\"").to_owned();
    let voided = desk
        .post(&format!("/dossiers/{id}/void"), &[("request_id", &request_of(&page, "void")), ("scan", &scan)])
        .await;
    assert_eq!(voided.status, 303, "{}", voided.body);
    let page = desk.get(&format!("/dossiers/{id}")).await.body;
    assert!(page.contains("<li class=\"voided\"") && !page.contains("异常：</strong> 损毁"), "{page}");
    assert!(!page.contains("id=\"void\""), "nothing is left to take back: {page}");
    desk.office.close().await;
    Ok(())
}

async fn each_deed_does_what_its_door_does_for_whom_may(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let label = desk.registered(31, "441424-31", &json!({ "kind": "result", "home": "t01", "at": "t01" })).await;
    let away = desk.registered(32, "441424-32", &json!({ "destination": "wjj", "home": "t01", "at": "t01" })).await;
    let code = Code::new(CodeKind::Dossier, 33);
    desk.office.mint(&[code]).await;
    let fresh_label = labels::code::print(code);
    desk.office.settled().await;
    let offered = |body: &str| -> Vec<&'static str> {
        let all = ["report", "hand-out", "recall", "reroute", "relabel", "archive", "void"];
        all.into_iter().filter(|deed| body.contains(&format!("<details class=\"deed\" id=\"{deed}\""))).collect()
    };
    let page = desk.get(&format!("/dossiers/{away}")).await.body;
    assert_eq!(offered(&page), ["report", "hand-out", "recall", "reroute", "relabel", "archive"], "a clerk");
    let agent = desk.ask(Desk::who(&desk.here, Role::Agent), "GET", &format!("/dossiers/{away}"), &[]).await.body;
    assert_eq!(offered(&agent), ["report", "hand-out", "relabel"], "an agent");
    let supervisor =
        desk.ask(Desk::who(&desk.here, Role::Supervisor), "GET", &format!("/dossiers/{away}"), &[]).await.body;
    assert_eq!(offered(&supervisor), ["recall", "reroute"], "a supervisor");

    let id = between(&page, "data-live=\"subject=", "\"").to_owned();
    let nowhere = desk
        .post(
            &format!("/dossiers/{id}/reroute"),
            &[("request_id", &request_of(&page, "reroute")), ("destination", "乌有局")],
        )
        .await;
    assert!(
        nowhere.status == 422 && nowhere.body.contains("没有这个网点") && nowhere.body.contains("value=\"乌有局\""),
        "{}",
        nowhere.body
    );
    let deeds = [
        ("reroute", vec![("destination", "五华县公安局"), ("at", "t01")], "改派"),
        ("recall", vec![("at", "t01"), ("text", "申请人撤回")], "召回"),
        ("relabel", vec![("at", "t01"), ("code", fresh_label.as_str())], "更换标签"),
    ];
    for (deed, fields, says) in deeds {
        let page = desk.get(&format!("/dossiers/{id}")).await.body;
        let request = request_of(&page, deed);
        let form: Vec<(&str, &str)> = fields.iter().copied().chain([("request_id", request.as_str())]).collect();
        let done = desk.post(&format!("/dossiers/{id}/{deed}"), &form).await;
        assert_eq!(done.status, 303, "{deed}: {}", done.body);
        let page = desk.get(&done.to).await.body;
        assert!(page.contains(&format!("<strong>{says}</strong>")), "{deed}: {page}");
    }
    let page = desk.get(&format!("/dossiers/{label}")).await.body;
    let id = between(&page, "data-live=\"subject=", "\"").to_owned();
    let form = [
        ("request_id", request_of(&page, "hand-out")),
        ("at", "t01".into()),
        ("receiver", "proxy".into()),
        ("checked", "both".into()),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value): &(&str, String)| (*name, value.as_str())).collect();
    // Whose it is not is told what who asks for nothing is told, and nothing is done.
    let head = desk.head().await;
    let stranger = Desk::who(&desk.elsewhere, Role::Clerk);
    for deed in ["report", "hand-out", "recall", "reroute", "relabel", "archive", "void"] {
        let beyond = desk.ask(stranger, "POST", &format!("/dossiers/{id}/{deed}"), &form).await;
        let absent = desk.ask(stranger, "POST", &format!("/dossiers/{}/{deed}", Uuid::from_u128(7)), &form).await;
        assert_eq!((beyond.status, &beyond.body), (404, &absent.body), "{deed}");
    }
    assert_eq!(desk.head().await, head);
    let done = desk.post(&format!("/dossiers/{id}/hand-out"), &form).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = desk.get(&done.to).await.body;
    assert!(page.contains("已交申请人") && !offered(&page).contains(&"hand-out"), "{page}");
    desk.office.close().await;
    Ok(())
}

async fn the_page_tells_the_way_and_what_was_believed_at_a_time(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let label = desk.registered(41, "441424-41", &json!({ "destination": "wjj", "home": "t01", "at": "t01" })).await;
    assert!(desk.office.app.log().clock().set(MORNING.plus(300_000)));
    desk.scan(&label, "t01", &json!({ "mode": "send", "action": "dispatched" })).await;
    assert!(desk.office.app.log().clock().set(MORNING.plus(600_000)));
    desk.scan(&label, "hub", &json!({ "action": "received" })).await;
    desk.office.settled().await;
    let page = desk.get(&format!("/dossiers/{label}")).await.body;
    let stops = between(&page, "<ol class=\"stops\">", "</ol>");
    let states: Vec<&str> = stops.split("<li class=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(states, ["passed", "here", "ahead", "ahead back", "ahead back"], "{stops}");
    assert!(stops.contains("2026年11月2日 08:00") && stops.contains("2026年11月2日 08:10"), "{stops}");
    assert!(
        stops.contains("镇") && stops.contains("流转中心") && stops.contains("职能单位") && stops.contains("返程"),
        "{stops}"
    );

    let then = desk.get(&format!("/dossiers/{label}?believed=2026-11-02T08:02")).await;
    assert_eq!(then.status, 200);
    assert!(
        then.body.contains("当时的认识，截至 2026年11月2日 08:02") && then.body.contains("value=\"2026-11-02T08:02\"")
    );
    assert!(between(&then.body, "<p class=\"place\">", "</p>").contains("水寨镇"), "{}", then.body);
    assert!(!then.body.contains("method=\"post\" target"), "nothing is done in the past");
    let before = desk.get(&format!("/dossiers/{label}?believed=2026-11-01T08:05")).await;
    assert!(before.status == 404 && before.body.contains("那时还没有任何记录"), "{}", before.body);
    let wrong = desk.get(&format!("/dossiers/{label}?believed=10:00")).await;
    assert!(
        wrong.status == 422 && wrong.body.contains("时间不对") && wrong.body.contains("value=\"10:00\""),
        "{}",
        wrong.body
    );
    desk.office.close().await;
    Ok(())
}

async fn a_case_is_registered_at_the_counter_and_once(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let options = desk.get("/register/items?q=ggcs").await;
    assert!(
        options.status == 200 && options.body.contains("data-to=\"/register?item=990123001000\""),
        "{}",
        options.body
    );
    assert_eq!(desk.get(&format!("/register?q={OF_THE_COUNTY}")).await.to, format!("/register?item={OF_THE_COUNTY}"));
    let listed = desk.get("/register?q=ggcs").await.body;
    assert!(listed.contains(&format!("<a href=\"/register?item={DELEGATED}\">")), "without a script: {listed}");
    let form = desk.get(&format!("/register?item={OF_THE_COUNTY}")).await.body;
    assert!(form.contains("五华县卫生健康局") && form.contains("平面布局图"), "{form}");
    let made = between(&form, "name=\"form\" value=\"", "\"").to_owned();
    let code = Code::new(CodeKind::Dossier, 51);
    desk.office.mint(&[code]).await;
    let label = labels::code::print(code);
    let right: Vec<(&str, &str)> = vec![
        ("form", made.as_str()),
        ("item", OF_THE_COUNTY),
        ("at", "t01"),
        ("home", ""),
        ("case_no", "441424-20261102-00051"),
        ("piece", "0"),
        ("count0", "1"),
        ("piece", "1"),
        ("count1", "2"),
        ("count2", "1"),
        ("label", label.as_str()),
        ("extra", "委托书"),
        ("extra_kind", "original"),
        ("extra_count", "1"),
    ];
    let with = |name: &'static str, value: &'static str| -> Vec<(&str, &str)> {
        right.iter().map(|&(key, old)| if key == name { (key, value) } else { (key, old) }).collect()
    };
    let head = desk.head().await;
    for (name, value, says) in [
        ("case_no", "", "办件编号须有 1 至 48 个字符"),
        ("count1", "0", "份数为 1 至 999"),
        ("home", "乌有村", "没有这个网点"),
        ("label", "D000000000000A", "标签读错或输错了"),
        ("at", "t02", "没有这个网点"),
    ] {
        let wrong = desk.post("/register", &with(name, value)).await;
        assert!(wrong.status == 422 && wrong.body.contains(says), "{name}: {} {}", wrong.status, wrong.body);
        assert!(
            wrong.body.contains("value=\"委托书\"") && wrong.body.contains("autofocus"),
            "what was typed is kept: {name}"
        );
        assert!(wrong.body.contains(&made), "and the form stays the same: {name}");
    }
    assert_eq!(desk.head().await, head, "nothing was written");
    let mut to = BTreeSet::new();
    for _ in 0..2 {
        let done = desk.post("/register", &right).await;
        assert_eq!(done.status, 303, "{}", done.body);
        to.insert(done.to);
    }
    assert_eq!((to.len(), desk.head().await), (1, head + 2), "sent twice, it is one case and one dossier");
    let done = desk.get(to.first().expect("one")).await.body;
    assert!(
        done.contains("441424-20261102-00051-1") && done.contains("打印标签") && done.contains("打印受理回执"),
        "{done}"
    );
    let view = desk.office.get(&format!("/api/v1/dossiers/{label}")).await;
    assert_eq!(
        (&view["destination"], &view["home"], &view["item"]),
        (&json!("wjj"), &json!("t01"), &json!(OF_THE_COUNTY))
    );
    let page = desk.get(&format!("/dossiers/{label}")).await.body;
    assert!(page.contains("平面布局图") && page.contains("委托书") && !page.contains("卫生检测报告"), "{page}");

    // The label and the number are taken now.
    desk.office.settled().await;
    let other = Uuid::new_v4().to_string();
    let again: Vec<(&str, &str)> = with("form", Box::leak(other.into_boxed_str()));
    let taken = desk.post("/register", &again).await;
    assert!(taken.status == 422 && taken.body.contains("这个办件编号已登记过"), "{}", taken.body);
    let again: Vec<(&str, &str)> =
        again.into_iter().map(|(key, old)| if key == "case_no" { (key, "441424-52") } else { (key, old) }).collect();
    let taken = desk.post("/register", &again).await;
    assert!(taken.status == 422 && taken.body.contains("已登记在另一份卷宗上"), "{}", taken.body);
    desk.office.close().await;
    Ok(())
}

async fn a_delegated_item_never_leaves_the_town(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let village = desk
        .office
        .known()
        .sites
        .values()
        .find(|site| site.parent.as_ref().is_some_and(|it| it.as_str() == "t01"))
        .map(|site| site.id.to_string());
    let village = village.expect("a village of t01");
    for (at, destination) in [("t01", Value::Null), (village.as_str(), json!("t01"))] {
        let form = desk.get(&format!("/register?item={DELEGATED}")).await.body;
        assert!(form.contains("就地办理，不出镇"), "{form}");
        let made = between(&form, "name=\"form\" value=\"", "\"").to_owned();
        let number = format!("441424-{at}");
        // Without a label one is minted.
        let fields = [
            ("form", made.as_str()),
            ("item", DELEGATED),
            ("at", at),
            ("case_no", number.as_str()),
            ("piece", "0"),
            ("count0", "1"),
        ];
        let mut to = BTreeSet::new();
        for _ in 0..2 {
            let done = desk.post("/register", &fields).await;
            assert_eq!(done.status, 303, "{}", done.body);
            to.insert(done.to);
        }
        assert_eq!(to.len(), 1, "one label, however often it is sent");
        let id = to.first().expect("one").split_once('=').expect("an id").1.to_owned();
        let view = desk.office.get(&format!("/api/v1/dossiers/{id}")).await;
        assert_eq!(view["destination"], destination, "{view}");
        assert!(view["next_hop"].is_null() || view["next_hop"] == json!("t01"), "{view}");
    }
    // An agent has no labels of ours: the one on the dossier is scanned.
    let agent = Desk::who(&desk.here, Role::Agent);
    let form = Uuid::new_v4().to_string();
    let fields = [
        ("form", form.as_str()),
        ("item", DELEGATED),
        ("at", "t01"),
        ("case_no", "441424-99"),
        ("piece", "0"),
        ("count0", "1"),
    ];
    let wrong = desk.ask(agent, "POST", "/register", &fields).await;
    assert!(wrong.status == 422 && wrong.body.contains("请扫描贴在卷宗上的标签"), "{}", wrong.body);
    desk.office.close().await;
    Ok(())
}

async fn what_is_typed_is_found_and_nothing_beyond_ones_sites(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let label = desk.registered(61, "441424-61", &json!({ "kind": "result", "home": "t01", "at": "t01" })).await;
    desk.office.settled().await;
    let tail = &label[label.len() - 5..];
    for typed in ["441424-6", tail, label.as_str()] {
        let found = desk.get(&format!("/find?q={typed}")).await;
        assert!(found.status == 200 && found.body.contains("data-to=\"/dossiers/"), "{typed}: {}", found.body);
    }
    let nothing = desk.get("/find?q=nowhere").await.body;
    assert!(nothing.contains("没有找到") && !nothing.contains("data-to"), "{nothing}");
    let stranger = Desk::who(&desk.elsewhere, Role::Clerk);
    let beyond = desk.ask(stranger, "GET", &format!("/find?q={label}"), &[]).await;
    assert_eq!((beyond.status, beyond.body.trim()), (200, nothing.trim()), "as what is not there");
    desk.office.close().await;
    Ok(())
}

/// What follows a site is told of what was registered there just now, though the table of whom it concerns follows the log.
async fn a_sites_stream_tells_of_its_dossiers_and_of_no_others(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let head = desk.head().await;
    let clerk = Desk::who(&desk.here, Role::Clerk);
    let beyond = desk.ask(clerk, "GET", "/api/v1/live?site=t02", &[]).await;
    assert_eq!(beyond.status, 404);
    let client = reqwest::Client::new();
    let address = format!("{}/api/v1/live?site=t01&after={head}", desk.office.url);
    let mut stream = client.get(address).header("cookie", format!("__Host-liuzhuan={clerk}")).send().await?;
    desk.registered(71, "441424-71", &json!({ "kind": "result", "home": "t02", "at": "t02" })).await;
    desk.registered(72, "441424-72", &json!({ "kind": "result", "home": "t01", "at": "t01" })).await;
    let mut told = String::new();
    let ours = Code::new(CodeKind::Dossier, 72).subject().to_string();
    let listen = async {
        while !told.contains(&ours) {
            let chunk = stream.chunk().await?.ok_or_else(|| anyhow::anyhow!("the stream ended: {told}"))?;
            told.push_str(&String::from_utf8_lossy(&chunk));
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), listen).await??;
    assert!(!told.contains(&Code::new(CodeKind::Dossier, 71).subject().to_string()), "{told}");
    drop(stream);
    desk.office.close().await;
    Ok(())
}

on_both_engines!(
    a_site_sees_what_comes_what_it_has_what_goes_and_what_waits,
    five_thousand_rows_are_read_a_hundred_at_a_time,
    what_moved_last_at_a_quiet_site_is_told_in_a_busy_county,
    a_dossier_is_reported_once_and_the_report_is_taken_back,
    each_deed_does_what_its_door_does_for_whom_may,
    the_page_tells_the_way_and_what_was_believed_at_a_time,
    a_case_is_registered_at_the_counter_and_once,
    a_delegated_item_never_leaves_the_town,
    what_is_typed_is_found_and_nothing_beyond_ones_sites,
    a_sites_stream_tells_of_its_dossiers_and_of_no_others,
);
