//! What is kept beside the log: sites, legs, items, departments, calendar, shelves, devices, minted labels, notes,
//! answered requests, tokens, the outbox of notices. On both engines. Never a fact of circulation, never the clock: times are arguments.
//!
//! A register is a plain table with validity that is never edited in place: a change is a new row with a higher
//! revision ([`register`]). Whoever writes begins with [`Change::begin`], which raises the region's revision in the
//! same transaction, so that a running server sees by [`revision::current`] that another process changed something.
//!
//! To add a register: its table in `schema.rs`; a file with a `register!` row; if it comes from a spreadsheet, a reader
//! in `import/`. To add a column: one line in the row, one step in `schema.rs`.
pub mod account;
pub mod calendar;
mod column;
#[doc(hidden)]
pub mod contract;
pub mod credential;
pub mod department;
pub mod device;
pub mod error;
pub mod identity;
pub mod import;
pub mod item;
pub mod label;
pub mod leg;
pub mod network;
pub mod notice;
pub mod password;
pub mod person;
pub mod print;
pub mod record;
pub mod register;
pub mod request;
pub mod revision;
mod schema;
pub mod secret;
pub mod session;
pub mod shelf;
pub mod site;
pub mod token;
pub mod vault;
pub mod wuhua;

pub use error::Error;
pub use import::{ImportError, ImportReport, import};
pub use network::networks;
pub use register::{Dated, Register, Validity, current, find, history, list, save};
pub use revision::Change;
pub use schema::migrate;
pub use wuhua::WUHUA;
