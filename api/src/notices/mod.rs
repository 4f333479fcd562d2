//! Notices: an applicant is told that something can be fetched, once, when it is really so; and that it is not so after all, if
//! that was told. What is to be told lies in the outbox (`registers/src/notice.rs`), which this follows the log to fill
//! (`follow.rs`) and empties through channels (`send.rs`). *Ready* is what `domain/src/standing.rs` says and nothing else. A rebuild of read
//! models comes nowhere near this. To add a channel see `channel.rs`.
mod channel;
mod config;
mod email;
mod follow;
mod http;
mod quiet;
mod send;
mod sms;
mod text;
mod webhook;

pub use channel::Reaches;
pub use config::{Configured, Notices};
pub use follow::turn;
pub use http::Patience;
pub use send::{LEASE_MS, pass};
pub use text::{SMS_MAX, length};

use crate::app::App;
use eventstore::Log;
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Switches the channels of the configuration on, from where the log stands now: what happened before is not told.
///
/// # Errors
/// The database's own.
pub async fn switch_on(log: &Log, notices: &Notices) -> Result<(), registers::Error> {
    let head = log.head_row().await?.position;
    let mut tx = log.db().begin().await?;
    registers::notice::switch_on(&mut tx, log.region(), &notices.names(), head).await?;
    Ok(tx.commit().await?)
}

/// Fills and empties the outbox until `stop` turns true.
#[must_use]
pub fn start(app: &App, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let bell = Arc::new(Notify::new());
    vec![
        tokio::spawn(follow::follow(app.clone(), bell.clone(), stop.clone())),
        tokio::spawn(send::send(app.clone(), bell, stop.clone())),
    ]
}
