//! Every page and list door, as everybody who may, with what narrows it. The routes come from the router; one whose address has
//! a gap that this file does not know stops the test, so that a new page is not forgotten.
use super::county::{County, phone};
use crate::who_may::{Somebody, staff};
use api::access::guard::Route;
use api::access::who_may::{Reach, of};
use api::router::routes;
use registers::person::Role;
use reqwest::Method;
use std::collections::HashSet;

/// One question, as somebody: `None` is the program's token.
pub struct Asked<'a> {
    /// The route, and what narrows it.
    pub route: String,
    pub path: String,
    pub form: Option<String>,
    pub by: Option<&'a Somebody>,
}

/// Whoever asks, and how.
pub struct Askers {
    staff: Vec<Somebody>,
    client: reqwest::Client,
}

impl Askers {
    /// Everybody at the busy centre, the hub, a department, and in a village that has hardly any papers.
    pub async fn open(county: &County) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for site in [&county.places.towns[0], &county.places.hub, &county.places.departments[0]] {
            all.extend(staff(&county.office, site.as_str()).await?);
        }
        let known = county.office.known();
        let village = known.sites.values().find(|site| site.kind == domain::network::SiteKind::Station);
        all.extend(staff(&county.office, village.expect("a village").id.as_str()).await?);
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { staff: all, client })
    }

    /// Every question.
    pub fn questions(&self, county: &County) -> Vec<Asked<'_>> {
        let mut all = Vec::new();
        for route in routes().into_iter().filter(|route| route.method == "GET") {
            let addresses = addresses(county, &route.path);
            for by in self.who_may(&route) {
                for path in &addresses {
                    for query in narrowed(county, &route.path) {
                        let with =
                            |path: &str| if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
                        all.push(Asked { route: with(&route.path), path: with(path), form: None, by });
                    }
                }
            }
        }
        all.extend(self.forms(county));
        all
    }

    /// Lists that are asked for with a form, because what is looked for must not stand in an address; and what everybody may.
    fn forms(&self, county: &County) -> Vec<Asked<'_>> {
        let clerk = self.staff.iter().find(|one| one.role == Role::Clerk);
        let supervisor = self.staff.iter().find(|one| one.role == Role::Supervisor);
        // What is long over is not told to an applicant.
        let new = county.round(0.99);
        let (number, phone_of_it) = (new.case_no(new.number % 20), phone(new.number));
        let (receipt, ending) = (labels::code::print(new.receipt(0)), &phone_of_it[7..]);
        let mut all = Vec::new();
        let mut ask = |path: &str, form: Option<String>, by| {
            all.push(Asked { route: path.to_owned(), path: path.to_owned(), form, by });
        };
        for by in [clerk, supervisor] {
            ask("/applicants", Some(format!("q={}", phone(7))), by);
            ask("/applicants", Some("q=%E5%BC%A0%E4%B8%897".to_owned()), by);
        }
        ask(&format!("/t/{receipt}"), None, None);
        ask("/t", Some(format!("number={number}&ending={ending}")), None);
        all
    }

    /// One of each role at each place that may, and the program.
    fn who_may(&self, route: &Route) -> Vec<Option<&Somebody>> {
        let row = of(route.action);
        // Who reaches the region reaches it from everywhere alike.
        let mut wide = HashSet::new();
        let mut asks = |one: &&Somebody| match row.reach(one.role) {
            Reach::No => false,
            Reach::Own => true,
            Reach::All => wide.insert(one.role.as_str()),
        };
        let staff: Vec<_> = self.staff.iter().filter(|one| asks(one)).map(Some).collect();
        staff.into_iter().chain((row.client.is_some() || row.device).then_some(None)).collect()
    }

    /// Asks; the status, and what is said of an error.
    pub async fn ask(&self, county: &County, asked: &Asked<'_>) -> (u16, String) {
        let method = if asked.form.is_some() { Method::POST } else { Method::GET };
        let request = self.client.request(method, format!("{}{}", county.office.url, asked.path));
        let request = match asked.by {
            Some(one) => request.header("cookie", format!("__Host-liuzhuan={}", one.cookie)),
            None => request.bearer_auth(&county.office.token),
        };
        let request = match &asked.form {
            Some(form) => request
                .header("sec-fetch-site", "same-origin")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.clone()),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // A stream never ends; whoever gets one got in.
        if kind.starts_with("text/event-stream") {
            return (status, String::new());
        }
        (status, String::from_utf8_lossy(&answer.bytes().await.expect("a body")).into_owned())
    }
}

/// Every address of a route.
fn addresses(county: &County, path: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for part in path.split('/').skip(1) {
        let fills = fills(county, path, part);
        all = all.iter().flat_map(|begun| fills.iter().map(move |fill| format!("{begun}/{fill}"))).collect();
    }
    all
}

