//! What every handler holds: the log, the registers as they are now, the followers' positions.
mod known;
mod setup;

use crate::access::attempts::Attempts;
use crate::access::hashing::Hashing;
use crate::notices::Notices;
use crate::printers::Printers;
use crate::problem::Problem;
use domain::code::Code;
use domain::id::{Region, SubjectId};
use domain::network::Networks;
use domain::time::Timestamp;
use eventstore::db::OpenError;
use eventstore::{Clock, Db, LoadError, Log};
use projections::follower::{Follower, Surroundings, UnknownLabels};
use projections::{Custodian, model, rebuild};
use registers::device::Devices;
use registers::person::People;
use registers::record::{Entry, Recorder};
use registers::secret;
use registers::vault::{Vault, VaultError};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use known::Known;
pub use setup::Setup;

/// Shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    log: Log,
    known: watch::Sender<Arc<Known>>,
    networks: watch::Sender<Arc<Networks>>,
    /// Held from reading registers to putting them in place: what was read earlier must not replace what was read later.
    reading: tokio::sync::Mutex<()>,
    followers: Vec<(Follower, watch::Receiver<i64>)>,
    metrics: crate::metrics::Metrics,
    public_host: Option<String>,
    origin: String,
    printers: Printers,
    notices: Notices,
    vault: Vault,
    recorder: Recorder,
    attempts: Attempts,
    hashing: Hashing,
    /// Hash of the code for the first administrator, while there is none.
    first_code: std::sync::Mutex<Option<Vec<u8>>>,
    /// To which position opening built every read model, if that was needed.
    built_at_opening: Option<i64>,
    stop: watch::Sender<bool>,
}

/// Tasks that end after [`App::stop`].
pub struct Tasks {
    writer: JoinHandle<()>,
    recorder: JoinHandle<()>,
    followers: Vec<JoinHandle<()>>,
    refresh: JoinHandle<()>,
    notices: Vec<JoinHandle<()>>,
}

/// Why the application cannot start, or its registers cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Registers(#[from] registers::Error),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Sql(#[from] sqlx_error::Error),
}

/// The database's error, by way of the event store: only the crates below speak SQL.
mod sqlx_error {
    pub use eventstore::db::SqlError as Error;
}

/// How often the registers' revision is asked for, so that another process's import is noticed.
const REFRESH: Duration = Duration::from_secs(1);

impl App {
    /// Opens everything over a database: migrates, builds read models whose version changed, starts writer and followers.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn open(db: Db, region: Region, clock: Clock, setup: Setup) -> Result<(Self, Tasks), AppError> {
        registers::migrate(&db).await?;
        model::prepare(&db).await?;
        let known = Arc::new(Known::load(&db, region, clock.now()).await?);
        let (networks, _) = watch::channel(known.networks.clone());
        let (known, _) = watch::channel(known);
        let custodian = Arc::new(Custodian::new(networks.subscribe()));
        let vault = Vault::open(&db, region, setup.keys, clock.now()).await?;
        let (recorder, recording) = Recorder::start(db.clone(), region, clock.clone());
        let (log, writer) = Log::open(db, region, clock, Some(custodian)).await?;
        let around = surroundings(&log, networks.subscribe());
        let mut built_at_opening = None;
        if log.head_row().await?.position == 0 {
            model::begin_empty(log.db(), region).await?;
        } else if !model::is_built(log.db(), region).await? {
            tracing::info!("read models are built from the log");
            built_at_opening = Some(rebuild::rebuild(&around).await?);
        }
        if let Some(notices) = &setup.notices {
            crate::notices::switch_on(&log, notices).await?;
        }
        let (stop, stopped) = watch::channel(false);
        let mut followers = Vec::new();
        let mut tasks = Vec::new();
        for (follower, position, task) in projections::follower::start(&around, &stopped) {
            followers.push((follower, position));
            tasks.push(task);
        }
        let metrics = crate::metrics::Metrics::default();
        let (attempts, hashing, first_code) = (Attempts::default(), Hashing::default(), std::sync::Mutex::default());
        let app = Self(Arc::new(Inner {
            log,
            known,
            networks,
            reading: tokio::sync::Mutex::default(),
            followers,
            metrics,
            public_host: setup.public_host,
            origin: setup.origin,
            printers: setup.printers,
            notices: setup.notices.unwrap_or_default(),
            vault,
            recorder,
            attempts,
            hashing,
            first_code,
            built_at_opening,
            stop,
        }));
        let tell = !app.notices().channels.is_empty();
        let notices = if tell { crate::notices::start(&app, &stopped) } else { Vec::new() };
        let refresh = tokio::spawn(app.clone().refresh_until(stopped));
        Ok((app, Tasks { writer, recorder: recording, followers: tasks, refresh, notices }))
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        self.0.log.db()
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> Region {
        self.0.log.region()
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.log.clock().now()
    }

    /// The registers as last read.
    #[must_use]
    pub fn known(&self) -> Arc<Known> {
        self.0.known.borrow().clone()
    }

