//! What a handheld asks for beside sending scans: what to expect, so that it can answer without network, and what did not
//! fit in what it sent. Neither is needed to scan.
use super::exceptions::ExceptionView;
use crate::access::{Permit, Principal};
use crate::app::{App, Known};
use crate::problem::{Body, Params, Problem};
use crate::v1::scans::BATCH_MAX;
use crate::view::{HolderView, printed, printed_subject};
use axum::Json;
use axum::extract::{Path, State};
use domain::code::Code;
use domain::dossier::DossierKind;
use domain::id::{DeviceId, ScanId, SiteId, SubjectId};
use projections::custody::Row;
use projections::expected::{self, For};
use registers::device::DeviceRow;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Rows told ahead at most; what a device keeps.
const EXPECTED_MAX: usize = 5_000;

/// Which device asks.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExpectedQuery {
    /// Its id; a device that shows its credential need not name itself.
    #[serde(default)]
    pub device: Option<String>,
}

/// What a device should know before it is out of reach.
#[derive(Serialize, ToSchema)]
pub struct Expected {
    /// The log position this reflects at least.
    pub position: i64,
    /// Which life of the log this is; see the answer to scans.
    pub epoch: i64,
    /// The server's clock, milliseconds since 1970 UTC.
    pub now: i64,
    pub device: ExpectedDevice,
    pub sites: Vec<ExpectedSite>,
    /// Newest first.
    pub things: Vec<ExpectedThing>,
    /// Labels of the shelves at the device's site.
    pub shelves: Vec<ExpectedShelf>,
    /// There is more than is told.
    pub truncated: bool,
}

/// The device that asks.
#[derive(Serialize, ToSchema)]
pub struct ExpectedDevice {
    pub id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
}

