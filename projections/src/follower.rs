//! The followers: read models that follow the log in order, each with its checkpoint in the transaction of its rows.
//!
//! Woken by the doorbell and by a timer (another node's appends ring no bell here). On SQLite a turn of writing is short,
//! because scans wait behind it. What cannot be read stops its follower, which says so; nothing is skipped.
use crate::model::{Life, Model, advance, checkpoint};
use crate::story::{Thing, load};
use crate::visits::{self, Visit};
use crate::{affected, exceptions, search};
use domain::id::{Region, SubjectId};
use domain::network::Networks;
use domain::stay::Bags;
use domain::stream::StreamId;
use eventstore::{Access, Appended, LoadError, Log, Streams, Tx};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A model that follows the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follower {
    Exceptions,
    Search,
}

/// Every follower.
pub const FOLLOWERS: [Follower; 2] = [Follower::Exceptions, Follower::Search];

/// Events folded in one turn: a turn writes for about 20 ms at most.
const TURN: i64 = 200;
/// How long a follower waits for the bell before it looks by itself.
const LOOK: Duration = Duration::from_millis(500);

/// Which labels are unknown here; asked of the registers.
pub type UnknownLabels = Arc<dyn Fn(Vec<SubjectId>) -> UnknownFuture + Send + Sync>;
/// The answer to [`UnknownLabels`].
pub type UnknownFuture = std::pin::Pin<Box<dyn Future<Output = Result<HashSet<SubjectId>, sqlx::Error>> + Send>>;

/// What all followers share.
#[derive(Clone)]
pub struct Surroundings {
    pub log: Log,
    pub networks: watch::Receiver<Arc<Networks>>,
    pub unknown_labels: UnknownLabels,
}

impl Follower {
    /// Its model.
    #[must_use]
    pub fn model(self) -> &'static Model {
        match self {
            Self::Exceptions => &exceptions::MODEL,
            Self::Search => &search::MODEL,
        }
    }

    /// Follows until the log is closed. `progress` is told each new position; an error is logged and tried again.
    pub async fn run(self, around: Surroundings, progress: watch::Sender<i64>, mut stop: watch::Receiver<bool>) {
        let (mut bell, mut streams) = (around.log.doorbell(), Streams::default());
        while !*stop.borrow() {
            match self.turn(&around, &mut streams).await {
                Ok(Some(position)) => {
                    progress.send_replace(position);
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, follower = self.model().name, "a follower stands still");
                    streams.clear();
                }
            }
            tokio::select! {
                rung = bell.changed() => if rung.is_err() { return },
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => return,
            }
        }
    }

    /// One turn. The new position, or `None` if there is nothing to do. `streams` is what the turn before left in memory.
    ///
    /// # Errors
    /// The database's, or an event that cannot be read.
    pub async fn turn(self, around: &Surroundings, streams: &mut Streams) -> Result<Option<i64>, LoadError> {
        let (db, region, name) = (around.log.db(), around.log.region(), self.model().name);
        let from = checkpoint(db, region, name).await?;
        let page = around.log.after(from, TURN).await?;
        let Some(to) = page.last().map(|event| event.position) else { return Ok(None) };
        let mut appended = Vec::with_capacity(page.len());
        for row in &page {
            let (stream, event) = row.decode()?;
            appended.push(Appended { position: row.position, stream, event });
        }
        if page[0].position != streams.up_to() + 1 {
            streams.clear();
        }
        streams.follow(&appended);
        let folded = self.fold(around, streams, &appended).await?;
        let mut tx = db.begin().await?;
        if !advance(&mut tx, region, name, from, to).await? {
            tx.rollback().await?;
            streams.clear();
            return Ok(None);
        }
        folded.save(&mut tx, region, Life::Live).await?;
        tx.commit().await?;
        Ok(Some(to))
    }

    async fn fold(
        self,
        around: &Surroundings,
        streams: &mut Streams,
        appended: &[Appended],
    ) -> Result<Folded, LoadError> {
        match self {
            Self::Exceptions => {
                let (mut access, region) = (Access::Db(around.log.db()), around.log.region());
                streams.load(&mut access, region, appended.iter().map(|appended| appended.stream)).await?;
                let things = affected::things(&mut access, region, streams, appended, Life::Live).await?;
                let cases = appended.iter().map(|appended| appended.stream);
                let of_cases = visits_of_cases(cases, streams);
                Ok(fold_exceptions(around, &mut access, streams, things).await?.with(of_cases))
            }
            Self::Search => Ok(Folded::Terms(search::of_events(appended))),
        }
    }
}

