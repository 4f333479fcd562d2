//! What a request was permitted: who asks, for which action, and what it may reach. Handlers find things only through it,
//! so that what may not be seen is answered like what is not there.
use crate::access::principal::{Principal, Staff};
use crate::access::who_may::Action;
use crate::app::App;
use crate::problem::Problem;
use crate::v1::cases::filed;
use crate::v1::decisions::{Decider, Who};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::id::{CaseId, DeviceId, PersonId, SiteId};
use domain::stream::StreamId;
use projections::story::Thing;
use projections::{Scope, custody, queues, visits};
use std::sync::Arc;

/// A permitted request.
#[derive(Clone, Debug)]
pub struct Permit {
    pub who: Principal,
    pub action: Action,
    pub scope: Scope,
}

impl<S: Send + Sync> FromRequestParts<S> for Permit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Only a route that was mounted past its guard lacks it.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(&"a route without a guard"))
    }
}

impl Permit {
    /// A site within reach.
    ///
    /// # Errors
    /// None of that name, or beyond reach: the same answer.
    pub fn site(&self, app: &App, text: &str) -> Result<SiteId, Problem> {
        let known = app.known().site(text).filter(|(_, known)| *known).map(|(site, _)| site);
        known.filter(|site| self.scope.covers(site)).ok_or_else(Problem::not_found)
    }

    /// Whether a dossier or bag is within reach: it concerns a site of this scope, or the bag around it does.
    ///
    /// # Errors
    /// Beyond reach, or the database's own.
    pub async fn thing(&self, app: &App, thing: Thing) -> Result<(), Problem> {
        if self.scope == Scope::Region {
            return Ok(());
        }
        let rows = custody::find(app.db(), app.region(), &[thing]).await?;
        let row = rows.get(&thing).map(|(row, _)| row).ok_or_else(Problem::not_found)?;
        let named = [row.home.as_ref(), row.destination.as_ref(), row.target.as_ref(), row.custody.holder.site()];
        // What its own row says is known at once; the table of visits follows the log.
        if named.into_iter().flatten().any(|site| self.scope.covers(site)) {
            return Ok(());
        }
        let subjects: Vec<uuid::Uuid> = [thing.id().0].into_iter().chain(row.outer_bag.map(|bag| bag.0)).collect();
        let seen = visits::seen(app.db(), app.region(), &self.scope, &subjects).await?;
        if seen.is_empty() { Err(Problem::beyond()) } else { Ok(()) }
    }

    /// Whether a case is within reach: it was filed or is collected at one of the sites, or one of its dossiers concerns one.
    ///
    /// # Errors
    /// Beyond reach, or the database's own.
    pub async fn case(&self, app: &App, id: CaseId) -> Result<(), Problem> {
        if self.scope == Scope::Region {
            return Ok(());
        }
        let dossiers = queues::of_case(app.db(), app.region(), id.0).await?;
        let mut subjects = vec![id.0];
        subjects.extend(dossiers.iter().map(|placed| placed.dossier.subject.0));
        let homes = dossiers.iter().flat_map(|placed| [&placed.dossier.home, &placed.dossier.destination]);
        if homes.flatten().any(|site| self.scope.covers(site)) {
            return Ok(());
        }
        if !visits::seen(app.db(), app.region(), &self.scope, &subjects).await?.is_empty() {
            return Ok(());
        }
        // The table of visits follows the log: what was filed just now says itself where.
        let filed = filed(app, id).await?;
        let reached = filed.iter().flat_map(|it| [&it.at, &it.home]).any(|site| self.scope.covers(site));
        if reached { Ok(()) } else { Err(Problem::beyond()) }
    }

    /// The same asker at the door of another action; `None` if it is not theirs.
    #[must_use]
    pub fn also_for(&self, action: Action) -> Option<Self> {
        self.who.scope(action).map(|scope| Self { who: self.who.clone(), action, scope })
    }

    /// A case that something is to join: one that exists is within reach.
    ///
    /// # Errors
    /// Beyond reach, or the database's own.
    pub async fn joins(&self, app: &App, id: CaseId) -> Result<(), Problem> {
        let is_filed = app.log().state(StreamId::Case(id), None).await?.version() > 0;
        if is_filed { self.case(app, id).await } else { Ok(()) }
    }

    /// Something new concerns at least one site within reach.
    ///
    /// # Errors
    /// None of them is.
    pub fn one_of<const N: usize>(&self, app: &App, sites: [Option<&SiteId>; N]) -> Result<(), Problem> {
        let reached = sites.iter().flatten().any(|site| self.reaches(app, site, "site").is_ok());
        let all = self.scope == Scope::Region;
        if all || reached { Ok(()) } else { Err(Problem::invalid("it concerns no site where you may do this")) }
    }

    /// A device within reach: bound to a site of this scope, or to a courier, for who reaches the region.
    ///
    /// # Errors
    /// None of that id, or beyond reach: the same answer.
    pub fn device(&self, app: &App, id: &DeviceId) -> Result<(), Problem> {
        let known = app.known();
        let row = known.devices.at(id, app.now()).ok_or_else(Problem::not_found)?;
        let reached = match &row.site {
            Some(site) => self.scope.covers(site),
            None => self.scope == Scope::Region,
        };
        if reached { Ok(()) } else { Err(Problem::beyond()) }
    }

    /// Who decides: a person decides in the own name, at a site of the own posts; a program names who decided.
    ///
    /// # Errors
    /// Somebody else's name, or a site beyond reach.
    pub fn decides(&self, app: &App, who: &Who) -> Result<Decider, Problem> {
        let by = match (&self.who, &who.by) {
            (Principal::Staff(staff), None) => staff.person.clone(),
            (Principal::Staff(staff), Some(by)) if *by == staff.person => by.clone(),
            (Principal::Client(_), Some(by)) => by.clone(),
            (Principal::Staff(_), Some(_)) => {
                return Err(Problem::invalid("`by` is whoever signed in: leave it out"));
            }
            (Principal::Client(_) | Principal::Device(_), _) => return Err(Problem::invalid("`by` says who decided")),
        };
        who.at.as_ref().map_or(Ok(()), |at| self.reaches(app, at, "at"))?;
        Ok(Decider { request_id: who.request_id, by, at: who.at.clone(), occurred_at: who.occurred_at })
    }

    /// A site that a request names in a field and that must be within reach.
    ///
    /// # Errors
    /// None of that name, or beyond reach: the same answer.
    pub fn reaches(&self, app: &App, site: &SiteId, field: &str) -> Result<(), Problem> {
        let known = app.known().networks.latest().site(site).is_some();
        if known && self.scope.covers(site) {
            return Ok(());
        }
        Err(Problem::invalid(format!("`{field}`: there is no site `{site}` where you may do this")))
    }

    /// The person who signed in.
    ///
    /// # Errors
    /// A device or a program: their doors are others.
    pub fn staff(&self) -> Result<&Arc<Staff>, Problem> {
        if let Principal::Staff(staff) = &self.who { Ok(staff) } else { Err(Problem::not_found()) }
    }

    /// The person's id, for a person.
    #[must_use]
    pub fn person(&self) -> Option<&PersonId> {
        if let Principal::Staff(staff) = &self.who { Some(&staff.person) } else { None }
    }
}