/// A site: what its labels mean, and what it is called.
#[derive(Serialize, ToSchema)]
pub struct ExpectedSite {
    pub id: String,
    /// Its labels, as printed.
    pub codes: Vec<String>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// station, centre, hub or department.
    pub kind: &'static str,
    /// The compartment of the sorting rack that collects for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// A dossier or bag that may be read.
#[derive(Serialize, ToSchema)]
pub struct ExpectedThing {
    /// Its label, as printed.
    pub code: String,
    /// dossier or bag.
    pub thing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    pub holder: HolderView,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<SiteId>,
    pub at_destination: bool,
    /// Leaving the device's site now is its way home.
    pub homeward: bool,
    /// The device's site is where it is collected.
    pub pickup_here: bool,
    /// Label of the bag it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
}

/// A shelf and its label.
#[derive(Serialize, ToSchema)]
pub struct ExpectedShelf {
    pub code: String,
    pub site: String,
    pub shelf: String,
}

/// What the device should know before it is out of reach: its site's queues or its courier's load, sites, shelves.
#[utoipa::path(get, path = "/handheld/expected", tag = "handheld", params(ExpectedQuery), responses(
    (status = 200, body = Expected), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn expected(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<ExpectedQuery>,
) -> Result<Json<Expected>, Problem> {
    let id: DeviceId = match (&permit.who, &query.device) {
        (Principal::Device(device), _) => device.id.clone(),
        (Principal::Staff(_) | Principal::Client(_), Some(named)) => named.parse().map_err(Problem::invalid)?,
        (Principal::Staff(_) | Principal::Client(_), None) => return Err(Problem::invalid("`device` says which")),
    };
    let (known, now) = (app.known(), app.now());
    let device = known.devices.at(&id, now).ok_or_else(Problem::not_found)?;
    let position = *app.log().doorbell().borrow();
    let things = things(&app, device).await?;
    let shelves = match &device.site {
        Some(site) => shelves(&app, site).await?,
        None => Vec::new(),
    };
    Ok(Json(Expected {
        position,
        epoch: app.log().epoch(),
        now: now.0,
        device: ExpectedDevice {
            id: device.id.to_string(),
            name: device.name.clone(),
            site: device.site.as_ref().map(ToString::to_string),
            courier: device.courier.as_ref().map(ToString::to_string),
        },
        sites: sites(&app, &known).await?,
        truncated: things.len() > EXPECTED_MAX,
        things: things.into_iter().take(EXPECTED_MAX).collect(),
        shelves,
    }))
}

/// Bags first: a courier whose list is cut still knows them.
async fn things(app: &App, device: &DeviceRow) -> Result<Vec<ExpectedThing>, Problem> {
    let whom = match (&device.site, &device.courier) {
        (Some(site), _) => For::Site(site),
        (None, Some(courier)) => For::Courier(courier),
        (None, None) => return Ok(Vec::new()),
    };
    let limit = i64::try_from(EXPECTED_MAX + 1).unwrap_or(i64::MAX);
    let bags = expected::bags(app.db(), app.region(), whom, limit).await?;
    let dossiers = expected::dossiers(app.db(), app.region(), whom, limit).await?;
    let outer = dossiers.iter().filter_map(|placed| placed.bag.as_ref());
    let labels: HashMap<SubjectId, String> =
        bags.iter().chain(outer).filter_map(|bag| Some((bag.subject, printed(bag)?))).collect();
    let here = device.site.as_ref();
    let of_bags = bags.iter().filter_map(|row| thing(row, None, &labels, here));
    let of_dossiers = dossiers.iter().filter_map(|placed| thing(&placed.dossier, placed.bag.as_ref(), &labels, here));
    Ok(of_bags.chain(of_dossiers).collect())
}

fn thing(
    row: &Row,
    bag: Option<&Row>,
    labels: &HashMap<SubjectId, String>,
    here: Option<&SiteId>,
) -> Option<ExpectedThing> {
    let place = bag.unwrap_or(row);
    let inside = row.custody.holder.bag();
    let is_dossier = Code::of_subject(row.subject).is_some_and(|code| code.kind() == domain::code::CodeKind::Dossier);
    let destination = row.destination.as_ref();
    // As the plan sees it: bound for its destination until something turned it.
    let turned = row.registered
        && (destination.is_none() || row.kind == Some(DossierKind::Result) || row.target.as_ref() != destination);
    Some(ExpectedThing {
        code: printed(row)?,
        thing: if is_dossier { "dossier" } else { "bag" },
        number: row.number.clone(),
        holder: HolderView(row.custody.holder.clone()),
        next_hop: place.next_hop.clone(),
        at_destination: destination.is_some() && place.custody.holder.site() == destination,
        homeward: is_dossier && (turned || (here.is_some() && destination == here)),
        pickup_here: is_dossier && here.is_some() && row.home.as_ref() == here,
        inside: inside.and_then(|bag| labels.get(&bag).cloned().or_else(|| printed_subject(bag))),
    })
}

async fn sites(app: &App, known: &Known) -> Result<Vec<ExpectedSite>, Problem> {
    let mut codes: BTreeMap<SiteId, Vec<String>> = BTreeMap::new();
    for (label, site) in registers::label::site_aliases(app.db(), app.region()).await? {
        if let Ok(code) = label.as_str().parse::<Code>() {
            codes.entry(site).or_default().push(labels::code::print(code));
        }
    }
    let mut sites: Vec<ExpectedSite> = known
        .sites
        .values()
        .map(|row| ExpectedSite {
            id: row.id.to_string(),
            codes: codes.remove(&row.id).unwrap_or_default(),
            name: row.name.clone(),
            name_en: row.name_en.clone(),
            kind: registers::site::kind_text(row.kind),
            slot: row.slot.clone(),
        })
        .collect();
    sites.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(sites)
}

async fn shelves(app: &App, site: &SiteId) -> Result<Vec<ExpectedShelf>, Problem> {
    let bound = registers::label::shelves(app.db(), app.region(), site).await?;
    let shelf = |(code, shelf)| ExpectedShelf { code: labels::code::print(code), site: site.to_string(), shelf };
    Ok(bound.into_iter().map(shelf).collect())
}

/// Scans whose consequences are asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConflictsRequest {
    /// At most 500.
    #[schema(value_type = Vec<Uuid>)]
    pub scan_ids: Vec<ScanId>,
}

