//! Every list as a sheet: `/sheets/` before the address of the list, the same filters, the same reach, the heads in the language
//! of whoever asks. Each is recorded. No name of an applicant and no name of an item leaves the office this way.
//!
//! To add a list: a door here, its line in `router.rs` with the action of the list, and `sheets.html` on its page.
pub mod office;

use super::couriers::kind_of_holder;
use super::exceptions::ExceptionQuery;
use super::sites::queue_of;
use crate::access::sign_in::{Visitor, word};
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::pages::{self, Words};
use crate::problem::{Params, Problem};
use crate::sheet::{Cell, Format, ROWS_MAX, Sheet};
use crate::view::{BagView, DossierView, printed_subject};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::id::{PersonId, SiteId, SubjectId};
use projections::exceptions;
use projections::queues::{self, Cursor, Placed, Queue};
use registers::record::{Act, Entry, Exported, Reason};
use rust_i18n::t;
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::IntoParams;
use uuid::Uuid;

/// Rows that are fetched at a time.
const PAGE: i64 = 1000;
/// Sheets made at the same time; who comes later waits. Each may hold some ten megabytes.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// Says how many rows there are, of a list that does not fit into a sheet.
const CUT: HeaderName = HeaderName::from_static("liuzhuan-cut-at-row");

/// Which kind of file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    /// csv or xlsx; csv if not given. CSV is UTF-8 with a byte order mark, every cell quoted, and what might be taken for a formula
    /// begins with an apostrophe. At most 50000 rows: what is beyond is said in the last row and in `liuzhuan-cut-at-row`.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Whoever asks for a sheet, and how it is to be.
pub struct Export {
    app: App,
    permit: Permit,
    visitor: Visitor,
    words: Words,
    format: Format,
}

impl FromRequestParts<App> for Export {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let permit = Permit::from_request_parts(parts, app).await?;
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let Params(FormatQuery { format }) = Params::from_request_parts(parts, app).await?;
        let words = Words::of(&parts.headers, app.known());
        Ok(Self { app: app.clone(), permit, visitor, words, format })
    }
}

/// A list on its way to a file.
struct Open {
    asked: Export,
    /// Of the list, in the file's name and in the record.
    name: &'static str,
    sheet: Sheet,
    /// Its turn, until the file is done.
    _turn: SemaphorePermit<'static>,
}

impl Export {
    /// `heads` are keys of the section `sheet`.
    async fn open(self, name: &'static str, heads: &[&str]) -> Result<Open, Problem> {
        let turn = AT_ONCE.acquire().await.map_err(|closed| Problem::internal(&closed))?;
        let heads: Vec<String> = heads.iter().map(|head| self.words.t(&format!("sheet.{head}"))).collect();
        let sheet = Sheet::new(self.format, &heads)?;
        Ok(Open { asked: self, name, sheet, _turn: turn })
    }

    fn site(&self, site: Option<&SiteId>) -> Cell {
        site.map_or(Cell::Empty, |site| Cell::text(self.words.site(site)))
    }

    fn state(&self, registered: bool, annulled: bool) -> Cell {
        let state = match (registered, annulled) {
            (_, true) => "sheet.annulled",
            (true, false) => "sheet.registered",
            (false, false) => "sheet.not_registered",
        };
        Cell::Text(self.words.t(state))
    }
}

impl Open {
    /// The answer, after it is recorded that it was given.
    async fn answer(self) -> Result<Response, Problem> {
        let Self { asked: Export { app, permit, visitor, words, format }, name, sheet, _turn } = self;
        let (rows, cut) = (sheet.rows(), sheet.is_cut());
        let more = t!("sheet.cut", locale = words.lang(), rows = ROWS_MAX).into_owned();
        let file = tokio::task::spawn_blocking(move || sheet.finish(&more)).await;
        let file = file.map_err(|error| Problem::internal(&error))??;
        let what = word(&format!("{name}.{}", format.ending()))?;
        let reason = Reason { code: word("list")?, note: None };
        let act = Act::Exported(Exported { what, rows: rows as u64, reason });
        app.record(&Entry { actor: permit.who.actor(), address: Some(visitor.address), act }).await?;
        let day = pages::moment(app.now());
        let day = day.split(' ').next().unwrap_or_default();
        let disposition = format!("attachment; filename=\"liuzhuan-{name}-{day}.{}\"", format.ending());
        let head = [(header::CONTENT_TYPE, format.media_type()), (header::CACHE_CONTROL, "no-store")];
        let mut response = (head, [(header::CONTENT_DISPOSITION, disposition)], file).into_response();
        if cut {
            response.headers_mut().insert(CUT, HeaderValue::from(ROWS_MAX));
        }
        Ok(response)
    }
}

