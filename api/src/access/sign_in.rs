//! Signing in: tries are counted before anything is hashed, wrong and unknown are answered alike, and each outcome is
//! recorded in the transaction that makes it so.
use crate::access::attempts::{FAILURES_OF_NOBODY, SIGN_INS_OF_ADDRESS, limited};
use crate::access::principal::COOKIE;
use crate::access::second_factor;
use crate::app::App;
use crate::problem::Problem;
use axum::http::StatusCode;
use domain::id::PersonId;
use domain::time::Timestamp;
use registers::account::{self, AccountRow, Door, REST_MS};
use registers::record::{
    Act, Actor, Entry, Limited, Locked, OfPerson, SessionEnd, SessionEnded, SignInFailed, SignInFailure, SignedIn,
    append,
};
use registers::{password, session};
use std::net::IpAddr;
use uuid::Uuid;

/// Fewer characters are guessed too soon (level protection asks for ten).
pub const PASSWORD_MIN: usize = 10;
/// Guesses that a password must withstand, as zxcvbn counts them: 3 of 0 to 4.
const STRENGTH_MIN: zxcvbn::Score = zxcvbn::Score::Three;

/// From where somebody comes.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub address: IpAddr,
    pub agent: String,
}

/// How far a sign-in came. Holds the secret of the cookie.
#[derive(Clone)]
pub enum Entered {
    In(String),
    /// The password was right; a second factor is still to be shown.
    Half(String),
}

/// The `Set-Cookie` of a session.
#[must_use]
pub fn cookie(secret: &str) -> String {
    format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", session::ABSOLUTE_MS / 1000)
}

/// The `Set-Cookie` that takes it away.
#[must_use]
pub fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

fn wrong() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "wrong-sign-in", "Account or secret is wrong")
}

/// A person and the account, if there are such.
struct Known {
    person: Option<PersonId>,
    account: AccountRow,
}

/// Counts the try and finds the account; who rests is told to come back.
async fn knock(app: &App, visitor: &Visitor, typed: &str) -> Result<Known, Problem> {
    let now = app.now();
    if let Err(many) = app.attempts().count_address(SIGN_INS_OF_ADDRESS, visitor.address, now) {
        if many.first {
            limited_record(app, visitor, many.door, None).await?;
        }
        return Err(many.into());
    }
    let person = typed.trim().parse::<PersonId>().ok().filter(|id| app.known().people.find(id).is_some());
    let Some(person) = person else {
        // Whoever is unknown rests like everybody, so that resting tells nothing.
        app.attempts().count(FAILURES_OF_NOBODY, typed.trim(), now)?;
        return Ok(Known { person: None, account: AccountRow::default() });
    };
    let account = account::find(app.db(), app.region(), &person).await?;
    match account.rests_until(Door::SignIn, now) {
        Some(until) => Err(limited(until.since(now))),
        None => Ok(Known { person: Some(person), account }),
    }
}

async fn limited_record(app: &App, visitor: &Visitor, door: &str, account: Option<PersonId>) -> Result<(), Problem> {
    let act = Act::Limited(Limited { door: word(door)?, account });
    app.record(&Entry { actor: Actor::System, address: Some(visitor.address), act }).await
}

pub(crate) fn word(text: &str) -> Result<registers::record::Word, Problem> {
    text.parse().map_err(|error| Problem::internal(&error))
}

/// With account and password.
///
/// # Errors
/// Wrong or unknown: 401, alike. Too often: 429.
pub async fn with_password(app: &App, visitor: &Visitor, typed: &str, secret: String) -> Result<Entered, Problem> {
    let known = knock(app, visitor, typed).await?;
    let secret: String = secret.chars().take(password::LENGTH_MAX + 1).collect();
    let right = app.hashing().verify(secret, known.account.password.clone()).await?;
    let Some(person) = known.person.filter(|_| right) else {
        let why = SignInFailure::WrongPassword;
        return failed(app, visitor, typed, why).await;
    };
    if app.known().people.posts_at(&person, app.now()).next().is_none() {
        return failed(app, visitor, typed, SignInFailure::NotInForce).await;
    }
    if known.account.totp.is_some() {
        let secret = begin(app, visitor, &person, Strength::Half, Vec::new()).await?;
        return Ok(Entered::Half(secret));
    }
    Ok(Entered::In(begin(app, visitor, &person, Strength::Password, Vec::new()).await?))
}

