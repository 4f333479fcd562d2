//! Enrolled devices, what they are bound to, and the installations seen on them. A device is bound to a site, where it
//! reads, or to a courier, who carries.
use crate::register::{self, Dated, Validity, current, register};
use crate::{Change, Error};
use domain::id::{DeviceId, InstallationId, PersonId, Region, SiteId};
use domain::time::Timestamp;
use eventstore::{Db, Tx, sql};
use std::collections::HashMap;

register! {
    /// A device as it was bound for a while.
    pub struct DeviceRow in "device", keys 1 {
        id: DeviceId = "id",
        name: String = "name",
        site: Option<SiteId> = "site",
        courier: Option<PersonId> = "courier",
        /// What it uploads from then on lies outside the fold until it is admitted.
        revoked_at: Option<Timestamp> = "revoked_at",
    }
}

/// The devices of a region, for all time, to be kept in memory.
#[derive(Clone, Debug, Default)]
pub struct Devices(HashMap<DeviceId, Vec<Dated<DeviceRow>>>);

impl Devices {
    /// All of a region.
    ///
    /// # Errors
    /// As [`register::history`].
    pub async fn load(db: &Db, region: Region) -> Result<Self, Error> {
        let mut devices: HashMap<_, Vec<_>> = HashMap::new();
        for dated in register::history::<DeviceRow, _, _>(db.read(), region).await? {
            devices.entry(dated.row.id.clone()).or_default().push(dated);
        }
        Ok(Self(devices))
    }

    /// The device as it was at a time. Before its first row, the first: devices are put to use before they are written
    /// down.
    #[must_use]
    pub fn at(&self, id: &DeviceId, time: Timestamp) -> Option<&DeviceRow> {
        let rows = self.0.get(id)?;
        let held = current(rows, time).next().or_else(|| rows.first().filter(|first| first.valid.from > time));
        held.map(|dated| &dated.row)
    }

    /// Every device, as it is at a time.
    pub fn all(&self, time: Timestamp) -> impl Iterator<Item = &DeviceRow> {
        self.0.keys().filter_map(move |id| self.at(id, time))
    }

    /// When the device was revoked, as last recorded: a credential is judged at upload.
    #[must_use]
    pub fn revoked_at(&self, id: &DeviceId) -> Option<Timestamp> {
        self.0.get(id)?.last()?.row.revoked_at
    }
}

/// Enrols a device, or binds it anew from a time on.
///
/// # Errors
/// The database's own.
pub async fn put(tx: &mut Tx, change: &Change, device: DeviceRow, from: Timestamp) -> Result<(), Error> {
    register::save(tx, change, &[(device, Validity::since(from))]).await
}

/// Revokes a device from a time on. What it did before stays.
///
/// # Errors
/// A device that was never enrolled.
pub async fn revoke(tx: &mut Tx, change: &Change, id: &DeviceId, at: Timestamp) -> Result<(), Error> {
    let rows = register::history_of::<DeviceRow, _, _>(tx.conn(), change.region, &[id.as_str()]).await?;
    let newest = rows.into_iter().next_back().ok_or_else(|| Error::UnknownDevice(id.clone()))?;
    register::save(tx, change, &[(DeviceRow { revoked_at: Some(at), ..newest.row }, newest.valid)]).await
}

/// Remembers that an installation was seen on a device. Repeating it changes nothing, and it is no change of a
/// register: it happens with scans.
///
/// # Errors
/// The database's own.
pub async fn saw(
    tx: &mut Tx,
    region: Region,
    installation: InstallationId,
    device: &DeviceId,
    at: Timestamp,
) -> Result<(), Error> {
    const SEEN: &str = "insert into installation (region, id, device, first_seen_at) values ($1, $2, $3, $4) \
        on conflict (region, id, device) do nothing";
    sql!(tx.conn(), c => {
        let query = sqlx::query(SEEN).bind(i64::from(region.0)).bind(installation.0).bind(device.as_str()).bind(at.0);
        query.execute(c).await?;
    });
    Ok(())
}

/// The installations seen on a device, with the time of first sight, oldest first.
///
/// # Errors
/// The database's own.
pub async fn installations(
    db: &Db,
    region: Region,
    device: &DeviceId,
) -> Result<Vec<(InstallationId, Timestamp)>, Error> {
    const READ: &str = "select id, first_seen_at from installation where region = $1 and device = $2 order by 2, 1";
    let rows: Vec<(uuid::Uuid, i64)> = sql!(db.read(), c =>
        sqlx::query_as(READ).bind(i64::from(region.0)).bind(device.as_str()).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id, at)| (InstallationId(id), Timestamp(at))).collect())
}
