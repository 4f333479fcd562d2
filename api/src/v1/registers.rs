//! The registers as they are now: sites with their legs, items.
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A site.
#[derive(Serialize, ToSchema)]
pub struct SiteView {
    pub id: String,
    /// station, centre, hub or department.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    pub hours: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// An item of the catalogue.
#[derive(Serialize, ToSchema)]
pub struct ItemView {
    pub code: String,
    pub name: String,
}

/// All of a register.
#[derive(Serialize, ToSchema)]
pub struct Sites {
    pub items: Vec<SiteView>,
    pub revision: i64,
}

/// All of a register.
#[derive(Serialize, ToSchema)]
pub struct Items {
    pub items: Vec<ItemView>,
    pub revision: i64,
}

/// All sites, by id.
#[utoipa::path(get, path = "/registers/sites", tag = "registers", responses((status = 200, body = Sites), (status = 401, body = Problem)))]
pub async fn sites(State(app): State<App>) -> Json<Sites> {
    let known = app.known();
    let mut items: Vec<SiteView> = known
        .sites
        .values()
        .map(|row| SiteView {
            id: row.id.to_string(),
            kind: registers::site::kind_text(row.kind),
            parent: row.parent.as_ref().map(ToString::to_string),
            name: row.name.clone(),
            name_en: row.name_en.clone(),
            hours: row.hours.clone(),
            slot: row.slot.clone(),
        })
        .collect();
    items.sort_by(|a, b| a.id.cmp(&b.id));
    Json(Sites { items, revision: known.revision })
}

/// All items, by code.
#[utoipa::path(get, path = "/registers/items", tag = "registers", responses((status = 200, body = Items), (status = 401, body = Problem)))]
pub async fn items(State(app): State<App>) -> Json<Items> {
    let known = app.known();
    let view = |row: &registers::item::ItemRow| ItemView { code: row.code.to_string(), name: row.name.clone() };
    let mut items: Vec<ItemView> = known.items.values().map(view).collect();
    items.sort_by(|a, b| a.code.cmp(&b.code));
    Json(Items { items, revision: known.revision })
}
