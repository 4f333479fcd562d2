//! The pages of bags, exceptions, the county and stock-takes: what each shows and does, to whom, with nothing, one and many
//! rows, on both engines.
use crate::desk::{Answer, ask, between, cookie_of};
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, staff};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::Role;
use serde_json::{Value, json};
use std::fmt::Write;
use uuid::Uuid;

const COUNTY: Region = Region(441_424);

fn dossier(bits: u64) -> Code {
    Code::new(CodeKind::Dossier, bits)
}

fn bag(bits: u64) -> Code {
    Code::new(CodeKind::Bag, bits)
}

fn print(code: Code) -> String {
    labels::code::print(code)
}

/// A form as browsers write it.
fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        write!(text, "&{name}=").unwrap();
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() { text.push(byte.into()) } else { write!(text, "%{byte:02X}").unwrap() }
        }
    }
    text
}

/// Two offices of a county: staff at `t01`, at `t02` and at the hub.
struct County {
    office: Office,
    town: Vec<Somebody>,
    other: Vec<Somebody>,
    hub: Vec<Somebody>,
    /// How often the clock was set forward.
    steps: i64,
}

impl County {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, COUNTY, MORNING).await;
        let town = staff(&office, "t01").await?;
        let other = staff(&office, "t02").await?;
        let hub = staff(&office, "hub").await?;
        Ok(Self { office, town, other, hub, steps: 0 })
    }

    fn town(&self, role: Role) -> Option<&str> {
        Some(cookie_of(&self.town, role))
    }

    fn sorter(&self) -> Option<&str> {
        Some(cookie_of(&self.hub, Role::Sorter))
    }

    fn stranger(&self) -> Option<&str> {
        Some(cookie_of(&self.other, Role::Clerk))
    }

    fn later(&mut self) {
        self.steps += 1;
        assert!(self.office.app.log().clock().set(MORNING.plus(self.steps * 65_000)));
    }

    async fn see(&self, who: Option<&str>, path: &str) -> String {
        let answer = ask(&self.office, who, "GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn send(&self, who: Option<&str>, path: &str, fields: &[(&str, &str)]) -> Answer {
        ask(&self.office, who, "POST", path, &form(fields)).await
    }

    /// What a stranger is answered is what is answered where there is nothing.
    async fn is_absent(&self, path: &str, absent: &str) {
        let there = ask(&self.office, self.stranger(), "GET", path, "").await;
        let nothing = ask(&self.office, self.stranger(), "GET", absent, "").await;
        assert_eq!((there.status, there.body), (404, nothing.body), "{path}");
    }

    /// Dossiers that lie at `t01` and go to the department.
    async fn dossiers(&self, bits: std::ops::Range<u64>) {
        self.office.mint(&bits.clone().map(dossier).collect::<Vec<_>>()).await;
        for bits in bits {
            let body = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": print(dossier(bits)), "kind": "result",
                "dossier_no": format!("441424-5-{bits:04}"), "home": "t01", "at": "t01" });
            self.office.post("/api/v1/dossiers", &body).await;
        }
    }

    async fn bags(&self, bits: std::ops::Range<u64>) {
        self.office.mint(&bits.clone().map(bag).collect::<Vec<_>>()).await;
        for bits in bits {
            let body = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": print(bag(bits)),
                "bag_no": format!("水寨-{bits:03}"), "home": "t01", "at": "t01" });
            self.office.post("/api/v1/bags", &body).await;
        }
    }

    /// One scan in the box of a bag, which must be recorded.
    async fn scan(&mut self, who: Role, at: &str, code: Code, fields: &[(&str, &str)]) -> String {
        self.later();
        let people = if at == "hub" { &self.hub } else { &self.town };
        let id = Uuid::new_v4().to_string();
        let fields = [[("form", id.as_str()), ("at", at)].as_slice(), fields].concat();
        let path = format!("/bags/{}/scans", print(code));
        let answer = self.send(Some(cookie_of(people, who)), &path, &fields).await;
        assert_eq!(answer.status, 200, "{fields:?}: {}", answer.body);
        assert!(answer.body.contains(r#"class="done" role="status""#), "{fields:?}: {}", answer.body);
        answer.body
    }

    /// Scans by a program: labels that nobody minted, each an exception at `t01`.
    async fn unknown(&self, bits: std::ops::Range<u64>) {
        let scan = |bits: u64| {
            json!({ "scan_id": Uuid::from_u128(u128::from(bits)), "code": print(dossier(bits)), "mode": "receive", "actor": "clerk.t01",
                "device": "tester", "installation": Uuid::from_u128(3), "seq": bits, "wall_ms": self.office.app.now().0,
                "mono_ms": 1, "stop": "t01", "action": "received", "action_by": "person" })
        };
        let scans: Vec<Value> = bits.map(scan).collect();
        let sent = self.office.app.now().0;
        self.office.post("/api/v1/scans", &json!({ "sent_at": sent, "scans": scans })).await;
        self.office.settled().await;
    }
}

/// The section of a page under a heading of the contents.
fn group<'a>(page: &'a str, title: &str) -> &'a str {
    page.split_once(&format!("{title} (")).map_or("", |(_, rest)| rest.split("</table>").next().unwrap_or_default())
}

