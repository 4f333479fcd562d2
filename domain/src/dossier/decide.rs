//! Decisions about a dossier. A scan is always recorded; only what a person decides can be refused.
use super::event::{DossierFact, HandedOut, Piece, Recalled, Registered, Rerouted};
use crate::custody::payload::{Annulled, Noted, Read, Relabelled};
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
    /// Never refused: what was said of a dossier may matter after its end.
    Note(Ask<Noted>),
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
        DossierCommand::Note(ask) => ask.event(DossierFact::Noted),
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

fn register(state: &History<DossierFact>, ask: Ask<Registered>) -> Result<Event<DossierFact>, DossierRefusal> {
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
    state
        .arrived()
        .find_map(|event| if let DossierFact::Registered(registered) = &event.fact { Some(registered) } else { None })
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
    let holder = custody.holder;
    let by_itself = custody.evidence.read == Reading::Seen && !only_claimed;
    match &holder {
        Holder::Applicant => Err(DossierRefusal::AlreadyHandedOut),
        Holder::Site { site } if by_itself && Some(site) == here => Ok(()),
        Holder::Site { .. }
        | Holder::Courier { .. }
        | Holder::Leg { .. }
        | Holder::Post { .. }
        | Holder::Bag { .. }
        | Holder::Archive
        | Holder::Unknown { .. } => Err(DossierRefusal::NotHeldHere { holder }),
    }
}

#[cfg(test)]
mod tests {
    use super::DossierRefusal as No;
    use super::*;
    use crate::dossier::{Checked, Dossier, PieceKind, Receiver};
    use crate::exception::ExceptionKind;
    use crate::history::tests::{at_desk, by_courier, by_site, given, registered, registration, scan, thing};
    use crate::id::NoteId;
    use crate::network::tests::site_id;
    use DossierFact::{Collected, Dispatched, Packed, Received, Sighted};

    /// Asked at a site, in minute 100.
    fn ask<T>(site: &str, what: T) -> Ask<T> {
        Ask { envelope: at_desk(site, 100, ()), what }
    }

    fn hand_out(site: &str) -> DossierCommand {
        let what = HandedOut { receiver: Receiver::Applicant, checked: Checked::IdentityDocument };
        DossierCommand::HandOut(ask(site, what))
    }

    fn annul() -> DossierCommand {
        DossierCommand::Annul(ask("t1", Annulled::default()))
    }

    fn annulled(when: i64) -> Event<DossierFact> {
        at_desk("t1", when, DossierFact::Annulled(Annulled::default()))
    }

    fn read() -> Read {
        Read::default()
    }

    fn at_site(site: &str) -> Holder {
        Holder::Site { site: site_id(site) }
    }

    fn code(bits: u64) -> crate::code::Code {
        crate::code::Code::new(crate::code::CodeKind::Dossier, bits)
    }

    #[test]
    fn what_is_registered_is_not_registered_again() {
        let register = DossierCommand::Register(ask("t1", registration()));
        let dossier_no = registration().dossier_no;
        given::<Dossier>([registered(0)]).when(register).refused(&No::AlreadyRegistered { dossier_no });
    }

    #[test]
    fn what_is_not_registered_is_not_handed_out_nor_rerouted_nor_recalled() {
        let seen = given::<Dossier>([by_site("t1", 10, Sighted(read()))]);
        seen.when(hand_out("t1")).refused(&No::NotRegistered);
        let reroute = Rerouted { destination: site_id("d2"), note: None };
        seen.when(DossierCommand::Reroute(ask("hub", reroute))).refused(&No::NotRegistered);
        seen.when(DossierCommand::Recall(ask("t1", Recalled::default()))).refused(&No::NotRegistered);
        let piece = Piece { name: "申请表".to_owned(), kind: PieceKind::Original, count: 1 };
        seen.when(DossierCommand::AddPiece(ask("t1", piece))).refused(&No::NotRegistered);
    }

    #[test]
    fn what_was_annulled_takes_no_further_decision() {
        let ended = given::<Dossier>([registered(0), annulled(10)]);
        ended.when(annul()).refused(&No::Annulled);
        ended.when(hand_out("t1")).refused(&No::Annulled);
        ended.when(DossierCommand::Archive(ask("t1", read()))).refused(&No::Annulled);
        ended.when(DossierCommand::Register(ask("t1", registration()))).refused(&No::Annulled);
        ended
            .when(DossierCommand::Relabel(ask("t1", Relabelled { code: code(7) }), LabelIs::Fresh))
            .refused(&No::Annulled);
        ended.when(DossierCommand::Recall(ask("t1", Recalled::default()))).refused(&No::Annulled);
    }

    #[test]
    fn what_the_applicant_has_is_not_handed_out_again() {
        let handed = HandedOut { receiver: Receiver::Proxy, checked: Checked::Both };
        let given = given::<Dossier>([registered(0), at_desk("t1", 10, DossierFact::HandedOut(handed))]);
        given.when(hand_out("t1")).refused(&No::AlreadyHandedOut);
    }

