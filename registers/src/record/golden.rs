//! One golden file for each act and version ever written, in `registers/golden/record`. None is ever overwritten.
use super::*;
use domain::id::{CaseId, NoteId, PersonId, ScanId};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use uuid::Uuid;

fn word(text: &str) -> Word {
    text.parse().unwrap()
}

fn person() -> PersonId {
    "clerk-3".parse().unwrap()
}

fn reason() -> Reason {
    Reason { code: word("asks-at-the-window"), note: Some(NoteId(Uuid::from_u128(9))) }
}

fn held() -> Held {
    Held::Party { case: CaseId(Uuid::from_u128(7)), party: Party::Proxy }
}

fn of_person() -> OfPerson {
    OfPerson { person: person() }
}

fn post(to: Option<Timestamp>) -> Post {
    Post { person: person(), role: word("clerk"), site: "t1".parse().ok(), from: Timestamp(1_767_225_600_000), to }
}

fn of_the_house() -> Vec<Act> {
    let session = Uuid::from_u128(5);
    let device: domain::id::DeviceId = "pda-7".parse().unwrap();
    let shift = OnShift { device: device.clone(), person: person() };
    let until = Timestamp(1_767_225_600_000);
    vec![
        Act::SignedIn(SignedIn { session, second_factor: true }),
        Act::SignInFailed(SignInFailed { account: Some(person()), why: SignInFailure::WrongPassword }),
        Act::SignedOut(SignedOut { session }),
        Act::SessionEnded(SessionEnded { session, person: person(), why: SessionEnd::Idle }),
        Act::Locked(Locked { person: person(), until }),
        Act::PasswordChanged(of_person()),
        Act::SecondFactorSet(of_person()),
        Act::SecondFactorRemoved(of_person()),
        Act::PinSet(of_person()),
        Act::ShiftBegan(shift.clone()),
        Act::ShiftEnded(shift),
        Act::ShiftFailed(ShiftFailed { device: device.clone(), person: None, why: ShiftFailure::UnknownBadge }),
        Act::PersonSaved(of_person()),
        Act::PostGiven(post(None)),
        Act::PostEnded(post(Some(until))),
        Act::BadgeIssued(of_person()),
        Act::BadgeEnded(of_person()),
        Act::DeviceEnrolled(DeviceEnrolled { device: device.clone(), site: "t1".parse().ok(), courier: None }),
        Act::DeviceRevoked(DeviceRevoked { device, reason: Some(reason()) }),
        Act::ClientMade(ClientMade {
            client: word("tax-office"),
            scopes: vec![word("cases.read")],
            expires_at: Some(until),
        }),
        Act::ClientRevoked(ClientRevoked { client: word("tax-office") }),
    ]
}

fn of_the_vault_and_the_rest() -> Vec<Act> {
    let right = VaultRight { held: held(), reason: reason() };
    let note = Held::Note(NoteId(Uuid::from_u128(9)));
    let time = Timestamp(1_767_225_600_000);
    vec![
        Act::VaultOpened(VaultOpened { held: held(), fields: vec![Field::Name, Field::Phone], reason: reason() }),
        Act::VaultSearched(VaultSearched { by: SearchedBy::Phone, found: 2, reason: None }),
        Act::VaultWritten(VaultWritten { held: held(), fields: vec![Field::Identity, Field::Address] }),
        Act::VaultRestricted(right.clone()),
        Act::VaultUnrestricted(right.clone()),
        Act::VaultErased(VaultRight { held: note, ..right }),
        Act::VaultRotated(VaultRotated { key: word("k2"), parties: 10, notes: 3, hashes: 20 }),
        Act::Exported(Exported { what: word("cases"), rows: 120, reason: reason() }),
        Act::Refused(Refused { action: word("vault.open"), about: Some(held().subject()) }),
        Act::Limited(Limited { door: word("sign-in"), account: Some(person()) }),
        Act::ScanAdmitted(ScanAdmitted { scan: ScanId(Uuid::from_u128(4)), reason: None }),
        Act::SettingsChanged(SettingsChanged { setting: word("public_host") }),
        Act::RecordRead(RecordRead {
            actor: Some(Actor::Person(person())),
            name: Some(word("vault_opened")),
            from: Some(time),
            to: None,
            rows: 50,
        }),
        Act::Pruned(Pruned { first: 1, last: 900, before: time }),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/record")
}

fn examples() -> impl Iterator<Item = Act> {
    of_the_house().into_iter().chain(of_the_vault_and_the_rest())
}

fn golden_files() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("a folder of golden files");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// To add a golden file: add its value above and run the tests with `GOLDEN=write`.
#[test]
fn the_body_of_every_act_is_the_text_of_its_golden_file() {
    for act in examples() {
        let (file, text) = (format!("{}.{}.json", act.name(), act.version()), act.encode().expect("JSON"));
        let path = folder().join(&file);
        if std::env::var("GOLDEN").is_ok_and(|it| it == "write") && !path.exists() {
            fs::create_dir_all(folder()).expect("the folder");
            fs::write(&path, format!("{text}\n")).expect("the file");
        }
        let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}. Its text is {text}"));
        assert_eq!(golden.trim_end(), text, "{file}: a changed shape is a new version, and the old file stays");
    }
}

#[test]
fn every_golden_file_is_read_and_one_of_the_newest_version_is_written_back_the_same() {
    for file in golden_files() {
        let parts: Vec<&str> = file.split('.').collect();
        let [name, version, "json"] = parts[..] else { panic!("{file} is not `name.version.json`") };
        let version = version.parse().expect("a version");
        let golden = fs::read_to_string(folder().join(&file)).expect("a file");
        let act = Act::decode(name, version, golden.trim_end()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(act.name(), name);
        if act.version() == version {
            assert_eq!(act.encode().expect("JSON"), golden.trim_end(), "{file}");
        }
    }
}

#[test]
fn every_act_has_a_golden_file_of_every_version_up_to_its_own() {
    let versions = Act::NAMES.iter().flat_map(|(name, version)| (1..=*version).map(move |it| (name, it)));
    let wanted: BTreeSet<String> = versions.map(|(name, version)| format!("{name}.{version}.json")).collect();
    assert_eq!(golden_files(), wanted);
}

#[test]
fn an_act_of_a_newer_program_is_an_error_that_says_so() {
    let unknown = Act::decode("signed_in", 99, "{}").expect_err("no such version").to_string();
    assert!(unknown.contains("`signed_in` with schema version 99"), "{unknown}");
    assert!(matches!(Act::decode("signed_in", 1, "{}"), Err(UnreadableAct::Body { .. })));
}
