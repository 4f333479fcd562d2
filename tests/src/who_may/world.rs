//! What there is at one site, `t01`: a dossier in a case, a bag, a device, a dossier with a courier, a print job; and how each gap of a
//! route is filled with it, or with something like it that is not there.
use crate::office::{MORNING, Office};
use crate::who_may::askers::{Key, client};
use domain::code::{Code, CodeKind};
use domain::id::{CaseId, ScanId};
use registers::Change;
use registers::notice::{self, Kind, New, State};
use registers::person::{self, PersonRow};
use registers::print::PrintJob;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Whatever is asked, and where.
pub struct World {
    client: reqwest::Client,
    url: String,
    case: Uuid,
    notice: Uuid,
}

/// Status, headers that are not about this moment, body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What all numbers of it begin with.
const OURS: &str = "441424-77";

fn dossier(bits: u64) -> Code {
    Code::new(CodeKind::Dossier, bits)
}

fn bag(bits: u64) -> Code {
    Code::new(CodeKind::Bag, bits)
}

/// The dossier and bag that lie at the site, the dossier with a courier, and what is not there.
const HERE: u64 = 4711;
const CARRIED: u64 = 4712;
const NOWHERE: u64 = 4713;
/// A label for what gets a fresh one.
const FRESH: u64 = 4714;

/// What the gaps of a route are filled with: names of dossiers, bags and cases by label, number and id.
struct Names {
    dossier: Vec<String>,
    bag: Vec<String>,
    case: Vec<String>,
    site: &'static str,
    courier: &'static str,
    spare: &'static str,
    job: Uuid,
    notice: Uuid,
}

/// A print job of the site, and one that is not there.
const JOBS: [Uuid; 2] = [Uuid::from_u128(79), Uuid::from_u128(80)];

