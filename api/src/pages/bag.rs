//! A bag: where it is, since when and how we know, its seal, what lies in it, its trail, and what may be done with it.
use super::bag_contents::{Group, of_bag};
use super::bag_scan::{ScanBox, ScanForm};
use super::dossier::{Said, Told, said, told};
use super::words::tail;
use super::{Words, page};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::v1::dossiers::{Trail, TrailQuery, tell};
use crate::v1::subject;
use crate::view;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::bag::{Opening, Outside};
use domain::event::Role;
use domain::id::SubjectId;
use domain::trail::Line;
use eventstore::State as Stream;
use projections::custody::{self, Row};
use projections::story::Thing;
use rust_i18n::t;
use serde::Deserialize;
use uuid::Uuid;

/// Lines of the trail that are shown, the newest: a bag is used for years.
const LINES_MAX: usize = 200;
/// What may have been done just now, as the address says it.
const DONE: [&str; 4] = ["registered", "annulled", "relabelled", "voided"];

#[derive(Template)]
#[template(path = "bag.html")]
pub(super) struct BagPage {
    words: Words,
    title: String,
    label: String,
    subject: Uuid,
    position: i64,
    place: String,
    since: String,
    evidence: String,
    read_ago: String,
    next: Option<String>,
    facts: Vec<(String, String)>,
    seal: Vec<(String, bool)>,
    /// Kind and address.
    exceptions: Vec<(String, String)>,
    contents: Vec<Group>,
    lines: Vec<Traced>,
    more: bool,
    notes: Vec<Said>,
    pub(super) scan: Option<ScanBox>,
    manifest: bool,
    /// The forms that correct, for whom they are.
    corrects: bool,
    relabels: bool,
    request_id: Uuid,
    /// The fresh label that was typed.
    pub(super) fresh: String,
    pub(super) problem: Option<String>,
    done: Option<String>,
}

/// A line of the trail, with the scan that may be taken back.
struct Traced {
    told: Told,
    voids: Option<Uuid>,
}

/// What is asked.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct BagQuery {
    #[serde(rename = "do")]
    deed: String,
    at: String,
    done: String,
}

/// `GET /bags/{name}`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Params(query): Params<BagQuery>,
) -> Result<Response, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let done = DONE.contains(&query.done.as_str()).then(|| words.t(&format!("bag.done_{}", query.done)));
    let typed = ScanForm { deed: query.deed, at: query.at, ..ScanForm::default() };
    let shown = build(&app, &permit, words, id, typed).await?;
    Ok(page(&BagPage { done, ..shown }))
}

async fn row(app: &App, id: SubjectId) -> Result<Row, Problem> {
    let thing = Thing::Bag(id);
    let mut rows = custody::find(app.db(), app.region(), &[thing]).await?;
    rows.remove(&thing).map(|(row, _)| row).ok_or_else(Problem::not_found)
}

/// The label that is on a bag now.
pub(super) async fn label(app: &App, id: SubjectId) -> Result<String, Problem> {
    view::printed(&row(app, id).await?).ok_or_else(Problem::not_found)
}

/// The page for who may see the bag.
pub(super) async fn build(
    app: &App,
    permit: &Permit,
    words: Words,
    id: SubjectId,
    typed: ScanForm,
) -> Result<BagPage, Problem> {
    let (row, now) = (row(app, id).await?, app.now());
    let Stream::Bag(history) = app.log().state(Thing::Bag(id).stream(), None).await? else {
        return Err(Problem::not_found());
    };
    let outside = Outside::of(&history.told());
    let trail = tell(app, Thing::Bag(id), TrailQuery::default()).await?;
    let corrects = permit.also_for(Action::Correct).is_some() && !row.annulled;
    let may = |action: Action| permit.also_for(action).is_some();
    let notes = if may(Action::WriteNotes) { said(app, &words, Thing::Bag(id)).await? } else { Vec::new() };
    let contents = of_bag(app, &words, id, outside.open()).await?;
    let printed = view::printed(&row).unwrap_or_default();
    let custody = &row.custody;
    Ok(BagPage {
        title: row.number.clone().unwrap_or_else(|| format!("{} {}", words.t("what.bag"), tail(&printed))),
        label: labels::code::read(&printed).map_or(printed.clone(), labels::code::grouped),
        subject: id.0,
        position: trail.position,
        place: if row.annulled { words.t("bags.annulled") } else { words.holder(&custody.holder) },
        since: words.since(custody, now),
        evidence: words.evidence(&custody.evidence),
        read_ago: custody.read_at.map_or_else(String::new, |at| words.ago(at, now)),
        next: row.next_hop.as_ref().map(|next| words.site(next)),
        facts: facts(&words, &row, &contents),
        seal: seal(&words, &outside),
        exceptions: exceptions(&words, id, &trail, now),
        contents,
        more: trail.lines.len() > LINES_MAX,
        lines: trail.lines.iter().rev().take(LINES_MAX).map(|line| traced(&words, line, corrects)).collect(),
        notes,
        scan: ScanBox::of(app, &words, permit, &row, &outside, typed),
        manifest: may(Action::PrintPapers),
        corrects,
        relabels: may(Action::Relabel) && !row.annulled,
        request_id: Uuid::new_v4(),
        fresh: String::new(),
        problem: None,
        done: None,
        words,
    })
}

