//! The table that gives each act its stored name, schema version and payload, and reading them back.
//!
//! To add an act: a payload, if none fits, in `payload.rs`; a line here; an arm in [`Act::about`]; a value in the tests of
//! `golden.rs`. To change a shape: a new version, the old payload kept beside it, and an arm in [`Act::decode`].
use super::Subject;
use super::payload::{
    ClientMade, ClientRevoked, DeviceEnrolled, DeviceRevoked, Exported, Limited, Locked, OfPerson, OnShift, Post,
    Pruned, RecordRead, Refused, ScanAdmitted, SessionEnded, SettingsChanged, ShiftFailed, SignInFailed, SignedIn,
    SignedOut, VaultOpened, VaultRight, VaultRotated, VaultSearched, VaultWritten,
};

/// A stored entry that this program cannot read. Nothing is skipped: whoever meets it says so.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableAct {
    #[error("no act `{name}` with schema version {version} is known; a newer program wrote it")]
    Unknown { name: String, version: i64 },
    #[error("the body of act `{name}` version {version} cannot be read: {source}")]
    Body { name: String, version: i64, source: serde_json::Error },
}

/// Declares the acts: variant, payload, stored name, schema version.
macro_rules! acts {
    ($( $(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal $version:literal, )+) => {
        /// What was done.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Act {
            $( $(#[$doc])* $variant($payload), )+
        }

        impl Act {
            /// Every (name, current schema version), for filters, documents and golden files.
            pub const NAMES: &'static [(&'static str, i64)] = &[$(($name, $version),)+];

            /// Stored name. A literal: renaming the variant changes nothing.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// Schema version that [`Act::encode`] writes.
            #[must_use]
            pub fn version(&self) -> i64 {
                match self { $(Self::$variant(_) => $version,)+ }
            }

            /// The body, as it is stored.
            ///
            /// # Errors
            /// Only if a value cannot be JSON, which the payloads exclude by construction.
            pub fn encode(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$variant(payload) => serde_json::to_string(payload),)+ }
            }

            /// Reads a stored body of any version ever written.
            ///
            /// # Errors
            /// An unknown name or version, or a body that is not what its version promises.
            pub fn decode(name: &str, version: i64, body: &str) -> Result<Self, UnreadableAct> {
                let read = match (name, version) {
                    $(($name, $version) => serde_json::from_str(body).map(Self::$variant),)+
                    _ => return Err(UnreadableAct::Unknown { name: name.to_owned(), version }),
                };
                read.map_err(|source| UnreadableAct::Body { name: name.to_owned(), version, source })
            }
        }
    };
}

acts! {
    SignedIn(SignedIn) = "signed_in" 1,
    SignInFailed(SignInFailed) = "sign_in_failed" 1,
    SignedOut(SignedOut) = "signed_out" 1,
    SessionEnded(SessionEnded) = "session_ended" 1,
    Locked(Locked) = "locked" 1,
    PasswordChanged(OfPerson) = "password_changed" 1,
    SecondFactorSet(OfPerson) = "second_factor_set" 1,
    SecondFactorRemoved(OfPerson) = "second_factor_removed" 1,
    PinSet(OfPerson) = "pin_set" 1,
    ShiftBegan(OnShift) = "shift_began" 1,
    ShiftEnded(OnShift) = "shift_ended" 1,
    ShiftFailed(ShiftFailed) = "shift_failed" 1,
    PersonSaved(OfPerson) = "person_saved" 1,
    PostGiven(Post) = "post_given" 1,
    PostEnded(Post) = "post_ended" 1,
    BadgeIssued(OfPerson) = "badge_issued" 1,
    BadgeEnded(OfPerson) = "badge_ended" 1,
    DeviceEnrolled(DeviceEnrolled) = "device_enrolled" 1,
    DeviceRevoked(DeviceRevoked) = "device_revoked" 1,
    ClientMade(ClientMade) = "client_made" 1,
    ClientRevoked(ClientRevoked) = "client_revoked" 1,
    VaultOpened(VaultOpened) = "vault_opened" 1,
    VaultSearched(VaultSearched) = "vault_searched" 1,
    VaultWritten(VaultWritten) = "vault_written" 1,
    VaultRestricted(VaultRight) = "vault_restricted" 1,
    VaultUnrestricted(VaultRight) = "vault_unrestricted" 1,
    VaultErased(VaultRight) = "vault_erased" 1,
    VaultRotated(VaultRotated) = "vault_rotated" 1,
    Exported(Exported) = "exported" 1,
    Refused(Refused) = "refused" 1,
    /// Told to come back later.
    Limited(Limited) = "limited" 1,
    ScanAdmitted(ScanAdmitted) = "scan_admitted" 1,
    SettingsChanged(SettingsChanged) = "settings_changed" 1,
    RecordRead(RecordRead) = "record_read" 1,
    Pruned(Pruned) = "pruned" 1,
}

impl Act {
    /// Whom or what it is about, if that is not the actor alone.
    #[must_use]
    pub fn about(&self) -> Option<Subject> {
        let person = |id: &domain::id::PersonId| Some(Subject::Person(id.clone()));
        match self {
            Self::SignInFailed(it) => it.account.clone().map(Subject::Person),
            Self::SessionEnded(it) => person(&it.person),
            Self::Locked(it) => person(&it.person),
            Self::PasswordChanged(it)
            | Self::SecondFactorSet(it)
            | Self::SecondFactorRemoved(it)
            | Self::PinSet(it)
            | Self::PersonSaved(it)
            | Self::BadgeIssued(it)
            | Self::BadgeEnded(it) => person(&it.person),
            Self::ShiftBegan(it) | Self::ShiftEnded(it) => person(&it.person),
            Self::ShiftFailed(it) => it.person.clone().map(Subject::Person),
            Self::PostGiven(it) | Self::PostEnded(it) => person(&it.person),
            Self::DeviceEnrolled(it) => Some(Subject::Device(it.device.clone())),
            Self::DeviceRevoked(it) => Some(Subject::Device(it.device.clone())),
            Self::ClientMade(it) => Some(Subject::Client(it.client.clone())),
            Self::ClientRevoked(it) => Some(Subject::Client(it.client.clone())),
            Self::VaultOpened(it) => Some(it.held.subject()),
            Self::VaultWritten(it) => Some(it.held.subject()),
            Self::VaultRestricted(it) | Self::VaultUnrestricted(it) | Self::VaultErased(it) => Some(it.held.subject()),
            Self::Refused(it) => it.about.clone(),
            Self::Limited(it) => it.account.clone().map(Subject::Person),
            Self::ScanAdmitted(it) => Some(Subject::Scan(it.scan)),
            Self::SignedIn(_)
            | Self::SignedOut(_)
            | Self::VaultSearched(_)
            | Self::VaultRotated(_)
            | Self::Exported(_)
            | Self::SettingsChanged(_)
            | Self::RecordRead(_)
            | Self::Pruned(_) => None,
        }
    }
}
