//! A scan as it arrives, and the judging of its device's clock. One line of a batch; see `docs/events.md`.
use crate::id::{DeviceId, InstallationId, NoteId, PersonId, ScanId, SiteId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the person set the device to. There is no menu for the action itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Look-up: moves nothing.
    Look,
    #[default]
    Receive,
    Send,
    /// Into the bag that is open on this device.
    Pack,
    /// Against the manifest of an opened bag.
    Check,
    Sort,
    Shelve,
    Stocktake,
}

/// What a scan did. The stored event has this name; a device sends it, or the server reads it from the table once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Received,
    AtDepartment,
    Collected,
    Dispatched,
    Returned,
    Packed,
    Unpacked,
    Sealed,
    Opened,
    Checked,
    Shelved,
    Posted,
    MailDelivered,
    Sighted,
    LookedUp,
    Refused,
    Missing,
    Found,
    Damaged,
    ScanVoided,
}

/// Who settled the action: the rule table, or a person who chose another fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionBy {
    Rule,
    Person,
    /// The scan came without an action; the server read the table when it arrived.
    Server,
}

/// Who carries papers that leave a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// A courier of the county, not named by the giver.
    Courier,
    /// The post (给据邮件), with its tracking number.
    Post { tracking_no: String },
}

/// Why a receiver will not take a dossier or a bag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    WrongCount,
    Torn,
    NotOurs,
    Other,
}

/// What only some actions need. All optional on the wire; a fact that lacks one is kept all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Where it is sent, if not the planned next hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<SiteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    /// Number of the seal (封签) put on or found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_no: Option<String>,
    /// Whether the seal was whole when the bag was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_intact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// The courier who stays with what was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_with: Option<PersonId>,
    /// Shelf it was put on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
    /// Id of a free text in the vault; never the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteId>,
    /// Who signs for a batch: a person's id, or a badge's label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The scans a signature is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<ScanId>,
    /// The scan that `scan_voided` takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voids: Option<ScanId>,
}

/// Who read it, on what, and when by the device's own clocks: what the device fixed once and for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStamp {
    pub device: DeviceId,
    pub installation: InstallationId,
    /// Counts the scans of one installation from 1.
    pub seq: u64,
    /// Wall clock of the device at the scan.
    pub wall_ms: Timestamp,
    /// Monotonic clock of the device at the scan, milliseconds since its program started.
    pub mono_ms: i64,
}

/// Judged beyond this: smaller differences are network and habit.
pub const SKEW_TOLERANCE_MS: i64 = 30_000;

/// How far a device's clock is behind the server's, judged when a batch first arrives; 0 within [`SKEW_TOLERANCE_MS`].
#[must_use]
pub fn judge_skew(received_at: Timestamp, sent_at: Timestamp, round_trip_ms: i64) -> i64 {
    let skew = received_at.since(sent_at).saturating_sub(round_trip_ms.max(0) / 2);
    if skew.saturating_abs() > SKEW_TOLERANCE_MS { skew } else { 0 }
}

/// When a scan happened, and whether that time was impossible: the future is cut to `recorded_at`, the distant past to
/// [`Timestamp::EARLIEST`].
#[must_use]
pub fn occurred_at(wall: Timestamp, skew_ms: i64, recorded_at: Timestamp) -> (Timestamp, bool) {
    let corrected = wall.plus(skew_ms);
    if corrected > recorded_at {
        return (recorded_at, corrected.since(recorded_at) > SKEW_TOLERANCE_MS);
    }
    if corrected < Timestamp::EARLIEST { (Timestamp::EARLIEST, true) } else { (corrected, false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_difference_of_clocks_is_no_skew() {
        assert_eq!(judge_skew(Timestamp(100_000), Timestamp(70_000), 0), 0);
        assert_eq!(judge_skew(Timestamp(100_001), Timestamp(70_000), 0), 30_001);
        assert_eq!(judge_skew(Timestamp(100_000), Timestamp(200_000), 2_000), -101_000);
    }

    #[test]
    fn an_impossible_time_is_cut_and_flagged() {
        let now = Timestamp(1_800_000_000_000);
        assert_eq!(occurred_at(now.plus(10), 0, now), (now, false));
        assert_eq!(occurred_at(now.plus(86_400_000), 0, now), (now, true));
        assert_eq!(occurred_at(Timestamp(i64::MIN), 0, now), (Timestamp::EARLIEST, true));
        assert_eq!(occurred_at(now.plus(-90_000), 60_000, now), (now.plus(-30_000), false));
    }
}