    #[test]
    fn what_is_elsewhere_on_the_road_or_in_a_bag_is_not_handed_out_here() {
        let elsewhere = given::<Dossier>([registered(0), by_site("hub", 10, Received(read()))]);
        elsewhere.when(hand_out("t1")).refused(&No::NotHeldHere { holder: at_site("hub") });
        let sent = given::<Dossier>([registered(0), by_site("t1", 10, Dispatched(Default::default()))]);
        let leg = Holder::Leg { from: Some(site_id("t1")), to: None };
        sent.when(hand_out("t1")).refused(&No::NotHeldHere { holder: leg });
        let bag = thing(9);
        let packed =
            given::<Dossier>([registered(0), by_site("t1", 10, Packed(crate::custody::payload::InBag { bag }))]);
        packed.when(hand_out("t1")).refused(&No::NotHeldHere { holder: Holder::Bag { bag } });
    }

    #[test]
    fn a_couriers_word_alone_does_not_let_it_be_handed_out() {
        let claimed = [
            registered(0),
            by_courier("k1", Some("t1"), 10, Collected(read())),
            by_courier("k1", Some("t1"), 20, Received(read())),
        ];
        given::<Dossier>(claimed.clone()).when(hand_out("t1")).refused(&No::NotHeldHere { holder: at_site("t1") });
        let read_too = claimed.into_iter().chain([by_site("t1", 30, Received(read()))]);
        given::<Dossier>(read_too).when(hand_out("t1")).happens("handed_out");
    }

    #[test]
    fn it_is_handed_out_only_where_the_applicant_collects() {
        let at_hub = given::<Dossier>([registered(0), by_site("hub", 10, Received(read()))]);
        at_hub.when(hand_out("hub")).refused(&No::NotThePickupSite { home: site_id("t1") });
    }

    #[test]
    fn a_label_with_a_history_is_not_given_to_another() {
        let relabel = DossierCommand::Relabel(ask("t1", Relabelled { code: code(7) }), LabelIs::Used);
        given::<Dossier>([registered(0)]).when(relabel).refused(&No::LabelInUse);
    }

    #[test]
    fn a_scan_the_dossier_never_had_is_neither_voided_nor_admitted() {
        let dossier = given::<Dossier>([registered(0)]);
        dossier.when(DossierCommand::Void(ask("t1", scan(50)))).refused(&No::NoSuchScan);
        dossier.when(DossierCommand::Admit(ask("t1", scan(50)))).refused(&No::NoSuchScan);
    }

    #[test]
    fn a_command_is_not_voided_as_if_it_were_a_scan() {
        let dossier = given::<Dossier>([registered(0), annulled(10)]);
        dossier.when(DossierCommand::Void(ask("t1", scan(0)))).refused(&No::NotVoidable);
        dossier.when(DossierCommand::Void(ask("t1", scan(10)))).refused(&No::NotVoidable);
    }

    #[test]
    fn a_scan_that_counts_already_is_not_admitted() {
        let dossier = given::<Dossier>([by_site("t1", 10, Sighted(read()))]);
        dossier.when(DossierCommand::Admit(ask("t1", scan(10)))).refused(&No::NotQuarantined);
    }

    #[test]
    fn a_scan_is_recorded_whatever_happened_before() {
        let scan = || DossierCommand::Record(by_site("d2", 90, Sighted(read())));
        given::<Dossier>([]).when(scan()).happens("sighted");
        given::<Dossier>([registered(0), annulled(10)]).when(scan()).happens("sighted");
    }

    #[test]
    fn what_lies_at_its_pickup_site_is_handed_out_and_leaves_with_the_applicant() {
        given::<Dossier>([registered(0)]).when(hand_out("t1")).happens("handed_out");
    }

    #[test]
    fn a_note_is_taken_even_of_a_dossier_that_was_annulled() {
        let noted = || DossierCommand::Note(ask("t1", Noted { note: NoteId(uuid::Uuid::nil()) }));
        given::<Dossier>([registered(0)]).when(noted()).happens("noted");
        given::<Dossier>([registered(0), annulled(10)]).when(noted()).happens("noted");
    }

    #[test]
    fn every_other_decision_on_a_living_dossier_is_granted() {
        let mut aside = by_site("t1", 20, Sighted(read()));
        aside.source.quarantined = true;
        let dossier = given::<Dossier>([registered(0), by_site("t1", 10, Sighted(read())), aside]);
        let resolved = crate::event::Answered { kind: ExceptionKind::Damaged, anchor: scan(10), note: None };
        let piece = Piece { name: "身份证".to_owned(), kind: PieceKind::Shown, count: 1 };
        let reroute = Rerouted { destination: site_id("d2"), note: None };
        dossier.when(DossierCommand::Archive(ask("t1", read()))).happens("archived");
        dossier.when(DossierCommand::AddPiece(ask("t1", piece))).happens("piece_added");
        dossier
            .when(DossierCommand::Relabel(ask("t1", Relabelled { code: code(7) }), LabelIs::Fresh))
            .happens("relabelled");
        dossier.when(DossierCommand::Reroute(ask("t1", reroute))).happens("rerouted");
        dossier.when(DossierCommand::Recall(ask("t1", Recalled::default()))).happens("recalled");
        dossier.when(annul()).happens("annulled");
        dossier.when(DossierCommand::Void(ask("hub", scan(10)))).happens("scan_voided");
        dossier.when(DossierCommand::Admit(ask("hub", scan(20)))).happens("scan_admitted");
        dossier
            .when(DossierCommand::AnswerException(ask("t1", Answer::Resolved(resolved))))
            .happens("exception_resolved");
        given::<Dossier>([]).when(DossierCommand::Register(ask("t1", registration()))).happens("registered");
    }
}
