//! The steps of a case and when each is refused. Every one is a decision of an office, so each has its rule.
use super::event::{Accepted, CaseFact, CaseNote, Closed, Decided, Filed};
use crate::dossier::Ask;
use crate::event::Event;
use crate::history::History;

/// What may be asked of a case.
#[derive(Clone, Debug)]
pub enum CaseCommand {
    File(Ask<Filed>),
    Accept(Ask<Accepted>),
    NotAccept(Ask<CaseNote>),
    Decide(Ask<Decided>),
    Withdraw(Ask<CaseNote>),
    Close(Ask<Closed>),
}

/// Why a step of a case is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefusal {
    #[error("the case was filed already")]
    AlreadyFiled,
    #[error("there is no such case")]
    NotFiled,
    #[error("the case was accepted already")]
    AlreadyAccepted,
    #[error("the case is not accepted, so nothing can be decided")]
    NotAccepted,
    #[error("acceptance was refused")]
    AcceptanceRefused,
    #[error("the case is decided already")]
    AlreadyDecided,
    #[error("the case was withdrawn")]
    Withdrawn,
    #[error("the case is closed")]
    Closed,
}

#[derive(Default)]
struct Stage {
    filed: bool,
    accepted: bool,
    refused: bool,
    decided: bool,
    withdrawn: bool,
    closed: bool,
}

impl Stage {
    fn of(state: &History<CaseFact>) -> Self {
        let mut stage = Self::default();
        for event in state.arrived() {
            match event.fact {
                CaseFact::Filed(_) => stage.filed = true,
                CaseFact::Accepted(_) => stage.accepted = true,
                CaseFact::NotAccepted(_) => stage.refused = true,
                CaseFact::Decided(_) => stage.decided = true,
                CaseFact::Withdrawn(_) => stage.withdrawn = true,
                CaseFact::Closed(_) => stage.closed = true,
                CaseFact::Remark(_) => {}
            }
        }
        stage
    }

    /// The first reason against any further step.
    fn open(&self) -> Result<&Self, CaseRefusal> {
        let reasons = [(!self.filed, CaseRefusal::NotFiled), (self.closed, CaseRefusal::Closed)];
        let against = reasons.into_iter().find(|(holds, _)| *holds);
        against.map_or(Ok(self), |(_, refusal)| Err(refusal))
    }

    fn undecided(&self) -> Result<&Self, CaseRefusal> {
        self.open()?;
        let reasons = [
            (self.withdrawn, CaseRefusal::Withdrawn),
            (self.refused, CaseRefusal::AcceptanceRefused),
            (self.decided, CaseRefusal::AlreadyDecided),
        ];
        let against = reasons.into_iter().find(|(holds, _)| *holds);
        against.map_or(Ok(self), |(_, refusal)| Err(refusal))
    }
}

pub(super) fn decide(state: &History<CaseFact>, command: CaseCommand) -> Result<Vec<Event<CaseFact>>, CaseRefusal> {
    let stage = Stage::of(state);
    let event = match command {
        CaseCommand::File(_) if stage.filed => return Err(CaseRefusal::AlreadyFiled),
        CaseCommand::File(ask) => ask.event(CaseFact::Filed),
        CaseCommand::Accept(_) if stage.undecided()?.accepted => return Err(CaseRefusal::AlreadyAccepted),
        CaseCommand::Accept(ask) => ask.event(CaseFact::Accepted),
        CaseCommand::NotAccept(_) if stage.undecided()?.accepted => return Err(CaseRefusal::AlreadyAccepted),
        CaseCommand::NotAccept(ask) => ask.event(CaseFact::NotAccepted),
        CaseCommand::Decide(_) if !stage.undecided()?.accepted => return Err(CaseRefusal::NotAccepted),
        CaseCommand::Decide(ask) => ask.event(CaseFact::Decided),
        CaseCommand::Withdraw(ask) => {
            stage.undecided()?;
            ask.event(CaseFact::Withdrawn)
        }
        CaseCommand::Close(ask) => {
            stage.open()?;
            ask.event(CaseFact::Closed)
        }
    };
    Ok(vec![event])
}