    /// Counters for `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> &crate::metrics::Metrics {
        &self.0.metrics
    }

    /// The host printed on labels, if one is configured.
    #[must_use]
    pub fn public_host(&self) -> Option<&str> {
        self.0.public_host.as_deref()
    }

    /// Where browsers find this server.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Label printers.
    #[must_use]
    pub fn printers(&self) -> &Printers {
        &self.0.printers
    }

    /// Channels by which applicants are told.
    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.0.notices
    }

    /// Who the applicants are, and free texts.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Counts of what may not be tried too often.
    #[must_use]
    pub fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// The queue before the hashing of remembered secrets.
    #[must_use]
    pub fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    /// Writes an entry into the record, and waits until it is safe: what cannot be recorded is not done.
    ///
    /// # Errors
    /// The record cannot take it now.
    pub async fn record(&self, entry: &Entry) -> Result<(), Problem> {
        self.0.recorder.record(entry).await.map(|_| ()).map_err(Problem::from)
    }

    /// Draws a code for the first administrator, if there is none yet. It is good until the server ends.
    #[must_use]
    pub fn draw_first_code(&self) -> Option<String> {
        let code = self.known().people.has_no_administrator().then(|| secret::draw_typed(&mut rand::rng()))?;
        *self.0.first_code.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret::hash(&code));
        Some(code)
    }

    /// Whether a code is the one for the first administrator.
    #[must_use]
    pub fn takes_first_code(&self, typed: &str) -> bool {
        let typed = secret::hash(&secret::normal_typed(typed));
        *self.0.first_code.lock().unwrap_or_else(PoisonError::into_inner) == Some(typed)
    }

    /// Where each follower stands.
    #[must_use]
    pub fn followers(&self) -> &[(Follower, watch::Receiver<i64>)] {
        &self.0.followers
    }

    /// Builds every read model anew, if opening did not just do so. The position all of them reflect.
    ///
    /// # Errors
    /// See [`rebuild::rebuild`].
    pub async fn build_anew(&self) -> Result<i64, LoadError> {
        match self.0.built_at_opening {
            Some(position) => Ok(position),
            None => rebuild::rebuild(&self.surroundings()).await,
        }
    }

    /// What rebuilding and refreshing need.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        surroundings(&self.0.log, self.0.networks.subscribe())
    }

    /// Reads the registers again if they changed.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn refresh(&self) -> Result<(), AppError> {
        let _reading = self.0.reading.lock().await;
        if registers::revision::current(self.db(), self.region()).await? == self.known().revision {
            return Ok(());
        }
        let known = Arc::new(Known::load(self.db(), self.region(), self.now()).await?);
        self.0.networks.send_replace(known.networks.clone());
        self.0.known.send_replace(known);
        Ok(())
    }

    /// Reads the devices again, and nothing else: enrolling a hundred must not cost a hundred networks. The revision stays
    /// as it was, so that whatever else changed is still noticed.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn refresh_devices(&self) -> Result<(), AppError> {
        let _reading = self.0.reading.lock().await;
        let devices = Devices::load(self.db(), self.region()).await?;
        self.0.known.send_modify(|known| *known = Arc::new(Known { devices, ..(**known).clone() }));
        Ok(())
    }

    /// Reads the people again, and nothing else; as [`App::refresh_devices`].
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn refresh_people(&self) -> Result<(), Problem> {
        let _reading = self.0.reading.lock().await;
        let people = People::load(self.db(), self.region()).await?;
        self.0.known.send_modify(|known| *known = Arc::new(Known { people, ..(**known).clone() }));
        Ok(())
    }

    async fn refresh_until(self, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                () = tokio::time::sleep(REFRESH) => {}
            }
            if let Err(error) = self.refresh().await {
                tracing::error!(%error, "the registers could not be read again");
            }
        }
    }

    /// Tells followers and the live stream to end.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Turns true when the server is going down.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }
}

impl Tasks {
    /// Waits until followers have ended and everything that waited is written. Drop every [`App`] first.
    pub async fn finish(self) {
        for task in self.followers.into_iter().chain(self.notices).chain([self.refresh, self.writer, self.recorder]) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
    }
}

fn surroundings(log: &Log, networks: watch::Receiver<Arc<Networks>>) -> Surroundings {
    let (db, region) = (log.db().clone(), log.region());
    let unknown_labels: UnknownLabels = Arc::new(move |subjects: Vec<SubjectId>| {
        let db = db.clone();
        Box::pin(async move {
            let codes: Vec<Code> = subjects.iter().filter_map(|&subject| Code::of_subject(subject)).collect();
            let known = registers::label::known(&db, region, &codes).await;
            let known = known.map_err(|error| sqlx_error::Error::Decode(Box::new(error)))?;
            let unknown = codes.into_iter().filter(|code| !known.contains(code)).map(Code::subject);
            Ok(unknown.collect::<HashSet<_>>())
        })
    });
    Surroundings { log: log.clone(), networks, unknown_labels }
}
