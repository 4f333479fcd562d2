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
use crate::shelf::{KEPT, Shelving, shelving};
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
    /// On the shelf for longer than it is kept for its applicant: to be called back, or asked about.
    Unfetched,
    /// Its label was not minted here.
    UnknownLabel,
    UnknownSite,
    /// Read by a label that had been replaced.
    OldLabel,
    /// A packing that would have put a bag into itself.
    BagRing,
    /// The rule table, knowing the whole history, would have moved it elsewhere than the device did.
    MeaningDiffers,
    /// Read by somebody who held no post at that time.
    NoPost,
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
    /// On the shelf, for the applicant to fetch.
    pub kept: Minutes,
}

impl Default for Limits {
    fn default() -> Self {
        Self { held: Minutes(5760), in_bag: Minutes(7200), post: Minutes(5760), leg_unknown: Minutes(2880), kept: KEPT }
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
                Remark::Voided(_)
                | Remark::Admitted(_)
                | Remark::Assigned(_)
                | Remark::Explained(_)
                | Remark::Resolved(_),
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
    let bound_for = plan.as_ref().map(|plan| subject.networks.resolve(plan.target()));
    let waits = shelving(told, steps).filter(|it| Some(&it.site) == bound_for);
    evidence.found.extend(waits.map(|it| unfetched(&it, limits.kept)));
    let of = |kind, is: fn(&DossierFact) -> bool| {
        told.iter().filter(move |placed| is(&placed.event.fact)).map(move |placed| (kind, *placed))
    };
    let damaged = of(ExceptionKind::Damaged, |fact| matches!(fact, DossierFact::Damaged(_)));
    let refused = of(ExceptionKind::Refused, |fact| matches!(fact, DossierFact::Refused(_)));
    let remarks: Vec<_> = damaged.chain(refused).collect();
    report(&mut evidence.found, told, &remarks);
    label(&mut evidence.found, told, label_known);
    let annulled = told.iter().find(|placed| matches!(placed.event.fact, DossierFact::Annulled(_)));
    close(evidence.found, annulled.map(|placed| placed.key.at))
}

/// What lies on the shelf until somebody comes for it.
fn unfetched(it: &Shelving, kept: Minutes) -> Exception {
    let (since, due_from, site) = (it.at, it.at.plus(kept.millis()), Some(it.site.clone()));
    Exception { kind: ExceptionKind::Unfetched, anchor: it.scan, site, since, due_from, until: None }
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
        Action::Sighted | Action::Collected | Action::Found | Action::Damaged | Action::Unpacked if courier => {
            Effect::Carried
        }
        Action::Collected => Effect::Carried,
        Action::Dispatched | Action::Returned | Action::Posted => Effect::Left,
        Action::Packed => Effect::InBag,
        Action::LookedUp | Action::Refused | Action::Missing | Action::MailDelivered | Action::ScanVoided => {
            Effect::Nothing
        }
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
    let known = Known {
        before: &evidence.told[..fact],
        last: index.checked_sub(1).map(|i| &evidence.steps[i]),
        networks,
        when,
    };
    let situation = known.situation(thing, source, plan);
    let would = effect(row(&situation).action, situation.reader);
    let did = match step.cause {
        Cause::Read => Effect::Here,
        Cause::Claimed => Effect::HandedOver,
        Cause::Taken => Effect::Carried,
        Cause::Sent => Effect::Left,
        Cause::Packed => Effect::InBag,
        Cause::Ring | Cause::HandedOver | Cause::Archived | Cause::Lost | Cause::BagOpened | Cause::BagChecked => {
            return false;
        }
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

#[cfg(test)]
mod tests {
    use super::ExceptionKind as Kind;
    use super::*;
    use crate::bag::{Opened, Sealed};
    use crate::custody::payload::{Annulled, InBag, Read, Refused, Sent};
    use crate::dossier::{DossierKind, Registered, Rerouted};
    use crate::event::{Answered, Assigned, Event, Flag};
    use crate::history::tests::{INNER, OUTER, bags, checked, into, opened, read, registration};
    use crate::history::tests::{at_desk, by_courier, by_site, history, minute, person, registered, scan, thing};
    use crate::network::Networks;
    use crate::network::tests::{county, site_id};
    use crate::scan::{ActionBy, Mode, RefusalReason};
    use crate::stay::Bags;
    use crate::tale::{Context, Tale, of_bag_history, of_dossier_history};

    fn tale(events: Vec<Event<DossierFact>>, bags: &Bags, label_known: bool) -> Tale {
        let (networks, limits) = (Networks::always(county()), Limits::default());
        let context = Context { networks: &networks, bags, limits: &limits, label_known };
        of_dossier_history(thing(1), &history(events), &context)
    }

    fn tale_of_bag(number: u128, events: Vec<Event<BagFact>>, bags: &Bags) -> Tale {
        let (networks, limits) = (Networks::always(county()), Limits::default());
        let context = Context { networks: &networks, bags, limits: &limits, label_known: true };
        of_bag_history(thing(number), &history(events), &context)
    }

    /// What was due by a minute, ended or not, with its anchor.
    fn due_by(tale: &Tale, when: i64) -> Vec<(Kind, ScanId)> {
        let due = tale.exceptions.iter().filter(|(it, _)| it.due_from <= minute(when));
        due.map(|(it, _)| (it.kind, it.anchor)).collect()
    }

    /// What stands open in a minute.
    fn open_at(tale: &Tale, when: i64) -> Vec<Kind> {
        let open = tale.exceptions.iter().filter(|(it, _)| it.due_from <= minute(when) && it.until.is_none());
        open.map(|(it, _)| it.kind).collect()
    }

    fn answers_to(tale: &Tale, kind: Kind) -> Answers {
        let found = tale.exceptions.iter().find(|(it, _)| it.kind == kind);
        found.map(|(_, answers)| answers.clone()).expect("such an exception")
    }

    /// What is due two hundred minutes after a dossier was registered at t1.
    fn found(events: impl IntoIterator<Item = Event<DossierFact>>) -> Vec<(Kind, ScanId)> {
        let events = [registered(0)].into_iter().chain(events).collect();
        due_by(&tale(events, &Bags::default(), true), 200)
    }

    fn found_of_bag(events: Vec<Event<BagFact>>) -> Vec<(Kind, ScanId)> {
        due_by(&tale_of_bag(INNER, events, &Bags::default()), 200)
    }

    fn sent(site: &str, when: i64) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Dispatched(Sent::default()))
    }

    fn received(site: &str, when: i64) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Received(Read::default()))
    }

    fn packed(when: i64) -> Event<DossierFact> {
        by_site("t1", when, DossierFact::Packed(into(INNER)))
    }

    fn resolved(kind: Kind, anchor: ScanId, when: i64) -> Event<DossierFact> {
        let answer = Answer::Resolved(Answered { kind, anchor, note: None });
        at_desk("hub", when, DossierFact::Remark(answer.into()))
    }

    #[test]
    fn a_dossier_that_goes_its_way_in_time_is_no_exception() {
        let way =
            [sent("t1", 10), by_courier("k1", Some("t1"), 20, DossierFact::Collected(read())), received("hub", 90)];
        assert_eq!(found(way), []);
    }

    #[test]
    fn a_dossier_read_off_its_way_is_not_expected_there() {
        assert_eq!(found([sent("t1", 10), received("t2", 190)]), [(Kind::NotExpectedHere, scan(190))]);
        assert_eq!(found([sent("t1", 10), received("d1", 190)]), [], "further on its way than its leg");
    }

    #[test]
    fn a_dossier_nobody_had_let_go_of_is_received_without_dispatch() {
        assert_eq!(found([received("hub", 90)]), [(Kind::ReceivedWithoutDispatch, scan(90))]);
    }

    #[test]
    fn a_dispatch_that_arrives_late_makes_the_receipt_without_dispatch_disappear() {
        assert_eq!(found([received("hub", 90), sent("t1", 10)]), []);
    }

    #[test]
    fn a_dossier_on_the_road_longer_than_its_leg_allows_is_late_from_then_on() {
        let on_the_road = tale(vec![registered(0), sent("t1", 10)], &Bags::default(), true);
        assert_eq!(open_at(&on_the_road, 249), []);
        assert_eq!(open_at(&on_the_road, 250), [Kind::InTransitTooLong]);
        let taken = by_courier("k1", Some("t1"), 20, DossierFact::Collected(read()));
        let handed = by_courier("k1", Some("hub"), 30, DossierFact::Received(read()));
        let arrived =
            tale(vec![registered(0), sent("t1", 10), taken, handed, received("hub", 400)], &Bags::default(), true);
        assert_eq!(
            due_by(&arrived, 401),
            [(Kind::InTransitTooLong, scan(10))],
            "a courier's word alone does not end the trip"
        );
        assert_eq!(open_at(&arrived, 401), []);
        let in_time = tale(vec![registered(0), sent("t1", 10), received("hub", 240)], &Bags::default(), true);
        assert_eq!(due_by(&in_time, 10_000), [(Kind::HeldTooLong, scan(240))]);
    }

    #[test]
    fn a_packed_dossier_not_read_by_the_end_of_the_count_is_missing_from_its_bag() {
        let counted = bags([(INNER, vec![by_site("hub", 90, opened()), by_site("hub", 95, checked())])]);
        let missing = tale(vec![registered(0), packed(10)], &counted, true);
        assert_eq!(
            (due_by(&missing, 200), open_at(&missing, 200)),
            (vec![(Kind::MissingFromBag, scan(95))], vec![Kind::MissingFromBag])
        );
        let late = tale(vec![registered(0), packed(10), received("hub", 93)], &counted, true);
        assert_eq!(due_by(&late, 200), [], "a reading in the count that arrived late");
        let turned_up = tale(vec![registered(0), packed(10), received("hub", 120)], &counted, true);
        assert_eq!(open_at(&turned_up, 200), [], "over once it turns up");
    }

    #[test]
    fn a_dossier_read_in_the_count_of_a_bag_it_was_not_packed_in_is_unexpected() {
        let mut counted = received("hub", 90);
        counted.source.mode = Some(Mode::Check);
        counted.source.bag = Some(thing(OUTER));
        assert_eq!(found([packed(10), counted.clone()]), [(Kind::UnexpectedInBag, scan(90))]);
        assert_eq!(found([sent("t1", 10), counted.clone()]), [(Kind::UnexpectedInBag, scan(90))]);
        counted.source.bag = Some(thing(INNER));
        assert_eq!(found([packed(10), counted.clone()]), []);
        let open = bags([(INNER, vec![by_site("hub", 80, opened())])]);
        assert_eq!(due_by(&tale(vec![registered(0), packed(10), counted], &open, true), 200), []);
    }

    #[test]
    fn a_broken_seal_is_reported_from_the_opening() {
        let open = |intact| by_site("hub", 90, BagFact::Opened(Opened { seal_no: None, intact }));
        assert_eq!(found_of_bag(vec![open(Some(false))]), [(Kind::SealBroken, scan(90))]);
        assert_eq!(found_of_bag(vec![open(Some(true))]), []);
        assert_eq!(found_of_bag(vec![open(None)]), []);
    }

    #[test]
    fn another_seal_than_was_put_on_is_a_mismatch() {
        let seal = |text: &str| Some(text.to_owned());
        let sealed = by_site("hub", 10, BagFact::Sealed(Sealed { seal_no: seal("A1"), to: None }));
        let open = |when, seal_no| by_site("hub", when, BagFact::Opened(Opened { seal_no, intact: None }));
        assert_eq!(found_of_bag(vec![sealed.clone(), open(90, seal("A2"))]), [(Kind::SealMismatch, scan(90))]);
        assert_eq!(found_of_bag(vec![sealed.clone(), open(90, seal("A1")), open(100, seal("B7"))]), []);
        assert_eq!(found_of_bag(vec![sealed, open(90, None)]), []);
    }

    #[test]
    fn a_dossier_given_away_where_it_is_not_has_two_holders() {
        assert_eq!(found([sent("hub", 90)]), [(Kind::TwoHoldersClaimed, scan(90))]);
        let taken = |courier, when| by_courier(courier, Some("t1"), when, DossierFact::Collected(read()));
        assert_eq!(found([sent("t1", 10), taken("k1", 20), taken("k2", 30)]), [(Kind::TwoHoldersClaimed, scan(30))]);
        let archived = at_desk("t1", 10, DossierFact::Archived(read()));
        assert_eq!(found([archived, received("t1", 90)]), [(Kind::TwoHoldersClaimed, scan(90))]);
    }

    #[test]
    fn damage_lasts_until_somebody_resolves_it() {
        let damaged = by_site("t1", 10, DossierFact::Damaged(read()));
        assert_eq!(found([damaged.clone()]), [(Kind::Damaged, scan(10))]);
        let events = vec![
            registered(0),
            damaged,
            by_site("t1", 20, DossierFact::Sighted(read())),
            resolved(Kind::Damaged, scan(10), 30),
        ];
        let tale = tale(events, &Bags::default(), true);
        assert_eq!(open_at(&tale, 40), [Kind::Damaged]);
        assert_eq!(answers_to(&tale, Kind::Damaged).resolved_at, Some(minute(30)));
        assert_eq!(found_of_bag(vec![by_site("t1", 10, BagFact::Damaged(read()))]), [(Kind::Damaged, scan(10))]);
    }

    #[test]
    fn a_refusal_lasts_until_it_is_read_again() {
        let refused = || Refused { reason: RefusalReason::WrongCount, left_with: None, note: None };
        let event = by_site("t1", 10, DossierFact::Refused(refused()));
        assert_eq!(found([event.clone()]), [(Kind::Refused, scan(10))]);
        let read_again = by_site("t1", 20, DossierFact::Sighted(read()));
        assert_eq!(open_at(&tale(vec![registered(0), event, read_again], &Bags::default(), true), 40), []);
        assert_eq!(found_of_bag(vec![by_site("t1", 10, BagFact::Refused(refused()))]), [(Kind::Refused, scan(10))]);
    }

    #[test]
    fn what_a_person_reports_missing_is_missing_until_it_is_found() {
        let missing = by_site("t1", 10, DossierFact::Missing(read()));
        assert_eq!(found([missing.clone()]), [(Kind::ReportedMissing, scan(10))]);
        let turned_up = by_site("t1", 20, DossierFact::Found(read()));
        assert_eq!(open_at(&tale(vec![registered(0), missing, turned_up], &Bags::default(), true), 40), []);
    }

    #[test]
    fn two_sites_sooner_than_the_legs_between_allow_is_too_fast() {
        assert_eq!(found([sent("t1", 10), received("hub", 59)]), [(Kind::TooFast, scan(59))]);
        assert_eq!(found([sent("t1", 10), received("hub", 60)]), []);
    }

    /// The kinds a flag on a sighting at t1, or elsewhere, leads to.
    fn flagged(flag: Flag) -> Vec<(Kind, ScanId)> {
        let mut odd = by_site("t1", 10, DossierFact::Sighted(read()));
        odd.source.flags = vec![flag];
        found([odd])
    }

    #[test]
    fn a_corrected_clock_is_said() {
        assert_eq!(flagged(Flag::ClockSkew), [(Kind::ClockSkew, scan(10))]);
    }

    #[test]
    fn an_impossible_time_is_said() {
        assert_eq!(flagged(Flag::ImpossibleTime), [(Kind::ImpossibleTime, scan(10))]);
        assert_eq!(flagged(Flag::NoPost), [(Kind::NoPost, scan(10))]);
    }

    #[test]
    fn a_dossier_with_somewhere_to_go_is_held_too_long_after_four_days() {
        let waiting = tale(vec![registered(0)], &Bags::default(), true);
        assert_eq!(open_at(&waiting, 5759), []);
        assert_eq!(open_at(&waiting, 5760), [Kind::HeldTooLong]);
        let arrived = tale(
            vec![registered(0), sent("t1", 10), received("hub", 90), sent("hub", 100), received("d1", 190)],
            &Bags::default(),
            true,
        );
        assert_eq!(open_at(&arrived, 100_000), [], "where it is bound for it may lie");
        let in_bag = tale(vec![registered(0), packed(10)], &bags([(INNER, vec![])]), true);
        assert_eq!((open_at(&in_bag, 7209), open_at(&in_bag, 7210)), (vec![], vec![Kind::HeldTooLong]));
    }

    #[test]
    fn a_result_nobody_fetches_is_told_after_thirty_days_until_it_is_called_back() {
        let result = Registered { kind: DossierKind::Result, destination: None, ..registration() };
        let registered = || at_desk("d1", 0, DossierFact::Registered(result.clone()));
        let on_the_way = || vec![registered(), sent("d1", 10), received("hub", 70), sent("hub", 80)];
        let shelved = |site: &str, when| by_site(site, when, DossierFact::Shelved(Default::default()));
        let told = |then: Vec<Event<DossierFact>>| {
            tale(on_the_way().into_iter().chain(then).collect(), &Bags::default(), true)
        };
        let waits = told(vec![shelved("t1", 170)]);
        let due = 170 + 30 * 24 * 60;
        assert_eq!((open_at(&waits, due - 1), open_at(&waits, due)), (vec![], vec![Kind::Unfetched]));
        let counted = told(vec![shelved("t1", 170), by_site("t1", 9_000, DossierFact::Sighted(read()))]);
        assert_eq!(open_at(&counted, due), [Kind::Unfetched], "a stock-take begins no new month");
        let rerouted = DossierFact::Rerouted(Rerouted { destination: site_id("d1"), note: None });
        let called_back = told(vec![shelved("t1", 170), at_desk("t1", due, rerouted)]);
        assert!(!open_at(&called_back, due).contains(&Kind::Unfetched));
        let in_hand = told(vec![shelved("t1", 170), received("t1", 180)]);
        assert_eq!(open_at(&in_hand, due), [], "who took it in hand may be handing it out");
    }

    #[test]
    fn a_sealed_bag_that_stands_at_a_site_is_held_too_long() {
        let sealed = by_site("t1", 10, BagFact::Sealed(Sealed::default()));
        let standing = tale_of_bag(INNER, vec![sealed.clone()], &Bags::default());
        assert_eq!((open_at(&standing, 5769), open_at(&standing, 5770)), (vec![], vec![Kind::HeldTooLong]));
        let opened = tale_of_bag(INNER, vec![sealed, by_site("t1", 20, opened())], &Bags::default());
        assert_eq!(open_at(&opened, 100_000), []);
    }

    #[test]
    fn a_label_not_minted_here_is_unknown_until_it_is() {
        let events = || vec![by_site("t1", 10, DossierFact::Sighted(read()))];
        assert_eq!(due_by(&tale(events(), &Bags::default(), false), 200), [(Kind::UnknownLabel, scan(10))]);
        assert_eq!(due_by(&tale(events(), &Bags::default(), true), 200), []);
    }

    #[test]
    fn a_site_not_in_the_registers_is_unknown_until_it_is() {
        let mut odd = by_site("P000000000001", 10, DossierFact::Sighted(read()));
        odd.source.flags = vec![Flag::UnknownSite];
        let only_it = |event| due_by(&tale(vec![event], &Bags::default(), true), 200);
        assert_eq!(only_it(odd.clone()), [(Kind::UnknownSite, scan(10))]);
        odd.source.at = Some(site_id("t1"));
        assert_eq!(only_it(odd), [], "known since");
    }

    #[test]
    fn a_read_by_a_replaced_label_is_said_until_the_new_one_is_read() {
        assert_eq!(flagged(Flag::OldLabel), [(Kind::OldLabel, scan(10))]);
        let mut old = by_site("t1", 10, DossierFact::Sighted(read()));
        old.source.flags = vec![Flag::OldLabel];
        let new = by_site("t1", 20, DossierFact::Sighted(read()));
        assert_eq!(open_at(&tale(vec![registered(0), old, new], &Bags::default(), true), 200), []);
    }

    #[test]
    fn flags_that_need_no_answer_make_no_exception() {
        for flag in [Flag::UnknownLabel, Flag::UnknownDevice, Flag::ReadByServer, Flag::Incomplete] {
            assert_eq!(flagged(flag), []);
        }
    }

    #[test]
    fn a_packing_that_would_put_a_bag_into_itself_is_said() {
        let outer = vec![by_site("hub", 30, BagFact::Packed(into(INNER)))];
        let around = bags([
            (INNER, vec![by_site("t1", 20, BagFact::Packed(InBag { bag: thing(OUTER) }))]),
            (OUTER, outer.clone()),
        ]);
        assert_eq!(due_by(&tale_of_bag(OUTER, outer, &around), 200), [(Kind::BagRing, scan(30))]);
    }

    #[test]
    fn what_the_table_would_have_read_otherwise_is_said_unless_a_person_chose_it() {
        let handed_over = |action_by| {
            let mut event = by_courier("k1", Some("hub"), 90, DossierFact::Received(read()));
            event.source.action_by = Some(action_by);
            event
        };
        let differs = (Kind::MeaningDiffers, scan(90));
        assert!(found([handed_over(ActionBy::Rule)]).contains(&differs), "he never had it");
        assert_eq!(found([handed_over(ActionBy::Person)]), []);
        let taken = by_courier("k1", Some("t1"), 20, DossierFact::Collected(read()));
        assert_eq!(found([handed_over(ActionBy::Rule), taken]), [], "his own earlier scan came late");
    }

    #[test]
    fn what_was_annulled_troubles_nobody_any_more() {
        let annulled = at_desk("t1", 120, DossierFact::Annulled(Annulled::default()));
        let ended = tale(vec![registered(0), received("hub", 90), annulled], &Bags::default(), true);
        assert_eq!(
            (due_by(&ended, 200), open_at(&ended, 100_000)),
            (vec![(Kind::ReceivedWithoutDispatch, scan(90))], vec![])
        );
    }

    #[test]
    fn answers_are_found_by_kind_and_anchor_and_outlive_what_they_answer() {
        let (kind, anchor) = (Kind::ReceivedWithoutDispatch, scan(90));
        let remark = |when, answer: Answer| at_desk("hub", when, DossierFact::Remark(answer.into()));
        let mut events = vec![
            registered(0),
            received("hub", 90),
            remark(100, Answer::Assigned(Assigned { kind, anchor, to: person("zhang") })),
            remark(110, Answer::Explained(Answered { kind, anchor, note: None })),
            resolved(kind, anchor, 120),
            resolved(kind, scan(7), 130),
            resolved(Kind::TooFast, anchor, 140),
        ];
        let known =
            Answers { owner: Some(person("zhang")), explained_at: Some(minute(110)), resolved_at: Some(minute(120)) };
        assert_eq!(answers_to(&tale(events.clone(), &Bags::default(), true), kind), known);
        events.push(sent("t1", 10));
        assert_eq!(due_by(&tale(events.clone(), &Bags::default(), true), 200), []);
        assert_eq!(answers(&history(events).told(), kind, anchor), known);
    }
}
