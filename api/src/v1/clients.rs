//! Tokens of programs that work with ours: made for some scopes and a while, shown once, revoked.
use crate::access::Permit;
use crate::access::sign_in::{Visitor, word};
use crate::access::who_may::ClientScope;
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use registers::record::{Act, ClientMade, ClientRevoked, Entry, Word, append};
use registers::{Change, token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days a token may last at most: then its purpose is looked at again.
pub const DAYS_MAX: u32 = 366;

/// A token without its secret.
#[derive(Serialize, ToSchema)]
pub struct ClientView {
    pub name: String,
    pub scopes: String,
    pub made_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct Clients {
    pub items: Vec<ClientView>,
}

/// Every token ever made, oldest first.
#[utoipa::path(get, path = "/clients", tag = "clients", responses((status = 200, body = Clients)))]
pub async fn list(State(app): State<App>, _permit: Permit) -> Result<Json<Clients>, Problem> {
    let rows = token::list(app.db(), app.region()).await?;
    let view = |row: token::TokenRow| ClientView {
        name: row.name,
        scopes: row.scopes,
        made_at: row.created_at.0,
        expires_at: row.expires_at.map(|at| at.0),
        revoked_at: row.revoked_at.map(|at| at.0),
    };
    Ok(Json(Clients { items: rows.into_iter().map(view).collect() }))
}

/// What a token is for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ClientRequest {
    /// What it is for; begins with a letter.
    pub name: String,
    /// scan, read, decide, set_up, feed, metrics.
    pub scopes: Vec<String>,
    /// Days it lasts, 1 to 366.
    pub days: u32,
}

/// A token, shown once.
#[derive(Serialize, ToSchema)]
pub struct ClientToken {
    pub token: String,
    pub expires_at: i64,
}

/// Makes a token.
#[utoipa::path(post, path = "/clients", tag = "clients", request_body = ClientRequest, responses(
    (status = 200, body = ClientToken), (status = 400, body = Problem), (status = 413, body = Problem),
    (status = 422, body = Problem)))]
pub async fn make(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Body(asked): Body<ClientRequest>,
) -> Result<Json<ClientToken>, Problem> {
    Ok(Json(make_now(&app, &permit, &visitor, &asked).await?))
}

/// Makes a token: for the JSON door and the page.
///
/// # Errors
/// A name, scope or term that is none.
pub async fn make_now(
    app: &App,
    permit: &Permit,
    visitor: &Visitor,
    asked: &ClientRequest,
) -> Result<ClientToken, Problem> {
    let client: Word = asked.name.parse().map_err(|bad| Problem::unfit("client-name", bad))?;
    let known = |scope: &String| ClientScope::ALL.iter().any(|known| known.name() == scope);
    if asked.scopes.is_empty() || !asked.scopes.iter().all(known) {
        return Err(Problem::unfit("no-scope", "`scopes` are some of scan, read, decide, set_up, feed, metrics"));
    }
    if !(1..=DAYS_MAX).contains(&asked.days) {
        return Err(Problem::unfit("client-days", format!("`days` is 1 to {DAYS_MAX}")));
    }
    let expires_at = app.now().plus(i64::from(asked.days) * 86_400_000);
    let mut tx = app.db().begin().await?;
    let change = Change::begin(&mut tx, app.region(), app.now()).await?;
    let scopes = asked.scopes.join(" ");
    let token =
        token::create(&mut tx, &change, &asked.name, &scopes, Some(expires_at), &mut registers::secret::rng()).await?;
    let scopes = asked.scopes.iter().map(|scope| word(scope)).collect::<Result<_, _>>()?;
    let act = Act::ClientMade(ClientMade { client, scopes, expires_at: Some(expires_at) });
    let entry = Entry { actor: permit.who.actor(), address: Some(visitor.address), act };
    append(&mut tx, app.region(), change.recorded_at, &[entry]).await?;
    tx.commit().await?;
    Ok(ClientToken { token, expires_at: expires_at.0 })
}

/// Revokes every token of a name.
#[utoipa::path(delete, path = "/clients/{name}", tag = "clients", params(("name" = String, Path)), responses(
    (status = 204), (status = 422, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    revoke_now(&app, &permit, &visitor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes every token of a name: for the JSON door and the page.
///
/// # Errors
/// None of that name in force.
pub async fn revoke_now(app: &App, permit: &Permit, visitor: &Visitor, name: &str) -> Result<(), Problem> {
    let client = name.parse().map_err(Problem::invalid)?;
    let mut tx = app.db().begin().await?;
    let change = Change::begin(&mut tx, app.region(), app.now()).await?;
    if token::revoke(&mut tx, &change, name).await? == 0 {
        tx.rollback().await?;
        return Err(Problem::not_found());
    }
    let act = Act::ClientRevoked(ClientRevoked { client });
    let entry = Entry { actor: permit.who.actor(), address: Some(visitor.address), act };
    append(&mut tx, app.region(), change.recorded_at, &[entry]).await?;
    tx.commit().await?;
    Ok(())
}
