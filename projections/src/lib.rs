//! What we show: read models, folded from the log and rebuilt from it at any time.
//!
//! Custody is written in the append transaction ([`Custodian`]), so that readers see their own scans; the rest follows
//! the log ([`follower`]). A row is a pure fold of whole histories, saved with the position it reflects: nothing here is
//! ever migrated, and no decision reads it.
//!
//! To add one: a file with its table, `fold` and queries; a line in [`model::MODELS`]; if it follows, a line in
//! [`follower::FOLLOWERS`].
pub mod affected;
pub mod bags;
pub mod county;
pub mod custody;
pub mod exceptions;
pub mod expected;
pub mod follower;
pub mod model;
pub mod queues;
pub mod rebuild;
pub mod search;
pub mod stays;
pub mod stocktake;
pub mod story;
pub mod visits;

pub use custody::Custodian;
pub use visits::Scope;
