//! How applicants and programs are told: each channel's own way, tries, failures, two nodes at one outbox, what is given up, and the
//! list of it all.
use super::hall::{File, HOUR, Hall, MINUTE, PHONE, REGION, SECRET, clerk, configuration, pairs, quick, setup};
use super::receiver::{self, Receiver, Reply};
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::waiting::until;
use crate::who_may::askers::staff;
use api::app::{App, Setup};
use api::notices::{LEASE_MS, Patience, pass};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::id::{CaseId, ScanId, SiteId, SubjectId};
use domain::time::Timestamp;
use eventstore::{Clock, Db};
use registers::Validity;
use registers::notice::{self, Kind as Told, New, State};
use registers::vault::Keyring;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

on_both_engines!(
    a_webhook_is_signed_as_the_standard_says,
    what_failed_is_tried_again_later_under_the_same_id,
    what_was_cut_off_between_sending_and_writing_down_is_sent_again_by_another_node,
    a_receiver_that_is_gone_switches_its_channel_off,
    what_cannot_be_told_is_given_up_shown_phoned_about_tried_again_or_left,
    no_redirect_is_followed_and_no_answer_read_without_end,
    the_same_shelving_is_put_into_the_outbox_once,
    an_office_is_told_by_e_mail,
    a_long_list_comes_in_pages_and_keeps_to_ones_sites,
);

/// HMAC as RFC 2104 writes it, without the library that signs.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = key.to_vec();
    block.resize(64, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::digest([padded(0x36), message.to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}

async fn a_webhook_is_signed_as_the_standard_says(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.hook.will([Reply::Status(500)]);
    hall.ready(&file).await;
    hall.told().await?;
    hall.later(HOUR);
    hall.told().await?;
    let seen = hall.hook.seen();
    assert_eq!(seen.len(), 2);
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").expect("the prefix"))?;
    for seen in &seen {
        let (id, at) = (seen.header("webhook-id"), seen.header("webhook-timestamp"));
        let signed = format!("{id}.{at}.{}", seen.body);
        let wanted = format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, signed.as_bytes())));
        assert_eq!(seen.header("webhook-signature"), wanted);
        assert!(seen.header("content-type") == "application/cloudevents+json" && id.starts_with("msg_"), "{seen:?}");
    }
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"), "a repeat can be dropped");
    let at = |seen: &receiver::Seen| seen.header("webhook-timestamp").parse::<i64>();
    assert_eq!(at(&seen[1])?, hall.now.0 / 1000);
    assert!(at(&seen[1])? > at(&seen[0])?, "each try has its own time");
    let body = seen[1].json();
    assert_eq!((&body["specversion"], &body["type"]), (&json!("1.0"), &json!("liuzhuan.notice.ready")));
    assert_eq!((&body["data"]["case_no"], &body["data"]["site"]), (&json!(file.number), &json!("t01")));
    hall.close().await
}

async fn what_failed_is_tried_again_later_under_the_same_id(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Status(500), Reply::HangUp]);
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.of("sms").await?), (1, pairs(&[("ready", "failed")])));
    let rows = hall.rows().await?;
    let row = rows.iter().find(|row| row.channel == "sms").expect("a row");
    assert_eq!((row.why.as_deref(), row.perhaps_told), (Some("refused 500"), 0));
    assert!((24_000..=36_000).contains(&(row.due_at - hall.now.0)), "{row:?}");
    hall.later(20_000);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1, "not yet");
    hall.later(20_000);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2);
    let rows = hall.rows().await?;
    let row = rows.iter().find(|row| row.channel == "sms").expect("a row");
    assert_eq!((row.why.as_deref(), row.perhaps_told), (Some("in_doubt"), 1), "it may have gone out");
    hall.later(MINUTE);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2, "each delay is longer");
    hall.later(2 * MINUTE);
    hall.told().await?;
    let ids: Vec<Value> = hall.sms.seen().iter().map(|seen| seen.json()["ref"].clone()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "sent")]));
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 3);
    hall.close().await
}

