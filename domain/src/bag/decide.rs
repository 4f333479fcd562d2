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

#[cfg(test)]
mod tests {
    use super::BagRefusal as No;
    use super::*;
    use crate::bag::Bag;
    use crate::code::{Code, CodeKind};
    use crate::custody::payload::Read;
    use crate::exception::ExceptionKind;
    use crate::history::tests::{at_desk, by_site, given, person, scan};

    /// Asked at t1, in minute 100.
    fn ask<T>(what: T) -> Ask<T> {
        Ask { envelope: at_desk("t1", 100, ()), what }
    }

    fn register() -> BagCommand {
        BagCommand::Register(ask(BagRegistered { bag_no: Some("水寨-03".to_owned()), home: None }))
    }

    fn relabel(label: LabelIs) -> BagCommand {
        BagCommand::Relabel(ask(Relabelled { code: Code::new(CodeKind::Bag, 7) }), label)
    }

    fn registered(when: i64) -> Event<BagFact> {
        at_desk("t1", when, BagFact::Registered(BagRegistered::default()))
    }

    fn annulled(when: i64) -> Event<BagFact> {
        at_desk("t1", when, BagFact::Annulled(Annulled::default()))
    }

    fn sighted(when: i64) -> Event<BagFact> {
        by_site("t1", when, BagFact::Sighted(Read::default()))
    }

    #[test]
    fn what_is_registered_is_not_registered_again() {
        given::<Bag>([registered(0)]).when(register()).refused(&No::AlreadyRegistered);
    }

    #[test]
    fn what_was_annulled_takes_no_further_decision() {
        let ended = given::<Bag>([registered(0), annulled(10)]);
        ended.when(register()).refused(&No::Annulled);
        ended.when(relabel(LabelIs::Fresh)).refused(&No::Annulled);
        ended.when(BagCommand::Annul(ask(Annulled::default()))).refused(&No::Annulled);
    }

    #[test]
    fn a_label_with_a_history_is_not_given_to_another() {
        given::<Bag>([registered(0)]).when(relabel(LabelIs::Used)).refused(&No::LabelInUse);
    }

    #[test]
    fn a_scan_the_bag_never_had_is_neither_voided_nor_admitted() {
        let bag = given::<Bag>([registered(0)]);
        bag.when(BagCommand::Void(ask(scan(50)))).refused(&No::NoSuchScan);
        bag.when(BagCommand::Admit(ask(scan(50)))).refused(&No::NoSuchScan);
    }

    #[test]
    fn a_command_is_not_voided_as_if_it_were_a_scan() {
        given::<Bag>([registered(10)]).when(BagCommand::Void(ask(scan(10)))).refused(&No::NotVoidable);
    }

    #[test]
    fn a_scan_that_counts_already_is_not_admitted() {
        given::<Bag>([sighted(10)]).when(BagCommand::Admit(ask(scan(10)))).refused(&No::NotQuarantined);
    }

    #[test]
    fn a_scan_is_recorded_whatever_happened_before() {
        given::<Bag>([registered(0), annulled(10)]).when(BagCommand::Record(sighted(20))).happens("sighted");
    }

    #[test]
    fn every_decision_on_a_living_bag_is_granted() {
        let mut aside = sighted(20);
        aside.source.quarantined = true;
        let bag = given::<Bag>([sighted(10), aside]);
        let assigned =
            crate::event::Assigned { kind: ExceptionKind::SealBroken, anchor: scan(10), to: person("zhang") };
        bag.when(register()).happens("registered");
        bag.when(relabel(LabelIs::Fresh)).happens("relabelled");
        bag.when(BagCommand::Annul(ask(Annulled::default()))).happens("annulled");
        bag.when(BagCommand::Void(ask(scan(10)))).happens("scan_voided");
        bag.when(BagCommand::Admit(ask(scan(20)))).happens("scan_admitted");
        bag.when(BagCommand::AnswerException(ask(Answer::Assigned(assigned)))).happens("exception_assigned");
    }
}
