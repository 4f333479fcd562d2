//! Scanning for a whole site at a desk without a handheld: a way is chosen once, then each scan is one thing received, sent or
//! shelved. What a scan means is read from the rule table, as on a handheld. Works without a script: a wedge scanner types
//! a label and presses Enter.
use super::bag_scan::recorded;
use super::today::{self, QueueQuery};
use super::trouble::said;
use super::typed::filled;
use super::words::Words;
use super::{again, page};
use crate::access::{Action as May, Permit};
use crate::app::App;
use crate::desk_scan::{self, DeskScan};
use crate::problem::Problem;
use crate::v1::scans::Outcome;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::id::SiteId;
use domain::scan::{Details, Mode};
use serde::Deserialize;
use uuid::Uuid;

/// Ways of scanning, by their names in addresses and among the words.
const WAYS: [(&str, Mode); 3] = [("receive", Mode::Receive), ("send", Mode::Send), ("shelve", Mode::Shelve)];
/// Characters of a shelf's name at most.
const SHELF_MAX: usize = 40;

/// What a form sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct SiteScanForm {
    /// Made for the form: sent twice, it is one scan.
    form: Uuid,
    #[serde(rename = "do")]
    way: String,
    code: String,
    shelf: String,
    /// The queue that is shown below.
    queue: String,
}

/// The box as it is shown.
pub(super) struct SiteScanBox {
    /// Name, words, whether it is the one.
    pub ways: Vec<(&'static str, String, bool)>,
    pub way: Option<&'static str>,
    /// What it does.
    pub says: String,
    pub form: Uuid,
    pub shelf: String,
    pub code: String,
    /// What was recorded just now, or what is wrong.
    pub said: Option<String>,
    pub problem: Option<String>,
}

impl SiteScanBox {
    /// The box of a site for who scans there; `None` for everybody else.
    pub(super) fn of(words: &Words, permit: &Permit, site: &SiteId, way: &str) -> Option<Self> {
        permit.also_for(May::Scan).filter(|scans| scans.scope.covers(site))?;
        let way = WAYS.iter().find(|(name, _)| *name == way).map(|(name, _)| *name);
        let of = |name: &'static str| (name, words.t(&format!("site_scan.{name}")), way == Some(name));
        let says = way.map_or_else(String::new, |way| words.t(&format!("site_scan.says_{way}")));
        let (said, problem, text) = (None, None, String::new);
        let ways = WAYS.map(|(name, _)| of(name)).into();
        Some(Self { ways, way, says, form: Uuid::new_v4(), shelf: text(), code: text(), said, problem })
    }
}

/// `POST /sites/{site}/scans`: the page of the site again, with what was recorded or with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    Path(site): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<SiteScanForm>,
) -> Result<Response, Problem> {
    // Scanning is a courier's too; what lies at a site is for who reads its queues.
    let reads = permit.also_for(May::ReadQueues).ok_or_else(Problem::not_found)?;
    let site = reads.site(&app, &site)?;
    permit.site(&app, site.as_str())?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let (told, problem, status) = match scan(&app, &permit, &site, &typed).await {
        Ok(outcome) => (Some(recorded(&words, outcome.as_ref())), None, axum::http::StatusCode::OK),
        Err(problem) => (None, Some(said(&words, &problem)), again(&problem)?),
    };
    let query = QueueQuery { queue: typed.queue, way: typed.way, ..QueueQuery::default() };
    let mut shown = today::build(&app, &reads, words, &site, query).await?;
    if let Some(it) = &mut shown.scan {
        it.code = if problem.is_some() { typed.code } else { String::new() };
        (it.shelf, it.said, it.problem) = (typed.shelf, told, problem);
    }
    Ok((status, page(&shown)).into_response())
}

async fn scan(app: &App, permit: &Permit, site: &SiteId, typed: &SiteScanForm) -> Result<Option<Outcome>, Problem> {
    let way = WAYS.iter().find(|(name, _)| *name == typed.way);
    let &(_, mode) = way.ok_or_else(|| Problem::invalid("`do` is one of the ways"))?;
    let code = filled(&typed.code).ok_or_else(|| Problem::unfit("no-label", "a label is scanned"))?;
    let shelf = filled(&typed.shelf).filter(|_| mode == Mode::Shelve);
    if shelf.as_ref().is_some_and(|shelf| shelf.chars().count() > SHELF_MAX || shelf.chars().any(char::is_control)) {
        return Err(Problem::unfit("shelf-name", format!("a shelf has 1 to {SHELF_MAX} printable characters")));
    }
    let details = Details { shelf, ..Details::default() };
    let scan = DeskScan { form: typed.form, at: site.clone(), code, mode, bag: None, action: None, details };
    desk_scan::record(app, permit, scan).await
}
