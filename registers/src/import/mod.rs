//! Registers from files: recognised by their contents, judged as a whole together with what is registered, then taken
//! in one transaction, or not at all. Bringing the same files again changes nothing. What a file does not mention
//! stays as it is; a site ends by its `valid_to`, never by being left out.
//!
//! To add a file: a reader in `parse.rs` (spreadsheet) or `json.rs`, a line in [`Files::take`], a line in [`save`].
mod check;
mod error;
mod json;
mod parse;
mod sheet;

pub use error::{ImportError, Place, Problem};

use crate::calendar::{self, Calendar, Year};
use crate::department::DepartmentRow;
use crate::item::ItemRow;
use crate::leg::LegRow;
use crate::register::{self, Dated, Register, Validity, history, key};
use crate::shelf::ShelfRow;
use crate::site::SiteRow;
use crate::{Change, Error};
use domain::id::{Region, SiteId};
use domain::time::Timestamp;
use eventstore::{Db, Tx};
use json::DepartmentEntry;
use sheet::{Findings, Found};
use std::collections::HashMap;

/// What an import did to one register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub added: usize,
    pub changed: usize,
    pub unchanged: usize,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// With the departments, which are sites too.
    pub sites: Count,
    pub departments: Count,
    pub legs: Count,
    pub items: Count,
    pub shelves: Count,
    /// Years of the calendar.
    pub years: Count,
}

impl ImportReport {
    /// Every register by name, for showing.
    #[must_use]
    pub fn by_name(&self) -> [(&'static str, Count); 6] {
        [
            ("sites", self.sites),
            ("departments", self.departments),
            ("legs", self.legs),
            ("items", self.items),
            ("shelves", self.shelves),
            ("years", self.years),
        ]
    }

    /// Whether anything was added or changed.
    #[must_use]
    pub fn changed_anything(&self) -> bool {
        self.by_name().iter().any(|(_, count)| count.added + count.changed > 0)
    }
}

/// Rows read from all files.
#[derive(Debug, Default)]
struct Files {
    sites: Vec<Found<SiteRow>>,
    departments: Vec<Found<DepartmentRow>>,
    legs: Vec<Found<LegRow>>,
    items: Vec<Found<ItemRow>>,
    shelves: Vec<Found<ShelfRow>>,
    years: Vec<Found<(i32, Year)>>,
}

/// What is registered before the import.
#[derive(Debug, Default)]
struct Registered {
    sites: Vec<Dated<SiteRow>>,
    departments: Vec<Dated<DepartmentRow>>,
    legs: Vec<Dated<LegRow>>,
    items: Vec<Dated<ItemRow>>,
    shelves: Vec<Dated<ShelfRow>>,
    calendar: Calendar,
}

impl Registered {
    async fn load(tx: &mut Tx, region: Region) -> Result<Self, Error> {
        Ok(Self {
            sites: history(tx.conn(), region).await?,
            departments: history(tx.conn(), region).await?,
            legs: history(tx.conn(), region).await?,
            items: history(tx.conn(), region).await?,
            shelves: history(tx.conn(), region).await?,
            calendar: calendar::load(tx.conn(), region).await?,
        })
    }

    fn sites(&self) -> impl Iterator<Item = &SiteId> {
        self.sites.iter().map(|dated| &dated.row.id)
    }
}

impl Files {
    /// Reads one file of whatever kind; departments wait until the hub is known.
    fn take(&mut self, name: &str, bytes: &[u8], findings: &mut Findings) -> Vec<Found<DepartmentEntry>> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            findings.file(name, Problem::NotUtf8);
            return Vec::new();
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = (name, text);
        let head = sheet::headings(text);
        let has = |names: &[&str]| names.iter().all(|name| head.iter().any(|column| column == name));
        if text.trim_start().starts_with('{') {
            if text.contains("\"departments\"") {
                return json::departments(file, findings);
            }
            if text.contains("\"years\"") {
                self.years.append(&mut json::calendar(file, findings));
                return Vec::new();
            }
            findings.file(name, Problem::NotRecognised);
        } else if has(&["item_code"]) {
            self.items.append(&mut parse::items(file, findings));
        } else if has(&["from", "to"]) {
            self.legs.append(&mut parse::legs(file, findings));
        } else if has(&["shelf"]) {
            self.shelves.append(&mut parse::shelves(file, findings));
        } else if has(&["id", "kind"]) {
            self.sites.append(&mut parse::sites(file, findings));
        } else {
            findings.file(name, Problem::NotRecognised);
        }
        Vec::new()
    }
}

