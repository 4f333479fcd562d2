//! The rules that make exceptions: each a small function over the steps of custody. All are pure functions of the whole
//! history, so a late scan can make one disappear.
use super::{Exception, ExceptionKind, Limits};
use crate::custody::{Cause, Holder, Moves, Sides, Step, Subject};
use crate::event::{Flag, Role};
use crate::history::Placed;
use crate::id::SiteId;
use crate::scan::Mode;
use crate::time::{Minutes, Timestamp};

/// What the rules look at.
pub(super) struct Evidence<'a, F> {
    pub told: &'a [Placed<'a, F>],
    pub steps: &'a [Step],
    pub subject: &'a Subject<'a>,
    pub limits: &'a Limits,
    pub found: Vec<Exception>,
}

impl<'a, F: Moves> Evidence<'a, F> {
    /// Rules that hold for dossiers and bags alike.
    pub fn examine(&mut self) {
        for index in 0..self.steps.len() {
            self.arrival(index);
            self.absence(index);
            self.giver(index);
            self.haste(index);
        }
        self.trips();
        self.flags();
    }

    /// Adds an exception about a step; it ends when the thing moves on.
    pub fn about(&mut self, kind: ExceptionKind, index: usize) {
        let step = &self.steps[index];
        let until = self.moved_on(index);
        let (anchor, site, since) = (step.scan, step.last_site.clone(), step.key.at);
        self.found.push(Exception { kind, anchor, site, since, due_from: since, until });
    }

    /// When the thing next got another holder.
    fn moved_on(&self, index: usize) -> Option<Timestamp> {
        self.steps[index + 1..].iter().find(|step| step.began).map(|step| step.key.at)
    }

