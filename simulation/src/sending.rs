//! From a device's queue to the product: when it has network, in what pieces, how often. What has been sent is what the
//! truth may count as told.
use crate::calendar::{HOUR, MINUTE, SECOND};
use crate::device::{Binding, DeviceNo, Opening, Pending};
use crate::faults::Fault;
use crate::truth::Told;
use crate::upload::{Batch, Bound, DeviceSpec, TimedUpload, Upload};
use crate::wire::BATCH_MOST;
use crate::world::{Happening, World};
use domain::id::InstallationId;
use domain::network::SiteKind;

/// Uploads fall on this raster, so that many share one setting of the product's clock.
const RASTER: i64 = 15 * SECOND;

/// The next point of the raster.
pub(crate) fn raster(at: i64) -> i64 {
    (at + RASTER - 1).div_euclid(RASTER) * RASTER
}

impl World {
    pub(crate) fn queue_scan(&mut self, device: DeviceNo, pending: Pending) {
        let at = pending.at;
        self.devices[device].busy_until = at;
        self.devices[device].pending.push(pending);
        if self.devices[device].flush_at.is_none() {
            self.plan_flush(device, at);
        }
    }

    /// Sites have a network; couriers and village handhelds lose it for hours.
    fn plan_flush(&mut self, device: DeviceNo, last_scan: i64) {
        let handheld = match self.devices[device].binding {
            Binding::Courier(_) => true,
            Binding::Site(site) => self.map.kind(site) == SiteKind::Station,
        };
        let offline = handheld && self.strikes(Fault::Offline);
        let wait = match (handheld, offline) {
            (_, true) => self.between(2 * HOUR, 6 * HOUR),
            (true, false) => self.between(MINUTE, 6 * MINUTE),
            (false, false) => self.between(20 * SECOND, 50 * SECOND),
        };
        let at = raster(last_scan + wait);
        self.devices[device].flush_at = Some(at);
        self.devices[device].was_offline = offline;
        self.at(at, Happening::Flush(device));
    }

    /// The planned hour of sending has come; a later plan has replaced an earlier one.
    pub(crate) fn flush_planned(&mut self, device: DeviceNo) {
        if self.devices[device].flush_at == Some(self.now) {
            self.flush(device);
        }
    }

    /// Sends what was scanned so far. Called at once where a desk needs its own scans to be known.
    pub(crate) fn flush(&mut self, device: DeviceNo) {
        let now = self.now;
        let ready = self.devices[device].take_until(now);
        let left = self.devices[device].pending.last().map(|pending| pending.at);
        let was_offline = std::mem::take(&mut self.devices[device].was_offline);
        self.devices[device].flush_at = None;
        if let Some(last) = left {
            self.plan_flush(device, last);
        }
        if ready.is_empty() {
            return;
        }
        if was_offline {
            self.touch_all(&ready, Fault::Offline);
        }
        if std::mem::take(&mut self.devices[device].is_fresh) {
            self.touch_all(&ready, Fault::Reinstall);
        }
        for pending in &ready {
            self.tell(pending);
        }
        for chunk in ready.chunks(BATCH_MOST) {
            self.send(device, chunk);
        }
    }

    fn touch_all(&mut self, sent: &[Pending], fault: Fault) {
        for testimony in sent.iter().filter_map(|pending| pending.testimony) {
            self.touch(testimony.thing, fault);
        }
    }

    fn tell(&mut self, pending: &Pending) {
        let Some(testimony) = pending.testimony else { return };
        let told = Told { at: pending.at, belief: testimony.belief };
        self.truth.tell(testimony.thing, told, testimony.movement);
        match testimony.opening {
            Opening::No => {}
            Opening::Opened => self.truth.tell_opened(testimony.thing, pending.at, false),
            Opening::Checked => self.truth.tell_opened(testimony.thing, pending.at, true),
        }
    }

    /// One batch, or three in the wrong order, and perhaps all again later.
    fn send(&mut self, device: DeviceNo, sent: &[Pending]) {
        let mut pieces: Vec<Vec<&Pending>> = vec![sent.iter().collect()];
        if sent.len() > 1 && self.strikes(Fault::ShuffledUpload) {
            self.touch_all(sent, Fault::ShuffledUpload);
            let mut mixed: Vec<&Pending> = sent.iter().collect();
            self.shuffle(&mut mixed);
            pieces = mixed.chunks(sent.len().div_ceil(3)).map(<[_]>::to_vec).collect();
        }
        for piece in &pieces {
            let batch = self.batch(device, piece, self.now, false);
            self.emit(Upload::Scans(batch));
        }
        if self.strikes(Fault::DuplicateUpload) {
            self.touch_all(sent, Fault::DuplicateUpload);
            let at = raster(self.now + self.between(SECOND, 10 * MINUTE));
            let batch = self.batch(device, &sent.iter().collect::<Vec<_>>(), at, true);
            self.at(at, Happening::Repeat(Box::new(batch)));
        }
    }

    fn batch(&mut self, device: DeviceNo, piece: &[&Pending], at: i64, is_repeat: bool) -> Batch {
        let strays = piece.iter().filter(|pending| pending.is_stray).count();
        let scans = piece.iter().map(|pending| pending.scan.clone()).collect();
        let round_trip_ms = self.between(20, 900);
        Batch { sent_at: self.devices[device].wall(at), round_trip_ms, scans, strays, is_repeat }
    }

    /// A device is known to the product before its first scan.
    pub(crate) fn enrol(&mut self, device: DeviceNo) {
        if std::mem::replace(&mut self.devices[device].enrolled, true) {
            return;
        }
        let request_id = self.uuid();
        let it = &self.devices[device];
        let bound = match it.binding {
            Binding::Site(site) => Bound::Site(self.map.id(site)),
            Binding::Courier(_) => Bound::Courier(it.actor.clone()),
        };
        let spec = DeviceSpec { id: it.id.clone(), request_id, name: it.id.to_string(), bound };
        self.emit(Upload::Device(spec));
    }

    pub(crate) fn emit(&mut self, upload: Upload) {
        self.out.push(TimedUpload { at: self.now, upload });
    }

    /// The program is installed anew; what waited is sent before.
    pub(crate) fn reinstall(&mut self, device: DeviceNo) {
        let busy_until = self.devices[device].busy_until;
        if busy_until > self.now {
            self.at(raster(busy_until + MINUTE), Happening::Reinstall(device));
            return;
        }
        self.flush(device);
        let installation = InstallationId(self.uuid());
        let now = self.now;
        self.devices[device].reinstall(installation, now);
    }
}