async fn a_bag_goes_from_desk_to_desk_by_the_scan_box(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    county.dossiers(1..4).await;
    county.bags(1..3).await;
    let page = format!("/bags/{}", print(bag(1)));
    let clerk = Role::Clerk;
    for bits in [1, 2] {
        let packed = county.scan(clerk, "t01", bag(1), &[("do", "pack"), ("code", &print(dossier(bits)))]).await;
        assert!(packed.contains("装袋"), "{packed}");
    }
    // What is found beside the declared was packed into another bag.
    county.scan(clerk, "t01", bag(2), &[("do", "pack"), ("code", &print(dossier(3)))]).await;
    let declared = county.see(county.town(clerk), &page).await;
    assert!(group(&declared, "在袋中").contains("441424-5-0001"), "{declared}");
    county.scan(clerk, "t01", bag(1), &[("do", "seal"), ("seal_no", "F0001"), ("to", "hub")]).await;
    assert!(county.see(county.town(clerk), &page).await.contains("已加封，封签号 F0001"));
    county.scan(clerk, "t01", bag(1), &[("do", "send"), ("carrier", "courier")]).await;
    let coming = county.see(county.sorter(), "/bags?show=coming&site=hub").await;
    assert!(coming.contains("水寨-001"), "{coming}");
    county.scan(Role::Sorter, "hub", bag(1), &[("do", "receive")]).await;
    let open = [("do", "open"), ("seal_no", "F0009"), ("intact", "no")];
    let opened = county.scan(Role::Sorter, "hub", bag(1), &open).await;
    assert!(opened.contains("封签破损") && opened.contains("不相符"), "{opened}");
    assert!(group(&opened, "尚未核对").contains("0001") && group(&opened, "尚未核对").contains("0002"), "{opened}");
    county.scan(Role::Sorter, "hub", bag(1), &[("do", "check"), ("code", &print(dossier(1)))]).await;
    county.scan(Role::Sorter, "hub", bag(1), &[("do", "check"), ("code", &print(dossier(3)))]).await;
    county.scan(Role::Sorter, "hub", bag(1), &[("do", "done")]).await;
    county.office.settled().await;
    let counted = county.see(county.sorter(), &page).await;
    assert!(group(&counted, "已核对").contains("0001"), "{counted}");
    assert!(group(&counted, "短少").contains("0002"), "{counted}");
    assert!(group(&counted, "多出").contains("0003"), "{counted}");
    assert!(group(&counted, "尚未核对").is_empty(), "{counted}");
    // In the name of who signed in, at the own site, and as somebody's choice.
    let trail = county.office.get(&format!("/api/v1{page}/trail")).await;
    let line = trail["lines"].as_array().unwrap().iter().find(|it| it["what"] == "received").expect("it was received");
    assert_eq!((&line["by"], &line["at"], &line["role"]), (&json!("sorter.hub"), &json!("hub"), &json!("site")));
    county.is_absent(&page, &format!("/bags/{}", print(bag(77)))).await;
    county.office.close().await;
    Ok(())
}

