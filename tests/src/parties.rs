//! Applicants and notes through the doors and pages: what is written is seen masked, found whole, opened with a reason, and
//! goes when the law asks for it; the record tells of each and repeats nothing.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, ask, staff};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::Role;
use serde_json::{Value, json};
use uuid::Uuid;

const NAME: &str = "王小明";
const PHONE: &str = "13812341234";
const NUMBER: &str = "11010519491231002X";
const ADDRESS: &str = "五华县水寨镇大坝村3号";

/// A case at t02 with one dossier, and the staff of two sites.
struct Desk {
    office: Office,
    case: Uuid,
    label: String,
    here: Vec<Somebody>,
    elsewhere: Vec<Somebody>,
}

impl Desk {
    async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
        let (here, elsewhere) = (staff(&office, "t02").await?, staff(&office, "t01").await?);
        let (case, code) = (Uuid::new_v4(), Code::new(CodeKind::Dossier, 815));
        office.mint(&[code]).await;
        let label = labels::code::print(code);
        let file = json!({ "request_id": Uuid::new_v4(), "by": "li", "case_id": case, "case_no": "441424-C1", "item": "x",
            "home": "t02", "at": "t02" });
        office.post("/api/v1/cases", &file).await;
        let register = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": label, "dossier_no": "441424-7",
            "case": case, "home": "t02", "at": "t02" });
        office.post("/api/v1/dossiers", &register).await;
        office.settled().await;
        Ok(Self { office, case, label, here, elsewhere })
    }

    /// Somebody of t02; an administrator and the supervisor are of the whole region.
    fn who(&self, role: Role) -> &str {
        &self.here.iter().find(|one| one.role == role).expect("somebody of each role").cookie
    }

    fn stranger(&self) -> &str {
        &self.elsewhere.iter().find(|one| one.role == Role::Clerk).expect("a clerk").cookie
    }

    async fn ask(&self, cookie: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (status, text) = ask(&self.office, Some(cookie), method, path, &body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    fn party(&self, rest: &str) -> String {
        format!("/api/v1/cases/{}/parties/applicant{rest}", self.case)
    }

    async fn write(&self, name: &str) -> (u16, Value) {
        let identity = json!({ "kind": "resident", "number": NUMBER });
        let body = json!({ "name": name, "phone": "+86 138-1234-1234", "identity": identity, "address": ADDRESS });
        self.ask(self.who(Role::Clerk), "PUT", &self.party(""), body).await
    }

    async fn find(&self, cookie: &str, by: &str, text: &str) -> Value {
        let (status, found) =
            self.ask(cookie, "POST", "/api/v1/applicants/search", json!({ "by": by, "text": text })).await;
        assert_eq!(status, 200, "{found}");
        found
    }

    /// The whole record, as the audit administrator reads it.
    async fn record(&self, name: &str) -> Vec<Value> {
        let path = format!("/api/v1/record?limit=1000&name={name}");
        let (status, page) = self.ask(self.who(Role::AuditAdmin), "GET", &path, json!({})).await;
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().expect("entries").clone()
    }

    /// Sends a form, as a page does; status, headers and page.
    async fn form(
        &self,
        cookie: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> (u16, reqwest::header::HeaderMap, String) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let request = client.post(format!("{}{path}", self.office.url));
        let request = request.header("cookie", format!("__Host-liuzhuan={cookie}"));
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.join("&")).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap_or_default())
    }

    async fn page(&self, cookie: &str, path: &str) -> (u16, String) {
        ask(&self.office, Some(cookie), "GET", path, &json!({})).await
    }
}

fn holds_nothing_clear(text: &str) {
    for clear in [NAME, PHONE, NUMBER, "大坝村", "1234-1234"] {
        assert!(!text.contains(clear), "{clear} in {text}");
    }
}

