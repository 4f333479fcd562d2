//! Scanning for a whole site at a desk without a handheld: a way is chosen once, then each scan is one thing received, sent or
//! shelved. What a scan means is read from the rule table, as on a handheld. What passes from hand to hand is signed for all at
//! once: whoever gives or takes it has their badge scanned after the last. Works without a script: a wedge scanner types a
//! label and presses Enter, and what is not signed yet travels in the form.
use super::bag_scan::recorded;
use super::today::{self, QueueQuery};
use super::trouble::said;
use super::typed::{self, filled};
use super::words::Words;
use super::{again, page};
use crate::access::{Action as May, Permit};
use crate::app::App;
use crate::desk_scan::{self, DeskScan};
use crate::problem::Problem;
use crate::v1::scans::Outcome;
use crate::view::printed_subject;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::code::{Code, CodeKind};
use domain::id::{PersonId, ScanId, SiteId, SubjectId};
use domain::scan::{Action, Details, Mode};
use rust_i18n::t;
use serde::Deserialize;
use uuid::Uuid;

/// Ways of scanning, by their names in addresses and among the words.
const WAYS: [(&str, Mode); 3] = [("receive", Mode::Receive), ("send", Mode::Send), ("shelve", Mode::Shelve)];
/// Characters of a shelf's name at most.
const SHELF_MAX: usize = 40;
/// Things that one signature is for, at most: as many as somebody can count in front of another.
const SIGNED_MAX: usize = 200;

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
    /// What was received or sent since the last signature, as [`Unsigned`] writes it.
    batch: String,
    /// The queue that is shown below.
    queue: String,
}

/// What passed from hand to hand and nobody has signed for: the label and the scan of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Unsigned(Vec<(String, ScanId)>);

impl Unsigned {
    /// From `label:scan` with spaces between.
    fn read(text: &str) -> Result<Self, Problem> {
        let all = typed::pairs(text).ok_or_else(|| Problem::invalid("`batch` is what the page made it"))?;
        Ok(Self(all.into_iter().map(|(label, scan)| (label, ScanId(scan))).collect()))
    }

    fn text(&self) -> String {
        typed::carried(&self.0)
    }

    /// With what was recorded just now, the newest of [`SIGNED_MAX`].
    fn and(mut self, outcome: &Outcome) -> Self {
        let label = outcome.subject.and_then(|subject| printed_subject(SubjectId(subject)));
        self.0.extend(label.zip(outcome.scan_id.map(ScanId)));
        let beyond = self.0.len().saturating_sub(SIGNED_MAX);
        self.0.drain(..beyond);
        self
    }
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
    /// What is not signed yet, for the next form, and how much that is.
    pub batch: String,
    pub unsigned: String,
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
        let (batch, unsigned, form) = (text(), text(), Uuid::new_v4());
        Some(Self { ways, way, says, form, shelf: text(), code: text(), batch, unsigned, said, problem })
    }

    fn signed_next(&mut self, words: &Words, unsigned: &Unsigned) {
        let count = unsigned.0.len();
        self.batch = unsigned.text();
        if count > 0 {
            self.unsigned = t!("site_scan.unsigned", locale = words.lang(), count = count).into_owned();
        }
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
    let before = Unsigned::read(&typed.batch)?;
    let (told, problem, status, unsigned) = match read(&app, &permit, &words, (&site, &typed, &before)).await {
        Ok((told, unsigned)) => (Some(told), None, StatusCode::OK, unsigned),
        Err(problem) => (None, Some(said(&words, &problem)), again(&problem)?, before),
    };
    let query = QueueQuery { queue: typed.queue, way: typed.way, ..QueueQuery::default() };
    let mut shown = today::build(&app, &reads, words.clone(), &site, query).await?;
    if let Some(it) = &mut shown.scan {
        it.signed_next(&words, &unsigned);
        it.code = if problem.is_some() { typed.code } else { String::new() };
        (it.shelf, it.said, it.problem) = (typed.shelf, told, problem);
    }
    Ok((status, page(&shown)).into_response())
}

/// Takes one label: a badge signs, anything else is a thing. What is said of it, and what is not signed then.
async fn read(
    app: &App,
    permit: &Permit,
    words: &Words,
    (site, typed, before): (&SiteId, &SiteScanForm, &Unsigned),
) -> Result<(String, Unsigned), Problem> {
    let way = WAYS.iter().find(|(name, _)| *name == typed.way);
    let &(_, mode) = way.ok_or_else(|| Problem::invalid("`do` is one of the ways"))?;
    let code = filled(&typed.code).ok_or_else(|| Problem::unfit("no-label", "a label is scanned"))?;
    if let Some(badge) = labels::code::read(&code).ok().filter(|code| code.kind() == CodeKind::Badge) {
        let name = sign(app, permit, (site, typed.form, mode), badge, before).await?;
        let count = before.0.len();
        let said = t!("site_scan.signed", locale = words.lang(), count = count, name = words.name(&name));
        return Ok((said.into_owned(), Unsigned::default()));
    }
    let outcome = scan(app, permit, (site, mode, code), typed).await?;
    let passes = mode != Mode::Shelve;
    let unsigned = outcome.as_ref().filter(|_| passes).map_or_else(|| before.clone(), |it| before.clone().and(it));
    Ok((recorded(words, outcome.as_ref()), unsigned))
}

/// Whoever the badge belongs to signs for all of it; the signature lies with the first thing. Who that is.
async fn sign(
    app: &App,
    permit: &Permit,
    (site, form, mode): (&SiteId, Uuid, Mode),
    badge: Code,
    unsigned: &Unsigned,
) -> Result<PersonId, Problem> {
    let known = app.known();
    let name = known.people.of_badge(badge, app.now());
    let name = name.ok_or_else(|| Problem::unfit("no-such-badge", "nobody has this badge now"))?.clone();
    let Some((first, _)) = unsigned.0.first() else {
        return Err(Problem::unfit("nothing-to-sign", "nothing was received or sent since the last signature"));
    };
    let signs = unsigned.0.iter().map(|(_, scan)| *scan).collect();
    let details = Details { signed_by: Some(labels::code::print(badge)), signs, ..Details::default() };
    let (at, code, action) = (site.clone(), first.clone(), Some(Action::LookedUp));
    desk_scan::record(app, permit, DeskScan { form, at, code, mode, bag: None, action, details }).await?;
    Ok(name)
}

async fn scan(
    app: &App,
    permit: &Permit,
    (site, mode, code): (&SiteId, Mode, String),
    typed: &SiteScanForm,
) -> Result<Option<Outcome>, Problem> {
    let shelf = filled(&typed.shelf).filter(|_| mode == Mode::Shelve);
    if shelf.as_ref().is_some_and(|shelf| shelf.chars().count() > SHELF_MAX || shelf.chars().any(char::is_control)) {
        return Err(Problem::unfit("shelf-name", format!("a shelf has 1 to {SHELF_MAX} printable characters")));
    }
    let details = Details { shelf, ..Details::default() };
    let scan = DeskScan { form: typed.form, at: site.clone(), code, mode, bag: None, action: None, details };
    desk_scan::record(app, permit, scan).await
}
