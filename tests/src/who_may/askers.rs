//! Everybody who may stand before a door: each role with a post in force, over and not yet begun; sessions that ended in every
//! way; devices and programs in force, revoked and of another region; and nobody. What each may expect comes from the table.
use crate::office::{MORNING, Office};
use api::access::who_may::{Action, ClientScope, Reach, of};
use domain::id::{DeviceId, InstallationId, PersonId, SiteId};
use domain::time::Timestamp;
use registers::credential::{self, Enrolment};
use registers::person::{self, PersonRow, PostRow, Role};
use registers::session::{self, ABSOLUTE_MS, Begin, IDLE_MS};
use registers::{Change, Validity, device, secret, token};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

/// What is shown at the door.
#[derive(Clone, Debug)]
pub enum Key {
    Cookie(String),
    Bearer(String),
    Nothing,
}

/// What somebody is, as far as doors are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signed in, with a post of this role in force.
    Staff(Role),
    /// Signed in, with no post in force now.
    NoPost,
    /// Signed in as an administrator, without the second factor.
    Unproven,
    Device,
    RevokedDevice,
    Client(ClientScope),
    /// Whatever is shown opens nothing here.
    Nobody,
}

/// What the table lets somebody expect of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The guard lets the request through.
    Admitted,
    /// Answered like what is not there.
    Absent,
    /// Told that the device was revoked.
    Revoked,
    /// Told to show a credential.
    Nobody,
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    pub name: String,
    pub kind: Kind,
    pub key: Key,
}

impl Asker {
    pub fn expects(&self, action: Action) -> Expected {
        let row = of(action);
        let admitted = match self.kind {
            Kind::Staff(role) => row.reach(role) != Reach::No,
            Kind::NoPost | Kind::Unproven => action == Action::OwnAccount,
            Kind::Device => row.device,
            Kind::RevokedDevice if action == Action::Scan => true,
            Kind::RevokedDevice => return Expected::Revoked,
            Kind::Client(scope) => row.client == Some(scope),
            Kind::Nobody => return Expected::Nobody,
        };
        if admitted { Expected::Admitted } else { Expected::Absent }
    }
}

/// The same with another last character.
fn forged(secret: &str) -> String {
    let (rest, last) = secret.split_at(secret.len() - 1);
    format!("{rest}{}", if last == "A" { "B" } else { "A" })
}

/// A person with one post.
async fn person(office: &Office, id: &PersonId, role: Role, at: Option<SiteId>, term: Validity) -> anyhow::Result<()> {
    let mut tx = office.app.db().begin().await?;
    let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
    person::put(&mut tx, &change, PersonRow { id: id.clone(), name: id.to_string(), phone: None }).await?;
    person::give_post(&mut tx, &change, PostRow::new(id.clone(), role, at), term).await?;
    tx.commit().await?;
    Ok(())
}

/// A session; its cookie and its id.
async fn session(office: &Office, id: &PersonId, strong: i64, began: Timestamp) -> anyhow::Result<(String, Uuid)> {
    let mut tx = office.app.db().begin().await?;
    let begin = Begin { person: id, strong, address: "127.0.0.1", agent: "tests" };
    let begun = session::begin(&mut tx, office.app.region(), began, &begin, &mut secret::rng()).await?;
    tx.commit().await?;
    Ok(begun)
}

/// One person for each role, `role.name`, with a session that saw a second factor; those with a site are at `site`. A
/// supervisor without one supervises the region.
pub async fn staff(office: &Office, name: &str, site: &str, term: Validity) -> anyhow::Result<Vec<Asker>> {
    let mut all = Vec::new();
    for role in Role::ALL {
        let id: PersonId = format!("{role}.{name}").parse()?;
        let wide = role.is_admin() || matches!(role, Role::Supervisor | Role::Courier);
        let at = if wide { None } else { Some(site.parse()?) };
        person(office, &id, role, at, term).await?;
        let (cookie, _) = session(office, &id, 1, office.app.now()).await?;
        all.push(Asker { name: id.to_string(), kind: Kind::Staff(role), key: Key::Cookie(cookie) });
    }
    office.app.refresh().await?;
    Ok(all)
}

