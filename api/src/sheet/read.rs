//! Reading a sheet that somebody uploads: CSV in UTF-8, UTF-16 or GB18030, or the first sheet of an XLSX, as rows of text with
//! the number of each. What a file unpacks to is bounded before it is read, and a cell far out costs no room in between.
use super::as_it_was;
use calamine::{DataRef, Reader, Xlsx};
use std::io::{self, Cursor, Read};

/// Rows of a file at most, with its heads.
const ROWS_MAX: usize = 5_001;
/// Columns at most.
const COLUMNS_MAX: usize = 64;
/// Characters of all cells together at most.
const TEXT_MAX: usize = 5 * 1024 * 1024;
/// What a workbook may unpack to.
const UNPACKED_MAX: u64 = 64 * 1024 * 1024;
/// Files in a workbook at most; Excel makes a dozen.
const FILES_MAX: usize = 500;
/// What every XLSX begins with: it is a ZIP file.
const ZIP: &[u8] = b"PK\x03\x04";

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Neither CSV nor XLSX.
    NoSheet,
    /// Text in an unknown encoding.
    Encoding,
    TooManyRows,
    TooLarge,
}

/// A row with its number, counted from 1 as spreadsheets do.
pub type Row = (usize, Vec<String>);

/// The rows of a file that hold anything.
///
/// # Errors
/// No sheet, or one that is too large.
pub fn rows(file: &[u8]) -> Result<Vec<Row>, Unreadable> {
    let rows = if file.starts_with(ZIP) { of_workbook(file)? } else { of_text(&text(file)?)? };
    let held = rows.iter().flat_map(|(_, cells)| cells).map(|cell| cell.chars().count()).sum::<usize>();
    if held > TEXT_MAX { Err(Unreadable::TooLarge) } else { Ok(rows) }
}

/// Text as Excel in China writes it: UTF-8 or UTF-16 with its mark, UTF-8 without, or GB18030.
fn text(file: &[u8]) -> Result<String, Unreadable> {
    let marked = encoding_rs::Encoding::for_bom(file).map(|(encoding, _)| encoding);
    let encoding = marked.or_else(|| std::str::from_utf8(file).is_ok().then_some(encoding_rs::UTF_8));
    let (text, _, broken) = encoding.unwrap_or(encoding_rs::GB18030).decode(file);
    if broken || text.contains('\0') { Err(Unreadable::Encoding) } else { Ok(text.into_owned()) }
}

fn of_text(text: &str) -> Result<Vec<Row>, Unreadable> {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.flexible(true).has_headers(false).delimiter(delimiter(text)).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for (record, number) in reader.records().zip(1..) {
        let record = record.map_err(|_| Unreadable::NoSheet)?;
        if record.len() > COLUMNS_MAX {
            return Err(Unreadable::NoSheet);
        }
        push(&mut rows, (number, record.iter().map(|cell| as_it_was(cell.trim()).to_owned()).collect()))?;
    }
    Ok(rows)
}

/// Excel writes semicolons where commas stand in numbers, and tabs when asked for text.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|it| head.contains(char::from(*it))).unwrap_or(b',')
}

fn push(rows: &mut Vec<Row>, (number, cells): Row) -> Result<(), Unreadable> {
    if cells.iter().all(String::is_empty) {
        return Ok(());
    }
    if rows.len() == ROWS_MAX {
        return Err(Unreadable::TooManyRows);
    }
    rows.push((number, cells));
    Ok(())
}

