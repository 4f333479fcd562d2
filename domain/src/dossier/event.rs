//! Every fact of a dossier, with the name it has in the log. Order of the lines is the order in `docs/events.md`.
use crate::custody::payload::{Annulled, InBag, LookedUp, Noted, Posted, Read, Refused, Relabelled, Sent, Shelved};
use crate::event::facts;
use crate::id::{CaseId, ItemId, NoteId, SiteId};
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to a dossier.
    pub enum DossierFact in "dossier" {
        Registered(Registered) = "registered" 1,
        PieceAdded(Piece) = "piece_added" 1,
        Relabelled(Relabelled) = "relabelled" 1,
        Packed(InBag) = "packed" 1,
        Unpacked(InBag) = "unpacked" 1,
        Dispatched(Sent) = "dispatched" 1,
        /// A courier took it.
        Collected(Read) = "collected" 1,
        Received(Read) = "received" 1,
        AtDepartment(Read) = "at_department" 1,
        /// The department lets go of it, homeward.
        Returned(Sent) = "returned" 1,
        /// Ready for pickup.
        Shelved(Shelved) = "shelved" 1,
        /// The applicant has it.
        HandedOut(HandedOut) = "handed_out" 1,
        Posted(Posted) = "posted" 1,
        MailDelivered(Read) = "mail_delivered" 1,
        Sighted(Read) = "sighted" 1,
        LookedUp(LookedUp) = "looked_up" 1,
        Refused(Refused) = "refused" 1,
        Missing(Read) = "missing" 1,
        Found(Read) = "found" 1,
        Damaged(Read) = "damaged" 1,
        Rerouted(Rerouted) = "rerouted" 1,
        Recalled(Recalled) = "recalled" 1,
        Archived(Read) = "archived" 1,
        Annulled(Annulled) = "annulled" 1,
        /// Somebody wrote a note; nothing moved.
        Noted(Noted) = "noted" 1,
    }
    remarks {
        Voided = "scan_voided" 1,
        Admitted = "scan_admitted" 1,
        Assigned = "exception_assigned" 1,
        Explained = "exception_explained" 1,
        Resolved = "exception_resolved" 1,
    }
}

impl DossierFact {
    /// The note in the vault that says more.
    #[must_use]
    pub fn note(&self) -> Option<NoteId> {
        match self {
            Self::Collected(it)
            | Self::Received(it)
            | Self::AtDepartment(it)
            | Self::MailDelivered(it)
            | Self::Sighted(it)
            | Self::Missing(it)
            | Self::Found(it)
            | Self::Damaged(it)
            | Self::Archived(it) => it.note,
            Self::Refused(it) => it.note,
            Self::Rerouted(it) => it.note,
            Self::Recalled(it) => it.note,
            Self::Annulled(it) => it.note,
            Self::Noted(it) => Some(it.note),
            Self::Remark(remark) => remark.note(),
            Self::Registered(_)
            | Self::PieceAdded(_)
            | Self::Relabelled(_)
            | Self::Packed(_)
            | Self::Unpacked(_)
            | Self::Dispatched(_)
            | Self::Returned(_)
            | Self::Shelved(_)
            | Self::HandedOut(_)
            | Self::Posted(_)
            | Self::LookedUp(_) => None,
        }
    }
}

/// What kind of papers it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DossierKind {
    #[default]
    Application,
    /// Papers that were missing (补正), travelling after the dossier.
    Supplement,
    /// A numbered copy for a co-department in parallel approval.
    Copy,
    /// The certificate or decision; it travels on its own, homeward.
    Result,
}

/// Bound to a number, a case and a way. May come at any point of the history: print first, bind at the counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The number people say: `RRRRRR-YYYYMMDD-NNNNN`, or a number of the office's own.
    pub dossier_no: String,
    pub kind: DossierKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// The department it goes to; none for a result, or an item decided where it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<SiteId>,
    /// Where it comes home to: where the applicant collects.
    pub home: SiteId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
}

/// One kind of paper in a dossier (材料).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What it is called in the item's list of materials.
    pub name: String,
    pub kind: PieceKind,
    pub count: u16,
}

/// What becomes of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    /// Original that the department keeps.
    Original,
    Copy,
    /// Original that goes back to the applicant.
    ToReturn,
    /// Shown for verification; never leaves the window.
    Shown,
}

/// Handed to the applicant, or to a proxy whose papers were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOut {
    pub receiver: Receiver,
    /// How the receiver was recognised, as a reason code.
    pub checked: Checked,
}

/// Who took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    Applicant,
    /// With a letter and both identities.
    Proxy,
}

/// How identity was checked at the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    IdentityDocument,
    ReceiptSlip,
    Both,
}

/// Sent to another department than planned (转办); the way begins anew from where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerouted {
    pub destination: SiteId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
}

/// Called home: the next scan turns it round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
}
