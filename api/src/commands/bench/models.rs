//! Read models: how fast they are built anew, beside merely reading the same events; and how long it takes to start.
use super::figures::{Board, Sample};
use crate::app::App;
use crate::commands::laying::open;
use domain::id::Region;
use eventstore::Clock;
use tokio::time::Instant;

const READING: &str = "reading every event";
const REBUILDING: &str = "rebuilding every read model";
/// Events in a page of the yardstick.
const PAGE: i64 = 5000;

/// One round.
pub(super) async fn measure(app: &App, board: &mut Board) -> anyhow::Result<()> {
    if !board.wants(READING) && !board.wants(REBUILDING) {
        return Ok(());
    }
    let (began, mut read) = (Instant::now(), 0);
    loop {
        let page = app.log().after(read, PAGE).await?;
        let Some(last) = page.last() else { break };
        read = last.position;
    }
    board.add(READING, None, rate(read, began));
    let began = Instant::now();
    let built = projections::rebuild::rebuild(&app.surroundings()).await?;
    board.add(REBUILDING, Some(READING), rate(built, began));
    Ok(())
}

fn rate(events: i64, began: Instant) -> Sample {
    Sample { per_second: events as f64 / began.elapsed().as_secs_f64(), micros: Vec::new() }
}

/// From nothing to ready, on the log as it lies there; the first time builds the read models.
pub(super) async fn start_up(database: &str, region: Region) -> anyhow::Result<String> {
    let (app, tasks) = open(database, region, Clock::System).await?;
    projections::rebuild::rebuild(&app.surroundings()).await?;
    crate::commands::close(app, tasks).await;
    let began = Instant::now();
    let (app, tasks) = open(database, region, Clock::System).await?;
    let head = app.log().head_row().await?.position;
    let ready = began.elapsed();
    crate::commands::close(app, tasks).await;
    Ok(format!("{:.0} ms to ready on {head} events", ready.as_secs_f64() * 1000.0))
}
