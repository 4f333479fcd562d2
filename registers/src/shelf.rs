//! Where things lie within a site: shelves for what waits to be collected, slots of a sorting rack.
use crate::column::text_enum;
use crate::register::register;
use domain::id::SiteId;

register! {
    /// A shelf or slot of a site, as it held for a while.
    pub struct ShelfRow in "shelf", keys 2 {
        site: SiteId = "site",
        /// Its short name within the site, as written on it.
        shelf: String = "shelf",
        kind: ShelfKind = "kind",
        name: Option<String> = "name",
    }
}

text_enum! {
    /// What it is for.
    pub enum ShelfKind {
        /// Results wait here for their applicants.
        Shelf = "shelf",
        /// A compartment of the sorting rack; sites name theirs in `slot`.
        Slot = "slot",
    }
}
