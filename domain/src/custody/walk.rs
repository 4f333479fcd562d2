//! The fold itself: facts in order of occurrence, interleaved with the openings of the bags the thing lay in.
use super::holder::{Evidence, Holder, Reading, Sides};
use super::movement::{Move, Moves};
use crate::history::{OrderKey, Placed};
use crate::id::{ScanId, SiteId, SubjectId};
use crate::network::Networks;
use crate::stay::Bags;

/// Why the holder is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Read,
    Claimed,
    Taken,
    Sent,
    Packed,
    /// A packing that would have put a bag into itself: a sighting.
    Ring,
    HandedOver,
    Archived,
    Lost,
    /// Its bag was opened, and it has not been read since.
    BagOpened,
    /// Its bag was opened and checked, and it was not read: missing.
    BagChecked,
}

/// One step of custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub key: OrderKey,
    /// The scan or request behind it.
    pub scan: ScanId,
    pub cause: Cause,
    pub holder: Holder,
    pub evidence: Evidence,
    /// Whether another holder began; else the same one was confirmed.
    pub began: bool,
    /// The last site known, up to and with this step.
    pub last_site: Option<SiteId>,
    /// Which of the told facts made it; `None` for what a bag did.
    pub fact: Option<usize>,
}

/// What the fold needs beside the facts.
pub struct Subject<'a> {
    pub id: SubjectId,
    /// Where it is bound for, after each of the told facts.
    pub targets: &'a [Option<SiteId>],
    pub networks: &'a Networks,
    pub bags: &'a Bags,
}