const OF_DOSSIERS: [&str; 11] =
    ["label", "dossier_no", "kind", "item", "destination", "home", "whereabouts", "since", "read_at", "next", "state"];

fn dossier(asked: &Export, placed: &Placed) -> Vec<Cell> {
    let (view, words) = (DossierView::of(placed), &asked.words);
    let kind = placed.dossier.kind.and_then(|kind| serde_json::to_value(kind).ok());
    let kind =
        kind.as_ref().and_then(serde_json::Value::as_str).map(|kind| words.t(&format!("registering.kind_{kind}")));
    vec![
        Cell::text(view.code.unwrap_or_default()),
        Cell::text(view.dossier_no.unwrap_or_default()),
        Cell::text(kind.unwrap_or_default()),
        // Its name may reveal a plight.
        Cell::text(view.item.map(|item| item.to_string()).unwrap_or_default()),
        asked.site(view.destination.as_ref()),
        asked.site(view.home.as_ref()),
        Cell::text(words.holder(&view.whereabouts.0)),
        Cell::time(view.since.map(|at| at.0)),
        Cell::time(view.read_at.map(|at| at.0)),
        asked.site(view.next_hop.as_ref()),
        asked.state(view.registered, view.annulled),
    ]
}

impl Open {
    fn add_dossiers(&mut self, placed: &[Placed]) -> Result<(), Problem> {
        self.sheet.add(placed.iter().map(|it| dossier(&self.asked, it)))
    }

    /// A list that is read by age, page by page.
    async fn by_age(mut self, list: ByAge) -> Result<Response, Problem> {
        let mut next = Some(Cursor::START);
        while let Some(after) = next.filter(|_| !self.sheet.is_cut()) {
            let found = list.page(&self.asked, after).await?;
            self.add_dossiers(&found.items)?;
            next = found.next;
        }
        self.answer().await
    }
}

/// A list that has what has been there longest first.
enum ByAge {
    Queue(SiteId, Queue),
    Load(PersonId),
    Holder(&'static str),
}

impl ByAge {
    async fn page(&self, Export { app, permit, .. }: &Export, after: Cursor) -> Result<queues::Page, Problem> {
        let (db, region, scope) = (app.db(), app.region(), &permit.scope);
        let page = match self {
            Self::Queue(site, queue) => queues::queue(db, region, site, *queue, after, PAGE).await?,
            // The own load is seen whole; of others', what is within reach.
            Self::Load(courier) => {
                let scope = if permit.person() == Some(courier) { &Scope::Region } else { scope };
                queues::load(db, region, scope, courier, after, PAGE).await?
            }
            Self::Holder(kind) => queues::by_holder(db, region, scope, kind, after, PAGE).await?,
        };
        Ok(page)
    }
}

/// All dossiers within reach as a sheet, by id.
#[utoipa::path(get, path = "/sheets/dossiers", tag = "sheets", params(FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn dossiers(asked: Export) -> Result<Response, Problem> {
    let mut open = asked.open("dossiers", &OF_DOSSIERS).await?;
    let mut next = Some(SubjectId(Uuid::nil()));
    while let Some(after) = next.filter(|_| !open.sheet.is_cut()) {
        let Export { app, permit, .. } = &open.asked;
        let found = queues::all(app.db(), app.region(), &permit.scope, after, PAGE).await?;
        open.add_dossiers(&found)?;
        next = found.last().map(|last| last.dossier.subject);
    }
    open.answer().await
}

