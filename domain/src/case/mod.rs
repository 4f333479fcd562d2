//! The case: what the law says. Where its papers are is told elsewhere, and neither is derived from the other.
mod decide;
mod event;

pub use decide::{CaseCommand, CaseRefusal, Pickup};
pub use event::*;

use crate::event::Event;
use crate::history::History;

/// The aggregate.
#[derive(Debug)]
pub struct Case;

impl esrs::Aggregate for Case {
    const NAME: &'static str = "case";
    type State = History<CaseFact>;
    type Command = CaseCommand;
    type Event = Event<CaseFact>;
    type Error = CaseRefusal;

    fn handle_command(state: &Self::State, command: CaseCommand) -> Result<Vec<Self::Event>, CaseRefusal> {
        decide::decide(state, command)
    }

    fn apply_event(mut state: Self::State, event: Self::Event) -> Self::State {
        state.insert(event);
        state
    }
}
