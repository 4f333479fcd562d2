//! Who asks: a person who signed in, a device by its credential, a program by its token. Nobody else gets further.
use crate::access::who_may::{self, Action, ClientScope, Reach};
use crate::app::{App, Known};
use crate::problem::Problem;
use axum::http::{HeaderMap, StatusCode, header};
use domain::id::{DeviceId, PersonId, SiteId};
use domain::network::SiteKind;
use domain::time::Timestamp;
use projections::Scope;
use registers::person::{PostRow, Role};
use registers::record::Actor;
use registers::session::SessionRow;
use registers::{credential, session, token};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// Name of the pages' cookie: sent by no other site's form, set by no sub-domain, read by no script.
pub const COOKIE: &str = "__Host-liuzhuan";

/// Who asks.
#[derive(Clone, Debug)]
pub enum Principal {
    Staff(Arc<Staff>),
    Device(Arc<Device>),
    Client(Arc<Client>),
}

/// A person who signed in, with the posts held now.
#[derive(Clone, Debug)]
pub struct Staff {
    pub person: PersonId,
    pub session: Uuid,
    /// A second factor was shown.
    pub strong: bool,
    pub posts: Vec<Post>,
}

/// A post, and the sites it reaches; `None`: all.
#[derive(Clone, Debug)]
pub struct Post {
    pub role: Role,
    pub sites: Option<BTreeSet<SiteId>>,
}

/// A device that showed its credential.
#[derive(Clone, Debug)]
pub struct Device {
    pub id: DeviceId,
    pub site: Option<SiteId>,
    pub courier: Option<PersonId>,
    /// The credential ended, or the device was revoked: what it uploads is put aside.
    pub revoked: bool,
}

/// A program.
#[derive(Clone, Debug)]
pub struct Client {
    pub name: String,
    pub scopes: Vec<ClientScope>,
}

impl Post {
    fn of(row: &PostRow, known: &Known) -> Self {
        let sites = row.site.as_ref().map(|site| reached(row.role, site, known));
        Self { role: row.role, sites }
    }
}

/// A centre's window reaches its village stations; whoever supervises a site, all that hangs on it.
fn reached(role: Role, site: &SiteId, known: &Known) -> BTreeSet<SiteId> {
    let network = known.networks.latest();
    let kind = network.site(site).map(|site| site.kind);
    let mut sites = BTreeSet::from([site.clone()]);
    let below = role == Role::Supervisor || (role == Role::Clerk && kind == Some(SiteKind::Centre));
    loop {
        let hangs = |it: &&domain::network::Site| {
            below && it.parent.as_ref().is_some_and(|parent| sites.contains(parent)) && !sites.contains(&it.id)
        };
        let more: Vec<SiteId> = network.sites().iter().filter(hangs).map(|it| it.id.clone()).collect();
        if more.is_empty() {
            return sites;
        }
        sites.extend(more);
    }
}

impl Staff {
    /// Whoever administers shows a second factor before anything but the own account opens.
    #[must_use]
    pub fn needs_second_factor(&self) -> bool {
        !self.strong && self.posts.iter().any(|post| post.role.is_admin())
    }

    /// What an action may reach: nothing, the sites of the posts that allow it, or the region.
    #[must_use]
    pub fn scope(&self, action: Action) -> Option<Scope> {
        let row = who_may::of(action);
        if self.needs_second_factor() && action != Action::OwnAccount {
            return None;
        }
        let mut sites: Option<BTreeSet<SiteId>> = None;
        for post in &self.posts {
            match (row.reach(post.role), &post.sites) {
                (Reach::No, _) => {}
                // A courier's own is what the courier carries, not what concerns a site.
                (Reach::Own, _) if post.role == Role::Courier => {
                    sites.get_or_insert_default();
                }
                (Reach::All | Reach::Own, None) => return Some(Scope::Region),
                // A supervisor of some sites reaches those, whatever "all" says of one who supervises the region.
                (Reach::All, Some(of)) if post.role == Role::Supervisor => {
                    sites.get_or_insert_default().extend(of.clone());
                }
                (Reach::All, Some(_)) => return Some(Scope::Region),
                (Reach::Own, Some(of)) => sites.get_or_insert_default().extend(of.clone()),
            }
        }
        // The own account is everybody's, with a post or without.
        let own = || (action == Action::OwnAccount).then(|| Scope::Sites(Vec::new()));
        sites.map(|sites| Scope::Sites(sites.into_iter().collect())).or_else(own)
    }

