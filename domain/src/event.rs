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
    /// Whoever scanned held no post at that time, or was nobody of ours.
    NoPost,
    /// It came by another device's credential.
    OtherDevice,
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
    #[error(
        "no event `{name}` with schema version {version} is known in stream kind `{stream}`; a newer program wrote it"
    )]
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

impl Remark {
    /// The note in the vault that says more.
    #[must_use]
    pub fn note(&self) -> Option<crate::id::NoteId> {
        match self {
            Self::Explained(it) | Self::Resolved(it) => it.note,
            Self::Voided(_) | Self::Admitted(_) | Self::Assigned(_) => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bag::{BagChecked, BagFact, BagRegistered, Opened, Sealed};
    use crate::case::{Accepted, CaseFact, CaseNote, CloseCode, Closed, Decided, Filed, Outcome, Rated};
    use crate::code::CodeKind;
    use crate::custody::payload::{
        Annulled, InBag, LookedUp, LookedUpBecause, Noted, Posted, Read, Refused, Relabelled, Sent, Shelved,
    };
    use crate::dossier::{
        Checked, DossierFact, DossierKind, HandedOut, Piece, PieceKind, Recalled, Receiver, Registered, Rerouted,
    };
    use crate::exception::ExceptionKind;
    use crate::id::{CaseId, DeviceId, InstallationId, NoteId};
    use crate::network::tests::site_id;
    use crate::scan::{Carrier, RefusalReason};
    use crate::stream::{AnyFact, StreamId};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;
    use uuid::Uuid;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// A scan with everything a source can say.
    fn scanned() -> Source {
        let stamp = DeviceStamp {
            device: "pda-7".parse::<DeviceId>().expect("a device's id"),
            installation: InstallationId(id(0x1_0001)),
            seq: 42,
            wall_ms: Timestamp(1_767_571_140_000),
            mono_ms: 360_000,
        };
        Source {
            by: "k1".parse().expect("a person's id"),
            role: Role::Courier,
            at: Some(site_id("t1")),
            stamp: Some(stamp),
            skew_ms: 60_000,
            mode: Some(Mode::Pack),
            action_by: Some(ActionBy::Rule),
            bag: Some(bag()),
            code: Some(Code::new(CodeKind::Dossier, 77)),
            flags: vec![Flag::ClockSkew, Flag::OldLabel],
            quarantined: true,
        }
    }

    /// A command, with as little as a source can say.
    fn commanded() -> Source {
        Source {
            by: "clerk-3".parse().expect("a person's id"),
            role: Role::Desk,
            at: None,
            stamp: None,
            skew_ms: 0,
            mode: None,
            action_by: None,
            bag: None,
            code: None,
            flags: Vec::new(),
            quarantined: false,
        }
    }

    fn bag() -> SubjectId {
        Code::new(CodeKind::Bag, 5).subject()
    }

    fn read() -> Read {
        Read { note: Some(NoteId(id(0x2_0001))) }
    }

    fn sent() -> Sent {
        Sent { to: Some(site_id("hub")), carrier: Some(Carrier::Post { tracking_no: "EA123456789CN".to_owned() }) }
    }

    fn refused() -> Refused {
        Refused {
            reason: RefusalReason::WrongCount,
            left_with: Some("k1".parse().expect("a person's id")),
            note: read().note,
        }
    }

    fn remarks() -> [Remark; 5] {
        let (kind, anchor) = (ExceptionKind::NotExpectedHere, ScanId(id(0x3_0001)));
        let answered = Answered { kind, anchor, note: read().note };
        [
            Remark::Voided(Voided { scan: anchor, by_decision: true }),
            Remark::Admitted(Admitted { scan: anchor }),
            Remark::Assigned(Assigned { kind, anchor, to: "zhang".parse().expect("a person's id") }),
            Remark::Explained(answered.clone()),
            Remark::Resolved(answered),
        ]
    }

    /// One value of each fact of a dossier, as full as it can be.
    fn dossier_facts() -> Vec<DossierFact> {
        let piece = Piece { name: "不动产权证书".to_owned(), kind: PieceKind::ToReturn, count: 2 };
        let registered = Registered {
            dossier_no: "441424-20260105-00001".to_owned(),
            kind: DossierKind::Supplement,
            case: Some(CaseId(id(0x4_0001))),
            item: Some("item-440100".parse().expect("an item's id")),
            destination: Some(site_id("d1")),
            home: site_id("t1"),
            pieces: vec![piece.clone()],
        };
        let facts = [
            DossierFact::Registered(registered),
            DossierFact::PieceAdded(piece),
            DossierFact::Relabelled(Relabelled { code: Code::new(CodeKind::Dossier, 78) }),
            DossierFact::Packed(InBag { bag: bag() }),
            DossierFact::Unpacked(InBag { bag: bag() }),
            DossierFact::Dispatched(sent()),
            DossierFact::Collected(read()),
            DossierFact::Received(read()),
            DossierFact::AtDepartment(read()),
            DossierFact::Returned(Sent { to: None, carrier: Some(Carrier::Courier) }),
            DossierFact::Shelved(Shelved { shelf: Some("A-12".to_owned()) }),
            DossierFact::HandedOut(HandedOut { receiver: Receiver::Proxy, checked: Checked::Both }),
            DossierFact::Posted(Posted { to: Some(site_id("t1")), tracking_no: Some("EA1".to_owned()) }),
            DossierFact::MailDelivered(read()),
            DossierFact::Sighted(read()),
            DossierFact::LookedUp(LookedUp { because: LookedUpBecause::Repeat, signature: None }),
            DossierFact::Refused(refused()),
            DossierFact::Missing(read()),
            DossierFact::Found(read()),
            DossierFact::Damaged(read()),
            DossierFact::Rerouted(Rerouted { destination: site_id("d2"), note: read().note }),
            DossierFact::Recalled(Recalled { note: read().note }),
            DossierFact::Archived(read()),
            DossierFact::Annulled(Annulled { note: read().note }),
        ];
        // What came later stands last: a place decides which source the golden file has.
        let noted = DossierFact::Noted(Noted { note: NoteId(id(0x2_0001)) });
        facts.into_iter().chain(remarks().map(DossierFact::Remark)).chain([noted]).collect()
    }

    fn bag_facts() -> Vec<BagFact> {
        let seal_no = Some("0008127".to_owned());
        let facts = [
            BagFact::Registered(BagRegistered { bag_no: Some("水寨-03".to_owned()), home: Some(site_id("t1")) }),
            BagFact::Sealed(Sealed { seal_no: seal_no.clone(), to: Some(site_id("hub")) }),
            BagFact::Packed(InBag { bag: bag() }),
            BagFact::Unpacked(InBag { bag: bag() }),
            BagFact::Dispatched(sent()),
            BagFact::Collected(read()),
            BagFact::Received(read()),
            BagFact::Opened(Opened { seal_no, intact: Some(false) }),
            BagFact::Checked(BagChecked { absent: vec![Code::new(CodeKind::Dossier, 77).subject()] }),
            BagFact::Sighted(read()),
            BagFact::LookedUp(LookedUp { because: LookedUpBecause::Mode, signature: None }),
            BagFact::Refused(refused()),
            BagFact::Missing(read()),
            BagFact::Found(read()),
            BagFact::Damaged(read()),
            BagFact::Relabelled(Relabelled { code: Code::new(CodeKind::Bag, 6) }),
            BagFact::Posted(Posted { to: None, tracking_no: Some("EA2".to_owned()) }),
            BagFact::MailDelivered(read()),
            BagFact::Annulled(Annulled { note: read().note }),
        ];
        facts.into_iter().chain(remarks().map(BagFact::Remark)).collect()
    }

    fn case_facts() -> Vec<CaseFact> {
        let case_no = "441424000120260105000001".to_owned();
        let item = "item-440100".parse().expect("an item's id");
        vec![
            CaseFact::Filed(Filed { case_no, item, at: site_id("s1"), home: site_id("t1") }),
            CaseFact::Accepted(Accepted { dept_ref: Some("梅人社〔2026〕1号".to_owned()) }),
            CaseFact::NotAccepted(CaseNote { note: read().note }),
            CaseFact::Decided(Decided { outcome: Outcome::Granted }),
            CaseFact::Withdrawn(CaseNote { note: None }),
            CaseFact::Closed(Closed { code: CloseCode::SupplementLapsed }),
            CaseFact::Rated(Rated { stars: 4.try_into().expect("four is a rating") }),
        ]
    }

    fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
    }

    fn file_name(stream: &str, name: &str, version: i32) -> String {
        format!("{stream}/{name}.{version}.json")
    }

    /// Scans fill one half of the golden files' sources, commands the other.
    fn body<F: Fact>(fact: &F, index: usize) -> String {
        let source = if index.is_multiple_of(2) { scanned() } else { commanded() };
        fact.encode(&source).expect("JSON")
    }

    fn examples() -> Vec<(String, String)> {
        fn of<F: Fact>(stream: &str, facts: &[F]) -> Vec<(String, String)> {
            let example =
                |(index, fact): (usize, &F)| (file_name(stream, fact.name(), fact.version()), body(fact, index));
            facts.iter().enumerate().map(example).collect()
        }
        let all = [of("dossier", &dossier_facts()), of("bag", &bag_facts()), of("case", &case_facts())];
        all.into_iter().flatten().collect()
    }

    fn golden_files() -> BTreeSet<String> {
        let streams = ["dossier", "bag", "case"];
        let files = streams.iter().flat_map(|stream| {
            let entries =
                fs::read_dir(folder().join(stream)).expect("a folder of golden files for each kind of stream");
            entries.map(move |entry| format!("{stream}/{}", entry.expect("an entry").file_name().to_string_lossy()))
        });
        files.collect()
    }

    /// To add a golden file: add its value above and run the tests with `GOLDEN=write`. None is ever overwritten.
    #[test]
    fn the_body_of_every_event_is_the_text_of_its_golden_file() {
        for (file, text) in examples() {
            let path = folder().join(&file);
            if std::env::var("GOLDEN").is_ok_and(|it| it == "write") && !path.exists() {
                fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the folder");
                fs::write(&path, format!("{text}\n")).expect("the file");
            }
            let golden =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}. Its text is {text}"));
            assert_eq!(golden.trim_end(), text, "{file}: a changed shape is a new version, and the old file stays");
        }
    }

