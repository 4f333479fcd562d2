//! What the vault promises on either engine, as functions of a database; called by `registers/src/contract.rs`. That nothing
//! is left in the files is a test of `tests/src/erasure.rs`.
use super::*;
use crate::record::{self, Act, Actor, Field, Filter, Party, Reason, SearchedBy, Subject};
use chrono::NaiveDate;
use domain::id::{CaseId, NoteId};
use uuid::Uuid;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const NOW: Timestamp = Timestamp(1_767_225_600_000);
/// Keys that were never used for anything else: 32 bytes of 1, 2 and 3.
const K1: &str = "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const K2: &str = "k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const FALSE_K1: &str = "k1 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";

/// Everything, one after another.
///
/// # Errors
/// The database's own; a broken promise panics.
pub async fn contract(db: &Db) -> Outcome {
    what_is_written_is_opened_with_a_reason_and_recorded(db).await?;
    only_what_was_asked_is_opened(db).await?;
    what_cannot_be_recorded_is_not_opened(db).await?;
    nothing_is_stored_in_the_clear(db).await?;
    a_row_moved_to_another_place_does_not_open(db).await?;
    everybody_sees_the_masked_form_only(db).await?;
    a_search_finds_whole_values_only_and_is_recorded(db).await?;
    written_again_only_the_new_value_is_found(db).await?;
    only_who_knows_how_its_phone_ends_is_told_yes(db).await?;
    a_restricted_party_is_kept_and_opened_only_by_who_may_lift_it(db).await?;
    erased_stays_erased_and_tells_who_did_it(db).await?;
    a_note_is_written_once_and_can_be_erased(db).await?;
    keys_are_those_the_database_was_sealed_with(db).await?;
    a_rotation_wraps_everything_anew_and_the_old_key_can_go(db).await?;
    a_rotation_under_load_loses_nothing(db).await?;
    Ok(())
}

async fn vault(db: &Db, region: u32, keys: &[&str]) -> Result<Vault, VaultError> {
    Vault::open(db, Region(region), Keyring::from_text(&keys.join("\n"))?, NOW).await
}

fn clerk() -> By {
    By { actor: Actor::Person("clerk-3".parse().expect("an id")), address: None, now: NOW }
}

fn reason() -> Reason {
    Reason { code: "asks-at-the-window".parse().expect("a code"), note: None }
}

fn applicant(case: u128) -> (CaseId, Party) {
    (CaseId(Uuid::from_u128(case)), Party::Applicant)
}

fn details(name: &str, phone: &str) -> Result<Details, Box<dyn std::error::Error>> {
    let identity = Some((IdentityKind::Resident, "11010519491231002X"));
    let given = Given { name, phone: Some(phone), identity, address: Some("五华县水寨镇大坝村3号") };
    Details::check(given, NaiveDate::MAX).map_err(|wrong| format!("{wrong:?}").into())
}

async fn write(db: &Db, vault: &Vault, at: (CaseId, Party), details: &Details) -> Result<(), VaultError> {
    let mut tx = db.begin().await?;
    vault.write(&mut tx, &clerk(), at, details).await?;
    Ok(tx.commit().await?)
}

fn opening((case, party): (CaseId, Party), fields: &[Field]) -> Opening {
    Opening { case, party, fields: fields.to_vec(), reason: reason(), may_lift: false }
}

async fn acts(db: &Db, vault: &Vault, name: &str) -> Result<Vec<record::Recorded>, Error> {
    let filter = Filter { name: Some(name.to_owned()), ..Filter::default() };
    Ok(record::list(db, vault.region(), &filter, None, 1000).await?.rows)
}

const ALL: [Field; 4] = [Field::Name, Field::Phone, Field::Identity, Field::Address];

async fn what_is_written_is_opened_with_a_reason_and_recorded(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_001, &[K1]).await?, applicant(1));
    let wang = details("王小明", "13812341234")?;
    write(db, &vault, at, &wang).await?;
    assert_eq!(vault.open_party(db, &clerk(), &opening(at, &ALL)).await?, wang);
    let absent = vault.open_party(db, &clerk(), &opening((at.0, Party::Proxy), &ALL)).await;
    assert!(matches!(absent, Err(VaultError::Absent)));
    let opened = acts(db, &vault, "vault_opened").await?;
    let about = Subject::Case(at.0).to_string();
    assert_eq!((opened.len(), opened[0].actor.as_str(), opened[0].about.clone()), (1, "person:clerk-3", Some(about)));
    let Act::VaultOpened(act) = opened[0].act()? else { return Err("another act".into()) };
    assert_eq!((act.fields, act.reason), (ALL.to_vec(), reason()));
    assert_eq!(acts(db, &vault, "vault_written").await?.len(), 1);
    Ok(())
}