/// Another node with the same outbox.
async fn node(hall: &Hall, fresh: &Fresh, now: Timestamp, key: &str) -> anyhow::Result<(App, api::app::Tasks)> {
    let text = configuration(&hall.sms, Some(&hall.hook));
    let setup = Setup { keys: Keyring::from_text(key)?, ..setup(&text, quick())? };
    Ok(App::open(Db::open(&fresh.url).await?, REGION, Clock::driven(now), setup).await?)
}

async fn what_was_cut_off_between_sending_and_writing_down_is_sent_again_by_another_node(
    fresh: Fresh,
) -> anyhow::Result<()> {
    let (sms, hook) = (Receiver::open().await, Receiver::open().await);
    let key = format!("k1 {}", BASE64_STANDARD.encode([7; 32]));
    let patient = Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(60) };
    let setup = Setup { keys: Keyring::from_text(&key)?, ..setup(&configuration(&sms, Some(&hook)), patient)? };
    let office = Office::open_set_up(&fresh.url, REGION, MORNING, setup).await;
    let mut hall = Hall::with(office, sms, hook, MORNING).await;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Silence]);
    hall.ready(&file).await;
    until("the first message", async || Ok(hall.sms.seen().len() == 1)).await?;
    // The gateway has it, and who sent it never learns. Within the term nobody else touches it.
    let (other, tasks) = node(&hall, &fresh, hall.now.plus(LEASE_MS - MINUTE), &key).await?;
    pass(&other).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    assert_eq!(hall.sms.seen().len(), 1);
    assert!(other.log().clock().set(hall.now.plus(LEASE_MS + MINUTE)));
    until("the second message", async || Ok(hall.sms.seen().len() == 2)).await?;
    let ids: Vec<Value> = hall.sms.seen().iter().map(|seen| seen.json()["ref"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    until("sent", async || Ok(hall.of("sms").await? == pairs(&[("ready", "sent")]))).await?;
    other.stop();
    drop(other);
    tasks.finish().await;
    // Its sender still waits for the gateway: it is cut off with this test, as a crash would.
    std::mem::forget(hall.office);
    Ok(())
}

async fn a_receiver_that_is_gone_switches_its_channel_off(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let (first, second) = (hall.file(815, Some(PHONE)).await?, hall.file(816, Some(PHONE)).await?);
    hall.hook.will([Reply::Status(410)]);
    hall.ready(&first).await;
    hall.told().await?;
    hall.ready(&second).await;
    hall.told().await?;
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (2, 1));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "given_up")]));
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices").await;
    assert!(page.contains("渠道 hook 已停用"), "{page}");
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    assert!(!page.contains(&first.number), "no applicant is phoned because a program is gone: {page}");
    hall.close().await
}

