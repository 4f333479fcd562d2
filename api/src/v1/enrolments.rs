//! Enrolling a device: a one-time code at the desk, redeemed by the device for its credential.
use crate::access::attempts::ENROLMENTS_OF_ADDRESS;
use crate::access::sign_in::Visitor;
use crate::access::{Permit, Scope};
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::State;
use domain::id::{DeviceId, InstallationId, PersonId, SiteId};
use registers::Change;
use registers::credential::{self, ENROLMENT_MS, Enrolment};
use registers::record::{Act, Actor, DeviceEnrolled, Entry, append};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a device is to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EnrolmentRequest {
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
    /// A device that is known already: it gets a new credential, and its old one ends.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub device: Option<DeviceId>,
}

/// A code that waits for its device.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Offered {
    pub device: String,
    /// Shown once, good for 15 minutes, and for one device.
    pub code: String,
    /// What the QR code says: opened on the device, it enrols.
    pub link: String,
    /// Milliseconds since 1970 UTC.
    pub expires_at: i64,
}

/// Offers a device its credential.
#[utoipa::path(post, path = "/enrolments", tag = "devices", request_body = EnrolmentRequest, responses(
    (status = 200, body = Offered), (status = 400, body = Problem), (status = 413, body = Problem),
    (status = 422, body = Problem)))]
pub async fn offer(
    State(app): State<App>,
    permit: Permit,
    Body(asked): Body<EnrolmentRequest>,
) -> Result<Json<Offered>, Problem> {
    Ok(Json(offer_now(&app, &permit, asked).await?))
}

/// Offers a device its credential: for the JSON door and the page.
///
/// # Errors
/// A device without one binding, a site or device beyond reach, nobody of that name.
pub async fn offer_now(app: &App, permit: &Permit, asked: EnrolmentRequest) -> Result<Offered, Problem> {
    let name = asked.name.trim();
    if name.is_empty() || name.chars().count() > 60 {
        return Err(Problem::unfit("name-length", "`name` has 1 to 60 characters"));
    }
    if asked.site.is_some() == asked.courier.is_some() {
        let detail = "a device is bound to a `site` or to a `courier`: name one of them";
        return Err(Problem::unfit("one-binding", detail));
    }
    asked.site.as_ref().map_or(Ok(()), |site| permit.reaches(app, site, "site"))?;
    let known = app.known();
    // A courier's device reads in the whole region: whoever reaches less does not offer one.
    if let Some(courier) = &asked.courier
        && (known.people.find(courier).is_none() || permit.scope != Scope::Region)
    {
        let detail = format!("`courier`: there is nobody `{courier}` for whom you may do this");
        return Err(Problem::unfit("no-such-courier", detail));
    }
    if let Some(device) = &asked.device {
        permit.device(app, device)?;
    }
    let device = asked.device.unwrap_or_else(fresh);
    let (mut tx, now) = (app.db().begin().await?, app.now());
    let change = Change::begin(&mut tx, app.region(), now).await?;
    let made_by = permit.who.name();
    let (site, courier) = (asked.site.as_ref(), asked.courier.as_ref());
    let it = Enrolment { device: &device, name, site, courier, made_by: &made_by };
    let code = credential::offer(&mut tx, &change, &it, &mut registers::secret::rng()).await?;
    tx.commit().await?;
    let link = format!("{}/handheld/#enrol={code}", app.origin());
    Ok(Offered { device: device.to_string(), code, link, expires_at: now.0 + ENROLMENT_MS })
}

/// A new device's id.
fn fresh() -> DeviceId {
    let text = format!("d-{}", &Uuid::new_v4().simple().to_string()[..16]);
    text.parse().expect("made of the characters of an id")
}

/// A code typed or scanned on the device.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct RedeemRequest {
    pub code: String,
    /// Made by the program when it was installed.
    pub installation: Uuid,
}

/// A device's credential, and what it is bound to.
#[derive(Serialize, ToSchema)]
pub struct Enrolled {
    pub device: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// `Authorization: Bearer …`; shown once.
    pub credential: String,
    pub region: String,
}

/// A site as people call it.
#[derive(Serialize, ToSchema)]
pub struct SiteName {
    pub id: String,
    pub name: String,
}

/// Redeems a code: the device is enrolled and gets its credential. No other credential is needed.
#[utoipa::path(post, path = "/enrolments/redeem", tag = "devices", request_body = RedeemRequest, responses(
    (status = 200, body = Enrolled), (status = 400, body = Problem), (status = 404, body = Problem),
    (status = 413, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn redeem(
    State(app): State<App>,
    visitor: Visitor,
    Body(asked): Body<RedeemRequest>,
) -> Result<Json<Enrolled>, Problem> {
    app.attempts().count_address(ENROLMENTS_OF_ADDRESS, visitor.address, app.now())?;
    let mut tx = app.db().begin().await?;
    let change = Change::begin(&mut tx, app.region(), app.now()).await?;
    let installation = InstallationId(asked.installation);
    let redeemed =
        credential::redeem(&mut tx, &change, &asked.code, installation, &mut registers::secret::rng()).await?;
    let Some((row, credential)) = redeemed else {
        tx.rollback().await?;
        return Err(Problem::not_found());
    };
    let enrolled = DeviceEnrolled { device: row.id.clone(), site: row.site.clone(), courier: row.courier.clone() };
    let actor = Actor::Device(row.id.clone());
    let entry = Entry { actor, address: Some(visitor.address), act: Act::DeviceEnrolled(enrolled) };
    append(&mut tx, app.region(), change.recorded_at, &[entry]).await?;
    tx.commit().await?;
    app.refresh_devices().await?;
    let known = app.known();
    let named = |site: &SiteId| SiteName { id: site.to_string(), name: known.site_name(site, false).to_owned() };
    Ok(Json(Enrolled {
        device: row.id.to_string(),
        name: row.name,
        site: row.site.as_ref().map(named),
        courier: row.courier.map(|it| it.to_string()),
        credential,
        region: app.region().to_string(),
    }))
}
