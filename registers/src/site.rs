//! Places that can hold papers. A site's id is its own; a division code is a dated attribute, because codes change.
use crate::column::{Cell, Column, text_enum};
use crate::register::register;
use domain::id::SiteId;
use domain::network::{Site, SiteKind};

register! {
    /// A site as it held for a while.
    pub struct SiteRow in "site", keys 1 {
        id: SiteId = "id",
        kind: SiteKind = "kind",
        /// The site it hangs on: a station on a centre, a centre or a department on a hub.
        parent: Option<SiteId> = "parent",
        name: String = "name",
        name_en: Option<String> = "name_en",
        /// Statistical division code, 12 digits.
        division_code: Option<String> = "division_code",
        /// When it is open on a working day: `08:30-12:00 14:30-17:30`; empty if unknown.
        hours: String = "hours",
        /// Stations only.
        acts_as: Option<ActsAs> = "acts_as",
        /// The compartment of the hub's sorting rack that collects for this site.
        slot: Option<String> = "slot",
        address: Option<String> = "address",
        phone: Option<String> = "phone",
    }
}

text_enum! {
    /// What a village station is before the law.
    pub enum ActsAs {
        /// Helps the applicant (代办): what lies here is not yet received by the authority.
        Agent = "agent",
        /// A window of the centre: handed in here is handed in.
        OfficialWindow = "official_window",
    }
}

impl SiteRow {
    /// As far as the way of papers needs it.
    #[must_use]
    pub fn place(&self) -> Site {
        Site { id: self.id.clone(), kind: self.kind, parent: self.parent.clone() }
    }
}

/// The stored text of a kind of site; a literal.
#[must_use]
pub fn kind_text(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Station => "station",
        SiteKind::Centre => "centre",
        SiteKind::Hub => "hub",
        SiteKind::Department => "department",
    }
}

/// The kind of site of a stored text.
#[must_use]
pub fn kind_of(text: &str) -> Option<SiteKind> {
    let all = [SiteKind::Station, SiteKind::Centre, SiteKind::Hub, SiteKind::Department];
    all.into_iter().find(|&kind| kind_text(kind) == text)
}

impl Column for SiteKind {
    const IS_INT: bool = false;
    fn cell(&self) -> Cell {
        Cell::Text(Some(kind_text(*self).to_owned()))
    }
    fn of(cell: Cell) -> Option<Self> {
        if let Cell::Text(Some(text)) = cell { kind_of(&text) } else { None }
    }
}
