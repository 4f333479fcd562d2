//! What is asked of the log, and what it answers.
use crate::streams::{LoadError, Streams};
use domain::bag::BagRefusal;
use domain::case::CaseRefusal;
use domain::dossier::DossierRefusal;
use domain::id::ScanId;
use domain::stream::{AnyEvent, StreamId};
use domain::time::Timestamp;
use std::sync::Arc;

/// Decides in memory, after the head is taken: the streams asked for are as of the head, and earlier requests of the
/// same batch are in them. May run more than once, so it must not have effects.
pub type Decide = Arc<dyn Fn(&Streams, Timestamp) -> Result<Vec<(StreamId, AnyEvent)>, Refusal> + Send + Sync>;

/// A request to append. All its events are written, or none.
#[derive(Clone)]
pub struct Append {
    /// Made by the client. A repeat gets the first receipt.
    pub id: ScanId,
    /// Over what the client fixed: the same id with other content is an error.
    pub content_hash: [u8; 32],
    /// Which streams `decide` reads.
    pub reads: Vec<StreamId>,
    /// Given the streams and `recorded_at`.
    pub decide: Decide,
}

/// An event that is in the log.
#[derive(Clone, Debug)]
pub struct Appended {
    pub position: i64,
    pub stream: StreamId,
    pub event: AnyEvent,
}

/// The answer to an [`Append`].
#[derive(Clone, Debug)]
pub struct Receipt {
    /// It was in the log before.
    pub duplicate: bool,
    pub events: Vec<Appended>,
}

/// A decision that was refused, by whichever aggregate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Dossier(#[from] DossierRefusal),
    #[error(transparent)]
    Bag(#[from] BagRefusal),
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// Optimistic concurrency: somebody appended in between.
    #[error("the stream has version {found}, not {expected}: load it again and decide anew")]
    VersionConflict { expected: usize, found: usize },
}

/// Why nothing was appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("this id was used before for other content")]
    IdReused,
    #[error("too much is waiting to be written; try again")]
    Busy,
    /// The request itself cannot be written, whoever its neighbours are.
    #[error("cannot be written: {0}")]
    Failed(Arc<WriteError>),
    #[error("the log is shutting down")]
    Closed,
}

/// What went wrong in a transaction.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("an event cannot be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    #[error("region {0} has no log; it is created when the log is opened")]
    NoRegion(domain::id::Region),
    /// From what is written in the same transaction.
    #[error("{0}")]
    Inline(String),
}
