//! What the registers promise on either engine, as functions of a database, so that this crate runs them on SQLite and
//! the whole-system tests on PostgreSQL. Each uses a region of its own. Never called by the product.
use crate::device::{DeviceRow, Devices};
use crate::label::{self, Binding, Mint};
use crate::leg::LegRow;
use crate::print::{self, After, PrintJob};
use crate::request::{self, Request};
use crate::shelf::{ShelfKind, ShelfRow};
use crate::site::SiteRow;
use crate::{
    Change, Error, ImportError, Validity, WUHUA, calendar, device, find, import, list, networks, revision, token,
};
use domain::code::{Code, CodeKind};
use domain::id::{DeviceId, InstallationId, Region, ScanId, SiteId};
use domain::network::SiteKind;
use domain::time::{Minutes, Timestamp};
use eventstore::Db;
use rand::SeedableRng;
use rand::rngs::StdRng;
use uuid::Uuid;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

/// Everything, one after another.
///
/// # Errors
/// The database's own; a broken promise panics.
pub async fn contract(db: &Db) -> Outcome {
    crate::migrate(db).await?;
    crate::migrate(db).await?;
    the_county_is_imported_once_and_found_unchanged_after(db).await?;
    a_change_is_a_new_row_and_the_old_one_still_holds_before_it(db).await?;
    a_wrong_file_changes_nothing_at_all(db).await?;
    a_moved_station_travels_the_old_way_before_and_the_new_way_after(db).await?;
    a_closed_site_is_in_no_network_after_its_end(db).await?;
    a_minted_label_is_known_and_no_label_is_minted_twice(db).await?;
    a_replaced_label_leads_to_the_same_subject_and_says_so(db).await?;
    a_site_label_minted_late_joins_the_scans_that_named_it(db).await?;
    a_device_is_what_it_was_bound_to_at_the_time(db).await?;
    a_repeated_request_gets_the_first_answer(db).await?;
    a_token_is_shown_once_and_checked_by_its_hash(db).await?;
    rows_are_read_back_as_they_were_saved(db).await?;
    a_print_job_is_recorded_once_and_what_printed_it_again_names_the_first(db).await?;
    print_jobs_are_listed_by_page_and_by_the_sites_of_who_asks(db).await?;
    crate::record::contract::contract(db).await?;
    crate::vault::contract::contract(db).await?;
    Ok(())
}

fn site_id(text: &str) -> Result<SiteId, domain::id::BadId> {
    text.parse()
}

#[allow(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn in_words(errors: Vec<ImportError>) -> Box<dyn std::error::Error> {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}

async fn bring(
    db: &Db,
    region: Region,
    now: Timestamp,
    files: &[(&str, &str)],
) -> Result<crate::ImportReport, Box<dyn std::error::Error>> {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    import(db, region, now, &files).await.map_err(in_words)
}

const SITES: &str = "id,kind,parent,name,hours\n\
    hub,hub,,Hub,08:00-12:00\n\
    t1,centre,hub,Town 1,\n\
    t2,centre,hub,Town 2,\n\
    s1,station,t1,Village 1,\n";

async fn the_county_is_imported_once_and_found_unchanged_after(db: &Db) -> Outcome {
    let region = crate::wuhua::WUHUA_REGION;
    let first = import(db, region, NOW, WUHUA).await.map_err(in_words)?;
    let added = first.by_name().map(|(_, count)| count.added);
    assert_eq!(added, [506, 30, 1010, 99, 0, 4], "sites, departments, legs, items, shelves, years");
    let before = revision::current(db, region).await?;
    let again = import(db, region, NOW.plus(1000), WUHUA).await.map_err(in_words)?;
    assert!(!again.changed_anything());
    assert_eq!(again.by_name().map(|(_, count)| count.unchanged), added);
    assert_eq!(revision::current(db, region).await?, before, "nothing changed, so the revision stays");
    let county = networks(db, region).await?;
    let (station, department) = (site_id("a13-s01")?, site_id("wjj")?);
    let way: Vec<_> = county.latest().path(&station, &department).into_iter().map(SiteId::as_str).collect();
    assert_eq!(way, ["a13", "hub", "wjj"]);
    assert_eq!(county.at(Timestamp(0)).sites().len(), 506, "one era, from the beginning of time");
    let calendar = calendar::load(db.read(), region).await?;
    let on = |text: &str| text.parse().map(|date| calendar.is_workday(date));
    assert_eq!([on("2026-02-14")?, on("2026-02-16")?, on("2027-01-04")?], [Some(true), Some(false), None]);
    Ok(())
}

