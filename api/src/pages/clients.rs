//! Tokens of programs that work with ours: made for some scopes and a while, shown once, revoked.
use super::once::Once;
use super::people::ListQuery;
use super::rows::{Pager, address, cut};
use super::{Words, again, done, page};
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::access::who_may::ClientScope;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::v1::clients::{ClientRequest, DAYS_MAX, make_now, revoke_now};
use askama::Template;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::time::Timestamp;
use registers::token::{self, TokenRow};
use rust_i18n::t;
use serde::Deserialize;

/// Days that the form offers.
const DAYS: u32 = 90;
/// What may have been done just now, as the address says it.
const DONE: [&str; 1] = ["revoked"];

#[derive(Template)]
#[template(path = "clients.html")]
struct ClientsPage {
    words: Words,
    clients: Vec<Line>,
    pager: Pager,
    scopes: Vec<Scope>,
    name: String,
    days: String,
    days_max: u32,
    problem: Option<String>,
    done: Option<String>,
}

struct Line {
    name: String,
    scopes: String,
    made: String,
    expires: String,
    /// Why it opens nothing any more; empty while it does.
    over: String,
}

struct Scope {
    name: &'static str,
    says: String,
    chosen: bool,
}

/// What the form sends: pairs, for a scope may come several times.
type Pairs = Vec<(String, String)>;

/// `GET /clients`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<ListQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let done = done(&words, &DONE, &query.done);
    Ok(page(&ClientsPage { done, ..build(&app, words, &query.page, &[]).await? }))
}

async fn build(app: &App, words: Words, asked: &str, typed: &[(String, String)]) -> Result<ClientsPage, Problem> {
    let mut rows = token::list(app.db(), app.region()).await?;
    rows.reverse();
    let to = |page: usize| address("/clients", &[("page", page.to_string().as_str())]);
    let (rows, pager) = cut(&words, rows, asked, to);
    let now = app.now();
    let clients = rows.into_iter().map(|row| line(&words, row, now)).collect();
    let scope = |scope: ClientScope| Scope {
        name: scope.name(),
        says: words.named("scope", scope.name()),
        chosen: all(typed, "scope").any(|chosen| chosen == scope.name()),
    };
    let scopes = ClientScope::ALL.map(scope).into();
    let days = all(typed, "days").next().map_or_else(|| DAYS.to_string(), ToOwned::to_owned);
    let name = all(typed, "name").next().unwrap_or_default().to_owned();
    Ok(ClientsPage { clients, pager, scopes, name, days, days_max: DAYS_MAX, problem: None, done: None, words })
}

fn line(words: &Words, row: TokenRow, now: Timestamp) -> Line {
    let scopes: Vec<String> = row.scopes.split_whitespace().map(|scope| words.named("scope", scope)).collect();
    let revoked = row.revoked_at.map(|at| format!("{} {}", words.t("clients.revoked"), words.time(at)));
    let ended = row.expires_at.filter(|at| *at <= now).map(|_| words.t("clients.expired"));
    Line {
        name: row.name,
        scopes: scopes.join(&words.t("rows.comma")),
        made: words.time(row.created_at),
        expires: row.expires_at.map_or_else(|| words.t("clients.never"), |at| words.time(at)),
        over: revoked.or(ended).unwrap_or_default(),
    }
}

/// Everything that was sent under a name.
fn all<'a>(typed: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    typed.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
}

/// `POST /clients`: the token, or the page again with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<Pairs>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let asked = ClientRequest {
        name: all(&typed, "name").next().unwrap_or_default().to_owned(),
        scopes: all(&typed, "scope").map(ToOwned::to_owned).collect(),
        days: all(&typed, "days").next().and_then(|days| days.parse().ok()).unwrap_or_default(),
    };
    match make_now(&app, &permit, &visitor, &asked).await {
        Ok(made) => {
            let until = words.time(Timestamp(made.expires_at));
            let note = t!("clients.once", locale = words.lang(), until = until).into_owned();
            let title = words.t("clients.token");
            let once = Once { title, of: asked.name, secret: made.token, note, back: "/clients".to_owned(), words };
            Ok(page(&once))
        }
        Err(problem) => {
            let status = again(&problem)?;
            let problem = Some(words.problem(&problem));
            Ok((status, page(&ClientsPage { problem, ..build(&app, words, "", &typed).await? })).into_response())
        }
    }
}

/// What the form that revokes sends.
#[derive(Deserialize)]
pub struct Revoked {
    #[serde(default)]
    name: String,
}

/// `POST /clients/revoke`: the name may hold a slash, so it is not in the address.
pub async fn revoke(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Form(revoked): Form<Revoked>,
) -> Result<Response, Problem> {
    match revoke_now(&app, &permit, &visitor, &revoked.name).await {
        Ok(()) => Ok(Redirect::to("/clients?done=revoked").into_response()),
        Err(problem) => {
            let status = again(&problem)?;
            let words = Words::of_permit(&headers, app.known(), &permit);
            let problem = Some(words.problem(&problem));
            Ok((status, page(&ClientsPage { problem, ..build(&app, words, "", &[]).await? })).into_response())
        }
    }
}
