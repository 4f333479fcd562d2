//! What every channel does: take one message and say whether it went. To add a channel: a file like `sms.rs`, a variant in
//! `config.rs`, a kind here, and its words in the section `notices` of `api/locales`.
use async_trait::async_trait;
use domain::id::{CaseId, SiteId};
use domain::time::Timestamp;
use registers::notice::Kind;
use registers::vault::Secret;
use uuid::Uuid;

/// What is to be told, put together at the moment of sending and kept nowhere.
#[derive(Debug)]
pub struct Message {
    /// The same at each try.
    pub id: Uuid,
    pub kind: Kind,
    pub case: CaseId,
    pub case_no: String,
    /// Where it is fetched, and what people call that.
    pub site: SiteId,
    pub place: String,
    /// Until when it waits there.
    pub until: Option<Timestamp>,
    pub now: Timestamp,
    /// In the channel's language; short enough for one SMS with the signature.
    pub text: String,
    /// For channels that reach the applicant.
    pub phone: Option<Secret>,
}

/// Why a message did not go. Holds nothing of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered: certainly not told.
    Unreachable,
    /// The other side said no, with this status: certainly not told.
    Refused(u16),
    /// The other side's answer is not the one that means yes.
    NotTaken,
    /// It was sent, and no answer came: perhaps told.
    InDoubt,
    /// The receiver wants nothing more, ever.
    Gone,
}

impl Failure {
    /// Whether the applicant may have been told all the same.
    #[must_use]
    pub fn may_be_told(self) -> bool {
        self == Self::InDoubt
    }

    /// In the outbox: a word that pages have words for, and perhaps a number.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Unreachable => "unreachable".to_owned(),
            Self::Refused(status) => format!("refused {status}"),
            Self::NotTaken => "not_taken".to_owned(),
            Self::InDoubt => "in_doubt".to_owned(),
            Self::Gone => "gone".to_owned(),
        }
    }
}

/// Whom a channel reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaches {
    /// The applicant's mobile.
    Phone,
    /// An office or another program, which is told no name and no phone.
    Office,
}

/// A way to tell.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Whom it reaches.
    fn reaches(&self) -> Reaches;

    /// Sends one message, once.
    async fn send(&self, message: &Message) -> Result<(), Failure>;
}
