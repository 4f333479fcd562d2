//! What applicants are told and when: once when it is really ready, never by a bag's scan, a rebuild or an old log; corrected when
//! it is lost; at night nobody is woken. What *ready* is, is proved in `domain/src/standing.rs`.
mod channels;
mod hall;
mod receiver;

use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::waiting::until;
use crate::who_may::askers::staff;
use api::app::Setup;
use api::notices::{Notices, SMS_MAX, length};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::code::{Code, CodeKind};
use domain::id::{CaseId, SiteId};
use hall::{File, HOUR, Hall, MINUTE, NIGHT, PHONE, REGION, clerk, configuration, pairs, quick, setup};
use receiver::{Receiver, Reply};
use registers::Validity;
use registers::notice;
use registers::record::{self, Actor, By, Party, Reason};
use registers::vault::Keyring;
use serde_json::json;

on_both_engines!(
    what_is_shelved_where_it_is_fetched_is_told_once_by_each_channel,
    a_bag_scan_alone_tells_nobody,
    a_rebuild_tells_nobody_anything,
    what_is_lost_after_it_was_told_is_corrected_once_and_told_again_when_it_is_back,
    what_is_ready_again_by_the_same_shelving_is_for_somebody_to_tell,
    what_is_lost_before_it_was_told_is_cancelled,
    what_is_lost_while_it_is_being_sent_is_corrected_after_it,
    at_night_no_phone_rings_and_a_program_is_told_at_once,
    nothing_is_told_of_what_happened_before_notices_were_switched_on,
    who_was_erased_or_has_no_mobile_is_told_nothing,
    what_was_fetched_before_it_was_told_is_told_no_more,
);

async fn what_is_shelved_where_it_is_fetched_is_told_once_by_each_channel(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    let receipt = Code::new(CodeKind::Receipt, 4711);
    let mut tx = hall.app().db().begin().await?;
    let change = registers::Change::begin(&mut tx, REGION, hall.now).await?;
    let mint = registers::label::Mint { codes: &[receipt], batch: file.case, site: None };
    registers::label::mint(&mut tx, &change, mint).await?;
    tx.commit().await?;
    hall.scan("desk", &file.result, "received", "receive", None).await;
    hall.told().await?;
    assert!(hall.sms.seen().is_empty() && hall.hook.seen().is_empty(), "in the house and not on the shelf");
    hall.shelve(&file).await;
    hall.told().await?;
    let (sms, hook) = (hall.sms.seen(), hall.hook.seen());
    assert_eq!((sms.len(), hook.len()), (1, 1));
    assert_eq!(sms[0].line, "POST /take HTTP/1.1");
    assert_eq!(sms[0].header("authorization"), "Bearer of-the-gateway");
    let (to, text) = (sms[0].json()["to"].clone(), hall.texts()[0].clone());
    assert_eq!(to, PHONE);
    let (place, code) =
        (hall.office.known().sites[&"t01".parse::<SiteId>()?].name.clone(), labels::code::print(receipt));
    let tail = &code[code.len() - 6..];
    assert!(text.starts_with("【五华政务】") && text.contains(&place) && text.contains(tail), "{text}");
    let item = hall.office.known().items.values().min_by(|a, b| a.code.cmp(&b.code)).expect("items").name.clone();
    assert!(length(&text) <= SMS_MAX && !text.contains('王') && !text.contains(&item), "{text}");
    assert!(!text.contains(&file.number) && !text.contains(&code), "{text}");
    assert!(!hook[0].body.contains(PHONE) && !hook[0].body.contains('王'), "{:?}", hook[0]);

    // Counted, put on another shelf: it stays ready, and nobody is told again.
    hall.scan("desk", &file.result, "sighted", "stocktake", None).await;
    hall.shelve(&file).await;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (1, 1));

    // The outbox holds no phone and no text; the opening stands in the record.
    let rows = format!("{:?}", hall.rows().await?);
    assert!(!rows.contains(PHONE) && !rows.contains('王') && !rows.contains("领取"), "{rows}");
    let filter = record::Filter { name: Some("vault_opened".to_owned()), ..record::Filter::default() };
    let opened = record::list(hall.app().db(), REGION, &filter, None, 10).await?.rows;
    assert_eq!(opened.len(), 1);
    assert!(opened[0].actor == "system" && opened[0].body.contains("tell-applicant"), "{:?}", opened[0]);

    // Whoever may sees it; the page of the dossier says so.
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (status, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices").await;
    assert!(status == 200 && page.contains(&file.number) && page.contains("已发送"), "{page}");
    assert!(!page.contains(PHONE) && !page.contains('王'), "{page}");
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, &format!("/dossiers/{}", file.result)).await;
    assert!(page.contains("通知申请人") && page.contains("可以领取 · sms"), "{page}");
    hall.close().await
}

