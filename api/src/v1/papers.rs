//! Papers over the JSON doors: labels, the manifest of a bag, the receipt of a case; and what was printed.
use crate::access::Permit;
use crate::app::App;
use crate::paper::{self, Print, Printed, Sheet};
use crate::problem::{Body, Params, Problem};
use crate::v1::subject;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::bag::BagFact;
use domain::case::CaseFact;
use domain::code::{Code, CodeKind};
use domain::dossier::{DossierFact, PieceKind};
use domain::id::{SiteId, SubjectId};
use domain::stream::StreamId;
use domain::time::Timestamp;
use eventstore::State as StreamState;
use labels::formats::FORMATS;
use labels::manifest::{Line, Manifest};
use labels::receipt::{Material, PaperSize, Receipt};
use projections::story::Thing;
use projections::{custody, queues};
use registers::item::Limit;
use registers::label::Mint;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Dots per inch that office printers draw with.
const OFFICE_DPI: u16 = 600;
/// Lines of a manifest at most.
const LINES_MAX: i64 = 2000;

/// Labels to print.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PrintRequest {
    /// Made by the client: asked again, it is the same job and is recorded once.
    pub request_id: Uuid,
    /// Labels that were minted here.
    pub codes: Vec<String>,
    /// Name of a format, see `/labels/formats`; if not given, 60x40, for bags and sites 100x150.
    #[serde(default)]
    pub format: Option<String>,
    /// The first free place on the first sheet, from 1.
    #[serde(default = "one")]
    pub start: usize,
    /// How far the printer is to print to the right, tenths of a millimetre.
    #[serde(default)]
    pub right: i16,
    /// How far down, tenths of a millimetre.
    #[serde(default)]
    pub down: i16,
    /// Why labels are printed again; needed if one of them was printed before.
    #[serde(default)]
    pub reason: Option<String>,
}

fn one() -> usize {
    1
}

/// Prints labels as PDF and records it. Characters the font lacks are printed as `□U+…` and named in the header
/// `liuzhuan-missing-characters`.
#[utoipa::path(post, path = "/labels/prints", tag = "labels", request_body = PrintRequest, responses(
    (status = 200, content_type = "application/pdf", description = "The labels"), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn print_labels(
    State(app): State<App>,
    permit: Permit,
    Body(asked): Body<PrintRequest>,
) -> Result<Printed, Problem> {
    let codes: Vec<Code> = asked.codes.iter().map(|text| super::scan::read_label(text)).collect::<Result<_, _>>()?;
    let kind = codes.first().map_or(CodeKind::Dossier, |code| code.kind());
    let format = paper::format(asked.format.as_deref(), kind)?;
    let sheet = Sheet { format, start: asked.start, right: asked.right, down: asked.down };
    paper::print(&app, &Print { job: asked.request_id, by: permit.who.name(), codes, sheet, reason: asked.reason })
        .await
}

/// How one label is to look.
#[derive(Deserialize, IntoParams)]
pub struct PictureQuery {
    /// svg or png; svg if not given.
    #[serde(default)]
    #[param(inline)]
    picture: Picture,
    /// Name of a format, see `/labels/formats`.
    format: Option<String>,
    /// Dots per inch of a png, 96 to 1200; 203 if not given.
    dpi: Option<u16>,
}

/// What kind of picture.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    #[default]
    Svg,
    Png,
}

/// One label as a picture for a screen. Looking is not printing: nothing is recorded.
#[utoipa::path(get, path = "/labels/{code}/picture", tag = "labels", params(("code" = String, Path), PictureQuery), responses(
    (status = 200, content_type = "image/svg+xml", description = "The label, or image/png"),
    (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn picture(
    State(app): State<App>,
    Path(code): Path<String>,
    Params(query): Params<PictureQuery>,
) -> Result<Response, Problem> {
    let code = super::scan::read_label(&code)?;
    let format = paper::format(query.format.as_deref(), code.kind())?;
    let label = paper::one(&app, code).await?;
    let dpi = query.dpi.unwrap_or(203);
    let drawn = labels::label::draw(&label, format, app.public_host(), dpi).map_err(paper::refused)?;
    let nothing = || Problem::internal(&"a label without a page");
    let (kind, bytes) = match query.picture {
        Picture::Svg => {
            let svg = drawn.svgs().map_err(paper::refused)?.pop().ok_or_else(nothing)?;
            ("image/svg+xml", svg.into_bytes())
        }
        Picture::Png => {
            let bitmap = drawn.bitmaps(dpi).map_err(paper::refused)?.pop().ok_or_else(nothing)?;
            ("image/png", bitmap.png().map_err(paper::refused)?)
        }
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], bytes).into_response())
}

