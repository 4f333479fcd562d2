//! Who has it: the fold of a dossier's or a bag's facts into holders, one step after another.
//!
//! Each fact moves the holder by its own fields alone, so a late scan cannot change what another meant. A stay in a bag
//! ends at the thing's own next reading or at the bag's first opening, whichever came first.
mod holder;
mod movement;
pub mod payload;
mod walk;

pub use holder::{Custody, Evidence, Holder, Reading, Sides};
pub use movement::{Move, Moves};
pub use walk::{Cause, Step, Subject, own_steps, walk};
