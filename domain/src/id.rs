//! Identifiers. Opaque to everyone: no meaning is read out of an id, and an administrative code is never one.
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 40 of the characters A-Z a-z 0-9 . _ -")]
pub struct BadId;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
                if (1..=40).contains(&text.len()) && text.bytes().all(fits) { Ok(Self(text.into())) } else { Err(BadId) }
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A place that can hold papers. Its own id, never a division code; an unknown site label stands here as its code.
    SiteId
);
text_id!(
    /// A person as staff: courier, clerk, agent. Never an applicant.
    PersonId
);
text_id!(
    /// A device as enrolled; it may be installed again and again.
    DeviceId
);
text_id!(
    /// A service item (事项) of the catalogue.
    ItemId
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// What a label names: a dossier or a bag. Reserved by the label's code (see [`crate::code::Code::subject`]).
    SubjectId
);
uuid_id!(
    /// A case (办件). Made by the client that files it.
    CaseId
);
uuid_id!(
    /// Made by the client for every scan and every other writing request: exactly once in effect.
    ScanId
);
uuid_id!(
    /// One installation of the handheld program: a reinstall is a new one, with a sequence of its own.
    InstallationId
);
uuid_id!(
    /// A free text kept in the vault, outside the log.
    NoteId
);

/// A county: the first six digits of its division code (GB/T 2260). One log each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Region(pub u32);

impl FromStr for Region {
    type Err = BadRegion;
    fn from_str(text: &str) -> Result<Self, BadRegion> {
        if text.len() == 6 && !text.starts_with('0') {
            text.parse().map(Self).map_err(|_| BadRegion)
        } else {
            Err(BadRegion)
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// Why a text is not a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a region is the six digits of a county, such as 441424")]
pub struct BadRegion;
