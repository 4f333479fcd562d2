//! What the security administrator does with people: saved, given posts, badges, codes. One place for the JSON doors and the
//! pages; each act is recorded in the transaction that does it. What takes rights away ends the sessions that had them.
use crate::access::sign_in::{Visitor, word};
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::problem::Problem;
use axum::http::StatusCode;
use domain::code::{Code, CodeKind};
use domain::id::{PersonId, SiteId};
use domain::time::Timestamp;
use eventstore::Tx;
use registers::label::Mint;
use registers::person::{self, PersonRow, PostRow, Role};
use registers::record::{Act, Actor, Entry, OfPerson, Post, append};
use registers::{Change, Validity, account, password, secret, session};
use std::net::IpAddr;

/// Who does it, from where.
#[derive(Clone, Debug)]
pub struct Doer {
    actor: Actor,
    address: Option<IpAddr>,
}

impl Doer {
    /// Whoever has this permit.
    #[must_use]
    pub fn of(permit: &Permit, visitor: &Visitor) -> Self {
        Self { actor: permit.who.actor(), address: Some(visitor.address) }
    }

    /// Whoever runs the program on the machine itself.
    #[must_use]
    pub fn shell() -> Self {
        Self { actor: Actor::System, address: None }
    }

    fn entry(&self, act: Act) -> Entry {
        Entry { actor: self.actor.clone(), address: self.address, act }
    }
}

/// Does something to the registers of people and records it.
async fn change<T>(
    app: &App,
    doer: &Doer,
    work: impl AsyncFnOnce(&mut Tx, &Change) -> Result<(T, Vec<Act>), Problem>,
) -> Result<T, Problem> {
    let mut tx = app.db().begin().await?;
    let change = Change::begin(&mut tx, app.region(), app.now()).await?;
    let (done, acts) = match work(&mut tx, &change).await {
        Ok(done) => done,
        Err(problem) => {
            tx.rollback().await?;
            return Err(problem);
        }
    };
    let entries: Vec<Entry> = acts.into_iter().map(|act| doer.entry(act)).collect();
    append(&mut tx, app.region(), change.recorded_at, &entries).await?;
    tx.commit().await?;
    app.refresh_people().await?;
    Ok(done)
}

fn of(person: &PersonId) -> OfPerson {
    OfPerson { person: person.clone() }
}

/// Whether somebody is within reach of who looks: who has, had or will have a post at a site within reach. Who reaches the
/// region sees everybody.
#[must_use]
pub fn sees(app: &App, permit: &Permit, who: &PersonId) -> bool {
    let known = app.known();
    let near = |post: &registers::Dated<PostRow>| post.row.site.as_ref().is_some_and(|at| permit.scope.covers(at));
    permit.scope == Scope::Region || known.people.posts_of(who).any(near)
}

fn known(app: &App, person: &PersonId) -> Result<(), Problem> {
    app.known().people.find(person).map(|_| ()).ok_or_else(Problem::not_found)
}

/// Longest name: as the pages and badges show it.
const NAME_MAX: usize = 60;

/// Saves a person.
///
/// # Errors
/// A name that is empty or too long.
pub async fn save(app: &App, doer: &Doer, row: PersonRow) -> Result<(), Problem> {
    let length = row.name.trim().chars().count();
    if length == 0 || length > NAME_MAX {
        return Err(Problem::unfit("name-length", format!("`name` has 1 to {NAME_MAX} characters")));
    }
    change(app, doer, async |tx, change| {
        let acts = vec![Act::PersonSaved(of(&row.id))];
        person::put(tx, change, PersonRow { name: row.name.trim().to_owned(), ..row }).await?;
        Ok(((), acts))
    })
    .await
}

/// A post to be given.
#[derive(Clone, Debug)]
pub struct Given {
    pub role: Role,
    pub site: Option<SiteId>,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
}

