//! The county at a glance: the queues of each site, what is on the road, what does not fit, and a picture of it all. Who
//! supervises the region sees the region; everybody else the own sites.
use super::network::{Moves, Picture, Place, draw};
use super::people::ListQuery;
use super::rows::{Pager, Sheets, address, cut};
use super::{Words, page};
use crate::access::{Action, Permit};
use crate::app::{App, Known};
use crate::problem::{Params, Problem};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::id::SiteId;
use domain::network::SiteKind;
use domain::time::Timestamp;
use projections::county::{self, Moving, Queued};
use projections::exceptions;
use rust_i18n::t;
use std::collections::HashMap;

/// Carriers and legs shown, those longest on their way.
const ROAD_MAX: usize = 200;

#[derive(Template)]
#[template(path = "county.html")]
struct CountyPage {
    words: Words,
    picture: Picture,
    /// What the picture says, for who does not see it.
    says: String,
    sites: Vec<SiteLine>,
    pager: Pager,
    road: Vec<RoadLine>,
    more_road: bool,
    kinds: Vec<KindLine>,
    /// All dossiers within reach, as a file.
    sheets: Option<Sheets>,
}

struct SiteLine {
    name: String,
    link: String,
    bags: String,
    shelf: String,
    to_come: i64,
    in_hand: i64,
    to_send: i64,
    oldest: String,
}

struct RoadLine {
    who: String,
    from: String,
    to: String,
    dossiers: i64,
    bags: i64,
    since: String,
}

struct KindLine {
    link: String,
    kind: String,
    count: i64,
    oldest: String,
}

/// `GET /county`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ListQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let (db, region, now) = (app.db(), app.region(), app.now());
    let queued = county::queues(db, region, &permit.scope).await?;
    let moving = county::road(db, region, &permit.scope).await?;
    let kinds = match permit.also_for(Action::ReadExceptions) {
        Some(reads) => exceptions::open_kinds(db, region, &reads.scope, now).await?,
        None => Vec::new(),
    };
    let known = app.known();
    let picture = picture(&known, &words, &permit, &queued, &moving);
    let says = in_words(&words, &queued, &moving);
    let mut lines: Vec<(u8, SiteLine)> = queued.iter().filter_map(|it| site_line(&known, &words, it, now)).collect();
    // Stable: within a kind they stay sorted by id, as they came.
    lines.sort_by_key(|(order, _)| *order);
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    let to = |page: usize| address("/county", &[("page", page.to_string().as_str())]);
    let (sites, pager) = cut(&words, lines, &query.page, to);
    Ok(page(&CountyPage {
        picture,
        says,
        sites,
        pager,
        more_road: moving.len() > ROAD_MAX,
        road: moving.iter().take(ROAD_MAX).map(|it| road_line(&words, it, now)).collect(),
        sheets: permit.also_for(Action::ReadDossiers).map(|_| Sheets::of("dossiers", &[])),
        kinds: kinds.iter().map(|it| kind_line(&words, it, now)).collect(),
        words,
    }))
}

fn site_line(known: &Known, words: &Words, it: &Queued, now: Timestamp) -> Option<(u8, SiteLine)> {
    let id: SiteId = it.site.parse().ok()?;
    let line = SiteLine {
        name: words.site(&id),
        link: format!("/sites/{id}"),
        bags: address("/bags", &[("show", "here"), ("site", id.as_str())]),
        shelf: format!("/sites/{id}/stocktake"),
        to_come: it.to_come,
        in_hand: it.in_hand,
        to_send: it.to_send,
        oldest: it.oldest.map(|at| words.ago(Timestamp(at), now)).unwrap_or_default(),
    };
    Some((order(known, &id), line))
}

/// Where a site stands among others: the hub, the towns, the departments, the villages.
pub(super) fn order(known: &Known, id: &SiteId) -> u8 {
    match known.networks.latest().site(id).map(|site| site.kind) {
        Some(SiteKind::Hub) => 0,
        Some(SiteKind::Centre) => 1,
        Some(SiteKind::Department) => 2,
        Some(SiteKind::Station) => 3,
        None => 4,
    }
}

fn road_line(words: &Words, it: &Moving, now: Timestamp) -> RoadLine {
    let site = |site: &Option<String>| {
        let id = site.as_deref().and_then(|site| site.parse().ok());
        id.map_or_else(|| words.t("holder.somewhere"), |id| words.site(&id))
    };
    let courier = it.courier.as_deref().and_then(|courier| courier.parse().ok());
    RoadLine {
        who: courier.map_or_else(|| words.t(&format!("county.by_{}", it.holder)), |courier| words.name(&courier)),
        from: site(&it.left_site),
        to: site(&it.next_hop),
        dossiers: it.dossiers,
        bags: it.bags,
        since: words.ago(Timestamp(it.oldest), now),
    }
}

fn kind_line(words: &Words, (kind, count, oldest): &(String, i64, i64), now: Timestamp) -> KindLine {
    KindLine {
        link: address("/exceptions", &[("kind", kind.as_str())]),
        kind: words.t(&format!("exception.{kind}")),
        count: *count,
        oldest: words.ago(Timestamp(*oldest), now),
    }
}

fn in_words(words: &Words, queued: &[Queued], moving: &[Moving]) -> String {
    let here: i64 = queued.iter().map(|it| it.in_hand + it.to_send).sum();
    let (dossiers, bags) = moving.iter().fold((0, 0), |(d, b), it| (d + it.dossiers, b + it.bags));
    t!("county.says", locale = words.lang(), here = here, dossiers = dossiers, bags = bags).into_owned()
}

/// The place a site is drawn at: a station at the centre it hangs on.
fn drawn(known: &Known, id: &SiteId) -> SiteId {
    let network = known.networks.latest();
    let site = network.site(id).filter(|site| site.kind == SiteKind::Station);
    site.and_then(|site| site.parent.clone()).unwrap_or_else(|| id.clone())
}

fn picture(known: &Known, words: &Words, permit: &Permit, queued: &[Queued], moving: &[Moving]) -> Picture {
    let mut here: HashMap<SiteId, i64> = HashMap::new();
    for it in queued {
        let Ok(id) = it.site.parse() else { continue };
        *here.entry(drawn(known, &id)).or_default() += it.in_hand + it.to_send;
    }
    let mut moves = Moves::new();
    for it in moving {
        let ends = [&it.left_site, &it.next_hop].map(|end| end.as_deref().and_then(|end| end.parse().ok()));
        let [Some(from), Some(to)] = ends else { continue };
        let moved = moves.entry((drawn(known, &from), drawn(known, &to))).or_default();
        *moved = (moved.0 + it.dossiers, moved.1 + it.bags);
    }
    let sites = known.networks.latest().sites().iter().filter(|site| site.kind != SiteKind::Station);
    let mine = |id: &SiteId| permit.scope.covers(id) || here.contains_key(id);
    let touched = |id: &SiteId| moves.keys().any(|(from, to)| from == id || to == id);
    let shown = sites.filter(|site| site.kind == SiteKind::Hub || mine(&site.id) || touched(&site.id));
    let place = |site: &domain::network::Site| Place {
        id: site.id.clone(),
        kind: site.kind,
        parent: site.parent.clone(),
        name: words.site(&site.id),
        here: mine(&site.id).then(|| here.get(&site.id).copied().unwrap_or(0)),
        link: permit.scope.covers(&site.id).then(|| address("/bags", &[("show", "here"), ("site", site.id.as_str())])),
    };
    draw(&shown.map(place).collect::<Vec<_>>(), &moves)
}