/// Every step of custody, in order of occurrence.
#[must_use]
pub fn walk<F: Moves>(told: &[Placed<'_, F>], subject: &Subject<'_>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(told.len());
    for (index, placed) in told.iter().enumerate() {
        let Some(movement) = placed.event.fact.movement(&placed.event.source) else { continue };
        leave_opened_bag(&mut steps, subject, Some(placed.key));
        let step = step(steps.last(), movement, index, placed, subject);
        steps.push(step);
    }
    leave_opened_bag(&mut steps, subject, None);
    steps
}

/// Custody by the thing's own stream alone: what a bag did since is not its own reading. For decisions, and for reading a
/// scan that came without an action.
#[must_use]
pub fn own_steps<F: Moves>(told: &[Placed<'_, F>]) -> Vec<Step> {
    let (networks, bags) = (Networks::default(), Bags::default());
    let nobody = SubjectId(uuid::Uuid::nil());
    walk(told, &Subject { id: nobody, targets: &[], networks: &networks, bags: &bags })
}

/// If the thing lies in a bag that was opened since, it is out; if the count was closed too, it is missing.
fn leave_opened_bag(steps: &mut Vec<Step>, subject: &Subject<'_>, until: Option<OrderKey>) {
    let Some(last) = steps.last() else { return };
    let Some(bag) = last.holder.bag() else { return };
    let opening = subject.bags.get(bag).and_then(|container| container.opened_within(last.key, until));
    let Some(opening) = opening else { return };
    let site = opening.at.as_ref().map(|site| subject.networks.resolve(site).clone());
    let last_site = site.or_else(|| last.last_site.clone());
    let evidence = Evidence { read: Reading::Inferred, sides: Sides::One, bag: Some(bag) };
    let unknown = Holder::Unknown { last_site: last_site.clone(), last_bag: Some(bag) };
    let out = |key, scan, cause, holder| Step {
        key,
        scan,
        cause,
        holder,
        evidence,
        began: true,
        last_site: last_site.clone(),
        fact: None,
    };
    let here = last_site.clone().map_or(unknown.clone(), |site| Holder::Site { site });
    steps.push(out(opening.key, opening.scan, Cause::BagOpened, here));
    if let Some((key, scan)) = opening.checked.filter(|(key, _)| until.is_none_or(|until| *key < until)) {
        steps.push(out(key, scan, Cause::BagChecked, unknown));
    }
}

fn step<F: Moves>(
    before: Option<&Step>,
    movement: Move<'_>,
    index: usize,
    placed: &Placed<'_, F>,
    subject: &Subject<'_>,
) -> Step {
    let known = |site: &SiteId| subject.networks.resolve(site).clone();
    let here = placed.event.source.at.as_ref().map(known);
    let before_site = before.and_then(|step| step.last_site.clone());
    let way = |from: Option<&SiteId>, to: Option<&SiteId>| {
        let target = subject.targets.get(index).and_then(Option::as_ref);
        let planned = || subject.networks.at(placed.key.at).next_hop(from?, target?).cloned();
        to.map(known).or_else(planned)
    };
    let (cause, holder) = match movement {
        Move::Read(site) => (Cause::Read, Holder::Site { site: known(site) }),
        Move::Claimed(site) => (Cause::Claimed, Holder::Site { site: known(site) }),
        Move::Taken { courier, from } => (Cause::Taken, taken(before, courier, from.map(known), way)),
        Move::Sent { from, to, post } => {
            let from = from.map(known).or(before_site.clone());
            let to = way(from.as_ref(), to);
            let tracking_no = post.flatten().map(ToOwned::to_owned);
            let holder = if post.is_some() { Holder::Post { from, to, tracking_no } } else { Holder::Leg { from, to } };
            (Cause::Sent, holder)
        }
        Move::Into(bag) if subject.bags.closes_ring(subject.id, bag, placed.key) => {
            let unknown = Holder::Unknown { last_site: before_site.clone(), last_bag: None };
            (Cause::Ring, here.clone().map_or(unknown, |site| Holder::Site { site }))
        }
        Move::Into(bag) => (Cause::Packed, Holder::Bag { bag }),
        Move::Applicant => (Cause::HandedOver, Holder::Applicant),
        Move::Archive => (Cause::Archived, Holder::Archive),
        Move::Lost => {
            let last_bag = before.and_then(|step| step.holder.bag());
            (Cause::Lost, Holder::Unknown { last_site: before_site.clone(), last_bag })
        }
    };
    let began = before.is_none_or(|step| step.holder != holder);
    let sides = sides(before, cause, &holder);
    let last_site = here.or_else(|| holder.site().cloned()).or(before_site);
    let evidence = Evidence { read: Reading::Seen, sides, bag: None };
    Step { key: placed.key, scan: placed.event.scan, cause, holder, evidence, began, last_site, fact: Some(index) }
}

/// A courier took it, from where he stands or from where it was; one who had it already is on the same leg.
fn taken(
    before: Option<&Step>,
    courier: &crate::id::PersonId,
    stop: Option<SiteId>,
    way: impl Fn(Option<&SiteId>, Option<&SiteId>) -> Option<SiteId>,
) -> Holder {
    if let Some(Holder::Courier { courier: same, from, to }) = before.map(|step| &step.holder)
        && same == courier
    {
        return Holder::Courier { courier: courier.clone(), from: from.clone(), to: to.clone() };
    }
    let sent = before.and_then(|step| step.holder.leg()).and_then(|(_, to)| to.cloned());
    let from = stop.or_else(|| before.and_then(|step| step.last_site.clone()));
    let to = way(from.as_ref(), sent.as_ref());
    Holder::Courier { courier: courier.clone(), from, to }
}

/// Whether giver and taker are both on record for this holder.
fn sides(before: Option<&Step>, cause: Cause, holder: &Holder) -> Sides {
    let Some(before) = before else { return Sides::One };
    match cause {
        Cause::Read if before.holder == *holder && before.cause == Cause::Claimed => Sides::Both,
        Cause::Read | Cause::Claimed if before.holder == *holder => before.evidence.sides,
        Cause::Read | Cause::Taken if before.cause == Cause::Sent => Sides::Both,
        Cause::Taken if before.holder == *holder => before.evidence.sides,
        Cause::HandedOver => Sides::Both,
        Cause::Read
        | Cause::Claimed
        | Cause::Taken
        | Cause::Sent
        | Cause::Packed
        | Cause::Ring
        | Cause::Archived
        | Cause::Lost
        | Cause::BagOpened
        | Cause::BagChecked => Sides::One,
    }
}
