//! Who may what, told as short stories; every route × everybody is tried in `who_may/matrix.rs`.
pub mod askers;
mod matrix;
mod world;

use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use api::access::who_may::{Action, of};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::{PersonRow, PostRow, Role};
use registers::session::Begin;
use registers::{Validity, person, secret, session};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

pub use world::printed;

/// Somebody who signed in: role and cookie.
pub struct Somebody {
    pub role: Role,
    pub cookie: String,
}

/// One person for each role; those with a site are at `site`.
pub async fn staff(office: &Office, site: &str) -> anyhow::Result<Vec<Somebody>> {
    let (region, now) = (office.app.region(), office.app.now());
    let mut all = Vec::new();
    for role in Role::ALL {
        let id: domain::id::PersonId = format!("{role}.{site}").parse()?;
        let wide = role.is_admin() || matches!(role, Role::Supervisor | Role::Courier);
        let at = if wide { None } else { Some(site.parse()?) };
        let mut tx = office.app.db().begin().await?;
        let change = registers::Change::begin(&mut tx, region, now).await?;
        person::put(&mut tx, &change, PersonRow { id: id.clone(), name: id.to_string(), phone: None }).await?;
        person::give_post(&mut tx, &change, PostRow::new(id.clone(), role, at), Validity::ALWAYS).await?;
        let begin = Begin { person: &id, strong: 1, address: "127.0.0.1", agent: "tests" };
        let (cookie, _) = session::begin(&mut tx, region, now, &begin, &mut secret::rng()).await?;
        tx.commit().await?;
        all.push(Somebody { role, cookie });
    }
    office.app.refresh().await?;
    Ok(all)
}

/// A request of somebody, or of nobody; status and body.
pub async fn ask(office: &Office, cookie: Option<&str>, method: &str, path: &str, body: &Value) -> (u16, String) {
    let mut request =
        reqwest::Client::new().request(method.parse::<Method>().unwrap(), format!("{}{path}", office.url));
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("__Host-liuzhuan={cookie}")).header("sec-fetch-site", "same-origin");
    }
    if method != "GET" {
        request = request.json(body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    // A stream never ends; whoever gets one got in.
    let body =
        if kind.starts_with("text/event-stream") { String::new() } else { answer.text().await.unwrap_or_default() };
    (status, body)
}

async fn what_lies_beyond_ones_sites_is_answered_like_what_is_not_there(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let (here, there) = (staff(&office, "t01").await?, staff(&office, "t02").await?);
    let code = Code::new(CodeKind::Dossier, 4711);
    office.mint(&[code]).await;
    let label = labels::code::print(code);
    let case = Uuid::new_v4();
    let file = json!({ "request_id": Uuid::new_v4(), "by": "li", "case_id": case, "case_no": "441424-C9", "item": "x",
        "home": "t02", "at": "t02" });
    office.post("/api/v1/cases", &file).await;
    let register = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": label, "dossier_no": "441424-9", "kind": "result",
        "home": "t02", "at": "t02", "case": case });
    office.post("/api/v1/dossiers", &register).await;
    office.settled().await;
    let clerk = |of: &[Somebody]| of.iter().find(|one| one.role == Role::Clerk).expect("a clerk").cookie.clone();
    let (stranger, own) = (clerk(&here), clerk(&there));
    let same = [
        ("GET", format!("/api/v1/dossiers/{label}"), "/api/v1/dossiers/D0000000000000".to_owned()),
        ("GET", format!("/api/v1/dossiers/{label}/trail"), "/api/v1/dossiers/none/trail".to_owned()),
        ("GET", "/api/v1/dossiers/441424-9".to_owned(), "/api/v1/dossiers/441424-8".to_owned()),
        ("GET", format!("/api/v1/dossiers/{label}/notes"), "/api/v1/dossiers/none/notes".to_owned()),
        ("GET", "/api/v1/cases/441424-C9".to_owned(), "/api/v1/cases/441424-C8".to_owned()),
        ("GET", format!("/api/v1/cases/{case}/parties"), format!("/api/v1/cases/{}/parties", Uuid::from_u128(7))),
        ("GET", "/api/v1/sites/t02/queues".to_owned(), "/api/v1/sites/nowhere/queues".to_owned()),
        (
            "GET",
            format!("/api/v1/live?subject={}", code.subject()),
            format!("/api/v1/live?subject={}", Uuid::from_u128(7)),
        ),
    ];
    for (method, forbidden, absent) in same {
        let (beyond, nothing) = (
            ask(&office, Some(&stranger), method, &forbidden, &json!({})).await,
            ask(&office, Some(&stranger), method, &absent, &json!({})).await,
        );
        assert_eq!(beyond.0, 404, "{forbidden}: {}", beyond.1);
        assert_eq!(beyond, nothing, "{forbidden} and {absent}");
        assert_eq!(
            ask(&office, Some(&own), method, &forbidden, &json!({})).await.0,
            200,
            "{forbidden} for whose it is"
        );
    }
    let hand_out = json!({ "request_id": Uuid::new_v4(), "at": "t02", "receiver": "applicant", "checked": "both" });
    let path = format!("/api/v1/dossiers/{label}/hand-out");
    assert_eq!(ask(&office, Some(&stranger), "POST", &path, &hand_out).await.0, 404);
    let found = ask(&office, Some(&stranger), "GET", "/api/v1/search?q=441424-9", &json!({})).await;
    assert_eq!(found.1, r#"{"items":[]}"#);
    let listed = ask(&office, Some(&stranger), "GET", "/api/v1/dossiers", &json!({})).await.1;
    assert!(!listed.contains("441424-9"), "{listed}");
    // Whoever reads the label is told holder and next hop.
    assert_eq!(ask(&office, Some(&stranger), "GET", &format!("/api/v1/things/{label}"), &json!({})).await.0, 200);
    assert_eq!(ask(&office, Some(&own), "POST", &path, &hand_out).await.0, 200, "and whose it is hands it out");
    office.close().await;
    Ok(())
}

