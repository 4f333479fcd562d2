//! The dossier: its facts, its plan, and the decisions that may be refused.
mod decide;
mod event;
mod plan;

pub use decide::{Ask, DossierCommand, DossierRefusal, LabelIs};
pub use event::*;
pub use plan::Plan;

use crate::event::Event;
use crate::history::History;

/// The aggregate.
#[derive(Debug)]
pub struct Dossier;

impl esrs::Aggregate for Dossier {
    const NAME: &'static str = "dossier";
    type State = History<DossierFact>;
    type Command = DossierCommand;
    type Event = Event<DossierFact>;
    type Error = DossierRefusal;

    fn handle_command(state: &Self::State, command: DossierCommand) -> Result<Vec<Self::Event>, DossierRefusal> {
        decide::decide(state, command)
    }

    fn apply_event(mut state: Self::State, event: Self::Event) -> Self::State {
        state.insert(event);
        state
    }
}
