//! A county full of papers, laid down in bulk: through the log's own writer but without folding, which a rebuild does
//! afterwards. For measuring (`bench`) and for the tests that look at the plans of what pages ask.
pub mod life;

use super::close;
use crate::app::{App, Setup, Tasks};
use domain::id::{ItemId, Region, ScanId, SiteId};
use domain::network::SiteKind;
use eventstore::{Append, Clock, Db, Log};
use life::{Amount, CASES, Places};
use registers::label::{Mint, mint};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Rounds in one message to the writer, and in one transaction of labels.
const MESSAGE: u64 = 15;
/// Every tenth case has a receipt, whose label is minted.
pub const RECEIPTS: u64 = 10;

/// What was laid down, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Laid {
    pub amount: Amount,
    pub events: i64,
    pub seconds: f64,
}

impl std::fmt::Display for Laid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each_second = self.events as f64 / self.seconds;
        write!(f, "{} events of {} dossiers, {each_second:.0} a second", self.events, self.amount.dossiers())
    }
}

/// Opens an application over a database, with keys that seal nothing which is to be read again.
///
/// # Errors
/// The database's own.
pub async fn open(database: &str, region: Region, clock: Clock) -> anyhow::Result<(App, Tasks)> {
    Ok(App::open(Db::open(database).await?, region, clock, Setup::passing("")?).await?)
}

/// Lays down an amount; the database holds the registers and no papers yet.
/// Read models are not built.
///
/// # Errors
/// The database's own.
pub async fn lay(database: &str, region: Region, clock: Clock, amount: Amount) -> anyhow::Result<Laid> {
    let (app, tasks) = open(database, region, clock.clone()).await?;
    let places = places(&app)?;
    let began = Instant::now();
    labels(&app, amount, &places).await?;
    close(app, tasks).await;
    let db = Db::open(database).await?;
    let (log, writer) = Log::open(db.clone(), region, clock.clone(), None).await?;
    let (mut events, places) = (0, Arc::new(places));
    for first in (0..amount.rounds()).step_by(MESSAGE as usize) {
        let rounds = first..(first + MESSAGE).min(amount.rounds());
        for receipt in log.append(rounds.map(|round| request(amount, round, &places)).collect()).await? {
            events = receipt?.events.last().map_or(events, |event| event.position);
        }
    }
    drop(log);
    writer.await?;
    db.close().await;
    Ok(Laid { amount, events, seconds: began.elapsed().as_secs_f64() })
}

/// The same, and then every read model from the log, in one go.
///
/// # Errors
/// The database's own.
pub async fn lay_and_build(database: &str, region: Region, clock: Clock, amount: Amount) -> anyhow::Result<Laid> {
    let laid = lay(database, region, clock.clone(), amount).await?;
    let (app, tasks) = open(database, region, clock).await?;
    app.build_anew().await?;
    app.db().analyze().await?;
    close(app, tasks).await;
    Ok(laid)
}

/// The places of the county whose registers the database holds.
///
/// # Errors
/// There is no centre, hub, department or item.
pub fn places(app: &App) -> anyhow::Result<Places> {
    let known = app.known();
    let of = |kind: SiteKind| -> anyhow::Result<Vec<SiteId>> {
        let mut sites: Vec<SiteId> =
            known.sites.values().filter(|site| site.kind == kind).map(|site| site.id.clone()).collect();
        sites.sort_by_key(|site| (!site.as_str().starts_with('t'), site.clone()));
        anyhow::ensure!(!sites.is_empty(), "the registers hold no site of kind {kind:?}");
        Ok(sites)
    };
    let mut items: Vec<ItemId> = known.items.keys().cloned().collect();
    items.sort();
    anyhow::ensure!(!items.is_empty(), "the registers hold no item");
    let hub = of(SiteKind::Hub)?.swap_remove(0);
    Ok(Places { towns: of(SiteKind::Centre)?, hub, departments: of(SiteKind::Department)?, items })
}

/// Mints every label, and the receipts' with their cases.
async fn labels(app: &App, amount: Amount, places: &Places) -> anyhow::Result<()> {
    for first in (0..amount.rounds()).step_by(5 * MESSAGE as usize) {
        let mut tx = app.db().begin().await?;
        let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
        for number in first..(first + 5 * MESSAGE).min(amount.rounds()) {
            let round = amount.round(number, places);
            let (codes, site) = (round.labels(), Some(round.town));
            mint(&mut tx, &change, Mint { codes: &codes, batch: Uuid::from_u128(u128::from(number)), site }).await?;
            for each in (0..CASES).step_by(RECEIPTS as usize) {
                mint(&mut tx, &change, Mint { codes: &[round.receipt(each)], batch: round.case(each).0, site }).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

/// One round: one request.
fn request(amount: Amount, number: u64, places: &Arc<Places>) -> Append {
    let (id, places) = (ScanId(Uuid::from_u64_pair(number, 0xbe7c)), places.clone());
    let decide =
        move |_: &eventstore::Streams, recorded_at| Ok(amount.round(number, &places).events(amount, id, recorded_at));
    Append { id, content_hash: [0; 32], reads: Vec::new(), decide: Arc::new(decide) }
}
