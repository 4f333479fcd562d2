//! One's own account: password, PIN, second factor, sessions. Every change asks for the password again, except the first
//! second factor, which follows the sign-in.
use super::login::set;
use super::{Words, page, troubled};
use crate::access::Permit;
use crate::access::sign_in::{self, Strength, Visitor};
use crate::access::{principal::Staff, second_factor};
use crate::app::App;
use crate::problem::Problem;
use crate::staff::is_pin;
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::time::Timestamp;
use registers::record::{Act, OfPerson, SessionEnd, SignedOut, append};
use registers::{account, session};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    words: Words,
    id: String,
    posts: Vec<(String, String)>,
    has_factor: bool,
    has_pin: bool,
    sessions: Vec<Line>,
    problem: Option<String>,
    done: Option<String>,
}

struct Line {
    id: Uuid,
    began: String,
    seen: String,
    address: String,
    agent: String,
    own: bool,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct FactorPage {
    words: Words,
    demanded: bool,
    qr: String,
    typed: String,
    /// Sealed, so that the form may carry it.
    sealed: String,
    problem: Option<String>,
}

/// `GET /account`
pub async fn get(State(app): State<App>, permit: Permit, headers: HeaderMap) -> Result<Response, Problem> {
    show(&app, &permit, &headers, Ok(None)).await
}

async fn show(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    said: Result<Option<&str>, Problem>,
) -> Result<Response, Problem> {
    let staff = permit.staff()?;
    let words = Words::of_permit(headers, app.known(), permit);
    let (region, now) = (app.region(), app.now());
    let row = account::find(app.db(), region, &staff.person).await?;
    let sessions = session::list(app.db(), region, &staff.person, now).await?;
    let line = |row: session::SessionRow| Line {
        id: row.id,
        began: words.time(Timestamp(row.began_at)),
        seen: words.ago(Timestamp(row.seen_at), now),
        address: row.address,
        agent: row.agent,
        own: row.id == staff.session,
    };
    let sessions = sessions.into_iter().filter(|row| row.strong >= 0).map(line).collect();
    let known = app.known();
    let posts = known.people.posts_at(&staff.person, now).map(|post| {
        let place = post.site.as_ref().map_or_else(|| words.t("people.region"), |site| words.site(site));
        (words.t(&format!("role.{}", post.role)), place)
    });
    let (problem, done) = match said {
        Ok(done) => (None, done.map(|key| words.t(key))),
        Err(problem) if problem.status < 500 => (Some(problem), None),
        Err(problem) => return Err(problem),
    };
    let shown = page(&AccountPage {
        id: staff.person.to_string(),
        posts: posts.collect(),
        has_factor: row.totp.is_some(),
        has_pin: row.pin.is_some(),
        sessions,
        problem: problem.as_ref().map(|problem| words.problem(problem)),
        done,
        words,
    });
    Ok(match problem {
        Some(problem) => troubled(&problem, shown),
        None => shown,
    })
}

/// What the form for a new password sends.
#[derive(Deserialize)]
pub struct NewPassword {
    old: String,
    new: String,
}

/// `POST /account/password`: every other session ends, and this one gets a new secret.
pub async fn password(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<NewPassword>,
) -> Result<Response, Problem> {
    match change_password(&app, permit.staff()?, &visitor, typed).await {
        Ok(secret) => Ok(set(&sign_in::cookie(&secret), "/account")),
        Err(problem) => show(&app, &permit, &headers, Err(problem)).await,
    }
}

async fn change_password(app: &App, staff: &Staff, visitor: &Visitor, typed: NewPassword) -> Result<String, Problem> {
    asks_again(app, staff, typed.old).await?;
    sign_in::strong_enough(app, &staff.person, &typed.new)?;
    let hash = app.hashing().hash(typed.new).await?;
    let (region, now, person) = (app.region(), app.now(), staff.person.clone());
    let mut tx = app.db().begin().await?;
    account::set_password(&mut tx, region, &person, &hash, now).await?;
    session::end_all(&mut tx, region, &person, None, now).await?;
    let changed = Act::PasswordChanged(OfPerson { person: person.clone() });
    append(&mut tx, region, now, &[sign_in::by(&person, visitor, changed)]).await?;
    tx.commit().await?;
    let strength = if staff.strong { Strength::SecondFactor } else { Strength::Password };
    sign_in::begin(app, visitor, &person, strength, Vec::new()).await
}

/// The password once more, before something that whoever finds an open screen should not do.
async fn asks_again(app: &App, staff: &Staff, typed: String) -> Result<(), Problem> {
    let row = account::find(app.db(), app.region(), &staff.person).await?;
    if let Some(until) = row.rests_until(account::Door::SignIn, app.now()) {
        return Err(crate::access::attempts::limited(until.since(app.now())));
    }
    if app.hashing().verify(typed, row.password).await? {
        return Ok(());
    }
    let mut tx = app.db().begin().await?;
    account::failed(&mut tx, app.region(), &staff.person, account::Door::SignIn, app.now()).await?;
    tx.commit().await?;
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-password", "The password is wrong"))
}

/// What the form for a PIN sends.
#[derive(Deserialize)]
pub struct NewPin {
    old: String,
    pin: String,
}

/// `POST /account/pin`
pub async fn pin(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<NewPin>,
) -> Result<Response, Problem> {
    let done = set_pin(&app, permit.staff()?, &visitor, typed).await.map(|()| Some("account.pin_set"));
    show(&app, &permit, &headers, done).await
}

async fn set_pin(app: &App, staff: &Staff, visitor: &Visitor, typed: NewPin) -> Result<(), Problem> {
    if !is_pin(&typed.pin) {
        let weak = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "pin-guessable", "This PIN may not be chosen");
        return Err(weak.detail("Six digits, not all the same and not in a row"));
    }
    asks_again(app, staff, typed.old).await?;
    let hash = app.hashing().hash(typed.pin).await?;
    let (region, person) = (app.region(), &staff.person);
    let mut tx = app.db().begin().await?;
    account::set_pin(&mut tx, region, person, &hash).await?;
    let set = Act::PinSet(OfPerson { person: person.clone() });
    append(&mut tx, region, app.now(), &[sign_in::by(person, visitor, set)]).await?;
    tx.commit().await?;
    Ok(())
}