async fn nobody_gives_the_own_rights_and_the_three_administrators_are_three_people(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let people = staff(&office, "t01").await?;
    let chief = people.iter().find(|one| one.role == Role::SecurityAdmin).map(|one| one.cookie.as_str());
    let post = async |who: &str, what: &str, body: Value| {
        ask(&office, chief, "POST", &format!("/api/v1/people/{who}.t01/{what}"), &body).await
    };
    let clerk = json!({ "role": "clerk", "site": "t01" });
    let own = [
        ("posts", clerk.clone()),
        ("posts/end", json!({ "post": "security_admin.t01/security_admin/" })),
        ("code", Value::Null),
    ];
    for (what, body) in own {
        let (status, answer) = post("security_admin", what, body).await;
        assert!(status == 409 && answer.contains("own-rights"), "{what}: {status} {answer}");
    }
    let apart = [
        ("audit_admin", json!({ "role": "system_admin" })),
        ("system_admin", json!({ "role": "security_admin" })),
        ("audit_admin", clerk.clone()),
        ("clerk", json!({ "role": "audit_admin" })),
    ];
    for (who, body) in apart {
        let (status, answer) = post(who, "posts", body.clone()).await;
        assert!(status == 409 && answer.contains("posts-apart"), "{who} {body}: {status} {answer}");
    }
    let ended = post("audit_admin", "posts/end", json!({ "post": "audit_admin.t01/audit_admin/" })).await;
    assert_eq!(ended.0, 204, "{}", ended.1);
    let (status, answer) = post("audit_admin", "posts", clerk).await;
    assert_eq!(status, 200, "whose post is over may get another: {answer}");
    office.close().await;
    Ok(())
}

