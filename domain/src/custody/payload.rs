//! The payloads that dossiers and bags share: what a reading adds to who, where and when.
use crate::id::{NoteId, PersonId, ScanId, SiteId, SubjectId};
use crate::scan::{Carrier, RefusalReason};
use serde::{Deserialize, Serialize};

/// A reading that needs nothing beside its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
}

/// It left a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Where to, if it was said; else the planned next hop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SiteId>,
    /// By whom; a courier of the county if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
}

/// It was put into, or taken out of, a bag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBag {
    pub bag: SubjectId,
}

/// It was put on a shelf, ready for pickup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
}

/// The receiver will not take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub reason: RefusalReason,
    /// The courier who stays with it. Without one, whoever held it still does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_with: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
}

/// The post took it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SiteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_no: Option<String>,
}

/// A reading that moved nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    pub because: LookedUpBecause,
    /// For a signature, what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// One signature for all that passed from hand to hand. It lies with the first thing of the batch and names every scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// A person's id, or the code of the badge that was read: whoever it belonged to then has signed.
    pub by: String,
    pub scans: Vec<ScanId>,
}

/// Why a reading moved nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookedUpBecause {
    /// The device was in look-up mode.
    Mode,
    /// The same thing was read at the same stop within a minute.
    Repeat,
    /// Somebody signed for a batch on the device.
    Signature,
}

/// It carries a new label; the old code still leads here, flagged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relabelled {
    pub code: crate::code::Code,
}

/// Ended: it should never have been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annulled {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
}

/// Somebody wrote something about it; the words lie in the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    pub note: NoteId,
}