/// A queue of a site as a sheet: what has been there longest first.
#[utoipa::path(get, path = "/sheets/sites/{site}/queues/{queue}", tag = "sheets",
    params(("site" = String, Path, description = "id or label"), ("queue" = String, Path, description = "to_come, in_hand, to_send or on_shelf"), FormatQuery),
    responses((status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn queue(asked: Export, Path((site, queue)): Path<(String, String)>) -> Result<Response, Problem> {
    let site = asked.permit.site(&asked.app, &site)?;
    let queue = queue_of(&queue)?;
    let open = asked.open(queue.name(), &OF_DOSSIERS).await?;
    open.by_age(ByAge::Queue(site, queue)).await
}

/// What a courier carries as a sheet.
#[utoipa::path(get, path = "/sheets/couriers/{courier}/load", tag = "sheets", params(("courier" = String, Path), FormatQuery),
    responses((status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn load(asked: Export, Path(courier): Path<String>) -> Result<Response, Problem> {
    let courier: PersonId = courier.parse().map_err(Problem::invalid)?;
    let open = asked.open("load", &OF_DOSSIERS).await?;
    open.by_age(ByAge::Load(courier)).await
}

/// What is held by nobody's site, of one kind of holder, as a sheet.
#[utoipa::path(get, path = "/sheets/holders/{kind}", tag = "sheets", params(("kind" = String, Path), FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn by_holder(asked: Export, Path(kind): Path<String>) -> Result<Response, Problem> {
    let kind = kind_of_holder(&kind)?;
    let open = asked.open("holders", &OF_DOSSIERS).await?;
    open.by_age(ByAge::Holder(kind)).await
}

/// The dossiers of a case as a sheet.
#[utoipa::path(get, path = "/sheets/cases/{name}/dossiers", tag = "sheets",
    params(("name" = String, Path, description = "number or id"), FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn of_case(asked: Export, Path(name): Path<String>) -> Result<Response, Problem> {
    let id = super::cases::case(&asked.app, &asked.permit, &name).await?;
    if super::cases::filed(&asked.app, id).await?.is_none() {
        return Err(Problem::not_found());
    }
    let mut open = asked.open("case-dossiers", &OF_DOSSIERS).await?;
    let found = queues::of_case(open.asked.app.db(), open.asked.app.region(), id.0).await?;
    open.add_dossiers(&found)?;
    open.answer().await
}

/// All bags within reach as a sheet, by id.
#[utoipa::path(get, path = "/sheets/bags", tag = "sheets", params(FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn bags(asked: Export) -> Result<Response, Problem> {
    let heads = ["label", "bag_no", "home", "whereabouts", "since", "read_at", "next", "state"];
    let mut open = asked.open("bags", &heads).await?;
    let mut next = Some(SubjectId(Uuid::nil()));
    while let Some(after) = next.filter(|_| !open.sheet.is_cut()) {
        let Export { app, permit, .. } = &open.asked;
        let found = queues::bags(app.db(), app.region(), &permit.scope, after, PAGE).await?;
        next = found.last().map(|(row, _)| row.subject);
        open.sheet.add(found.iter().map(|(row, position)| bag(&open.asked, BagView::of(row, *position))))?;
    }
    open.answer().await
}

fn bag(asked: &Export, view: BagView) -> Vec<Cell> {
    vec![
        Cell::text(view.code.unwrap_or_default()),
        Cell::text(view.bag_no.unwrap_or_default()),
        asked.site(view.home.as_ref()),
        Cell::text(asked.words.holder(&view.holder.0)),
        Cell::time(view.since.map(|at| at.0)),
        Cell::time(view.read_at.map(|at| at.0)),
        asked.site(view.next_hop.as_ref()),
        asked.state(view.registered, view.annulled),
    ]
}

/// Exceptions as a sheet, what has been due longest first.
#[utoipa::path(get, path = "/sheets/exceptions", tag = "sheets", params(ExceptionQuery, FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn exceptions(asked: Export, Params(query): Params<ExceptionQuery>) -> Result<Response, Problem> {
    let heads = ["exception", "label", "site", "since", "due_from", "until", "owner", "explained_at", "resolved_at"];
    let mut open = asked.open("exceptions", &heads).await?;
    let open_at = query.open.unwrap_or(true).then(|| open.asked.app.now());
    let mut filter =
        exceptions::Filter { kind: query.kind, site: query.site, open_at, ..exceptions::Filter::default() };
    loop {
        let Export { app, permit, .. } = &open.asked;
        let found = exceptions::list(app.db(), app.region(), &permit.scope, &filter, PAGE).await?;
        filter.after = found.last().map(|row| (row.due_from, row.subject, row.kind.clone(), row.anchor));
        open.sheet.add(found.iter().map(|row| exception(&open.asked, row)))?;
        if filter.after.is_none() || open.sheet.is_cut() {
            return open.answer().await;
        }
    }
}

fn exception(asked: &Export, row: &exceptions::Row) -> Vec<Cell> {
    let site = row.site.as_deref().and_then(|site| site.parse().ok());
    let owner = row.owner.as_deref().and_then(|owner| owner.parse().ok());
    vec![
        Cell::text(asked.words.named("exception", &row.kind)),
        Cell::text(printed_subject(SubjectId(row.subject)).unwrap_or_default()),
        asked.site(site.as_ref()),
        Cell::time(Some(row.since)),
        Cell::time(Some(row.due_from)),
        Cell::time(row.ended_at),
        Cell::text(owner.map(|owner| asked.words.name(&owner)).unwrap_or_default()),
        Cell::time(row.explained_at),
        Cell::time(row.resolved_at),
    ]
}
