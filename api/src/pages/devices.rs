//! Devices within reach: what they are bound to, enrolled by a one-time code, revoked at once.
use super::people::ListQuery;
use super::rows::{Pager, Sheets, address, cut, holds};
use super::typed::{self, filled};
use super::{Words, again, done, page};
use crate::access::sign_in::Visitor;
use crate::access::{Action, Permit, Scope};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::v1::devices::{DeviceView, revoke_now, within};
use crate::v1::enrolments::{EnrolmentRequest, Offered, offer_now};
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::{DeviceId, PersonId, SiteId};
use domain::time::Timestamp;
use registers::credential::ENROLMENT_MS;
use registers::person::Role;
use rust_i18n::t;
use serde::Deserialize;

/// What may have been done just now, as the address says it.
const DONE: [&str; 1] = ["revoked"];

#[derive(Template)]
#[template(path = "devices.html")]
struct DevicesPage {
    words: Words,
    query: String,
    devices: Vec<Line>,
    pager: Pager,
    sheets: Sheets,
    enrols: bool,
    revokes: bool,
    /// Whether couriers' devices are within reach.
    wide: bool,
    sites: Vec<(String, String)>,
    couriers: Vec<(String, String)>,
    typed: NewDevice,
    problem: Option<String>,
    done: Option<String>,
}

/// A device in the list.
pub(crate) struct Line {
    pub id: String,
    pub name: String,
    /// As people call what it is bound to.
    pub bound: String,
    site: String,
    courier: String,
    /// When it was revoked; empty for one that is in force.
    revoked: String,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolPage {
    words: Words,
    name: String,
    bound: String,
    qr: String,
    code: String,
    good: String,
}

/// What the form that enrols sends.
#[derive(Clone, Default, Deserialize)]
pub struct NewDevice {
    #[serde(default)]
    name: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    courier: String,
    /// One that is known already, to be enrolled again.
    #[serde(default)]
    device: String,
}

/// `GET /devices`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ListQuery>,
) -> Response {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let done = done(&words, &DONE, &query.done);
    let typed = NewDevice { site: own_site(&app, &permit), ..NewDevice::default() };
    page(&DevicesPage { done, typed, ..build(&app, &permit, words, &query) })
}

/// Where the reader's own post is: most devices are enrolled for there.
pub(super) fn own_site(app: &App, permit: &Permit) -> String {
    let (known, now) = (app.known(), app.now());
    let sites = |person| known.people.posts_at(person, now).find_map(|post| post.site.as_ref());
    permit.person().and_then(sites).map(ToString::to_string).unwrap_or_default()
}

fn build(app: &App, permit: &Permit, words: Words, query: &ListQuery) -> DevicesPage {
    let typed_query = query.q.trim().to_owned();
    let to = |page: usize| address("/devices", &[("q", typed_query.as_str()), ("page", page.to_string().as_str())]);
    let (devices, pager) = cut(&words, found(app, permit, &words, &typed_query), &query.page, to);
    let sheets = Sheets::of("devices", &[("q", typed_query.as_str())]);
    let offers = permit.who.scope(Action::EnrolDevices);
    let wide = offers == Some(Scope::Region);
    DevicesPage {
        query: typed_query.clone(),
        devices,
        pager,
        sheets,
        enrols: offers.is_some(),
        revokes: permit.who.scope(Action::RevokeDevices).is_some(),
        wide,
        sites: offers.map(|scope| typed::sites(app, &words, &scope)).unwrap_or_default(),
        couriers: if wide { couriers(app) } else { Vec::new() },
        typed: NewDevice::default(),
        problem: None,
        done: None,
        words,
    }
}