/// `GET /account/second-factor`: a fresh secret as a QR code.
pub async fn factor(State(app): State<App>, permit: Permit, headers: HeaderMap) -> Result<Response, Problem> {
    let staff = permit.staff()?;
    let secret = second_factor::draw()?;
    let mut tx = app.db().begin().await?;
    let sealed = app.vault().seal_small(&mut tx, app.now(), &staff.person, &secret).await?;
    tx.commit().await?;
    show_factor(&app, &permit, &headers, &sealed, None)
}

fn show_factor(
    app: &App,
    permit: &Permit,
    headers: &HeaderMap,
    sealed: &str,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let staff = permit.staff()?;
    let words = Words::of_permit(headers, app.known(), permit);
    let secret = app.vault().open_small(&staff.person, sealed).map_err(|_| as_sent())?;
    let offer = second_factor::offer(&staff.person, &secret)?;
    let qr = labels::qr::svg(&offer.address).map_err(|error| Problem::internal(&error))?;
    let problem = problem.map(|problem| words.problem(problem));
    let demanded = staff.needs_second_factor();
    let sealed = sealed.to_owned();
    Ok(page(&FactorPage { words, demanded, qr, typed: offer.typed, sealed, problem }))
}

fn as_sent() -> Problem {
    Problem::invalid("`sealed` is as the page sent it")
}

/// What the form for a second factor sends.
#[derive(Deserialize)]
pub struct NewFactor {
    sealed: String,
    code: String,
    #[serde(default)]
    password: String,
}

/// `POST /account/second-factor`: set once a code of it was shown.
pub async fn set_factor(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<NewFactor>,
) -> Result<Response, Problem> {
    let sealed = typed.sealed.clone();
    match take_factor(&app, permit.staff()?, &visitor, typed).await {
        Ok(secret) => Ok(set(&sign_in::cookie(&secret), "/")),
        Err(problem) if problem.status < 500 => {
            Ok(troubled(&problem, show_factor(&app, &permit, &headers, &sealed, Some(&problem))?))
        }
        Err(problem) => Err(problem),
    }
}

async fn take_factor(app: &App, staff: &Staff, visitor: &Visitor, typed: NewFactor) -> Result<String, Problem> {
    let (region, now, person) = (app.region(), app.now(), &staff.person);
    let row = account::find(app.db(), region, person).await?;
    // Who has one already shows the password before it is replaced.
    if row.totp.is_some() {
        asks_again(app, staff, typed.password).await?;
    }
    let secret = app.vault().open_small(person, &typed.sealed).map_err(|_| as_sent())?;
    let step = second_factor::step(person, &secret, &typed.code, second_factor::real_now())?;
    let wrong = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-code", "The code is wrong");
    let step = step.ok_or_else(wrong)?;
    let mut tx = app.db().begin().await?;
    account::set_totp(&mut tx, region, person, Some(&typed.sealed)).await?;
    account::use_step(&mut tx, region, person, step).await?;
    session::end_all(&mut tx, region, person, None, now).await?;
    let set = Act::SecondFactorSet(OfPerson { person: person.clone() });
    append(&mut tx, region, now, &[sign_in::by(person, visitor, set)]).await?;
    tx.commit().await?;
    sign_in::begin(app, visitor, person, Strength::SecondFactor, Vec::new()).await
}

/// `POST /account/sessions/{id}/end`
pub async fn end_session(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let person = permit.staff()?.person.clone();
    let act = sign_in::ended(id, person.clone(), SessionEnd::ByPerson);
    sign_in::end_session(&app, sign_in::by(&person, &visitor, act), &person, id).await?;
    Ok(Redirect::to("/account").into_response())
}

/// What was seen is forgotten, so that *back* shows nothing. The cache alone: "storage" would empty the queue of a handheld
/// of the same origin.
const FORGET: &str = "\"cache\"";

/// `POST /logout`
pub async fn out(State(app): State<App>, permit: Permit, visitor: Visitor) -> Result<Response, Problem> {
    let staff = permit.staff()?;
    let out = Act::SignedOut(SignedOut { session: staff.session });
    sign_in::end_session(&app, sign_in::by(&staff.person, &visitor, out), &staff.person, staff.session).await?;
    let mut response = set(&sign_in::no_cookie(), "/login");
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static(FORGET));
    Ok(response)
}
