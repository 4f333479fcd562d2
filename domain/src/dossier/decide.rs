//! Decisions about a dossier. A scan is always recorded; only what a person decides can be refused.
use super::event::{DossierFact, HandedOut, Piece, Recalled, Registered, Rerouted};
use crate::custody::payload::{Annulled, Read, Relabelled};
use crate::custody::{Cause, Custody, Holder, Reading, own_steps};
use crate::event::{Admitted, Event, Remark, Role, Voided};
use crate::exception::Answer;
use crate::history::History;
use crate::id::{ScanId, SiteId};

/// What may be asked of a dossier. `Ask` holds what each command shares.
#[derive(Clone, Debug)]
pub enum DossierCommand {
    /// A scan whose meaning is settled. Never refused.
    Record(Event<DossierFact>),
    Register(Ask<Registered>),
    AddPiece(Ask<Piece>),
    /// `fresh`: whether the new label's own stream is empty.
    Relabel(Ask<Relabelled>, LabelIs),
    HandOut(Ask<HandedOut>),
    Archive(Ask<Read>),
    Reroute(Ask<Rerouted>),
    Recall(Ask<Recalled>),
    Annul(Ask<Annulled>),
    /// Takes another's scan back.
    Void(Ask<ScanId>),
    /// Takes a quarantined scan into the fold.
    Admit(Ask<ScanId>),
    AnswerException(Ask<Answer>),
}

/// Whether a label may still be given to a subject that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelIs {
    Fresh,
    Used,
}

/// A command's own part, with who asks, when and where, as an event envelope.
#[derive(Clone, Debug)]
pub struct Ask<T> {
    pub envelope: Event<()>,
    pub what: T,
}

impl<T> Ask<T> {
    /// The event this ask becomes when it is granted.
    pub fn event<F>(self, fact: impl FnOnce(T) -> F) -> Event<F> {
        let Event { scan, occurred_at, recorded_at, source, fact: () } = self.envelope;
        Event { scan, occurred_at, recorded_at, source, fact: fact(self.what) }
    }
}

/// Why a decision about a dossier is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DossierRefusal {
    #[error("the dossier is registered already, as {dossier_no}")]
    AlreadyRegistered { dossier_no: String },
    #[error("the dossier is not registered yet")]
    NotRegistered,
    #[error("the dossier was annulled")]
    Annulled,
    #[error("the dossier was handed to the applicant already")]
    AlreadyHandedOut,
    #[error("the dossier is not at this site by its own reading")]
    NotHeldHere { holder: Holder },
    #[error("the dossier is to be collected at another site")]
    NotThePickupSite { home: SiteId },
    #[error("the label was used before; take a fresh one")]
    LabelInUse,
    #[error("this dossier has no such scan")]
    NoSuchScan,
    #[error("registering, relabelling and handing out are corrected by commands of their own")]
    NotVoidable,
    #[error("the scan was not put aside")]
    NotQuarantined,
}

pub(super) fn decide(
    state: &History<DossierFact>,
    command: DossierCommand,
) -> Result<Vec<Event<DossierFact>>, DossierRefusal> {
    let event = match command {
        DossierCommand::Record(event) => event,
        DossierCommand::Register(ask) => register(state, ask)?,
        DossierCommand::Relabel(_, LabelIs::Used) => return Err(DossierRefusal::LabelInUse),
        DossierCommand::Relabel(ask, LabelIs::Fresh) => {
            alive(state)?;
            ask.event(DossierFact::Relabelled)
        }
        DossierCommand::AddPiece(ask) => registered(state, ask)?.event(DossierFact::PieceAdded),
        DossierCommand::HandOut(ask) => hand_out(state, ask)?,
        DossierCommand::Archive(ask) => {
            held_here(state, ask.envelope.source.at.as_ref())?;
            registered(state, ask)?.event(DossierFact::Archived)
        }
        DossierCommand::Reroute(ask) => registered(state, ask)?.event(DossierFact::Rerouted),
        DossierCommand::Recall(ask) => registered(state, ask)?.event(DossierFact::Recalled),
        DossierCommand::Annul(ask) => {
            alive(state)?;
            ask.event(DossierFact::Annulled)
        }
        DossierCommand::Void(ask) => void(state, ask)?,
        DossierCommand::Admit(ask) => {
            let scan = state.find(ask.what).ok_or(DossierRefusal::NoSuchScan)?;
            if !scan.source.quarantined {
                return Err(DossierRefusal::NotQuarantined);
            }
            ask.event(|scan| DossierFact::Remark(Remark::Admitted(Admitted { scan })))
        }
        DossierCommand::AnswerException(ask) => ask.event(|answer| DossierFact::Remark(answer.into())),
    };
    Ok(vec![event])
}