async fn a_bag_scan_alone_tells_nobody(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    let bag = Code::new(CodeKind::Bag, 817);
    hall.office.mint(&[bag]).await;
    let bag = labels::code::print(bag);
    hall.scan("fgj-desk", &file.result, "packed", "pack", Some(&bag)).await;
    for (device, action, mode) in [
        ("fgj-desk", "sealed", "pack"),
        ("bicycle", "collected", "receive"),
        ("desk", "received", "receive"),
        ("desk", "opened", "check"),
    ] {
        hall.scan(device, &bag, action, mode, None).await;
        hall.told().await?;
        assert!(hall.rows().await?.is_empty(), "{action}");
    }
    // A shelf of another place than the one that was chosen is no better.
    hall.scan("other-desk", &file.result, "received", "receive", None).await;
    hall.scan("other-desk", &file.result, "shelved", "shelve", None).await;
    hall.told().await?;
    assert!(hall.rows().await?.is_empty() && hall.sms.seen().is_empty());
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1);
    hall.close().await
}

async fn a_rebuild_tells_nobody_anything(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let told = hall.file(815, Some(PHONE)).await?;
    hall.ready(&told).await;
    hall.told().await?;
    let (rows, place) = (hall.rows().await?, notice::position(hall.app().db(), REGION).await?);
    projections::rebuild::rebuild(&hall.app().surroundings()).await?;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (1, 1));
    assert_eq!((hall.rows().await?, notice::position(hall.app().db(), REGION).await?), (rows, place));
    hall.close().await
}

async fn what_is_lost_after_it_was_told_is_corrected_once_and_told_again_when_it_is_back(
    fresh: Fresh,
) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    hall.lose(&file).await;
    hall.told().await?;
    hall.scan("fgj-desk", &file.result, "received", "receive", None).await;
    hall.told().await?;
    let wanted = pairs(&[("ready", "sent"), ("correction", "sent")]);
    for channel in ["sms", "hook"] {
        assert_eq!(hall.of(channel).await?, wanted, "once, however often it moves");
    }
    let texts = hall.texts();
    assert!(texts.len() == 2 && texts[1].contains("暂不能领取") && length(&texts[1]) <= SMS_MAX, "{texts:?}");
    hall.ready(&file).await;
    hall.told().await?;
    hall.lose(&file).await;
    hall.told().await?;
    let twice = [("ready", "sent"), ("correction", "sent"), ("ready", "sent"), ("correction", "sent")];
    assert_eq!(hall.of("sms").await?, pairs(&twice), "another shelving, another notice");
    assert_eq!(hall.sms.seen().len(), 4);
    hall.close().await
}

async fn what_is_ready_again_by_the_same_shelving_is_for_somebody_to_tell(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    let mistaken = hall.lose(&file).await;
    hall.told().await?;
    hall.later(MINUTE);
    hall.decide(&format!("/api/v1/dossiers/{}/void", file.result), "t01", json!({ "scan_id": mistaken })).await;
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "sent"), ("correction", "sent"), ("again", "given_up")]));
    assert_eq!(hall.sms.seen().len(), 2, "a third message about one shelving would be noise");
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    assert!(page.contains(&file.number) && page.contains("已发过更正"), "{page}");
    hall.close().await
}