async fn a_change_is_a_new_row_and_the_old_one_still_holds_before_it(db: &Db) -> Outcome {
    let region = Region(100_001);
    bring(db, region, NOW, &[("sites.csv", SITES)]).await?;
    let later = NOW.plus(60_000);
    let report = bring(db, region, later, &[("sites.csv", &SITES.replace("Village 1", "New name"))]).await?;
    assert_eq!((report.sites.changed, report.sites.unchanged), (1, 3));
    let name = |site: Option<SiteRow>| site.map(|site| site.name);
    assert_eq!(name(find(db, region, &["s1"], later.plus(-1)).await?).as_deref(), Some("Village 1"));
    assert_eq!(name(find(db, region, &["s1"], later).await?).as_deref(), Some("New name"));
    assert_eq!(revision::current(db, region).await?, 2);
    Ok(())
}

async fn a_wrong_file_changes_nothing_at_all(db: &Db) -> Outcome {
    let region = Region(100_002);
    let legs = "from,to,least_minutes,most_minutes\ns1,nowhere,1,2\n";
    let outcome = bring(db, region, NOW, &[("sites.csv", SITES), ("legs.csv", legs)]).await;
    assert!(outcome.is_err_and(|error| error.to_string().contains("nowhere")));
    assert_eq!(list::<SiteRow>(db, region, NOW).await?, []);
    assert_eq!(revision::current(db, region).await?, 0);
    Ok(())
}

async fn a_moved_station_travels_the_old_way_before_and_the_new_way_after(db: &Db) -> Outcome {
    let region = Region(100_003);
    bring(db, region, NOW, &[("sites.csv", SITES)]).await?;
    let later = NOW.plus(60_000);
    bring(db, region, later, &[("sites.csv", &SITES.replace("s1,station,t1", "s1,station,t2"))]).await?;
    let networks = networks(db, region).await?;
    let (station, hub) = (site_id("s1")?, site_id("hub")?);
    let next = |at| networks.at(at).next_hop(&station, &hub).map(SiteId::as_str);
    assert_eq!([next(Timestamp(0)), next(later.plus(-1)), next(later)], [Some("t1"), Some("t1"), Some("t2")]);
    Ok(())
}

async fn a_closed_site_is_in_no_network_after_its_end(db: &Db) -> Outcome {
    let region = Region(100_004);
    bring(db, region, NOW, &[("sites.csv", SITES)]).await?;
    let closed = "id,kind,parent,name,hours,valid_to\ns1,station,t1,Village 1,,2026-03-01\n";
    let report = bring(db, region, NOW.plus(1), &[("sites.csv", closed)]).await?;
    assert_eq!(report.sites.changed, 1);
    let networks = networks(db, region).await?;
    let kind = |at| networks.at(at).site(&"s1".parse().ok()?).map(|site| site.kind);
    let midnight_in_shanghai = Timestamp(1_772_294_400_000);
    assert_eq!(kind(midnight_in_shanghai.plus(-1)), Some(SiteKind::Station));
    assert_eq!(kind(midnight_in_shanghai), None);
    Ok(())
}

fn codes(kind: CodeKind, from: u64, count: u64) -> Vec<Code> {
    (from..from + count).map(|bits| Code::new(kind, bits)).collect()
}

