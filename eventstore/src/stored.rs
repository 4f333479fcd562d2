//! An event as it lies in the log, and reading it back. Bodies are handed on as the text that was written.
use domain::event::{DecodeError, Event};
use domain::id::ScanId;
use domain::stream::{AnyEvent, AnyFact, StreamId};
use domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredEvent {
    pub position: i64,
    pub stream_kind: String,
    pub stream_id: Uuid,
    pub version: i64,
    pub scan_id: Uuid,
    pub ordinal: i64,
    pub content_hash: Vec<u8>,
    pub name: String,
    pub schema_version: i64,
    pub occurred_at: i64,
    pub recorded_at: i64,
    pub body: String,
}

/// Every column of [`StoredEvent`], for `select`.
pub(crate) const COLUMNS: &str = "position, stream_kind, stream_id, version, scan_id, ordinal, content_hash, name, \
                                  schema_version, occurred_at, recorded_at, body";

/// A stored event that cannot be read. Nothing is skipped: whoever meets it stops and says so.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("event {position} lies in a stream of unknown kind `{kind}`; a newer program wrote it")]
    Kind { position: i64, kind: String },
    #[error("event {position}: {source}")]
    Body { position: i64, source: DecodeError },
}

impl StoredEvent {
    /// The stream it lies in.
    ///
    /// # Errors
    /// An unknown kind of stream.
    pub fn stream(&self) -> Result<StreamId, Unreadable> {
        StreamId::of(&self.stream_kind, self.stream_id)
            .ok_or_else(|| Unreadable::Kind { position: self.position, kind: self.stream_kind.clone() })
    }

    /// The event as the domain sees it.
    ///
    /// # Errors
    /// A body that this program cannot read.
    pub fn decode(&self) -> Result<(StreamId, AnyEvent), Unreadable> {
        let stream = self.stream()?;
        let version = i32::try_from(self.schema_version).unwrap_or(i32::MAX);
        let (source, fact) = AnyFact::decode(stream, &self.name, version, &self.body)
            .map_err(|source| Unreadable::Body { position: self.position, source })?;
        let event = Event {
            scan: ScanId(self.scan_id),
            occurred_at: Timestamp(self.occurred_at),
            recorded_at: Timestamp(self.recorded_at),
            source,
            fact,
        };
        Ok((stream, event))
    }
}
