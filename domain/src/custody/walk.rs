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
    let site = opening.site.as_ref().map(|site| subject.networks.resolve(site).clone());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bag::{BagFact, Sealed};
    use crate::custody::Custody;
    use crate::custody::payload::{LookedUp, LookedUpBecause, Posted, Refused, Sent};
    use crate::dossier::{Checked, DossierFact, HandedOut, Plan, Receiver};
    use crate::event::{Admitted, Event, Fact, Remark, Voided};
    use crate::history::History;
    use crate::history::tests::{INNER, OUTER, bags, checked, into, opened, read};
    use crate::history::tests::{at_desk, by_courier, by_site, history, minute, person, registered, scan, thing};
    use crate::network::tests::{county, site_id};
    use crate::scan::{Carrier, RefusalReason};

    const DOSSIER: u128 = 1;

    fn at(site: &str) -> Holder {
        Holder::Site { site: site_id(site) }
    }

    fn with(courier: &str, from: Option<&str>, to: Option<&str>) -> Holder {
        Holder::Courier { courier: person(courier), from: from.map(site_id), to: to.map(site_id) }
    }

    fn leg(from: &str, to: Option<&str>) -> Holder {
        Holder::Leg { from: Some(site_id(from)), to: to.map(site_id) }
    }

    fn lost(site: &str, bag: Option<u128>) -> Holder {
        Holder::Unknown { last_site: Some(site_id(site)), last_bag: bag.map(thing) }
    }

    fn no_bags() -> Bags {
        Bags::default()
    }

    /// The steps of dossier 1.
    fn way(events: impl IntoIterator<Item = Event<DossierFact>>, bags: &Bags) -> Vec<Step> {
        let (history, networks) = (history(events), Networks::always(county()));
        let told = history.told();
        let targets = Plan::targets(&told, &networks);
        walk(&told, &Subject { id: thing(DOSSIER), targets: &targets, networks: &networks, bags })
    }

    fn way_of_bag(number: u128, events: impl IntoIterator<Item = Event<BagFact>>, bags: &Bags) -> Vec<Step> {
        let (history, networks) = (history(events), Networks::always(county()));
        let told = history.told();
        let targets = crate::bag::targets(&told);
        walk(&told, &Subject { id: thing(number), targets: &targets, networks: &networks, bags })
    }

    fn holders(steps: &[Step]) -> Vec<Holder> {
        steps.iter().map(|step| step.holder.clone()).collect()
    }

    fn causes(steps: &[Step]) -> Vec<Cause> {
        steps.iter().map(|step| step.cause).collect()
    }

    /// The one fact of a dossier registered at t1, ten minutes later: who has it then.
    fn after(event: Event<DossierFact>) -> Holder {
        Custody::after(&way([registered(0), event], &no_bags())).holder
    }

    #[test]
    fn what_was_never_read_is_nowhere() {
        assert_eq!(Custody::after(&way([], &no_bags())), Custody::nowhere());
    }

    #[test]
    fn a_site_that_reads_it_has_it() {
        let facts = [
            DossierFact::Received(read()),
            DossierFact::AtDepartment(read()),
            DossierFact::Sighted(read()),
            DossierFact::Shelved(Default::default()),
            DossierFact::Unpacked(into(INNER)),
            DossierFact::Found(read()),
            DossierFact::Damaged(read()),
        ];
        for fact in facts {
            assert_eq!(after(by_site("hub", 10, fact.clone())), at("hub"), "{}", fact.name());
        }
    }

    #[test]
    fn a_courier_who_reads_it_has_it() {
        for fact in [DossierFact::Collected(read()), DossierFact::Sighted(read()), DossierFact::Found(read())] {
            let holder = after(by_courier("k1", Some("t1"), 10, fact));
            assert_eq!(holder, with("k1", Some("t1"), Some("hub")));
        }
    }

    #[test]
    fn a_courier_on_the_road_keeps_the_leg_he_took_it_on() {
        let steps = way(
            [
                registered(0),
                by_courier("k1", Some("t1"), 10, DossierFact::Collected(read())),
                by_courier("k1", Some("s1"), 20, DossierFact::Sighted(read())),
            ],
            &no_bags(),
        );
        assert_eq!(steps[2].holder, with("k1", Some("t1"), Some("hub")));
        assert!(!steps[2].began);
    }

    #[test]
    fn a_courier_without_a_stop_takes_it_from_where_it_was() {
        assert_eq!(
            after(by_courier("k1", None, 10, DossierFact::Collected(read()))),
            with("k1", Some("t1"), Some("hub"))
        );
    }

    #[test]
    fn a_couriers_hand_over_is_one_sided_until_the_site_reads_it() {
        let claim = [
            registered(0),
            by_courier("k1", Some("t1"), 10, DossierFact::Collected(read())),
            by_courier("k1", Some("hub"), 80, DossierFact::Received(read())),
        ];
        let claimed = way(claim.clone(), &no_bags());
        assert_eq!(
            (&claimed[2].holder, claimed[2].cause, claimed[2].evidence.sides),
            (&at("hub"), Cause::Claimed, Sides::One)
        );
        let read_too = way(claim.into_iter().chain([by_site("hub", 90, DossierFact::Received(read()))]), &no_bags());
        assert_eq!((read_too[3].cause, read_too[3].evidence.sides), (Cause::Read, Sides::Both));
        let custody = Custody::after(&read_too);
        assert_eq!(
            (custody.since, custody.read_at, custody.anchor),
            (Some(minute(80)), Some(minute(90)), Some(scan(80)))
        );
    }

    #[test]
    fn what_left_a_site_is_on_the_leg_that_was_named_or_planned() {
        let sent = |to: Option<&str>| Sent { to: to.map(site_id), carrier: None };
        assert_eq!(after(by_site("t1", 10, DossierFact::Dispatched(sent(None)))), leg("t1", Some("hub")));
        assert_eq!(after(by_site("t1", 10, DossierFact::Dispatched(sent(Some("s1"))))), leg("t1", Some("s1")));
        assert_eq!(after(by_site("d1", 10, DossierFact::Returned(sent(None)))), leg("d1", Some("hub")));
        let unplanned = way([by_site("t1", 10, DossierFact::Dispatched(sent(None)))], &no_bags());
        assert_eq!(holders(&unplanned), [leg("t1", None)]);
    }

    #[test]
    fn a_way_planned_later_counts_for_what_left_before() {
        let sent = by_site("t1", 10, DossierFact::Dispatched(Sent::default()));
        let mut late = registered(20);
        late.source.at = None;
        assert_eq!(holders(&way([sent, late], &no_bags())), [leg("t1", Some("hub"))]);
    }

    #[test]
    fn giver_and_taker_on_record_are_both_sides() {
        let sent = by_site("t1", 10, DossierFact::Dispatched(Sent::default()));
        let taken = way(
            [registered(0), sent.clone(), by_courier("k1", Some("t1"), 20, DossierFact::Collected(read()))],
            &no_bags(),
        );
        assert_eq!((taken[1].evidence.sides, taken[2].evidence.sides), (Sides::One, Sides::Both));
        assert_eq!(taken[2].holder, with("k1", Some("t1"), Some("hub")));
        let arrived = way([registered(0), sent, by_site("hub", 90, DossierFact::Received(read()))], &no_bags());
        assert_eq!(arrived[2].evidence.sides, Sides::Both);
        let unsent = way([registered(0), by_site("hub", 90, DossierFact::Received(read()))], &no_bags());
        assert_eq!(unsent[1].evidence.sides, Sides::One);
    }

    #[test]
    fn what_was_posted_is_with_the_post_under_its_number() {
        let post = |tracking_no: Option<&str>| Holder::Post {
            from: Some(site_id("t1")),
            to: Some(site_id("hub")),
            tracking_no: tracking_no.map(ToOwned::to_owned),
        };
        let carrier = Some(Carrier::Post { tracking_no: "EA1".to_owned() });
        assert_eq!(after(by_site("t1", 10, DossierFact::Dispatched(Sent { to: None, carrier }))), post(Some("EA1")));
        let posted = |tracking_no: Option<&str>| Posted { to: None, tracking_no: tracking_no.map(ToOwned::to_owned) };
        assert_eq!(after(by_site("t1", 10, DossierFact::Posted(posted(Some("EA2"))))), post(Some("EA2")));
        assert_eq!(after(by_site("t1", 10, DossierFact::Posted(posted(None)))), post(None));
        assert_eq!(after(by_site("t1", 10, DossierFact::MailDelivered(read()))), Holder::Applicant);
    }

    #[test]
    fn what_was_handed_out_or_archived_has_left_the_circulation() {
        let handed = HandedOut { receiver: Receiver::Applicant, checked: Checked::ReceiptSlip };
        let steps = way([registered(0), at_desk("t1", 10, DossierFact::HandedOut(handed))], &no_bags());
        assert_eq!((&steps[1].holder, steps[1].evidence.sides), (&Holder::Applicant, Sides::Both));
        assert_eq!(after(at_desk("t1", 10, DossierFact::Archived(read()))), Holder::Archive);
    }

    #[test]
    fn what_is_reported_missing_is_unknown_from_where_it_was_last_known() {
        assert_eq!(after(by_site("hub", 10, DossierFact::Missing(read()))), lost("t1", None));
        let packed = by_site("t1", 10, DossierFact::Packed(into(INNER)));
        let steps = way([registered(0), packed, by_site("hub", 20, DossierFact::Missing(read()))], &no_bags());
        assert_eq!(steps[2].holder, lost("t1", Some(INNER)));
    }

    #[test]
    fn what_is_refused_stays_with_the_courier_it_was_left_with() {
        let refused = |left_with| Refused { reason: RefusalReason::Torn, left_with, note: None };
        let left = after(by_site("hub", 10, DossierFact::Refused(refused(Some(person("k1"))))));
        assert_eq!(left, with("k1", Some("t1"), Some("hub")), "he is where he was before it was refused: on his way");
        assert_eq!(after(by_site("hub", 10, DossierFact::Refused(refused(None)))), at("t1"));
    }

    #[test]
    fn looking_up_and_deciding_move_nothing() {
        let looked = LookedUp { because: LookedUpBecause::Mode, signature: None };
        let steps = way(
            [
                registered(0),
                by_site("hub", 10, DossierFact::LookedUp(looked)),
                at_desk("hub", 20, DossierFact::Recalled(Default::default())),
                at_desk("hub", 30, DossierFact::Annulled(Default::default())),
                at_desk("hub", 40, DossierFact::Remark(Remark::Admitted(Admitted { scan: scan(99) }))),
            ],
            &no_bags(),
        );
        assert_eq!(holders(&steps), [at("t1")]);
    }

    fn packed_at_ten() -> [Event<DossierFact>; 2] {
        [registered(0), by_site("t1", 10, DossierFact::Packed(into(INNER)))]
    }

    #[test]
    fn a_stay_in_a_bag_ends_at_the_dossiers_own_next_reading() {
        let bags = bags([(INNER, vec![by_site("d1", 200, opened()), by_site("d1", 210, checked())])]);
        let steps = way(packed_at_ten().into_iter().chain([by_site("hub", 90, DossierFact::Received(read()))]), &bags);
        assert_eq!(holders(&steps), [at("t1"), Holder::Bag { bag: thing(INNER) }, at("hub")]);
    }

    #[test]
    fn a_stay_in_a_bag_ends_at_the_bags_first_opening_after_the_packing() {
        let before = by_site("t1", 5, opened());
        let bags = bags([(INNER, vec![before, by_site("hub", 90, opened()), by_site("d1", 200, opened())])]);
        let steps = way(packed_at_ten(), &bags);
        assert_eq!(causes(&steps), [Cause::Read, Cause::Packed, Cause::BagOpened]);
        let out = &steps[2];
        assert_eq!((&out.holder, out.key.at, out.fact), (&at("hub"), minute(90), None));
        assert_eq!(out.evidence, Evidence { read: Reading::Inferred, sides: Sides::One, bag: Some(thing(INNER)) });
    }

    #[test]
    fn what_is_not_read_by_the_end_of_the_count_is_unknown_and_last_in_its_bag() {
        let bags = bags([(INNER, vec![by_site("hub", 90, opened()), by_site("hub", 95, checked())])]);
        let missing = way(packed_at_ten(), &bags);
        assert_eq!(causes(&missing)[2..], [Cause::BagOpened, Cause::BagChecked]);
        assert_eq!(missing[3].holder, lost("hub", Some(INNER)));
        let read = way(packed_at_ten().into_iter().chain([by_site("hub", 92, DossierFact::Received(read()))]), &bags);
        assert_eq!(causes(&read)[2..], [Cause::BagOpened, Cause::Read]);
    }

    #[test]
    fn what_turns_up_after_the_count_is_where_it_turned_up() {
        let bags = bags([(INNER, vec![by_site("hub", 90, opened()), by_site("hub", 95, checked())])]);
        let steps = way(packed_at_ten().into_iter().chain([by_site("t1", 300, DossierFact::Found(read()))]), &bags);
        assert_eq!(holders(&steps)[3..], [lost("hub", Some(INNER)), at("t1")]);
    }

    #[test]
    fn a_count_without_a_scanned_opening_opens_the_bag_too() {
        let bags = bags([(INNER, vec![by_site("hub", 95, checked())])]);
        assert_eq!(causes(&way(packed_at_ten(), &bags))[2..], [Cause::BagOpened, Cause::BagChecked]);
    }

    #[test]
    fn a_bag_used_again_mixes_no_trips() {
        let trips = vec![
            by_site("hub", 90, opened()),
            by_site("hub", 95, checked()),
            by_site("hub", 110, BagFact::Sealed(Sealed::default())),
            by_site("d1", 200, opened()),
        ];
        let bags = bags([(INNER, trips)]);
        let first = way(packed_at_ten(), &bags);
        let second = way([by_site("hub", 100, DossierFact::Packed(into(INNER)))], &bags);
        assert_eq!(holders(&first)[2..], [at("hub"), lost("hub", Some(INNER))]);
        assert_eq!(holders(&second), [Holder::Bag { bag: thing(INNER) }, at("d1")]);
        let again = packed_at_ten().into_iter().chain([by_site("hub", 100, DossierFact::Packed(into(INNER)))]);
        let causes = causes(&way(again, &bags));
        assert_eq!(causes[1..], [Cause::Packed, Cause::BagOpened, Cause::BagChecked, Cause::Packed, Cause::BagOpened]);
    }

    #[test]
    fn opening_the_outer_bag_leaves_the_dossier_in_the_inner_one() {
        let inner = vec![by_site("t1", 20, BagFact::Packed(into(OUTER)))];
        let closed = bags([(INNER, inner.clone()), (OUTER, vec![by_site("t1", 15, BagFact::Sighted(read()))])]);
        assert_eq!(closed.outermost(thing(INNER)), thing(OUTER));
        let opened = bags([(INNER, inner.clone()), (OUTER, vec![by_site("hub", 90, opened())])]);
        assert_eq!(opened.outermost(thing(INNER)), thing(INNER));
        assert_eq!(holders(&way(packed_at_ten(), &opened))[1..], [Holder::Bag { bag: thing(INNER) }]);
        let steps = way_of_bag(INNER, inner, &opened);
        assert_eq!(holders(&steps), [Holder::Bag { bag: thing(OUTER) }, at("hub")]);
    }

    #[test]
    fn a_packing_that_would_close_a_ring_is_a_sighting() {
        let inner = vec![by_site("t1", 20, BagFact::Packed(into(OUTER)))];
        let outer = vec![by_site("hub", 30, BagFact::Packed(into(INNER)))];
        let bags = bags([(INNER, inner), (OUTER, outer.clone())]);
        let steps = way_of_bag(OUTER, outer, &bags);
        assert_eq!((steps[0].cause, &steps[0].holder), (Cause::Ring, &at("hub")));
        let own = way_of_bag(INNER, [by_site("t1", 10, BagFact::Packed(into(INNER)))], &no_bags());
        assert_eq!((own[0].cause, &own[0].holder), (Cause::Ring, &at("t1")));
    }

    #[test]
    fn a_bag_is_moved_by_its_readings_and_by_nothing_else() {
        let moved = |event: Event<BagFact>| Custody::after(&way_of_bag(INNER, [event], &no_bags())).holder;
        for fact in
            [BagFact::Sealed(Sealed::default()), opened(), checked(), BagFact::Received(read()), BagFact::Found(read())]
        {
            assert_eq!(moved(by_site("hub", 10, fact.clone())), at("hub"), "{}", fact.name());
        }
        assert_eq!(moved(by_courier("k1", Some("t1"), 10, BagFact::Collected(read()))), with("k1", Some("t1"), None));
        assert_eq!(moved(by_site("t1", 10, BagFact::Dispatched(Sent::default()))), leg("t1", None));
        assert_eq!(moved(by_site("t1", 10, BagFact::MailDelivered(read()))), Custody::nowhere().holder);
        let sealed = by_site("t1", 10, BagFact::Sealed(Sealed { seal_no: None, to: Some(site_id("d1")) }));
        let steps = way_of_bag(INNER, [sealed, by_site("t1", 20, BagFact::Dispatched(Sent::default()))], &no_bags());
        assert_eq!(steps[1].holder, leg("t1", Some("hub")));
    }

    #[test]
    fn a_quarantined_scan_moves_nothing_until_it_is_admitted() {
        let mut aside = by_courier("k1", Some("t1"), 10, DossierFact::Collected(read()));
        aside.source.quarantined = true;
        assert_eq!(after(aside.clone()), at("t1"));
        let admit = at_desk("hub", 20, DossierFact::Remark(Remark::Admitted(Admitted { scan: scan(10) })));
        let steps = way([registered(0), aside, admit], &no_bags());
        assert_eq!(holders(&steps)[1..], [with("k1", Some("t1"), Some("hub"))]);
    }

    #[test]
    fn a_voided_scan_moves_nothing() {
        let void = |courier| {
            let remark = Remark::Voided(Voided { scan: scan(10), by_decision: false });
            [
                registered(0),
                by_courier("k1", Some("t1"), 10, DossierFact::Collected(read())),
                by_courier(courier, None, 20, DossierFact::Remark(remark)),
            ]
        };
        assert_eq!(holders(&way(void("k1"), &no_bags())), [at("t1")]);
        assert_eq!(way(void("k2"), &no_bags()).len(), 2);
    }

    #[test]
    fn by_its_own_stream_alone_it_is_in_the_bag_until_it_is_read() {
        let history: History<DossierFact> = history(packed_at_ten());
        assert_eq!(Custody::after(&own_steps(&history.told())).holder, Holder::Bag { bag: thing(INNER) });
    }
}
