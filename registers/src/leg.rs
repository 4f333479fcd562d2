//! Stretches that papers travel, one way each, with the least and the most minutes.
use crate::register::register;
use domain::id::SiteId;
use domain::network::Leg;
use domain::time::Minutes;

register! {
    /// A leg as it held for a while.
    pub struct LegRow in "leg", keys 2 {
        from: SiteId = "from_site",
        to: SiteId = "to_site",
        /// Faster is impossible.
        least: Minutes = "least_minutes",
        /// Slower is late.
        most: Minutes = "most_minutes",
    }
}

impl LegRow {
    /// As far as the way of papers needs it.
    #[must_use]
    pub fn leg(&self) -> Leg {
        Leg { from: self.from.clone(), to: self.to.clone(), least: self.least, most: self.most }
    }
}
