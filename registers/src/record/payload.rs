//! What each act of the record says beside who, whence and when. Ids and codes only: never a name, phone or number of an
//! applicant, never free text (its id, as a note of the vault), never a secret or the value of a setting. A shape that is
//! in a released record is not changed: give the act a new version and keep the old shape beside it.
use super::{Actor, Subject, Word};
use crate::column::text_enum;
use domain::id::{CaseId, DeviceId, NoteId, PersonId, ScanId, SiteId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Shapes that serde reads and writes; an absent `Option` is left out of the body.
macro_rules! payloads {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$fdoc:meta])* $field:ident: $type:ty, )* } )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name { $( $(#[$fdoc])* pub $field: $type, )* }
    )+};
}

payloads! {
    /// Why, where the law or the house wants to know: a code, and the id of a note with the words, if there are any.
    Reason {
        code: Word,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<NoteId>,
    }
    SignedIn {
        session: Uuid,
        second_factor: bool,
    }
    SignInFailed {
        /// Only an account that exists: what else was typed may be anything, also a password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<PersonId>,
        why: SignInFailure,
    }
    SignedOut {
        session: Uuid,
    }
    SessionEnded {
        session: Uuid,
        person: PersonId,
        why: SessionEnd,
    }
    Locked {
        person: PersonId,
        until: Timestamp,
    }
    /// An act on a person's account that says no more.
    OfPerson {
        person: PersonId,
    }
    OnShift {
        device: DeviceId,
        person: PersonId,
    }
    ShiftFailed {
        device: DeviceId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<PersonId>,
        why: ShiftFailure,
    }
    Post {
        person: PersonId,
        role: Word,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
        from: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
    }
    DeviceEnrolled {
        device: DeviceId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        courier: Option<PersonId>,
    }
    DeviceRevoked {
        device: DeviceId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    }
    ClientMade {
        client: Word,
        scopes: Vec<Word>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    }
    ClientRevoked {
        client: Word,
    }
    VaultOpened {
        held: Held,
        fields: Vec<Field>,
        reason: Reason,
    }
    VaultSearched {
        by: SearchedBy,
        found: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    }
    VaultWritten {
        held: Held,
        fields: Vec<Field>,
    }
    /// Restricted, unrestricted, erased.
    VaultRight {
        held: Held,
        reason: Reason,
    }
    VaultRotated {
        /// The key that is current now.
        key: Word,
        parties: u64,
        notes: u64,
        hashes: u64,
    }
    Exported {
        what: Word,
        rows: u64,
        reason: Reason,
    }
    Refused {
        action: Word,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Subject>,
    }
    Limited {
        door: Word,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<PersonId>,
    }
    ScanAdmitted {
        scan: ScanId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    }
    SettingsChanged {
        /// Its name, never its value.
        setting: Word,
    }
    /// What was asked of the record, and how much was shown.
    RecordRead {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<Actor>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Word>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
        rows: u64,
    }
    /// The record's own beginning was cut off: positions `first` to `last`, all recorded before `before`.
    Pruned {
        first: i64,
        last: i64,
        before: Timestamp,
    }
}

text_enum! {
    /// Who stands in a case.
    pub enum Party {
        Applicant = "applicant",
        /// Who handles it for the applicant.
        Proxy = "proxy",
    }
}

text_enum! {
    /// What the vault keeps of a party.
    pub enum Field {
        Name = "name",
        Phone = "phone",
        Identity = "identity",
        Address = "address",
    }
}

text_enum! {
    /// By what the vault is searched.
    pub enum SearchedBy {
        Name = "name",
        Phone = "phone",
        Identity = "identity",
    }
}

text_enum! {
    pub enum SignInFailure {
        UnknownAccount = "unknown_account",
        WrongPassword = "wrong_password",
        WrongSecondFactor = "wrong_second_factor",
        /// Locked by failures before, or by an administrator.
        Locked = "locked",
        /// No post in force, or the account has ended.
        NotInForce = "not_in_force",
    }
}

text_enum! {
    pub enum SessionEnd {
        Idle = "idle",
        /// Its absolute limit.
        TooOld = "too_old",
        ByPerson = "by_person",
        ByAdministrator = "by_administrator",
        /// Password, second factor or posts changed.
        CredentialsChanged = "credentials_changed",
    }
}

text_enum! {
    pub enum ShiftFailure {
        UnknownBadge = "unknown_badge",
        WrongPin = "wrong_pin",
        Locked = "locked",
        NoPost = "no_post",
    }
}

/// A row of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    Party { case: CaseId, party: Party },
    Note(NoteId),
}

impl Held {
    /// The case or the note.
    #[must_use]
    pub fn subject(self) -> Subject {
        match self {
            Self::Party { case, .. } => Subject::Case(case),
            Self::Note(note) => Subject::Note(note),
        }
    }
}