async fn what_is_lost_before_it_was_told_is_cancelled(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open_at(&fresh, NIGHT).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "pending")]));
    hall.lose(&file).await;
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "cancelled")]));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "sent"), ("correction", "sent")]), "it was told at night");
    hall.later(11 * HOUR);
    hall.told().await?;
    assert!(hall.sms.seen().is_empty());
    // What a gateway said no to is not told either.
    let other = hall.file(816, Some(PHONE)).await?;
    hall.sms.will([Reply::Status(503)]);
    hall.ready(&other).await;
    hall.told().await?;
    hall.lose(&other).await;
    hall.told().await?;
    hall.later(HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1, "the one that was refused");
    // And what the gateway may have taken is corrected, and tried no more.
    let third = hall.file(817, Some(PHONE)).await?;
    hall.sms.will([Reply::HangUp]);
    hall.ready(&third).await;
    hall.told().await?;
    hall.lose(&third).await;
    hall.told().await?;
    hall.later(HOUR);
    hall.told().await?;
    let texts = hall.texts();
    assert!(texts.len() == 3 && texts[2].contains("暂不能领取"), "{texts:?}");
    hall.close().await
}

async fn what_is_lost_while_it_is_being_sent_is_corrected_after_it(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.sms.will([Reply::Silence]);
    hall.ready(&file).await;
    until("the message", async || Ok(!hall.sms.seen().is_empty())).await?;
    hall.lose(&file).await;
    until("the correction", async || Ok(hall.of("sms").await?.len() == 2)).await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "sending"), ("correction", "pending")]));
    // The gateway never answers; then the correction goes out, after what it corrects.
    hall.told().await?;
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "cancelled"), ("correction", "sent")]));
    let texts = hall.texts();
    assert!(texts.len() == 2 && texts[1].contains("暂不能领取"), "{texts:?}");
    hall.later(24 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2);
    hall.close().await
}

async fn at_night_no_phone_rings_and_a_program_is_told_at_once(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open_at(&fresh, NIGHT).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (0, 1));
    let rows = hall.rows().await?;
    let due = rows.iter().find(|row| row.channel == "sms").expect("a row").due_at;
    assert_eq!(due, MORNING.0 + 24 * HOUR, "08:00 by the county's clock");
    hall.later(9 * HOUR + 59 * MINUTE);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 0);
    hall.later(MINUTE);
    hall.told().await?;
    assert_eq!((hall.sms.seen().len(), hall.hook.seen().len()), (1, 1));
    // Nor when somebody wants it tried again at night.
    let other = hall.file(816, None).await?;
    hall.ready(&other).await;
    hall.told().await?;
    hall.write(other.case, Some(PHONE)).await?;
    hall.later(14 * HOUR);
    let rows = hall.rows().await?;
    let nobody = rows.iter().find(|row| row.state == "nobody").expect("a row");
    let mut tx = hall.app().db().begin().await?;
    assert!(notice::try_again(&mut tx, REGION, nobody.id, &Actor::System, hall.now).await?);
    tx.commit().await?;
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1, "at 22:00");
    hall.later(10 * HOUR);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 2);
    hall.close().await
}

async fn nothing_is_told_of_what_happened_before_notices_were_switched_on(fresh: Fresh) -> anyhow::Result<()> {
    let (sms, hook) = (Receiver::open().await, Receiver::open().await);
    let key = format!("k1 {}", BASE64_STANDARD.encode([7; 32]));
    let keyed = |setup: Setup| anyhow::Ok(Setup { keys: Keyring::from_text(&key)?, ..setup });
    let silent = keyed(Setup::passing("http://127.0.0.1")?)?;
    let office = Office::open_set_up(&fresh.url, REGION, MORNING, silent).await;
    let mut before = Hall::with(office, sms.clone(), hook.clone(), MORNING).await;
    let old = before.file(815, Some(PHONE)).await?;
    before.ready(&old).await;
    let (now, seq) = (before.now, before.seq);
    before.close().await?;

    let text = configuration(&sms, Some(&hook));
    let office = Office::open_set_up(&fresh.url, REGION, now, keyed(setup(&text, quick())?)?).await;
    let mut after = Hall::with(office, sms, hook, now).await;
    after.seq = seq;
    after.scan("desk", &old.result, "sighted", "stocktake", None).await;
    after.told().await?;
    after.lose(&old).await;
    after.told().await?;
    assert!(after.rows().await?.is_empty() && after.sms.seen().is_empty(), "{:?}", after.rows().await?);
    let new = after.file(816, Some(PHONE)).await?;
    after.ready(&new).await;
    after.told().await?;
    assert_eq!((after.sms.seen().len(), after.hook.seen().len()), (1, 1));

    // What is taken out of the file and put back begins anew.
    api::notices::switch_on(after.app().log(), &Notices::default()).await?;
    assert!(notice::channels(after.app().db(), REGION).await?.is_empty());
    let third = after.file(817, Some(PHONE)).await?;
    after.ready(&third).await;
    api::notices::switch_on(after.app().log(), &Notices::of_text(&text)?).await?;
    after.told().await?;
    let head = after.app().log().head_row().await?.position;
    let known = notice::channels(after.app().db(), REGION).await?;
    assert!(known.len() == 2 && known.iter().all(|row| row.since == head), "{known:?}");
    after.scan("desk", &third.result, "sighted", "stocktake", None).await;
    after.told().await?;
    assert_eq!((after.sms.seen().len(), after.hook.seen().len()), (1, 1));
    after.close().await
}

