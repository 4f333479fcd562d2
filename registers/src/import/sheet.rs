//! A spreadsheet as lines of named fields. Collects what is wrong and goes on; never stops at the first.
use super::error::{ImportError, Place, Problem};
use chrono::{FixedOffset, NaiveDate, NaiveTime, TimeZone};
use domain::time::Timestamp;
use std::collections::HashMap;
use std::str::FromStr;

/// What was read so far from all files, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<ImportError>);

impl Findings {
    pub fn at(&mut self, place: &Place, problem: Problem) {
        self.0.push(ImportError::At(place.clone(), problem));
    }

    pub fn file(&mut self, file: &str, problem: Problem) {
        self.0.push(ImportError::File { file: file.to_owned(), problem });
    }
}

/// A row that was read, with where it stood and its dates as far as the file gives them.
#[derive(Clone, Debug)]
pub struct Found<T> {
    pub row: T,
    pub place: Place,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl<T> Found<T> {
    /// The place of another field of the same line.
    pub fn field(&self, field: &str) -> Place {
        Place { field: field.to_owned(), ..self.place.clone() }
    }
}

/// One line of a spreadsheet.
pub struct Line<'a> {
    file: &'a str,
    number: u64,
    columns: &'a HashMap<String, usize>,
    record: &'a csv::StringRecord,
    pub findings: &'a mut Findings,
}

/// The headings of a spreadsheet.
pub fn headings(text: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    reader.headers().map(|head| head.iter().map(|name| name.trim().to_owned()).collect()).unwrap_or_default()
}

/// Reads every line with `read`; a line for which it returns `None` has said why in the findings. Empty lines are
/// passed over.
pub fn lines<T>(
    (file, text): (&str, &str),
    required: &[&str],
    findings: &mut Findings,
    mut read: impl FnMut(&mut Line<'_>) -> Option<T>,
) -> Vec<Found<T>> {
    let columns: HashMap<String, usize> = headings(text).into_iter().zip(0..).collect();
    let missing: Vec<_> = required.iter().filter(|name| !columns.contains_key(**name)).collect();
    for name in &missing {
        let place = Place { file: file.to_owned(), line: 1, field: (**name).to_owned() };
        findings.at(&place, Problem::NoColumn);
    }
    if !missing.is_empty() {
        return Vec::new();
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let place = Place { file: file.to_owned(), line, field: String::new() };
                findings.at(&place, Problem::BadLine(error.to_string()));
                continue;
            }
        };
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let number = record.position().map_or(0, |at| line_of(text, at.byte()));
        let mut line = Line { file, number, columns: &columns, record: &record, findings };
        let row = read(&mut line);
        let dates = line.dates();
        if let (Some(row), Some((from, to))) = (row, dates) {
            rows.push(Found { row, place: line.place(required[0]), from, to });
        }
    }
    rows
}

/// The line a byte stands in. (The reader's own count is one behind where lines end in CR LF.)
fn line_of(text: &str, byte: u64) -> u64 {
    let byte = usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
    let bytes = text.as_bytes();
    let skipped = bytes[byte..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    1 + bytes[..byte + skipped].iter().filter(|&&b| b == b'\n').count() as u64
}

impl Line<'_> {
    pub fn place(&self, field: &str) -> Place {
        Place { file: self.file.to_owned(), line: self.number, field: field.to_owned() }
    }

    pub fn wrong(&mut self, field: &str, problem: Problem) {
        let place = self.place(field);
        self.findings.at(&place, problem);
    }

    /// A field without the blanks around it; `None` if it is empty or its column is not there.
    pub fn text(&self, field: &str) -> Option<String> {
        let text = self.record.get(*self.columns.get(field)?)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A field that must not be empty.
    pub fn needed(&mut self, field: &str) -> Option<String> {
        let text = self.text(field);
        if text.is_none() {
            self.wrong(field, Problem::Empty);
        }
        text
    }

    /// A field that may be empty: `Some(None)`; `None` if it is wrong.
    #[allow(clippy::option_option, reason = "the outer level is success: the error is already in the findings")]
    pub fn maybe<T: FromStr>(&mut self, field: &str, wanted: &'static str) -> Option<Option<T>> {
        let Some(found) = self.text(field) else { return Some(None) };
        let value = found.parse().ok();
        if value.is_none() {
            self.wrong(field, Problem::NotA { found, wanted });
        }
        value.map(Some)
    }

    /// A field that must be there and right.
    pub fn value<T: FromStr>(&mut self, field: &str, wanted: &'static str) -> Option<T> {
        self.needed(field)?;
        self.maybe(field, wanted)?
    }

    /// `valid_from` and `valid_to`, which any file may have.
    fn dates(&mut self) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
        let from = self.maybe::<NaiveDate>("valid_from", "a date such as 2026-01-31");
        let to = self.maybe::<NaiveDate>("valid_to", "a date such as 2026-01-31");
        let (from, to) = (from?, to?);
        if from.zip(to).is_some_and(|(from, to)| to <= from) {
            self.wrong("valid_to", Problem::EndsBeforeItBegins);
            return None;
        }
        Some((from.map(midnight), to.map(midnight)))
    }
}

/// The beginning of a date in Asia/Shanghai, which has had no summer time since 1991.
fn midnight(date: NaiveDate) -> Timestamp {
    let shanghai = FixedOffset::east_opt(8 * 3600).expect("eight hours east is a zone");
    let start = shanghai.from_local_datetime(&date.and_time(NaiveTime::MIN)).single();
    Timestamp(start.expect("a fixed zone has every midnight once").timestamp_millis())
}