async fn what_cannot_be_told_is_given_up_shown_phoned_about_tried_again_or_left(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let (first, second) = (hall.file(815, Some(PHONE)).await?, hall.file(816, Some(PHONE)).await?);
    hall.sms.will(vec![Reply::Status(500); 6]);
    hall.ready(&first).await;
    hall.ready(&second).await;
    for _ in 0..5 {
        hall.told().await?;
        hall.later(2 * HOUR);
    }
    assert_eq!(hall.sms.seen().len(), 6, "three tries for each");
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "given_up"), ("ready", "given_up")]));
    let metrics = reqwest::Client::new().get(format!("{}/metrics", hall.office.url)).bearer_auth(&hall.office.token);
    let metrics = metrics.send().await?.text().await?;
    assert!(metrics.contains("liuzhuan_notices_waiting{state=\"given_up\"} 2"), "{metrics}");
    assert!(metrics.contains("liuzhuan_notices_total{channel=\"hook\",outcome=\"sent\"} 2"), "{metrics}");
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let strangers = staff(&hall.office, "t02", "t02", Validity::ALWAYS).await?;
    let (_, list) = hall.page(clerk(&people), reqwest::Method::GET, "/notices?group=unreached").await;
    let (_, phoning) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    for page in [&list, &phoning] {
        assert!(
            page.contains(&first.number) && page.contains(&second.number) && page.contains("对方拒绝 500"),
            "{page}"
        );
        assert!(!page.contains(PHONE) && !page.contains('王'), "{page}");
    }
    let rows = hall.rows().await?;
    let id = |file: &File| {
        rows.iter().find(|row| row.channel == "sms" && row.case_id == file.case).map(|row| row.id).expect("a row")
    };
    // Beyond one's sites there is nothing.
    let (_, page) = hall.page(clerk(&strangers), reqwest::Method::GET, "/notices").await;
    assert!(!page.contains("441424-C"), "{page}");
    for deed in ["again", "leave"] {
        let beyond =
            hall.page(clerk(&strangers), reqwest::Method::POST, &format!("/notices/{}/{deed}", id(&first))).await;
        let absent =
            hall.page(clerk(&strangers), reqwest::Method::POST, &format!("/notices/{}/{deed}", Uuid::nil())).await;
        assert_eq!((beyond.0, &beyond), (404, &absent));
    }
    let (status, _) = hall.page(clerk(&people), reqwest::Method::POST, &format!("/notices/{}/again", id(&first))).await;
    assert_eq!(status, 303);
    let (status, _) =
        hall.page(clerk(&people), reqwest::Method::POST, &format!("/notices/{}/leave", id(&second))).await;
    assert_eq!(status, 303);
    let (_, list) = hall.page(clerk(&people), reqwest::Method::GET, "/notices?group=over").await;
    assert!(list.contains(&second.number) && list.contains("处理人"), "{list}");
    hall.told().await?;
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 7);
    let mut states: Vec<String> = hall.of("sms").await?.into_iter().map(|(_, state)| state).collect();
    states.sort();
    assert_eq!(states, ["left", "sent"]);
    hall.close().await
}

async fn no_redirect_is_followed_and_no_answer_read_without_end(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let elsewhere = Receiver::open().await;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Redirect(elsewhere.url.clone())]);
    hall.hook.will([Reply::Endless]);
    hall.ready(&file).await;
    tokio::time::timeout(Duration::from_secs(20), hall.told()).await??;
    assert!(elsewhere.seen().is_empty());
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "failed")]));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "sent")]), "its status said yes");
    hall.close().await
}

async fn the_same_shelving_is_put_into_the_outbox_once(fresh: Fresh) -> anyhow::Result<()> {
    let db = fresh.db().await?;
    registers::migrate(&db).await?;
    let site: SiteId = "t01".parse()?;
    let put = async |channel: &str, shelving: u128, seq: i64| {
        let mut tx = db.begin().await?;
        let new = New {
            case: CaseId(Uuid::from_u128(1)),
            shelving: ScanId(Uuid::from_u128(shelving)),
            channel,
            kind: Told::Ready,
            case_no: "C-1",
            dossier: SubjectId(Uuid::from_u128(2)),
            site: &site,
            seq,
            now: MORNING,
            due_at: MORNING,
        };
        let added = notice::enqueue(&mut tx, REGION, &new, State::Pending, None).await?;
        tx.commit().await?;
        anyhow::Ok(added)
    };
    assert!(put("sms", 3, 1).await? && put("hook", 3, 1).await? && put("sms", 4, 2).await?);
    assert!(!put("sms", 3, 5).await? && !put("hook", 3, 5).await?, "told or to be told already");
    let due = notice::due(&db, REGION, "sms", MORNING, 10).await?;
    assert_eq!(due.len(), 1, "of one case, one at a time");
    // Two nodes: one takes it.
    let (one, other) = tokio::join!(
        notice::claim(&db, REGION, &due[0], MORNING.plus(LEASE_MS)),
        notice::claim(&db, REGION, &due[0], MORNING.plus(LEASE_MS))
    );
    assert_ne!(one?, other?);
    assert!(notice::due(&db, REGION, "sms", MORNING, 10).await?.is_empty(), "while it is being sent, the next waits");
    db.close().await;
    Ok(())
}