fn facts(words: &Words, row: &Row, contents: &[Group]) -> Vec<(String, String)> {
    let counts = contents.iter().map(|group| format!("{} {}", group.title, group.members.len()));
    let counts = counts.collect::<Vec<_>>().join(" · ");
    let all = [
        ("bags.home", row.home.as_ref().map(|home| words.site(home))),
        ("bag.bound", row.target.as_ref().map(|target| words.site(target))),
        ("bag.outer", row.outer_bag.and_then(view::printed_subject)),
        ("bag.contents", Some(counts).filter(|counts| !counts.is_empty())),
    ];
    all.into_iter().filter_map(|(key, value)| Some((words.t(key), value?))).collect()
}

/// What is known of the seal; the second says whether it troubles.
fn seal(words: &Words, outside: &Outside) -> Vec<(String, bool)> {
    let lang = words.lang();
    let number = |it: &Option<String>| it.clone().unwrap_or_else(|| words.t("bag.no_number"));
    if let Some(seal) = outside.sealed() {
        let (number, time) = (number(&seal.number), words.time(seal.at));
        return vec![(t!("bag.sealed", locale = lang, number = number, time = time).into_owned(), false)];
    }
    let Some(opening) = outside.open() else { return vec![(words.t("bag.unsealed"), false)] };
    let mut told = vec![opened(words, opening)];
    let put_on = outside.seal.as_ref().and_then(|seal| seal.number.as_ref());
    if let (Some(put_on), Some(found)) = (put_on, &opening.number) {
        let same = put_on == found;
        let key = if same { "bag.same_seal" } else { "bag.other_seal" };
        told.push((t!(key, locale = lang, number = put_on).into_owned(), !same));
    }
    told
}

fn opened(words: &Words, opening: &Opening) -> (String, bool) {
    let number = opening.number.clone().unwrap_or_else(|| words.t("bag.no_number"));
    let whole = match opening.intact {
        Some(true) => "bag.whole",
        Some(false) => "bag.broken",
        None => "bag.not_said",
    };
    let (time, state) = (words.time(opening.key.at), words.t(whole));
    let told = t!("bag.opened", locale = words.lang(), time = time, number = number, state = state);
    (told.into_owned(), opening.intact == Some(false))
}

fn exceptions(words: &Words, id: SubjectId, trail: &Trail, now: domain::time::Timestamp) -> Vec<(String, String)> {
    let open = trail.exceptions.iter().filter(|it| it.until.is_none() && it.due_from <= now);
    let named = |it: &domain::exception::Exception| {
        let kind = projections::exceptions::kind_name(it.kind);
        (words.t(&format!("exception.{kind}")), format!("/exceptions/{id}/{kind}/{}", it.anchor))
    };
    open.map(named).collect()
}

/// A decision is corrected by another; what was taken back already is over, and so is what was only concluded.
fn traced(words: &Words, line: &Line, corrects: bool) -> Traced {
    let scanned = line.recorded_at.is_some() && line.role.is_some_and(|role| role != Role::Desk);
    let voids = (corrects && scanned && !line.voided && line.what != "scan_voided").then_some(line.scan.0);
    Traced { told: told(words, line), voids }
}
