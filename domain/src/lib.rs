//! The rules of circulation: what a scan means, who holds a dossier, what is late, and which decisions are refused.
//!
//! Pure: no I/O, no async, no clock, no randomness. Time is an argument. Applying a stored event never fails.
//!
//! Where to begin: [`scan`] is what arrives, [`table`] says what it means, [`dossier`], [`bag`] and [`case`] are the
//! three aggregates (the same files in each), [`history`] sorts their facts, [`custody`] folds them into an answer.
//! To add an event: a variant in `<aggregate>/event.rs`, then follow the compiler.
pub mod bag;
pub mod case;
pub mod code;
pub mod custody;
pub mod dossier;
pub mod event;
pub mod exception;
pub mod history;
pub mod id;
pub mod network;
pub mod reading;
pub mod scan;
pub mod shelf;
pub mod standing;
pub mod stay;
pub mod stream;
pub mod table;
pub mod tale;
pub mod time;
pub mod trail;
pub mod visit;