async fn only_what_was_asked_is_opened(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_002, &[K1]).await?, applicant(1));
    write(db, &vault, at, &details("王小明", "13812341234")?).await?;
    let phone = vault.open_party(db, &clerk(), &opening(at, &[Field::Phone])).await?;
    assert_eq!(phone.fields(), [Field::Phone]);
    Ok(())
}

/// The record's table is taken away for a moment, on this database alone.
async fn what_cannot_be_recorded_is_not_opened(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_003, &[K1]).await?, applicant(1));
    write(db, &vault, at, &details("王小明", "13812341234")?).await?;
    let rename = async |text: &'static str| -> Outcome {
        let mut tx = db.begin().await?;
        sql!(tx.conn(), c => sqlx::query(text).execute(c).await.map(|_| ()))?;
        Ok(tx.commit().await?)
    };
    rename("alter table record rename to record_gone").await?;
    let opened = vault.open_party(db, &clerk(), &opening(at, &ALL)).await;
    let searched = vault.search(db, &clerk(), (SearchedBy::Phone, "13812341234"), None).await;
    let mut tx = db.begin().await?;
    let erased = vault.erase(&mut tx, &clerk(), at, &reason()).await;
    tx.rollback().await?;
    rename("alter table record_gone rename to record").await?;
    assert!(opened.is_err() && searched.is_err() && erased.is_err());
    assert_eq!(vault.open_party(db, &clerk(), &opening(at, &ALL)).await?.fields(), ALL);
    Ok(())
}

async fn nothing_is_stored_in_the_clear(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_004, &[K1]).await?, applicant(1));
    write(db, &vault, at, &details("王小明", "13812341234")?).await?;
    for (column, clear) in [("name", "王小明"), ("phone", "13812341234"), ("identity", "19491231"), ("address", "水寨")]
    {
        let text = sqlx::AssertSqlSafe(format!("select {column} from vault_party where region = 120004"));
        let sealed: Vec<u8> = sql!(db.read(), c => sqlx::query_scalar(text).fetch_one(c).await?);
        assert!(!sealed.windows(clear.len()).any(|it| it == clear.as_bytes()), "{clear}");
    }
    let recorded = record::list(db, vault.region(), &Filter::default(), None, 100).await?.rows;
    assert!(recorded.iter().all(|row| !row.body.contains("王") && !row.body.contains("1234")));
    Ok(())
}

async fn a_row_moved_to_another_place_does_not_open(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_005, &[K1]).await?, applicant(1));
    write(db, &vault, at, &details("王小明", "13812341234")?).await?;
    for moved in ["party = 'proxy'", "party = 'applicant', name = phone"] {
        let text = format!("update vault_party set {moved} where region = 120005");
        let mut tx = db.begin().await?;
        sql!(tx.conn(), c => sqlx::query(sqlx::AssertSqlSafe(text)).execute(c).await.map(|_| ()))?;
        tx.commit().await?;
        let party = if moved.contains("proxy") { Party::Proxy } else { Party::Applicant };
        let opened = vault.open_party(db, &clerk(), &opening((at.0, party), &[Field::Name])).await;
        assert!(matches!(opened, Err(VaultError::Broken { table: "vault_party" })), "{moved}");
    }
    Ok(())
}

async fn everybody_sees_the_masked_form_only(db: &Db) -> Outcome {
    let vault = vault(db, 120_006, &[K1]).await?;
    write(db, &vault, applicant(1), &details("欧阳小明", "13812341234")?).await?;
    write(db, &vault, applicant(2), &details("王小明", "07534432100")?).await?;
    let cases = [applicant(2).0, applicant(1).0, applicant(3).0];
    let shown = vault.shown(db, &cases).await?;
    let names: Vec<_> = shown.iter().filter_map(|it| it.masked.as_ref()?.name.as_deref()).collect();
    assert_eq!(names, ["欧阳*", "王*"]);
    let masked = shown[0].masked.clone().ok_or("it is open")?;
    assert_eq!(masked.phone.as_deref(), Some("138****1234"));
    assert_eq!(masked.identity, Some((IdentityKind::Resident, "1****2X".to_owned())));
    assert_eq!(masked.address.as_deref(), Some("五华县水寨镇*"));
    Ok(())
}

