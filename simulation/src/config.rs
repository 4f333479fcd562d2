//! How much goes on in the county. Shares are of one; hours and days are in the files that use them.
use crate::faults::FaultRates;

/// The measures of a county's day. Constructed values; the volume is the planning figure of a county (20 % of counter
/// cases circulate).
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Applications with a label handed in on a working day, on average.
    pub dossiers_per_day: u32,
    pub faults: FaultRates,
    /// Of all applications, handed in at village stations.
    pub station_share: f64,
    /// Of all applications, handed in at the county hall.
    pub hall_share: f64,
    /// Of applications at towns and stations, for items decided below the county.
    pub delegated_share: f64,
    /// Beside the labelled applications, finished on the spot without a label.
    pub immediate_share: f64,
    /// Of the centres, those that the post serves.
    pub post_share: f64,
    /// Of the rounds of couriers, those with one big road bag.
    pub road_bag_share: f64,
    /// Of the harmless readings, sent without an action.
    pub actionless_share: f64,
    /// Of decided dossiers, those that go home with the result.
    pub returned_share: f64,
    /// Dossiers for one department or from it that are worth a bag.
    pub bag_from: usize,
    /// Centres on one courier's round, at most.
    pub centres_per_courier: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dossiers_per_day: 330,
            faults: FaultRates::default(),
            station_share: 0.22,
            hall_share: 0.06,
            delegated_share: 0.12,
            immediate_share: 0.05,
            post_share: 0.1,
            road_bag_share: 0.2,
            actionless_share: 0.03,
            returned_share: 0.3,
            bag_from: 6,
            centres_per_courier: 4,
        }
    }
}