async fn what_is_written_is_seen_masked_and_opened_with_a_reason(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let clerk = desk.who(Role::Clerk);
    let (status, written) = desk.write(NAME).await;
    let masked = json!({ "name": "王*", "phone": "138****1234", "identity_kind": "resident", "identity": "1****2X",
        "address": "五华县水寨镇*" });
    assert_eq!((status, &written), (200, &json!({ "party": "applicant", "masked": masked })));
    for cookie in [desk.who(Role::Agent), desk.who(Role::Supervisor), clerk] {
        let shown = desk.ask(cookie, "GET", "/api/v1/cases/441424-C1/parties", json!({})).await;
        assert_eq!(shown, (200, json!({ "items": [written] })));
    }
    let wanted = json!({ "fields": ["phone", "name", "phone"], "reason": "call-applicant" });
    let opened = desk.ask(clerk, "POST", &desk.party("/open"), wanted.clone()).await;
    assert_eq!(opened, (200, json!({ "name": NAME, "phone": PHONE })), "what was asked, and no more");
    for wrong in [json!({ "fields": [], "reason": "x" }), json!({ "fields": ["name"], "reason": "他说要" })] {
        assert_eq!(desk.ask(clerk, "POST", &desk.party("/open"), wrong).await.0, 422);
    }
    let entries = desk.record("vault_opened").await;
    let [entry] = entries.as_slice() else { panic!("one opening: {entries:?}") };
    assert_eq!(entry["actor"], "person:clerk.t02");
    assert_eq!(entry["about"], format!("case:{}", desk.case));
    assert_eq!(entry["body"]["fields"], json!(["name", "phone"]));
    assert_eq!(entry["body"]["reason"]["code"], "call-applicant");
    assert_eq!(desk.record("vault_written").await.len(), 1);
    holds_nothing_clear(&Value::Array(desk.record("").await).to_string());
    holds_nothing_clear(&desk.office.get("/api/v1/events?limit=1000").await.to_string());
    desk.office.close().await;
    Ok(())
}

async fn what_is_wrong_is_told_and_not_repeated(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let put = async |body: Value| desk.ask(desk.who(Role::Clerk), "PUT", &desk.party(""), body).await;
    let number = |kind: &str, number: &str| json!({ "name": NAME, "identity": { "kind": kind, "number": number } });
    let wrong = [
        (number("resident", "110105194912310021"), "check character"),
        (number("resident", "110105194902310021"), "date of birth"),
        (number("company", "91350100M000100Y44"), "check character"),
        (json!({ "name": " " }), "name is missing"),
        (json!({ "name": PHONE }), "digits only"),
        (json!({ "name": "王\u{0}", "phone": "12812341234" }), "phone number"),
    ];
    for (body, says) in wrong {
        let (status, problem) = put(body.clone()).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!((status, &problem["type"]), (422, &json!("urn:liuzhuan:problem:invalid")), "{problem}");
        assert!(detail.contains(says), "{body}: {detail}");
        for typed in ["1101051949", "91350100M", NAME, PHONE, "128123"] {
            assert!(!problem.to_string().contains(typed), "{problem}");
        }
    }
    assert_eq!(
        desk.ask(
            desk.who(Role::Clerk),
            "PUT",
            &format!("/api/v1/cases/{}/parties/judge", desk.case),
            json!({ "name": NAME })
        )
        .await
        .0,
        404
    );
    let nowhere = format!("/api/v1/cases/{}/parties/applicant", Uuid::new_v4());
    let token = desk.office.send(reqwest::Method::PUT, &nowhere, Some(&json!({ "name": NAME }))).await;
    assert_eq!(token.0, 404, "a program reaches the region, and no case that nobody filed");
    assert_eq!(desk.record("vault_written").await.len(), 0);
    desk.office.close().await;
    Ok(())
}