async fn who_was_erased_or_has_no_mobile_is_told_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open(&fresh).await?;
    let erased = hall.file(815, Some(PHONE)).await?;
    let by = By { actor: Actor::System, address: None, now: hall.now };
    let reason = Reason { code: "asked-by-person".parse()?, note: None };
    let mut tx = hall.app().db().begin().await?;
    hall.app().vault().erase(&mut tx, &by, (CaseId(erased.case), Party::Applicant), &reason).await?;
    tx.commit().await?;
    let landline = hall.file(816, Some("0753-4432100")).await?;
    let none = hall.file(817, None).await?;
    for file in [&erased, &landline, &none] {
        hall.ready(file).await;
    }
    hall.told().await?;
    hall.later(24 * HOUR);
    hall.told().await?;
    assert!(hall.sms.seen().is_empty());
    let rows = hall.rows().await?;
    let why = |file: &File| {
        let row = rows.iter().find(|row| row.channel == "sms" && row.case_id == file.case).expect("a row");
        (row.state.clone(), row.why.clone().unwrap_or_default())
    };
    let nobody = |why: &str| ("nobody".to_owned(), why.to_owned());
    assert_eq!((why(&erased), why(&landline), why(&none)), (nobody("erased"), nobody("no_mobile"), nobody("no_phone")));
    let people = staff(&hall.office, "t01", "t01", Validity::ALWAYS).await?;
    let (_, page) = hall.page(clerk(&people), reqwest::Method::GET, "/notices/phoning").await;
    for file in [&erased, &landline, &none] {
        assert!(page.contains(&file.number), "{page}");
    }
    assert!(page.contains("无人可通知") && !page.contains("4432100") && !page.contains('王'), "{page}");
    // The phone was written down meanwhile.
    hall.write(none.case, Some(PHONE)).await?;
    let id = rows.iter().find(|row| row.channel == "sms" && row.case_id == none.case).expect("a row").id;
    let (status, _) = hall.page(clerk(&people), reqwest::Method::POST, &format!("/notices/{id}/again")).await;
    assert_eq!(status, 303);
    hall.told().await?;
    assert_eq!(hall.sms.seen().len(), 1);
    hall.close().await
}

async fn what_was_fetched_before_it_was_told_is_told_no_more(fresh: Fresh) -> anyhow::Result<()> {
    let mut hall = Hall::open_at(&fresh, NIGHT).await?;
    let file = hall.file(815, Some(PHONE)).await?;
    hall.ready(&file).await;
    hall.told().await?;
    let path = format!("/api/v1/dossiers/{}/hand-out", file.result);
    hall.decide(&path, "t01", json!({ "receiver": "applicant", "checked": "both" })).await;
    hall.told().await?;
    hall.later(12 * HOUR);
    hall.told().await?;
    assert!(hall.sms.seen().is_empty());
    assert_eq!(hall.of("sms").await?, pairs(&[("ready", "cancelled")]));
    assert_eq!(hall.of("hook").await?, pairs(&[("ready", "sent")]), "what was fetched is not corrected");
    hall.close().await
}