async fn an_office_is_told_by_e_mail(fresh: Fresh) -> anyhow::Result<()> {
    let (url, letters) = receiver::mail().await;
    let text = format!(
        "signature = \"五华政务\"\n[[channel]]\nname = \"post\"\n[channel.email]\nserver = \"{url}\"\nfrom = \"liuzhuan@wuhua.example\"\n\
         to = \"hall@wuhua.example\"\nsites = {{ t01 = \"t01@wuhua.example\" }}\n"
    );
    let office = Office::open_set_up(&fresh.url, REGION, MORNING, setup(&text, quick())?).await;
    let mut hall = Hall::with(office, Receiver::open().await, Receiver::open().await, MORNING).await;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    let letters = letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 1, "{:?}", hall.rows().await?);
    assert!(letters[0].contains("RCPT TO:<t01@wuhua.example>"), "{}", letters[0]);
    assert!(letters[0].contains("Message-ID: <") && !letters[0].contains(PHONE), "{}", letters[0]);
    assert_eq!(hall.of("post").await?, pairs(&[("ready", "sent")]));
    hall.close().await
}

async fn a_long_list_comes_in_pages_and_keeps_to_ones_sites(fresh: Fresh) -> anyhow::Result<()> {
    let hall = Hall::open(&fresh).await?;
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (status, empty) = hall.page(clerk(&people), reqwest::Method::GET, "/notices").await;
    assert!(status == 200 && empty.contains("还没有通知"), "{empty}");
    let mut tx = hall.app().db().begin().await?;
    for number in 0..250_u128 {
        let site: SiteId = if number % 5 == 0 { "t02" } else { "t01" }.parse()?;
        let new = New {
            case: CaseId(Uuid::from_u128(number)),
            shelving: ScanId(Uuid::from_u128(number)),
            channel: "sms",
            kind: Told::Ready,
            case_no: &format!("C-{number}-{site}"),
            dossier: SubjectId(Uuid::from_u128(number)),
            site: &site,
            seq: 1,
            now: MORNING.plus(i64::try_from(number / 3)?),
            due_at: MORNING.plus(HOUR),
        };
        notice::enqueue(&mut tx, REGION, &new, State::Nobody, Some("no_phone")).await?;
    }
    tx.commit().await?;
    let (mut path, mut numbers) = ("/notices?group=unreached".to_owned(), Vec::new());
    loop {
        let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, &path).await;
        let rows = page.split("<th scope=\"row\">").skip(1).filter_map(|row| row.split('>').nth(1)?.split('<').next());
        numbers.extend(rows.map(ToOwned::to_owned));
        let next = page.split("rel=\"next\"").next().filter(|_| page.contains("rel=\"next\""));
        let Some(next) = next.and_then(|before| before.rsplit("href=\"").next()) else { break };
        path = next.trim_end_matches(['"', ' ']).replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!(numbers.len(), 200);
    assert!(numbers.iter().all(|number| number.ends_with("t01")), "{numbers:?}");
    assert!(numbers[0].starts_with("C-24"), "newest first: {}", numbers[0]);
    // The same as a file, narrowed alike.
    for (group, rows) in [("unreached", 200), ("sent", 0), ("", 200)] {
        let path = format!("/api/v1/sheets/notices?group={group}");
        let (status, file) = hall.page(clerk(&people), reqwest::Method::GET, &path).await;
        assert_eq!((status, file.lines().count()), (200, rows + 1), "{group}: {file}");
        assert!(!file.contains("-t02"), "{file}");
    }
    hall.close().await
}