async fn a_search_finds_whole_values_within_reach(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    desk.write(NAME).await;
    let (clerk, nothing) = (desk.who(Role::Clerk), json!({ "items": [], "more": false }));
    let whole = [
        ("phone", PHONE),
        ("phone", "138 1234 1234"),
        ("phone", "+86 138-1234-1234"),
        ("phone", "１３８１２３４１２３４"),
        ("name", NAME),
        ("name", " 王 小明 "),
    ];
    for (by, text) in whole {
        let found = desk.find(clerk, by, text).await;
        assert_eq!(found["items"][0]["case_no"], "441424-C1", "{text}: {found}");
        assert_eq!(found["items"][0]["parties"][0]["masked"]["name"], "王*");
        assert_eq!(found["items"][0]["dossiers"][0]["dossier_no"], "441424-7");
        holds_nothing_clear(&found.to_string());
    }
    for (by, part) in [("name", "王小"), ("name", "小明"), ("phone", "1234"), ("phone", "1381234123"), ("name", PHONE)]
    {
        assert_eq!(desk.find(clerk, by, part).await, nothing, "{part}");
    }
    // Another site's clerk is told what is told where nobody has that name.
    assert_eq!(desk.find(desk.stranger(), "name", NAME).await, nothing);
    assert_eq!(desk.find(desk.stranger(), "name", "无此人").await, nothing);
    assert_eq!(desk.find(desk.who(Role::Supervisor), "phone", PHONE).await["items"][0]["case_no"], "441424-C1");
    let entries = desk.record("vault_searched").await;
    assert_eq!(entries.len(), 14, "each search is one entry");
    holds_nothing_clear(&Value::Array(entries).to_string());
    desk.office.close().await;
    Ok(())
}

async fn whoever_tries_a_telephone_book_is_stopped(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    for last in 0..60 {
        desk.find(desk.who(Role::Clerk), "phone", &format!("138123412{last:02}")).await;
    }
    let body = json!({ "by": "phone", "text": PHONE });
    let (status, problem) = desk.ask(desk.who(Role::Clerk), "POST", "/api/v1/applicants/search", body).await;
    assert_eq!((status, &problem["type"]), (429, &json!("urn:liuzhuan:problem:limited")));
    let (status, _, page) = desk.form(desk.who(Role::Clerk), "/applicants", &[("q", PHONE)]).await;
    assert!(status == 429 && page.contains("尝试次数过多"), "{status} {page}");
    assert_eq!(desk.record("limited").await.len(), 1, "the first too many");
    desk.find(desk.stranger(), "phone", PHONE).await;
    desk.office.close().await;
    Ok(())
}

async fn beyond_reach_is_answered_like_absent(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    desk.write(NAME).await;
    let open = json!({ "fields": ["name"], "reason": "call-applicant" });
    let note = json!({ "request_id": Uuid::new_v4(), "text": "x" });
    let doors = [("PUT", "", json!({ "name": "李四" })), ("POST", "/open", open.clone())];
    let absent = format!("/api/v1/cases/{}/parties/applicant", Uuid::from_u128(7));
    for (method, rest, body) in doors {
        let beyond = desk.ask(desk.stranger(), method, &desk.party(rest), body.clone()).await;
        let nothing = desk.ask(desk.stranger(), method, &format!("{absent}{rest}"), body).await;
        assert_eq!((beyond.0, &beyond), (404, &nothing), "{method} {rest}");
    }
    let beyond =
        desk.ask(desk.stranger(), "POST", &format!("/api/v1/dossiers/{}/notes", desk.label), note.clone()).await;
    assert_eq!(beyond, desk.ask(desk.stranger(), "POST", "/api/v1/dossiers/none/notes", note).await);
    let opened = desk
        .form(
            desk.stranger(),
            "/applicants/open",
            &[("case", &desk.case.to_string()), ("party", "applicant"), ("reason", "call-applicant"), ("name", "1")],
        )
        .await;
    let nothing = desk
        .form(
            desk.stranger(),
            "/applicants/open",
            &[
                ("case", &Uuid::from_u128(7).to_string()),
                ("party", "applicant"),
                ("reason", "call-applicant"),
                ("name", "1"),
            ],
        )
        .await;
    assert_eq!((opened.0, opened.2), (nothing.0, nothing.2));
    assert_eq!(desk.record("vault_opened").await.len(), 0);
    desk.office.close().await;
    Ok(())
}