    #[test]
    fn every_golden_file_is_read_and_one_of_the_newest_version_is_written_back_the_same() {
        for file in golden_files() {
            let (stream, rest) = file.split_once('/').expect("kind/name");
            let parts: Vec<&str> = rest.split('.').collect();
            let [name, version, "json"] = parts[..] else { panic!("{file} is not `name.version.json`") };
            let version = version.parse().expect("a version");
            let stream = StreamId::of(stream, Uuid::nil()).expect("a kind of stream");
            let golden = fs::read_to_string(folder().join(&file)).expect("a file");
            let (source, fact) =
                AnyFact::decode(stream, name, version, golden.trim_end()).unwrap_or_else(|error| panic!("{error}"));
            let (name_now, version_now, text) = fact.encode(&source).expect("JSON");
            assert_eq!(name_now, name);
            if version_now == version {
                assert_eq!(text, golden.trim_end(), "{file}");
            }
        }
    }

    #[test]
    fn there_is_a_golden_file_for_every_event_and_no_other() {
        fn of<F: Fact>(stream: &'static str, _facts: &[F]) -> impl Iterator<Item = String> {
            F::NAMES.iter().map(move |(name, version)| file_name(stream, name, *version))
        }
        let named: BTreeSet<String> =
            of("dossier", &dossier_facts()).chain(of("bag", &bag_facts())).chain(of("case", &case_facts())).collect();
        // A file of an older version stays for ever; a newer one than the program's is a mistake.
        let newest = |file: &String| {
            let (name, version) = file.trim_end_matches(".json").rsplit_once('.').expect("name.version");
            let newer = (version.parse::<i32>().expect("a version") + 1..10)
                .any(|next| named.contains(&format!("{name}.{next}.json")));
            !newer
        };
        assert_eq!(golden_files().into_iter().filter(newest).collect::<BTreeSet<_>>(), named);
    }

    #[test]
    fn a_name_or_version_of_a_newer_program_is_an_error_that_says_so() {
        let body = body(&CaseFact::Decided(Decided { outcome: Outcome::Granted }), 1);
        for (name, version) in [("decided", 2), ("decided", 0), ("reopened", 1), ("exception_assigned", 1)] {
            let error = CaseFact::decode(name, version, &body).expect_err("unknown");
            assert!(matches!(error, DecodeError::Unknown { stream: "case", .. }), "{error}");
        }
        let error = CaseFact::decode("decided", 1, "{}").expect_err("not a body");
        assert!(matches!(error, DecodeError::Body { version: 1, .. }), "{error}");
    }

    #[test]
    fn a_body_holds_no_more_than_was_said() {
        let body = body(&CaseFact::Decided(Decided { outcome: Outcome::Granted }), 1);
        assert_eq!(body, r#"{"source":{"by":"clerk-3","role":"desk"},"fact":{"outcome":"granted"}}"#);
    }
}
