//! A stock-take: what lies on a shelf, or anywhere at a site, is scanned one after the other; the page says what was found,
//! what is still missing, and what was not expected. It keeps nothing but its beginning, which is in the address: two people
//! may count one shelf, and a closed browser loses nothing.
use super::bag_scan::recorded;
use super::rows::address;
use super::trouble::said;
use super::typed::filled;
use super::words::{Words, tail};
use super::{again, page};
use crate::access::{Action as May, Permit};
use crate::app::App;
use crate::desk_scan::{self, DeskScan};
use crate::problem::{Params, Problem};
use crate::v1::paging::{PageQuery, text};
use crate::v1::scans::Outcome;
use crate::view;
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::custody::Holder;
use domain::id::{SiteId, SubjectId};
use domain::scan::{Action, Details, Mode};
use domain::time::Timestamp;
use projections::custody::{self, Row};
use projections::queues::Cursor;
use projections::stocktake::{self, Part, Stocktake, Tally};
use projections::story::Thing;
use registers::shelf::ShelfRow;
use serde::Deserialize;
use uuid::Uuid;

/// Rows on a page.
const ROWS: i64 = 100;
/// Characters of a shelf's name at most.
const SHELF_MAX: usize = 60;

#[derive(Template)]
#[template(path = "stocktake.html")]
struct StocktakePage {
    words: Words,
    site: SiteId,
    site_name: String,
    /// Shelves that are known, to choose from.
    shelves: Vec<String>,
    shelf: String,
    /// When it began; nothing before it does.
    began: Option<Begun>,
    now: i64,
    form: Uuid,
    code: String,
    /// What the last scan was, and whether it is as believed.
    told: Option<(String, bool)>,
    problem: Option<String>,
}

/// A stock-take that goes on.
struct Begun {
    at: i64,
    time: String,
    tally: Tally,
    tabs: Vec<(String, String, bool)>,
    part: Part,
    lines: Vec<Line>,
    first: Option<String>,
    after: Option<String>,
    /// Whether the reader scans here.
    scans: bool,
    end: String,
    ended: bool,
}

struct Line {
    link: String,
    name: String,
    label: String,
    code: String,
    shelf: String,
    since: String,
}

/// What is asked, and what a form sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct StocktakeForm {
    shelf: String,
    /// When it began, milliseconds since 1970 UTC.
    since: String,
    /// found, missing or unexpected.
    part: String,
    cursor: String,
    /// Over: no more is scanned.
    end: String,
    form: Uuid,
    code: String,
    /// `missing`: the label is of what is reported missing.
    report: String,
}

fn name(part: Part) -> &'static str {
    match part {
        Part::Found => "found",
        Part::Missing => "missing",
        Part::Unexpected => "unexpected",
    }
}

/// `GET /sites/{site}/stocktake`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(site): Path<String>,
    headers: HeaderMap,
    Params(query): Params<StocktakeForm>,
) -> Result<Response, Problem> {
    let site = permit.site(&app, &site)?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    match build(&app, &permit, words.clone(), &site, &query).await {
        Ok(shown) => Ok(page(&shown)),
        Err(problem) => {
            let status = again(&problem)?;
            let problem = Some(said(&words, &problem));
            let shown = build(&app, &permit, words, &site, &StocktakeForm::default()).await?;
            Ok((status, page(&StocktakePage { problem, shelf: query.shelf, ..shown })).into_response())
        }
    }
}

/// `POST /sites/{site}/stocktake`: one scan, or one report of something missing; the page again.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    Path(site): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<StocktakeForm>,
) -> Result<Response, Problem> {
    // Scanning is a courier's too; what lies at a site is for who reads its queues.
    let reads = permit.also_for(May::ReadQueues).ok_or_else(Problem::not_found)?;
    let site = reads.site(&app, &site)?;
    permit.site(&app, site.as_str())?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let (told, problem, status) = match scan(&app, &permit, &words, &site, &typed).await {
        Ok(told) => (Some(told), None, axum::http::StatusCode::OK),
        Err(problem) => (None, Some(said(&words, &problem)), again(&problem)?),
    };
    let code = if problem.is_some() { typed.code.clone() } else { String::new() };
    let mut shown = build(&app, &reads, words, &site, &typed).await?;
    (shown.told, shown.problem, shown.code) = (told, problem, code);
    Ok((status, page(&shown)).into_response())
}

fn begun(app: &App, site: &SiteId, typed: &StocktakeForm) -> Result<Option<Stocktake>, Problem> {
    let wrong = || Problem::unfit("no-beginning", "`since` is when the stock-take began");
    let Some(since) = filled(&typed.since) else { return Ok(None) };
    let began = since.parse().map(Timestamp).ok().filter(|at| *at <= app.now()).ok_or_else(wrong)?;
    let shelf = filled(&typed.shelf);
    let fits = shelf.as_ref().is_none_or(|it| it.chars().count() <= SHELF_MAX && !it.chars().any(char::is_control));
    let known = Stocktake { site: site.clone(), shelf, began };
    if fits { Ok(Some(known)) } else { Err(Problem::unfit("no-shelf", "a shelf's name is short")) }
}