async fn a_minted_label_is_known_and_no_label_is_minted_twice(db: &Db) -> Outcome {
    let region = Region(100_005);
    let minted = codes(CodeKind::Dossier, 0, 100);
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    label::mint(&mut tx, &change, Mint { codes: &minted, batch: Uuid::nil(), site: None }).await?;
    tx.commit().await?;
    let asked = codes(CodeKind::Dossier, 50, 100);
    let known = label::known(db, region, &asked).await?;
    assert_eq!(known.len(), 50);
    assert!(label::known(db, Region(100_006), &asked).await?.is_empty(), "another county minted nothing");
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    let twice = label::mint(&mut tx, &change, Mint { codes: &minted[..1], batch: Uuid::nil(), site: None }).await;
    assert!(matches!(twice, Err(Error::AlreadyMinted(_))));
    tx.rollback().await?;
    Ok(())
}

async fn a_replaced_label_leads_to_the_same_subject_and_says_so(db: &Db) -> Outcome {
    let region = Region(100_007);
    let all = codes(CodeKind::Dossier, 0, 3);
    let [old, new, other] = all[..] else { return Err("three codes".into()) };
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    label::mint(&mut tx, &change, Mint { codes: &all, batch: Uuid::nil(), site: None }).await?;
    label::bind(&mut tx, &change, new, &Binding::Subject(old.subject())).await?;
    tx.commit().await?;
    let rows = label::resolve(db, region, &all).await?;
    let said = |code| rows.get(&code).map(|row| (row.subject, row.replaced, row.minted));
    assert_eq!(said(old), Some((old.subject(), true, true)));
    assert_eq!(said(new), Some((old.subject(), false, true)));
    assert_eq!(said(other), Some((other.subject(), false, true)));
    assert_eq!(label::newest(db, region, &[old.subject(), other.subject()]).await?, [(old.subject(), new)].into());
    Ok(())
}

async fn a_site_label_minted_late_joins_the_scans_that_named_it(db: &Db) -> Outcome {
    let region = Region(100_008);
    bring(db, region, NOW, &[("sites.csv", SITES)]).await?;
    let code = Code::new(CodeKind::Site, 7);
    let as_site = site_id(&code.to_string())?;
    assert_eq!(networks(db, region).await?.resolve(&as_site), &as_site);
    let (t1, t2) = (site_id("t1")?, site_id("t2")?);
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    label::mint(&mut tx, &change, Mint { codes: &[code], batch: Uuid::nil(), site: Some(&t1) }).await?;
    tx.commit().await?;
    assert_eq!(networks(db, region).await?.resolve(&as_site), &t1);
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    label::bind(&mut tx, &change, code, &Binding::Site(t2.clone())).await?;
    tx.commit().await?;
    assert_eq!(networks(db, region).await?.resolve(&as_site), &t2);
    Ok(())
}

async fn a_device_is_what_it_was_bound_to_at_the_time(db: &Db) -> Outcome {
    let region = Region(100_009);
    let id: DeviceId = "pda-1".parse()?;
    let bound = |site: &str| -> Result<DeviceRow, domain::id::BadId> {
        Ok(DeviceRow { id: id.clone(), name: "PDA".into(), site: Some(site.parse()?), courier: None, revoked_at: None })
    };
    let begin = async |row: Option<DeviceRow>, at: Timestamp| -> Outcome {
        let mut tx = db.begin().await?;
        let change = Change::begin(&mut tx, region, NOW).await?;
        match row {
            Some(row) => device::put(&mut tx, &change, row, at).await?,
            None => device::revoke(&mut tx, &change, &id, at).await?,
        }
        device::saw(&mut tx, region, InstallationId(Uuid::max()), &id, at).await?;
        Ok(tx.commit().await?)
    };
    begin(Some(bound("t1")?), NOW).await?;
    begin(Some(bound("t2")?), NOW.plus(100)).await?;
    begin(None, NOW.plus(200)).await?;
    let devices = Devices::load(db, region).await?;
    let site = |at| devices.at(&id, at).and_then(|row| row.site.clone()).map(String::from);
    let sites = [site(NOW.plus(-5)), site(NOW.plus(99)), site(NOW.plus(100)), site(NOW.plus(300))];
    assert_eq!(sites.map(Option::unwrap_or_default), ["t1", "t1", "t2", "t2"]);
    assert_eq!(devices.revoked_at(&id), Some(NOW.plus(200)));
    assert_eq!(device::installations(db, region, &id).await?, [(InstallationId(Uuid::max()), NOW)]);
    Ok(())
}

