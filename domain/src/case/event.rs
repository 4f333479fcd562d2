//! Every fact of a case: what the law says of it. Where its papers are is not told here.
use crate::event::facts;
use crate::id::{ItemId, NoteId, SiteId};
use serde::{Deserialize, Serialize};

facts! {
    /// What happened in a case. The remaining steps of the procedure come with the clocks.
    pub enum CaseFact in "case" {
        Filed(Filed) = "filed" 1,
        Accepted(Accepted) = "accepted" 1,
        NotAccepted(CaseNote) = "not_accepted" 1,
        Decided(Decided) = "decided" 1,
        Withdrawn(CaseNote) = "withdrawn" 1,
        Closed(Closed) = "closed" 1,
        /// What the applicant thought of it; says nothing of the procedure.
        Rated(Rated) = "rated" 1,
    }
    remarks {}
}

/// Filed (申办): a case exists, before or with its papers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// 办件编号, at most 50 characters (GB/T 39046-2020 table 4).
    pub case_no: String,
    pub item: ItemId,
    /// Where it was handed in.
    pub at: SiteId,
    /// Where the applicant wants to collect.
    pub home: SiteId,
}

/// Accepted (受理).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The department's own number (业务流水号).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dept_ref: Option<String>,
}

/// A step that needs no more than an optional note in the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNote {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
}

/// Decided (审批决定).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub outcome: Outcome,
}

/// Outcome of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 准予 (completion code 6).
    Granted,
    /// 不予许可 (completion code 7).
    Refused,
}

/// Closed (办结).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub code: CloseCode,
}

/// Rated (好差评) by whoever holds the receipt, after the pickup. Once, and without words: a text could name somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated {
    pub stars: Stars,
}

/// One to five; five is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Stars(u8);

/// Why a number is no rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rating is 1 to 5")]
pub struct BadStars;

impl TryFrom<u8> for Stars {
    type Error = BadStars;
    fn try_from(stars: u8) -> Result<Self, BadStars> {
        if (1..=5).contains(&stars) { Ok(Self(stars)) } else { Err(BadStars) }
    }
}

impl From<Stars> for u8 {
    fn from(stars: Stars) -> Self {
        stars.0
    }
}

/// How a case ended; numbers of the Guangdong exchange interface in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseCode {
    /// 出证 (0)
    Issued,
    /// 退回办结 (1)
    ReturnedToApplicant,
    /// 作废办结 (2)
    Void,
    /// 补正不来办结 (5)
    SupplementLapsed,
    /// 准予 (6)
    Granted,
    /// 不予许可 (7)
    Refused,
    /// 撤件
    Withdrawn,
}
