//! From a scan to a fact: the action it came with, or the one the table reads, with the payload that action carries.
use crate::bag::{BagChecked, BagFact, Opened, Sealed};
use crate::custody::payload::{InBag, LookedUp, LookedUpBecause, Posted, Read, Refused, Sent, Shelved, Signature};
use crate::dossier::DossierFact;
use crate::event::{Remark, Voided};
use crate::id::SubjectId;
use crate::scan::{Action, Details, Mode, RefusalReason};

/// What only the wire knows: the subjects behind other labels.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The bag that is open on the device.
    pub bag: Option<SubjectId>,
    /// What a person declared absent when closing a count.
    pub absent: Vec<SubjectId>,
    pub mode: Mode,
}

/// The fact of a dossier, and whether something its action needs was lacking. What lacks its bag, its scan to void, or
/// is only for bags becomes a sighting: a scan is never turned away for its content.
#[must_use]
pub fn dossier_fact(action: Action, details: &Details, around: &Around) -> (DossierFact, bool) {
    let read = || Read { note: details.note };
    let fact = match action {
        Action::Received => DossierFact::Received(read()),
        Action::AtDepartment => DossierFact::AtDepartment(read()),
        Action::Collected => DossierFact::Collected(read()),
        Action::Dispatched => DossierFact::Dispatched(sent(details)),
        Action::Returned => DossierFact::Returned(sent(details)),
        Action::Posted => DossierFact::Posted(posted(details)),
        Action::MailDelivered => DossierFact::MailDelivered(read()),
        Action::Shelved => DossierFact::Shelved(Shelved { shelf: details.shelf.clone() }),
        Action::Sighted => DossierFact::Sighted(read()),
        Action::LookedUp => DossierFact::LookedUp(looked_up(details, around)),
        Action::Refused => DossierFact::Refused(refused(details)),
        Action::Missing => DossierFact::Missing(read()),
        Action::Found => DossierFact::Found(read()),
        Action::Damaged => DossierFact::Damaged(read()),
        Action::Packed | Action::Unpacked => return in_bag(action, around),
        Action::ScanVoided => {
            let lacking = (DossierFact::Sighted(read()), true);
            return details.voids.map_or(lacking, |scan| (DossierFact::Remark(void(scan)), false));
        }
        Action::Sealed | Action::Opened | Action::Checked => return (DossierFact::Sighted(read()), true),
    };
    (fact, false)
}

fn in_bag(action: Action, around: &Around) -> (DossierFact, bool) {
    match (action, around.bag) {
        (Action::Packed, Some(bag)) => (DossierFact::Packed(InBag { bag }), false),
        (Action::Unpacked, Some(bag)) => (DossierFact::Unpacked(InBag { bag }), false),
        _ => (DossierFact::Sighted(Read::default()), true),
    }
}

/// The fact of a bag; as [`dossier_fact`].
#[must_use]
pub fn bag_fact(action: Action, details: &Details, around: &Around) -> (BagFact, bool) {
    let read = || Read { note: details.note };
    let fact = match action {
        Action::Received => BagFact::Received(read()),
        Action::Collected => BagFact::Collected(read()),
        Action::Dispatched => BagFact::Dispatched(sent(details)),
        Action::Posted => BagFact::Posted(posted(details)),
        Action::MailDelivered => BagFact::MailDelivered(read()),
        Action::Sealed => BagFact::Sealed(Sealed { seal_no: details.seal_no.clone(), to: details.to.clone() }),
        Action::Opened => BagFact::Opened(Opened { seal_no: details.seal_no.clone(), intact: details.seal_intact }),
        Action::Checked => BagFact::Checked(BagChecked { absent: around.absent.clone() }),
        Action::Sighted => BagFact::Sighted(read()),
        Action::LookedUp => BagFact::LookedUp(looked_up(details, around)),
        Action::Refused => BagFact::Refused(refused(details)),
        Action::Missing => BagFact::Missing(read()),
        Action::Found => BagFact::Found(read()),
        Action::Damaged => BagFact::Damaged(read()),
        Action::Packed | Action::Unpacked => {
            let Some(bag) = around.bag else { return (BagFact::Sighted(read()), true) };
            if action == Action::Packed { BagFact::Packed(InBag { bag }) } else { BagFact::Unpacked(InBag { bag }) }
        }
        Action::ScanVoided => {
            let lacking = (BagFact::Sighted(read()), true);
            return details.voids.map_or(lacking, |scan| (BagFact::Remark(void(scan)), false));
        }
        // What only a dossier does is, for a bag, being received or sent.
        Action::AtDepartment => return (BagFact::Received(read()), true),
        Action::Returned => return (BagFact::Dispatched(sent(details)), true),
        Action::Shelved => return (BagFact::Sighted(read()), true),
    };
    (fact, false)
}

fn sent(details: &Details) -> Sent {
    Sent { to: details.to.clone(), carrier: details.carrier.clone() }
}

fn posted(details: &Details) -> Posted {
    let tracking_no = match &details.carrier {
        Some(crate::scan::Carrier::Post { tracking_no }) => Some(tracking_no.clone()),
        Some(crate::scan::Carrier::Courier) | None => None,
    };
    Posted { to: details.to.clone(), tracking_no }
}

fn refused(details: &Details) -> Refused {
    let reason = details.reason.unwrap_or(RefusalReason::Other);
    Refused { reason, left_with: details.left_with.clone(), note: details.note }
}

fn looked_up(details: &Details, around: &Around) -> LookedUp {
    let signature = details.signed_by.clone().map(|by| Signature { by, scans: details.signs.clone() });
    let because = match around.mode {
        _ if signature.is_some() => LookedUpBecause::Signature,
        Mode::Look => LookedUpBecause::Mode,
        Mode::Receive | Mode::Send | Mode::Pack | Mode::Check | Mode::Sort | Mode::Shelve | Mode::Stocktake => {
            LookedUpBecause::Repeat
        }
    };
    LookedUp { because, signature }
}

fn void(scan: crate::id::ScanId) -> Remark {
    Remark::Voided(Voided { scan, by_decision: false })
}
