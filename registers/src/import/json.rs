//! The two files that come as JSON: departments and working days. Lines are found by where a value stands in the text.
use super::error::{Place, Problem};
use super::parse::are_hours;
use super::sheet::{Findings, Found};
use crate::calendar::{Day, DayKind, Year, is_workday};
use chrono::{Datelike, NaiveDate};
use domain::id::SiteId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A department as its file gives it; it becomes a site and a department.
#[derive(Clone, Debug, Deserialize)]
pub struct DepartmentEntry {
    pub id: String,
    pub dept_no: String,
    pub name: String,
    #[serde(default)]
    pub name_en: Option<String>,
    #[serde(default)]
    pub nature: String,
    #[serde(alias = "uscc_synthetic")]
    pub uscc: String,
    #[serde(default)]
    pub parent: Option<String>,
    #[serde(default)]
    pub hours: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
}

#[derive(Deserialize)]
struct DepartmentFile<'a> {
    #[serde(borrow)]
    departments: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct CalendarFile<'a> {
    #[serde(borrow)]
    years: BTreeMap<String, &'a RawValue>,
}

#[derive(Deserialize)]
struct YearEntry<'a> {
    workday_count: Option<u32>,
    #[serde(borrow)]
    holidays: Vec<&'a RawValue>,
    #[serde(borrow)]
    makeup_workdays: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct DayEntry {
    date: String,
    #[serde(alias = "for", default)]
    name: String,
}

/// A file with the means to say where in it something stands.
struct Text<'a> {
    file: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn line_of(&self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        1 + self.text.as_bytes()[..offset].iter().filter(|&&b| b == b'\n').count() as u64
    }

    fn place(&self, part: &str, field: &str) -> Place {
        Place { file: self.file.to_owned(), line: self.line_of(part), field: field.to_owned() }
    }

    /// Reads a part of the file, or says what is wrong with it.
    fn read<'p, T: Deserialize<'p>>(&self, part: &'p str, field: &str, findings: &mut Findings) -> Option<T> {
        let read = serde_json::from_str(part);
        read.map_err(|error| {
            let mut place = self.place(part, field);
            place.line += (error.line() as u64).saturating_sub(1);
            findings.at(&place, Problem::BadLine(error.to_string()));
        })
        .ok()
    }
}

/// `departments.json`
pub fn departments((file, text): (&str, &str), findings: &mut Findings) -> Vec<Found<DepartmentEntry>> {
    let text = Text { file, text };
    let Some(all) = text.read::<DepartmentFile<'_>>(text.text, "departments", findings) else { return Vec::new() };
    let mut found = Vec::new();
    for part in all.departments.iter().map(|raw| raw.get()) {
        let Some(row) = text.read::<DepartmentEntry>(part, "departments", findings) else { continue };
        let before = findings.0.len();
        judge_department(&row, |field| text.place(part, field), findings);
        if findings.0.len() == before {
            found.push(Found { row, place: text.place(part, "id"), from: None, to: None });
        }
    }
    found
}

fn judge_department(row: &DepartmentEntry, place: impl Fn(&str) -> Place, findings: &mut Findings) {
    let is_id = |text: &str| text.parse::<SiteId>().is_ok();
    let is_uscc = row.uscc.len() == 18 && row.uscc.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let two_digits = row.dept_no.len() == 2 && row.dept_no.bytes().all(|b| b.is_ascii_digit());
    let hours = row.hours.as_deref().unwrap_or_default();
    let parent = row.parent.as_deref().unwrap_or("none");
    let judged = [
        ("id", &*row.id, is_id(&row.id), "an id of 1 to 40 of the characters A-Z a-z 0-9 . _ -"),
        ("dept_no", &row.dept_no, two_digits, "a number of two digits"),
        ("name", &row.name, !row.name.trim().is_empty(), "a name"),
        ("uscc", &row.uscc, is_uscc, "a unified social credit code of 18 characters"),
        ("parent", parent, is_id(parent), "an id of 1 to 40 of the characters A-Z a-z 0-9 . _ -"),
        ("hours", hours, are_hours(hours), "opening hours such as 08:30-12:00 14:30-17:30"),
    ];
    for (field, found, fits, wanted) in judged {
        if !fits {
            findings.at(&place(field), Problem::NotA { found: found.to_owned(), wanted });
        }
    }
}

/// The working-day file: years and their days that depart from the week.
pub fn calendar((file, text): (&str, &str), findings: &mut Findings) -> Vec<Found<(i32, Year)>> {
    let text = Text { file, text };
    let Some(all) = text.read::<CalendarFile<'_>>(text.text, "years", findings) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, raw) in &all.years {
        let place = text.place(raw.get(), name);
        let Ok(year) = name.parse::<i32>() else {
            findings.at(&place, Problem::NotA { found: name.clone(), wanted: "a year such as 2026" });
            continue;
        };
        let before = findings.0.len();
        let Some(entry) = text.read::<YearEntry<'_>>(raw.get(), name, findings) else { continue };
        let mut days = Year::new();
        read_days(&text, (year, DayKind::Holiday, &entry.holidays), &mut days, findings);
        read_days(&text, (year, DayKind::Makeup, &entry.makeup_workdays), &mut days, findings);
        let counted = workdays(year, &days);
        if let Some(stated) = entry.workday_count.filter(|&stated| stated != counted && findings.0.len() == before) {
            findings.at(&text.place(raw.get(), "workday_count"), Problem::WorkdaysDiffer { stated, counted });
        }
        if days.is_empty() && findings.0.len() == before {
            findings.at(&text.place(raw.get(), "holidays"), Problem::Empty);
        }
        found.push(Found { row: (year, days), place, from: None, to: None });
    }
    found
}

fn read_days(
    text: &Text<'_>,
    (year, kind, entries): (i32, DayKind, &[&RawValue]),
    days: &mut Year,
    findings: &mut Findings,
) {
    for part in entries.iter().map(|raw| raw.get()) {
        let Some(entry) = text.read::<DayEntry>(part, "date", findings) else { continue };
        let place = text.place(part, "date");
        let Ok(date) = entry.date.parse::<NaiveDate>() else {
            findings.at(&place, Problem::NotA { found: entry.date, wanted: "a date such as 2026-01-31" });
            continue;
        };
        if date.year() != year {
            findings.at(&place, Problem::OtherYear(year));
        }
        if days.insert(date, Day { kind, name: entry.name }).is_some() {
            findings.at(&place, Problem::Duplicate { key: entry.date, first: format!("the year {year}") });
        }
    }
}

fn workdays(year: i32, days: &Year) -> u32 {
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    let dates = first.into_iter().flat_map(|first| first.iter_days()).take_while(|date| date.year() == year);
    dates.map(|date| u32::from(is_workday(days, date))).sum()
}