/// The devices within reach whose row holds what was typed: for the page and its sheet.
pub(crate) fn found(app: &App, permit: &Permit, words: &Words, typed: &str) -> Vec<Line> {
    let mut found: Vec<Line> = within(app, permit).iter().map(|device| line(words, device)).collect();
    found.retain(|it| holds(&format!("{} {} {} {} {}", it.id, it.name, it.bound, it.site, it.courier), typed));
    // What is in force first, then as people call them.
    found.sort_by(|a, b| (a.revoked_at.is_some(), &a.name, &a.id).cmp(&(b.revoked_at.is_some(), &b.name, &b.id)));
    found
}

fn line(words: &Words, device: &DeviceView) -> Line {
    let revoked_at = device.revoked_at.map(Timestamp);
    Line {
        id: device.device.clone(),
        name: device.name.clone(),
        bound: bound(words, device.site.as_deref(), device.courier.as_deref()),
        site: device.site.clone().unwrap_or_default(),
        courier: device.courier.clone().unwrap_or_default(),
        revoked: revoked_at.map(|at| words.time(at)).unwrap_or_default(),
        revoked_at,
    }
}

fn bound(words: &Words, site: Option<&str>, courier: Option<&str>) -> String {
    let site = site.and_then(|id| id.parse().ok()).map(|id| words.site(&id));
    let courier = courier.and_then(|id| id.parse().ok()).map(|id| words.name(&id));
    let carried = courier.map(|name| format!("{} · {name}", words.named("role", Role::Courier.as_str())));
    site.or(carried).unwrap_or_default()
}

/// Couriers in office, by account, with their names.
fn couriers(app: &App) -> Vec<(String, String)> {
    let (known, now) = (app.known(), app.now());
    let carries = |post: &registers::person::PostRow| post.role == Role::Courier;
    let all = known.people.all().filter(|row| known.people.posts_at(&row.id, now).any(carries));
    all.map(|row| (row.id.to_string(), row.name.clone())).collect()
}

/// `POST /devices`: the one-time code, or the page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(typed): Form<NewDevice>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    match offer(&app, &permit, &typed).await {
        Ok((offered, asked)) => {
            let (site, courier) = (asked.site.as_ref(), asked.courier.as_ref());
            let bound = bound(&words, site.map(SiteId::as_str), courier.map(PersonId::as_str));
            shown(words, asked.name, bound, offered)
        }
        Err(problem) => {
            let status = again(&problem)?;
            let problem = Some(words.problem(&problem));
            let shown = build(&app, &permit, words, &ListQuery::default());
            Ok((status, page(&DevicesPage { problem, typed, ..shown })).into_response())
        }
    }
}

async fn offer(app: &App, permit: &Permit, typed: &NewDevice) -> Result<(Offered, EnrolmentRequest), Problem> {
    let no_courier = |_| Problem::unfit("no-such-courier", "`courier` is an account");
    let courier = filled(&typed.courier).map(|text| text.parse().map_err(no_courier)).transpose()?;
    let device = filled(&typed.device).map(|text| text.parse().map_err(|_| Problem::not_found())).transpose()?;
    let site = typed::site(app, &permit.scope, &typed.site)?;
    let asked = EnrolmentRequest { name: typed.name.clone(), site, courier, device };
    Ok((offer_now(app, permit, asked.clone()).await?, asked))
}

fn shown(words: Words, name: String, bound: String, offered: Offered) -> Result<Response, Problem> {
    let qr = labels::qr::svg(&offered.link).map_err(|error| Problem::internal(&error))?;
    let (minutes, until) = (ENROLMENT_MS / 60_000, words.time(Timestamp(offered.expires_at)));
    let good = t!("devices.good", locale = words.lang(), minutes = minutes, until = until).into_owned();
    Ok(page(&EnrolPage { name, bound, qr, code: offered.code, good, words }))
}

/// `POST /devices/{device}/revoke`
pub async fn revoke(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(device): Path<String>,
) -> Result<Response, Problem> {
    let id: DeviceId = device.parse().map_err(|_| Problem::not_found())?;
    revoke_now(&app, &permit, &visitor, &id).await?;
    Ok(Redirect::to("/devices?done=revoked").into_response())
}
