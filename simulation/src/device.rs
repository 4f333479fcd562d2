//! A device with its own clock, its installation and its queue. Knows nothing of papers; the world tells it what was
//! read and asks it to send.
use crate::county::SiteNo;
use crate::truth::{Belief, CarrierNo, ThingNo};
use crate::upload::Scan;
use domain::id::{DeviceId, InstallationId, PersonId};

/// A device, by its number in the world.
pub type DeviceNo = usize;

/// Where a device belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    Site(SiteNo),
    Courier(CarrierNo),
}

/// What a scan proves, once it is uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Testimony {
    pub thing: ThingNo,
    pub belief: Belief,
    /// The movement it truly read; none for a scan that says what is not so.
    pub movement: Option<u32>,
    pub opening: Opening,
}

/// What a scan says of a bag as a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    No,
    Opened,
    Checked,
}

/// A scan that waits on the device.
#[derive(Clone, Debug)]
pub struct Pending {
    pub at: i64,
    pub scan: Scan,
    pub testimony: Option<Testimony>,
    pub is_stray: bool,
}

/// A handheld or a desk's scanner.
#[derive(Clone, Debug)]
pub struct Device {
    pub id: DeviceId,
    pub actor: PersonId,
    pub binding: Binding,
    /// Its wall clock minus the true time.
    pub skew_ms: i64,
    pub clock_is_wrong: bool,
    pub installation: InstallationId,
    pub seq: u64,
    /// When its program was started; its monotonic clock counts from here.
    pub booted: i64,
    /// When its last scan was.
    pub busy_until: i64,
    pub pending: Vec<Pending>,
    /// When it will send.
    pub flush_at: Option<i64>,
    /// Its last wait was hours without network.
    pub was_offline: bool,
    /// Installed anew since it last sent.
    pub is_fresh: bool,
    /// The product knows it.
    pub enrolled: bool,
}

impl Device {
    /// Its wall clock at a true time.
    #[must_use]
    pub fn wall(&self, at: i64) -> i64 {
        at + self.skew_ms
    }

    /// Takes what was scanned by `now` out of the queue.
    pub fn take_until(&mut self, now: i64) -> Vec<Pending> {
        let ready = self.pending.iter().take_while(|pending| pending.at <= now).count();
        self.pending.drain(..ready).collect()
    }

    /// A new installation: a sequence and a monotonic clock of its own.
    pub fn reinstall(&mut self, installation: InstallationId, now: i64) {
        self.installation = installation;
        self.seq = 0;
        self.booted = now;
        self.is_fresh = true;
    }
}
