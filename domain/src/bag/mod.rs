//! The bag: a thing that is carried, and a container. What lies in it is told by the things themselves.
mod decide;
mod event;
mod seal;

pub use decide::{BagCommand, BagRefusal};
pub use event::*;
pub use seal::{Opening, Outside, Seal};

use crate::event::Event;
use crate::history::{History, Placed};
use crate::id::SiteId;

/// The aggregate.
#[derive(Debug)]
pub struct Bag;

impl esrs::Aggregate for Bag {
    const NAME: &'static str = "bag";
    type State = History<BagFact>;
    type Command = BagCommand;
    type Event = Event<BagFact>;
    type Error = BagRefusal;

    fn handle_command(state: &Self::State, command: BagCommand) -> Result<Vec<Self::Event>, BagRefusal> {
        decide::decide(state, command)
    }

    fn apply_event(mut state: Self::State, event: Self::Event) -> Self::State {
        state.insert(event);
        state
    }
}

/// Where a bag is bound for after each fact: what was said when it was sealed, until it is opened.
#[must_use]
pub fn targets(told: &[Placed<'_, BagFact>]) -> Vec<Option<SiteId>> {
    let mut target = None;
    let after = |placed: &Placed<'_, BagFact>| {
        match &placed.event.fact {
            BagFact::Sealed(sealed) => target = sealed.to.clone(),
            BagFact::Opened(_) | BagFact::Checked(_) => target = None,
            BagFact::Registered(_)
            | BagFact::Packed(_)
            | BagFact::Unpacked(_)
            | BagFact::Dispatched(_)
            | BagFact::Collected(_)
            | BagFact::Received(_)
            | BagFact::Sighted(_)
            | BagFact::LookedUp(_)
            | BagFact::Refused(_)
            | BagFact::Missing(_)
            | BagFact::Found(_)
            | BagFact::Damaged(_)
            | BagFact::Relabelled(_)
            | BagFact::Posted(_)
            | BagFact::MailDelivered(_)
            | BagFact::Annulled(_)
            | BagFact::Remark(_) => {}
        }
        target.clone()
    };
    told.iter().map(after).collect()
}
