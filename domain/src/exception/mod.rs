//! Exceptions: what does not fit, derived from the histories and never stored as truth.
//!
//! Known by (kind, subject, anchoring scan). To add one: a kind here, a rule in `derive.rs` or below, a row in
//! `docs/events.md`.
mod derive;

use crate::bag::BagFact;
use crate::custody::{Cause, Holder, Moves, Step, Subject};
use crate::dossier::{DossierFact, Plan};
use crate::event::{Fact, Remark};
use crate::history::Placed;
use crate::id::{PersonId, ScanId, SiteId};
use crate::scan::Action;
use crate::table::{Known, Reader, Thing, row};
use crate::time::{Minutes, Timestamp};
use derive::Evidence;
use serde::{Deserialize, Serialize};

/// What does not fit. Stored in human answers, so the names are literals for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// Read at a site that is not on its way.
    NotExpectedHere,
    /// A site read it, but nobody had let go of it elsewhere.
    ReceivedWithoutDispatch,
    /// On the road for longer than its leg allows.
    InTransitTooLong,
    /// Packed, not read when its bag was opened and checked.
    MissingFromBag,
    /// Read while a bag was checked that it was not packed in.
    UnexpectedInBag,
    SealBroken,
    /// Opened with another seal number than it was closed with.
    SealMismatch,
    /// Given away, or taken, where its holder was another.
    TwoHoldersClaimed,
    Damaged,
    Refused,
    /// Reported missing by a person.
    ReportedMissing,
    /// Read at two sites sooner than the legs between allow.
    TooFast,
    ClockSkew,
    ImpossibleTime,
    /// At a site with somewhere to go, for too long.
    HeldTooLong,
    /// Its label was not minted here.
    UnknownLabel,
    UnknownSite,
    /// Read by a label that had been replaced.
    OldLabel,
    /// A packing that would have put a bag into itself.
    BagRing,
    /// The rule table, knowing the whole history, would have moved it elsewhere than the device did.
    MeaningDiffers,
}

/// Something that does not fit, as of the whole history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    pub kind: ExceptionKind,
    /// The scan it hangs on.
    pub anchor: ScanId,
    pub site: Option<SiteId>,
    pub since: Timestamp,
    /// From when it counts: `since`, or later for what becomes late only with time. Compared with now when asked.
    pub due_from: Timestamp,
    /// When it ended by itself; `None` while it lasts.
    pub until: Option<Timestamp>,
}

/// How long is too long. Constructed values, settings of the county.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// At a site with somewhere to go. Four days span a weekend.
    pub held: Minutes,
    /// In one bag.
    pub in_bag: Minutes,
    /// With the post.
    pub post: Minutes,
    /// On the road where no leg says how long.
    pub leg_unknown: Minutes,
}

impl Default for Limits {
    fn default() -> Self {
        Self { held: Minutes(5760), in_bag: Minutes(7200), post: Minutes(5760), leg_unknown: Minutes(2880) }
    }
}

/// What people answered to one exception.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    pub owner: Option<PersonId>,
    pub explained_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
}

