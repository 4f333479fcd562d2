//! A certificate that is renewed while the server runs: its files are looked at every few seconds, and at once on SIGHUP.
//! New connections get the new one; a file that is not right changes nothing but the log.
use super::{Contents, Files, TlsError, day};
use domain::time::Timestamp;
use eventstore::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;

const LOOK: Duration = Duration::from_secs(5);
/// From then on the log reminds of the end, each day.
const REMIND_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// The certificate in force, and those to come.
pub struct Renewed(watch::Receiver<Arc<ServerConfig>>);

impl Renewed {
    /// Reads the files, and goes on looking at them until this is dropped.
    ///
    /// # Errors
    /// What is wrong with them now.
    pub async fn open(files: Files) -> Result<Self, TlsError> {
        let contents = files.read().await?;
        let identity = files.identity(&contents, Clock::System.now())?;
        tracing::info!(until = %day(identity.ends), "the certificate is valid");
        let (sender, receiver) = watch::channel(identity.config);
        let keeper = Keeper { files, last: contents, ends: identity.ends, reminded: Timestamp(0), sender };
        tokio::spawn(keeper.keep());
        Ok(Self(receiver))
    }

    pub(crate) fn into_receiver(self) -> watch::Receiver<Arc<ServerConfig>> {
        self.0
    }
}

struct Keeper {
    files: Files,
    /// What was looked at last, good or not: each change is spoken of once.
    last: Contents,
    ends: Timestamp,
    reminded: Timestamp,
    sender: watch::Sender<Arc<ServerConfig>>,
}

impl Keeper {
    async fn keep(mut self) {
        let mut hang_ups = HangUps::new();
        loop {
            tokio::select! {
                () = self.sender.closed() => return,
                () = hang_ups.next() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = Clock::System.now();
            self.look(now).await;
            self.remind(now);
        }
    }

    async fn look(&mut self, now: Timestamp) {
        // A file that is just being replaced is there again at the next look.
        let Ok(contents) = self.files.read().await else { return };
        if contents == self.last {
            return;
        }
        match self.files.identity(&contents, now) {
            Ok(identity) => {
                tracing::info!(until = %day(identity.ends), "a new certificate is in force");
                self.ends = identity.ends;
                self.sender.send_replace(identity.config);
            }
            Err(error) => {
                tracing::error!(%error, "the certificate changed and cannot be used: the one before serves on");
            }
        }
        self.last = contents;
    }

    fn remind(&mut self, now: Timestamp) {
        if self.ends.0 - now.0 < REMIND_MS && now.0 - self.reminded.0 >= DAY_MS {
            tracing::warn!(ends = %day(self.ends), "the certificate ends soon: `liuzhuan tls renew` makes a new one");
            self.reminded = now;
        }
    }
}

/// SIGHUP, where there is one.
struct HangUps {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HangUps {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}