fn register(
    state: &History<DossierFact>,
    ask: Ask<Registered>,
) -> Result<Event<DossierFact>, DossierRefusal> {
    alive(state)?;
    match registration(state) {
        Some(known) => Err(DossierRefusal::AlreadyRegistered { dossier_no: known.dossier_no.clone() }),
        None => Ok(ask.event(DossierFact::Registered)),
    }
}

fn hand_out(state: &History<DossierFact>, ask: Ask<HandedOut>) -> Result<Event<DossierFact>, DossierRefusal> {
    let home = registration(state).ok_or(DossierRefusal::NotRegistered)?.home.clone();
    let here = ask.envelope.source.at.clone();
    held_here(state, here.as_ref())?;
    if here.as_ref() != Some(&home) {
        return Err(DossierRefusal::NotThePickupSite { home });
    }
    Ok(ask.event(DossierFact::HandedOut))
}

fn void(state: &History<DossierFact>, ask: Ask<ScanId>) -> Result<Event<DossierFact>, DossierRefusal> {
    let scan = state.find(ask.what).ok_or(DossierRefusal::NoSuchScan)?;
    let own_command = matches!(
        scan.fact,
        DossierFact::Registered(_) | DossierFact::Relabelled(_) | DossierFact::HandedOut(_) | DossierFact::Annulled(_)
    );
    if own_command || scan.source.role == Role::Desk {
        return Err(DossierRefusal::NotVoidable);
    }
    Ok(ask.event(|scan| DossierFact::Remark(Remark::Voided(Voided { scan, by_decision: true }))))
}

fn registration(state: &History<DossierFact>) -> Option<&Registered> {
    state.arrived().find_map(|event| match &event.fact {
        DossierFact::Registered(registered) => Some(registered),
        _ => None,
    })
}

fn registered<T>(state: &History<DossierFact>, ask: Ask<T>) -> Result<Ask<T>, DossierRefusal> {
    alive(state)?;
    registration(state).map(|_| ask).ok_or(DossierRefusal::NotRegistered)
}

fn alive(state: &History<DossierFact>) -> Result<(), DossierRefusal> {
    let annulled = state.arrived().any(|event| matches!(event.fact, DossierFact::Annulled(_)));
    if annulled { Err(DossierRefusal::Annulled) } else { Ok(()) }
}

/// It must lie at this site by its own reading: never on the word of a bag or of a courier alone.
fn held_here(state: &History<DossierFact>, here: Option<&SiteId>) -> Result<(), DossierRefusal> {
    alive(state)?;
    let steps = own_steps(&state.told());
    let custody = Custody::after(&steps);
    let only_claimed = steps.last().is_some_and(|step| step.cause == Cause::Claimed);
    match custody.holder {
        Holder::Applicant => Err(DossierRefusal::AlreadyHandedOut),
        Holder::Site { ref site } if Some(site) == here && custody.evidence.read == Reading::Seen && !only_claimed => Ok(()),
        holder => Err(DossierRefusal::NotHeldHere { holder }),
    }
}