/// Gives a post.
///
/// # Errors
/// A role without its site, a site that is none, a term that ends before it begins, one's own person.
pub async fn give_post(app: &App, doer: &Doer, who: &PersonId, given: Given) -> Result<String, Problem> {
    known(app, who)?;
    not_oneself(doer, who)?;
    let wide = given.role.is_admin() || matches!(given.role, Role::Supervisor | Role::Courier);
    match &given.site {
        None if !wide => return Err(Problem::unfit("post-needs-site", "`site` says where this post is")),
        Some(_) if given.role.is_admin() => {
            return Err(Problem::unfit("post-has-no-site", "an administrator has no `site`"));
        }
        Some(site) if app.known().networks.latest().site(site).is_none() => {
            return Err(Problem::unfit("no-such-site", format!("`site`: there is no site `{site}`")));
        }
        None | Some(_) => {}
    }
    if given.to.is_some_and(|to| to <= given.from) {
        return Err(Problem::unfit("term-reversed", "`to` comes after `from`"));
    }
    apart(app, who, &given)?;
    let post = PostRow::new(who.clone(), given.role, given.site.clone());
    let id = post.id.clone();
    change(app, doer, async |tx, change| {
        let (from, to) = (given.from, given.to);
        let act = Post { person: who.clone(), role: word(given.role.as_str())?, site: given.site, from, to };
        person::give_post(tx, change, post, Validity { from, to }).await?;
        Ok(((), vec![Act::PostGiven(act)]))
    })
    .await?;
    Ok(id)
}

/// Nobody gives rights to the own person.
fn not_oneself(doer: &Doer, who: &PersonId) -> Result<(), Problem> {
    if doer.actor == Actor::Person(who.clone()) {
        let own = Problem::new(StatusCode::CONFLICT, "own-rights", "Nobody changes the own rights");
        return Err(own.detail("Ask another security administrator"));
    }
    Ok(())
}

/// The three administrators are three people (GB/T 22239: system, audit and security management apart), and none of them
/// handles papers.
fn apart(app: &App, who: &PersonId, given: &Given) -> Result<(), Problem> {
    let known = app.known();
    let lasts = |post: &&registers::Dated<PostRow>| post.valid.to.is_none_or(|to| to > given.from);
    let others = known.people.posts_of(who).filter(lasts).map(|post| post.row.role);
    let clash = others.filter(|role| *role != given.role).find(|role| role.is_admin() || given.role.is_admin());
    match clash {
        None => Ok(()),
        Some(role) => {
            let apart = Problem::new(StatusCode::CONFLICT, "posts-apart", "These posts are not held by one person");
            Err(apart.detail(format!("{who} is {role}: end that post first, or choose another person")))
        }
    }
}

/// Ends a post now; the sessions that had it end with it.
///
/// # Errors
/// No such post, the own one, or the last security administrator's.
pub async fn end_post(app: &App, doer: &Doer, id: &str) -> Result<(), Problem> {
    let people = app.known();
    let who = id.split('/').next().and_then(|text| text.parse::<PersonId>().ok()).ok_or_else(Problem::not_found)?;
    not_oneself(doer, &who)?;
    let post = people.people.posts_of(&who).find(|post| post.row.id == id).cloned().ok_or_else(Problem::not_found)?;
    change(app, doer, async |tx, change| {
        if !person::end_post(tx, change, id, change.recorded_at).await? {
            return Err(Problem::not_found());
        }
        session::end_all(tx, change.region, &who, None, change.recorded_at).await?;
        let (role, site) = (word(post.row.role.as_str())?, post.row.site.clone());
        let from = post.valid.from.min(change.recorded_at);
        let act = Post { person: who.clone(), role, site, from, to: Some(change.recorded_at) };
        Ok(((), vec![Act::PostEnded(act)]))
    })
    .await
}

/// Gives a person a new badge; the former ones end.
///
/// # Errors
/// Nobody of that id.
pub async fn give_badge(app: &App, doer: &Doer, who: &PersonId) -> Result<Code, Problem> {
    known(app, who)?;
    let people = app.known();
    change(app, doer, async |tx, change| {
        let mut acts = Vec::new();
        for code in people.people.badges_of(who, change.recorded_at) {
            person::end_badge(tx, change, code).await?;
            acts.push(Act::BadgeEnded(of(who)));
        }
        let code = labels::code::draw(CodeKind::Badge, &mut rand::rng());
        let mint = Mint { codes: &[code], batch: uuid::Uuid::new_v4(), site: None };
        registers::label::mint(tx, change, mint).await?;
        person::give_badge(tx, change, code, who.clone()).await?;
        acts.push(Act::BadgeIssued(of(who)));
        Ok((code, acts))
    })
    .await
}

