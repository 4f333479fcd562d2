//! The envelope every event travels in, and the table that gives each event its stored name and schema version.
//! A stored body is `{"source":…,"fact":…}`; name, version, times and ids are columns of the log.
use crate::code::Code;
use crate::id::{PersonId, ScanId, SiteId, SubjectId};
use crate::scan::{ActionBy, DeviceStamp, Mode};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a site's own device read it, or a courier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Site,
    Courier,
    /// A command given at a desk or by a program, not a reading.
    Desk,
}

/// What was odd about a scan when it was recorded. Facts of arrival, kept for ever; what follows from them is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The label's code was not minted here (yet).
    UnknownLabel,
    /// The site was not in the registers (yet).
    UnknownSite,
    UnknownDevice,
    /// The time it claimed was in the future or before 2000.
    ImpossibleTime,
    /// The device's clock was off by more than 30 s and corrected.
    ClockSkew,
    /// It came without an action, which the server read from the table.
    ReadByServer,
    /// It was read by a label that had been replaced.
    OldLabel,
    /// Something its action needs was not sent.
    Incomplete,
}

/// Where an event comes from: who, where, and for a scan what the device fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Who did it.
    pub by: PersonId,
    pub role: Role,
    /// The site where it was read: the device's own, or the courier's stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SiteId>,
    /// For a scan; a command has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<DeviceStamp>,
    /// Added to the device's wall clock, milliseconds; judged at first receipt, never again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skew_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_by: Option<ActionBy>,
    /// The bag that was open on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bag: Option<SubjectId>,
    /// The code that was read, where it is not the one that reserved the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// Recorded after its device was revoked: outside the fold until admitted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quarantined: bool,
}

impl Source {
    /// Whether the device's rule table settled the action, rather than a person.
    #[must_use]
    pub fn settled_by_rule(&self) -> bool {
        self.action_by == Some(ActionBy::Rule)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if hands over a reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// An event as the domain sees it. `F` is the fact: what happened, beside who, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<F> {
    /// The scan or request that made it.
    pub scan: ScanId,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub source: Source,
    pub fact: F,
}

/// A stored body that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("no event `{name}` with schema version {version} is known in stream kind `{stream}`; a newer program wrote it")]
    Unknown { stream: &'static str, name: String, version: i32 },
    #[error("the body of event `{name}` version {version} cannot be read: {source}")]
    Body { name: String, version: i32, source: serde_json::Error },
}

/// The facts of one aggregate: stored names, versions, bodies.
pub trait Fact: Sized + Clone {
    /// Every (name, current schema version), for documents and golden files.
    const NAMES: &'static [(&'static str, i32)];

    /// Name in the log. A literal: renaming the variant changes nothing.
    fn name(&self) -> &'static str;

    /// Schema version that [`Fact::encode`] writes.
    fn version(&self) -> i32;

    /// The stored body.
    ///
    /// # Errors
    /// Only if a value cannot be JSON, which the payloads exclude by construction.
    fn encode(&self, source: &Source) -> Result<String, serde_json::Error>;

    /// Reads a stored body of any version ever written.
    ///
    /// # Errors
    /// An unknown name or version, or a body that is not what its version promises.
    fn decode(name: &str, version: i32, body: &str) -> Result<(Source, Self), DecodeError>;

    /// What voids, admissions and answers need to know, alike in dossiers and bags.
    fn remark(&self) -> Option<&Remark>;
}

#[derive(Serialize)]
pub(crate) struct BodyRef<'a, T> {
    pub source: &'a Source,
    pub fact: &'a T,
}

#[derive(Deserialize)]
pub(crate) struct Body<T> {
    pub source: Source,
    pub fact: T,
}

/// Facts about other facts of the same stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    Voided(Voided),
    Admitted(Admitted),
    Assigned(Assigned),
    Explained(Answered),
    Resolved(Answered),
}

/// Hides every event of a scan from the fold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided {
    pub scan: ScanId,
    /// A decision over another's scan. Without it the voided scan must be of the same installation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_decision: bool,
}

/// Takes a quarantined scan into the fold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admitted {
    pub scan: ScanId,
}

/// Gives an exception an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub kind: crate::exception::ExceptionKind,
    pub anchor: ScanId,
    pub to: PersonId,
}

/// A human answer to an exception; the words lie in the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub kind: crate::exception::ExceptionKind,
    pub anchor: ScanId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<crate::id::NoteId>,
}

/// One table for each aggregate: variant, payload, stored name, schema version; then the remarks it admits.
/// An older version is a further line `old "name" 1 => OldPayload, |old| Payload {…};`.
macro_rules! facts {
    (
        $(#[$doc:meta])* $vis:vis enum $enum:ident in $stream:literal {
            $( $(#[$vdoc:meta])* $variant:ident($payload:ty) = $name:literal $version:literal, )+
        }
        remarks { $( $remark:ident = $rname:literal $rversion:literal, )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $vis enum $enum {
            $( $(#[$vdoc])* $variant($payload), )+
            /// A fact about other facts of the stream.
            Remark($crate::event::Remark),
        }

        impl $crate::event::Fact for $enum {
            const NAMES: &'static [(&'static str, i32)] = &[$(($name, $version),)+ $(($rname, $rversion),)*];

            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                    $(Self::Remark($crate::event::Remark::$remark(_)) => $rname,)*
                    #[allow(unreachable_patterns, reason = "an aggregate may admit every remark")]
                    Self::Remark(_) => "remark_not_of_this_stream",
                }
            }

            fn version(&self) -> i32 {
                match self {
                    $(Self::$variant(_) => $version,)+
                    $(Self::Remark($crate::event::Remark::$remark(_)) => $rversion,)*
                    #[allow(unreachable_patterns, reason = "an aggregate may admit every remark")]
                    Self::Remark(_) => 1,
                }
            }

            fn encode(&self, source: &$crate::event::Source) -> Result<String, serde_json::Error> {
                match self {
                    $(Self::$variant(fact) => serde_json::to_string(&$crate::event::BodyRef { source, fact }),)+
                    $(Self::Remark($crate::event::Remark::$remark(fact)) => {
                        serde_json::to_string(&$crate::event::BodyRef { source, fact })
                    })*
                    #[allow(unreachable_patterns, reason = "an aggregate may admit every remark")]
                    Self::Remark(fact) => serde_json::to_string(&$crate::event::BodyRef { source, fact }),
                }
            }

            fn decode(name: &str, version: i32, body: &str)
                -> Result<($crate::event::Source, Self), $crate::event::DecodeError>
            {
                fn read<'a, T: serde::Deserialize<'a>>(name: &str, version: i32, body: &'a str)
                    -> Result<$crate::event::Body<T>, $crate::event::DecodeError>
                {
                    serde_json::from_str(body).map_err(|source| $crate::event::DecodeError::Body {
                        name: name.to_owned(), version, source,
                    })
                }
                match (name, version) {
                    $(($name, $version) => read(name, version, body).map(|b| (b.source, Self::$variant(b.fact))),)+
                    $(($rname, $rversion) => read(name, version, body)
                        .map(|b| (b.source, Self::Remark($crate::event::Remark::$remark(b.fact)))),)*
                    _ => Err($crate::event::DecodeError::Unknown { stream: $stream, name: name.to_owned(), version }),
                }
            }

            fn remark(&self) -> Option<&$crate::event::Remark> {
                if let Self::Remark(remark) = self { Some(remark) } else { None }
            }
        }
    };
}
pub(crate) use facts;
