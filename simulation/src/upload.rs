//! What leaves the county, and when: scans in batches, desks' commands, devices that announce themselves. Labels are
//! still numbers here; `drive` gives them codes.
use crate::county::SiteNo;
use crate::truth::LabelNo;
use crate::wire;
use domain::code::CodeKind;
use domain::id::{CaseId, DeviceId, ItemId, PersonId, SiteId};
use uuid::Uuid;

/// A label that the world uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub kind: CodeKind,
    /// For a site's label, whose.
    pub site: Option<SiteNo>,
    /// Never asked of the product: a label of another county.
    pub foreign: bool,
}

/// A scan before its labels have codes.
pub type Scan = wire::Scan<LabelNo>;

/// Something that reaches the product at a true time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedUpload {
    pub at: i64,
    pub upload: Upload,
}

/// What reaches the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upload {
    Device(DeviceSpec),
    Scans(Batch),
    /// Commands of one desk; the order matters.
    Desk(Vec<Command>),
}

/// A device as it is enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    pub id: DeviceId,
    pub request_id: Uuid,
    pub name: String,
    pub bound: Bound,
}

/// What a device is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    Site(SiteId),
    Courier(PersonId),
}

/// Scans sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// By the device's own clock.
    pub sent_at: i64,
    pub round_trip_ms: i64,
    pub scans: Vec<Scan>,
    /// How many of them are of labels that nobody minted.
    pub strays: usize,
    /// Sent before, with the same scans.
    pub is_repeat: bool,
}

/// A command, with the id that makes it happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub request_id: Uuid,
    pub by: PersonId,
    pub what: Ask,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    FileCase { case: CaseId, case_no: String, item: ItemId, at: SiteId, home: SiteId },
    Accept { case: CaseId },
    Decide { case: CaseId, granted: bool },
    Close { case: CaseId, granted: bool },
    Register(Registration),
    HandOut { label: LabelNo, at: SiteId, to_proxy: bool },
    Archive { label: LabelNo, at: SiteId },
    Reroute { label: LabelNo, at: SiteId, destination: SiteId },
}

/// A dossier bound to its case and way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub label: LabelNo,
    pub dossier_no: String,
    pub is_result: bool,
    pub case: CaseId,
    pub item: ItemId,
    pub destination: Option<SiteId>,
    pub home: SiteId,
    /// Where it lies while it is registered.
    pub at: SiteId,
}