fn of_workbook(file: &[u8]) -> Result<Vec<Row>, Unreadable> {
    measure(file)?;
    let mut book = Xlsx::new(Cursor::new(file)).map_err(|_| Unreadable::NoSheet)?;
    let name = book.sheet_names().first().cloned().ok_or(Unreadable::NoSheet)?;
    // Cell by cell: a table from the first to the last cell might not fit into memory.
    let mut cells = book.worksheet_cells_reader(&name).map_err(|_| Unreadable::NoSheet)?;
    let mut rows = Vec::new();
    let mut row: Row = (0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(|_| Unreadable::NoSheet)? {
        let (number, column) = cell.get_position();
        let (number, column) = (number as usize + 1, column as usize);
        let text = as_text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if column >= COLUMNS_MAX {
            return Err(Unreadable::NoSheet);
        }
        if number != row.0 {
            push(&mut rows, std::mem::replace(&mut row, (number, Vec::new())))?;
        }
        if row.1.len() <= column {
            row.1.resize(column + 1, String::new());
        }
        row.1[column] = text;
    }
    push(&mut rows, row)?;
    Ok(rows)
}

/// Unpacks a workbook into nothing, up to what is allowed. What it says of its own size is not believed.
fn measure(file: &[u8]) -> Result<(), Unreadable> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).map_err(|_| Unreadable::NoSheet)?;
    if archive.len() > FILES_MAX {
        return Err(Unreadable::TooLarge);
    }
    let mut left = UNPACKED_MAX;
    for place in 0..archive.len() {
        let packed = archive.by_index(place).map_err(|_| Unreadable::NoSheet)?;
        let size = io::copy(&mut packed.take(left + 1), &mut io::sink()).map_err(|_| Unreadable::NoSheet)?;
        left = left.checked_sub(size).ok_or(Unreadable::TooLarge)?;
    }
    Ok(())
}

fn as_text(cell: &DataRef<'_>) -> String {
    let text = match cell {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        // Whole numbers come as 3.0; `Display` writes 3.
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(it) => it.to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::Error(error) => error.to_string(),
    };
    as_it_was(text.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::Workbook;
    use std::io::Write;

    fn cells(file: &[u8]) -> Vec<Vec<String>> {
        rows(file).unwrap().into_iter().map(|(_, cells)| cells).collect()
    }

    #[test]
    fn a_csv_is_read_in_every_encoding_that_excel_writes() {
        let text = "编号,名称\r\n1,镕喆\r\n";
        let wanted = [["编号", "名称"], ["1", "镕喆"]];
        let (gb, _, _) = encoding_rs::GB18030.encode(text);
        let mut utf16 = b"\xff\xfe".to_vec();
        utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        for file in [text.as_bytes(), format!("\u{feff}{text}").as_bytes(), &gb[..], &utf16[..]] {
            assert_eq!(cells(file), wanted);
        }
        assert_eq!(cells("a;b\n'=1;\"2\n3\"".as_bytes()), [["a", "b"], ["=1", "2\n3"]]);
        for broken in [b"\x81\xff\xff\x00".as_slice(), b"a\0b", b"\x89PNG\r\n\x1a\n\xff\xff"] {
            assert_eq!(rows(broken), Err(Unreadable::Encoding), "{broken:?}");
        }
    }

    #[test]
    fn a_workbook_is_read_row_by_row_with_its_numbers_and_days_as_text() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_string(0, 0, "编号").unwrap();
        sheet.write_number(2, 1, 3.0).unwrap();
        sheet.write_string(2, 3, "=1").unwrap();
        sheet.write_string(1_048_575, 0, "far").unwrap();
        let read = rows(&book.save_to_buffer().unwrap()).unwrap();
        let text = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let wanted = [(1, text(&["编号"])), (3, text(&["", "3", "", "=1"])), (1_048_576, text(&["far"]))];
        assert_eq!(read, wanted);
    }

    #[test]
    fn what_is_too_large_or_no_sheet_is_refused() {
        assert_eq!(rows(&[b"a\n".as_slice(); 5002].concat()), Err(Unreadable::TooManyRows));
        assert_eq!(rows(b"PK\x03\x04 and nothing else"), Err(Unreadable::NoSheet));
        assert_eq!(rows(&[b','; 100]), Err(Unreadable::NoSheet));
        let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
        bomb.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
        for _ in 0..65 {
            bomb.write_all(&vec![b' '; 1024 * 1024]).unwrap();
        }
        assert_eq!(rows(&bomb.finish().unwrap().into_inner()), Err(Unreadable::TooLarge));
    }
}
