//! Writing a sheet. CSV as RFC 4180 has it, every cell in quotation marks, behind the mark by which Excel knows UTF-8; XLSX
//! whose rows lie on disk until it is done, texts as texts and times as dates.
use super::{harmless, might_be_formula};
use crate::pages::moment;
use crate::problem::Problem;
use domain::time::Timestamp;
use rust_xlsxwriter::{Format as Look, Workbook, Worksheet, XlsxError};
use serde::Deserialize;
use utoipa::ToSchema;

/// Rows of a sheet at most, without its head. What is beyond is said in the last row and in the answer's head.
pub const ROWS_MAX: usize = 50_000;
/// Characters of a cell at most: Excel takes 32,767. What is cut ends in an ellipsis.
const TEXT_MAX: usize = 32_000;
/// What spreadsheets count days from, in days before 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_MS: f64 = 86_400_000.0;
/// China has one zone and no summer time.
const SHANGHAI_MS: i64 = 8 * 3_600_000;
/// By this Excel knows that a CSV is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Characters of a column that is read at a glance.
const WIDTH: f64 = 20.0;

/// Which kind of file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Csv,
    Xlsx,
}

impl Format {
    /// The ending of the file's name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Text(String),
    Count(i64),
    /// Shown as it is in China.
    Time(Timestamp),
}

impl Cell {
    /// A text, or nothing.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// A time, if there is one.
    #[must_use]
    pub fn time(at: Option<i64>) -> Self {
        at.map_or(Self::Empty, |at| Self::Time(Timestamp(at)))
    }
}

/// A sheet that is being written.
pub struct Sheet {
    written: Written,
    rows: usize,
    cut: bool,
}

enum Written {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Xlsx(Box<Book>),
}

struct Book {
    workbook: Workbook,
    /// The row that is written next, counted from 0.
    next: u32,
    head: Look,
    /// Keeps a text from becoming a formula when somebody edits its cell.
    quoted: Look,
    time: Look,
}

impl Sheet {
    /// A sheet with its heads.
    ///
    /// # Errors
    /// There is no room on the disk.
    pub fn new(format: Format, heads: &[String]) -> Result<Self, Problem> {
        let written = match format {
            Format::Csv => Written::Csv(Box::new(csv_writer())),
            Format::Xlsx => Written::Xlsx(Box::new(Book::new(heads.len()).map_err(|error| Problem::internal(&error))?)),
        };
        let mut sheet = Self { written, rows: 0, cut: false };
        sheet.write(&heads.iter().map(|head| Cell::text(head.as_str())).collect::<Vec<_>>(), true)?;
        Ok(sheet)
    }

    /// Adds rows, up to [`ROWS_MAX`].
    ///
    /// # Errors
    /// There is no room on the disk.
    pub fn add(&mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<(), Problem> {
        for row in rows {
            self.cut |= self.rows == ROWS_MAX;
            if self.cut {
                return Ok(());
            }
            self.write(&row, false)?;
            self.rows += 1;
        }
        Ok(())
    }

    /// Whether there was more than a sheet holds.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Rows written, without the head.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The file. `more` is the last row of one that was cut.
    ///
    /// # Errors
    /// There is no room on the disk.
    pub fn finish(mut self, more: &str) -> Result<Vec<u8>, Problem> {
        if self.cut {
            self.write(&[Cell::text(more)], false)?;
        }
        match self.written {
            Written::Csv(csv) => csv.into_inner().map_err(|error| Problem::internal(&error)),
            Written::Xlsx(mut book) => book.workbook.save_to_buffer().map_err(|error| Problem::internal(&error)),
        }
    }

    fn write(&mut self, row: &[Cell], is_head: bool) -> Result<(), Problem> {
        match &mut self.written {
            Written::Csv(csv) => csv.write_record(row.iter().map(in_csv)).map_err(|error| Problem::internal(&error)),
            Written::Xlsx(book) => book.write(row, is_head).map_err(|error| Problem::internal(&error)),
        }
    }
}

fn csv_writer() -> csv::Writer<Vec<u8>> {
    // A cell in quotation marks stays one cell where Excel divides by semicolons, too.
    let mut builder = csv::WriterBuilder::new();
    builder.terminator(csv::Terminator::CRLF).quote_style(csv::QuoteStyle::Always).flexible(true);
    builder.from_writer(BYTE_ORDER_MARK.to_vec())
}

fn in_csv(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => harmless(&legible(text)),
        Cell::Count(count) => count.to_string(),
        Cell::Time(at) => moment(*at),
    }
}

