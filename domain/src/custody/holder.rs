//! The answer: exactly one holder, and the evidence for it.
use super::walk::Step;
use crate::id::{PersonId, ScanId, SiteId, SubjectId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who has it. Exactly one at every instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    Site {
        site: SiteId,
    },
    /// A named courier.
    Courier {
        courier: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SiteId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SiteId>,
    },
    /// A carrier nobody named, on a leg.
    Leg {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SiteId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SiteId>,
    },
    Post {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SiteId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SiteId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracking_no: Option<String>,
    },
    Bag {
        bag: SubjectId,
    },
    Applicant,
    Archive,
    Unknown {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_site: Option<SiteId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_bag: Option<SubjectId>,
    },
}

impl Holder {
    /// The site, if a site has it.
    #[must_use]
    pub fn site(&self) -> Option<&SiteId> {
        if let Self::Site { site } = self { Some(site) } else { None }
    }

    /// The bag, if it lies in one.
    #[must_use]
    pub fn bag(&self) -> Option<SubjectId> {
        if let Self::Bag { bag } = self { Some(*bag) } else { None }
    }

    /// Whether it is on the road, and the leg as far as it is known.
    #[must_use]
    pub fn leg(&self) -> Option<(Option<&SiteId>, Option<&SiteId>)> {
        match self {
            Self::Courier { from, to, .. } | Self::Leg { from, to } | Self::Post { from, to, .. } => {
                Some((from.as_ref(), to.as_ref()))
            }
            Self::Site { .. } | Self::Bag { .. } | Self::Applicant | Self::Archive | Self::Unknown { .. } => None,
        }
    }
}

/// Whether it was read itself, or concluded from its bag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    Seen,
    Inferred,
}

/// Whether both sides of the hand-over are on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    One,
    Both,
}

/// On what grounds we say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub read: Reading,
    pub sides: Sides,
    /// The bag it is concluded from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bag: Option<SubjectId>,
}

/// Who has it, since when, on what evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    pub holder: Holder,
    /// Since when this holder has it; `None` if nothing was ever read.
    pub since: Option<Timestamp>,
    /// The newest reading behind the answer.
    pub read_at: Option<Timestamp>,
    pub evidence: Evidence,
    /// The scan that made this holder.
    pub anchor: Option<ScanId>,
}

impl Custody {
    /// Nothing was ever read.
    #[must_use]
    pub fn nowhere() -> Self {
        Self {
            holder: Holder::Unknown { last_site: None, last_bag: None },
            since: None,
            read_at: None,
            evidence: Evidence { read: Reading::Inferred, sides: Sides::One, bag: None },
            anchor: None,
        }
    }

    /// The custody that the last of some steps leaves.
    #[must_use]
    pub fn after(steps: &[Step]) -> Self {
        let Some(last) = steps.last() else { return Self::nowhere() };
        let began = steps.iter().rposition(|step| step.began).map_or(last, |i| &steps[i]);
        Self {
            holder: last.holder.clone(),
            since: Some(began.key.at),
            read_at: Some(last.key.at),
            evidence: last.evidence,
            anchor: Some(began.scan),
        }
    }
}
