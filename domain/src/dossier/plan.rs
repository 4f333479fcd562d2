//! Where a dossier is bound for. Registration counts for the whole history, whenever it came; the rest by its order.
use super::event::{DossierFact, DossierKind, Registered};
use crate::custody::{Move, Moves};
use crate::history::Placed;
use crate::id::SiteId;
use crate::network::Networks;

/// The way of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<'a> {
    pub registered: &'a Registered,
    /// The department it goes to, as registered or rerouted since.
    pub destination: Option<&'a SiteId>,
    /// It has been there, was recalled, or is a result: it goes home.
    pub homeward: bool,
}

impl<'a> Plan<'a> {
    /// The plan after all the facts; `None` while unregistered.
    #[must_use]
    pub fn of(told: &[Placed<'a, DossierFact>], networks: &Networks) -> Option<Self> {
        Self::unfold(told, networks).pop()?
    }

    /// Where it is bound for after each fact.
    #[must_use]
    pub fn targets(told: &[Placed<'a, DossierFact>], networks: &Networks) -> Vec<Option<SiteId>> {
        Self::unfold(told, networks).into_iter().map(|plan| plan.map(|plan| plan.target().clone())).collect()
    }

    fn unfold(told: &[Placed<'a, DossierFact>], networks: &Networks) -> Vec<Option<Self>> {
        let registered = told.iter().find_map(|placed| {
            if let DossierFact::Registered(registered) = &placed.event.fact { Some(registered) } else { None }
        });
        let mut plan = registered.map(|registered| Self {
            registered,
            destination: registered.destination.as_ref(),
            homeward: registered.kind == DossierKind::Result || registered.destination.is_none(),
        });
        let after = |placed: &Placed<'a, DossierFact>| {
            if let Some(plan) = &mut plan {
                plan.turn(placed, networks);
            }
            plan.clone()
        };
        told.iter().map(after).collect()
    }

    fn turn(&mut self, placed: &Placed<'a, DossierFact>, networks: &Networks) {
        let source = &placed.event.source;
        let fact = &placed.event.fact;
        if let DossierFact::Rerouted(rerouted) = fact {
            self.destination = Some(&rerouted.destination);
            self.homeward = false;
            return;
        }
        let turned = matches!(fact, DossierFact::Recalled(_) | DossierFact::Returned(_));
        let leaves = matches!(fact.movement(source), Some(Move::Sent { .. } | Move::Into(_)));
        let from = source.at.as_ref().map(|at| networks.resolve(at));
        // Whatever it was called: what its destination sends off or packs goes home.
        self.homeward |= turned || (leaves && from.is_some() && from == self.destination);
    }

    /// The site it is bound for now.
    #[must_use]
    pub fn target(&self) -> &'a SiteId {
        match self.destination {
            Some(destination) if !self.homeward => destination,
            _ => &self.registered.home,
        }
    }

    /// Whether leaving `site` now is the way home.
    #[must_use]
    pub fn leaves_homeward(&self, site: &SiteId) -> bool {
        self.homeward || self.destination == Some(site)
    }
}
