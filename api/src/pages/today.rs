//! My site today: what is to come, in hand, to send and on the shelf, each with its age and a lamp; live. A list is read a
//! page at a time by the last row's age, never counted from the beginning.
use super::page;
use super::rows::{Pager, Sheets, address, cut, holds};
use super::site_scan::SiteScanBox;
use super::words::{Words, tail};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::v1::paging::{PageQuery, text};
use crate::view;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::SiteId;
use domain::time::Timestamp;
use projections::exceptions;
use projections::queues::{self, Placed, Queue};
use registers::person::PostRow;
use rust_i18n::t;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Rows on a page.
const ROWS: i64 = 100;
/// The queue that is shown unless another is asked for.
const FIRST: Queue = Queue::InHand;

#[derive(Template)]
#[template(path = "today.html")]
pub(super) struct TodayPage {
    words: Words,
    /// For who scans here.
    pub(super) scan: Option<SiteScanBox>,
    site: String,
    name: String,
    /// The queue that is shown.
    queue: &'static str,
    tabs: Vec<Tab>,
    /// What the column of places says in this queue.
    place_head: String,
    rows: Vec<Waiting>,
    /// Where the list begins, if this is not its beginning; where it goes on.
    begin: Option<String>,
    next: Option<String>,
    sheets: Sheets,
    position: i64,
}

struct Tab {
    key: usize,
    name: String,
    to: String,
    count: i64,
    current: bool,
}

/// One dossier of a queue.
struct Waiting {
    to: String,
    number: String,
    label: String,
    what: String,
    /// Where it is, where it goes next, or which shelf it lies on.
    place: String,
    age: String,
    since: String,
    lamp: Lamp,
    exceptions: Vec<String>,
}

/// How its time stands: in words, and as a class for the colour.
struct Lamp {
    class: &'static str,
    says: String,
}

#[derive(Template)]
#[template(path = "choose_site.html")]
struct ChoosePage {
    words: Words,
    query: String,
    sites: Vec<(String, String)>,
    pager: Pager,
}

/// Which queue, and where its page begins.
#[derive(Default, Deserialize)]
pub struct QueueQuery {
    #[serde(default)]
    pub(super) queue: String,
    #[serde(default)]
    pub(super) cursor: String,
    /// How things are scanned here, if they are.
    #[serde(default, rename = "do")]
    pub(super) way: String,
}

/// Which sites are offered.
#[derive(Default, Deserialize)]
pub struct ChooseQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
}

/// `GET /today`: the one site of one's posts, or those to choose from.
pub async fn choose(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ChooseQuery>,
) -> Result<Response, Problem> {
    let own = own_sites(&app, &permit);
    if let [one] = own.iter().collect::<Vec<_>>().as_slice()
        && query.q.is_empty()
        && query.page.is_empty()
    {
        return Ok(Redirect::to(&format!("/sites/{one}")).into_response());
    }
    let words = Words::of_permit(&headers, app.known(), &permit);
    let all = super::typed::sites(&app, &words, &permit.scope);
    // One's own first; then the places through which all goes, the villages last.
    let mut found: Vec<_> = all.into_iter().filter(|(id, name)| holds(&format!("{id} {name}"), &query.q)).collect();
    let known = app.known();
    let order = |id: &str| id.parse().map_or(u8::MAX, |id| super::county::order(&known, &id));
    found.sort_by_cached_key(|(id, _)| (!own.iter().any(|site| site.as_str() == id), order(id)));
    let to = |page: usize| address("/today", &[("q", &query.q), ("page", &page.to_string())]);
    let (sites, pager) = cut(&words, found, &query.page, to);
    Ok(page(&ChoosePage { words, query: query.q.clone(), sites, pager }))
}

/// The sites at which somebody holds a post that reads queues.
pub(super) fn own_sites(app: &App, permit: &Permit) -> BTreeSet<SiteId> {
    let known = app.known();
    let reads = |post: &&PostRow| {
        crate::access::who_may::of(Action::ReadQueues).reach(post.role) != crate::access::who_may::Reach::No
    };
    let posts = permit.person().map(|person| known.people.posts_at(person, app.now()));
    posts.into_iter().flatten().filter(reads).filter_map(|post| post.site.clone()).collect()
}

/// `GET /sites/{site}`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Params(query): Params<QueueQuery>,
) -> Result<Response, Problem> {
    let site = permit.site(&app, &name)?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    Ok(page(&build(&app, &permit, words, &site, query).await?))
}