async fn a_case_is_within_reach_as_soon_as_it_is_filed(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    for number in 0..20 {
        let case = Uuid::new_v4();
        let file = json!({ "request_id": Uuid::new_v4(), "case_id": case, "case_no": format!("441424-S{number}"), "item": "x",
            "home": "t02", "at": "t02" });
        assert_eq!(desk.ask(desk.who(Role::Clerk), "POST", "/api/v1/cases", file).await.0, 200);
        let path = format!("/api/v1/cases/{case}/parties/applicant");
        let (status, answer) = desk.ask(desk.who(Role::Clerk), "PUT", &path, json!({ "name": NAME })).await;
        assert_eq!(status, 200, "{answer}");
    }
    desk.office.close().await;
    Ok(())
}

async fn restricted_is_kept_and_erased_is_gone_while_the_trail_stays(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    desk.write(NAME).await;
    let (clerk, security) = (desk.who(Role::Clerk), desk.who(Role::SecurityAdmin));
    let trail = desk.office.get(&format!("/api/v1/dossiers/{}/trail", desk.label)).await;
    let right = async |right: &str| {
        desk.ask(security, "POST", &desk.party(right), json!({ "reason": "asked-by-person" })).await
    };
    let open = json!({ "fields": ["name"], "reason": "call-applicant" });
    let opened = async || desk.ask(clerk, "POST", &desk.party("/open"), open.clone()).await;
    let shown =
        async || desk.ask(clerk, "GET", "/api/v1/cases/441424-C1/parties", json!({})).await.1["items"][0].clone();
    let nothing = json!({ "items": [], "more": false });
    let done = |done: bool| (200, json!({ "done": done }));

    assert_eq!((right("/restrict").await, right("/restrict").await), (done(true), done(false)));
    let (status, problem) = opened().await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:liuzhuan:problem:restricted")));
    assert_eq!(shown().await, json!({ "party": "applicant", "restricted_at": MORNING.0 }));
    assert_eq!(desk.find(clerk, "phone", PHONE).await, nothing);
    assert_eq!(desk.write("李四").await.0, 409);
    assert_eq!((right("/lift").await, right("/lift").await), (done(true), done(false)));
    assert_eq!(opened().await, (200, json!({ "name": NAME })));

    assert_eq!((right("/erase").await, right("/erase").await), (done(true), done(false)));
    let (status, problem) = opened().await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:liuzhuan:problem:erased")));
    assert_eq!(shown().await, json!({ "party": "applicant", "erased_at": MORNING.0 }));
    assert_eq!(desk.find(clerk, "name", NAME).await, nothing);
    assert_eq!(right("/restrict").await.0, 409);
    assert_eq!(desk.office.get(&format!("/api/v1/dossiers/{}/trail", desk.label)).await, trail);
    let proxy = format!("/api/v1/cases/{}/parties/proxy/erase", desk.case);
    assert_eq!(desk.ask(security, "POST", &proxy, json!({ "reason": "asked-by-person" })).await.0, 404);
    for (name, entries) in [("vault_restricted", 1), ("vault_unrestricted", 1), ("vault_erased", 1)] {
        assert_eq!(desk.record(name).await.len(), entries, "{name}");
    }
    desk.office.close().await;
    Ok(())
}

