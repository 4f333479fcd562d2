//! The states of streams in memory: what decisions fold. Bounded, and caught up to the head before anything is decided.
use crate::append::Appended;
use crate::statements::{Statements, filled};
use crate::stored::{COLUMNS, StoredEvent, Unreadable};
use crate::{Db, Tx, sql};
use domain::bag::BagFact;
use domain::case::CaseFact;
use domain::dossier::DossierFact;
use domain::event::Event;
use domain::history::History;
use domain::id::{CaseId, Region, SubjectId};
use domain::stream::{AnyEvent, AnyFact, StreamId};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Where streams are loaded from: inside a transaction that holds the head, or beside the writer.
pub enum Access<'a> {
    Tx(&'a mut Tx),
    Db(&'a Db),
}

impl Access<'_> {
    async fn streams(
        &mut self,
        region: Region,
        up_to: i64,
        chunk: &[StreamId],
    ) -> Result<Vec<StoredEvent>, sqlx::Error> {
        macro_rules! fetch {
            ($engine:expr) => {
                sql!($engine, c => {
                    let mut query = sqlx::query_as(LOAD.of(&c, chunk.len())).bind(i64::from(region.0)).bind(up_to);
                    for stream in chunk {
                        query = query.bind(stream.uuid());
                    }
                    query.fetch_all(c).await
                })
            };
        }
        match self {
            Self::Tx(tx) => fetch!(tx.conn()),
            Self::Db(db) => fetch!(db.read()),
        }
    }
}

/// The state of one stream.
#[derive(Clone, Debug)]
pub enum State {
    Dossier(History<DossierFact>),
    Bag(History<BagFact>),
    Case(History<CaseFact>),
}

/// Why streams cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl State {
    /// Nothing happened yet.
    #[must_use]
    pub fn empty(stream: StreamId) -> Self {
        match stream {
            StreamId::Dossier(_) => Self::Dossier(History::default()),
            StreamId::Bag(_) => Self::Bag(History::default()),
            StreamId::Case(_) => Self::Case(History::default()),
        }
    }

    /// Adds an event; one of another kind of stream is left out, which the types of streams exclude.
    pub fn insert(&mut self, event: AnyEvent) {
        let Event { scan, occurred_at, recorded_at, source, fact } = event;
        match (self, fact) {
            (Self::Dossier(history), AnyFact::Dossier(fact)) => {
                history.insert(Event { scan, occurred_at, recorded_at, source, fact });
            }
            (Self::Bag(history), AnyFact::Bag(fact)) => {
                history.insert(Event { scan, occurred_at, recorded_at, source, fact });
            }
            (Self::Case(history), AnyFact::Case(fact)) => {
                history.insert(Event { scan, occurred_at, recorded_at, source, fact });
            }
            (Self::Dossier(_) | Self::Bag(_) | Self::Case(_), _) => {}
        }
    }

    /// How many events: the stream's version.
    #[must_use]
    pub fn version(&self) -> usize {
        match self {
            Self::Dossier(history) => history.len(),
            Self::Bag(history) => history.len(),
            Self::Case(history) => history.len(),
        }
    }
}

/// Streams in memory, all as of one position.
#[derive(Debug, Default)]
pub struct Streams {
    entries: HashMap<StreamId, Entry>,
    /// Every entry reflects the log up to here.
    position: i64,
    events: usize,
    /// Where loading ends, for who follows the log; otherwise a stream is loaded whole.
    up_to: Option<i64>,
    /// Counts batches; an entry remembers the last that needed it.
    batch: u64,
}

#[derive(Debug)]
struct Entry {
    state: State,
    used: u64,
}

/// Events kept in memory before the least used streams are dropped: about 60 MB.
const EVENTS_MAX: usize = 100_000;
/// As [`EVENTS_MAX`], for a follower.
const FOLLOWED_MAX: usize = 30_000;
/// Further behind than this, dropping everything is cheaper than catching up.
const CATCH_UP_MAX: i64 = 10_000;

static LOAD: LazyLock<Statements> = LazyLock::new(|| {
    // The plus keeps SQLite from walking the positions instead of the streams.
    let head = format!("select {COLUMNS} from events where region = $1 and +position <= $2 and stream_id in (");
    Statements::keys(&head, 2, ") order by stream_id, version")
});

impl Streams {
    /// Brings every stream in memory up to `head`. Another node may have appended since.
    pub(crate) async fn catch_up(&mut self, tx: &mut Tx, region: Region, head: i64) -> Result<(), LoadError> {
        self.batch += 1;
        if head - self.position > CATCH_UP_MAX || self.entries.is_empty() {
            self.clear();
        }
        if head > self.position && !self.entries.is_empty() {
            let text: &'static str = &AFTER;
            let rows: Vec<StoredEvent> = sql!(tx.conn(), c => sqlx::query_as(text)
                .bind(i64::from(region.0)).bind(self.position).bind(head - self.position).fetch_all(c).await)?;
            for row in rows {
                let (stream, event) = row.decode()?;
                if let Some(entry) = self.entries.get_mut(&stream) {
                    entry.state.insert(event);
                    self.events += 1;
                }
            }
        }
        self.position = head;
        Ok(())
    }

