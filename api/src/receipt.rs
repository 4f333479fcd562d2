//! What the holder of a receipt may learn and do: where the case stands, and one rating after the pickup. By the receipt's secret,
//! or by case number and the end of the phone. Every look is counted first and given back if it was right; a wrong one, an unknown
//! one, one that was erased and one that is over end alike. Tells a [`Standing`] and never whose it is.
use crate::access::attempts::{TooMany, WRONG_LOOKS_OF_ADDRESS, WRONG_LOOKS_OF_CASE};
use crate::access::sign_in::{Visitor, word};
use crate::app::App;
use crate::problem::Problem;
use crate::v1::decisions::Decider;
use crate::v1::scan::any;
use domain::case::{Case, CaseCommand, CaseRefusal, Pickup, Rated, Stars};
use domain::code::{Code, CodeKind};
use domain::dossier::Ask;
use domain::id::{CaseId, PersonId, ScanId, SubjectId};
use domain::network::Networks;
use domain::standing::{self, Paper, Stage, Standing};
use domain::stay::Bags;
use domain::stream::{AnyFact, StreamId};
use domain::time::Timestamp;
use esrs::Aggregate;
use eventstore::{Access, Append, AppendError, Refusal, Streams};
use projections::story::{self, Thing};
use projections::{Scope, queues, search};
use registers::record::{Act, Actor, Entry, Limited};
use registers::vault::ENDING;
use std::sync::Arc;
use uuid::Uuid;

/// Who rated, in the log: nobody's name.
const APPLICANT: &str = "applicant";
/// Numbers that begin like the one asked for, looked at for the one that is it.
const ALIKE_MAX: i64 = 10;

/// A case that somebody may see.
pub struct Seen {
    pub case: CaseId,
    pub standing: Standing,
}

/// The receipt that a text is the code of: typed, scanned, or an address.
#[must_use]
pub fn read(text: &str) -> Option<Code> {
    labels::code::read(text).ok().filter(|code| code.kind() == CodeKind::Receipt)
}

/// Where the case of a receipt stands.
///
/// # Errors
/// Not found: whatever the reason. Too often.
pub async fn by_code(app: &App, visitor: &Visitor, text: &str) -> Result<Seen, Problem> {
    knock(app, visitor).await?;
    let case = match read(text) {
        Some(code) => registers::label::batch_of(app.db(), app.region(), code).await?.map(CaseId),
        None => None,
    };
    let seen = match case {
        Some(case) => seen(app, case).await?,
        None => None,
    };
    let seen = seen.ok_or_else(Problem::not_found)?;
    app.attempts().give_back_address(WRONG_LOOKS_OF_ADDRESS, visitor.address);
    Ok(seen)
}

/// Where a case stands, by its number and the last digits of the applicant's or proxy's phone.
///
/// # Errors
/// No digits. Not found: whatever the reason. Too often.
pub async fn by_number(app: &App, visitor: &Visitor, number: &str, ending: &str) -> Result<Seen, Problem> {
    let (number, ending) = (search::normal(&half_width(number)), half_width(ending));
    if number.is_empty() || ending.len() != ENDING || !ending.bytes().all(|it| it.is_ascii_digit()) {
        return Err(Problem::unfit("no-ending", "a case number and the last four digits of the phone"));
    }
    knock(app, visitor).await?;
    count(app, visitor, app.attempts().count(WRONG_LOOKS_OF_CASE, &number, app.now())).await?;
    let hits = search::find(app.db(), app.region(), &Scope::Region, &number, None, ALIKE_MAX).await?;
    let hit = hits.into_iter().find(|hit| hit.kind == "case_no" && hit.term == number);
    let case = hit.map(|hit| CaseId(hit.subject));
    // Asked also where there is no such number: both ways take the same steps.
    let right = app.vault().phone_ends(app.db(), case, &ending).await?;
    let seen = match case.filter(|_| right) {
        Some(case) => seen(app, case).await?,
        None => None,
    };
    let seen = seen.ok_or_else(Problem::not_found)?;
    app.attempts().give_back(WRONG_LOOKS_OF_CASE, &number);
    app.attempts().give_back_address(WRONG_LOOKS_OF_ADDRESS, visitor.address);
    Ok(seen)
}

