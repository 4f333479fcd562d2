//! Search: a number, or the last characters of a label.
use super::paging;
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::problem::{Params, Problem};
use axum::Json;
use axum::extract::State;
use domain::id::SubjectId;
use projections::search::{self, Hit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What was typed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// The beginning of a dossier, case, bag or department number, or the last characters (4 or more) of a label. Who does not
    /// see the whole region is answered from the first 2,000 numbers that begin so.
    pub q: String,
    pub limit: Option<i64>,
}

/// Hits.
#[derive(Serialize, ToSchema)]
pub struct Found {
    pub items: Vec<HitView>,
}

/// One hit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HitView {
    /// dossier, bag or case.
    pub what: String,
    pub subject: uuid::Uuid,
    /// What matched: dossier_no, case_no, dept_ref, bag_no or label.
    pub matched: String,
    /// The number, or the label as printed.
    pub text: String,
}

impl From<Hit> for HitView {
    fn from(hit: Hit) -> Self {
        let text = if hit.kind == "label" {
            let code = search::backwards(&hit.term).parse().ok();
            code.map(labels::code::print).or_else(|| crate::view::printed_subject(SubjectId(hit.subject)))
        } else {
            None
        };
        Self { what: hit.what, subject: hit.subject, matched: hit.kind, text: text.unwrap_or(hit.term) }
    }
}

/// Finds dossiers, bags and cases.
#[utoipa::path(get, path = "/search", tag = "search", params(SearchQuery), responses(
    (status = 200, body = Found), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Found>, Problem> {
    let items = find(&app, &permit.scope, &query.q, paging::limit(query.limit)?).await?;
    Ok(Json(Found { items }))
}

/// Characters of a label that must be typed before it is looked for.
const TAIL_MIN: usize = 4;

/// What a text finds; the whole label is found too, by its own subject.
///
/// # Errors
/// The database's own.
pub async fn find(app: &App, scope: &Scope, typed: &str, limit: i64) -> Result<Vec<HitView>, Problem> {
    let normal = search::normal(typed).replace('-', "");
    let whole = labels::code::read(typed).ok().map(|code| code.to_string());
    // The check character is on paper only; the rest of what was typed is the end of the code.
    let partial = (normal.len() >= TAIL_MIN && normal.is_ascii()).then(|| normal[..normal.len() - 1].to_owned());
    let tail = whole.or(partial);
    let hits = search::find(app.db(), app.region(), scope, typed, tail.as_deref(), limit).await?;
    let views = hits.into_iter().map(HitView::from);
    let fits = |hit: &HitView| {
        let label = search::normal(&hit.text).replace(['O'], "0").replace(['I', 'L'], "1");
        hit.matched != "label"
            || label.ends_with(&normal.replace('O', "0").replace(['I', 'L'], "1"))
            || tail.as_deref().is_some_and(|tail| tail.len() == 13)
    };
    Ok(views.filter(fits).collect())
}