/// Whoever supervises one site only.
pub async fn supervisor_of(office: &Office, site: &str) -> anyhow::Result<Asker> {
    let id: PersonId = format!("supervisor.of.{site}").parse()?;
    person(office, &id, Role::Supervisor, Some(site.parse()?), Validity::ALWAYS).await?;
    office.app.refresh().await?;
    let (cookie, _) = session(office, &id, 1, office.app.now()).await?;
    Ok(Asker { name: id.to_string(), kind: Kind::Staff(Role::Supervisor), key: Key::Cookie(cookie) })
}

/// People whose post is over, or begins tomorrow, and administrators who showed no second factor.
pub async fn without_post(office: &Office) -> anyhow::Result<Vec<Asker>> {
    let over = staff(office, "over", "t01", Validity { from: MORNING.plus(-DAY_MS), to: Some(MORNING) }).await?;
    let to_come = staff(office, "tomorrow", "t01", Validity::since(MORNING.plus(DAY_MS))).await?;
    let mut all: Vec<Asker> = over.into_iter().chain(to_come).map(|it| Asker { kind: Kind::NoPost, ..it }).collect();
    for role in Role::ALL.into_iter().filter(|role| role.is_admin()) {
        let id: PersonId = format!("{role}.unproven").parse()?;
        person(office, &id, role, None, Validity::ALWAYS).await?;
        let (cookie, _) = session(office, &id, 0, office.app.now()).await?;
        all.push(Asker { name: id.to_string(), kind: Kind::Unproven, key: Key::Cookie(cookie) });
    }
    office.app.refresh().await?;
    Ok(all)
}

/// Cookies of a clerk that open nothing any more, or never did; and nothing at all.
pub async fn without_session(office: &Office, clerk: &str) -> anyhow::Result<Vec<Asker>> {
    let (id, region): (PersonId, _) = (clerk.parse()?, office.app.region());
    let (half, _) = session(office, &id, -1, MORNING).await?;
    let (idle, _) = session(office, &id, 1, MORNING.plus(-IDLE_MS)).await?;
    let (too_long, seen) = session(office, &id, 1, MORNING.plus(-ABSOLUTE_MS)).await?;
    let (ended, end) = session(office, &id, 1, office.app.now()).await?;
    let (good, _) = session(office, &id, 1, office.app.now()).await?;
    let mut tx = office.app.db().begin().await?;
    session::saw(&mut tx, region, seen, MORNING).await?;
    session::end(&mut tx, region, &id, end, MORNING).await?;
    tx.commit().await?;
    let nobody = |name: &str, cookie| Asker { name: name.to_owned(), kind: Kind::Nobody, key: Key::Cookie(cookie) };
    let nothing = Asker { name: "nobody".to_owned(), kind: Kind::Nobody, key: Key::Nothing };
    let cookies =
        [("half a session", half), ("idle", idle), ("too long", too_long), ("ended", ended), ("forged", forged(&good))];
    Ok(cookies.into_iter().map(|(name, cookie)| nobody(name, cookie)).chain([nothing]).collect())
}

/// Enrols a device as a desk does: its credential. Enrolled again, it gets another.
async fn enrol(office: &Office, id: &str, site: Option<&str>, courier: Option<&str>) -> anyhow::Result<String> {
    let device: DeviceId = id.parse()?;
    let (site, courier) = (site.map(str::parse).transpose()?, courier.map(str::parse).transpose()?);
    let mut tx = office.app.db().begin().await?;
    let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
    let (site, courier) = (site.as_ref(), courier.as_ref());
    let it = Enrolment { device: &device, name: id, site, courier, made_by: "tests" };
    let code = credential::offer(&mut tx, &change, &it, &mut secret::rng()).await?;
    let installation = InstallationId(Uuid::new_v4());
    let redeemed = credential::redeem(&mut tx, &change, &code, installation, &mut secret::rng()).await?;
    tx.commit().await?;
    office.app.refresh().await?;
    redeemed.map(|(_, credential)| credential).ok_or_else(|| anyhow::anyhow!("a code just made is good"))
}