/// The code of the second factor, after the password.
///
/// # Errors
/// Wrong: 401. Too often: 429.
pub async fn with_second_factor(app: &App, visitor: &Visitor, half: &str, code: &str) -> Result<String, Problem> {
    let found = session::find(app.db(), app.region(), half, app.now()).await?;
    let row = found.filter(|row| row.strong == Strength::Half as i64).ok_or_else(wrong)?;
    let person = row.person.0;
    let known = knock(app, visitor, person.as_str()).await?;
    if !second_factor::uses(app, &person, &known.account, code).await? {
        return failed(app, visitor, person.as_str(), SignInFailure::WrongSecondFactor).await.map(|_| String::new());
    }
    // A new secret: whoever saw the half one has nothing.
    let mut tx = app.db().begin().await?;
    session::end(&mut tx, app.region(), &person, row.id, app.now()).await?;
    tx.commit().await?;
    begin(app, visitor, &person, Strength::SecondFactor, Vec::new()).await
}

/// With a one-time code: the password is chosen now.
///
/// # Errors
/// A wrong code, or one that is over: 401. A password that is too weak: 422.
pub async fn with_code(
    app: &App,
    visitor: &Visitor,
    typed: &str,
    code: &str,
    chosen: String,
) -> Result<Entered, Problem> {
    let known = knock(app, visitor, typed).await?;
    let Some(person) = known.person.filter(|_| known.account.takes_code(code, app.now())) else {
        return failed(app, visitor, typed, SignInFailure::WrongPassword).await;
    };
    strong_enough(app, &person, &chosen)?;
    let hash = app.hashing().hash(chosen).await?;
    let mut tx = app.db().begin().await?;
    account::set_password(&mut tx, app.region(), &person, &hash, app.now()).await?;
    session::end_all(&mut tx, app.region(), &person, None, app.now()).await?;
    let changed = Act::PasswordChanged(OfPerson { person: person.clone() });
    append(&mut tx, app.region(), app.now(), &[by(&person, visitor, changed)]).await?;
    tx.commit().await?;
    let half = known.account.totp.is_some();
    let strength = if half { Strength::Half } else { Strength::Password };
    let secret = begin(app, visitor, &person, strength, Vec::new()).await?;
    Ok(if half { Entered::Half(secret) } else { Entered::In(secret) })
}

/// Whether a password may be chosen.
///
/// # Errors
/// Too short, too long, or among those that are tried first.
pub fn strong_enough(app: &App, person: &PersonId, chosen: &str) -> Result<(), Problem> {
    let weak = |kind: &str, detail: &str| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, kind, "This password may not be chosen").detail(detail)
    };
    let length = chosen.chars().count();
    if !(PASSWORD_MIN..=password::LENGTH_MAX).contains(&length) {
        return Err(weak("password-length", "It has 10 to 128 characters"));
    }
    let known = app.known();
    let name = known.people.find(person).map(|row| row.name.as_str()).unwrap_or_default();
    let looked_at: String = chosen.chars().take(64).collect();
    let strength = zxcvbn::zxcvbn(&looked_at, &[person.as_str(), name, "liuzhuan", "流转"]);
    if strength.score() < STRENGTH_MIN {
        return Err(weak("password-guessable", "It is guessed too soon: use a few words that do not belong together"));
    }
    Ok(())
}

/// How sure a session may be of its person; what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Opens nothing but the question for the second factor.
    Half = -1,
    Password = 0,
    SecondFactor = 1,
}