async fn the_words_of_a_note_lie_in_the_vault_and_nowhere_else(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let (clerk, path) = (desk.who(Role::Clerk), format!("/api/v1/dossiers/{}/notes", desk.label));
    let id = Uuid::new_v4();
    let note = |text: &str| json!({ "request_id": id, "text": text });
    let (status, first) = desk.ask(clerk, "POST", &path, note("申请人周五来取\r\n带原件")).await;
    assert_eq!((status, &first["duplicate"]), (200, &json!(false)), "{first}");
    let (status, again) = desk.ask(clerk, "POST", &path, note("申请人周五来取\n带原件")).await;
    assert_eq!((status, &again["duplicate"]), (200, &json!(true)), "{again}");
    let (status, other) = desk.ask(clerk, "POST", &path, note("别的话")).await;
    assert_eq!((status, &other["type"]), (409, &json!("urn:liuzhuan:problem:id-reused")));
    for wrong in ["", "a\u{0}b", &"长".repeat(2001)] {
        let wrong = json!({ "request_id": Uuid::new_v4(), "text": wrong });
        assert_eq!(desk.ask(clerk, "POST", &path, wrong).await.0, 422);
    }
    let anchor = desk.office.get("/api/v1/events").await["events"][1]["scan_id"].clone();
    let subject = Code::new(CodeKind::Dossier, 815).subject();
    let answer = json!({ "request_id": Uuid::new_v4(), "subject": subject, "kind": "held_too_long", "anchor": anchor,
        "answer": "explained", "text": "等补正材料" });
    let (status, answered) = desk.ask(clerk, "POST", "/api/v1/exceptions/answers", answer.clone()).await;
    assert_eq!(status, 200, "{answered}");
    assert_eq!(desk.ask(clerk, "POST", "/api/v1/exceptions/answers", answer).await.1["duplicate"], true);
    for cookie in [clerk, desk.who(Role::Sorter), desk.who(Role::Supervisor)] {
        let (status, notes) = desk.ask(cookie, "GET", &path, json!({})).await;
        let told: Vec<_> =
            notes["items"].as_array().expect("notes").iter().map(|it| (&it["on"], &it["text"])).collect();
        let (explained, noted) = (json!("exception_explained"), json!("noted"));
        let (one, other) = (json!("等补正材料"), json!("申请人周五来取\n带原件"));
        assert_eq!((status, told), (200, vec![(&explained, &one), (&noted, &other)]));
    }
    let feed = desk.office.get("/api/v1/events?limit=1000").await.to_string();
    assert!(feed.contains(&id.to_string()) && !feed.contains("周五") && !feed.contains("补正"), "{feed}");
    let erase = json!({ "reason": "asked-by-person" });
    let erased = desk.ask(desk.who(Role::SecurityAdmin), "POST", &format!("/api/v1/notes/{id}/erase"), erase).await;
    assert_eq!(erased, (200, json!({ "done": true })));
    let notes = desk.ask(clerk, "GET", &path, json!({})).await.1;
    assert_eq!((&notes["items"][1]["text"], &notes["items"][1]["erased_at"]), (&Value::Null, &json!(MORNING.0)));
    let trail = desk.office.get(&format!("/api/v1/dossiers/{}/trail", desk.label)).await.to_string();
    assert!(trail.contains("noted") && !trail.contains("周五"), "{trail}");
    desk.office.close().await;
    Ok(())
}

