//! Papers over the JSON doors: pictures of labels, the manifest of a bag, the receipt of a case, the slip for the shelf. What
//! is printed on label printers, and was, is in [`super::prints`].
use crate::access::Permit;
use crate::app::App;
use crate::paper::{self, Printed};
use crate::problem::{Params, Problem};
use crate::v1::subject;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::bag::BagFact;
use domain::case::CaseFact;
use domain::code::{Code, CodeKind};
use domain::custody::Holder;
use domain::dossier::{DossierFact, PieceKind};
use domain::id::{SiteId, SubjectId};
use domain::stream::StreamId;
use eventstore::State as StreamState;
use labels::formats::FORMATS;
use labels::manifest::{Line, Manifest};
use labels::receipt::{Material, PaperSize, Receipt};
use labels::slip::{Slip, SlipSize};
use projections::story::Thing;
use projections::{custody, queues};
use registers::item::Limit;
use registers::label::Mint;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Dots per inch that office printers draw with.
const OFFICE_DPI: u16 = 600;
/// Dots per inch that most label printers draw with.
const LABEL_DPI: u16 = 203;
/// Lines of a manifest at most.
const LINES_MAX: i64 = 2000;

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

/// How the slip is to look.
#[derive(Deserialize, IntoParams)]
pub struct SlipQuery {
    /// `label` (60 × 40 mm) or `a6`; label if not given.
    #[serde(default)]
    #[param(inline)]
    size: SlipPaper,
    /// The shelf's short name; what the last scan of shelving said, if not given.
    shelf: Option<String>,
    /// What the counter calls it by; the last characters of the label, if not given.
    mark: Option<String>,
    /// The last day it is kept, such as 2026-12-31; a line to write on, if not given.
    keep_until: Option<String>,
}

/// What the slip is printed on.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlipPaper {
    #[default]
    Label,
    A6,
}

/// Characters of a shelf's or pickup's short name.
const MARK_MAX: usize = 20;

/// The slip that goes onto a result on the pickup shelf (上架条) as PDF: shelf and number large, since when, until when, a code
/// to scan; no name and no item.
#[utoipa::path(get, path = "/dossiers/{name}/slip", tag = "dossiers",
    params(("name" = String, Path, description = "label, number or id"), SlipQuery), responses(
    (status = 200, content_type = "application/pdf", description = "The slip"), (status = 401, body = Problem),
    (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn slip(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    Params(query): Params<SlipQuery>,
) -> Result<Printed, Problem> {
    let id = subject::dossier(&app, &permit, &name).await?;
    let thing = Thing::Dossier(id);
    let rows = custody::find(app.db(), app.region(), &[thing]).await?;
    let (row, _) = rows.get(&thing).ok_or_else(Problem::not_found)?;
    let StreamState::Dossier(history) = app.log().state(StreamId::Dossier(id), None).await? else {
        return Err(Problem::not_found());
    };
    let shelved = history.told().iter().rev().find_map(|placed| {
        if let DossierFact::Shelved(shelved) = &placed.event.fact {
            Some((shelved.shelf.clone().unwrap_or_default(), placed.key.at))
        } else {
            None
        }
    });
    let (shelf, since) = shelved.map_or((String::new(), None), |(shelf, at)| (shelf, Some(at)));
    let code = row.code.or_else(|| Code::of_subject(id)).ok_or_else(Problem::not_found)?;
    let day = |text: &String| {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
        let day = day.map_err(|_| Problem::unfit("no-day", "`keep_until` is a day such as 2026-11-23"))?;
        Ok::<_, Problem>(day.format("%Y年%-m月%-d日").to_string())
    };
    let site = match &row.custody.holder {
        Holder::Site { site } => Some(site),
        Holder::Courier { .. }
        | Holder::Leg { .. }
        | Holder::Post { .. }
        | Holder::Bag { .. }
        | Holder::Applicant
        | Holder::Archive
        | Holder::Unknown { .. } => row.home.as_ref(),
    };
    let slip = Slip {
        code,
        shelf: short(query.shelf, "shelf")?.unwrap_or(shelf),
        mark: short(query.mark, "mark")?.unwrap_or_else(|| crate::pages::tail(&labels::code::print(code)).to_owned()),
        ready_on: since.map(crate::pages::day).unwrap_or_default(),
        keep_until: query.keep_until.as_ref().map_or(Ok(String::new()), day)?,
        site: site.map(|site| app.known().site_name(site, false).to_owned()).unwrap_or_default(),
    };
    let size = match query.size {
        SlipPaper::Label => SlipSize::Label,
        SlipPaper::A6 => SlipSize::A6,
    };
    let dpi = if matches!(query.size, SlipPaper::Label) { LABEL_DPI } else { OFFICE_DPI };
    paper::finish(&labels::slip::print(&slip, app.public_host(), size, dpi).map_err(paper::refused)?)
}

fn short(text: Option<String>, field: &str) -> Result<Option<String>, Problem> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match text {
        Some(long) if long.chars().count() > MARK_MAX => {
            Err(Problem::invalid(format!("`{field}` has {MARK_MAX} characters at most")))
        }
        text => Ok(text),
    }
}