/// A text as any program can read it: lines end in one way, and what no XML may hold is replaced.
fn legible(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let printable = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let shown = |c: char| if printable(c) && !matches!(c, '\u{fffe}' | '\u{ffff}') { c } else { '\u{fffd}' };
    let mut shown: String = text.chars().map(shown).take(TEXT_MAX + 1).collect();
    if shown.chars().count() > TEXT_MAX {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// Days since the epoch of spreadsheets, as a clock in China shows them.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any year to come are far below 2^53")]
fn serial(at: Timestamp) -> f64 {
    at.0.saturating_add(SHANGHAI_MS) as f64 / DAY_MS + EPOCH_DAYS
}

impl Book {
    fn new(columns: usize) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_freeze_panes(1, 0)?;
        for column in 0..u16::try_from(columns).unwrap_or(u16::MAX) {
            sheet.set_column_width(column, WIDTH)?;
        }
        let (head, quoted) = (Look::new().set_bold(), Look::new().set_quote_prefix());
        let time = Look::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        Ok(Self { workbook, next: 0, head, quoted, time })
    }

    fn write(&mut self, row: &[Cell], is_head: bool) -> Result<(), XlsxError> {
        let sheet: &mut Worksheet = self.workbook.worksheet_from_index(0)?;
        for (cell, column) in row.iter().zip(0..) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    let text = legible(text);
                    match (is_head, might_be_formula(&text)) {
                        (true, _) => sheet.write_string_with_format(self.next, column, text, &self.head)?,
                        (false, true) => sheet.write_string_with_format(self.next, column, text, &self.quoted)?,
                        (false, false) => sheet.write_string(self.next, column, text)?,
                    };
                }
                #[expect(clippy::cast_precision_loss, reason = "counts of papers")]
                Cell::Count(count) => {
                    sheet.write_number(self.next, column, *count as f64)?;
                }
                Cell::Time(at) => {
                    sheet.write_number_with_format(self.next, column, serial(*at), &self.time)?;
                }
            }
        }
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(format: Format, rows: usize) -> Sheet {
        let mut sheet = Sheet::new(format, &["名称".to_owned()]).unwrap();
        sheet.add((0..rows).map(|_| vec![Cell::text("=1+1")])).unwrap();
        sheet
    }

    #[test]
    fn a_csv_begins_with_its_mark_and_every_cell_is_quoted() {
        let mut sheet = sheet(Format::Csv, 1);
        sheet.add([vec![Cell::text("a\"b\r\nc"), Cell::Count(-3), Cell::Empty, Cell::Time(Timestamp(0))]]).unwrap();
        let text = String::from_utf8(sheet.finish("").unwrap()).unwrap();
        assert_eq!(text, "\u{feff}\"名称\"\r\n\"'=1+1\"\r\n\"a\"\"b\nc\",\"-3\",\"\",\"1970-01-01 08:00:00\"\r\n");
    }

    #[test]
    fn what_does_not_fit_is_said_in_the_last_row() {
        let whole = sheet(Format::Csv, ROWS_MAX);
        assert!(!whole.is_cut() && whole.rows() == ROWS_MAX);
        let cut = sheet(Format::Csv, ROWS_MAX + 1);
        assert!(cut.is_cut() && cut.rows() == ROWS_MAX);
        let text = String::from_utf8(cut.finish("more").unwrap()).unwrap();
        assert!(text.ends_with("\"'=1+1\"\r\n\"more\"\r\n") && text.lines().count() == ROWS_MAX + 2);
        let long = legible(&"长".repeat(40_000));
        assert!(long.ends_with('…') && long.chars().count() == TEXT_MAX + 1);
    }

    #[test]
    fn a_time_is_the_day_and_hour_in_china() {
        assert!((serial(Timestamp(1_793_577_600_000)) - 46_328.333_333).abs() < 0.000_1);
    }
}
