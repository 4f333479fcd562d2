//! An office that tells applicants, with a gateway and a program that it tells, and what the tests about it need.
use super::receiver::Receiver;
use crate::engine::Fresh;
use crate::office::{MORNING, Office};
use crate::waiting::until;
use crate::who_may::askers::{Asker, Key, Kind};
use api::app::{App, Setup};
use api::notices::{Notices, Patience, pass};
use chrono::NaiveDate;
use domain::code::{Code, CodeKind};
use domain::id::{CaseId, Region};
use domain::time::Timestamp;
use registers::notice::{self, After, Filter, Notice};
use registers::person::Role;
use registers::record::{Actor, By, Party};
use registers::vault::{Details, Given};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

pub(super) const NAME: &str = "王小明";
pub(super) const PHONE: &str = "13812345678";
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const REGION: Region = Region(441_424);

/// 22:00 of that day.
pub(super) const NIGHT: Timestamp = Timestamp(MORNING.0 + 14 * HOUR);

/// An office that tells, and who is told.
pub(super) struct Hall {
    pub(super) office: Office,
    pub(super) sms: Receiver,
    pub(super) hook: Receiver,
    pub(super) now: Timestamp,
    pub(super) seq: u64,
}

/// A case with its result.
#[derive(Clone)]
pub(super) struct File {
    pub(super) case: Uuid,
    pub(super) result: String,
    pub(super) number: String,
}

pub(super) fn configuration(sms: &Receiver, hook: Option<&Receiver>) -> String {
    let hook = hook.map_or_else(String::new, |hook| {
        format!("[[channel]]\nname = \"hook\"\nwebhook = {{ url = \"{}\", secret = \"{SECRET}\" }}\n", hook.url)
    });
    format!(
        "signature = \"五华政务\"\ntries = 3\n[[channel]]\nname = \"sms\"\n[channel.sms]\nurl = \"{}\"\nformat = \"json\"\n\
         headers = {{ authorization = \"Bearer of-the-gateway\" }}\n\
         body = '{{\"to\":\"{{phone}}\",\"say\":\"{{text}}\",\"ref\":\"{{id}}\"}}'\n{hook}",
        sms.url
    )
}

pub(super) fn quick() -> Patience {
    Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(3) }
}

pub(super) fn setup(text: &str, patience: Patience) -> anyhow::Result<Setup> {
    Ok(Setup { notices: Some(Notices::of_text_patient(text, patience)?), ..Setup::passing("http://127.0.0.1")? })
}

