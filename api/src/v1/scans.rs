//! The scan door: `POST /api/v1/scans`. Each scan is parsed, judged and answered by itself; what can be read is recorded.
use super::scan::{Prepared, Wire, prepare};
use crate::access::{Permit, Principal};
use crate::app::App;
use crate::problem::{Body, Problem, too_large};
use crate::view::HolderView;
use axum::Json;
use axum::extract::State;
use domain::code::CodeKind;
use domain::custody::Holder;
use domain::event::Flag;
use domain::id::{ScanId, SiteId};
use domain::scan::judge_skew;
use domain::time::Timestamp;
use eventstore::{AppendError, Receipt};
use projections::custody::{self, Row};
use projections::story::Thing;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Scans in one batch at most.
pub const BATCH_MAX: usize = 500;

/// A batch, as a device sends it.
#[derive(Deserialize, ToSchema)]
pub struct Batch {
    /// The device's wall clock when it sent the batch, milliseconds since 1970 UTC: its skew is judged by it.
    #[schema(value_type = i64)]
    sent_at: Timestamp,
    /// How long the last batch took there and back, milliseconds; 0 if unknown.
    #[serde(default)]
    round_trip_ms: i64,
    /// At most 500 scans. Each is read by itself: one that cannot be read does not hold up the others.
    #[schema(value_type = Vec<Wire>)]
    scans: Vec<Box<RawValue>>,
}

/// The answer to a batch: one result for each scan, in its order.
#[derive(Serialize, ToSchema)]
pub struct Answer {
    /// The log position that holders and next hops reflect at least.
    pub position: i64,
    /// Which life of the log this is. If it changes, a copy was restored: send again what was acknowledged lately.
    pub epoch: i64,
    /// This device was revoked: what it sends is kept and put aside. Hand it in at a desk.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub device_revoked: bool,
    pub results: Vec<Outcome>,
}

/// What became of one scan.
#[derive(Serialize, ToSchema)]
pub struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_id: Option<uuid::Uuid>,
    /// `recorded`; `stray` (recorded too, though its label or site is unknown here); `duplicate` (recorded before);
    /// `refused` (see `problem`; it is not recorded).
    pub status: &'static str,
    /// For a duplicate, what it was the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_status: Option<&'static str>,
    /// What it meant: the name of the stored event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<uuid::Uuid>,
    /// Its place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    #[schema(value_type = Vec<String>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// Who has the thing now, seen through its bags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<HolderView>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<SiteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl Outcome {
    fn refused(scan_id: Option<ScanId>, problem: Problem) -> Self {
        Self {
            scan_id: scan_id.map(|id| id.0),
            status: "refused",
            first_status: None,
            action: None,
            subject: None,
            position: None,
            flags: Vec::new(),
            holder: None,
            next_hop: None,
            problem: Some(problem),
        }
    }
}

/// Records scans. The answer comes after they are safe on disk.
#[utoipa::path(post, path = "/scans", tag = "scans", request_body = Batch, responses(
    (status = 200, body = Answer),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 413, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn post(State(app): State<App>, permit: Permit, Body(batch): Body<Batch>) -> Result<Json<Answer>, Problem> {
    if batch.scans.len() > BATCH_MAX {
        return Err(too_large());
    }
    let skew = judge_skew(app.now(), batch.sent_at, batch.round_trip_ms);
    let wires: Vec<Result<Wire, Problem>> = batch.scans.iter().map(|raw| read(raw)).collect();
    let results = record(&app, &permit.who, wires, skew).await?;
    // Of this process: another's appends may be beyond it, and the holders reflect at least this.
    let position = *app.log().doorbell().borrow();
    let device_revoked = matches!(&permit.who, Principal::Device(device) if device.revoked);
    Ok(Json(Answer { position, epoch: app.log().epoch(), device_revoked, results }))
}

