//! Sheets of what is not a dossier: what was printed and told, devices, the staff, the record.
use super::{Export, FormatQuery, PAGE};
use crate::pages;
use crate::problem::{Params, Problem};
use crate::sheet::{Cell, ROWS_MAX};
use crate::v1::prints::sites;
use crate::v1::record::{self, RecordQuery};
use axum::response::Response;
use registers::notice::{self, Filter};
use registers::print::After;
use serde::Deserialize;
use utoipa::IntoParams;

/// What a list of people or devices is narrowed to.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NarrowedQuery {
    /// Words that a row holds, as the page has them.
    #[serde(default)]
    q: String,
}

/// What a list of notices is narrowed to.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// waiting, sent, unreached or over; all of them if not given.
    #[serde(default)]
    group: String,
}

/// Print jobs as a sheet, newest first.
#[utoipa::path(get, path = "/sheets/labels/prints", tag = "sheets", params(FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn prints(asked: Export) -> Result<Response, Problem> {
    let mut open = asked.open("prints", &["printed_at", "printed_by", "format", "labels", "reason"]).await?;
    let app = &open.asked.app;
    // At once, and one more than a sheet holds: jobs of the same moment would be lost between pages.
    let most = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX) + 1;
    let jobs =
        registers::print::list(app.db(), app.region(), sites(&open.asked.permit.scope), After::START, most).await?;
    open.sheet.add(jobs.into_iter().map(|job| {
        let reason = job.reason.unwrap_or_default();
        vec![
            Cell::time(Some(job.printed_at)),
            Cell::text(job.printed_by),
            Cell::text(job.format),
            Cell::Count(job.labels),
            Cell::text(reason),
        ]
    }))?;
    open.answer().await
}

/// The devices within reach as a sheet: what is in force first.
#[utoipa::path(get, path = "/sheets/devices", tag = "sheets", params(NarrowedQuery, FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn devices(asked: Export, Params(query): Params<NarrowedQuery>) -> Result<Response, Problem> {
    let mut open = asked.open("devices", &["device", "device_name", "bound", "revoked_at"]).await?;
    let Export { app, permit, words, .. } = &open.asked;
    let rows = pages::devices::found(app, permit, words, &query.q);
    open.sheet.add(rows.into_iter().map(|it| {
        vec![Cell::text(it.id), Cell::text(it.name), Cell::text(it.bound), Cell::time(it.revoked_at.map(|at| at.0))]
    }))?;
    open.answer().await
}

/// The staff within reach as a sheet, with their posts in force.
#[utoipa::path(get, path = "/sheets/people", tag = "sheets", params(NarrowedQuery, FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn people(asked: Export, Params(query): Params<NarrowedQuery>) -> Result<Response, Problem> {
    let mut open = asked.open("people", &["account", "name", "posts"]).await?;
    let Export { app, permit, words, .. } = &open.asked;
    let (rows, comma) = (pages::people::found(app, permit, words, &query.q), words.t("rows.comma"));
    open.sheet.add(
        rows.into_iter().map(|it| vec![Cell::text(it.id), Cell::text(it.name), Cell::text(it.posts.join(&comma))]),
    )?;
    open.answer().await
}

/// The record as a sheet, newest first. That it left is an entry of it.
#[utoipa::path(get, path = "/sheets/record", tag = "sheets", params(RecordQuery, FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn of_record(asked: Export, Params(query): Params<RecordQuery>) -> Result<Response, Problem> {
    let filter = record::filter(&query)?;
    let mut open = asked.open("record", &["position", "when", "act", "actor", "address", "about", "details"]).await?;
    let mut cursor = query.cursor;
    loop {
        let Export { app, words, .. } = &open.asked;
        let limit = u32::try_from(PAGE).unwrap_or(u32::MAX);
        let page = registers::record::list(app.db(), app.region(), &filter, cursor, limit).await?;
        open.sheet.add(page.rows.iter().map(|row| pages::record::cells(words, row)))?;
        cursor = page.next;
        if cursor.is_none() || open.sheet.is_cut() {
            return open.answer().await;
        }
    }
}

/// What applicants were told as a sheet, newest first: cases and places, never whose they are.
#[utoipa::path(get, path = "/sheets/notices", tag = "sheets", params(NoticesQuery, FormatQuery), responses(
    (status = 200, content_type = "text/csv", description = "The list; or XLSX"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn notices(asked: Export, Params(query): Params<NoticesQuery>) -> Result<Response, Problem> {
    let filter = Filter { states: pages::notices::group(&query.group).1, channels: &[] };
    let mut open = asked.open("notices", &["when", "case_no", "notice", "channel", "site", "state", "details"]).await?;
    let mut after = notice::After::START;
    loop {
        let Export { app, permit, words, .. } = &open.asked;
        let found = notice::list(app.db(), app.region(), sites(&permit.scope), filter, (after, PAGE)).await?;
        open.sheet.add(found.iter().map(|row| pages::notices::cells(words, row)))?;
        match found.last() {
            Some(last) if !open.sheet.is_cut() => after = last.place(),
            Some(_) | None => return open.answer().await,
        }
    }
}