/// Begins a session; its secret.
///
/// # Errors
/// The database's own.
pub async fn begin(
    app: &App,
    visitor: &Visitor,
    person: &PersonId,
    strength: Strength,
    mut also: Vec<Entry>,
) -> Result<String, Problem> {
    let (region, now) = (app.region(), app.now());
    let mut tx = app.db().begin().await?;
    let it = session::Begin {
        person,
        strong: strength as i64,
        address: &visitor.address.to_string(),
        agent: &visitor.agent,
    };
    let (secret, id) = session::begin(&mut tx, region, now, &it, &mut registers::secret::rng()).await?;
    account::succeeded(&mut tx, region, person, Door::SignIn).await?;
    if strength != Strength::Half {
        let second_factor = strength == Strength::SecondFactor;
        also.push(by(person, visitor, Act::SignedIn(SignedIn { session: id, second_factor })));
    }
    append(&mut tx, region, now, &also).await?;
    tx.commit().await?;
    Ok(secret)
}

/// An entry of somebody's own doing.
#[must_use]
pub fn by(person: &PersonId, visitor: &Visitor, act: Act) -> Entry {
    Entry { actor: Actor::Person(person.clone()), address: Some(visitor.address), act }
}

/// Counts and records a failure, and answers as to everybody.
async fn failed(app: &App, visitor: &Visitor, typed: &str, why: SignInFailure) -> Result<Entered, Problem> {
    let (region, now) = (app.region(), app.now());
    let person = typed.trim().parse::<PersonId>().ok().filter(|id| app.known().people.find(id).is_some());
    let mut tx = app.db().begin().await?;
    let why = if person.is_some() { why } else { SignInFailure::UnknownAccount };
    let act = Act::SignInFailed(SignInFailed { account: person.clone(), why });
    let mut entries = vec![Entry { actor: Actor::System, address: Some(visitor.address), act }];
    if let Some(person) = &person
        && account::failed(&mut tx, region, person, Door::SignIn, now).await?
    {
        entries.push(locked(person, now, visitor));
    }
    append(&mut tx, region, now, &entries).await?;
    tx.commit().await?;
    Err(wrong())
}

pub(crate) fn locked(person: &PersonId, now: Timestamp, visitor: &Visitor) -> Entry {
    let act = Act::Locked(Locked { person: person.clone(), until: now.plus(REST_MS) });
    Entry { actor: Actor::System, address: Some(visitor.address), act }
}

/// Ends one of a person's sessions, and says so in the record.
///
/// # Errors
/// None of that id, or the database's own.
pub async fn end_session(app: &App, actor: Entry, person: &PersonId, id: Uuid) -> Result<(), Problem> {
    let mut tx = app.db().begin().await?;
    if !session::end(&mut tx, app.region(), person, id, app.now()).await? {
        tx.rollback().await?;
        return Err(Problem::not_found());
    }
    append(&mut tx, app.region(), app.now(), &[actor]).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends the session of a cookie, if it lasts: the same browser has begun another.
///
/// # Errors
/// The database's own.
pub async fn leave(app: &App, visitor: &Visitor, former: &str) -> Result<(), Problem> {
    let Some(row) = session::find(app.db(), app.region(), former, app.now()).await? else { return Ok(()) };
    let person = row.person.0;
    let act = ended(row.id, person.clone(), SessionEnd::ByPerson);
    match end_session(app, by(&person, visitor, act), &person, row.id).await {
        // Somebody else ended it first.
        Err(problem) if problem.status == 404 => Ok(()),
        done => done,
    }
}

/// That a session was ended.
#[must_use]
pub fn ended(session: Uuid, person: PersonId, why: SessionEnd) -> Act {
    Act::SessionEnded(SessionEnded { session, person, why })
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        let client = crate::client_address::ClientAddress::from_request_parts(parts, state).await?;
        let agent = parts.headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { address: client.ip, agent: agent.unwrap_or_default().to_owned() })
    }
}