/// What did not fit in them.
#[derive(Serialize, ToSchema)]
pub struct Conflicts {
    pub items: Vec<ExceptionView>,
    /// The log position this reflects; it follows the log.
    pub position: i64,
}

/// The open exceptions that hang on a device's scans, for whoever made them to work off. A device is told of its own only.
#[utoipa::path(post, path = "/handheld/conflicts", tag = "handheld", request_body = ConflictsRequest, responses(
    (status = 200, body = Conflicts), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn conflicts(
    State(app): State<App>,
    permit: Permit,
    Body(asked): Body<ConflictsRequest>,
) -> Result<Json<Conflicts>, Problem> {
    if asked.scan_ids.len() > BATCH_MAX {
        return Err(crate::problem::too_large());
    }
    let (db, region) = (app.db(), app.region());
    let position = projections::model::checkpoint(db, region, projections::exceptions::MODEL.name).await?;
    let mut rows = projections::exceptions::of_anchors(db, region, &asked.scan_ids, app.now()).await?;
    if let Principal::Device(device) = &permit.who {
        let anchors: Vec<ScanId> = rows.iter().map(|row| ScanId(row.anchor)).collect();
        let own = scanned_by(&app, &device.id, &anchors).await?;
        rows.retain(|row| own.contains(&row.anchor));
    }
    Ok(Json(Conflicts { items: rows.into_iter().map(ExceptionView::from).collect(), position }))
}

/// Those of some scans that a device made.
async fn scanned_by(app: &App, device: &DeviceId, scans: &[ScanId]) -> Result<HashSet<Uuid>, Problem> {
    let mut own = HashSet::new();
    for stored in app.log().of_scans(scans).await? {
        let (_, event) = stored.decode().map_err(|error| Problem::internal(&error))?;
        if event.source.stamp.is_some_and(|stamp| stamp.device == *device) {
            own.insert(stored.scan_id);
        }
    }
    Ok(own)
}

/// Who has a thing and where it goes next: what anybody may be told who reads its label, and no more.
#[derive(Serialize, ToSchema)]
pub struct ThingView {
    pub code: String,
    /// dossier or bag.
    pub thing: &'static str,
    pub holder: HolderView,
    /// The holder, seen through bags.
    pub whereabouts: HolderView,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<SiteId>,
    pub position: i64,
}

/// Who has the thing with this label, and its next hop; never its case.
#[utoipa::path(get, path = "/things/{code}", tag = "handheld", params(("code" = String, Path, description = "a label")),
    responses((status = 200, body = ThingView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn look_up(
    State(app): State<App>,
    _permit: Permit,
    Path(code): Path<String>,
) -> Result<Json<ThingView>, Problem> {
    let label = super::scan::read_label(&code)?;
    let thing = super::subject::of_label(&app, label).await?;
    let rows = projections::custody::find(app.db(), app.region(), &[thing]).await?;
    let (row, position) = rows.get(&thing).ok_or_else(Problem::not_found)?;
    let outer = row.outer_bag.map(projections::story::Thing::Bag);
    let bags = projections::custody::find(app.db(), app.region(), outer.as_slice()).await?;
    let place = outer.and_then(|bag| bags.get(&bag)).map_or(row, |(bag, _)| bag);
    let whereabouts = place.custody.holder.clone();
    Ok(Json(ThingView {
        code: printed(row).unwrap_or_else(|| labels::code::print(label)),
        thing: if matches!(thing, projections::story::Thing::Bag(_)) { "bag" } else { "dossier" },
        holder: HolderView(row.custody.holder.clone()),
        whereabouts: HolderView(whereabouts),
        next_hop: place.next_hop.clone(),
        position: *position,
    }))
}