async fn a_search_finds_whole_values_only_and_is_recorded(db: &Db) -> Outcome {
    let (vault, other) = (vault(db, 120_007, &[K1]).await?, vault(db, 120_008, &[K1]).await?);
    write(db, &vault, applicant(1), &details("王小明", "13812341234")?).await?;
    write(db, &vault, applicant(2), &details("王小明", "13912341234")?).await?;
    write(db, &other, applicant(3), &details("王小明", "13812341234")?).await?;
    let found = async |by, text: &str| -> Result<Vec<u128>, VaultError> {
        let found = vault.search(db, &clerk(), (by, text), Some(reason())).await?;
        Ok(found.iter().map(|case| case.0.as_u128()).collect())
    };
    assert_eq!(found(SearchedBy::Name, " 王 小明").await?, [1, 2]);
    assert_eq!(found(SearchedBy::Phone, "138-1234-1234").await?, [1]);
    assert_eq!(found(SearchedBy::Identity, "11010519491231002x").await?, [1, 2]);
    for (by, part) in [(SearchedBy::Name, "王"), (SearchedBy::Phone, "1234"), (SearchedBy::Name, "13812341234")] {
        assert_eq!(found(by, part).await?, [0_u128; 0], "{part}");
    }
    let searched = acts(db, &vault, "vault_searched").await?;
    assert_eq!(searched.len(), 6);
    assert!(searched.iter().all(|row| !row.body.contains("1381234")), "never what was searched for");
    Ok(())
}

async fn only_who_knows_how_its_phone_ends_is_told_yes(db: &Db) -> Outcome {
    let (vault, other) = (vault(db, 120_016, &[K1]).await?, vault(db, 120_017, &[K1]).await?);
    write(db, &vault, applicant(1), &details("王小明", "13812345678")?).await?;
    write(db, &vault, (applicant(1).0, Party::Proxy), &details("李小红", "13912344321")?).await?;
    write(db, &vault, applicant(2), &details("王小明", "13812345678")?).await?;
    let nameless = Details::check(Given { name: "王小明", ..Given::default() }, NaiveDate::MAX);
    write(db, &vault, applicant(3), &nameless.map_err(|wrong| format!("{wrong:?}"))?).await?;
    let ends = async |case: u128, typed: &str| vault.phone_ends(db, Some(applicant(case).0), typed).await;
    assert!(ends(1, "5678").await? && ends(1, "4321").await?, "the applicant's and the proxy's");
    for (case, typed) in [(1, "5679"), (1, "45678"), (1, ""), (1, "678"), (2, "4321"), (3, "5678"), (4, "5678")] {
        assert!(!ends(case, typed).await?, "{case} {typed}");
    }
    assert!(!vault.phone_ends(db, None, "5678").await? && !other.phone_ends(db, Some(applicant(1).0), "5678").await?);
    let mut tx = db.begin().await?;
    vault.restrict(&mut tx, &clerk(), applicant(1), &reason()).await?;
    vault.erase(&mut tx, &clerk(), applicant(2), &reason()).await?;
    tx.commit().await?;
    assert!(!ends(1, "5678").await? && !ends(2, "5678").await?, "restricted, erased");
    assert!(
        !vault.applicant_is_erased(db, applicant(1).0).await? && !vault.applicant_is_erased(db, applicant(4).0).await?
    );
    assert!(vault.applicant_is_erased(db, applicant(2).0).await?);
    assert_eq!(acts(db, &vault, "vault_opened").await?.len(), 0, "nothing was shown, nothing is recorded");
    Ok(())
}

async fn written_again_only_the_new_value_is_found(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_009, &[K1]).await?, applicant(1));
    write(db, &vault, at, &details("王小明", "13812341234")?).await?;
    write(db, &vault, at, &details("王小明", "13912341234")?).await?;
    let found = async |text| vault.search(db, &clerk(), (SearchedBy::Phone, text), None).await;
    assert_eq!((found("13812341234").await?, found("13912341234").await?), (vec![], vec![at.0]));
    Ok(())
}