async fn a_repeated_request_gets_the_first_answer(db: &Db) -> Outcome {
    let region = Region(100_011);
    let id = ScanId(Uuid::max());
    let first = Request::new(id, b"200 labels");
    let mut tx = db.begin().await?;
    assert_eq!(request::find(&mut tx, region, &first).await?, None);
    request::keep(&mut tx, region, &first, "{\"codes\":[]}", NOW).await?;
    tx.commit().await?;
    let mut tx = db.begin().await?;
    assert_eq!(request::find(&mut tx, region, &first).await?.as_deref(), Some("{\"codes\":[]}"));
    let reused = request::find(&mut tx, region, &Request::new(id, b"300 labels")).await;
    assert!(matches!(reused, Err(Error::RequestReused(_))));
    tx.rollback().await?;
    Ok(())
}

async fn a_token_is_shown_once_and_checked_by_its_hash(db: &Db) -> Outcome {
    let region = Region(100_012);
    let mut rng = StdRng::seed_from_u64(1);
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    let for_ever = token::create(&mut tx, &change, "hub desk", "all", None, &mut rng).await?;
    let for_a_day = token::create(&mut tx, &change, "visitor", "read", Some(NOW.plus(100)), &mut rng).await?;
    tx.commit().await?;
    assert!(for_ever.starts_with("lz_100012_") && for_ever.len() == 53);
    let check = async |token: &str, at| token::check(db, token, at).await.map(|row| row.map(|row| row.name));
    assert_eq!(check(&for_ever, NOW).await?.as_deref(), Some("hub desk"));
    assert_eq!(check(&for_a_day, NOW.plus(99)).await?.as_deref(), Some("visitor"));
    assert_eq!(check(&for_a_day, NOW.plus(100)).await?, None);
    assert_eq!(check(&for_ever.replace("lz_100012", "lz_100013"), NOW).await?, None);
    assert_eq!(check("lz_100012_", NOW).await?, None);
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW.plus(7)).await?;
    assert_eq!(token::revoke(&mut tx, &change, "hub desk").await?, 1);
    tx.commit().await?;
    assert_eq!(check(&for_ever, NOW).await?, None);
    assert_eq!(token::list(db, region).await?.len(), 2);
    Ok(())
}

async fn rows_are_read_back_as_they_were_saved(db: &Db) -> Outcome {
    let region = Region(100_013);
    let shelf = ShelfRow { site: site_id("t1")?, shelf: "A1".into(), kind: ShelfKind::Slot, name: None };
    let leg = LegRow { from: site_id("t1")?, to: site_id("hub")?, least: Minutes(0), most: Minutes(u32::MAX) };
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, NOW).await?;
    crate::save(&mut tx, &change, &[(shelf.clone(), Validity::ALWAYS)]).await?;
    crate::save(&mut tx, &change, &[(leg.clone(), Validity { from: NOW, to: Some(NOW.plus(1)) })]).await?;
    tx.commit().await?;
    assert_eq!(list::<ShelfRow>(db, region, Timestamp(i64::MIN)).await?, [shelf]);
    assert_eq!(find::<LegRow>(db, region, &["t1", "hub"], NOW).await?, Some(leg));
    assert_eq!(find::<LegRow>(db, region, &["t1", "hub"], NOW.plus(1)).await?, None);
    Ok(())
}

fn job(id: u128, site: Option<&str>) -> PrintJob {
    PrintJob {
        id: Uuid::from_u128(id),
        printed_at: 0,
        printed_by: "li".into(),
        site: site.map(Into::into),
        format: "60x40".into(),
        language: "tspl".into(),
        printer: Some("counter".into()),
        labels: 3,
        reason: None,
        again_of: None,
        outcome: None,
    }
}