/// Records one scan: what it was, and whether it is as believed.
async fn scan(
    app: &App,
    permit: &Permit,
    words: &Words,
    site: &SiteId,
    typed: &StocktakeForm,
) -> Result<(String, bool), Problem> {
    let it = begun(app, site, typed)?.ok_or_else(|| Problem::unfit("no-beginning", "it has not begun"))?;
    let code = filled(&typed.code).ok_or_else(|| Problem::unfit("no-label", "a label is scanned"))?;
    let action = (typed.report == "missing").then_some(Action::Missing);
    let (mode, details) = (Mode::Stocktake, Details::default());
    let scan = DeskScan { form: typed.form, at: site.clone(), code, mode, bag: None, action, details };
    let Some(outcome) = desk_scan::record(app, permit, scan).await? else {
        return Ok((words.t("bag_scan.twice"), true));
    };
    if action.is_some() {
        return Ok((recorded(words, Some(&outcome)), true));
    }
    judged(app, words, &it, &outcome).await
}

/// What a scan means for this stock-take.
async fn judged(app: &App, words: &Words, it: &Stocktake, outcome: &Outcome) -> Result<(String, bool), Problem> {
    let thing = outcome.subject.and_then(|id| Thing::of_subject(SubjectId(id)));
    let (Some(thing), told) = (thing, recorded(words, Some(outcome))) else { return Ok((String::new(), false)) };
    if matches!(thing, Thing::Bag(_)) {
        return Ok((told, true));
    }
    let rows = custody::find(app.db(), app.region(), &[thing]).await?;
    let Some((row, _)) = rows.get(&thing) else { return Ok((told, false)) };
    let (verdict, fine) = verdict(row, it);
    let shelf = row.shelf.clone().filter(|_| verdict == "stocktake.other_shelf").unwrap_or_default();
    Ok((format!("{} {shelf} · {told}", words.t(verdict)), fine))
}

fn verdict(row: &Row, it: &Stocktake) -> (&'static str, bool) {
    let here = matches!(&row.custody.holder, Holder::Site { site } if *site == it.site);
    let before = row.custody.since.is_some_and(|since| since < it.began);
    match (here && before, it.shelf.is_none() || row.shelf == it.shelf) {
        (true, true) => ("stocktake.was_found", true),
        (true, false) => ("stocktake.other_shelf", false),
        (false, _) => ("stocktake.not_believed", false),
    }
}

async fn build(
    app: &App,
    permit: &Permit,
    words: Words,
    site: &SiteId,
    typed: &StocktakeForm,
) -> Result<StocktakePage, Problem> {
    let now = app.now();
    let began = match begun(app, site, typed)? {
        Some(it) => Some(go_on(app, permit, &words, &it, typed).await?),
        None => None,
    };
    let rows: Vec<ShelfRow> =
        registers::list(app.db(), app.region(), now).await.map_err(|it| Problem::internal(&it))?;
    let mut shelves: Vec<String> = rows.into_iter().filter(|row| row.site == *site).map(|row| row.shelf).collect();
    shelves.sort();
    Ok(StocktakePage {
        site: site.clone(),
        site_name: words.site(site),
        shelves,
        shelf: typed.shelf.trim().to_owned(),
        began,
        now: now.0,
        form: Uuid::new_v4(),
        code: String::new(),
        told: None,
        problem: None,
        words,
    })
}

async fn go_on(
    app: &App,
    permit: &Permit,
    words: &Words,
    it: &Stocktake,
    typed: &StocktakeForm,
) -> Result<Begun, Problem> {
    let (db, region) = (app.db(), app.region());
    let tally = stocktake::tally(db, region, it).await?;
    let parts = [Part::Missing, Part::Unexpected, Part::Found];
    let part = parts.into_iter().find(|part| name(*part) == typed.part).unwrap_or(Part::Missing);
    let after = PageQuery { limit: None, cursor: filled(&typed.cursor) }.by_age()?;
    let rows = stocktake::list(db, region, it, part, after, ROWS).await?;
    let (path, since) = (format!("/sites/{}/stocktake", it.site), it.began.0.to_string());
    let shelf = it.shelf.as_deref().unwrap_or_default();
    let to = |part: &str, end: &str, cursor: &str| {
        let asked = [("shelf", shelf), ("since", since.as_str()), ("part", part), ("end", end), ("cursor", cursor)];
        address(&path, &asked)
    };
    let count = |part: Part| match part {
        Part::Found => tally.found,
        Part::Missing => tally.missing,
        Part::Unexpected => tally.unexpected,
    };
    let tab = |it: Part| {
        let says = format!("{} {}", words.t(&format!("stocktake.{}", name(it))), count(it));
        (to(name(it), &typed.end, ""), says, it == part)
    };
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= ROWS;
    let last = rows.last().filter(|_| full);
    let cursor = |row: &Row| text(Cursor { since: row.custody.since.unwrap_or_default(), subject: row.subject });
    let scans = permit.also_for(May::Scan).is_some_and(|scans| scans.scope.covers(&it.site));
    Ok(Begun {
        at: it.began.0,
        time: words.time(it.began),
        tally,
        tabs: parts.map(tab).into(),
        part,
        lines: rows.iter().map(|row| line(words, row, app.now())).collect(),
        first: (!typed.cursor.is_empty()).then(|| to(name(part), &typed.end, "")),
        after: last.map(|row| to(name(part), &typed.end, &cursor(row))),
        scans,
        end: to("missing", "yes", ""),
        ended: typed.end == "yes",
    })
}

fn line(words: &Words, row: &Row, now: Timestamp) -> Line {
    let code = view::printed(row).unwrap_or_default();
    Line {
        link: format!("/dossiers/{}", row.subject),
        name: row.number.clone().unwrap_or_else(|| tail(&code).to_owned()),
        label: tail(&code).to_owned(),
        shelf: row.shelf.clone().unwrap_or_default(),
        since: row.custody.since.map(|since| words.ago(since, now)).unwrap_or_default(),
        code,
    }
}
