//! The staff: people, posts, badges, codes and PINs. For the security administrator; a supervisor may look.
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::staff::{self, Doer, Given};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::{PersonId, SiteId};
use domain::time::Timestamp;
use registers::person::{PersonRow, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person with posts.
#[derive(Serialize, ToSchema)]
pub struct PersonView {
    pub id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub posts: Vec<PostView>,
    /// Badges in force, as printed.
    pub badges: Vec<String>,
}

/// A post and its term.
#[derive(Serialize, ToSchema)]
pub struct PostView {
    /// Names it when it is ended.
    pub id: String,
    /// courier, agent, clerk, sorter, department, supervisor, system_admin, audit_admin or security_admin.
    pub role: &'static str,
    /// None: the whole region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    pub from: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
}

/// Everybody.
#[derive(Serialize, ToSchema)]
pub struct People {
    pub items: Vec<PersonView>,
}

pub(crate) fn view(app: &App, row: &PersonRow) -> PersonView {
    let known = app.known();
    let post = |it: &registers::Dated<registers::person::PostRow>| PostView {
        id: it.row.id.clone(),
        role: it.row.role.as_str(),
        site: it.row.site.as_ref().map(ToString::to_string),
        from: it.valid.from.0,
        to: it.valid.to.map(|to| to.0),
    };
    PersonView {
        id: row.id.to_string(),
        name: row.name.clone(),
        phone: row.phone.clone(),
        posts: known.people.posts_of(&row.id).map(post).collect(),
        badges: known.people.badges_of(&row.id, app.now()).map(labels::code::print).collect(),
    }
}

/// The people within reach, by id.
#[utoipa::path(get, path = "/people", tag = "people", responses((status = 200, body = People)))]
pub async fn list(State(app): State<App>, permit: Permit) -> Json<People> {
    let known = app.known();
    let within = known.people.all().filter(|row| staff::sees(&app, &permit, &row.id));
    Json(People { items: within.map(|row| view(&app, row)).collect() })
}

fn id(text: &str) -> Result<PersonId, Problem> {
    text.parse().map_err(Problem::invalid)
}

/// One person.
#[utoipa::path(get, path = "/people/{person}", tag = "people", params(("person" = String, Path)), responses(
    (status = 200, body = PersonView), (status = 422, body = Problem)))]
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(person): Path<String>,
) -> Result<Json<PersonView>, Problem> {
    let known = app.known();
    let row = known.people.find(&id(&person)?).ok_or_else(Problem::not_found)?;
    if !staff::sees(&app, &permit, &row.id) {
        return Err(Problem::beyond());
    }
    Ok(Json(view(&app, row)))
}

/// What is known of a person.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PersonRequest {
    pub name: String,
    #[serde(default)]
    pub phone: Option<String>,
}

/// Saves a person; repeating it changes nothing.
#[utoipa::path(put, path = "/people/{person}", tag = "people", request_body = PersonRequest,
    params(("person" = String, Path)), responses((status = 200, body = PersonView), (status = 400, body = Problem),
    (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
    Body(asked): Body<PersonRequest>,
) -> Result<Json<PersonView>, Problem> {
    let row = PersonRow { id: id(&person)?, name: asked.name, phone: asked.phone };
    if app.known().people.find(&row.id) != Some(&row) {
        staff::save(&app, &Doer::of(&permit, &visitor), row.clone()).await?;
    }
    Ok(Json(view(&app, &row)))
}

/// A post to be given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PostRequest {
    /// courier, agent, clerk, sorter, department, supervisor, system_admin, audit_admin or security_admin.
    #[schema(value_type = String)]
    pub role: Role,
    /// For a courier or supervisor, none: the whole region.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub site: Option<SiteId>,
    /// From when, milliseconds since 1970 UTC; now if not given.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until before when; for good if not given.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub to: Option<Timestamp>,
}

/// Gives a post; a post of the same role and site gets the new term.
#[utoipa::path(post, path = "/people/{person}/posts", tag = "people", request_body = PostRequest,
    params(("person" = String, Path)), responses((status = 200, body = PersonView), (status = 400, body = Problem),
    (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn give_post(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
    Body(asked): Body<PostRequest>,
) -> Result<Json<PersonView>, Problem> {
    let who = id(&person)?;
    let given =
        Given { role: asked.role, site: asked.site, from: asked.from.unwrap_or_else(|| app.now()), to: asked.to };
    staff::give_post(&app, &Doer::of(&permit, &visitor), &who, given).await?;
    let known = app.known();
    let row = known.people.find(&who).ok_or_else(Problem::not_found)?;
    Ok(Json(view(&app, row)))
}

/// Which post.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EndPostRequest {
    pub post: String,
}

/// Ends a post now, and the sessions of its holder.
#[utoipa::path(post, path = "/people/{person}/posts/end", tag = "people", request_body = EndPostRequest,
    params(("person" = String, Path)), responses((status = 204), (status = 400, body = Problem),
    (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn end_post(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
    Body(asked): Body<EndPostRequest>,
) -> Result<StatusCode, Problem> {
    let who = id(&person)?;
    if asked.post.split('/').next() != Some(who.as_str()) {
        return Err(Problem::not_found());
    }
    staff::end_post(&app, &Doer::of(&permit, &visitor), &asked.post).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A secret that is shown once.
#[derive(Serialize, ToSchema)]
pub struct Once {
    pub secret: String,
}

/// Gives a new badge; the former one ends.
#[utoipa::path(post, path = "/people/{person}/badge", tag = "people", params(("person" = String, Path)), responses(
    (status = 200, body = Once), (status = 422, body = Problem)))]
pub async fn give_badge(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
) -> Result<Json<Once>, Problem> {
    let code = staff::give_badge(&app, &Doer::of(&permit, &visitor), &id(&person)?).await?;
    Ok(Json(Once { secret: labels::code::print(code) }))
}

/// Takes the badges out of force.
#[utoipa::path(delete, path = "/people/{person}/badge", tag = "people", params(("person" = String, Path)), responses(
    (status = 204), (status = 422, body = Problem)))]
pub async fn end_badges(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    staff::end_badges(&app, &Doer::of(&permit, &visitor), &id(&person)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a code for the first sign-in, or for who forgot the password: good for seven days, shown once.
#[utoipa::path(post, path = "/people/{person}/code", tag = "people", params(("person" = String, Path)), responses(
    (status = 200, body = Once), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn give_code(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
) -> Result<Json<Once>, Problem> {
    let secret = staff::give_code(&app, &Doer::of(&permit, &visitor), &id(&person)?).await?;
    Ok(Json(Once { secret }))
}

/// Gives a PIN for shifts, shown once.
#[utoipa::path(post, path = "/people/{person}/pin", tag = "people", params(("person" = String, Path)), responses(
    (status = 200, body = Once), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn give_pin(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(person): Path<String>,
) -> Result<Json<Once>, Problem> {
    let secret = staff::give_pin(&app, &Doer::of(&permit, &visitor), &id(&person)?).await?;
    Ok(Json(Once { secret }))
}
