//! Memory, measured from outside: the same executable serving and rebuilding, and the most it ever held, as Linux counts.
use anyhow::Context;
use domain::id::Region;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a server and a rebuild hold at most.
pub(super) async fn of_children(database: &str, region: Region, scale: u32) -> anyhow::Result<String> {
    // A vault of its own: the measuring program's passing keys sealed nothing.
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let keys = folder.path().join("vault.key");
    let made =
        Command::new(std::env::current_exe()?).args(["vault", "key"]).arg(&keys).stdout(Stdio::null()).status()?;
    anyhow::ensure!(made.success(), "no vault key could be made");
    let rebuild = most_held(database, region, "rebuild", None, &keys).await?;
    let serve = most_held(database, region, "serve", Some(Duration::from_secs(3)), &keys).await?;
    Ok(format!(
        "at most {serve} MB serving and {rebuild} MB rebuilding, laid down {scale} events and what the rounds added"
    ))
}

/// Runs a command until it ends, or for a time, and returns the most memory it held, megabytes.
async fn most_held(
    database: &str,
    region: Region,
    command: &str,
    time: Option<Duration>,
    keys: &Path,
) -> anyhow::Result<u64> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([
            command,
            "--database",
            database,
            "--region",
            &region.to_string(),
            "--listen",
            "127.0.0.1:0",
            "--log",
            "error",
        ])
        .env("LIUZHUAN_VAULT_KEY_FILE", keys)
        .stdout(Stdio::null())
        .spawn()
        .context("this executable again")?;
    let status = format!("/proc/{}/status", child.id());
    let began = tokio::time::Instant::now();
    let mut most = 0;
    loop {
        if let Some(ended) = child.try_wait()? {
            anyhow::ensure!(time.is_some() && most > 0 || ended.success(), "`liuzhuan {command}` ended with {ended}");
            break;
        }
        most = most.max(high_water(&std::fs::read_to_string(&status).unwrap_or_default()));
        if time.is_some_and(|time| began.elapsed() > time) {
            child.kill()?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(most / 1000)
}

/// `VmHWM`, kilobytes.
fn high_water(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
