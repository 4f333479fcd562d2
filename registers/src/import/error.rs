//! What is wrong with files to be imported: which file, line and field, and what to do. Everything is found at once.
use std::fmt;

/// One thing to mend. Several come back together.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// In a field of a line, counted from 1; the heading is line 1.
    #[error("{0}: {1}")]
    At(Place, Problem),
    /// With a file as a whole.
    #[error("{file}: {problem}")]
    File { file: String, problem: Problem },
    /// Nothing is wrong with the files.
    #[error("the database failed: {0}")]
    Database(#[from] crate::Error),
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u64,
    pub field: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}, field `{}`", self.file, self.line, self.field)
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the file is not UTF-8: save it as \"CSV UTF-8\" or as UTF-8 text")]
    NotUtf8,
    #[error(
        "this is none of the files that can be imported: check the headings against the documentation (sites, legs, items, shelves as CSV; departments, working days as JSON)"
    )]
    NotRecognised,
    #[error("the line cannot be read: {0}. Open it in a spreadsheet and save it anew")]
    BadLine(String),
    #[error("the column is missing: add it to the heading")]
    NoColumn,
    #[error("it is empty: fill it in")]
    Empty,
    #[error("`{found}` is not {wanted}: correct it")]
    NotA { found: String, wanted: &'static str },
    #[error("`{key}` stands already in {first}: delete one of the two")]
    Duplicate { key: String, first: String },
    #[error("site `{0}` is neither in these files nor registered: add it, or correct the id")]
    UnknownSite(String),
    #[error("department `{0}` is neither in these files nor registered: add it, or correct the id")]
    UnknownDepartment(String),
    #[error("the parents run in a ring ({0}): give one of them another parent")]
    ParentRing(String),
    #[error("a {0} hangs on another site: name its parent")]
    ParentMissing(&'static str),
    #[error("only a station acts as an agent or a window: leave it empty")]
    NotAStation,
    #[error("there are {0} circulation centres to hang it on: name one in `parent`")]
    HubUnclear(usize),
    #[error("a leg leads from one site to another: correct one end")]
    ToItself,
    #[error("the least minutes ({least}) are more than the most ({most}): correct one of them")]
    LeastOverMost { least: u32, most: u32 },
    #[error("it ends on or before the day it begins: correct one of the dates")]
    EndsBeforeItBegins,
    #[error("the date is not in the year {0}: move it to its year")]
    OtherYear(i32),
    #[error("the file states {stated} working days, but its dates make {counted}: correct the dates")]
    WorkdaysDiffer { stated: u32, counted: u32 },
}