/// The answers in a history to the exception of this kind and anchor.
#[must_use]
pub fn answers<F: Fact>(told: &[Placed<'_, F>], kind: ExceptionKind, anchor: ScanId) -> Answers {
    let mut answers = Answers::default();
    for placed in told {
        match placed.event.fact.remark() {
            Some(Remark::Assigned(it)) if (it.kind, it.anchor) == (kind, anchor) => answers.owner = Some(it.to.clone()),
            Some(Remark::Explained(it)) if (it.kind, it.anchor) == (kind, anchor) => {
                answers.explained_at = Some(placed.key.at);
            }
            Some(Remark::Resolved(it)) if (it.kind, it.anchor) == (kind, anchor) => {
                answers.resolved_at = Some(placed.key.at);
            }
            Some(
                Remark::Voided(_) | Remark::Admitted(_) | Remark::Assigned(_) | Remark::Explained(_) | Remark::Resolved(_),
            )
            | None => {}
        }
    }
    answers
}

/// The exceptions of a dossier.
#[must_use]
pub fn of_dossier(
    told: &[Placed<'_, DossierFact>],
    steps: &[Step],
    subject: &Subject<'_>,
    limits: &Limits,
    label_known: bool,
) -> Vec<Exception> {
    let mut evidence = Evidence { told, steps, subject, limits, found: Vec::new() };
    evidence.examine();
    let plan = Plan::of(told, subject.networks);
    evidence.meaning(|evidence, index| differs(evidence, index, Thing::Dossier, plan.as_ref()));
    for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.began) {
        let next = (index + 1..steps.len()).find(|&next| steps[next].began);
        let until = next.map(|next| steps[next].key.at);
        let last_fact = next.and_then(|next| steps[next].fact).unwrap_or(told.len()).checked_sub(1);
        let target = last_fact.and_then(|fact| subject.targets.get(fact)?.as_ref());
        match &step.holder {
            Holder::Site { site } if target != Some(site) => evidence.held(index, until, limits.held),
            Holder::Bag { .. } => evidence.held(index, until, limits.in_bag),
            Holder::Site { .. }
            | Holder::Courier { .. }
            | Holder::Leg { .. }
            | Holder::Post { .. }
            | Holder::Applicant
            | Holder::Archive
            | Holder::Unknown { .. } => {}
        }
    }
    let remarks = told.iter().filter_map(|placed| {
        let kind = match placed.event.fact {
            DossierFact::Damaged(_) => ExceptionKind::Damaged,
            DossierFact::Refused(_) => ExceptionKind::Refused,
            _ => return None,
        };
        Some((kind, *placed))
    });
    let remarks: Vec<_> = remarks.collect();
    report(&mut evidence.found, told, &remarks);
    label(&mut evidence.found, told, label_known);
    let annulled = told.iter().find(|placed| matches!(placed.event.fact, DossierFact::Annulled(_)));
    close(evidence.found, annulled.map(|placed| placed.key.at))
}

/// The exceptions of a bag.
#[must_use]
pub fn of_bag(
    told: &[Placed<'_, BagFact>],
    steps: &[Step],
    subject: &Subject<'_>,
    limits: &Limits,
    label_known: bool,
) -> Vec<Exception> {
    let mut evidence = Evidence { told, steps, subject, limits, found: Vec::new() };
    evidence.examine();
    evidence.meaning(|evidence, index| differs(evidence, index, Thing::Bag, None));
    let mut sealed: Option<&str> = None;
    let mut reports = Vec::new();
    for placed in told {
        match &placed.event.fact {
            BagFact::Sealed(it) => sealed = it.seal_no.as_deref(),
            BagFact::Opened(it) => {
                if it.intact == Some(false) {
                    reports.push((ExceptionKind::SealBroken, *placed));
                }
                let other = sealed.zip(it.seal_no.as_deref()).is_some_and(|(put_on, found)| put_on != found);
                if other {
                    reports.push((ExceptionKind::SealMismatch, *placed));
                }
                sealed = None;
            }
            BagFact::Damaged(_) => reports.push((ExceptionKind::Damaged, *placed)),
            BagFact::Refused(_) => reports.push((ExceptionKind::Refused, *placed)),
            BagFact::Registered(_)
            | BagFact::Packed(_)
            | BagFact::Unpacked(_)
            | BagFact::Dispatched(_)
            | BagFact::Collected(_)
            | BagFact::Received(_)
            | BagFact::Checked(_)
            | BagFact::Sighted(_)
            | BagFact::LookedUp(_)
            | BagFact::Missing(_)
            | BagFact::Found(_)
            | BagFact::Relabelled(_)
            | BagFact::Posted(_)
            | BagFact::MailDelivered(_)
            | BagFact::Annulled(_)
            | BagFact::Remark(_) => {}
        }
    }
    report(&mut evidence.found, told, &reports);
    closed_and_waiting(&mut evidence);
    label(&mut evidence.found, told, label_known);
    let annulled = told.iter().find(|placed| matches!(placed.event.fact, BagFact::Annulled(_)));
    close(evidence.found, annulled.map(|placed| placed.key.at))
}

/// A bag that stands sealed at a site keeps its dossiers from their way.
fn closed_and_waiting(evidence: &mut Evidence<'_, BagFact>) {
    let is_sealed = |step: &Step| {
        let fact = step.fact.map(|fact| &evidence.told[fact].event.fact);
        matches!(fact, Some(BagFact::Sealed(_)))
    };
    let opens = |step: &Step| {
        let fact = step.fact.map(|fact| &evidence.told[fact].event.fact);
        matches!(fact, Some(BagFact::Opened(_) | BagFact::Checked(_)))
    };
    let mut waits = Vec::new();
    let mut sealed = false;
    for (index, step) in evidence.steps.iter().enumerate() {
        sealed = is_sealed(step) || (sealed && !opens(step));
        let arrives = step.began || is_sealed(step);
        if sealed && arrives && step.holder.site().is_some() {
            let next = evidence.steps[index + 1..].iter().find(|next| next.began || opens(next) || is_sealed(next));
            waits.push((index, next.map(|next| next.key.at)));
        }
    }
    for (index, until) in waits {
        evidence.held(index, until, evidence.limits.held);
    }
}

/// Reports by people: they last until the thing is read again; damage lasts until somebody resolves it.
fn report<F: Fact>(found: &mut Vec<Exception>, told: &[Placed<'_, F>], reports: &[(ExceptionKind, Placed<'_, F>)]) {
    for (kind, placed) in reports {
        let since = placed.key.at;
        let next = told.iter().find(|next| next.key > placed.key && next.event.fact.remark().is_none());
        let until = next.filter(|_| *kind != ExceptionKind::Damaged).map(|next| next.key.at);
        let (anchor, site) = (placed.event.scan, placed.event.source.at.clone());
        found.push(Exception { kind: *kind, anchor, site, since, due_from: since, until });
    }
}

fn label<F: Fact>(found: &mut Vec<Exception>, told: &[Placed<'_, F>], known: bool) {
    if let Some(first) = told.first().filter(|_| !known) {
        let (anchor, site, since) = (first.event.scan, first.event.source.at.clone(), first.key.at);
        found.push(Exception { kind: ExceptionKind::UnknownLabel, anchor, site, since, due_from: since, until: None });
    }
}

/// What was annulled troubles nobody any more.
fn close(mut found: Vec<Exception>, annulled: Option<Timestamp>) -> Vec<Exception> {
    if let Some(at) = annulled {
        for exception in &mut found {
            exception.until = exception.until.or(Some(at));
        }
    }
    found
}

/// What a step does, as far as the holder goes.
#[derive(PartialEq)]
enum Effect {
    Here,
    HandedOver,
    Carried,
    Left,
    InBag,
    Nothing,
}

fn effect(action: Action, reader: Reader) -> Effect {
    let courier = reader.is_courier();
    match action {
        Action::Received if courier => Effect::HandedOver,
        Action::Sighted | Action::Collected | Action::Found | Action::Damaged | Action::Unpacked if courier => Effect::Carried,
        Action::Collected => Effect::Carried,
        Action::Dispatched | Action::Returned | Action::Posted => Effect::Left,
        Action::Packed => Effect::InBag,
        Action::LookedUp | Action::Refused | Action::Missing | Action::MailDelivered | Action::ScanVoided => Effect::Nothing,
        Action::Received
        | Action::AtDepartment
        | Action::Unpacked
        | Action::Sealed
        | Action::Opened
        | Action::Checked
        | Action::Shelved
        | Action::Sighted
        | Action::Found
        | Action::Damaged => Effect::Here,
    }
}

fn differs<F: Moves>(evidence: &Evidence<'_, F>, index: usize, thing: Thing, plan: Option<&Plan<'_>>) -> bool {
    let step = &evidence.steps[index];
    let Some(fact) = step.fact else { return false };
    let source = &evidence.told[fact].event.source;
    let (networks, when) = (evidence.subject.networks, step.key.at);
    let known = Known { before: &evidence.told[..fact], last: index.checked_sub(1).map(|i| &evidence.steps[i]), networks, when };
    let situation = known.situation(thing, source, plan);
    let would = effect(row(&situation).action, situation.reader);
    let did = match step.cause {
        Cause::Read => Effect::Here,
        Cause::Claimed => Effect::HandedOver,
        Cause::Taken => Effect::Carried,
        Cause::Sent => Effect::Left,
        Cause::Packed => Effect::InBag,
        Cause::Ring | Cause::HandedOver | Cause::Archived | Cause::Lost | Cause::BagOpened | Cause::BagChecked => return false,
    };
    would != did && would != Effect::Nothing && step.began
}

/// A human answer, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Assigned(crate::event::Assigned),
    Explained(crate::event::Answered),
    Resolved(crate::event::Answered),
}

impl From<Answer> for Remark {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Assigned(assigned) => Self::Assigned(assigned),
            Answer::Explained(answered) => Self::Explained(answered),
            Answer::Resolved(answered) => Self::Resolved(answered),
        }
    }
}
