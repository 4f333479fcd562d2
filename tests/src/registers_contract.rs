//! What the registers promise, on both engines: their own crate runs the same functions on SQLite alone.
use crate::engine::{Fresh, on_both_engines};

on_both_engines!(the_registers_keep_their_promises);

async fn the_registers_keep_their_promises(fresh: Fresh) -> anyhow::Result<()> {
    let db = fresh.db().await?;
    let kept = registers::contract::contract(&db).await.map_err(|error| anyhow::anyhow!("{error}"));
    db.close().await;
    kept
}