/// Rates what was collected. Rated before is as good: nothing changes.
///
/// # Errors
/// Nothing was collected yet, or the log's own.
pub async fn rate(app: &App, case: CaseId, stars: Stars) -> Result<(), Problem> {
    let dossiers = dossiers(app, case).await?;
    let by: PersonId = APPLICANT.parse().map_err(|error| Problem::internal(&error))?;
    let (stream, networks) = (StreamId::Case(case), app.known().networks.clone());
    let reads = dossiers.iter().copied().map(StreamId::Dossier).chain([stream]).collect();
    let decider = Decider { request_id: Uuid::new_v4(), by, at: None, occurred_at: None };
    let id = ScanId(decider.request_id);
    let decide = move |streams: &Streams, recorded_at: Timestamp| {
        let papers = papers(&dossiers, streams, &networks, &Bags::default());
        let stands = standing::of(streams.case(case), &papers, &networks);
        let collected = stands.is_some_and(|it| it.stage == Stage::HandedOut);
        let pickup = if collected { Pickup::Done } else { Pickup::NotYet };
        let ask = Ask { envelope: decider.envelope(recorded_at), what: Rated { stars } };
        let events = Case::handle_command(streams.case(case), CaseCommand::Rate(ask, pickup))?;
        Ok(events.into_iter().map(|event| (stream, any(event, AnyFact::Case))).collect())
    };
    let append = Append { id, content_hash: [u8::from(stars); 32], reads, decide: Arc::new(decide) };
    match app.log().append_one(append).await {
        Ok(_) | Err(AppendError::Refused(Refusal::Case(CaseRefusal::AlreadyRated))) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Where a case stands; `None` if it was never filed, its applicant was erased, or all is long over.
async fn seen(app: &App, case: CaseId) -> Result<Option<Seen>, Problem> {
    if app.vault().applicant_is_erased(app.db(), case).await? {
        return Ok(None);
    }
    let standing = stands(app, case).await?;
    Ok(standing.filter(|it| !it.is_over(app.now())).map(|standing| Seen { case, standing }))
}

/// Where a case stands, whoever asks; `None` if it was never filed.
///
/// # Errors
/// The database's, or an event that cannot be read.
pub async fn stands(app: &App, case: CaseId) -> Result<Option<Standing>, Problem> {
    let dossiers = dossiers(app, case).await?;
    let (mut streams, mut access) = (Streams::default(), Access::Db(app.db()));
    streams.load(&mut access, app.region(), [StreamId::Case(case)]).await?;
    let things: Vec<Thing> = dossiers.iter().copied().map(Thing::Dossier).collect();
    let bags = story::load(&mut access, app.region(), &mut streams, &things).await?;
    let networks = app.known().networks.clone();
    let papers = papers(&dossiers, &streams, &networks, &bags);
    Ok(standing::of(streams.case(case), &papers, &networks))
}

/// The dossiers that name a case.
async fn dossiers(app: &App, case: CaseId) -> Result<Vec<SubjectId>, Problem> {
    let rows = queues::of_case(app.db(), app.region(), case.0).await?;
    Ok(rows.into_iter().map(|placed| placed.dossier.subject).collect())
}

fn papers(dossiers: &[SubjectId], streams: &Streams, networks: &Networks, bags: &Bags) -> Vec<Paper> {
    dossiers.iter().filter_map(|&id| Paper::of(id, streams.dossier(id), networks, bags)).collect()
}

/// Counts a look from an address.
async fn knock(app: &App, visitor: &Visitor) -> Result<(), Problem> {
    let counted = app.attempts().count_address(WRONG_LOOKS_OF_ADDRESS, visitor.address, app.now());
    count(app, visitor, counted).await
}

/// The first too many of a window stands in the record: door and address, never what was tried.
async fn count(app: &App, visitor: &Visitor, counted: Result<(), TooMany>) -> Result<(), Problem> {
    let Err(many) = counted else { return Ok(()) };
    if many.first {
        let act = Act::Limited(Limited { door: word(many.door)?, account: None });
        app.record(&Entry { actor: Actor::System, address: Some(visitor.address), act }).await?;
    }
    Err(many.into())
}

/// What an input method made of letters and digits, as they are stored.
fn half_width(text: &str) -> String {
    let half = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    };
    text.trim().chars().map(half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_receipt_s_code_is_read_however_it_came() {
        let code = Code::new(CodeKind::Receipt, 7);
        let printed = labels::code::print(code);
        for typed in [printed.clone(), printed.to_lowercase(), labels::code::grouped(code)] {
            assert_eq!(read(&typed), Some(code), "{typed}");
        }
        assert_eq!(read(&labels::qr::text(Some("lz.example.cn"), code)), Some(code));
        for kind in CodeKind::ALL.into_iter().filter(|kind| *kind != CodeKind::Receipt) {
            assert_eq!(read(&labels::code::print(Code::new(kind, 7))), None);
        }
    }

    #[test]
    fn full_width_digits_are_digits() {
        assert_eq!(half_width(" １２３４ "), "1234");
    }
}