/// Records scans, whoever brought them: a result for each, in their order.
///
/// # Errors
/// The log's or the database's own; what is wrong with one scan is in its place.
pub async fn record(
    app: &App,
    who: &Principal,
    wires: Vec<Result<Wire, Problem>>,
    skew: i64,
) -> Result<Vec<Outcome>, Problem> {
    let prepared = prepare(app, who, wires, skew).await?;
    let mut results: Vec<Option<Outcome>> = Vec::with_capacity(prepared.len());
    let mut asked = Vec::new();
    for one in prepared {
        match one {
            Prepared::Refused(scan, problem) => results.push(Some(Outcome::refused(scan, problem))),
            Prepared::Append(append) => {
                results.push(None);
                asked.push(append);
            }
        }
    }
    let ids: Vec<ScanId> = asked.iter().map(|append| append.id).collect();
    app.metrics().scans.inc_by(asked.len() as u64);
    let receipts = if asked.is_empty() { Vec::new() } else { app.log().append(asked).await? };
    let mut told = tell(app, ids.into_iter().zip(receipts).collect()).await?.into_iter();
    Ok(results.into_iter().filter_map(|result| result.or_else(|| told.next())).collect())
}

fn read(raw: &RawValue) -> Result<Wire, Problem> {
    serde_json::from_str(raw.get()).map_err(Problem::invalid)
}

/// Answers with what each scan meant, and with who has the things now.
async fn tell(app: &App, receipts: Vec<(ScanId, Result<Receipt, AppendError>)>) -> Result<Vec<Outcome>, Problem> {
    let things: Vec<Thing> =
        receipts.iter().filter_map(|(_, receipt)| Thing::of(receipt.as_ref().ok()?.events.first()?.stream)).collect();
    let rows = custody::find(app.db(), app.region(), &things).await?;
    let bags: Vec<Thing> = rows.values().filter_map(|(row, _)| row.outer_bag).map(Thing::Bag).collect();
    let bags = custody::find(app.db(), app.region(), &bags).await?;
    Ok(receipts.into_iter().map(|(scan, receipt)| outcome(scan, receipt, &rows, &bags)).collect())
}

type Rows = HashMap<Thing, (Row, i64)>;

fn outcome(scan: ScanId, receipt: Result<Receipt, AppendError>, rows: &Rows, bags: &Rows) -> Outcome {
    let receipt = match receipt {
        Ok(receipt) => receipt,
        Err(error) => return Outcome::refused(Some(scan), error.into()),
    };
    let Some(first) = receipt.events.first() else {
        return Outcome::refused(Some(scan), Problem::internal(&"a receipt without an event"));
    };
    let flags = first.event.source.flags.clone();
    let stray = flags.iter().any(|flag| matches!(flag, Flag::UnknownLabel | Flag::UnknownSite));
    let status = if stray { "stray" } else { "recorded" };
    let row = Thing::of(first.stream).and_then(|thing| rows.get(&thing)).map(|(row, _)| row);
    let (holder, next_hop) = row.map_or((None, None), |row| whereabouts(row, bags));
    Outcome {
        scan_id: Some(scan.0),
        status: if receipt.duplicate { "duplicate" } else { status },
        first_status: receipt.duplicate.then_some(status),
        action: Some(first.event.fact.name()),
        subject: Some(first.stream.uuid()),
        position: Some(first.position),
        flags,
        holder,
        next_hop,
        problem: None,
    }
}

fn whereabouts(row: &Row, bags: &Rows) -> (Option<HolderView>, Option<SiteId>) {
    let bag = row.outer_bag.and_then(|bag| bags.get(&Thing::Bag(bag))).map(|(bag, _)| bag);
    let place = bag.unwrap_or(row);
    let holder: &Holder = &place.custody.holder;
    (Some(HolderView(holder.clone())), place.next_hop.clone())
}

/// Names of kinds of labels that move, for messages.
#[must_use]
pub fn moves(kind: CodeKind) -> bool {
    matches!(kind, CodeKind::Dossier | CodeKind::Bag)
}
