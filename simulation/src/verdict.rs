//! What the judge found: the shares, a row for each kind of mishap, and examples to look into. Only numbers and text.
use crate::drive::Counts;
use crate::faults::{Fault, Tally};
use std::fmt::{self, Display, Formatter};

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub right: u64,
    pub of: u64,
}

impl Share {
    pub(crate) fn count(&mut self, right: bool) {
        self.of += 1;
        self.right += u64::from(right);
    }

    /// As a fraction; of nothing, everything.
    #[must_use]
    pub fn ratio(self) -> f64 {
        if self.of == 0 { 1.0 } else { self.right as f64 / self.of as f64 }
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} ({:.2} %)", self.right, self.of, 100.0 * self.ratio())
    }
}

/// The dossiers that one kind of mishap has touched; `None`: those that none has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub fault: Option<Fault>,
    pub count: u64,
    /// Their last movement was truthfully read and uploaded.
    pub readable: u64,
    /// Of these, the answer is the truth.
    pub right: u64,
    /// Silent past their limit.
    pub silent: u64,
    /// Of these, with an open exception.
    pub flagged: u64,
    /// With an exception that nothing deserves.
    pub falsely_flagged: u64,
}

impl Row {
    pub(crate) fn of(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }
}

/// A dossier that was judged wrongly by the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub error: String,
    pub code: String,
    pub truth: String,
    pub answer: String,
    pub overdue_from: Option<i64>,
    pub faults: Vec<String>,
    /// The last readings the product has, by the true clock.
    pub readings: Vec<String>,
}

/// How the product did.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The instant of judgement.
    pub at: i64,
    pub dossiers: u64,
    /// Of dossiers whose last movement was read and uploaded: the answer is the truth.
    pub placed: Share,
    /// Of dossiers silent past their limit: an exception is open.
    pub silent: Share,
    /// Of rightly placed dossiers that deserve no exception: none of the undeserved kinds is open.
    pub calm: Share,
    /// As `placed`, for bags.
    pub bags: Share,
    pub rows: Vec<Row>,
    /// Answers by kind.
    pub counts: Counts,
    /// Mishaps by kind.
    pub tally: Tally,
    pub worst: Vec<Example>,
}

impl Verdict {
    /// Of rightly placed dossiers that deserve no exception, the share that has one.
    #[must_use]
    pub fn false_alarms(&self) -> f64 {
        1.0 - self.calm.ratio()
    }

    /// The whole verdict as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.to_string()
    }

    fn table(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| touched by | happened | dossiers | last movement read | right | silent | flagged | falsely flagged |"
        )?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for row in &self.rows {
            let name = row.fault.map_or("nothing".to_owned(), |fault| fault.to_string());
            let happened = row.fault.map_or(String::new(), |fault| self.tally.of(fault).1.to_string());
            let Row { count, readable, right, silent, flagged, falsely_flagged, .. } = row;
            writeln!(
                f,
                "| {name} | {happened} | {count} | {readable} | {right} | {silent} | {flagged} | {falsely_flagged} |"
            )?;
        }
        Ok(())
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} dossiers.\n", self.dossiers)?;
        writeln!(f, "- rightly placed, of those whose last movement was read and uploaded: {}", self.placed)?;
        writeln!(f, "- flagged, of those silent past their limit: {}", self.silent)?;
        writeln!(f, "- left in peace, of those rightly placed that deserve no flag: {}", self.calm)?;
        writeln!(f, "- rightly placed bags: {}", self.bags)?;
        for (answer, times) in &self.counts {
            writeln!(f, "- {answer}: {times}")?;
        }
        self.table(f)?;
        for example in &self.worst {
            writeln!(
                f,
                "\n**{}** {}: truth {}; answer {}",
                example.error, example.code, example.truth, example.answer
            )?;
            writeln!(f, "touched by {:?}, overdue from {:?}", example.faults, example.overdue_from)?;
            for reading in &example.readings {
                writeln!(f, "- {reading}")?;
            }
        }
        Ok(())
    }
}
