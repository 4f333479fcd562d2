//! Short codes and typed ids as they stand in the record. What a code can hold is so narrow that no applicant's name, phone
//! or identity number fits: it begins with a letter and goes on in ASCII.
use domain::id::{CaseId, DeviceId, NoteId, PersonId, ScanId, SiteId, SubjectId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A short code: a reason, a role, an action, a setting, a client, a key. Never free text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word(Arc<str>);

/// Why a text is no [`Word`]. Does not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code begins with a letter and has 1 to 60 of the characters A-Z a-z 0-9 . _ - /")]
pub struct BadWord;

impl Word {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if begins && text.len() <= 60 && text.bytes().all(fits) { Ok(Self(text.into())) } else { Err(BadWord) }
    }
}

impl TryFrom<String> for Word {
    type Error = BadWord;
    fn try_from(text: String) -> Result<Self, BadWord> {
        text.parse()
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0.as_ref().to_owned()
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    Person(PersonId),
    /// A program of another office.
    Client(Word),
    Device(DeviceId),
    /// This program by itself, or whoever has its command line.
    System,
    /// Somebody who showed no valid credential.
    Nobody,
}

/// Why a text is no [`Actor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an actor is person:ID, client:ID, device:ID, system or nobody")]
pub struct BadActor;

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::System => f.write_str("system"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

impl FromStr for Actor {
    type Err = BadActor;
    fn from_str(text: &str) -> Result<Self, BadActor> {
        match (text.split_once(':'), text) {
            (Some(("person", id)), _) => id.parse().map(Self::Person).map_err(|_| BadActor),
            (Some(("client", id)), _) => id.parse().map(Self::Client).map_err(|_| BadActor),
            (Some(("device", id)), _) => id.parse().map(Self::Device).map_err(|_| BadActor),
            (None, "system") => Ok(Self::System),
            (None, "nobody") => Ok(Self::Nobody),
            _ => Err(BadActor),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = BadActor;
    fn try_from(text: String) -> Result<Self, BadActor> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

/// Whom or what an act is about. It is also a column, so that "who opened this case?" is one search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Case(CaseId),
    Note(NoteId),
    Person(PersonId),
    Device(DeviceId),
    Client(Word),
    Site(SiteId),
    /// A dossier or a bag.
    Thing(SubjectId),
    Scan(ScanId),
}

impl FromStr for Subject {
    type Err = BadActor;
    fn from_str(text: &str) -> Result<Self, BadActor> {
        let (kind, id) = text.split_once(':').ok_or(BadActor)?;
        let uuid = || id.parse::<uuid::Uuid>().map_err(|_| BadActor);
        Ok(match kind {
            "case" => Self::Case(CaseId(uuid()?)),
            "note" => Self::Note(NoteId(uuid()?)),
            "thing" => Self::Thing(SubjectId(uuid()?)),
            "scan" => Self::Scan(ScanId(uuid()?)),
            "person" => Self::Person(id.parse().map_err(|_| BadActor)?),
            "device" => Self::Device(id.parse().map_err(|_| BadActor)?),
            "client" => Self::Client(id.parse().map_err(|_| BadActor)?),
            "site" => Self::Site(id.parse().map_err(|_| BadActor)?),
            _ => return Err(BadActor),
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case(id) => write!(f, "case:{id}"),
            Self::Note(id) => write!(f, "note:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Site(id) => write!(f, "site:{id}"),
            Self::Thing(id) => write!(f, "thing:{id}"),
            Self::Scan(id) => write!(f, "scan:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_phone_or_identity_number_fits_into_a_code() {
        for right in ["counter", "law.erasure", "GET/api/v1", "k1", "A"] {
            assert!(right.parse::<Word>().is_ok(), "{right}");
        }
        for wrong in ["", "张三", "13812341234", "11010519491231002X", "has space", &"a".repeat(61)] {
            assert_eq!(wrong.parse::<Word>(), Err(BadWord), "{wrong}");
        }
    }

    #[test]
    fn an_actor_is_read_back_as_it_was_written() {
        for text in ["person:li", "client:tax-office", "device:pda-7", "system", "nobody"] {
            assert_eq!(text.parse::<Actor>().map(|actor| actor.to_string()).as_deref(), Ok(text));
        }
        for wrong in ["", "li", "person:", "person:张三", "system:1", "robot:1"] {
            assert_eq!(wrong.parse::<Actor>(), Err(BadActor), "{wrong}");
        }
    }
}
