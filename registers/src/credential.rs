//! What a device shows when it uploads, and the one-time codes that give it. A credential is judged at upload: one that
//! ended still says which device it was, so that what comes late can be put aside instead of lost.
use crate::device::{self, DeviceRow};
use crate::{Change, Error, secret};
use domain::id::{DeviceId, InstallationId, PersonId, Region, SiteId};
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use rand::CryptoRng;
use sqlx::FromRow;

/// How long an enrolment's code is good.
pub const ENROLMENT_MS: i64 = 15 * 60_000;
const PREFIX: &str = "lzd_";

/// An enrolment that waits for its device.
#[derive(Clone, Debug)]
pub struct Enrolment<'a> {
    pub device: &'a DeviceId,
    /// What people call it.
    pub name: &'a str,
    pub site: Option<&'a SiteId>,
    pub courier: Option<&'a PersonId>,
    pub made_by: &'a str,
}

/// Offers a device its credential; the code is shown once.
///
/// # Errors
/// The database's own.
pub async fn offer(
    tx: &mut Tx,
    change: &Change,
    it: &Enrolment<'_>,
    rng: &mut impl CryptoRng,
) -> Result<String, Error> {
    const OFFER: &str = "insert into enrolment (hash, region, device, name, site, courier, made_by, made_at, until) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let code = secret::draw_typed(rng);
    let until = change.recorded_at.0 + ENROLMENT_MS;
    sql!(tx.conn(), c => {
        let query = sqlx::query(OFFER).bind(secret::hash(&code)).bind(i64::from(change.region.0));
        let query = query.bind(it.device.as_str()).bind(it.name).bind(it.site.map(SiteId::as_str));
        let query = query.bind(it.courier.map(PersonId::as_str)).bind(it.made_by).bind(change.recorded_at.0).bind(until);
        query.execute(c).await?;
    });
    Ok(code)
}

#[derive(FromRow)]
struct Offered {
    device: String,
    name: String,
    site: Option<String>,
    courier: Option<String>,
}

/// Redeems a code: the device is bound as offered, its former credential ends, and it gets one. `None`: there is no such
/// code, or it was used, or it is too late.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn redeem(
    tx: &mut Tx,
    change: &Change,
    code: &str,
    installation: InstallationId,
    rng: &mut impl CryptoRng,
) -> Result<Option<(DeviceRow, String)>, Error> {
    const USE: &str = "update enrolment set used_at = $3 where hash = $1 and region = $2 and used_at is null and until > $3 \
        returning device, name, site, courier";
    const END: &str = "update credential set ended_at = $3 where region = $1 and device = $2 and ended_at is null";
    const GIVE: &str =
        "insert into credential (hash, region, device, installation, made_at) values ($1, $2, $3, $4, $5)";
    let (region, now) = (i64::from(change.region.0), change.recorded_at);
    let hash = secret::hash(&secret::normal_typed(code));
    let offered: Option<Offered> = sql!(tx.conn(), c =>
        sqlx::query_as(USE).bind(hash).bind(region).bind(now.0).fetch_optional(c).await?);
    let Some(offered) = offered else { return Ok(None) };
    let row = offered.row()?;
    sql!(tx.conn(), c => {
        sqlx::query(END).bind(region).bind(row.id.as_str()).bind(now.0).execute(c).await?;
    });
    let credential = format!("{PREFIX}{}_{}", change.region, secret::draw(rng));
    sql!(tx.conn(), c => {
        sqlx::query(GIVE).bind(secret::hash(&credential)).bind(region).bind(row.id.as_str())
        .bind(installation.0).bind(now.0).execute(c).await?;
    });
    device::put(tx, change, row.clone(), now).await?;
    device::saw(tx, change.region, installation, &row.id, now).await?;
    Ok(Some((row, credential)))
}

impl Offered {
    fn row(self) -> Result<DeviceRow, Error> {
        let unreadable = |column| move |_| Error::Stored { table: "enrolment", column };
        let id = self.device.parse().map_err(unreadable("device"))?;
        let site = self.site.map(|text| text.parse().map_err(unreadable("site"))).transpose()?;
        let courier = self.courier.map(|text| text.parse().map_err(unreadable("courier"))).transpose()?;
        Ok(DeviceRow { id, name: self.name, site, courier, revoked_at: None })
    }
}

/// Whether a text has the shape of a device's credential.
#[must_use]
pub fn has_shape(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The device of a credential, and whether it is still in force.
///
/// # Errors
/// The database's own, or a stored value that cannot be read.
pub async fn find(db: &Db, region: Region, credential: &str) -> Result<Option<(DeviceId, bool)>, Error> {
    const FIND: &str = "select device, ended_at from credential where hash = $1 and region = $2";
    if !has_shape(credential) {
        return Ok(None);
    }
    let row: Option<(String, Option<i64>)> = sql!(db.read(), c => sqlx::query_as(FIND).bind(secret::hash(credential))
        .bind(i64::from(region.0)).fetch_optional(c).await?);
    let read = |(device, ended): (String, Option<i64>)| {
        let id = device.parse().map_err(|_| Error::Stored { table: "credential", column: "device" })?;
        Ok((id, ended.is_none()))
    };
    row.map(read).transpose()
}

/// Ends the credentials of a device; how many were in force.
///
/// # Errors
/// The database's own.
pub async fn end(tx: &mut Tx, region: Region, device: &DeviceId, now: Timestamp) -> Result<u64, Error> {
    const END: &str = "update credential set ended_at = $3 where region = $1 and device = $2 and ended_at is null";
    Ok(sql!(tx.conn(), c => sqlx::query(END).bind(i64::from(region.0)).bind(device.as_str()).bind(now.0)
        .execute(c).await?.rows_affected()))
}
