//! The applicant's page, `/t/<code>` from the receipt's QR, and `/t` for who types: stage, kind of place, ready or not, where and
//! until when, what to bring. No name, no item, no desk, no courier. For an old phone in WeChat: no script, no cookie, large type, and
//! with its own style sheet below [`BYTES_MAX`]. The language is in the address, so that it needs no cookie either.
//! What anybody is told is decided in `domain/src/standing.rs`, who is told it in `api/src/receipt.rs`.
use super::words::{Words, clock};
use super::{page, troubled};
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::receipt::{self, Seen};
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::SiteId;
use domain::network::SiteKind;
use domain::standing::{Place, Stage, Standing};
use domain::time::Timestamp;
use rust_i18n::t;
use serde::Deserialize;

/// A page with its style sheet and icon at most.
pub const BYTES_MAX: usize = 30_000;
/// Ratings, best first (好差评).
const RATINGS: [u8; 5] = [5, 4, 3, 2, 1];

/// In which language.
#[derive(Default, Deserialize)]
pub struct Language {
    #[serde(default)]
    lang: String,
}

/// What the form sends: a receipt code, or number and ending.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    lang: String,
    code: String,
    number: String,
    ending: String,
}

/// What the rating sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Rating {
    lang: String,
    stars: String,
}

#[derive(Template)]
#[template(path = "progress_form.html")]
struct FormPage {
    words: Words,
    other: String,
    number: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "progress_case.html")]
struct CasePage {
    words: Words,
    other: String,
    title: String,
    says: String,
    is_ready: bool,
    is_handed_out: bool,
    place: Option<String>,
    pickups: Vec<PickupPlace>,
    until: Option<String>,
    as_of: String,
    /// The receipt's address, for who may rate with it.
    rates_at: Option<String>,
    ratings: Vec<(u8, String)>,
    rated: bool,
    problem: Option<String>,
}

/// Where it can be fetched.
struct PickupPlace {
    name: String,
    address: String,
    hours: String,
    phone: String,
}

/// `GET /t`
pub async fn form(State(app): State<App>, Params(asked): Params<Language>) -> Response {
    plain(page(&FormPage {
        words: words(&app, &asked.lang),
        other: other(&asked.lang, "/t"),
        number: String::new(),
        problem: None,
    }))
}

/// `POST /t`: the answer stands on the page itself, for what was typed must not stand in an address.
pub async fn look(State(app): State<App>, visitor: Visitor, Form(asked): Form<Asked>) -> Response {
    if let Some(code) = receipt::read(&asked.code) {
        let lang = if asked.lang == "en" { "?lang=en" } else { "" };
        return plain(Redirect::to(&format!("/t/{}{lang}", labels::code::print(code))).into_response());
    }
    let seen = if asked.code.trim().is_empty() {
        receipt::by_number(&app, &visitor, &asked.number, &asked.ending).await
    } else {
        receipt::by_code(&app, &visitor, &asked.code).await
    };
    match seen {
        Ok(seen) => plain(page(&case(&app, &asked.lang, None, &seen.standing))),
        Err(problem) => sorry(&app, &asked.lang, &asked.number, &problem),
    }
}

/// `GET /t/{code}`
pub async fn get(
    State(app): State<App>,
    visitor: Visitor,
    Path(code): Path<String>,
    Params(asked): Params<Language>,
) -> Response {
    match receipt::by_code(&app, &visitor, &code).await {
        Ok(seen) => plain(page(&case(&app, &asked.lang, Some(&code), &seen.standing))),
        Err(problem) => sorry(&app, &asked.lang, "", &problem),
    }
}

/// `POST /t/{code}/rating`: once; the second one is thanked for too and changes nothing.
pub async fn rate(
    State(app): State<App>,
    visitor: Visitor,
    Path(code): Path<String>,
    Form(asked): Form<Rating>,
) -> Response {
    let seen = match receipt::by_code(&app, &visitor, &code).await {
        Ok(seen) => seen,
        Err(problem) => return sorry(&app, &asked.lang, "", &problem),
    };
    let rated = rated(&app, &seen, &asked.stars).await;
    let shown = case(&app, &asked.lang, Some(&code), &seen.standing);
    match rated {
        Ok(()) => plain(page(&CasePage { rated: true, ..shown })),
        Err(problem) if problem.status < 500 => {
            let said = shown.words.t(if problem.status == 422 { "progress.no_stars" } else { "progress.not_yet" });
            plain(troubled(&problem, page(&CasePage { problem: Some(said), ..shown })))
        }
        Err(problem) => sorry(&app, &asked.lang, "", &problem),
    }
}

