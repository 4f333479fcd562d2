//! The pages of administrators and desks: each opens to whom the table says and to nobody else, and the walks through them
//! do what they say, on both engines.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, printed, staff};
use api::access::who_may::{Action as A, Reach, of};
use domain::id::Region;
use registers::person::{PersonRow, PostRow, Role};
use registers::{Validity, person};
use reqwest::header;
use serde_json::{Value, json};
use uuid::Uuid;

const COUNTY: Region = Region(441_424);

/// The pages of this file: action, method and pattern, an address where there is something, and a form that it takes.
#[rustfmt::skip]
const PAGES: [(A, &str, &str, &str, &str); 21] = [
    (A::MintLabels,    "GET",  "/labels", "/labels", ""),
    (A::MintLabels,    "POST", "/labels", "/labels", "job=NEW&kind=dossier&count=1"),
    (A::ReadPrints,    "GET",  "/labels/prints/{job}", "/labels/prints/00000000-0000-0000-0000-00000000004f", ""),
    (A::PrintPapers,   "POST", "/labels/prints/{job}", "/labels/prints/00000000-0000-0000-0000-00000000004f", "job=NEW&reason=torn"),
    (A::ReadDevices,   "GET",  "/devices", "/devices", ""),
    (A::EnrolDevices,  "POST", "/devices", "/devices", "name=desk&site=t01"),
    (A::RevokeDevices, "POST", "/devices/{device}/revoke", "/devices/desk-1/revoke", ""),
    (A::ReadPeople,    "GET",  "/people", "/people", ""),
    (A::ManagePeople,  "POST", "/people", "/people", "id=xin&name=Xin"),
    (A::ReadPeople,    "GET",  "/people/{person}", "/people/zhang", ""),
    (A::ManagePeople,  "POST", "/people/{person}", "/people/zhang", "name=Zhang&phone=1"),
    (A::ManagePeople,  "POST", "/people/{person}/posts", "/people/zhang/posts", "role=sorter&site=t01&to=2027-01-31"),
    (A::ManagePeople,  "POST", "/people/{person}/posts/end", "/people/zhang/posts/end", "post=zhang/sorter/t01"),
    (A::ManagePeople,  "POST", "/people/{person}/badge", "/people/zhang/badge", ""),
    (A::ManagePeople,  "POST", "/people/{person}/badge/end", "/people/zhang/badge/end", ""),
    (A::ManagePeople,  "POST", "/people/{person}/code", "/people/zhang/code", ""),
    (A::ManagePeople,  "POST", "/people/{person}/pin", "/people/zhang/pin", ""),
    (A::ManageClients, "GET",  "/clients", "/clients", ""),
    (A::ManageClients, "POST", "/clients", "/clients", "name=platform&scope=read&scope=feed&days=30"),
    (A::ManageClients, "POST", "/clients/revoke", "/clients/revoke", "name=platform"),
    (A::ReadRecord,    "GET",  "/record", "/record", ""),
];
const OF_THIS_FILE: [&str; 5] = ["/labels", "/devices", "/people", "/clients", "/record"];

/// What a page answers.
pub struct Answer {
    pub status: u16,
    pub to: String,
    pub cookie: Option<String>,
    pub kept: String,
    pub body: String,
}

/// Asks for a page, or sends a form.
pub async fn ask(office: &Office, cookie: Option<&str>, method: &str, path: &str, form: &str) -> Answer {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut request = client.request(method.parse().expect("a method"), format!("{}{path}", office.url));
    request = request.header("sec-fetch-site", "same-origin");
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("__Host-liuzhuan={cookie}"));
    }
    if method == "POST" {
        request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    }
    let answer = request.send().await.expect("an answer");
    let text = |name| answer.headers().get(name).and_then(|it: &header::HeaderValue| it.to_str().ok());
    let cookie = text(header::SET_COOKIE).and_then(|it| it.split(['=', ';']).nth(1)).map(ToOwned::to_owned);
    let (to, kept) = (text(header::LOCATION).unwrap_or_default(), text(header::CACHE_CONTROL).unwrap_or_default());
    let (status, to, kept) = (answer.status().as_u16(), to.to_owned(), kept.to_owned());
    Answer { status, to, cookie, kept, body: answer.text().await.unwrap_or_default() }
}