impl Names {
    fn of(
        bits: u64,
        suffixes: [&str; 3],
        [case, job, notice]: [Uuid; 3],
        [site, courier, spare]: [&'static str; 3],
    ) -> Self {
        let [of_dossier, of_bag, of_case] = suffixes.map(|suffix| format!("{OURS}-{suffix}"));
        let three = |code: Code, number| vec![labels::code::print(code), number, code.subject().to_string()];
        let (dossier, bag) = (three(dossier(bits), of_dossier), three(bag(bits), of_bag));
        Self { dossier, bag, case: vec![of_case, case.to_string()], site, courier, spare, job, notice }
    }

    /// Every address of a route; `None` if it has a gap that is not known here.
    fn addresses(&self, path: &str) -> Option<Vec<String>> {
        let spare = vec![self.spare.to_owned()];
        let names = match path.split('/').find(|part| ["dossiers", "bags", "cases"].contains(part)) {
            Some("dossiers") => &self.dossier,
            Some("bags") => &self.bag,
            Some(_) => &self.case,
            None => &spare,
        };
        let filled = |part: &str, name: &str| match part {
            "{name}" => Some(name.to_owned()),
            "{code}" => Some(self.dossier[0].clone()),
            "{site}" => Some(self.site.to_owned()),
            "{courier}" => Some(self.courier.to_owned()),
            "{job}" => Some(self.job.to_string()),
            "{notice}" => Some(self.notice.to_string()),
            "{device}" | "{person}" => Some(self.spare.to_owned()),
            // Words of ours, no secrets.
            "{queue}" => Some("in_hand".to_owned()),
            "{party}" => Some("applicant".to_owned()),
            "{kind}" => Some("courier".to_owned()),
            part => (!part.starts_with('{')).then(|| part.to_owned()),
        };
        let address = |name: &String| path.split('/').map(|part| filled(part, name)).collect::<Option<Vec<_>>>();
        let names = if path.contains("{name}") { names.as_slice() } else { &names[..1] };
        names.iter().map(|name| address(name).map(|parts| parts.join("/"))).collect()
    }
}

/// A job of one label at a site.
pub fn printed(id: Uuid, site: &str) -> PrintJob {
    PrintJob {
        id,
        printed_at: 0,
        printed_by: "li".to_owned(),
        site: Some(site.to_owned()),
        format: "60x40".to_owned(),
        language: "pdf".to_owned(),
        printer: None,
        labels: 1,
        reason: None,
        again_of: None,
        outcome: None,
    }
}

impl World {
    /// Makes it all at `t01`, with the office's own token.
    pub async fn open(office: &Office) -> anyhow::Result<Self> {
        let case = Uuid::from_u128(77);
        let id = Uuid::new_v4;
        office.mint(&[dossier(HERE), dossier(CARRIED), dossier(FRESH), bag(HERE), bag(FRESH)]).await;
        let item = office.get("/api/v1/registers/items").await["items"][0]["code"].clone();
        let filed = json!({ "request_id": id(), "by": "li", "at": "t01", "case_id": case, "case_no": format!("{OURS}-C"),
            "item": item, "home": "t01" });
        office.post("/api/v1/cases", &filed).await;
        for (bits, number) in [(HERE, "A"), (CARRIED, "B")] {
            let registered = json!({ "request_id": id(), "by": "li", "code": labels::code::print(dossier(bits)), "kind": "result",
                "dossier_no": format!("{OURS}-{number}"), "case": case, "home": "t01", "at": "t01" });
            office.post("/api/v1/dossiers", &registered).await;
        }
        let taken = json!({ "request_id": id(), "by": "li", "code": labels::code::print(bag(HERE)), "bag_no": format!("{OURS}-S"),
            "home": "t01", "at": "t01" });
        office.post("/api/v1/bags", &taken).await;
        office.enrol("spare", "site", "t01").await;
        office.enrol("bicycle", "courier", "courier.t01").await;
        let collected = json!({ "sent_at": MORNING.0, "scans": [{ "scan_id": id(), "code": labels::code::print(dossier(CARRIED)),
            "mode": "receive", "actor": "courier.t01", "device": "bicycle", "installation": id(), "seq": 1,
            "wall_ms": MORNING.0, "mono_ms": 1, "action": "collected", "action_by": "rule" }] });
        office.post("/api/v1/scans", &collected).await;
        client(office, "spare", "read", None).await?;
        let mut tx = office.app.db().begin().await?;
        let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
        let spare = PersonRow { id: "spare".parse()?, name: "spare".to_owned(), phone: None };
        person::put(&mut tx, &change, spare).await?;
        let badge = labels::code::draw(CodeKind::Badge, &mut rand::rng());
        person::give_badge(&mut tx, &change, badge, "spare".parse()?).await?;
        registers::print::record(&mut tx, &change, &printed(JOBS[0], "t01"), &[dossier(HERE)]).await?;
        let new = New {
            case: CaseId(case),
            shelving: ScanId(Uuid::from_u128(81)),
            channel: "sms",
            kind: Kind::Ready,
            case_no: &format!("{OURS}-C"),
            dossier: dossier(HERE).subject(),
            site: &"t01".parse()?,
            seq: 1,
            now: MORNING,
            due_at: MORNING,
        };
        notice::enqueue(&mut tx, office.app.region(), &new, State::Nobody, None).await?;
        tx.commit().await?;
        office.app.refresh().await?;
        office.settled().await;
        let (filter, page) = (notice::Filter::default(), (notice::After::START, 1));
        let notices = notice::list(office.app.db(), office.app.region(), None, filter, page).await?;
        let notice = notices.first().map(|row| row.id).ok_or_else(|| anyhow::anyhow!("it was put there"))?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, url: office.url.clone(), case, notice })
    }

    /// Asks; a page's form comes from our own pages.
    pub async fn ask(&self, key: &Key, method: &str, path: &str, body: &Value) -> Answer {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        request = match key {
            Key::Cookie(cookie) => request.header("cookie", format!("__Host-liuzhuan={cookie}")),
            Key::Bearer(key) => request.bearer_auth(key),
            Key::Nothing => request,
        };
        if method != Method::GET {
            request = request.header("sec-fetch-site", "same-origin").json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let all = answer.headers().iter().filter(|(name, _)| *name != "date");
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers: Vec<_> = all.map(|(name, value)| (name.to_string(), text(value))).collect();
        // A stream never ends; whoever gets one got in.
        let endless =
            headers.iter().any(|(name, kind)| name == "content-type" && kind.starts_with("text/event-stream"));
        let body =
            if endless { String::new() } else { answer.bytes().await.expect("a body").escape_ascii().to_string() };
        Answer { status, headers, body }
    }

    /// The code of a receipt of the case, as printing one makes it.
    pub async fn receipt(&self, office: &Office) -> anyhow::Result<String> {
        let code = labels::code::draw(CodeKind::Receipt, &mut rand::rng());
        let mut tx = office.app.db().begin().await?;
        let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
        let mint = registers::label::Mint { codes: &[code], batch: self.case, site: None };
        registers::label::mint(&mut tx, &change, mint).await?;
        tx.commit().await?;
        Ok(labels::code::print(code))
    }

    /// A route's addresses with what is there in each gap; `None`: a gap that this file does not know.
    pub fn there(&self, path: &str) -> Option<Vec<String>> {
        Names::of(HERE, ["A", "S", "C"], [self.case, JOBS[0], self.notice], ["t01", "courier.t01", "spare"])
            .addresses(path)
    }

    /// The same with what is not there.
    pub fn absent(&self, path: &str) -> Option<Vec<String>> {
        Names::of(
            NOWHERE,
            ["X", "X", "X"],
            [Uuid::from_u128(78), JOBS[1], Uuid::from_u128(82)],
            ["none", "none", "none"],
        )
        .addresses(path)
    }

    /// A body that every decision about a thing takes: each reads its own fields.
    pub fn body(&self, path: &str) -> Value {
        let fresh = if path.contains("/bags/") { bag(FRESH) } else { dossier(FRESH) };
        let reason = if path.contains("/prints/") { "torn" } else { "complaint" };
        json!({
            "request_id": Uuid::new_v4(), "receiver": "applicant", "checked": "both", "destination": "t02",
            "code": labels::code::print(fresh), "scan_id": Uuid::from_u128(9), "step": "accepted",
            "piece": { "name": "form", "kind": "copy", "count": 1 }, "text": "seen", "name": "张三",
            "fields": ["name"], "reason": reason,
        })
    }

    /// Bodies that name a thing in a field: what is there, and what is not.
    pub fn named(&self) -> Vec<(&'static str, [Value; 2])> {
        let answer = |bits: u64| {
            json!({ "request_id": Uuid::new_v4(), "subject": dossier(bits).subject(), "kind": "held_too_long",
                "anchor": Uuid::from_u128(9), "answer": "explained" })
        };
        let enrolment = |device: &str| json!({ "name": "scanner", "site": "t02", "device": device });
        vec![
            ("/api/v1/exceptions/answers", [HERE, NOWHERE].map(answer)),
            ("/api/v1/enrolments", ["spare", "none"].map(enrolment)),
        ]
    }

    /// Whether an answer gives away anything of it.
    pub fn gives_away(&self, answer: &Answer) -> bool {
        let codes = [dossier(HERE), dossier(CARRIED), bag(HERE)];
        let secrets = codes.iter().flat_map(|code| [labels::code::print(*code), code.subject().to_string()]);
        secrets
            .chain([OURS.to_owned(), self.case.to_string(), JOBS[0].to_string(), self.notice.to_string()])
            .any(|secret| answer.body.contains(&secret))
    }
}
