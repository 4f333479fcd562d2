//! Each file by itself: from text to rows. What a row says of other rows is judged in `check.rs`.
use super::error::Problem;
use super::sheet::{Findings, Found, Line, lines};
use crate::item::{ItemRow, Limit, Names, Sites, Unit};
use crate::leg::LegRow;
use crate::shelf::ShelfRow;
use crate::site::{SiteRow, kind_of};
use domain::id::SiteId;
use domain::network::SiteKind;
use domain::time::Minutes;

const ID: &str = "an id of 1 to 40 of the characters A-Z a-z 0-9 . _ -";

/// Kind of site as a file gives it.
struct KindText(SiteKind);

impl std::str::FromStr for KindText {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        kind_of(text).map(Self).ok_or(())
    }
}

/// `sites.csv`
pub fn sites(file: (&str, &str), findings: &mut Findings) -> Vec<Found<SiteRow>> {
    lines(file, &["id", "kind", "parent", "name", "hours"], findings, |line| {
        let id = line.value("id", ID);
        let kind = line.value::<KindText>("kind", "one of station centre hub department");
        let parent = line.maybe::<SiteId>("parent", ID);
        let name = line.needed("name");
        let acts_as = line.maybe("acts_as", "one of agent official_window");
        let hours = hours(line);
        let division_code = division_code(line);
        let row = SiteRow {
            id: id?,
            kind: kind?.0,
            parent: parent?,
            name: name?,
            name_en: line.text("name_en"),
            division_code: division_code?,
            hours: hours?,
            acts_as: acts_as?,
            slot: line.text("slot"),
            address: line.text("address"),
            phone: line.text("phone"),
        };
        if row.acts_as.is_some() && row.kind != SiteKind::Station {
            line.wrong("acts_as", Problem::NotAStation);
        }
        Some(row)
    })
}

fn hours(line: &mut Line<'_>) -> Option<String> {
    let found = line.text("hours").unwrap_or_default();
    let fits = are_hours(&found);
    if !fits {
        line.wrong(
            "hours",
            Problem::NotA { found: found.clone(), wanted: "opening hours such as 08:30-12:00 14:30-17:30" },
        );
    }
    fits.then_some(found)
}

/// Spans that follow each other within a day; none is unknown hours.
pub fn are_hours(text: &str) -> bool {
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let fits = two_digits(hour) && two_digits(minute) && hour <= "23" && minute <= "59";
        fits.then(|| (hour.to_owned(), minute.to_owned()))
    };
    let spans = text.split_whitespace().map(|span| span.split_once('-').map(|(from, to)| [minute(from), minute(to)]));
    let Some(times) = spans.collect::<Option<Vec<_>>>() else { return false };
    let Some(times) = times.into_iter().flatten().collect::<Option<Vec<_>>>() else { return false };
    times.is_sorted_by(|a, b| a < b)
}

#[allow(clippy::option_option, reason = "the outer level is success: the error is already in the findings")]
fn division_code(line: &mut Line<'_>) -> Option<Option<String>> {
    let Some(found) = line.text("division_code") else { return Some(None) };
    if found.len() == 12 && found.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Some(found));
    }
    line.wrong(
        "division_code",
        Problem::NotA { found, wanted: "a division code of 12 digits (keep the column as text)" },
    );
    None
}

/// `legs.csv`
pub fn legs(file: (&str, &str), findings: &mut Findings) -> Vec<Found<LegRow>> {
    const MINUTES: &str = "a whole number of minutes";
    lines(file, &["from", "to", "least_minutes", "most_minutes"], findings, |line| {
        let (from, to) = (line.value::<SiteId>("from", ID), line.value::<SiteId>("to", ID));
        let (least, most) = (line.value::<u32>("least_minutes", MINUTES), line.value::<u32>("most_minutes", MINUTES));
        let row = LegRow { from: from?, to: to?, least: Minutes(least?), most: Minutes(most?) };
        if row.from == row.to {
            line.wrong("to", Problem::ToItself);
        }
        if row.least > row.most {
            line.wrong("least_minutes", Problem::LeastOverMost { least: row.least.0, most: row.most.0 });
        }
        Some(row)
    })
}

/// `shelves.csv`
pub fn shelves(file: (&str, &str), findings: &mut Findings) -> Vec<Found<ShelfRow>> {
    lines(file, &["site", "shelf", "kind"], findings, |line| {
        let (site, shelf) = (line.value("site", ID), line.needed("shelf"));
        let kind = line.value("kind", "one of shelf slot");
        Some(ShelfRow { site: site?, shelf: shelf?, kind: kind?, name: line.text("name") })
    })
}