/// What a part of an address is filled with.
fn fills(county: &County, path: &str, part: &str) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    let (old, new) = (county.round(0.4), county.round(0.99));
    match part {
        "{name}" => match path.split('/').find(|part| ["dossiers", "bags", "cases", "clients"].contains(part)) {
            Some("dossiers") => vec![
                labels::code::print(old.code(3, false)),
                new.dossier_no(4, false),
                old.code(5, true).subject().to_string(),
            ],
            Some("bags") => vec![labels::code::print(old.bag(false)), new.bag(false).subject().to_string()],
            Some("cases") => vec![old.case_no(3), new.case(0).0.to_string()],
            _ => one("none"),
        },
        "{code}" => vec![labels::code::print(old.code(3, false)), labels::code::print(new.bag(false))],
        "{site}" => vec![county.places.towns[0].to_string(), county.places.hub.to_string()],
        "{queue}" => ["to_come", "in_hand", "to_send", "on_shelf"].map(str::to_owned).into(),
        "{courier}" => one(county.courier),
        "{kind}" if path.contains("/holders/") => {
            ["courier", "leg", "post", "applicant", "archive", "unknown", "site"].map(str::to_owned).into()
        }
        "{kind}" => one(&county.exception.1),
        "{subject}" => one(&county.exception.0),
        "{anchor}" => one(&county.exception.2),
        "{job}" => one(&county.job.to_string()),
        "{device}" => one("spare"),
        "{person}" => one("staff-7"),
        "{party}" => one("applicant"),
        gap if gap.starts_with('{') => {
            panic!("{path}: fill the gap {gap} here, so that the plans of this page are looked at")
        }
        plain => one(plain),
    }
}

/// What a list is narrowed to; the first is nothing.
fn narrowed(county: &County, path: &str) -> Vec<String> {
    let (old, new) = (county.round(0.4), county.round(0.99));
    let number = old.dossier_no(3, false);
    let label = labels::code::print(new.code(4, false));
    let (site, day) = (&county.places.towns[0], county.office.app.now().0 - 86_400_000);
    let dossier = old.code(3, false).subject();
    let mut all = match path {
        "/" | "/find" => vec![
            format!("q={number}"),
            format!("q={}", &number[..9]),
            format!("q={}", &number[..17]),
            format!("q={}", new.case_no(1)),
            format!("q={}", &label[label.len() - 6..]),
            format!("q={label}"),
            "q=BM000".to_owned(),
            "q=none".to_owned(),
        ],
        "/api/v1/search" => vec![format!("q={number}"), format!("q={}&limit=20", &number[..9]), "q=none".to_owned()],
        "/today" | "/people" | "/register/items" | "/api/v1/sheets/people" | "/devices" | "/api/v1/sheets/devices" => {
            vec!["q=a".to_owned(), "q=a&page=2".to_owned()]
        }
        "/county" => vec!["page=2".to_owned()],
        "/sites/{site}" => {
            let queues = ["to_come", "in_hand", "to_send", "on_shelf"];
            queues
                .iter()
                .flat_map(|queue| [format!("queue={queue}"), format!("queue={queue}&cursor={day}_{dossier}")])
                .collect()
        }
        "/sites/{site}/stocktake" => {
            let parts = ["found", "missing", "unexpected"];
            parts
                .iter()
                .flat_map(|part| [format!("since={day}&part={part}"), format!("since={day}&part={part}&shelf=1")])
                .collect()
        }
        "/bags" => vec![
            "show=here".to_owned(),
            format!("show=here&site={site}"),
            format!("show=coming&site={site}"),
            "show=road".to_owned(),
            format!("show=road&cursor={day}_{dossier}"),
        ],
        "/exceptions" => vec![
            "kind=held_too_long".to_owned(),
            format!("site={site}"),
            format!("kind=reported_missing&site={site}"),
            "owner=me".to_owned(),
            "owner=nobody".to_owned(),
            "state=closed".to_owned(),
            format!("state=closed&site={site}"),
            "state=closed&kind=damaged".to_owned(),
        ],
        "/api/v1/exceptions" | "/api/v1/sheets/exceptions" => vec![
            "open=true".to_owned(),
            "open=true&kind=held_too_long".to_owned(),
            format!("open=true&site={site}"),
            "open=false&kind=damaged".to_owned(),
        ],
        "/record" => vec![
            "name=signed_in".to_owned(),
            "actor=staff-7".to_owned(),
            "about=staff-7".to_owned(),
            "from=2026-11-01&to=2026-11-30".to_owned(),
            "cursor=700".to_owned(),
        ],
        "/api/v1/record" | "/api/v1/sheets/record" => {
            vec!["name=signed_in&actor=person:staff-7".to_owned(), format!("from={day}&about=person:staff-7")]
        }
        "/labels" => vec![format!("after={}_{}", county.office.app.now().0 - 700, county.job)],
        "/dossiers/{name}" => vec!["believed=2026-11-02T08:00".to_owned()],
        "/api/v1/dossiers/{name}/trail" => {
            vec![format!("known_at={}", county.office.app.now().0), "as_of=60000".to_owned()]
        }
        "/api/v1/dossiers"
        | "/api/v1/bags"
        | "/api/v1/sites/{site}/queues/{queue}"
        | "/api/v1/holders/{kind}"
        | "/api/v1/couriers/{courier}/load" => vec!["limit=1000".to_owned()],
        "/api/v1/labels/prints" => vec![format!("before={}&before_id={}", county.office.app.now().0 - 700, county.job)],
        "/api/v1/events" => vec!["after=50000&limit=1000".to_owned()],
        "/api/v1/handheld/expected" => vec!["device=spare".to_owned(), "device=bicycle".to_owned()],
        "/api/v1/live" => vec![format!("subject={dossier}"), format!("site={site}"), "after=50000".to_owned()],
        _ => Vec::new(),
    };
    // These say what they are asked for, or are not asked.
    if !["/api/v1/search", "/api/v1/handheld/expected"].contains(&path) {
        all.insert(0, String::new());
    }
    all
}