/// Folds exceptions of things whose streams may not be loaded yet.
pub(crate) async fn fold_exceptions(
    around: &Surroundings,
    access: &mut Access<'_>,
    streams: &mut Streams,
    things: Vec<Thing>,
) -> Result<Folded, LoadError> {
    let bags = load(access, around.log.region(), streams, &things).await?;
    exceptions_of(around, streams, &bags, things).await
}

/// Folds exceptions of things that are loaded with their bags.
pub(crate) async fn exceptions_of(
    around: &Surroundings,
    streams: &Streams,
    bags: &Bags,
    things: Vec<Thing>,
) -> Result<Folded, LoadError> {
    let unknown = (around.unknown_labels)(things.iter().map(|thing| thing.id()).collect()).await?;
    let networks = around.networks.borrow().clone();
    let (rows, visits) = exceptions::fold(&things, streams, bags, &networks, &unknown);
    Ok(Folded::Exceptions { things, rows, visits })
}

/// The visits of the cases among some streams that are loaded.
pub(crate) fn visits_of_cases(among: impl Iterator<Item = StreamId>, streams: &Streams) -> Vec<Visit> {
    let of = |stream| match stream {
        StreamId::Case(id) => streams.case(id).arrived().flat_map(|event| visits::of_case(id, event)).collect(),
        StreamId::Dossier(_) | StreamId::Bag(_) => Vec::new(),
    };
    among.flat_map(of).collect()
}

/// Rows that a turn saves.
pub(crate) enum Folded {
    Exceptions { things: Vec<Thing>, rows: Vec<exceptions::Row>, visits: Vec<Visit> },
    Terms(Vec<search::Hit>),
}

impl Folded {
    /// With the visits of cases, which are no things.
    pub(crate) fn with(mut self, of_cases: Vec<Visit>) -> Self {
        if let Self::Exceptions { visits, .. } = &mut self {
            visits.extend(of_cases);
        }
        self
    }

    pub(crate) async fn save(&self, tx: &mut Tx, region: Region, life: Life) -> Result<(), sqlx::Error> {
        match self {
            Self::Exceptions { things, rows, visits } => {
                exceptions::replace(tx, region, things, rows, life).await?;
                visits::replace(tx, region, things, visits, life).await
            }
            Self::Terms(terms) => search::save(tx, region, terms, life).await,
        }
    }
}

/// Runs every follower until `stop` turns true. Returns where each stands, for `/readyz`, `/metrics` and readers who wait.
pub fn start(
    around: &Surroundings,
    stop: &watch::Receiver<bool>,
) -> Vec<(Follower, watch::Receiver<i64>, tokio::task::JoinHandle<()>)> {
    let run = |follower: Follower| {
        let (progress, seen) = watch::channel(0);
        let task = tokio::spawn(follower.run(around.clone(), progress, stop.clone()));
        (follower, seen, task)
    };
    FOLLOWERS.into_iter().map(run).collect()
}

/// Folds things anew that something outside the log changed: labels that became known.
///
/// # Errors
/// The database's, or an event that cannot be read.
pub async fn refresh(around: &Surroundings, things: Vec<Thing>) -> Result<(), LoadError> {
    let region = around.log.region();
    for chunk in things.chunks(200) {
        let mut tx = around.log.db().begin().await?;
        let mut streams = Streams::default();
        streams.load(&mut Access::Tx(&mut tx), region, chunk.iter().map(|thing| thing.stream())).await?;
        let touched = chunk.iter().copied().filter(|thing| streams.version(thing.stream()) > 0).collect();
        let folded = fold_exceptions(around, &mut Access::Tx(&mut tx), &mut streams, touched).await?;
        folded.save(&mut tx, region, Life::Live).await?;
        tx.commit().await?;
    }
    Ok(())
}
