//! Decisions about a bag. A scan is always recorded.
use super::event::{BagFact, BagRegistered};
use crate::custody::payload::{Annulled, Relabelled};
use crate::dossier::{Ask, LabelIs};
use crate::event::{Admitted, Event, Remark, Role, Voided};
use crate::exception::Answer;
use crate::history::History;
use crate::id::ScanId;

/// What may be asked of a bag.
#[derive(Clone, Debug)]
pub enum BagCommand {
    /// A scan whose meaning is settled. Never refused.
    Record(Event<BagFact>),
    Register(Ask<BagRegistered>),
    Relabel(Ask<Relabelled>, LabelIs),
    Annul(Ask<Annulled>),
    /// Takes another's scan back.
    Void(Ask<ScanId>),
    Admit(Ask<ScanId>),
    AnswerException(Ask<Answer>),
}

/// Why a decision about a bag is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BagRefusal {
    #[error("the bag is registered already")]
    AlreadyRegistered,
    #[error("the bag was annulled")]
    Annulled,
    #[error("the label was used before; take a fresh one")]
    LabelInUse,
    #[error("this bag has no such scan")]
    NoSuchScan,
    #[error("registering and relabelling are corrected by commands of their own")]
    NotVoidable,
    #[error("the scan was not put aside")]
    NotQuarantined,
}

pub(super) fn decide(state: &History<BagFact>, command: BagCommand) -> Result<Vec<Event<BagFact>>, BagRefusal> {
    let event = match command {
        BagCommand::Record(event) => event,
        BagCommand::Register(ask) => {
            alive(state)?;
            if state.arrived().any(|event| matches!(event.fact, BagFact::Registered(_))) {
                return Err(BagRefusal::AlreadyRegistered);
            }
            ask.event(BagFact::Registered)
        }
        BagCommand::Relabel(_, LabelIs::Used) => return Err(BagRefusal::LabelInUse),
        BagCommand::Relabel(ask, LabelIs::Fresh) => {
            alive(state)?;
            ask.event(BagFact::Relabelled)
        }
        BagCommand::Annul(ask) => {
            alive(state)?;
            ask.event(BagFact::Annulled)
        }
        BagCommand::Void(ask) => {
            let scan = state.find(ask.what).ok_or(BagRefusal::NoSuchScan)?;
            if scan.source.role == Role::Desk {
                return Err(BagRefusal::NotVoidable);
            }
            ask.event(|scan| BagFact::Remark(Remark::Voided(Voided { scan, by_decision: true })))
        }
        BagCommand::Admit(ask) => {
            let scan = state.find(ask.what).ok_or(BagRefusal::NoSuchScan)?;
            if !scan.source.quarantined {
                return Err(BagRefusal::NotQuarantined);
            }
            ask.event(|scan| BagFact::Remark(Remark::Admitted(Admitted { scan })))
        }
        BagCommand::AnswerException(ask) => ask.event(|answer| BagFact::Remark(answer.into())),
    };
    Ok(vec![event])
}

fn alive(state: &History<BagFact>) -> Result<(), BagRefusal> {
    let annulled = state.arrived().any(|event| matches!(event.fact, BagFact::Annulled(_)));
    if annulled { Err(BagRefusal::Annulled) } else { Ok(()) }
}