async fn a_restricted_party_is_kept_and_opened_only_by_who_may_lift_it(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_010, &[K1]).await?, applicant(1));
    let wang = details("王小明", "13812341234")?;
    write(db, &vault, at, &wang).await?;
    let mut tx = db.begin().await?;
    assert!(vault.restrict(&mut tx, &clerk(), at, &reason()).await?);
    assert!(!vault.restrict(&mut tx, &clerk(), at, &reason()).await?, "once is enough");
    tx.commit().await?;
    let open = opening(at, &ALL);
    let Err(VaultError::Restricted(mark)) = vault.open_party(db, &clerk(), &open).await else {
        return Err("it was opened".into());
    };
    assert_eq!(*mark, Mark { at: NOW, by: clerk().actor, reason: reason() });
    assert!(matches!(write(db, &vault, at, &wang).await, Err(VaultError::Restricted(_))));
    assert_eq!(vault.search(db, &clerk(), (SearchedBy::Phone, "13812341234"), None).await?, []);
    let shown = vault.shown(db, &[at.0]).await?;
    assert_eq!((shown[0].masked.clone(), shown[0].restricted.clone()), (None, Some(*mark)));
    assert_eq!(vault.open_party(db, &clerk(), &Opening { may_lift: true, ..open.clone() }).await?, wang);
    let mut tx = db.begin().await?;
    assert!(vault.unrestrict(&mut tx, &clerk(), at, &reason()).await?);
    assert!(!vault.unrestrict(&mut tx, &clerk(), at, &reason()).await?);
    tx.commit().await?;
    assert_eq!(vault.open_party(db, &clerk(), &open).await?, wang);
    let recorded = [acts(db, &vault, "vault_restricted").await?, acts(db, &vault, "vault_unrestricted").await?];
    assert_eq!(recorded.map(|rows| rows.len()), [1, 1]);
    Ok(())
}

async fn erased_stays_erased_and_tells_who_did_it(db: &Db) -> Outcome {
    let (vault, at) = (vault(db, 120_011, &[K1]).await?, applicant(1));
    let wang = details("王小明", "13812341234")?;
    write(db, &vault, at, &wang).await?;
    let erase = async |at| -> Result<bool, VaultError> {
        let mut tx = db.begin().await?;
        let erased = vault.erase(&mut tx, &clerk(), at, &reason()).await?;
        tx.commit().await?;
        Ok(erased)
    };
    assert_eq!((erase(at).await?, erase(at).await?), (true, false));
    assert!(matches!(erase(applicant(2)).await, Err(VaultError::Absent)));
    assert!(matches!(vault.open_party(db, &clerk(), &opening(at, &ALL)).await, Err(VaultError::Erased(_))));
    assert!(matches!(write(db, &vault, at, &wang).await, Err(VaultError::Erased(_))));
    let shown = vault.shown(db, &[at.0]).await?;
    let mark = Mark { at: NOW, by: clerk().actor, reason: reason() };
    assert_eq!((shown[0].masked.clone(), shown[0].erased.clone()), (None, Some(mark)));
    for (by, text) in [(SearchedBy::Phone, "13812341234"), (SearchedBy::Name, "王小明")] {
        assert_eq!(vault.search(db, &clerk(), (by, text), None).await?, []);
    }
    let left: (Option<Vec<u8>>, Option<Vec<u8>>) = sql!(db.read(), c => sqlx::query_as(
        "select wrapped, name from vault_party where region = 120011").fetch_one(c).await?);
    assert_eq!((left, acts(db, &vault, "vault_erased").await?.len()), ((None, None), 1));
    Ok(())
}

async fn a_note_is_written_once_and_can_be_erased(db: &Db) -> Outcome {
    let (vault, id) = (vault(db, 120_012, &[K1]).await?, NoteId(Uuid::max()));
    let text = Some(Secret::new("墙角"));
    let note = Note { id, text, written_by: "clerk".parse()?, written_at: NOW, erased: None };
    let other = Note { text: Some(Secret::new("门口")), ..note.clone() };
    let mut tx = db.begin().await?;
    assert!(vault.put_note(&mut tx, &note).await?);
    assert!(!vault.put_note(&mut tx, &note).await?);
    assert!(matches!(vault.put_note(&mut tx, &other).await, Err(VaultError::NoteReused(_))));
    tx.commit().await?;
    assert_eq!(vault.note(db, id).await?.as_ref(), Some(&note));
    assert_eq!(vault.note(db, NoteId(Uuid::nil())).await?, None);
    let mut tx = db.begin().await?;
    assert!(vault.erase_note(&mut tx, &clerk(), id, &reason()).await?);
    assert!(!vault.erase_note(&mut tx, &clerk(), id, &reason()).await?);
    assert!(!vault.put_note(&mut tx, &other).await?, "erased stays erased");
    tx.commit().await?;
    let mark = Mark { at: NOW, by: clerk().actor, reason: reason() };
    assert_eq!(vault.note(db, id).await?, Some(Note { text: None, erased: Some(mark), ..note }));
    Ok(())
}