async fn what_is_over_or_revoked_opens_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let people = staff(&office, "t01").await?;
    let clerk = &people.iter().find(|one| one.role == Role::Clerk).expect("a clerk").cookie;
    assert_eq!(ask(&office, Some(clerk), "GET", "/api/v1/dossiers", &json!({})).await.0, 200);
    assert!(office.app.log().clock().set(MORNING.plus(session::IDLE_MS)));
    assert_eq!(ask(&office, Some(clerk), "GET", "/api/v1/dossiers", &json!({})).await.0, 401, "idle for too long");
    let forged = format!("{}A", &clerk[..clerk.len() - 1]);
    assert_eq!(ask(&office, Some(&forged), "GET", "/api/v1/dossiers", &json!({})).await.0, 401);
    let admin = people.iter().find(|one| one.role == Role::SystemAdmin).expect("an administrator");
    assert_eq!(of(Action::Scan).reach(admin.role), api::access::who_may::Reach::No);
    office.close().await;
    Ok(())
}

/// A device from the code at the desk to its revocation: what it scans is recorded, then put aside, and never lost.
async fn a_device_is_enrolled_once_scans_and_is_revoked(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let people = staff(&office, "t01").await?;
    let clerk = people.iter().find(|one| one.role == Role::Clerk).expect("a clerk");
    let offer = json!({ "name": "desk scanner", "site": "t01" });
    let (status, offered) = ask(&office, Some(&clerk.cookie), "POST", "/api/v1/enrolments", &offer).await;
    assert_eq!(status, 200, "{offered}");
    let offered: Value = serde_json::from_str(&offered)?;
    let elsewhere = json!({ "name": "desk scanner", "site": "t02" });
    assert_eq!(ask(&office, Some(&clerk.cookie), "POST", "/api/v1/enrolments", &elsewhere).await.0, 422);
    let redeem = json!({ "code": offered["code"], "installation": Uuid::new_v4() });
    let (status, enrolled) = ask(&office, None, "POST", "/api/v1/enrolments/redeem", &redeem).await;
    assert_eq!(status, 200, "{enrolled}");
    let again = ask(&office, None, "POST", "/api/v1/enrolments/redeem", &redeem).await;
    assert_eq!(again.0, 404, "a code is good once");
    let enrolled: Value = serde_json::from_str(&enrolled)?;
    let credential = enrolled["credential"].as_str().expect("a credential").to_owned();
    let code = Code::new(CodeKind::Dossier, 12);
    office.mint(&[code]).await;
    let mut seq = 0;
    let mut scan = |device: &str| {
        seq += 1;
        json!({ "sent_at": MORNING.0, "scans": [{ "scan_id": Uuid::new_v4(), "code": labels::code::print(code), "mode": "receive",
            "actor": "clerk.t01", "device": device, "installation": Uuid::from_u128(5), "seq": seq, "wall_ms": MORNING.0,
            "mono_ms": seq }] })
    };
    let client = reqwest::Client::new();
    let send = |path: &'static str, body: Value| {
        let request = client.post(format!("{}{path}", office.url)).bearer_auth(&credential).json(&body);
        async move {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
        }
    };
    let device = enrolled["device"].as_str().expect("an id").to_owned();
    let (status, first) = send("/api/v1/scans", scan(&device)).await;
    assert_eq!((status, &first["results"][0]["status"]), (200, &json!("recorded")), "{first}");
    let (_, other) = send("/api/v1/scans", scan("another-device")).await;
    assert!(other["results"][0]["flags"].to_string().contains("other_device"), "{other}");
    let (status, _) =
        ask(&office, Some(&clerk.cookie), "DELETE", &format!("/api/v1/devices/{device}"), &json!({})).await;
    assert_eq!(status, 204);
    let (status, late) = send("/api/v1/scans", scan(&device)).await;
    assert_eq!((status, &late["device_revoked"]), (200, &json!(true)), "{late}");
    let (status, refused) = send("/api/v1/shifts", json!({ "badge": "W", "pin": "482913" })).await;
    assert_eq!((status, &refused["type"]), (401, &json!("urn:liuzhuan:problem:device-revoked")));
    office.close().await;
    Ok(())
}

on_both_engines!(
    what_lies_beyond_ones_sites_is_answered_like_what_is_not_there,
    nobody_gives_the_own_rights_and_the_three_administrators_are_three_people,
    what_is_over_or_revoked_opens_nothing,
    a_device_is_enrolled_once_scans_and_is_revoked,
);