async fn hostile_text_is_shown_as_text(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let clerk = desk.who(Role::Clerk);
    let page = format!("/dossiers/{}", desk.label);
    let hostile =
        ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u{202e}gnp.exe", "'; drop table vault_note; --"];
    for text in hostile {
        assert_eq!(desk.write(text).await.0, 200, "{text}");
        let find = desk.find(clerk, "name", text).await;
        assert_eq!(find["items"][0]["case_no"], "441424-C1", "{text}");
        let fields = [
            ("case", desk.case.to_string()),
            ("party", "applicant".to_owned()),
            ("name", "1".to_owned()),
            ("reason", "check-identity".to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (status, _, opened) = desk.form(clerk, "/applicants/open", &fields).await;
        assert_eq!(status, 200, "{opened}");
        let body = json!({ "request_id": Uuid::new_v4(), "text": text });
        assert_eq!(desk.ask(clerk, "POST", &format!("/api/v1/dossiers/{}/notes", desk.label), body).await.0, 200);
        let escaped = text.replace('<', "&#60;").replace('>', "&#62;").replace('\'', "&#39;");
        for shown in [opened, desk.page(clerk, &page).await.1] {
            assert!(shown.contains(&format!("<bdi>{escaped}</bdi>")), "{text}: {shown}");
            assert!(!shown.contains("<script>alert"), "{shown}");
        }
    }
    assert_eq!(desk.write("王\u{0}明").await.0, 422);
    let (status, _, shown) = desk
        .form(clerk, &format!("{page}/notes"), &[("request_id", &Uuid::new_v4().to_string()), ("text", "墙角\u{0}<b>")])
        .await;
    assert_eq!(status, 422);
    assert!(shown.contains("备注须有 1 至 2000 个字符") && shown.contains("墙角") && !shown.contains("<b>"), "{shown}");
    desk.office.close().await;
    Ok(())
}

async fn the_pages_find_open_note_and_erase_without_a_script(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    desk.write(NAME).await;
    let (clerk, security) = (desk.who(Role::Clerk), desk.who(Role::SecurityAdmin));
    let case = desk.case.to_string();
    assert!(desk.page(clerk, "/applicants").await.1.contains(r#"action="/applicants" method="post""#));
    for text in [PHONE, NAME] {
        let (status, _, found) = desk.form(clerk, "/applicants", &[("q", text)]).await;
        assert!(
            status == 200 && found.contains("王*") && found.contains("441424-C1") && found.contains("441424-7"),
            "{found}"
        );
        holds_nothing_clear(&found.replace(&format!("value=\"{text}\""), ""));
    }
    let (status, _, nothing) = desk.form(clerk, "/applicants", &[("q", "王小")]).await;
    assert!(status == 200 && nothing.contains("没有找到"), "{nothing}");
    let (status, _, empty) = desk.form(clerk, "/applicants", &[("q", " ")]).await;
    assert!(status == 422 && empty.contains("请输入手机号码或完整姓名"), "{empty}");
    let open = [("case", case.as_str()), ("party", "applicant"), ("reason", "call-applicant"), ("phone", "1")];
    let (status, headers, opened) = desk.form(clerk, "/applicants/open", &open).await;
    assert!(status == 200 && opened.contains(PHONE) && !opened.contains(NAME), "{opened}");
    assert_eq!(headers["cache-control"], "no-store");
    let (status, _, unsaid) = desk.form(clerk, "/applicants/open", &[open[0], open[1], open[3]]).await;
    assert!(status == 422 && !unsaid.contains(PHONE) && unsaid.contains("请选择需要的项目和事由"), "{unsaid}");

    let dossier = format!("/dossiers/{}", desk.label);
    let note = [("request_id", Uuid::new_v4().to_string()), ("text", "周五来取".to_owned())];
    let note: Vec<(&str, &str)> = note.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, headers, _) = desk.form(clerk, &format!("{dossier}/notes"), &note).await;
    assert_eq!(status, 303);
    assert!(headers["location"].to_str()?.ends_with("#notes"));
    let (_, shown) = desk.page(clerk, &dossier).await;
    assert!(shown.contains("王*") && shown.contains("周五来取") && shown.contains("查看完整信息"), "{shown}");
    holds_nothing_clear(&shown);
    let (_, agent) = desk.page(desk.who(Role::Agent), &dossier).await;
    assert!(agent.contains("王*") && !agent.contains("查看完整信息"), "an agent opens nobody: {agent}");

    assert_eq!(desk.page(clerk, "/applicants/rights").await.0, 404);
    let (status, held) = desk.page(security, "/applicants/rights?case=441424-C1").await;
    assert!(status == 200 && held.contains("有保存的信息") && held.contains("永久删除"), "{held}");
    assert!(!held.contains("王*") && !held.contains("周五"), "that something is held, never what: {held}");
    let (status, none) = desk.page(security, "/applicants/rights?case=441424-C2").await;
    assert!(status == 404 && none.contains("没有这个办件"), "{none}");
    let erase = [
        ("case", "441424-C1"),
        ("party", "applicant"),
        ("right", "erase"),
        ("reason", "asked-by-person"),
        ("understood", "1"),
    ];
    let (status, _, refused) = desk.form(security, "/applicants/rights", &erase[..4]).await;
    assert!(status == 422 && refused.contains("有保存的信息"), "not ticked, not done: {refused}");
    let (status, _, erased) = desk.form(security, "/applicants/rights", &erase).await;
    assert!(status == 200 && erased.contains("已删除。") && erased.contains("个人信息已删除"), "{erased}");
    let (_, shown) = desk.page(clerk, &dossier).await;
    assert!(shown.contains("个人信息已删除") && !shown.contains("王*") && shown.contains("周五来取"), "{shown}");
    let erase = [
        ("case", "441424-C1"),
        ("note", note[0].1),
        ("right", "erase"),
        ("reason", "asked-by-person"),
        ("understood", "1"),
    ];
    let (status, _, erased) = desk.form(security, "/applicants/rights", &erase).await;
    assert!(status == 200 && erased.contains("备注内容已删除"), "{erased}");
    let foreign = [erase[0], ("note", case.as_str()), erase[2], erase[3], erase[4]];
    assert_eq!(desk.form(security, "/applicants/rights", &foreign).await.0, 404, "a note of no dossier of this case");
    let (_, shown) = desk.page(clerk, &dossier).await;
    assert!(shown.contains("备注内容已删除") && !shown.contains("周五"), "{shown}");
    desk.office.close().await;
    Ok(())
}

async fn who_applies_is_written_down_on_a_page_that_keeps_what_was_typed(fresh: Fresh) -> anyhow::Result<()> {
    let desk = Desk::open(&fresh).await?;
    let (clerk, path) = (desk.who(Role::Clerk), format!("/cases/{}/party", desk.case));
    let (_, dossier) = desk.page(clerk, &format!("/dossiers/{}", desk.label)).await;
    assert!(dossier.contains(&format!("href=\"{path}\"")), "{dossier}");
    assert_eq!(desk.page(clerk, &path).await.0, 200);
    let typed = |number: &'static str| {
        [
            ("party", "proxy"),
            ("name", NAME),
            ("phone", PHONE),
            ("kind", "resident"),
            ("number", number),
            ("address", ""),
        ]
    };
    let (status, _, wrong) = desk.form(clerk, &path, &typed("110105194912310021")).await;
    assert!(
        status == 422 && wrong.contains("校验不符") && wrong.contains("110105194912310021") && wrong.contains(NAME),
        "{wrong}"
    );
    let (status, _, saved) = desk.form(clerk, &path, &typed(NUMBER)).await;
    assert!(status == 200 && saved.contains("王*") && saved.contains("1****2X"), "{saved}");
    holds_nothing_clear(&saved);
    let (_, again) = desk.page(clerk, &path).await;
    holds_nothing_clear(&again);
    assert_eq!(desk.page(desk.who(Role::Supervisor), &path).await.0, 404);
    assert_eq!(desk.page(desk.stranger(), &path).await.0, 404);
    assert_eq!(desk.find(clerk, "phone", PHONE).await["items"][0]["parties"][0]["party"], "proxy");
    desk.office.close().await;
    Ok(())
}

on_both_engines!(
    who_applies_is_written_down_on_a_page_that_keeps_what_was_typed,
    what_is_written_is_seen_masked_and_opened_with_a_reason,
    what_is_wrong_is_told_and_not_repeated,
    a_search_finds_whole_values_within_reach,
    whoever_tries_a_telephone_book_is_stopped,
    beyond_reach_is_answered_like_absent,
    a_case_is_within_reach_as_soon_as_it_is_filed,
    restricted_is_kept_and_erased_is_gone_while_the_trail_stays,
    the_words_of_a_note_lie_in_the_vault_and_nowhere_else,
    hostile_text_is_shown_as_text,
    the_pages_find_open_note_and_erase_without_a_script,
);