async fn keys_are_those_the_database_was_sealed_with(db: &Db) -> Outcome {
    let region = 120_013;
    write(db, &vault(db, region, &[K1]).await?, applicant(1), &details("王小明", "13812341234")?).await?;
    assert!(matches!(vault(db, region, &[FALSE_K1]).await, Err(VaultError::WrongKey(id)) if id.as_str() == "k1"));
    assert!(matches!(vault(db, region, &[K2]).await, Err(VaultError::NoKey(id)) if id.as_str() == "k1"));
    vault(db, region, &[K1, K2]).await?;
    Ok(())
}

async fn a_rotation_wraps_everything_anew_and_the_old_key_can_go(db: &Db) -> Outcome {
    let region = 120_014;
    let first = vault(db, region, &[K1]).await?;
    for case in 0..120 {
        write(db, &first, applicant(case), &details("王小明", "13812341234")?).await?;
    }
    let note = Note {
        id: NoteId(Uuid::max()),
        text: Some(Secret::new("墙角")),
        written_by: "clerk".parse()?,
        written_at: NOW,
        erased: None,
    };
    let mut tx = db.begin().await?;
    first.put_note(&mut tx, &note).await?;
    first.erase(&mut tx, &clerk(), applicant(7), &reason()).await?;
    first.restrict(&mut tx, &clerk(), applicant(8), &reason()).await?;
    tx.commit().await?;
    let both = vault(db, region, &[K1, K2]).await?;
    let done = both.rotate(db, &clerk()).await?;
    assert_eq!((done.parties, done.notes, done.hashes, done.key.as_str()), (119, 1, 357, "k2"));
    let again = both.rotate(db, &clerk()).await?;
    assert_eq!((again.parties, again.notes, again.hashes), (0, 0, 0));
    assert_eq!(acts(db, &both, "vault_rotated").await?.len(), 2, "when it began, and when it was done");
    let last = vault(db, region, &[K2]).await?;
    assert_eq!(last.note(db, note.id).await?, Some(note));
    let found = last.search(db, &clerk(), (SearchedBy::Name, "王小明"), None).await?;
    assert_eq!(found.len(), 118, "but the erased and the restricted");
    let open = opening(applicant(119), &ALL);
    assert_eq!(last.open_party(db, &clerk(), &open).await?.fields(), ALL);
    let late = write(db, &first, applicant(200), &details("王小明", "13812341234")?).await;
    assert!(matches!(late, Err(VaultError::Retired(id)) if id.as_str() == "k1"), "who has the old key alone");
    Ok(())
}

/// A key is added to the file while a process with the old key writes on and searches.
async fn a_rotation_under_load_loses_nothing(db: &Db) -> Outcome {
    let region = 120_015;
    let path = std::env::temp_dir().join(format!("liuzhuan-{}-{}.keys", std::process::id(), db.engine()));
    make_key(&path)?;
    let running = Vault::open(db, Region(region), Keyring::from_file(&path)?, NOW).await?;
    let asleep = Vault::open(db, Region(region), Keyring::from_file(&path)?, NOW).await?;
    let wang = details("王小明", "13812341234")?;
    for case in 0..60 {
        write(db, &running, applicant(case), &wang).await?;
    }
    make_key(&path)?;
    let command = Vault::open(db, Region(region), Keyring::from_file(&path)?, NOW).await?;
    let (db_too, wang_too, writing) = (db.clone(), wang.clone(), running.clone());
    let load = tokio::spawn(async move {
        for case in 60..120 {
            write(&db_too, &writing, applicant(case), &wang_too).await?;
            let found = writing.search(&db_too, &clerk(), (SearchedBy::Name, "王小明"), None).await?.len() as u128;
            assert_eq!(found, case + 1, "everybody is found at every moment");
        }
        Ok::<(), VaultError>(())
    });
    let done = command.rotate(db, &clerk()).await?;
    load.await??;
    let found = asleep.search(db, &clerk(), (SearchedBy::Name, "王小明"), None).await?;
    assert_eq!(found.len(), 120, "who knew the old key alone reads the file again");
    std::fs::remove_file(&path)?;
    assert!(done.parties >= 60, "{done:?}");
    let left: i64 = sql!(db.read(), c => sqlx::query_scalar(
        "select count(*) from vault_party where region = 120015 and key_id = 'k1'").fetch_one(c).await?);
    assert_eq!(left, 0, "nothing was sealed under the old key after it was retired");
    Ok(())
}
