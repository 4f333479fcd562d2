//! What answers look like: views of rows, with labels as they are printed.
use domain::code::Code;
use domain::custody::{Evidence, Holder, Reading};
use domain::id::SubjectId;
use domain::time::Timestamp;
use projections::custody::Row;
use projections::queues::Placed;
use serde::Serialize;
use utoipa::ToSchema;

/// Who has it: exactly one. `kind` is site, courier, leg, post, bag, applicant, archive or unknown; the other fields
/// depend on it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(value_type = Object, example = json!({"kind": "site", "site": "t01"}))]
pub struct HolderView(#[serde(serialize_with = "serialize_holder")] pub Holder);

fn serialize_holder<S: serde::Serializer>(holder: &Holder, to: S) -> Result<S::Ok, S::Error> {
    holder.serialize(to)
}

/// On what grounds: `read` is seen (itself) or inferred (from its bag); `sides` is one or both of a hand-over.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(value_type = Object, example = json!({"read": "seen", "sides": "both"}))]
pub struct EvidenceView(pub Evidence);

/// A dossier and where it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DossierView {
    pub subject: uuid::Uuid,
    /// Its label as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dossier_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<uuid::Uuid>,
    /// application, supplement, copy or result.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<domain::dossier::DossierKind>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<domain::id::ItemId>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<domain::id::SiteId>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<domain::id::SiteId>,
    pub registered: bool,
    pub annulled: bool,
    /// Who has it; a bag if it lies in one.
    pub holder: HolderView,
    /// Who has it, seen through its bags.
    pub whereabouts: HolderView,
    /// Since when the holder has it, milliseconds since 1970 UTC.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The newest reading behind `whereabouts`.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    pub evidence: EvidenceView,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<domain::id::SiteId>,
    /// The log position this reflects.
    pub position: i64,
}

/// A bag and where it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BagView {
    pub subject: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bag_no: Option<String>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<domain::id::SiteId>,
    pub registered: bool,
    pub annulled: bool,
    pub holder: HolderView,
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    pub evidence: EvidenceView,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<domain::id::SiteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outer_bag: Option<uuid::Uuid>,
    pub position: i64,
}

/// The printed label of a thing: its newest, or the one that reserved it.
#[must_use]
pub fn printed(row: &Row) -> Option<String> {
    row.code.or_else(|| Code::of_subject(row.subject)).map(labels::code::print)
}

/// The printed label that reserved a subject.
#[must_use]
pub fn printed_subject(subject: SubjectId) -> Option<String> {
    Code::of_subject(subject).map(labels::code::print)
}

impl DossierView {
    /// Of a row with its outermost bag.
    #[must_use]
    pub fn of(placed: &Placed) -> Self {
        let row = &placed.dossier;
        let (whereabouts, next_hop, evidence, read_at) = match &placed.bag {
            Some(bag) => {
                let sides = bag.custody.evidence.sides;
                let evidence = Evidence { read: Reading::Inferred, sides, bag: Some(bag.subject) };
                (&bag.custody.holder, &bag.next_hop, evidence, row.custody.read_at.max(bag.custody.read_at))
            }
            None => (&row.custody.holder, &row.next_hop, row.custody.evidence, row.custody.read_at),
        };
        Self {
            subject: row.subject.0,
            code: printed(row),
            dossier_no: row.number.clone(),
            case: row.case.map(|case| case.0),
            kind: row.kind,
            item: row.item.clone(),
            destination: row.destination.clone(),
            home: row.home.clone(),
            registered: row.registered,
            annulled: row.annulled,
            holder: HolderView(row.custody.holder.clone()),
            whereabouts: HolderView(whereabouts.clone()),
            since: row.custody.since,
            read_at,
            evidence: EvidenceView(evidence),
            next_hop: next_hop.clone(),
            position: placed.position,
        }
    }
}

impl BagView {
    /// Of a row.
    #[must_use]
    pub fn of(row: &Row, position: i64) -> Self {
        Self {
            subject: row.subject.0,
            code: printed(row),
            bag_no: row.number.clone(),
            home: row.home.clone(),
            registered: row.registered,
            annulled: row.annulled,
            holder: HolderView(row.custody.holder.clone()),
            since: row.custody.since,
            read_at: row.custody.read_at,
            evidence: EvidenceView(row.custody.evidence),
            next_hop: row.next_hop.clone(),
            outer_bag: row.outer_bag.map(|bag| bag.0),
            position,
        }
    }
}