    /// Loads the streams that are not in memory yet.
    ///
    /// # Errors
    /// The database's, or an event that cannot be read.
    pub async fn load(
        &mut self,
        access: &mut Access<'_>,
        region: Region,
        wanted: impl IntoIterator<Item = StreamId>,
    ) -> Result<(), LoadError> {
        let mut missing = HashSet::new();
        for stream in wanted {
            match self.entries.get_mut(&stream) {
                Some(entry) => entry.used = self.batch,
                None => {
                    missing.insert(stream);
                }
            }
        }
        let missing: Vec<StreamId> = missing.into_iter().collect();
        for &stream in &missing {
            self.entries.insert(stream, Entry { state: State::empty(stream), used: self.batch });
        }
        for list in filled(&missing) {
            let rows = access.streams(region, self.up_to.unwrap_or(i64::MAX), &list).await?;
            for row in rows {
                let (stream, event) = row.decode()?;
                self.insert(stream, event);
            }
        }
        Ok(())
    }

    /// Adds an event that is being appended.
    pub(crate) fn insert(&mut self, stream: StreamId, event: AnyEvent) {
        let used = self.batch;
        let entry = self.entries.entry(stream).or_insert_with(|| Entry { state: State::empty(stream), used });
        entry.state.insert(event);
        self.events += 1;
    }

    /// The batch was committed up to `head`; drops what was not used lately if there is too much.
    pub(crate) fn committed(&mut self, head: i64) {
        self.position = head;
        let mut keep = 64;
        while self.events > EVENTS_MAX && keep > 0 {
            let oldest = self.batch.saturating_sub(keep);
            self.entries.retain(|_, entry| entry.used > oldest);
            self.events = self.entries.values().map(|entry| entry.state.version()).sum();
            keep /= 2;
        }
    }

    /// Brings every stream in memory up to the last of `events`, which follow what it holds; what is loaded from now on
    /// ends there too. Drops everything first if there is too much.
    pub fn follow(&mut self, events: &[Appended]) {
        if self.events > FOLLOWED_MAX {
            self.clear();
        }
        for Appended { stream, event, .. } in events {
            if let Some(entry) = self.entries.get_mut(stream) {
                entry.state.insert(event.clone());
            }
        }
        self.events = self.entries.values().map(|entry| entry.state.version()).sum();
        self.up_to = events.last().map(|event| event.position).or(self.up_to);
    }

    /// Where loading ends; 0 if nothing was followed yet.
    #[must_use]
    pub fn up_to(&self) -> i64 {
        self.up_to.unwrap_or(0)
    }

    /// Keeps only some streams in memory.
    pub fn retain(&mut self, keep: impl Fn(StreamId) -> bool) {
        self.entries.retain(|&stream, _| keep(stream));
        self.events = self.entries.values().map(|entry| entry.state.version()).sum();
    }

    /// How many events are in memory, as of the last [`Self::retain`] or append.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// Forgets everything: what is in memory may not be in the log.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.events = 0;
    }

    /// A stream's version: how many events it has.
    #[must_use]
    pub fn version(&self, stream: StreamId) -> usize {
        self.entries.get(&stream).map_or(0, |entry| entry.state.version())
    }

    /// A dossier's history; empty if nothing happened or it was not asked to be loaded.
    #[must_use]
    pub fn dossier(&self, id: SubjectId) -> &History<DossierFact> {
        static EMPTY: LazyLock<History<DossierFact>> = LazyLock::new(History::default);
        match self.entries.get(&StreamId::Dossier(id)).map(|entry| &entry.state) {
            Some(State::Dossier(history)) => history,
            _ => &EMPTY,
        }
    }

    /// As [`Self::dossier`], for a bag.
    #[must_use]
    pub fn bag(&self, id: SubjectId) -> &History<BagFact> {
        static EMPTY: LazyLock<History<BagFact>> = LazyLock::new(History::default);
        match self.entries.get(&StreamId::Bag(id)).map(|entry| &entry.state) {
            Some(State::Bag(history)) => history,
            _ => &EMPTY,
        }
    }

    /// As [`Self::dossier`], for a case.
    #[must_use]
    pub fn case(&self, id: CaseId) -> &History<CaseFact> {
        static EMPTY: LazyLock<History<CaseFact>> = LazyLock::new(History::default);
        match self.entries.get(&StreamId::Case(id)).map(|entry| &entry.state) {
            Some(State::Case(history)) => history,
            _ => &EMPTY,
        }
    }
}

pub(crate) static AFTER: LazyLock<String> = LazyLock::new(|| {
    format!("select {COLUMNS} from events where region = $1 and position > $2 order by position limit $3")
});
