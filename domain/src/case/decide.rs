//! The steps of a case and when each is refused. Every one is a decision of an office, so each has its rule.
use super::event::{Accepted, CaseFact, CaseNote, Closed, Decided, Filed, Rated};
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
    Rate(Ask<Rated>, Pickup),
}

/// Whether the applicant has what there is to collect, as its own streams say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pickup {
    Done,
    NotYet,
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
    #[error("nothing was collected yet, so nothing is rated")]
    NotPickedUp,
    #[error("the case was rated already")]
    AlreadyRated,
}

#[derive(Default)]
struct Stage {
    filed: bool,
    accepted: bool,
    refused: bool,
    decided: bool,
    withdrawn: bool,
    closed: bool,
    rated: bool,
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
                CaseFact::Rated(_) => stage.rated = true,
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
        // A rating is no step of the procedure: it comes after its end too.
        CaseCommand::Rate(..) if !stage.filed => return Err(CaseRefusal::NotFiled),
        CaseCommand::Rate(..) if stage.rated => return Err(CaseRefusal::AlreadyRated),
        CaseCommand::Rate(_, Pickup::NotYet) => return Err(CaseRefusal::NotPickedUp),
        CaseCommand::Rate(ask, Pickup::Done) => ask.event(CaseFact::Rated),
    };
    Ok(vec![event])
}

#[cfg(test)]
mod tests {
    use super::CaseRefusal as No;
    use super::*;
    use crate::case::{Case, CloseCode, Outcome};
    use crate::history::tests::{at_desk, given};
    use crate::network::tests::site_id;
    use CaseFact::{NotAccepted, Withdrawn};

    /// Asked at d1, in minute 100.
    fn ask<T>(what: T) -> Ask<T> {
        Ask { envelope: at_desk("d1", 100, ()), what }
    }

    fn filing() -> Filed {
        let item = "item-1".parse().expect("an item's id");
        Filed { case_no: "441424000120260105000001".to_owned(), item, at: site_id("s1"), home: site_id("t1") }
    }

    fn file() -> CaseCommand {
        CaseCommand::File(ask(filing()))
    }

    fn accept() -> CaseCommand {
        CaseCommand::Accept(ask(Accepted::default()))
    }

    fn not_accept() -> CaseCommand {
        CaseCommand::NotAccept(ask(CaseNote::default()))
    }

    fn decide() -> CaseCommand {
        CaseCommand::Decide(ask(Decided { outcome: Outcome::Granted }))
    }

    fn withdraw() -> CaseCommand {
        CaseCommand::Withdraw(ask(CaseNote::default()))
    }

    fn close() -> CaseCommand {
        CaseCommand::Close(ask(Closed { code: CloseCode::Granted }))
    }

    fn rate(pickup: Pickup) -> CaseCommand {
        CaseCommand::Rate(ask(rated()), pickup)
    }

    fn rated() -> Rated {
        Rated { stars: 5.try_into().expect("five is a rating") }
    }

    /// Filed, then the steps named, ten minutes apart.
    fn filed_and(steps: impl IntoIterator<Item = CaseFact>) -> crate::history::tests::Given<Case> {
        let facts = [CaseFact::Filed(filing())].into_iter().chain(steps);
        given::<Case>(facts.zip(1..).map(|(fact, step)| at_desk("d1", step * 10, fact)))
    }

    fn accepted() -> CaseFact {
        CaseFact::Accepted(Accepted::default())
    }

    fn decided() -> CaseFact {
        CaseFact::Decided(Decided { outcome: Outcome::Refused })
    }

    #[test]
    fn a_case_is_filed_once() {
        filed_and([]).when(file()).refused(&No::AlreadyFiled);
    }

    #[test]
    fn nothing_happens_in_a_case_nobody_filed() {
        for command in [accept(), not_accept(), decide(), withdraw(), close(), rate(Pickup::Done)] {
            given::<Case>([]).when(command).refused(&No::NotFiled);
        }
    }

    #[test]
    fn what_is_accepted_is_neither_accepted_again_nor_turned_down() {
        filed_and([accepted()]).when(accept()).refused(&No::AlreadyAccepted);
        filed_and([accepted()]).when(not_accept()).refused(&No::AlreadyAccepted);
    }

    #[test]
    fn what_is_not_accepted_is_not_decided() {
        filed_and([]).when(decide()).refused(&No::NotAccepted);
    }

    #[test]
    fn what_was_turned_down_goes_no_further() {
        for command in [accept(), not_accept(), decide(), withdraw()] {
            filed_and([NotAccepted(CaseNote::default())]).when(command).refused(&No::AcceptanceRefused);
        }
    }

    #[test]
    fn what_is_decided_is_not_decided_again_nor_withdrawn() {
        filed_and([accepted(), decided()]).when(decide()).refused(&No::AlreadyDecided);
        filed_and([accepted(), decided()]).when(withdraw()).refused(&No::AlreadyDecided);
    }

    #[test]
    fn what_was_withdrawn_is_not_decided() {
        for command in [accept(), decide(), withdraw()] {
            filed_and([accepted(), Withdrawn(CaseNote::default())]).when(command).refused(&No::Withdrawn);
        }
    }

    #[test]
    fn a_closed_case_takes_no_further_step() {
        let ended = || filed_and([accepted(), decided(), CaseFact::Closed(Closed { code: CloseCode::Refused })]);
        for command in [accept(), not_accept(), decide(), withdraw(), close()] {
            ended().when(command).refused(&No::Closed);
        }
    }

    #[test]
    fn nobody_rates_what_was_not_collected() {
        filed_and([accepted(), decided()]).when(rate(Pickup::NotYet)).refused(&No::NotPickedUp);
    }

    #[test]
    fn a_case_is_rated_once_and_after_its_end_too() {
        let closed = || CaseFact::Closed(Closed { code: CloseCode::Issued });
        filed_and([closed()]).when(rate(Pickup::Done)).happens("rated");
        filed_and([CaseFact::Rated(rated())]).when(rate(Pickup::Done)).refused(&No::AlreadyRated);
        filed_and([CaseFact::Rated(rated())]).when(accept()).happens("accepted");
    }

    #[test]
    fn a_rating_is_one_to_five() {
        use crate::case::Stars;
        let stars = |number: u8| Stars::try_from(number).map(u8::from).ok();
        assert_eq!([0, 1, 5, 6].map(stars), [None, Some(1), Some(5), None]);
        assert!(serde_json::from_str::<Rated>(r#"{"stars":6}"#).is_err());
    }

    #[test]
    fn a_case_goes_its_way_from_filing_to_its_end() {
        given::<Case>([]).when(file()).happens("filed");
        filed_and([]).when(accept()).happens("accepted");
        filed_and([]).when(not_accept()).happens("not_accepted");
        filed_and([accepted()]).when(decide()).happens("decided");
        filed_and([accepted()]).when(withdraw()).happens("withdrawn");
        filed_and([accepted(), decided()]).when(close()).happens("closed");
        filed_and([NotAccepted(CaseNote::default())]).when(close()).happens("closed");
    }
}
