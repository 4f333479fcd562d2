//! Everything the histories say of one dossier or bag, folded once: custody, way, stays, exceptions.
use crate::bag::{BagFact, targets};
use crate::custody::{Custody, Holder, Step, Subject, walk};
use crate::dossier::{DossierFact, Plan};
use crate::exception::{Answers, Exception, Limits, answers, of_bag, of_dossier};
use crate::history::{History, Placed};
use crate::id::{SiteId, SubjectId};
use crate::network::Networks;
use crate::stay::Bags;

/// What a fold needs beside the history itself.
pub struct Context<'a> {
    pub networks: &'a Networks,
    /// The containers of every bag the thing was in, and of theirs.
    pub bags: &'a Bags,
    pub limits: &'a Limits,
    /// Whether the label was minted here.
    pub label_known: bool,
}

/// The story of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tale {
    pub steps: Vec<Step>,
    pub custody: Custody,
    /// Where it is bound for; `None` while nobody said.
    pub target: Option<SiteId>,
    /// Its next site, if it is somewhere itself (not in a bag) and has somewhere to go.
    pub next_hop: Option<SiteId>,
    /// The outermost bag around it.
    pub outer_bag: Option<SubjectId>,
    pub exceptions: Vec<(Exception, Answers)>,
    pub annulled: bool,
}

/// Folds a dossier.
#[must_use]
pub fn of_dossier_history(id: SubjectId, history: &History<DossierFact>, context: &Context<'_>) -> Tale {
    let told = history.told();
    let targets = Plan::targets(&told, context.networks);
    let subject = Subject { id, targets: &targets, networks: context.networks, bags: context.bags };
    let steps = walk(&told, &subject);
    let exceptions = of_dossier(&told, &steps, &subject, context.limits, context.label_known);
    let annulled = told.iter().any(|placed| matches!(placed.event.fact, DossierFact::Annulled(_)));
    finish(&told, steps, targets, exceptions, annulled, context)
}

/// Folds a bag.
#[must_use]
pub fn of_bag_history(id: SubjectId, history: &History<BagFact>, context: &Context<'_>) -> Tale {
    let told = history.told();
    let targets = targets(&told);
    let subject = Subject { id, targets: &targets, networks: context.networks, bags: context.bags };
    let steps = walk(&told, &subject);
    let exceptions = of_bag(&told, &steps, &subject, context.limits, context.label_known);
    let annulled = told.iter().any(|placed| matches!(placed.event.fact, BagFact::Annulled(_)));
    finish(&told, steps, targets, exceptions, annulled, context)
}

fn finish<F: crate::event::Fact>(
    told: &[Placed<'_, F>],
    steps: Vec<Step>,
    mut targets: Vec<Option<SiteId>>,
    exceptions: Vec<Exception>,
    annulled: bool,
    context: &Context<'_>,
) -> Tale {
    let custody = Custody::after(&steps);
    let target = targets.pop().flatten();
    let network = custody.read_at.map_or(context.networks.latest(), |at| context.networks.at(at));
    let next_hop = match &custody.holder {
        Holder::Site { site } => target.as_ref().and_then(|target| network.next_hop(site, target)).cloned(),
        Holder::Courier { to, .. } | Holder::Leg { to, .. } | Holder::Post { to, .. } => to.clone(),
        Holder::Bag { .. } | Holder::Applicant | Holder::Archive | Holder::Unknown { .. } => None,
    };
    let with_answers = |exception: Exception| {
        let answers = answers(told, exception.kind, exception.anchor);
        (exception, answers)
    };
    let outer_bag = custody.holder.bag().map(|bag| context.bags.outermost(bag));
    let exceptions = exceptions.into_iter().map(with_answers).collect();
    Tale { steps, custody, target, next_hop, outer_bag, exceptions, annulled }
}