/// The cookie of who has a role.
pub fn cookie_of(people: &[Somebody], role: Role) -> &str {
    &people.iter().find(|one| one.role == role).expect("one for each role").cookie
}

/// Text between two marks.
pub fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {text}")).1;
    rest.split_once(end).expect("an end").0
}

/// Somebody with a post, straight into the registers.
async fn employ(office: &Office, id: &str, role: Role, site: &str) -> anyhow::Result<()> {
    let mut tx = office.app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, COUNTY, office.app.now()).await?;
    person::put(&mut tx, &change, PersonRow { id: id.parse()?, name: id.to_owned(), phone: None }).await?;
    let post = PostRow::new(id.parse()?, role, Some(site.parse()?));
    person::give_post(&mut tx, &change, post, Validity::ALWAYS).await?;
    tx.commit().await?;
    office.app.refresh().await?;
    Ok(())
}

async fn each_page_opens_to_whom_it_is_for(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    employ(&office, "zhang", Role::Clerk, "t02").await?;
    office.enrol("desk-1", "site", "t01").await;
    let code = domain::code::Code::new(domain::code::CodeKind::Dossier, 4711);
    office.mint(&[code]).await;
    let mut tx = office.app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, COUNTY, office.app.now()).await?;
    registers::print::record(&mut tx, &change, &printed(Uuid::from_u128(0x4f), "t01"), &[code]).await?;
    tx.commit().await?;
    let (mut refused, mut opened) = (0, 0);
    for (action, method, _, path, form) in PAGES {
        let nobody = ask(&office, None, method, path, form).await;
        let way_in = if method == "GET" { "/login" } else { "/login?over=sent" };
        assert_eq!((nobody.status, nobody.to.as_str()), (303, way_in), "nobody: {method} {path}");
        for one in &people {
            let form = form.replace("NEW", &Uuid::new_v4().to_string());
            let answer = ask(&office, Some(&one.cookie), method, path, &form).await;
            let what = format!("{}: {method} {path}: {} {}", one.role, answer.status, answer.body);
            if of(action).reach(one.role) == Reach::No {
                let absent = ask(&office, Some(&one.cookie), method, "/nowhere/at/all", &form).await;
                assert_eq!((answer.status, answer.body), (404, absent.body), "{what}");
                refused += 1;
            } else {
                assert!([200, 303].contains(&answer.status), "{what}");
                opened += 1;
            }
        }
    }
    let mut wanted =
        PAGES.map(|(action, method, pattern, ..)| (pattern.to_owned(), method.to_owned(), action)).to_vec();
    let pages = api::pages::pages();
    let mine = pages.routes().iter().filter(|it| OF_THIS_FILE.iter().any(|root| it.path.starts_with(root)));
    let mut mounted: Vec<_> = mine.map(|it| (it.path.clone(), it.method.clone(), it.action)).collect();
    wanted.sort();
    mounted.sort();
    assert_eq!(wanted, mounted, "left: the pages of this test; right: those that are mounted");
    assert!(refused > 120 && opened > 35, "{refused} refused, {opened} opened");
    office.close().await;
    Ok(())
}