pub(super) async fn build(
    app: &App,
    permit: &Permit,
    words: Words,
    site: &SiteId,
    query: QueueQuery,
) -> Result<TodayPage, Problem> {
    let queue = Queue::ALL.into_iter().find(|queue| queue.name() == query.queue).unwrap_or(FIRST);
    let cursor = Some(query.cursor).filter(|cursor| !cursor.is_empty());
    let asked = PageQuery { limit: None, cursor };
    let way = query.way;
    // The position first: what happens while the lists are read is told again.
    let position = app.log().head_row().await?.position;
    let counts = queues::counts(app.db(), app.region(), site).await?;
    let found = queues::queue(app.db(), app.region(), site, queue, asked.by_age()?, ROWS).await?;
    let to = |queue: Queue, cursor: &str| {
        address(&format!("/sites/{site}"), &[("queue", queue.name()), ("cursor", cursor), ("do", &way)])
    };
    let tab = |(at, (of, count)): (usize, (Queue, i64))| Tab {
        key: at + 1,
        name: words.t(&format!("today.{}", of.name())),
        to: to(of, ""),
        count,
        current: of == queue,
    };
    let tabs = counts.into_iter().enumerate().map(tab).collect();
    let rows = waiting(app, &words, queue, &found.items).await?;
    let begin = asked.cursor.is_some().then(|| to(queue, ""));
    let next = found.next.map(|cursor| to(queue, &text(cursor)));
    let scan = SiteScanBox::of(&words, permit, site, &way);
    let sheets = Sheets::of(&format!("sites/{site}/queues/{}", queue.name()), &[]);
    let (site, name) = (site.to_string(), words.site(site));
    let place_head = words.t(&format!("today.place_{}", queue.name()));
    Ok(TodayPage {
        words,
        scan,
        site,
        name,
        queue: queue.name(),
        tabs,
        place_head,
        rows,
        begin,
        next,
        sheets,
        position,
    })
}

async fn waiting(app: &App, words: &Words, queue: Queue, items: &[Placed]) -> Result<Vec<Waiting>, Problem> {
    let now = app.now();
    let bags = items.iter().filter_map(|placed| placed.bag.as_ref().map(|bag| bag.subject.0));
    let mut subjects: Vec<Uuid> = items.iter().map(|placed| placed.dossier.subject.0).chain(bags).collect();
    subjects.sort();
    subjects.dedup();
    let mut open: HashMap<Uuid, Vec<exceptions::Row>> = HashMap::new();
    for row in exceptions::open_of(app.db(), app.region(), &subjects).await? {
        open.entry(row.subject).or_default().push(row);
    }
    Ok(items.iter().map(|placed| row(words, queue, placed, &open, now)).collect())
}

fn row(
    words: &Words,
    queue: Queue,
    placed: &Placed,
    open: &HashMap<Uuid, Vec<exceptions::Row>>,
    now: Timestamp,
) -> Waiting {
    let dossier = &placed.dossier;
    let through = placed.bag.as_ref().unwrap_or(dossier);
    let subjects = [Some(dossier.subject.0), placed.bag.as_ref().map(|bag| bag.subject.0)];
    let found: Vec<&exceptions::Row> =
        subjects.into_iter().flatten().filter_map(|subject| open.get(&subject)).flatten().collect();
    let (timed, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|row| is_timed(&row.kind));
    let others = other.into_iter().filter(|row| row.due_from <= now.0);
    let since = dossier.custody.since.max(through.custody.since);
    let code = view::printed(dossier).unwrap_or_default();
    let place = match queue {
        Queue::ToCome => words.holder(&through.custody.holder),
        Queue::ToSend => {
            through.next_hop.as_ref().or(dossier.target.as_ref()).map_or_else(String::new, |to| words.site(to))
        }
        Queue::OnShelf => dossier.shelf.clone().unwrap_or_default(),
        Queue::InHand => placed.bag.as_ref().map_or_else(String::new, |_| words.holder(&dossier.custody.holder)),
    };
    Waiting {
        to: format!("/dossiers/{}", dossier.subject),
        number: dossier
            .number
            .clone()
            .unwrap_or_else(|| labels::code::read(&code).map_or(code.clone(), labels::code::grouped)),
        label: tail(&code).to_owned(),
        what: dossier.kind.map_or_else(|| words.t("today.unregistered"), |kind| words.kind(kind)),
        place,
        age: since.map_or_else(String::new, |since| words.span(now.since(since))),
        since: since.map_or_else(String::new, |since| words.time(since)),
        lamp: timed.iter().min_by_key(|row| row.due_from).map_or_else(
            || Lamp { class: "none", says: words.t("lamp.none") },
            |row| lamp(words, Timestamp(row.since), Timestamp(row.due_from), now),
        ),
        exceptions: others.map(|row| words.named("exception", &row.kind)).collect(),
    }
}

/// What becomes late by waiting alone.
fn is_timed(kind: &str) -> bool {
    matches!(kind, "held_too_long" | "in_transit_too_long" | "unfetched")
}

/// Late; soon, when a quarter of its time or less is left; else in time.
fn lamp(words: &Words, since: Timestamp, due: Timestamp, now: Timestamp) -> Lamp {
    let left = due.since(now);
    let (class, key) = match left {
        ..=0 => ("late", "lamp.late"),
        _ if left <= due.since(since) / 4 => ("soon", "lamp.soon"),
        _ => ("fine", "lamp.fine"),
    };
    let span = words.span(left.abs());
    Lamp { class, says: t!(key, locale = words.lang(), span = span).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Known;

    #[test]
    fn a_lamp_says_late_soon_or_in_time() {
        let words = Words::of(&HeaderMap::new(), Known::default().into());
        let said = |now| lamp(&words, Timestamp(0), Timestamp(8 * 3_600_000), Timestamp(now));
        let of = |hours: i64| {
            let it = said(hours * 3_600_000);
            (it.class, it.says)
        };
        assert_eq!(of(1), ("fine", "还剩 7 小时".to_owned()));
        assert_eq!(of(6), ("soon", "快到时限，还剩 2 小时".to_owned()));
        assert_eq!(of(8).0, "late");
        assert_eq!(of(11), ("late", "已超时 3 小时".to_owned()));
    }
}
