//! Devices: enrolled, bound to a site or a courier, revoked.
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::v1::decisions::content_hash;
use axum::Json;
use axum::extract::{Path, State};
use domain::id::{DeviceId, PersonId, ScanId, SiteId};
use domain::time::Timestamp;
use registers::credential;
use registers::device::DeviceRow;
use registers::record::{Act, DeviceEnrolled, DeviceRevoked, Entry, append};
use registers::request::{self, Request};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a device is bound to: a site or a courier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceRequest {
    pub request_id: uuid::Uuid,
    /// What people call it.
    pub name: String,
    /// A device bound to a site reads there.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub site: Option<SiteId>,
    /// A device bound to a courier carries.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub courier: Option<PersonId>,
    /// From when the binding holds, milliseconds since 1970 UTC; now if not given.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub from: Option<Timestamp>,
}

/// A device.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    pub device: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

impl From<&DeviceRow> for DeviceView {
    fn from(row: &DeviceRow) -> Self {
        Self {
            device: row.id.to_string(),
            name: row.name.clone(),
            site: row.site.as_ref().map(ToString::to_string),
            courier: row.courier.as_ref().map(ToString::to_string),
            revoked_at: row.revoked_at.map(|at| at.0),
        }
    }
}

/// Enrols a device, or binds it anew.
#[utoipa::path(put, path = "/devices/{device}", tag = "devices", request_body = DeviceRequest,
    params(("device" = String, Path)), responses((status = 200, body = DeviceView), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(device): Path<String>,
    Body(asked): Body<DeviceRequest>,
) -> Result<Json<DeviceView>, Problem> {
    let id: DeviceId = device.parse().map_err(Problem::invalid)?;
    if asked.site.is_some() == asked.courier.is_some() {
        return Err(Problem::invalid("a device is bound to a `site` or to a `courier`: name one of them"));
    }
    if let Some(site) = &asked.site
        && app.known().networks.latest().site(site).is_none()
    {
        return Err(Problem::invalid(format!("`site`: there is no site `{site}`")));
    }
    let content = content_hash(&(&id, &asked))?;
    let request = Request::new(ScanId(asked.request_id), &content);
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    if let Some(answer) = request::find(&mut tx, app.region(), &request).await? {
        tx.rollback().await?;
        return serde_json::from_str(&answer).map(Json).map_err(|error| Problem::internal(&error));
    }
    let row_id = id.clone();
    let (site, courier) = (asked.site.clone(), asked.courier.clone());
    let row = DeviceRow { id, name: asked.name, site, courier, revoked_at: None };
    let view = DeviceView::from(&row);
    registers::device::put(&mut tx, &change, row, asked.from.unwrap_or(change.recorded_at)).await?;
    let answer = serde_json::to_string(&view).map_err(|error| Problem::internal(&error))?;
    request::keep(&mut tx, app.region(), &request, &answer, change.recorded_at).await?;
    let act = Act::DeviceEnrolled(DeviceEnrolled { device: row_id, site: asked.site, courier: asked.courier });
    let entry = Entry { actor: permit.who.actor(), address: Some(visitor.address), act };
    append(&mut tx, app.region(), change.recorded_at, &[entry]).await?;
    tx.commit().await?;
    app.refresh_devices().await?;
    Ok(Json(view))
}

/// Revokes a device: what it uploads from now on is put aside until it is admitted.
#[utoipa::path(delete, path = "/devices/{device}", tag = "devices", params(("device" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path(device): Path<String>,
) -> Result<axum::http::StatusCode, Problem> {
    let id: DeviceId = device.parse().map_err(Problem::invalid)?;
    revoke_now(&app, &permit, &visitor, &id).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Revokes a device and its credential: for the JSON door and the page.
///
/// # Errors
/// None of that id, or beyond reach.
pub async fn revoke_now(app: &App, permit: &Permit, visitor: &Visitor, id: &DeviceId) -> Result<(), Problem> {
    permit.device(app, id)?;
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    registers::device::revoke(&mut tx, &change, id, change.recorded_at).await?;
    credential::end(&mut tx, app.region(), id, change.recorded_at).await?;
    let act = Act::DeviceRevoked(DeviceRevoked { device: id.clone(), reason: None });
    let entry = Entry { actor: permit.who.actor(), address: Some(visitor.address), act };
    append(&mut tx, app.region(), change.recorded_at, &[entry]).await?;
    tx.commit().await?;
    app.refresh_devices().await?;
    Ok(())
}

/// One device.
#[utoipa::path(get, path = "/devices/{device}", tag = "devices", params(("device" = String, Path)),
    responses((status = 200, body = DeviceView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    Path(device): Path<String>,
) -> Result<Json<DeviceView>, Problem> {
    let id: DeviceId = device.parse().map_err(Problem::invalid)?;
    permit.device(&app, &id)?;
    let known = app.known();
    let row = known.devices.at(&id, app.now()).ok_or_else(Problem::not_found)?;
    let mut view = DeviceView::from(row);
    view.revoked_at = known.devices.revoked_at(&id).map(|at| at.0);
    Ok(Json(view))
}

/// Devices within reach.
#[derive(Serialize, ToSchema)]
pub struct DeviceList {
    pub items: Vec<DeviceView>,
}

/// Devices within reach, by id.
#[utoipa::path(get, path = "/devices", tag = "devices", responses((status = 200, body = DeviceList)))]
pub async fn list(State(app): State<App>, permit: Permit) -> Json<DeviceList> {
    Json(DeviceList { items: within(&app, &permit) })
}

/// Devices within reach: for the JSON door and the page.
#[must_use]
pub fn within(app: &App, permit: &Permit) -> Vec<DeviceView> {
    let known = app.known();
    let reached = known.devices.all(app.now()).filter(|row| permit.device(app, &row.id).is_ok());
    let view = |row: &DeviceRow| {
        let revoked_at = known.devices.revoked_at(&row.id).map(|at| at.0);
        DeviceView { revoked_at, ..DeviceView::from(row) }
    };
    let mut devices: Vec<DeviceView> = reached.map(view).collect();
    devices.sort_by(|a, b| a.device.cmp(&b.device));
    devices
}
