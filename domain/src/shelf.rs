//! Whether a dossier lies on a shelf, waiting for its applicant: the one answer behind the desk's queue and behind *ready*.
use crate::custody::Step;
use crate::dossier::DossierFact;
use crate::history::Placed;
use crate::id::{ScanId, SiteId};
use crate::time::{Minutes, Timestamp};

/// How long what is ready waits on the shelf before it may be called back: 30 days. A constructed value.
pub const KEPT: Minutes = Minutes(43_200);

/// The shelving that still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelving {
    pub scan: ScanId,
    pub at: Timestamp,
    pub site: SiteId,
    /// The shelf, where somebody said which.
    pub shelf: Option<String>,
}

/// Where it was put on a shelf, if nothing was done with it since. Being seen, registered or found damaged there changes
/// nothing; whatever else happens to it does, also being received once more by the same site: somebody has it in hand.
#[must_use]
pub fn shelving(told: &[Placed<'_, DossierFact>], steps: &[Step]) -> Option<Shelving> {
    let fact = |step: &Step| step.fact.and_then(|at| told.get(at)).map(|placed| &placed.event.fact);
    let leaves_it = |step: &Step| {
        matches!(fact(step), Some(DossierFact::Sighted(_) | DossierFact::Registered(_) | DossierFact::Damaged(_)))
    };
    let stay = steps.get(steps.iter().rposition(|step| step.began)?..)?;
    let last = stay.iter().rfind(|step| !leaves_it(step))?;
    let DossierFact::Shelved(shelved) = fact(last)? else { return None };
    let site = last.holder.site()?.clone();
    Some(Shelving { scan: last.scan, at: last.key.at, site, shelf: shelved.shelf.clone() })
}
