//! What people do with the data of applicants: written, shown masked, searched, opened with a reason, restricted, erased. One
//! place for the JSON doors and the pages. The vault records each act in its transaction; nothing here logs or repeats a value.
use crate::access::attempts::{Limit, OPENINGS_OF_ASKER, SEARCHES_OF_ASKER};
use crate::access::sign_in::{Visitor, word};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::Problem;
use crate::v1::cases::{case, filed};
use chrono::{DateTime, NaiveDate};
use domain::case::Filed;
use domain::id::CaseId;
use domain::time::Timestamp;
use projections::queues::{self, Placed};
use projections::visits;
use registers::record::{Act, By, Entry, Field, Limited, Party, Reason, SearchedBy};
use registers::vault::{Details, Given, Invalid, Masked, Opening, Shown, mask};
use uuid::Uuid;

/// Cases shown of a search at most: whoever finds more needs the phone.
pub const SHOWN_MAX: usize = 50;
/// Characters that are searched for at most: no name or phone is longer.
const TYPED_MAX: usize = 100;
/// Shanghai is this far ahead, all year.
const SHANGHAI_MS: i64 = 8 * 3600 * 1000;

/// Reasons the pages offer for opening. A program may send other codes.
pub const REASONS_TO_OPEN: [&str; 6] =
    ["call-applicant", "ask-for-supplement", "check-identity", "hand-out", "correct-data", "complaint"];
/// Grounds the pages offer for restricting, lifting and erasing: 个人信息保护法 art. 44 to 47.
pub const REASONS_OF_RIGHT: [&str; 6] =
    ["asked-by-person", "disputed", "no-longer-needed", "kept-long-enough", "unlawful", "settled"];

/// What the law lets a person ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Restrict,
    Lift,
    Erase,
}

/// A case that a search found, as far as who asks may see it.
pub struct Found {
    pub case: CaseId,
    /// Nothing, if only dossiers name it.
    pub filed: Option<Filed>,
    pub parties: Vec<Shown>,
    pub dossiers: Vec<Placed>,
}

/// The case that a text names: within reach, and filed or named by a dossier.
///
/// # Errors
/// None of that name, or beyond reach: the same answer.
pub async fn named(app: &App, permit: &Permit, name: &str) -> Result<CaseId, Problem> {
    let id = case(app, permit, name).await?;
    if filed(app, id).await?.is_none() && queues::of_case(app.db(), app.region(), id.0).await?.is_empty() {
        return Err(Problem::not_found());
    }
    Ok(id)
}

/// Whoever asks, for the record.
pub(crate) fn by(app: &App, permit: &Permit, visitor: &Visitor) -> By {
    By { actor: permit.who.actor(), address: Some(visitor.address), now: app.now() }
}

/// The day it is in China.
fn today(now: Timestamp) -> NaiveDate {
    DateTime::from_timestamp_millis(now.0 + SHANGHAI_MS).map(|at| at.date_naive()).unwrap_or_default()
}

/// Checks what was typed. The problem says what is wrong and repeats nothing.
///
/// # Errors
/// Everything that is wrong, for who shows it beside the fields.
pub fn check(app: &App, given: Given<'_>) -> Result<Details, Vec<Invalid>> {
    Details::check(given, today(app.now()))
}

/// What is wrong with what was typed, in one problem.
#[must_use]
pub fn invalid(wrong: &[Invalid]) -> Problem {
    Problem::invalid(wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// Keeps a party of a case in place of what was held of it; what others will see.
///
/// # Errors
/// Restricted or erased, or the database's own.
pub async fn write(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    at: (CaseId, Party),
    details: &Details,
) -> Result<Masked, Problem> {
    let mut tx = app.db().begin().await?;
    app.vault().write(&mut tx, &by(app, permit, visitor), at, details).await?;
    tx.commit().await?;
    Ok(mask(details))
}

/// The parties of a case, masked.
///
/// # Errors
/// The vault's own.
pub async fn of_case(app: &App, case: CaseId) -> Result<Vec<Shown>, Problem> {
    Ok(app.vault().shown(app.db(), &[case]).await?)
}

/// Opens fields of a party; recorded before they are answered.
///
/// # Errors
/// Nothing there, erased, restricted; too often.
pub async fn open(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    (case, party): (CaseId, Party),
    (fields, reason): (Vec<Field>, Reason),
) -> Result<Details, Problem> {
    count(app, permit, visitor, OPENINGS_OF_ASKER).await?;
    let may_lift = permit.also_for(Action::RestrictApplicants).is_some();
    let opening = Opening { case, party, fields, reason, may_lift };
    Ok(app.vault().open_party(app.db(), &by(app, permit, visitor), &opening).await?)
}

/// Cases of a person within reach, [`SHOWN_MAX`] at most, and whether there are more. One entry of the record.
///
/// # Errors
/// Nothing to search for; too often.
pub async fn search(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    (kind, typed): (SearchedBy, &str),
    reason: Option<Reason>,
) -> Result<(Vec<Found>, bool), Problem> {
    let typed = typed.trim();
    if typed.is_empty() || typed.chars().count() > TYPED_MAX {
        return Err(Problem::invalid("a search is for a phone number or a whole name"));
    }
    count(app, permit, visitor, SEARCHES_OF_ASKER).await?;
    let found = app.vault().search(app.db(), &by(app, permit, visitor), (kind, typed), reason).await?;
    let ids: Vec<Uuid> = found.iter().map(|case| case.0).collect();
    let seen = visits::cases(app.db(), app.region(), &permit.scope, &ids).await?;
    let mut mine: Vec<CaseId> = found.into_iter().filter(|case| seen.contains(&case.0)).collect();
    let more = mine.len() > SHOWN_MAX;
    mine.truncate(SHOWN_MAX);
    let shown = app.vault().shown(app.db(), &mine).await?;
    let mut all = Vec::new();
    for case in mine {
        let parties = shown.iter().filter(|party| party.case == case).cloned().collect();
        let dossiers = queues::of_case(app.db(), app.region(), case.0).await?;
        all.push(Found { case, filed: filed(app, case).await?, parties, dossiers });
    }
    Ok((all, more))
}

/// Restricts, lifts or erases; `false` if it was so before.
///
/// # Errors
/// Nothing there, or erased.
pub async fn act(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    at: (CaseId, Party),
    (right, reason): (Right, &Reason),
) -> Result<bool, Problem> {
    let (by, vault) = (by(app, permit, visitor), app.vault());
    let mut tx = app.db().begin().await?;
    let done = match right {
        Right::Restrict => vault.restrict(&mut tx, &by, at, reason).await?,
        Right::Lift => vault.unrestrict(&mut tx, &by, at, reason).await?,
        Right::Erase => vault.erase(&mut tx, &by, at, reason).await?,
    };
    tx.commit().await?;
    Ok(done)
}

/// Counts what one asker does with many; the first too many stands in the record.
async fn count(app: &App, permit: &Permit, visitor: &Visitor, limit: Limit) -> Result<(), Problem> {
    let actor = permit.who.actor();
    let Err(many) = app.attempts().count(limit, &actor.to_string(), app.now()) else { return Ok(()) };
    if many.first {
        let act = Act::Limited(Limited { door: word(many.door)?, account: permit.person().cloned() });
        app.record(&Entry { actor, address: Some(visitor.address), act }).await?;
    }
    Err(many.into())
}

/// A reason by its code.
///
/// # Errors
/// A text that is no code.
pub fn reason(code: &str) -> Result<Reason, Problem> {
    let code = code.parse().map_err(|error| Problem::invalid(format!("`reason`: {error}")))?;
    Ok(Reason { code, note: None })
}