impl Hall {
    pub(super) async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        Self::open_at(fresh, MORNING).await
    }

    pub(super) async fn open_at(fresh: &Fresh, now: Timestamp) -> anyhow::Result<Self> {
        let (sms, hook) = (Receiver::open().await, Receiver::open().await);
        let setup = setup(&configuration(&sms, Some(&hook)), quick())?;
        let office = Office::open_set_up(&fresh.url, REGION, now, setup).await;
        Ok(Self::with(office, sms, hook, now).await)
    }

    pub(super) async fn with(office: Office, sms: Receiver, hook: Receiver, now: Timestamp) -> Self {
        for (device, site) in [("desk", "t01"), ("fgj-desk", "fgj"), ("other-desk", "t02")] {
            office.enrol(device, "site", site).await;
        }
        office.enrol("bicycle", "courier", "courier-wu").await;
        Self { office, sms, hook, now, seq: 0 }
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.office.close().await;
        Ok(())
    }

    pub(super) fn app(&self) -> &App {
        &self.office.app
    }

    /// The clock goes on.
    pub(super) fn later(&mut self, millis: i64) {
        self.now = self.now.plus(millis);
        assert!(self.app().log().clock().set(self.now));
    }

    pub(super) async fn decide(&mut self, path: &str, at: &str, mut body: Value) {
        let who = json!({ "request_id": Uuid::new_v4(), "by": "clerk-li", "at": at });
        body.as_object_mut().expect("an object").extend(who.as_object().expect("an object").clone());
        self.office.post(path, &body).await;
    }

    pub(super) async fn scan(&mut self, device: &str, code: &str, action: &str, mode: &str, bag: Option<&str>) -> Uuid {
        let id = Uuid::new_v4();
        self.seq += 1;
        self.later(1000);
        let (now, actor) = (self.now.0, if device == "bicycle" { "courier-wu" } else { "clerk-li" });
        let mut scan = json!({ "scan_id": id, "code": code, "mode": mode, "actor": actor, "device": device,
            "installation": Uuid::from_u128(device.bytes().map(u128::from).sum()), "seq": self.seq, "wall_ms": now, "mono_ms": self.seq,
            "action": action, "action_by": "rule" });
        if let Some(bag) = bag {
            scan["bag"] = json!(bag);
        }
        let answer = self.office.post("/api/v1/scans", &json!({ "sent_at": now, "scans": [scan] })).await;
        assert_eq!(answer["results"][0]["status"], json!("recorded"), "{answer}");
        id
    }

    /// A case that was filed, decided, and has a result at the department; with an applicant who has this phone, if any.
    pub(super) async fn file(&mut self, bits: u64, phone: Option<&str>) -> anyhow::Result<File> {
        let (case, code) = (Uuid::from_u128(u128::from(bits)), Code::new(CodeKind::Dossier, bits));
        self.office.mint(&[code]).await;
        let item = self.office.known().items.keys().min().expect("items").to_string();
        let number = format!("441424-C{bits}");
        let filed = json!({ "case_id": case, "case_no": number, "item": item, "home": "t01" });
        self.decide("/api/v1/cases", "t01", filed).await;
        self.write(case, phone).await?;
        let result = labels::code::print(code);
        let registered = json!({ "code": result, "dossier_no": format!("441424-{bits}"), "kind": "result", "case": case, "home": "t01" });
        self.decide("/api/v1/dossiers", "fgj", registered).await;
        Ok(File { case, result, number })
    }

    pub(super) async fn write(&self, case: Uuid, phone: Option<&str>) -> anyhow::Result<()> {
        let details = Details::check(Given { name: NAME, phone, ..Given::default() }, NaiveDate::MAX)
            .map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
        let by = By { actor: Actor::System, address: None, now: self.now };
        let mut tx = self.app().db().begin().await?;
        self.app().vault().write(&mut tx, &by, (CaseId(case), Party::Applicant), &details).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn shelve(&mut self, file: &File) {
        self.scan("desk", &file.result, "shelved", "shelve", None).await;
    }

    /// Received at t01 and put on its shelf.
    pub(super) async fn ready(&mut self, file: &File) {
        self.scan("desk", &file.result, "received", "receive", None).await;
        self.shelve(file).await;
    }

    /// Sent on again from the shelf.
    pub(super) async fn lose(&mut self, file: &File) -> Uuid {
        self.scan("bicycle", &file.result, "collected", "receive", None).await
    }

    /// Every event was looked at, and what is due was sent.
    pub(super) async fn told(&self) -> anyhow::Result<()> {
        let head = self.app().log().head_row().await?.position;
        let looked = async || Ok(notice::position(self.app().db(), REGION).await?.is_none_or(|at| at >= head));
        until("every event looked at", looked).await?;
        let busy = async || anyhow::Ok(self.rows().await?.iter().any(|row| row.state == "sending"));
        for _ in 0..500 {
            // Before too: what waits for one that is being sent is not due yet, and is as soon as that one is done.
            let was_busy = busy().await?;
            let tried = pass(self.app()).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
            if tried == 0 && !was_busy && !busy().await? {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("it never ends")
    }

    pub(super) async fn rows(&self) -> anyhow::Result<Vec<Notice>> {
        let mut rows = notice::list(self.app().db(), REGION, None, Filter::default(), (After::START, 1000)).await?;
        rows.reverse();
        rows.sort_by_key(|row| row.made_at);
        Ok(rows)
    }

    /// Kind and state of what one channel was to tell, in order.
    pub(super) async fn of(&self, channel: &str) -> anyhow::Result<Vec<(String, String)>> {
        let rows = self.rows().await?;
        Ok(rows.into_iter().filter(|row| row.channel == channel).map(|row| (row.kind, row.state)).collect())
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.sms.seen().iter().map(|seen| seen.json()["say"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(super) async fn page(&self, asker: &Asker, method: reqwest::Method, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let Key::Cookie(cookie) = &asker.key else { panic!("a person") };
        let request = client.request(method, format!("{}{path}", self.office.url));
        let request =
            request.header("cookie", format!("__Host-liuzhuan={cookie}")).header("sec-fetch-site", "same-origin");
        let answer = request.header("accept-language", "zh").send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }
}

pub(super) fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

pub(super) fn clerk(all: &[Asker]) -> &Asker {
    all.iter().find(|it| it.kind == Kind::Staff(Role::Clerk)).expect("a clerk")
}
