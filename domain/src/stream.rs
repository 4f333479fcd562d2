//! Which stream an event lies in, and the facts of any of them.
use crate::bag::BagFact;
use crate::case::CaseFact;
use crate::code::{Code, CodeKind};
use crate::dossier::DossierFact;
use crate::event::{DecodeError, Event, Fact, Source};
use crate::id::{CaseId, SubjectId};
use uuid::Uuid;

/// A stream of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamId {
    Dossier(SubjectId),
    Bag(SubjectId),
    Case(CaseId),
}

impl StreamId {
    /// Stored name of the kind of stream; literals.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Dossier(_) => "dossier",
            Self::Bag(_) => "bag",
            Self::Case(_) => "case",
        }
    }

    /// The id within its kind.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Dossier(SubjectId(id)) | Self::Bag(SubjectId(id)) | Self::Case(CaseId(id)) => id,
        }
    }

    /// The stream of a stored kind and id.
    #[must_use]
    pub fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "dossier" => Some(Self::Dossier(SubjectId(id))),
            "bag" => Some(Self::Bag(SubjectId(id))),
            "case" => Some(Self::Case(CaseId(id))),
            _ => None,
        }
    }

    /// The stream a label's subject has; `None` for a site, shelf, badge or receipt.
    #[must_use]
    pub fn of_code(code: Code) -> Option<Self> {
        match code.kind() {
            CodeKind::Dossier => Some(Self::Dossier(code.subject())),
            CodeKind::Bag => Some(Self::Bag(code.subject())),
            CodeKind::Site | CodeKind::Shelf | CodeKind::Badge | CodeKind::Receipt => None,
        }
    }
}

/// A fact of any stream, as the log hands it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyFact {
    Dossier(DossierFact),
    Bag(BagFact),
    Case(CaseFact),
}

/// An event of any stream.
pub type AnyEvent = Event<AnyFact>;

impl AnyFact {
    /// Stored name, schema version and body.
    ///
    /// # Errors
    /// As [`Fact::encode`].
    pub fn encode(&self, source: &Source) -> Result<(&'static str, i32, String), serde_json::Error> {
        Ok(match self {
            Self::Dossier(fact) => (fact.name(), fact.version(), fact.encode(source)?),
            Self::Bag(fact) => (fact.name(), fact.version(), fact.encode(source)?),
            Self::Case(fact) => (fact.name(), fact.version(), fact.encode(source)?),
        })
    }

    /// Reads a stored body.
    ///
    /// # Errors
    /// As [`Fact::decode`].
    pub fn decode(stream: StreamId, name: &str, version: i32, body: &str) -> Result<(Source, Self), DecodeError> {
        match stream {
            StreamId::Dossier(_) => DossierFact::decode(name, version, body).map(|(s, f)| (s, Self::Dossier(f))),
            StreamId::Bag(_) => BagFact::decode(name, version, body).map(|(s, f)| (s, Self::Bag(f))),
            StreamId::Case(_) => CaseFact::decode(name, version, body).map(|(s, f)| (s, Self::Case(f))),
        }
    }

    /// Stored name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dossier(fact) => fact.name(),
            Self::Bag(fact) => fact.name(),
            Self::Case(fact) => fact.name(),
        }
    }
}