async fn rated(app: &App, seen: &Seen, stars: &str) -> Result<(), Problem> {
    let stars = stars.parse::<u8>().ok().and_then(|stars| stars.try_into().ok());
    let stars = stars.ok_or_else(|| Problem::invalid("`stars` is 1 to 5"))?;
    receipt::rate(app, seen.case, stars).await
}

/// Chinese, unless the address says otherwise.
fn words(app: &App, lang: &str) -> Words {
    let mut words = Words::of(&HeaderMap::new(), app.known());
    words.english = lang == "en";
    words
}

/// The same page in the other language.
fn other(lang: &str, path: &str) -> String {
    if lang == "en" { path.to_owned() } else { format!("{path}?lang=en") }
}

/// What the page says. `code` is what opened it, if a receipt did.
fn case(app: &App, lang: &str, code: Option<&str>, standing: &Standing) -> CasePage {
    let words = words(app, lang);
    let receipt = code.and_then(receipt::read).map(|code| format!("/t/{}", labels::code::print(code)));
    let day = |at: Timestamp| clock(at, words.english).split(' ').next().unwrap_or_default().to_owned();
    let (stage, handed_out) = (stage_key(standing.stage), standing.stage == Stage::HandedOut);
    let rating = |stars: u8| (stars, words.t(&format!("progress.stars_{stars}")));
    CasePage {
        other: other(lang, receipt.as_deref().unwrap_or("/t")),
        title: words.t(&format!("progress.stage_{stage}")),
        says: words.t(&format!("progress.says_{stage}")),
        is_ready: standing.stage == Stage::Ready,
        is_handed_out: handed_out,
        place: standing.place.map(|place| words.t(&format!("progress.{}", place_key(place)))),
        pickups: pickups(app, &words, standing),
        until: standing.until.map(day),
        as_of: clock(standing.as_of, words.english),
        rates_at: receipt.filter(|_| handed_out),
        ratings: RATINGS.map(rating).into(),
        rated: handed_out && standing.rated,
        problem: None,
        words,
    }
}

fn pickups(app: &App, words: &Words, standing: &Standing) -> Vec<PickupPlace> {
    let known = app.known();
    let place = |id: &SiteId| {
        let site = known.sites.get(id);
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        PickupPlace {
            name: words.site(id),
            address: text(site.and_then(|site| site.address.as_ref())),
            hours: text(site.map(|site| &site.hours)),
            phone: text(site.and_then(|site| site.phone.as_ref())),
        }
    };
    standing.fetched_at.iter().map(place).collect()
}

fn stage_key(stage: Stage) -> &'static str {
    match stage {
        Stage::Received => "received",
        Stage::OnTheWay => "on_the_way",
        Stage::AtDepartment => "at_department",
        Stage::Decided => "decided",
        Stage::OnTheWayBack => "on_the_way_back",
        Stage::Ready => "ready",
        Stage::HandedOut => "handed_out",
        Stage::NotAccepted => "not_accepted",
        Stage::Withdrawn => "withdrawn",
        Stage::Closed => "closed",
        Stage::BeingLookedFor => "being_looked_for",
    }
}

fn place_key(place: Place) -> &'static str {
    match place {
        Place::Site(SiteKind::Station) => "at_station",
        Place::Site(SiteKind::Centre) => "at_centre",
        Place::Site(SiteKind::Hub) => "at_hub",
        Place::Site(SiteKind::Department) => "at_the_department",
        Place::Road => "on_the_road",
    }
}

/// The form again, with what went wrong. Says nothing of which code, nor why it opens nothing.
fn sorry(app: &App, lang: &str, number: &str, problem: &Problem) -> Response {
    let words = words(app, lang);
    let minutes = problem.retry_after.map_or(1, |seconds| seconds.div_ceil(60));
    let said = match problem.status {
        404 => words.t("progress.nothing"),
        422 => words.t("progress.no_ending"),
        429 => t!("progress.too_often", locale = words.lang(), minutes = minutes).into_owned(),
        _ => words.t("progress.trouble"),
    };
    let number = if problem.status == 429 { "" } else { number };
    let shown = FormPage { words, other: other(lang, "/t"), number: number.to_owned(), problem: Some(said) };
    plain(troubled(problem, page(&shown)))
}

/// Kept nowhere, found by no search engine; and where a link leads is not told where it came from, for the address is the secret.
fn plain(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    response
}
