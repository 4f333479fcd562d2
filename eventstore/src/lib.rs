//! The log: append, load, follow, on SQLite and PostgreSQL, with the promises of `docs/events.md`.
//!
//! [`Log::append`] is how anything is written: a request names the streams it reads and hands over a closure that decides.
//! [`Log::after`] is how anything is followed. Nothing is ever updated or deleted, and no reader sees a gap.
pub mod append;
pub mod backup;
pub mod bare;
pub mod clock;
pub mod db;
mod esrs_store;
mod examine;
mod log;
mod schema;
mod scrub;
pub mod statements;
mod statistics;
mod stored;
mod streams;
mod writer;

pub use append::{Append, AppendError, Appended, Receipt, Refusal, WriteError};
pub use clock::Clock;
pub use db::{Db, Tx};
pub use esrs_store::{EsrsError, EsrsStore, Streamed};
pub use examine::examine;
pub use log::{Head, Log};
pub use stored::{StoredEvent, Unreadable};
pub use streams::{Access, LoadError, State, Streams};
pub use writer::Inline;