/// Somebody new is taken in on the pages and signs in with the code; only the audit administrator reads that it was so.
async fn somebody_new_gets_a_post_and_a_code_and_signs_in(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let security = Some(cookie_of(&people, Role::SecurityAdmin));
    let made = ask(&office, security, "POST", "/people", "id=zhang&name=%E5%BC%A0%E4%B8%89&phone=").await;
    assert_eq!((made.status, made.to.as_str()), (303, "/people/zhang?done=saved"), "{}", made.body);
    let again = ask(&office, security, "POST", "/people", "id=zhang&name=%E6%9D%8E%E5%9B%9B").await;
    assert_eq!(again.status, 409, "an account is somebody's own");
    assert!(again.body.contains("这个账号已有人使用") && again.body.contains("李四"), "what was typed is kept");
    for (wrong, says) in [
        ("role=&site=t01", "请选择岗位"),
        ("role=clerk&site=", "请填写此岗位所在的网点"),
        ("role=clerk&site=nowhere", "没有这个网点"),
        ("role=audit_admin&site=t01", "管理员岗位不填网点"),
        ("role=clerk&site=t01&from=2026-12-01&to=2026-11-01", "截止日期须在起始日期之后"),
        ("role=clerk&site=t01&from=tomorrow", "日期不对"),
    ] {
        let answer = ask(&office, security, "POST", "/people/zhang/posts", wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.body.contains(says), "{wrong}: {}", answer.body);
    }
    let post = ask(&office, security, "POST", "/people/zhang/posts", "role=clerk&site=t01&to=2026-12-31").await;
    assert_eq!(post.status, 303, "{}", post.body);
    let given = ask(&office, security, "POST", "/people/zhang/code", "").await;
    assert_eq!((given.status, given.kept.as_str()), (200, "no-store"), "{}", given.body);
    let code = between(&given.body, "<code>", "</code>").to_owned();
    let seen = ask(&office, security, "GET", "/people/zhang", "").await.body;
    assert!(seen.contains("张三") && seen.contains("2026-12-31") && !seen.contains(&code), "{seen}");
    let first = format!("account=zhang&code={code}&password=four+old+bridges+over+the+river");
    let entered = ask(&office, None, "POST", "/login/code", &first).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    let own = entered.cookie.expect("a session");
    assert_eq!(ask(&office, Some(&own), "GET", "/", "").await.status, 200, "zhang is in");
    assert_eq!(ask(&office, Some(&own), "GET", "/people/zhang", "").await.status, 404, "and a clerk reads no staff");
    let audit = Some(cookie_of(&people, Role::AuditAdmin));
    let about = ask(&office, audit, "GET", "/record?about=zhang&name=post_given", "").await;
    assert_eq!(about.status, 200, "{}", about.body);
    assert!(about.body.contains("张三 (zhang)") && about.body.contains("综合窗口"), "{}", about.body);
    let all = ask(&office, audit, "GET", "/record?to=2026-11-02", "").await.body;
    for act in ["授予岗位", "登录", "查看审计记录"] {
        assert!(all.contains(&format!(r#"<th scope="row">{act}</th>"#)), "{act}: {all}");
    }
    for one in people.iter().filter(|one| one.role != Role::AuditAdmin) {
        assert_eq!(ask(&office, Some(&one.cookie), "GET", "/record", "").await.status, 404, "{}", one.role);
    }
    let wrong = ask(&office, audit, "GET", "/record?from=nonsense&actor=zhang", "").await;
    assert!(wrong.status == 422 && wrong.body.contains("日期不对") && wrong.body.contains(r#"value="zhang""#));
    office.close().await;
    Ok(())
}

/// The record a page at a time: each entry once, until the beginning.
async fn the_record_is_read_back_to_its_beginning(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    for _ in 0..250 {
        let entry = signed_out("li")?;
        office.app.record(&entry).await.expect("it is recorded");
    }
    let audit = Some(cookie_of(&people, Role::AuditAdmin));
    let (mut path, mut pages, mut rows) = ("/record?actor=li&name=signed_out".to_owned(), 0, 0);
    loop {
        let page = ask(&office, audit, "GET", &path, "").await;
        assert_eq!(page.status, 200, "{}", page.body);
        rows += page.body.matches(r#"<td class="when">"#).count();
        pages += 1;
        let Some((before, _)) = page.body.split_once(r#"" rel="next">"#) else { break };
        path = before.rsplit_once(r#"href=""#).expect("a link").1.replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!((pages, rows), (3, 250));
    office.close().await;
    Ok(())
}

fn signed_out(person: &str) -> anyhow::Result<registers::record::Entry> {
    let act = registers::record::Act::SignedOut(registers::record::SignedOut { session: Uuid::new_v4() });
    Ok(registers::record::Entry { actor: registers::record::Actor::Person(person.parse()?), address: None, act })
}

async fn five_thousand_people_are_shown_a_hundred_at_a_time(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let id = |n: usize| format!("p{n:04}").parse().expect("an id");
    let name = |n: usize| PersonRow { id: id(n), name: format!("职工{n}"), phone: None };
    let rows: Vec<_> = (0..5000).map(|n| (name(n), Validity::ALWAYS)).collect();
    let site: domain::id::SiteId = "t02".parse()?;
    let posts: Vec<_> =
        (0..5000).map(|n| (PostRow::new(id(n), Role::Clerk, Some(site.clone())), Validity::ALWAYS)).collect();
    let mut tx = office.app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, COUNTY, office.app.now()).await?;
    registers::save(&mut tx, &change, &rows).await?;
    registers::save(&mut tx, &change, &posts).await?;
    tx.commit().await?;
    office.app.refresh().await?;
    let security = Some(cookie_of(&people, Role::SecurityAdmin));
    for (path, rows, says) in [
        ("/people", 100, "第 1–100 条，共 5009 条"),
        ("/people?page=51", 9, "第 5001–5009 条，共 5009 条"),
        ("/people?page=9999", 9, "第 5001–5009 条，共 5009 条"),
        ("/people?q=p4999", 1, "职工4999"),
        ("/people?q=%E8%81%8C%E5%B7%A5499+t02", 11, "职工4990"),
        ("/people?q=nobody-has-this", 0, "没有符合的"),
    ] {
        let page = ask(&office, security, "GET", path, "").await;
        let shown = page.body.matches(r#"<th scope="row">"#).count();
        assert_eq!((page.status, shown), (200, rows), "{path}");
        assert!(page.body.contains(says), "{path}");
    }
    office.close().await;
    Ok(())
}

/// Who supervises some sites sees the people of those, on the page as through the JSON door.
async fn a_supervisor_of_some_sites_sees_the_people_there(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    employ(&office, "boss", Role::Supervisor, "t01").await?;
    employ(&office, "near", Role::Clerk, "t01").await?;
    employ(&office, "far", Role::Clerk, "t02").await?;
    let mut tx = office.app.db().begin().await?;
    let boss = "boss".parse()?;
    let begin = registers::session::Begin { person: &boss, strong: 0, address: "127.0.0.1", agent: "tests" };
    let mut rng = registers::secret::rng();
    let (cookie, _) = registers::session::begin(&mut tx, COUNTY, office.app.now(), &begin, &mut rng).await?;
    tx.commit().await?;
    let page = ask(&office, Some(&cookie), "GET", "/people", "").await.body;
    assert!(page.contains("/people/near") && !page.contains("/people/far") && !page.contains("<h2>"), "{page}");
    let list = ask(&office, Some(&cookie), "GET", "/api/v1/people", "").await.body;
    assert!(list.contains(r#""near""#) && !list.contains(r#""far""#), "{list}");
    for prefix in ["", "/api/v1"] {
        let near = ask(&office, Some(&cookie), "GET", &format!("{prefix}/people/near"), "").await;
        let far = ask(&office, Some(&cookie), "GET", &format!("{prefix}/people/far"), "").await;
        let nobody = ask(&office, Some(&cookie), "GET", &format!("{prefix}/people/nobody"), "").await;
        assert_eq!((near.status, far.status, far.body), (200, 404, nobody.body), "{prefix}");
    }
    office.close().await;
    Ok(())
}

async fn a_desk_enrols_its_own_devices_and_revokes_them(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let clerk = Some(cookie_of(&people, Role::Clerk));
    for (wrong, says) in [
        ("name=desk&site=t02", "没有这个网点"),
        ("name=desk&courier=courier.t01", "没有这位流转员"),
        ("name=desk", "网点和流转员须且只能填一个"),
        ("name=&site=t01", "名称须有"),
    ] {
        let answer = ask(&office, clerk, "POST", "/devices", wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.body.contains(says), "{wrong}: {}", answer.body);
    }
    let offered = ask(&office, clerk, "POST", "/devices", "name=desk+one&site=t01").await;
    assert_eq!((offered.status, offered.kept.as_str()), (200, "no-store"), "{}", offered.body);
    let code = between(&offered.body, "<code>", "</code>").to_owned();
    let drawn = labels::qr::svg(&format!("http://127.0.0.1/handheld/#enrol={code}"))?;
    assert!(offered.body.contains(&drawn), "the QR is the handheld's address with the code");
    let redeem = json!({ "code": code, "installation": Uuid::new_v4() });
    let client = reqwest::Client::new();
    let enrolled = client.post(format!("{}/api/v1/enrolments/redeem", office.url)).json(&redeem).send().await?;
    let enrolled: Value = enrolled.error_for_status()?.json().await?;
    let device = enrolled["device"].as_str().expect("an id").to_owned();
    let listed = ask(&office, clerk, "GET", "/devices?q=one", "").await.body;
    assert!(listed.contains("desk one") && listed.contains(&format!("/devices/{device}/revoke")), "{listed}");
    office.enrol("elsewhere", "site", "t02").await;
    let beyond = ask(&office, clerk, "POST", "/devices/elsewhere/revoke", "").await;
    let absent = ask(&office, clerk, "POST", "/devices/nobody-has-this/revoke", "").await;
    assert_eq!((beyond.status, beyond.body), (404, absent.body));
    let revoked = ask(&office, clerk, "POST", &format!("/devices/{device}/revoke"), "").await;
    assert_eq!((revoked.status, revoked.to.as_str()), (303, "/devices?done=revoked"));
    let listed = ask(&office, clerk, "GET", "/devices", "").await.body;
    assert!(listed.contains("已撤销") && !listed.contains(&format!("/devices/{device}/revoke")), "{listed}");
    let couriers = Some(cookie_of(&people, Role::SystemAdmin));
    let courier = ask(&office, couriers, "POST", "/devices", "name=bike&courier=courier.t01").await;
    assert_eq!(courier.status, 200, "{}", courier.body);
    office.close().await;
    Ok(())
}

async fn a_token_is_shown_once_opens_and_is_revoked(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let security = Some(cookie_of(&people, Role::SecurityAdmin));
    for (wrong, says) in [
        ("name=1&scope=read&days=30", "名称须以字母开头"),
        ("name=platform&days=30", "请至少选择一项权限"),
        ("name=platform&scope=read&days=many", "有效天数为 1 至 366"),
        ("name=platform&scope=read&days=367", "有效天数为 1 至 366"),
    ] {
        let answer = ask(&office, security, "POST", "/clients", wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.body.contains(says), "{wrong}: {}", answer.body);
    }
    let made = ask(&office, security, "POST", "/clients", "name=platform/1&scope=read&scope=feed&days=30").await;
    assert_eq!((made.status, made.kept.as_str()), (200, "no-store"), "{}", made.body);
    let token = between(&made.body, "<code>", "</code>").to_owned();
    let client = reqwest::Client::new();
    let opens = |path: &'static str| {
        let request = client.get(format!("{}{path}", office.url)).bearer_auth(&token);
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!((opens("/api/v1/dossiers").await, opens("/metrics").await), (200, 404), "its scopes and no other");
    let listed = ask(&office, security, "GET", "/clients", "").await.body;
    assert!(listed.contains("platform/1") && listed.contains("读取事件日志") && !listed.contains(&token), "{listed}");
    let revoked = ask(&office, security, "POST", "/clients/revoke", "name=platform/1").await;
    assert_eq!(revoked.status, 303, "{}", revoked.body);
    assert_eq!(opens("/api/v1/dossiers").await, 401);
    assert_eq!(ask(&office, security, "POST", "/clients/revoke", "name=platform/1").await.status, 404);
    office.close().await;
    Ok(())
}

on_both_engines!(
    each_page_opens_to_whom_it_is_for,
    somebody_new_gets_a_post_and_a_code_and_signs_in,
    the_record_is_read_back_to_its_beginning,
    five_thousand_people_are_shown_a_hundred_at_a_time,
    a_supervisor_of_some_sites_sees_the_people_there,
    a_desk_enrols_its_own_devices_and_revokes_them,
    a_token_is_shown_once_opens_and_is_revoked,
);
