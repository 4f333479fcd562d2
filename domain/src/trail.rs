//! The trail: a dossier's whole story in order of occurrence, with what its bags did while it lay in them. Folded on
//! request from the streams; there is no table of it.
use crate::bag::{BagFact, targets};
use crate::custody::{Cause, Evidence, Holder, Moves, Reading, Sides, Step, Subject, walk};
use crate::event::{Flag, Role};
use crate::history::{History, OrderKey, Placed};
use crate::id::{PersonId, ScanId, SiteId, SubjectId};
use crate::network::Networks;
use crate::stay::Bags;
use crate::time::Timestamp;
use serde::Serialize;
use std::collections::HashMap;

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub occurred_at: Timestamp,
    /// When the log took it; `None` for what was concluded.
    pub recorded_at: Option<Timestamp>,
    /// Stored name of the event; for a conclusion, what was concluded.
    pub what: String,
    pub scan: ScanId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<SiteId>,
    /// The bag whose reading this was, or that it was packed into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bag: Option<SubjectId>,
    /// Who has it from here on; `None` where nothing moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// Taken back; it does not count.
    pub voided: bool,
}

/// The story of a thing from its facts and steps. `bag_histories` are those of every bag it was in.
#[must_use]
pub fn trail<F: Moves>(
    history: &History<F>,
    steps: &[Step],
    told: &[Placed<'_, F>],
    bag_histories: &HashMap<SubjectId, History<BagFact>>,
    networks: &Networks,
    bags: &Bags,
) -> Vec<Line> {
    let hidden = history.hidden();
    let step_of: HashMap<usize, &Step> = steps.iter().filter_map(|step| Some((step.fact?, step))).collect();
    let told_index: HashMap<OrderKey, usize> = told.iter().enumerate().map(|(i, placed)| (placed.key, i)).collect();
    let mut lines: Vec<(OrderKey, Line)> = Vec::new();
    for placed in history.placed() {
        let step = told_index.get(&placed.key).and_then(|index| step_of.get(index)).copied();
        let voided = hidden.contains(&placed.event.scan);
        let bag = placed.event.source.bag.or_else(|| step.and_then(|step| step.holder.bag()));
        lines.push((placed.key, line(&placed, step.filter(|_| !voided), bag, voided)));
    }
    for step in steps.iter().filter(|step| step.fact.is_none()) {
        lines.push((step.key, concluded(step)));
    }
    for (bag, from, until) in stays(steps) {
        if let Some(history) = bag_histories.get(&bag) {
            lines.extend(ride(bag, history, from, until, networks, bags));
        }
    }
    lines.sort_by_key(|(key, _)| *key);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn line<F: Moves>(placed: &Placed<'_, F>, step: Option<&Step>, bag: Option<SubjectId>, voided: bool) -> Line {
    let event = placed.event;
    Line {
        occurred_at: placed.key.at,
        recorded_at: Some(event.recorded_at),
        what: event.fact.name().to_owned(),
        scan: event.scan,
        by: Some(event.source.by.clone()),
        role: Some(event.source.role),
        at: event.source.at.clone(),
        bag,
        holder: step.map(|step| step.holder.clone()),
        evidence: step.map(|step| step.evidence),
        flags: event.source.flags.clone(),
        voided,
    }
}

/// A line for what no scan of the thing itself says.
fn concluded(step: &Step) -> Line {
    let what = if step.cause == Cause::BagChecked { "not_found_in_bag" } else { "bag_opened" };
    Line {
        occurred_at: step.key.at,
        recorded_at: None,
        what: what.to_owned(),
        scan: step.scan,
        by: None,
        role: None,
        at: step.last_site.clone(),
        bag: step.evidence.bag,
        holder: Some(step.holder.clone()),
        evidence: Some(step.evidence),
        flags: Vec::new(),
        voided: false,
    }
}

/// When it lay in which bag: from its packing to whatever step came next.
#[must_use]
pub fn stays(steps: &[Step]) -> Vec<(SubjectId, OrderKey, Option<OrderKey>)> {
    let stay = |(index, step): (usize, &Step)| {
        let bag = step.holder.bag().filter(|_| step.began)?;
        let next = steps[index + 1..].iter().find(|next| next.began);
        Some((bag, step.key, next.map(|next| next.key)))
    };
    steps.iter().enumerate().filter_map(stay).collect()
}

/// What the bag did while the thing lay in it.
fn ride(
    bag: SubjectId,
    history: &History<BagFact>,
    from: OrderKey,
    until: Option<OrderKey>,
    networks: &Networks,
    bags: &Bags,
) -> Vec<(OrderKey, Line)> {
    let told = history.told();
    let targets = targets(&told);
    let steps = walk(&told, &Subject { id: bag, targets: &targets, networks, bags });
    let during = steps.iter().filter(|step| step.key > from && until.is_none_or(|until| step.key < until));
    let inferred = Evidence { read: Reading::Inferred, sides: Sides::One, bag: Some(bag) };
    let ridden = during.filter_map(|step| {
        let placed = &told[step.fact?];
        let mut line = line(placed, Some(step), Some(bag), false);
        line.evidence = Some(Evidence { sides: step.evidence.sides, ..inferred });
        Some((step.key, line))
    });
    ridden.collect()
}