async fn a_form_that_is_sent_twice_is_one_scan(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    county.dossiers(1..3).await;
    county.bags(1..2).await;
    let (path, id) = (format!("/bags/{}/scans", print(bag(1))), Uuid::new_v4().to_string());
    let one = print(dossier(1));
    let fields = [("form", id.as_str()), ("at", "t01"), ("do", "pack"), ("code", one.as_str())];
    let clerk = Role::Clerk;
    county.later();
    assert_eq!(county.send(county.town(clerk), &path, &fields).await.status, 200);
    let before = county.office.app.log().head_row().await?.position;
    county.later();
    let twice = county.send(county.town(clerk), &path, &fields).await;
    assert!(twice.status == 200 && twice.body.contains("已经记录过"), "{}", twice.body);
    assert_eq!(county.office.app.log().head_row().await?.position, before, "nothing was recorded again");
    let other = print(dossier(2));
    let gone_back = [("form", id.as_str()), ("at", "t01"), ("do", "pack"), ("code", other.as_str())];
    assert!(county.send(county.town(clerk), &path, &gone_back).await.body.contains("装袋"));
    assert_eq!(county.office.app.log().head_row().await?.position, before + 1, "another label is another scan");
    for (wrong, status, says) in [
        (vec![("do", "pack"), ("at", "t01"), ("code", "6901234567892")], 422, "这不是本系统的标签"),
        (vec![("do", "pack"), ("at", "t01"), ("code", "")], 422, "请扫描标签"),
        (vec![("do", "pack"), ("at", "t02"), ("code", one.as_str())], 422, "没有这个网点"),
        (vec![("do", "send"), ("at", "t01"), ("carrier", "post"), ("tracking_no", "")], 422, "邮件号码"),
        (vec![("do", "seal"), ("at", "t01"), ("seal_no", ""), ("to", "t05")], 422, "请填写封签号"),
    ] {
        let answer = county.send(county.town(clerk), &path, &wrong).await;
        assert_eq!(answer.status, status, "{wrong:?}: {}", answer.body);
        assert!(answer.body.contains(says), "{wrong:?}: {}", answer.body);
        let typed = wrong.last().unwrap().1;
        assert!(typed.is_empty() || answer.body.contains(&format!(r#"value="{typed}""#)), "what was typed is kept");
    }
    // Who may not see the bag may not scan for it here; whoever scans nowhere has no box.
    for nobody in [county.stranger(), county.town(Role::Courier), county.town(Role::Supervisor)] {
        let answer = county.send(nobody, &path, &fields).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    let seen = county.see(county.town(Role::Supervisor), &format!("/bags/{}", print(bag(1)))).await;
    assert!(!seen.contains("/scans"), "a supervisor does not scan");
    county.office.close().await;
    Ok(())
}

async fn bags_are_registered_relabelled_corrected_and_listed_by_the_page(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    let clerk = Role::Clerk;
    let none = county.see(county.town(clerk), "/bags").await;
    assert!(none.contains("没有流转袋"), "{none}");
    county.office.mint(&[bag(500), bag(501)]).await;
    let (id, label) = (Uuid::new_v4().to_string(), print(bag(500)));
    let new = [("request_id", id.as_str()), ("code", label.as_str()), ("bag_no", "水寨-500"), ("home", "t01")];
    for _ in 0..2 {
        let made = county.send(county.town(clerk), "/bags", &new).await;
        assert_eq!(made.to, format!("/bags/{}?done=registered", bag(500).subject()), "{}", made.body);
    }
    let (again, wrong) = (Uuid::new_v4().to_string(), print(dossier(1)));
    for (code, says) in [(label.as_str(), "已经启用过"), (wrong.as_str(), "有一项填写不对")] {
        let fields = [("request_id", again.as_str()), ("code", code), ("bag_no", "二号"), ("home", "t01")];
        let answer = county.send(county.town(clerk), "/bags", &fields).await;
        assert!([409, 422].contains(&answer.status) && answer.body.contains(says), "{}", answer.body);
        assert!(answer.body.contains(r#"value="二号""#), "what was typed is kept");
    }
    let page = format!("/bags/{}", bag(500).subject());
    let fresh_label = print(bag(501));
    let id = Uuid::new_v4().to_string();
    let fields = [("request_id", id.as_str()), ("code", fresh_label.as_str())];
    let relabelled = county.send(county.town(clerk), &format!("{page}/relabel"), &fields).await;
    assert_eq!(relabelled.to, format!("{page}?done=relabelled"), "{}", relabelled.body);
    let seen =
        county.scan(clerk, "t01", bag(501), &[("do", "send"), ("carrier", "post"), ("tracking_no", "XA123")]).await;
    assert!(seen.contains("邮政"), "{seen}");
    let scan = between(&seen, r#"name="scan_id" value=""#, "\"").to_owned();
    let id = Uuid::new_v4().to_string();
    let fields = [("request_id", id.as_str()), ("scan_id", scan.as_str())];
    let voided = county.send(county.town(clerk), &format!("{page}/void"), &fields).await;
    assert_eq!(voided.to, format!("{page}?done=voided"), "{}", voided.body);
    assert!(county.see(county.town(clerk), &page).await.contains("在水寨镇公共服务中心"), "it never left");
    let id = Uuid::new_v4().to_string();
    let unsure = county.send(county.town(clerk), &format!("{page}/annul"), &[("request_id", &id)]).await;
    assert!(unsure.status == 422 && unsure.body.contains("请先确认"), "{}", unsure.body);
    let annulled =
        county.send(county.town(clerk), &format!("{page}/annul"), &[("request_id", &id), ("sure", "yes")]).await;
    assert_eq!(annulled.to, format!("{page}?done=annulled"), "{}", annulled.body);
    county.later();
    county.bags(1..151).await;
    county.office.settled().await;
    for (path, rows) in [("/bags?show=here&site=t01", 100), ("/bags?show=all", 100), ("/bags?show=road", 0)] {
        let first = county.see(county.town(clerk), path).await;
        assert_eq!(first.matches(r#"<th scope="row">"#).count(), rows, "{path}: {first}");
        let Some((before, _)) = first.split_once(r#"" rel="next">"#) else { continue };
        let next = before.rsplit_once(r#"href=""#).unwrap().1.replace("&#38;", "&");
        let rest = county.see(county.town(clerk), &next).await;
        assert!((50..=51).contains(&rest.matches(r#"<th scope="row">"#).count()), "{next}: {rest}");
    }
    for path in ["/bags", "/bags?show=all", "/bags?show=road", "/bags?show=coming"] {
        let theirs = county.see(county.stranger(), path).await;
        assert!(theirs.contains("没有流转袋") && !theirs.contains("水寨-0"), "{theirs}");
    }
    let beyond = ask(&county.office, county.stranger(), "GET", "/bags?show=here&site=t01", "").await;
    let nowhere = ask(&county.office, county.stranger(), "GET", "/bags?show=here&site=nowhere", "").await;
    assert_eq!((beyond.status, nowhere.status), (422, 422));
    for answer in [beyond.body, nowhere.body] {
        assert!(
            answer.contains("没有这个网点") && !answer.contains("水寨"),
            "beyond is answered like absent: {answer}"
        );
    }
    county.office.close().await;
    Ok(())
}

async fn exceptions_are_worked_off_by_an_owner_with_an_answer(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    let clerk = Role::Clerk;
    assert!(county.see(county.town(clerk), "/exceptions").await.contains("目前没有异常"));
    county.unknown(9000..9001).await;
    let one = county.see(county.town(clerk), "/exceptions").await;
    assert_eq!(one.matches(r#"<th scope="row">"#).count(), 1, "{one}");
    let page = format!("/exceptions/{}", between(&one, "<a href=\"/exceptions/", "\""));
    county.is_absent(&page, &page.replace("unknown_label", "seal_broken")).await;
    assert!(county.see(county.stranger(), "/exceptions").await.contains("目前没有异常"));
    let answer = |id: &str, fields: &[(&'static str, &'static str)]| {
        let all: Vec<(&str, &str)> = [("request_id", id)].into_iter().chain(fields.iter().copied()).collect();
        form(&all)
    };
    for (wrong, says) in [
        (vec![("answer", "explained"), ("text", "")], "请写明情况和理由"),
        (vec![("answer", "assigned"), ("to", "nobody-here")], "没有这位能处理"),
        (vec![("answer", "assigned"), ("to", "clerk.t02")], "没有这位能处理"),
    ] {
        let answered =
            ask(&county.office, county.town(clerk), "POST", &page, &answer(&Uuid::new_v4().to_string(), &wrong)).await;
        assert_eq!(answered.status, 422, "{wrong:?}");
        assert!(answered.body.contains(says) && answered.body.contains(wrong[1].1), "{}", answered.body);
    }
    let post = async |fields: &[(&'static str, &'static str)], id: &str| {
        let answered = ask(&county.office, county.town(clerk), "POST", &page, &answer(id, fields)).await;
        assert_eq!(answered.status, 303, "{}", answered.body);
    };
    post(&[("answer", "me")], &Uuid::new_v4().to_string()).await;
    county.office.settled().await;
    let mine = county.see(county.town(clerk), "/exceptions?owner=me").await;
    assert_eq!(mine.matches(r#"<th scope="row">"#).count(), 1, "{mine}");
    assert!(county.see(county.town(clerk), "/exceptions?owner=nobody").await.contains("没有符合的"));
    post(&[("answer", "assigned"), ("to", "agent.t01")], &Uuid::new_v4().to_string()).await;
    let resolve = Uuid::new_v4().to_string();
    for _ in 0..2 {
        post(&[("answer", "resolved"), ("text", "标签是邻县的，已退回。")], &resolve).await;
    }
    county.office.settled().await;
    let told = county.see(county.town(clerk), &page).await;
    assert_eq!(told.matches("标签是邻县的").count(), 1, "sent twice, it is one answer: {told}");
    assert!(told.contains("agent.t01") && told.contains("异常办结"), "{told}");
    assert!(county.see(county.town(clerk), "/exceptions").await.contains("目前没有异常"));
    assert!(county.see(county.town(clerk), "/exceptions?state=closed").await.contains("已办结"));
    county.later();
    county.unknown(9001..9151).await;
    let first = county.see(county.town(clerk), "/exceptions?kind=unknown_label").await;
    assert_eq!(first.matches(r#"<th scope="row">"#).count(), 100);
    let before = first.split_once(r#"" rel="next">"#).expect("there are more").0;
    let next = before.rsplit_once(r#"href=""#).unwrap().1.replace("&#38;", "&");
    assert_eq!(county.see(county.town(clerk), &next).await.matches(r#"<th scope="row">"#).count(), 50);
    let wrong = ask(&county.office, county.town(clerk), "GET", "/exceptions?site=nowhere", "").await;
    assert!(wrong.status == 422 && wrong.body.contains(r#"value="nowhere""#), "what was typed is kept");
    county.office.close().await;
    Ok(())
}

async fn the_county_is_seen_at_a_glance_by_whom_it_concerns(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    let chief = county.town(Role::Supervisor);
    let nothing = county.see(chief, "/county").await;
    assert!(nothing.contains("目前没有材料") && nothing.contains("目前没有在途的材料") && nothing.contains("<svg"));
    county.dossiers(1..6).await;
    county.bags(1..2).await;
    county.scan(Role::Clerk, "t01", bag(1), &[("do", "pack"), ("code", &print(dossier(1)))]).await;
    county.scan(Role::Clerk, "t01", bag(1), &[("do", "seal"), ("seal_no", "F1"), ("to", "hub")]).await;
    county.scan(Role::Clerk, "t01", bag(1), &[("do", "send"), ("carrier", "courier")]).await;
    county.unknown(9000..9002).await;
    let chief = county.town(Role::Supervisor);
    let seen = county.see(chief, "/county").await;
    assert!(seen.contains("现有 6 件在各网点；在途 1 件、1 袋"), "{seen}");
    assert!(seen.contains(r#"marker-end="url(#tip)""#) && seen.contains("标签未知"), "{seen}");
    assert!(!seen.contains("style="), "no inline style");
    let own = county.see(county.town(Role::Clerk), "/county").await;
    assert!(own.contains("现有 6 件") && own.contains("在途 1 件"), "{own}");
    let other = county.see(county.stranger(), "/county").await;
    assert!(other.contains("现有 0 件在各网点；在途 0 件、0 袋") && !other.contains("水寨镇"), "{other}");
    assert_eq!(ask(&county.office, county.town(Role::Courier), "GET", "/county", "").await.status, 404);
    county.office.close().await;
    Ok(())
}

async fn a_shelf_is_counted_by_scanning(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    let (clerk, path) = (Role::Clerk, "/sites/t01/stocktake");
    county.dossiers(1..4).await;
    county.office.mint(&[dossier(8)]).await;
    county.later();
    assert!(county.see(county.town(clerk), path).await.contains("开始盘点"));
    let since = county.office.app.now().0.to_string();
    let going = format!("{path}?since={since}");
    let begun = county.see(county.town(clerk), &going).await;
    assert!(begun.contains("已找到 0 · 未找到 3 · 意外 0"), "{begun}");
    county.later();
    for (bits, says) in [(1, "找到"), (8, "账面上原来不在这里")] {
        let (id, code) = (Uuid::new_v4().to_string(), print(dossier(bits)));
        let fields = [("form", id.as_str()), ("since", since.as_str()), ("code", code.as_str())];
        let answer = county.send(county.town(clerk), path, &fields).await;
        assert!(answer.status == 200 && answer.body.contains(says), "{}", answer.body);
    }
    let ended = county.see(county.town(clerk), &format!("{going}&part=missing&end=yes")).await;
    assert!(ended.contains("已找到 1 · 未找到 2 · 意外 1"), "{ended}");
    let events = county.office.get("/api/v1/events?after=0&limit=1000").await;
    let stocktakes =
        events["events"].as_array().unwrap().iter().filter(|it| it["body"]["source"]["mode"] == "stocktake");
    let named: Vec<&str> = stocktakes.filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(named, ["sighted", "received"], "as the table says");
    let (id, code) = (Uuid::new_v4().to_string(), print(dossier(2)));
    let lost = [
        ("form", id.as_str()),
        ("since", since.as_str()),
        ("code", code.as_str()),
        ("report", "missing"),
        ("end", "yes"),
    ];
    let reported = county.send(county.town(clerk), path, &lost).await;
    assert!(reported.body.contains("未找到 1 "), "{}", reported.body);
    county.office.settled().await;
    assert!(county.see(county.town(clerk), "/exceptions").await.contains("报告丢失"));
    for wrong in ["tomorrow", "99999999999999"] {
        let answer = ask(&county.office, county.town(clerk), "GET", &format!("{path}?since={wrong}"), "").await;
        assert!(answer.status == 422 && answer.body.contains("请重新开始盘点"), "{}", answer.body);
    }
    county.is_absent(path, "/sites/nowhere/stocktake").await;
    county.office.close().await;
    Ok(())
}

/// A shelf by its name: what was put on another one is told as such.
async fn one_shelf_is_counted_apart_from_the_others(fresh: Fresh) -> anyhow::Result<()> {
    let mut county = County::open(&fresh).await?;
    county.dossiers(1..4).await;
    let now = county.office.app.now().0;
    let scan = |bits: u64, shelf: &str| {
        json!({ "scan_id": Uuid::new_v4(), "code": print(dossier(bits)), "mode": "shelve", "actor": "li", "device": "tester",
            "installation": Uuid::from_u128(4), "seq": bits, "wall_ms": now, "mono_ms": 1, "stop": "t01",
            "action": "shelved", "action_by": "person", "shelf": shelf })
    };
    let scans = json!({ "sent_at": now, "scans": [scan(1, "甲-1"), scan(2, "甲-1"), scan(3, "乙-2")] });
    county.office.post("/api/v1/scans", &scans).await;
    county.later();
    let since = county.office.app.now().0.to_string();
    county.later();
    let path = "/sites/t01/stocktake";
    for (bits, says) in [(1, "找到"), (3, "不在这个架位，账面架位： 乙-2")] {
        let (id, code) = (Uuid::new_v4().to_string(), print(dossier(bits)));
        let fields = [("form", id.as_str()), ("since", since.as_str()), ("shelf", "甲-1"), ("code", code.as_str())];
        let answer = county.send(county.town(Role::Clerk), path, &fields).await;
        assert!(answer.status == 200 && answer.body.contains(says), "{}", answer.body);
    }
    let seen = county.see(county.town(Role::Clerk), &format!("{path}?since={since}&shelf=%E7%94%B2-1")).await;
    assert!(seen.contains("已找到 1 · 未找到 1 · 意外 1"), "{seen}");
    county.office.close().await;
    Ok(())
}

on_both_engines!(
    a_bag_goes_from_desk_to_desk_by_the_scan_box,
    a_form_that_is_sent_twice_is_one_scan,
    bags_are_registered_relabelled_corrected_and_listed_by_the_page,
    exceptions_are_worked_off_by_an_owner_with_an_answer,
    the_county_is_seen_at_a_glance_by_whom_it_concerns,
    a_shelf_is_counted_by_scanning,
    one_shelf_is_counted_apart_from_the_others,
);
