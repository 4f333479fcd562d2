//! The registers in memory.
use super::AppError;
use domain::id::{ItemId, Region, SiteId};
use domain::network::Networks;
use domain::time::Timestamp;
use eventstore::Db;
use registers::device::Devices;
use registers::item::ItemRow;
use registers::person::People;
use registers::site::SiteRow;
use std::collections::HashMap;
use std::sync::Arc;

/// The registers, as read at one revision.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub revision: i64,
    pub networks: Arc<Networks>,
    pub devices: Devices,
    pub people: People,
    pub sites: HashMap<SiteId, SiteRow>,
    pub items: HashMap<ItemId, ItemRow>,
}

impl Known {
    pub(super) async fn load(db: &Db, region: Region, now: Timestamp) -> Result<Self, AppError> {
        // The revision first: what changes while the rest is read is read again.
        let revision = registers::revision::current(db, region).await?;
        let networks = Arc::new(registers::networks(db, region).await?);
        let devices = Devices::load(db, region).await?;
        let people = People::load(db, region).await?;
        let sites: Vec<SiteRow> = registers::list(db, region, now).await?;
        let items: Vec<ItemRow> = registers::list(db, region, now).await?;
        let sites = sites.into_iter().map(|site| (site.id.clone(), site)).collect();
        let items = items.into_iter().map(|item| (item.code.clone(), item)).collect();
        Ok(Self { revision, networks, devices, people, sites, items })
    }

    /// The site a text names: its id, or its label. The second is false if no register knows it.
    #[must_use]
    pub fn site(&self, text: &str) -> Option<(SiteId, bool)> {
        let id = match labels::code::read(text) {
            Ok(code) => code.to_string().parse().ok()?,
            Err(_) => text.trim().parse::<SiteId>().ok()?,
        };
        let site = self.networks.resolve(&id).clone();
        let known = self.networks.latest().site(&site).is_some();
        Some((site, known))
    }

    /// What people call a site; its id if it is unknown.
    #[must_use]
    pub fn site_name<'a>(&'a self, id: &'a SiteId, english: bool) -> &'a str {
        let row = self.sites.get(self.networks.resolve(id));
        let english = row.and_then(|row| row.name_en.as_deref()).filter(|name| english && !name.is_empty());
        english.or(row.map(|row| row.name.as_str())).unwrap_or(id.as_str())
    }
}