/// Devices at a site and with a courier; one that was revoked, and the former credential of one that was enrolled again.
pub async fn devices(office: &Office) -> anyhow::Result<Vec<Asker>> {
    let at_site = enrol(office, "at-site", Some("t01"), None).await?;
    let with_courier = enrol(office, "with-courier", None, Some("courier.t01")).await?;
    let former = enrol(office, "again", Some("t01"), None).await?;
    let again = enrol(office, "again", Some("t01"), None).await?;
    let revoked = enrol(office, "revoked", Some("t01"), None).await?;
    let id: DeviceId = "revoked".parse()?;
    let mut tx = office.app.db().begin().await?;
    let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
    device::revoke(&mut tx, &change, &id, MORNING).await?;
    credential::end(&mut tx, office.app.region(), &id, MORNING).await?;
    tx.commit().await?;
    office.app.refresh().await?;
    let forged = forged(&at_site);
    let devices = [
        ("device at a site", Kind::Device, at_site),
        ("device of a courier", Kind::Device, with_courier),
        ("device enrolled again", Kind::Device, again),
        ("device's former credential", Kind::RevokedDevice, former),
        ("revoked device", Kind::RevokedDevice, revoked),
        ("forged device", Kind::Nobody, forged),
    ];
    Ok(devices.into_iter().map(|(name, kind, key)| bearer(name, kind, key)).collect())
}

fn bearer(name: &str, kind: Kind, key: String) -> Asker {
    Asker { name: name.to_owned(), kind, key: Key::Bearer(key) }
}

/// A program's token.
pub async fn client(office: &Office, name: &str, scopes: &str, until: Option<Timestamp>) -> anyhow::Result<String> {
    let mut tx = office.app.db().begin().await?;
    let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
    let token = token::create(&mut tx, &change, name, scopes, until, &mut secret::rng()).await?;
    tx.commit().await?;
    Ok(token)
}

/// A program for each scope; tokens that are over, revoked or forged.
pub async fn clients(office: &Office) -> anyhow::Result<Vec<Asker>> {
    let mut all = Vec::new();
    for scope in ClientScope::ALL {
        let key = client(office, scope.name(), scope.name(), Some(MORNING.plus(DAY_MS))).await?;
        all.push(bearer(&format!("program {}", scope.name()), Kind::Client(scope), key));
    }
    let over = client(office, "over", "all", Some(MORNING)).await?;
    let revoked = client(office, "revoked", "all", None).await?;
    let mut tx = office.app.db().begin().await?;
    let change = Change::begin(&mut tx, office.app.region(), MORNING).await?;
    token::revoke(&mut tx, &change, "revoked").await?;
    tx.commit().await?;
    let forged = forged(&revoked);
    let dead = [("token that is over", over), ("revoked token", revoked), ("forged token", forged)];
    Ok(all.into_iter().chain(dead.into_iter().map(|(name, key)| bearer(name, Kind::Nobody, key))).collect())
}

/// Everybody of another region in the same database: here they are nobody.
pub async fn of_another_region(other: &Office) -> anyhow::Result<Vec<Asker>> {
    let mut all = staff(other, "t01", "t01", Validity::ALWAYS).await?;
    all.push(bearer("device", Kind::Nobody, enrol(other, "at-site", Some("t01"), None).await?));
    all.push(bearer("token", Kind::Nobody, other.token.clone()));
    let nobody = |it: Asker| Asker { name: format!("{} of another region", it.name), kind: Kind::Nobody, ..it };
    Ok(all.into_iter().map(nobody).collect())
}
