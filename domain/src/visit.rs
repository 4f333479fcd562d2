//! Which sites a thing concerns: where it was, where it is, where it is planned to be. Who works at one of them may see it.
use crate::bag::BagFact;
use crate::custody::Step;
use crate::dossier::DossierFact;
use crate::history::History;
use crate::id::SiteId;
use crate::network::{Network, Networks};
use crate::tale::Tale;
use std::collections::BTreeSet;

/// The sites of a dossier: its steps, its home and its destinations, and the way between them.
#[must_use]
pub fn of_dossier(history: &History<DossierFact>, tale: &Tale, networks: &Networks) -> BTreeSet<SiteId> {
    let mut sites = walked(&tale.steps, networks);
    let mut home = None;
    for placed in history.told() {
        sites.extend(placed.event.source.at.iter().map(|at| networks.resolve(at).clone()));
        let network = networks.at(placed.key.at);
        if let DossierFact::Registered(registered) = &placed.event.fact {
            home = Some(&registered.home);
            sites.insert(registered.home.clone());
            sites.extend(registered.destination.iter().flat_map(|to| both_ways(network, &registered.home, to)));
        } else if let DossierFact::Rerouted(rerouted) = &placed.event.fact {
            let from = home.unwrap_or(&rerouted.destination);
            sites.extend(both_ways(network, from, &rerouted.destination));
        } else if let DossierFact::Dispatched(sent) | DossierFact::Returned(sent) = &placed.event.fact {
            sites.extend(sent.to.iter().map(|to| networks.resolve(to).clone()));
        } else if let DossierFact::Posted(posted) = &placed.event.fact {
            sites.extend(posted.to.iter().map(|to| networks.resolve(to).clone()));
        }
    }
    sites.extend(ahead(tale, networks));
    sites
}

/// The sites of a bag: its steps, where it belongs, where it was sent, and the way there.
#[must_use]
pub fn of_bag(history: &History<BagFact>, tale: &Tale, networks: &Networks) -> BTreeSet<SiteId> {
    let mut sites = walked(&tale.steps, networks);
    for placed in history.told() {
        sites.extend(placed.event.source.at.iter().map(|at| networks.resolve(at).clone()));
        let named = if let BagFact::Registered(registered) = &placed.event.fact {
            registered.home.as_ref()
        } else if let BagFact::Sealed(sealed) = &placed.event.fact {
            sealed.to.as_ref()
        } else if let BagFact::Dispatched(sent) = &placed.event.fact {
            sent.to.as_ref()
        } else if let BagFact::Posted(posted) = &placed.event.fact {
            posted.to.as_ref()
        } else {
            None
        };
        sites.extend(named.map(|site| networks.resolve(site).clone()));
    }
    sites.extend(ahead(tale, networks));
    sites
}

fn walked(steps: &[Step], networks: &Networks) -> BTreeSet<SiteId> {
    let of = |step: &Step| {
        let leg = step.holder.leg().map(|(from, to)| [from, to].into_iter().flatten().cloned().collect());
        let leg: Vec<SiteId> = leg.unwrap_or_default();
        step.last_site.iter().cloned().chain(step.holder.site().cloned()).chain(leg).collect::<Vec<_>>()
    };
    steps.iter().flat_map(of).map(|site| networks.resolve(&site).clone()).collect()
}

fn both_ways<'a>(network: &'a Network, home: &'a SiteId, to: &'a SiteId) -> impl Iterator<Item = SiteId> + 'a {
    let ways = network.path(home, to).into_iter().chain(network.path(to, home));
    ways.cloned().chain([home.clone(), to.clone()])
}

/// What still lies before it.
fn ahead(tale: &Tale, networks: &Networks) -> Vec<SiteId> {
    let Some(target) = &tale.target else { return Vec::new() };
    let network = tale.custody.read_at.map_or(networks.latest(), |at| networks.at(at));
    let from = tale.steps.last().and_then(|step| step.last_site.as_ref());
    let way = from.map(|from| network.path(from, target)).unwrap_or_default();
    way.into_iter().cloned().chain([target.clone()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custody::payload::Read;
    use crate::exception::Limits;
    use crate::history::tests::{by_site, history, registered, thing};
    use crate::network::tests::county;
    use crate::stay::Bags;
    use crate::tale::{Context, of_dossier_history};

    fn sites(history: &History<DossierFact>) -> Vec<String> {
        let (networks, bags, limits) = (Networks::always(county()), Bags::default(), Limits::default());
        let context = Context { networks: &networks, bags: &bags, limits: &limits, label_known: true };
        let tale = of_dossier_history(thing(1), history, &context);
        of_dossier(history, &tale, &networks).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_dossier_concerns_the_sites_of_its_whole_way() {
        assert_eq!(sites(&history([registered(0)])), ["d1", "hub", "t1"]);
    }

    #[test]
    fn a_site_that_read_it_by_mistake_may_see_it_too() {
        let strayed = [registered(0), by_site("t2", 10, DossierFact::Received(Read::default()))];
        let found = sites(&history(strayed));
        // Where it strayed, and the way back from there.
        assert_eq!(found, ["d1", "hub", "hub2", "t1", "t2"]);
    }

    #[test]
    fn an_unregistered_dossier_concerns_who_read_it() {
        assert_eq!(sites(&history([by_site("s1", 10, DossierFact::Sighted(Read::default()))])), ["s1"]);
    }
}