/// Imports files, given as name and content. A row that is new holds for all time, a changed one from `now`, unless
/// the file says when (`valid_from`, `valid_to`).
///
/// # Errors
/// Everything that is wrong with the files; then nothing was changed.
pub async fn import(
    db: &Db,
    region: Region,
    now: Timestamp,
    files: &[(&str, &[u8])],
) -> Result<ImportReport, Vec<ImportError>> {
    let failed = |error: Error| vec![ImportError::Database(error)];
    let mut findings = Findings::default();
    let mut read = Files::default();
    let mut entries = Vec::new();
    for (name, bytes) in files {
        entries.append(&mut read.take(name, bytes, &mut findings));
    }
    let mut tx = db.begin().await.map_err(|error| failed(error.into()))?;
    let change = Change::begin(&mut tx, region, now).await.map_err(failed)?;
    let registered = Registered::load(&mut tx, region).await.map_err(failed)?;
    check::departments(entries, &mut read, &registered, &mut findings);
    check::whole(&read, &registered, &mut findings);
    if !findings.0.is_empty() {
        tx.rollback().await.map_err(|error| failed(error.into()))?;
        return Err(findings.0);
    }
    let report = save(&mut tx, &change, &read, &registered).await.map_err(failed)?;
    // Given up if nothing changed, so that the revision stays as it was.
    let end = if report.changed_anything() { tx.commit().await } else { tx.rollback().await };
    end.map_err(|error| failed(error.into()))?;
    Ok(report)
}

async fn save(tx: &mut Tx, change: &Change, files: &Files, registered: &Registered) -> Result<ImportReport, Error> {
    Ok(ImportReport {
        sites: save_rows(tx, change, &files.sites, &registered.sites).await?,
        departments: save_rows(tx, change, &files.departments, &registered.departments).await?,
        legs: save_rows(tx, change, &files.legs, &registered.legs).await?,
        items: save_rows(tx, change, &files.items, &registered.items).await?,
        shelves: save_rows(tx, change, &files.shelves, &registered.shelves).await?,
        years: save_years(tx, change, &files.years, &registered.calendar).await?,
    })
}

async fn save_rows<T: Register>(
    tx: &mut Tx,
    change: &Change,
    rows: &[Found<T>],
    registered: &[Dated<T>],
) -> Result<Count, Error> {
    // The history rises by revision, so the newest row of a key is the one that stays.
    let newest: HashMap<_, _> = registered.iter().map(|dated| (key(&dated.row), dated)).collect();
    let mut count = Count::default();
    let mut to_save = Vec::new();
    for found in rows {
        let before = newest.get(&key(&found.row)).copied();
        let same = before.is_some_and(|before| before.row == found.row);
        let from = match before {
            None => Validity::ALWAYS.from,
            Some(before) if same => before.valid.from,
            Some(_) => change.recorded_at,
        };
        let valid = Validity { from: found.from.unwrap_or(from), to: found.to };
        match before {
            None => count.added += 1,
            Some(before) if same && before.valid == valid => {
                count.unchanged += 1;
                continue;
            }
            Some(_) => count.changed += 1,
        }
        to_save.push((found.row.clone(), valid));
    }
    register::save(tx, change, &to_save).await?;
    Ok(count)
}

async fn save_years(
    tx: &mut Tx,
    change: &Change,
    years: &[Found<(i32, Year)>],
    registered: &Calendar,
) -> Result<Count, Error> {
    let mut count = Count::default();
    for (year, days) in years.iter().map(|found| &found.row) {
        match registered.years.get(year) {
            Some(held) if held == days => {
                count.unchanged += 1;
                continue;
            }
            Some(_) => count.changed += 1,
            None => count.added += 1,
        }
        calendar::save(tx, change, *year, days).await?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
