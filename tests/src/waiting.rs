//! Waiting for what others do, with an end.
use std::time::Duration;

/// Far longer than anything here takes, also on a crowded machine: who waits so long waits for ever.
const LONG: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(20);

/// Looks until `holds`; `what` says what never came.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let looks = async {
        while !holds().await? {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    };
    tokio::time::timeout(LONG, looks).await.unwrap_or_else(|_| anyhow::bail!("{what}: it never came"))
}