/// Columns that `items.csv` must have; the others it has are not needed here.
const ITEM_COLUMNS: [&str; 20] = [
    "item_code",
    "impl_code",
    "name",
    "dept_id",
    "kind",
    "type_code",
    "case_type_code",
    "received_at",
    "decided_at",
    "delegated",
    "legal_limit",
    "legal_unit",
    "limit_status",
    "promised_limit",
    "promised_unit",
    "joint_depts",
    "special_procedures",
    "silence_effect",
    "result_name",
    "materials",
];

/// `items.csv`
pub fn items(file: (&str, &str), findings: &mut Findings) -> Vec<Found<ItemRow>> {
    const LEVEL: &str = "one of village town county";
    lines(file, &ITEM_COLUMNS, findings, |line| {
        let (code, department) = (line.value("item_code", ID), line.value("dept_id", ID));
        let (name, kind) = (line.needed("name"), line.needed("kind"));
        let (received_at, decided_at) = (line.value("received_at", LEVEL), line.value("decided_at", LEVEL));
        let (delegated, joint) = (yes(line, "delegated"), joint_departments(line));
        let legal_limit = limit(line, "legal_limit", "legal_unit");
        let promised_limit = limit(line, "promised_limit", "promised_unit");
        let silence_effect = line.value("silence_effect", "one of none renewal_granted");
        let materials = line.maybe("materials", "a list such as 申请书=O1;身份证明=V (O, C, R or V and a count)");
        let procedures = line.text("special_procedures").unwrap_or_default();
        Some(ItemRow {
            code: code?,
            impl_code: line.needed("impl_code")?,
            name: name?,
            department: department?,
            kind: kind?,
            type_code: line.needed("type_code")?,
            case_type_code: line.needed("case_type_code")?,
            received_at: received_at?,
            decided_at: decided_at?,
            delegated: delegated?,
            legal_limit: legal_limit?,
            law: line.text("law"),
            article: line.text("article"),
            limit_status: line.needed("limit_status")?,
            promised_limit: promised_limit?,
            joint_departments: joint?,
            special_procedures: Names(listed(&procedures).map(str::to_owned).collect()),
            silence_effect: silence_effect?,
            result_name: line.text("result_name"),
            materials: materials?.unwrap_or_default(),
        })
    })
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}

fn yes(line: &mut Line<'_>, field: &str) -> Option<bool> {
    let found = line.needed(field)?;
    match found.as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => {
            line.wrong(field, Problem::NotA { found, wanted: "yes or no" });
            None
        }
    }
}

fn joint_departments(line: &mut Line<'_>) -> Option<Sites> {
    let found = line.text("joint_depts").unwrap_or_default();
    let sites = listed(&found).map(|part| part.parse().ok()).collect::<Option<_>>();
    if sites.is_none() {
        line.wrong("joint_depts", Problem::NotA { found, wanted: "a list of department ids separated by ;" });
    }
    sites.map(Sites)
}

/// A limit in two columns. At once needs no amount; otherwise both are filled in, or neither.
#[allow(clippy::option_option, reason = "the outer level is success: the error is already in the findings")]
fn limit(line: &mut Line<'_>, amount_field: &str, unit_field: &str) -> Option<Option<Limit>> {
    let amount = line.maybe::<u16>(amount_field, "a whole number");
    let unit = line.maybe::<Unit>(unit_field, "one of workday day month immediate");
    match (amount?, unit?) {
        (None, None) => Some(None),
        (amount, Some(Unit::Immediate)) => Some(Some(Limit { amount: amount.unwrap_or(0), unit: Unit::Immediate })),
        (Some(amount), Some(unit)) => Some(Some(Limit { amount, unit })),
        (None, Some(_)) => {
            line.wrong(amount_field, Problem::Empty);
            None
        }
        (Some(_), None) => {
            line.wrong(unit_field, Problem::Empty);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_spans_that_follow_each_other() {
        for right in ["", "08:30-12:00", "08:30-12:00 14:30-17:30"] {
            assert!(are_hours(right), "{right}");
        }
        for wrong in ["8:30-12:00", "08:30", "12:00-08:30", "08:30-12:00 11:00-17:00", "08:30-25:00", "all day"] {
            assert!(!are_hours(wrong), "{wrong}");
        }
    }
}