async fn put(db: &Db, region: Region, job: &PrintJob, codes: &[Code], at: Timestamp) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, at).await?;
    let is_new = print::record(&mut tx, &change, job, codes).await?;
    tx.commit().await?;
    Ok(is_new)
}

async fn a_print_job_is_recorded_once_and_what_printed_it_again_names_the_first(db: &Db) -> Outcome {
    let region = Region(100_014);
    // Not in their own order: they come back as they were printed.
    let printed: Vec<Code> = codes(CodeKind::Dossier, 0, 60).into_iter().rev().collect();
    let first = job(1, Some("t1"));
    assert!(put(db, region, &first, &printed, NOW).await?);
    assert!(!put(db, region, &job(1, Some("t2")), &printed[..1], NOW.plus(1)).await?, "one id, one job");
    assert_eq!(print::codes(db, region, first.id).await?, printed);
    let again = PrintJob { reason: Some("torn".into()), again_of: Some(first.id), ..job(2, Some("t1")) };
    assert!(put(db, region, &again, &printed, NOW.plus(2)).await?);
    for outcome in ["sent", "silent"] {
        let mut tx = db.begin().await?;
        print::ended(&mut tx, region, first.id, outcome, NOW.plus(3)).await?;
        tx.commit().await?;
    }
    let stored = PrintJob { printed_at: NOW.0, outcome: Some("sent".into()), ..first.clone() };
    assert_eq!(print::find(db, region, first.id).await?, Some(stored), "the first word on how it ended stays");
    assert_eq!(print::find(db, Region(100_015), first.id).await?, None);
    let stored = PrintJob { printed_at: NOW.plus(2).0, ..again };
    assert_eq!(print::again(db, region, first.id, 10).await?, std::slice::from_ref(&stored));
    assert_eq!(stored.first(), first.id);
    let before = print::printed_before(db, region, first.id, &printed).await?;
    assert_eq!(before.len(), printed.len(), "by the other job");
    Ok(())
}

async fn print_jobs_are_listed_by_page_and_by_the_sites_of_who_asks(db: &Db) -> Outcome {
    let region = Region(100_016);
    let sites = [Some("t1"), Some("t2"), None];
    for number in 0..12_u128 {
        // Several in one millisecond.
        let at = NOW.plus(i64::try_from(number / 4)?);
        put(db, region, &job(number, sites[usize::try_from(number % 3)?]), &[], at).await?;
    }
    let ids = async |sites: Option<&[SiteId]>, limit| -> Result<Vec<u128>, Error> {
        let (mut seen, mut after) = (Vec::new(), After::START);
        loop {
            let page = print::list(db, region, sites, after, limit).await?;
            let Some(last) = page.last() else { return Ok(seen) };
            after = last.place();
            seen.extend(page.iter().map(|job| job.id.as_u128()));
        }
    };
    let all: Vec<u128> = (0..12).rev().collect();
    assert_eq!(ids(None, 5).await?, all, "no job is lost or told twice between pages");
    let (t1, t2) = (site_id("t1")?, site_id("t2")?);
    assert_eq!(ids(Some(std::slice::from_ref(&t1)), 2).await?, [9, 6, 3, 0]);
    assert_eq!(ids(Some(&[t1.clone(), t2]), 3).await?, [10, 9, 7, 6, 4, 3, 1, 0]);
    let mut many: Vec<SiteId> = (0..300).map(|at| site_id(&format!("x{at}"))).collect::<Result<_, _>>()?;
    many.push(t1);
    assert_eq!(ids(Some(&many), 3).await?, [9, 6, 3, 0], "of more sites than one statement takes");
    assert_eq!(ids(Some(&[]), 3).await?, [0; 0], "of no site, nothing");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn empty() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("registers.db").to_str().unwrap()).await.unwrap();
        (folder, db)
    }

    #[tokio::test]
    async fn the_registers_keep_their_promises_on_sqlite() {
        let (_folder, db) = empty().await;
        contract(&db).await.unwrap();
    }
}