    fn before(&self, index: usize) -> Option<&'a Step> {
        let steps: &'a [Step] = self.steps;
        index.checked_sub(1).map(|before| &steps[before])
    }

    /// Where it was bound for just before a step.
    fn target_before(&self, index: usize) -> Option<&SiteId> {
        let fact = self.steps[index].fact?.checked_sub(1)?;
        self.subject.targets.get(fact)?.as_ref()
    }

    /// Read at a site: expected there, let go of elsewhere, in the bag it should be in?
    fn arrival(&mut self, index: usize) {
        let step = &self.steps[index];
        let (Some(site), Some(before)) = (step.holder.site(), self.before(index)) else { return };
        if !matches!(step.cause, Cause::Read | Cause::Claimed) || !step.began {
            return;
        }
        let fact = step.fact.map(|fact| &self.told[fact].event);
        let reading = fact.is_some_and(|event| event.source.role != Role::Desk);
        if reading && before.last_site.as_ref() != Some(site) && !self.is_expected(index, site, before) {
            self.about(ExceptionKind::NotExpectedHere, index);
        }
        let elsewhere = before.holder.site().is_some_and(|held| held != site);
        if reading && elsewhere && step.cause == Cause::Read {
            self.about(ExceptionKind::ReceivedWithoutDispatch, index);
        }
        let Some(event) = fact else { return };
        let checking = event.source.mode == Some(Mode::Check) && !matches!(before.holder, Holder::Site { .. });
        let opened = before.cause == Cause::BagOpened || before.cause == Cause::BagChecked;
        let stranger = |bag| before.holder.bag() != Some(bag) && !(opened && before.evidence.bag == Some(bag));
        if checking && event.source.bag.is_some_and(stranger) {
            self.about(ExceptionKind::UnexpectedInBag, index);
        }
    }

    /// On its leg, or on the way from where it was last known to where it is bound.
    fn is_expected(&self, index: usize, site: &SiteId, before: &Step) -> bool {
        let sent_to = before.holder.leg().and_then(|(_, to)| to);
        if sent_to == Some(site) {
            return true;
        }
        match (&before.last_site, self.target_before(index)) {
            (Some(from), Some(target)) => {
                let network = self.subject.networks.at(self.steps[index].key.at);
                site == target || network.path(from, target).contains(&site)
            }
            // Nobody said where it goes: only a leg that says otherwise makes this place wrong.
            _ => sent_to.is_none(),
        }
    }

    fn absence(&mut self, index: usize) {
        match self.steps[index].cause {
            Cause::BagChecked => self.about(ExceptionKind::MissingFromBag, index),
            Cause::Lost => self.about(ExceptionKind::ReportedMissing, index),
            Cause::Ring => self.about(ExceptionKind::BagRing, index),
            Cause::Read
            | Cause::Claimed
            | Cause::Taken
            | Cause::Sent
            | Cause::Packed
            | Cause::HandedOver
            | Cause::Archived
            | Cause::BagOpened => {}
        }
    }

    /// Given away where it was not, or read after it had left the county's hands.
    fn giver(&mut self, index: usize) {
        let step = &self.steps[index];
        let Some(before) = self.before(index) else { return };
        let gives = matches!(step.cause, Cause::Sent | Cause::Packed | Cause::Taken) && step.began;
        let event = step.fact.map(|fact| &self.told[fact].event);
        let here = event.and_then(|event| event.source.at.as_ref()).map(|at| self.subject.networks.resolve(at));
        let elsewhere = match &before.holder {
            Holder::Site { site } => gives && here.is_some_and(|here| here != site),
            Holder::Courier { .. } if step.cause == Cause::Taken => gives && before.evidence.sides == Sides::Both,
            Holder::Applicant | Holder::Archive => step.began,
            Holder::Courier { .. }
            | Holder::Leg { .. }
            | Holder::Post { .. }
            | Holder::Bag { .. }
            | Holder::Unknown { .. } => false,
        };
        if elsewhere {
            self.about(ExceptionKind::TwoHoldersClaimed, index);
        }
    }

    /// Read by two sites sooner than the legs between allow.
    fn haste(&mut self, index: usize) {
        let step = &self.steps[index];
        let Some(site) = step.holder.site().filter(|_| step.cause == Cause::Read) else { return };
        let last_read =
            self.steps[..index].iter().rfind(|earlier| earlier.cause == Cause::Read && earlier.holder.site().is_some());
        let Some((from, earlier)) = last_read.and_then(|earlier| Some((earlier.holder.site()?, earlier))) else {
            return;
        };
        let network = self.subject.networks.at(step.key.at);
        let least = network.least_minutes(from, site).unwrap_or(Minutes(0));
        if from != site && step.key.at.since(earlier.key.at) < least.millis() {
            self.about(ExceptionKind::TooFast, index);
        }
    }

    /// Each time on the road, from leaving a site until a site itself reads it.
    fn trips(&mut self) {
        let mut left: Option<usize> = None;
        for index in 0..self.steps.len() {
            let step = &self.steps[index];
            if step.holder.leg().is_some() {
                left = left.or(Some(index));
            } else if step.cause != Cause::Claimed
                && let Some(began) = left.take()
            {
                self.trip(began, Some(step.key.at));
            }
        }
        if let Some(began) = left {
            self.trip(began, None);
        }
    }

    fn trip(&mut self, began: usize, until: Option<Timestamp>) {
        let step = &self.steps[began];
        let network = self.subject.networks.at(step.key.at);
        let leg = step.holder.leg().and_then(|(from, to)| network.leg(from?, to?));
        let most = match (&step.holder, leg) {
            (Holder::Post { .. }, _) => self.limits.post,
            (_, Some(leg)) => leg.most,
            (_, None) => self.limits.leg_unknown,
        };
        let due_from = step.key.at.plus(most.millis());
        let (anchor, site, since) = (step.scan, step.last_site.clone(), step.key.at);
        if until.is_none_or(|until| until > due_from) {
            let kind = ExceptionKind::InTransitTooLong;
            self.found.push(Exception { kind, anchor, site, since, due_from, until });
        }
    }

    /// Held from step `began` until `until`, with somewhere to go, for longer than the limit.
    pub fn held(&mut self, began: usize, until: Option<Timestamp>, most: Minutes) {
        let step = &self.steps[began];
        let due_from = step.key.at.plus(most.millis());
        if until.is_none_or(|until| until > due_from) {
            let (anchor, site, since) = (step.scan, step.last_site.clone(), step.key.at);
            self.found.push(Exception { kind: ExceptionKind::HeldTooLong, anchor, site, since, due_from, until });
        }
    }

    /// What was odd about a scan when it arrived; over as soon as the thing is read again without.
    fn flags(&mut self) {
        for (index, placed) in self.told.iter().enumerate() {
            for flag in &placed.event.source.flags {
                let kind = match flag {
                    Flag::ImpossibleTime => ExceptionKind::ImpossibleTime,
                    Flag::ClockSkew => ExceptionKind::ClockSkew,
                    Flag::OldLabel => ExceptionKind::OldLabel,
                    Flag::UnknownSite => ExceptionKind::UnknownSite,
                    Flag::NoPost => ExceptionKind::NoPost,
                    // Known or not is asked anew at each fold, by the registers; the others need no answer.
                    // What another device brought lies outside the fold until it is admitted.
                    Flag::UnknownLabel
                    | Flag::UnknownDevice
                    | Flag::ReadByServer
                    | Flag::Incomplete
                    | Flag::OtherDevice => continue,
                };
                let at = placed.event.source.at.as_ref();
                let known = at
                    .is_some_and(|at| self.subject.networks.latest().site(self.subject.networks.resolve(at)).is_some());
                if kind == ExceptionKind::UnknownSite && known {
                    continue;
                }
                let (anchor, since) = (placed.event.scan, placed.key.at);
                let until = self.told.get(index + 1).map(|next| next.key.at);
                self.found.push(Exception { kind, anchor, site: at.cloned(), since, due_from: since, until });
            }
        }
    }

    /// The table, knowing everything, would have moved it elsewhere than the device did.
    pub fn meaning(&mut self, differs: impl Fn(&Self, usize) -> bool) {
        for index in 0..self.steps.len() {
            let by_rule = self.steps[index].fact.is_some_and(|fact| self.told[fact].event.source.settled_by_rule());
            if by_rule && differs(self, index) {
                self.about(ExceptionKind::MeaningDiffers, index);
            }
        }
    }
}