    /// Whether some post now held is of a role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.posts.iter().any(|post| post.role == role)
    }
}

impl Principal {
    /// What an action may reach; `None`: it is not this principal's.
    #[must_use]
    pub fn scope(&self, action: Action) -> Option<Scope> {
        let row = who_may::of(action);
        match self {
            Self::Staff(staff) => staff.scope(action),
            Self::Device(device) => {
                // What a revoked device scanned is still taken in, and put aside.
                let may = row.device && (!device.revoked || action == Action::Scan);
                may.then(|| match &device.site {
                    Some(site) => Scope::Sites(vec![site.clone()]),
                    None => Scope::Region,
                })
            }
            Self::Client(client) => {
                row.client.is_some_and(|scope| client.scopes.contains(&scope)).then_some(Scope::Region)
            }
        }
    }

    /// As the record names it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Staff(staff) => Actor::Person(staff.person.clone()),
            Self::Device(device) => Actor::Device(device.id.clone()),
            Self::Client(client) => client.name.parse().map_or(Actor::System, Actor::Client),
        }
    }

    /// How print jobs and enrolments name it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Staff(staff) => staff.person.to_string(),
            Self::Device(device) => device.id.to_string(),
            Self::Client(client) => client.name.clone(),
        }
    }
}

/// A cookie's value.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Who asks, by bearer credential or cookie.
///
/// # Errors
/// Nobody, or a credential that opens nothing here: which of the reasons it is, nobody is told.
pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Principal, Problem> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match bearer {
        Some(text) if credential::has_shape(text) => device(app, text).await,
        Some(text) => client(app, text).await,
        None => match cookie(headers, COOKIE) {
            Some(text) => staff(app, text).await,
            None => Err(no_credential()),
        },
    }
}

fn no_credential() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "no-credential", "A credential is needed")
        .detail("Sign in, or send `Authorization: Bearer …` with a device's credential or a program's token")
}

fn bad_credential() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "bad-credential", "This credential opens nothing here")
        .detail("It is unknown, over, or of another region")
}

async fn device(app: &App, text: &str) -> Result<Principal, Problem> {
    let (id, in_force) = credential::find(app.db(), app.region(), text).await?.ok_or_else(bad_credential)?;
    let known = app.known();
    let row = known.devices.at(&id, app.now());
    let revoked = !in_force || known.devices.revoked_at(&id).is_some_and(|at| at <= app.now());
    let (site, courier) = row.map_or((None, None), |row| (row.site.clone(), row.courier.clone()));
    Ok(Principal::Device(Arc::new(Device { id, site, courier, revoked })))
}

async fn client(app: &App, text: &str) -> Result<Principal, Problem> {
    let found = token::check(app.db(), text, app.now()).await?;
    let row = found.filter(|row| row.region == app.region()).ok_or_else(bad_credential)?;
    Ok(Principal::Client(Arc::new(Client { scopes: ClientScope::of(&row.scopes), name: row.name })))
}

async fn staff(app: &App, text: &str) -> Result<Principal, Problem> {
    let (region, now) = (app.region(), app.now());
    let found = session::find(app.db(), region, text, now).await?;
    let row = found.filter(|row| row.strong >= 0).ok_or_else(bad_credential)?;
    if row.is_stale(now) {
        let mut tx = app.db().begin().await?;
        session::saw(&mut tx, region, row.id, now).await?;
        tx.commit().await?;
    }
    Ok(Principal::Staff(Arc::new(of_session(&app.known(), row, now))))
}

fn of_session(known: &Known, row: SessionRow, now: Timestamp) -> Staff {
    let person = row.person.0;
    let posts = known.people.posts_at(&person, now).map(|post| Post::of(post, known)).collect();
    Staff { posts, session: row.id, strong: row.strong == 1, person }
}
