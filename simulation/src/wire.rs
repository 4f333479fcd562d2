//! What goes over the wire and comes back: the simulator's own structs, so that a change of the product's is noticed.
//! The world fills them with label numbers; the driver puts the printed codes in their place.
use domain::id::{DeviceId, InstallationId, PersonId, ScanId, SiteId};
use domain::scan::{Action, ActionBy, Carrier, Mode, RefusalReason};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Scans in one request, at most.
pub const BATCH_MOST: usize = 500;

/// Where a courier stands: the site's id, or the label on its wall.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Stop<L> {
    Site(SiteId),
    Label(L),
}

/// One scan. `L` is a label: its number in the world, or its printed text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scan<L> {
    pub scan_id: ScanId,
    pub code: L,
    pub mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bag: Option<L>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop<L>>,
    pub actor: PersonId,
    pub device: DeviceId,
    pub installation: InstallationId,
    pub seq: u64,
    pub wall_ms: i64,
    pub mono_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_by: Option<ActionBy>,
    #[serde(flatten)]
    pub details: Details,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<L>,
}

/// A scan as it is sent.
pub type WireScan = Scan<String>;

/// What only some actions need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<SiteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_intact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_with: Option<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voids: Option<ScanId>,
}

impl<L> Scan<L> {
    /// The same scan with every label written as `print` writes it.
    pub fn printed(&self, print: &impl Fn(&L) -> String) -> WireScan {
        let stop = self.stop.as_ref().map(|stop| match stop {
            Stop::Site(site) => Stop::Site(site.clone()),
            Stop::Label(label) => Stop::Label(print(label)),
        });
        Scan {
            scan_id: self.scan_id,
            code: print(&self.code),
            mode: self.mode,
            bag: self.bag.as_ref().map(print),
            stop,
            actor: self.actor.clone(),
            device: self.device.clone(),
            installation: self.installation,
            seq: self.seq,
            wall_ms: self.wall_ms,
            mono_ms: self.mono_ms,
            action: self.action,
            action_by: self.action_by,
            details: self.details.clone(),
            absent: self.absent.iter().map(print).collect(),
        }
    }
}

/// A batch as it is sent.
#[derive(Clone, Debug, Serialize)]
pub struct WireBatch {
    pub sent_at: i64,
    pub round_trip_ms: i64,
    pub scans: Vec<WireScan>,
}

/// The answer to a batch.
#[derive(Clone, Debug, Deserialize)]
pub struct BatchAnswer {
    pub results: Vec<ScanAnswer>,
}

/// The answer to one scan.
#[derive(Clone, Debug, Deserialize)]
pub struct ScanAnswer {
    pub scan_id: ScanId,
    pub status: String,
    #[serde(default)]
    pub problem: Option<serde_json::Value>,
}

/// New labels.
#[derive(Clone, Debug, Deserialize)]
pub struct Minted {
    pub codes: Vec<String>,
}

/// Who has it, as the product says; only what is compared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    Site { site: SiteId },
    Courier { courier: PersonId, from: Option<SiteId>, to: Option<SiteId> },
    Leg { from: Option<SiteId>, to: Option<SiteId> },
    Post { from: Option<SiteId>, to: Option<SiteId> },
    Bag { bag: Uuid },
    Applicant,
    Archive,
    Unknown { last_site: Option<SiteId> },
}

/// A dossier's or bag's answer.
#[derive(Clone, Debug, Deserialize)]
pub struct View {
    pub subject: Uuid,
    pub holder: Holder,
    /// The holder seen through bags; where absent, the holder itself.
    #[serde(default)]
    pub whereabouts: Option<Holder>,
    #[serde(default)]
    pub read_at: Option<i64>,
}

/// An exception, as listed.
#[derive(Clone, Debug, Deserialize)]
pub struct OpenException {
    pub kind: String,
    pub subject: Uuid,
}

/// One page of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(default = "Option::default")]
    pub next: Option<String>,
    /// The log position it reflects.
    #[serde(default)]
    pub position: Option<i64>,
}