/// Takes a person's badges out of force.
///
/// # Errors
/// Nobody of that id, or no badge.
pub async fn end_badges(app: &App, doer: &Doer, who: &PersonId) -> Result<(), Problem> {
    known(app, who)?;
    let people = app.known();
    change(app, doer, async |tx, change| {
        let mut acts = Vec::new();
        for code in people.people.badges_of(who, change.recorded_at) {
            person::end_badge(tx, change, code).await?;
            acts.push(Act::BadgeEnded(of(who)));
        }
        if acts.is_empty() { Err(Problem::not_found()) } else { Ok(((), acts)) }
    })
    .await
}

/// Gives a person a code for the first sign-in, or for who forgot the password: shown once. The old password and the
/// second factor open nothing any more, sessions end.
///
/// # Errors
/// Nobody of that id.
pub async fn give_code(app: &App, doer: &Doer, who: &PersonId) -> Result<String, Problem> {
    known(app, who)?;
    not_oneself(doer, who)?;
    change(app, doer, async |tx, change| {
        let code = secret::draw_typed(&mut rand::rng());
        account::give_code(tx, change.region, who, &code, change.recorded_at).await?;
        account::set_totp(tx, change.region, who, None).await?;
        session::end_all(tx, change.region, who, None, change.recorded_at).await?;
        Ok((code, vec![Act::SecondFactorRemoved(of(who)), Act::PasswordChanged(of(who))]))
    })
    .await
}

/// Gives a person a PIN for shifts: shown once. The person may change it.
///
/// # Errors
/// Nobody of that id, or too many secrets wait to be hashed.
pub async fn give_pin(app: &App, doer: &Doer, who: &PersonId) -> Result<String, Problem> {
    known(app, who)?;
    let pin = format!("{:06}", rand::RngExt::random_range(&mut rand::rng(), 0..1_000_000));
    let hash = app.hashing().hash(pin.clone()).await?;
    change(app, doer, async |tx, change| {
        account::set_pin(tx, change.region, who, &hash).await?;
        Ok(((), vec![Act::PinSet(of(who))]))
    })
    .await?;
    Ok(pin)
}

/// Whether a text may be a PIN: six digits, not all the same, not counting up or down.
#[must_use]
pub fn is_pin(text: &str) -> bool {
    let digits = text.as_bytes();
    let all = digits.len() == 6 && digits.iter().all(u8::is_ascii_digit);
    let step = |by: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == by);
    all && !step(0) && !step(1) && !step(-1)
}

/// Makes the first security administrator, with the code that was printed when the server began.
///
/// # Errors
/// There is one already; the code is wrong; the password is too weak.
pub async fn first_administrator(
    app: &App,
    visitor: &Visitor,
    code: &str,
    row: PersonRow,
    chosen: String,
) -> Result<(), Problem> {
    app.attempts().count_address(crate::access::attempts::SIGN_INS_OF_ADDRESS, visitor.address, app.now())?;
    if !app.known().people.has_no_administrator() || !app.takes_first_code(code) {
        return Err(Problem::not_found());
    }
    crate::access::sign_in::strong_enough(app, &row.id, &chosen)?;
    if chosen.chars().count() > password::LENGTH_MAX || row.name.trim().is_empty() {
        return Err(Problem::invalid("`name` has 1 to 60 characters"));
    }
    let hash = app.hashing().hash(chosen).await?;
    let (region, who) = (app.region(), row.id.clone());
    let mut tx = app.db().begin().await?;
    let change = Change::begin(&mut tx, region, app.now()).await?;
    person::put(&mut tx, &change, row).await?;
    let post = PostRow::new(who.clone(), Role::SecurityAdmin, None);
    let from = change.recorded_at;
    person::give_post(&mut tx, &change, post, Validity::since(from)).await?;
    account::set_password(&mut tx, region, &who, &hash, from).await?;
    let given = Post { person: who.clone(), role: word(Role::SecurityAdmin.as_str())?, site: None, from, to: None };
    let entry = |act| crate::access::sign_in::by(&who, visitor, act);
    append(&mut tx, region, from, &[entry(Act::PersonSaved(of(&who))), entry(Act::PostGiven(given))]).await?;
    tx.commit().await?;
    app.refresh_people().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_six_digits_that_are_not_the_first_ones_tried() {
        assert!(is_pin("482913") && is_pin("112233"));
        for wrong in ["12345", "1234567", "123456", "654321", "777777", "12a456", "１２３４５６"] {
            assert!(!is_pin(wrong), "{wrong}");
        }
    }
}