/// What was printed.
#[derive(Serialize, ToSchema)]
pub struct PrintView {
    pub id: Uuid,
    pub printed_at: i64,
    pub printed_by: String,
    pub format: String,
    pub labels: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which print jobs.
#[derive(Deserialize, IntoParams)]
pub struct PrintsQuery {
    /// Only jobs before this time, milliseconds since 1970 UTC: the `printed_at` of the last one seen.
    before: Option<i64>,
    /// 1 to 1000; 100 if not given.
    limit: Option<i64>,
}

/// Print jobs, newest first.
#[utoipa::path(get, path = "/labels/prints", tag = "labels", params(PrintsQuery), responses(
    (status = 200, body = Vec<PrintView>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn prints(
    State(app): State<App>,
    Params(query): Params<PrintsQuery>,
) -> Result<Json<Vec<PrintView>>, Problem> {
    let limit = query.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(Problem::invalid("`limit` is 1 to 1000"));
    }
    let before = Timestamp(query.before.unwrap_or(i64::MAX));
    let jobs = registers::print::list(app.db(), app.region(), before, limit).await?;
    let view = |job: registers::print::PrintJob| PrintView {
        id: job.id,
        printed_at: job.printed_at,
        printed_by: job.printed_by,
        format: job.format,
        labels: job.labels,
        reason: job.reason,
    };
    Ok(Json(jobs.into_iter().map(view).collect()))
}

/// A label format.
#[derive(Serialize, ToSchema)]
pub struct FormatView {
    pub name: &'static str,
    /// Labels on a page.
    pub places: usize,
    /// Width and height of one label, micrometres.
    pub width_um: i32,
    pub height_um: i32,
    pub about: &'static str,
}

/// Every label format.
#[utoipa::path(get, path = "/labels/formats", tag = "labels", responses((status = 200, body = Vec<FormatView>),
    (status = 401, body = Problem)))]
pub async fn formats() -> Json<Vec<FormatView>> {
    let view = |format: &labels::formats::Format| FormatView {
        name: format.name,
        places: format.places(),
        width_um: format.label.0,
        height_um: format.label.1,
        about: format.source,
    };
    Json(FORMATS.iter().map(view).collect())
}

/// The manifest of a bag (交接清单) as PDF, with what is in it now.
#[utoipa::path(get, path = "/bags/{name}/manifest", tag = "bags", params(("name" = String, Path, description = "label, number or id")),
    responses((status = 200, content_type = "application/pdf", description = "The manifest"), (status = 401, body = Problem),
    (status = 404, body = Problem)))]
pub async fn manifest(State(app): State<App>, permit: Permit, Path(name): Path<String>) -> Result<Printed, Problem> {
    let id = subject::bag(&app, &permit, &name).await?;
    let (db, region, thing) = (app.db(), app.region(), Thing::Bag(id));
    let rows = custody::find(db, region, &[thing]).await?;
    let (row, _) = rows.get(&thing).ok_or_else(Problem::not_found)?;
    let StreamState::Bag(history) = app.log().state(StreamId::Bag(id), None).await? else {
        return Err(Problem::not_found());
    };
    let sealed =
        history.told().iter().rev().find_map(|placed| {
            if let BagFact::Sealed(sealed) = &placed.event.fact { Some(sealed.clone()) } else { None }
        });
    let known = app.known();
    let named = |site: &SiteId| known.site_name(site, false).to_owned();
    let line = |dossier: custody::Row| {
        let code = dossier.code.or_else(|| Code::of_subject(dossier.subject))?;
        let destination = dossier.target.as_ref().or(dossier.destination.as_ref()).map(named).unwrap_or_default();
        Some(Line { code, destination, pieces: None })
    };
    let contents = queues::contents(db, region, id, LINES_MAX).await?;
    let to =
        sealed.as_ref().and_then(|it| it.to.clone()).or_else(|| row.target.clone()).or_else(|| row.next_hop.clone());
    let manifest = Manifest {
        from: row.custody.holder.site().or(row.home.as_ref()).map(named).unwrap_or_default(),
        to: to.as_ref().map(named).unwrap_or_default(),
        bag: row.code.or_else(|| Code::of_subject(id)).ok_or_else(Problem::not_found)?,
        seal_no: sealed.and_then(|it| it.seal_no).unwrap_or_default(),
        packed_at: crate::pages::clock(app.now(), false),
        lines: contents.into_iter().filter_map(line).collect(),
    };
    let paper = labels::manifest::print(&manifest, app.public_host(), OFFICE_DPI).map_err(paper::refused)?;
    paper::finish(&paper)
}

