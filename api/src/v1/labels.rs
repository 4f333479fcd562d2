//! Minting labels: codes exist before anything is bound to them. Printing comes with the paper.
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::v1::decisions::content_hash;
use axum::Json;
use axum::extract::State;
use domain::code::{Code, CodeKind};
use domain::id::{ScanId, SiteId};
use domain::stream::StreamId;
use projections::follower;
use projections::story::Thing;
use registers::label::{Binding, Mint};
use registers::request::{self, Request};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Labels in one request at most.
const COUNT_MAX: usize = 5000;

/// What to mint.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MintRequest {
    /// Made by the client: asking again with it gives the same labels.
    pub request_id: uuid::Uuid,
    /// dossier, bag, site, shelf, badge or receipt.
    #[schema(value_type = String)]
    pub kind: CodeKind,
    /// How many to draw, 1 to 5000; leave it out when `codes` are given.
    #[serde(default)]
    pub count: usize,
    /// Labels that were printed elsewhere and are to be known here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// For a site label, the site it names; for others, the site it is printed for.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// For one shelf label, the shelf or slot of `site` it hangs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
}

/// The labels, as printed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Minted {
    pub codes: Vec<String>,
}

/// Mints labels.
#[utoipa::path(post, path = "/labels", tag = "labels", request_body = MintRequest, responses(
    (status = 200, body = Minted), (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
pub async fn mint(
    State(app): State<App>,
    permit: Permit,
    Body(asked): Body<MintRequest>,
) -> Result<Json<Minted>, Problem> {
    asked.site.as_ref().map_or(Ok(()), |site| permit.reaches(&app, site, "site"))?;
    Ok(Json(mint_now(&app, &asked).await?))
}

/// Mints labels, or gives those that the same request minted before.
///
/// # Errors
/// What cannot be minted.
pub async fn mint_now(app: &App, asked: &MintRequest) -> Result<Minted, Problem> {
    let given: Vec<Code> = asked.codes.iter().map(|text| super::scan::read_label(text)).collect::<Result<_, _>>()?;
    let wanted = if given.is_empty() { asked.count } else { given.len() };
    if !(1..=COUNT_MAX).contains(&wanted) || (!given.is_empty() && asked.count != 0) {
        return Err(Problem::invalid("ask for 1 to 5000 labels by `count`, or name them in `codes`"));
    }
    if given.iter().any(|code| code.kind() != asked.kind) {
        return Err(Problem::invalid("each of `codes` is of the kind asked for"));
    }
    if let Some(site) = &asked.site
        && app.known().networks.latest().site(site).is_none()
    {
        return Err(Problem::invalid(format!("`site`: there is no site `{site}`")));
    }
    let shelf = match (&asked.shelf, &asked.site) {
        (None, _) => None,
        (Some(shelf), Some(site)) if asked.kind == CodeKind::Shelf && wanted == 1 => {
            Some(Binding::Shelf { site: site.clone(), shelf: shelf.clone() })
        }
        (Some(_), _) => return Err(Problem::invalid("`shelf` goes with one label of kind shelf and its `site`")),
    };
    let content = content_hash(asked)?;
    let request = Request::new(ScanId(asked.request_id), &content);
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    if let Some(answer) = request::find(&mut tx, app.region(), &request).await? {
        tx.rollback().await?;
        return serde_json::from_str(&answer).map_err(|error| Problem::internal(&error));
    }
    let draw = || (0..wanted).map(|_| labels::code::draw(asked.kind, &mut rand::rng())).collect();
    let codes: Vec<Code> = if given.is_empty() { draw() } else { given.clone() };
    let mint = Mint { codes: &codes, batch: asked.request_id, site: asked.site.as_ref() };
    registers::label::mint(&mut tx, &change, mint).await?;
    if let Some(shelf) = &shelf {
        registers::label::bind(&mut tx, &change, codes[0], shelf).await?;
    }
    let minted = Minted { codes: codes.iter().copied().map(labels::code::print).collect() };
    let answer = serde_json::to_string(&minted).map_err(|error| Problem::internal(&error))?;
    request::keep(&mut tx, app.region(), &request, &answer, change.recorded_at).await?;
    tx.commit().await?;
    join_strays(app, &given, asked.kind).await?;
    Ok(minted)
}

/// Scans of labels that were unknown until now are joined: their rows are folded anew.
async fn join_strays(app: &App, given: &[Code], kind: CodeKind) -> Result<(), Problem> {
    if kind == CodeKind::Site {
        // A site that was unknown may stand in any row.
        app.refresh().await?;
        projections::rebuild::rebuild(&app.surroundings()).await?;
        return Ok(());
    }
    let things: Vec<Thing> = given.iter().filter_map(|&code| StreamId::of_code(code).and_then(Thing::of)).collect();
    if !things.is_empty() {
        follower::refresh(&app.surroundings(), things).await?;
    }
    Ok(())
}
