//! Every fact of a bag, with the name it has in the log. A bag that lies in another bag is `packed` like a dossier.
use crate::custody::payload::{Annulled, InBag, LookedUp, Posted, Read, Refused, Relabelled, Sent};
use crate::event::facts;
use crate::id::{NoteId, SiteId, SubjectId};
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to a bag.
    pub enum BagFact in "bag" {
        Registered(BagRegistered) = "registered" 1,
        /// Closed with a numbered seal.
        Sealed(Sealed) = "sealed" 1,
        Packed(InBag) = "packed" 1,
        Unpacked(InBag) = "unpacked" 1,
        Dispatched(Sent) = "dispatched" 1,
        Collected(Read) = "collected" 1,
        Received(Read) = "received" 1,
        Opened(Opened) = "opened" 1,
        /// Counting is over: members not read by now are missing.
        Checked(BagChecked) = "checked" 1,
        Sighted(Read) = "sighted" 1,
        LookedUp(LookedUp) = "looked_up" 1,
        Refused(Refused) = "refused" 1,
        Missing(Read) = "missing" 1,
        Found(Read) = "found" 1,
        Damaged(Read) = "damaged" 1,
        Relabelled(Relabelled) = "relabelled" 1,
        Posted(Posted) = "posted" 1,
        MailDelivered(Read) = "mail_delivered" 1,
        Annulled(Annulled) = "annulled" 1,
    }
    remarks {
        Voided = "scan_voided" 1,
        Admitted = "scan_admitted" 1,
        Assigned = "exception_assigned" 1,
        Explained = "exception_explained" 1,
        Resolved = "exception_resolved" 1,
    }
}

impl BagFact {
    /// The note in the vault that says more.
    #[must_use]
    pub fn note(&self) -> Option<NoteId> {
        match self {
            Self::Collected(it)
            | Self::Received(it)
            | Self::Sighted(it)
            | Self::Missing(it)
            | Self::Found(it)
            | Self::Damaged(it)
            | Self::MailDelivered(it) => it.note,
            Self::Refused(it) => it.note,
            Self::Annulled(it) => it.note,
            Self::Remark(remark) => remark.note(),
            Self::Registered(_)
            | Self::Sealed(_)
            | Self::Packed(_)
            | Self::Unpacked(_)
            | Self::Dispatched(_)
            | Self::Opened(_)
            | Self::Checked(_)
            | Self::LookedUp(_)
            | Self::Relabelled(_)
            | Self::Posted(_) => None,
        }
    }
}

/// A bag taken into use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BagRegistered {
    /// What is printed on it for people, such as `水寨-03`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bag_no: Option<String>,
    /// The site it belongs to when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<SiteId>,
}

/// Closed with a seal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_no: Option<String>,
    /// Where it is to be opened, if that is settled when it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SiteId>,
}

/// Opened: every stay in it ends here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The number found on the seal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_no: Option<String>,
    /// Whether the seal was whole; `None` if nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intact: Option<bool>,
}

/// The count is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BagChecked {
    /// What the person declared absent. What *is* missing is derived from the readings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<SubjectId>,
}