/// The applicant's receipt (受理回执) of a case as PDF. Its secret is made when it is first printed, and stays.
#[utoipa::path(post, path = "/cases/{name}/receipt", tag = "cases", params(("name" = String, Path, description = "number or id")),
    responses((status = 200, content_type = "application/pdf", description = "The receipt"), (status = 401, body = Problem),
    (status = 404, body = Problem)))]
pub async fn receipt(State(app): State<App>, permit: Permit, Path(name): Path<String>) -> Result<Printed, Problem> {
    let id = super::cases::case(&app, &permit, &name).await?;
    let StreamState::Case(history) = app.log().state(StreamId::Case(id), None).await? else {
        return Err(Problem::not_found());
    };
    let filed = history.told().iter().find_map(|placed| {
        if let CaseFact::Filed(filed) = &placed.event.fact { Some((filed.clone(), placed.key.at)) } else { None }
    });
    let (filed, at) = filed.ok_or_else(Problem::not_found)?;
    let known = app.known();
    let (taken, home) = (known.sites.get(&filed.at), known.sites.get(&filed.home));
    let promised = known.items.get(&filed.item).and_then(|item| item.promised_limit).map(Limit::in_chinese);
    let receipt = Receipt {
        office: known.site_name(&filed.at, false).to_owned(),
        case_no: filed.case_no,
        received_on: crate::pages::clock(at, false),
        promised: promised.unwrap_or_default(),
        materials: materials(&app, id.0).await?,
        pickup_place: known.site_name(&filed.home, false).to_owned(),
        opening_hours: home.map(|home| home.hours.clone()).unwrap_or_default(),
        service_phone: taken.and_then(|taken| taken.phone.clone()).unwrap_or_default(),
        code: receipt_code(&app, id.0).await?,
    };
    let paper =
        labels::receipt::print(&receipt, app.public_host(), PaperSize::A5, OFFICE_DPI).map_err(paper::refused)?;
    paper::finish(&paper)
}

/// The one receipt code of a case: the label of kind receipt whose batch is the case.
async fn receipt_code(app: &App, case: Uuid) -> Result<Code, Problem> {
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    let minted = registers::label::of_batch(&mut tx, app.region(), case).await?;
    if let Some(code) = minted.into_iter().find(|code| code.kind() == CodeKind::Receipt) {
        tx.rollback().await?;
        return Ok(code);
    }
    let code = labels::code::draw(CodeKind::Receipt, &mut rand::rng());
    registers::label::mint(&mut tx, &change, Mint { codes: &[code], batch: case, site: None }).await?;
    tx.commit().await?;
    Ok(code)
}

/// What was handed in, as registered with the dossiers of a case.
async fn materials(app: &App, case: Uuid) -> Result<Vec<Material>, Problem> {
    let mut materials = Vec::new();
    for placed in queues::of_case(app.db(), app.region(), case).await? {
        let stream = StreamId::Dossier(SubjectId(placed.dossier.subject.0));
        let StreamState::Dossier(history) = app.log().state(stream, None).await? else { continue };
        for placed in history.told() {
            let pieces = if let DossierFact::Registered(registered) = &placed.event.fact {
                registered.pieces.as_slice()
            } else if let DossierFact::PieceAdded(piece) = &placed.event.fact {
                std::slice::from_ref(piece)
            } else {
                &[]
            };
            materials.extend(pieces.iter().filter_map(|piece| {
                let (originals, copies) = match piece.kind {
                    PieceKind::Original | PieceKind::ToReturn => (piece.count, 0),
                    PieceKind::Copy => (0, piece.count),
                    // Shown and taken home again: it was not handed in.
                    PieceKind::Shown => return None,
                };
                Some(Material { name: piece.name.clone(), originals, copies })
            }));
        }
    }
    Ok(materials)
}
