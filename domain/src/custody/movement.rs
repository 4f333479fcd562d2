//! What each fact does to the holder: the one place where events become movements.
use super::payload::{Posted, Refused, Sent};
use crate::bag::BagFact;
use crate::dossier::DossierFact;
use crate::event::{Fact, Role, Source};
use crate::id::{PersonId, SiteId, SubjectId};
use crate::scan::Carrier;

/// What a fact does to the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move<'a> {
    /// The site read it: it is here.
    Read(&'a SiteId),
    /// A courier says it was handed over here.
    Claimed(&'a SiteId),
    /// A courier has it.
    Taken {
        courier: &'a PersonId,
        from: Option<&'a SiteId>,
    },
    /// A site let go of it.
    Sent {
        from: Option<&'a SiteId>,
        to: Option<&'a SiteId>,
        post: Option<Option<&'a str>>,
    },
    Into(SubjectId),
    Applicant,
    Archive,
    /// Somebody looked for it and it was not there.
    Lost,
}

/// Facts that move a holder.
pub trait Moves: Fact {
    /// What this fact, from this source, does to the holder; `None` if nothing.
    fn movement<'a>(&'a self, source: &'a Source) -> Option<Move<'a>>;
}

/// Read where it was read: by the site's device it is there, by a courier's he has it.
fn read(source: &Source) -> Option<Move<'_>> {
    match source.role {
        Role::Site | Role::Desk => source.at.as_ref().map(Move::Read),
        Role::Courier => Some(taken(source)),
    }
}

/// Received: a courier's device at a stop only claims that the site has it.
fn received(source: &Source) -> Option<Move<'_>> {
    match (source.role, &source.at) {
        (Role::Courier, Some(stop)) => Some(Move::Claimed(stop)),
        _ => read(source),
    }
}

fn taken(source: &Source) -> Move<'_> {
    Move::Taken { courier: &source.by, from: source.at.as_ref() }
}

fn sent<'a>(sent: &'a Sent, source: &'a Source) -> Move<'a> {
    let post = match &sent.carrier {
        Some(Carrier::Post { tracking_no }) => Some(Some(tracking_no.as_str())),
        Some(Carrier::Courier) | None => None,
    };
    Move::Sent { from: source.at.as_ref(), to: sent.to.as_ref(), post }
}

fn posted<'a>(posted: &'a Posted, source: &'a Source) -> Move<'a> {
    Move::Sent { from: source.at.as_ref(), to: posted.to.as_ref(), post: Some(posted.tracking_no.as_deref()) }
}

fn refused(refused: &Refused) -> Option<Move<'_>> {
    refused.left_with.as_ref().map(|courier| Move::Taken { courier, from: None })
}

impl Moves for DossierFact {
    fn movement<'a>(&'a self, source: &'a Source) -> Option<Move<'a>> {
        match self {
            Self::Registered(_)
            | Self::Unpacked(_)
            | Self::Sighted(_)
            | Self::Shelved(_)
            | Self::Found(_)
            | Self::Damaged(_)
            | Self::AtDepartment(_) => read(source),
            Self::Received(_) => received(source),
            Self::Collected(_) => Some(taken(source)),
            Self::Dispatched(fact) | Self::Returned(fact) => Some(sent(fact, source)),
            Self::Posted(fact) => Some(posted(fact, source)),
            Self::Packed(fact) => Some(Move::Into(fact.bag)),
            Self::HandedOut(_) | Self::MailDelivered(_) => Some(Move::Applicant),
            Self::Archived(_) => Some(Move::Archive),
            Self::Refused(fact) => refused(fact),
            Self::Missing(_) => Some(Move::Lost),
            Self::PieceAdded(_)
            | Self::Relabelled(_)
            | Self::LookedUp(_)
            | Self::Rerouted(_)
            | Self::Recalled(_)
            | Self::Annulled(_)
            | Self::Noted(_)
            | Self::Remark(_) => None,
        }
    }
}

impl Moves for BagFact {
    fn movement<'a>(&'a self, source: &'a Source) -> Option<Move<'a>> {
        match self {
            Self::Registered(_)
            | Self::Sealed(_)
            | Self::Unpacked(_)
            | Self::Opened(_)
            | Self::Checked(_)
            | Self::Sighted(_)
            | Self::Found(_)
            | Self::Damaged(_) => read(source),
            Self::Received(_) => received(source),
            Self::Collected(_) => Some(taken(source)),
            Self::Dispatched(fact) => Some(sent(fact, source)),
            Self::Posted(fact) => Some(posted(fact, source)),
            Self::Packed(fact) => Some(Move::Into(fact.bag)),
            Self::Refused(fact) => refused(fact),
            Self::Missing(_) => Some(Move::Lost),
            Self::LookedUp(_) | Self::MailDelivered(_) | Self::Relabelled(_) | Self::Annulled(_) | Self::Remark(_) => {
                None
            }
        }
    }
}
