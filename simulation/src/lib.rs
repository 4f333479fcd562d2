//! A county that is not there: seeded people, bags, roads and mishaps, their scans, and the truth to judge us by.
//!
//! Pure: [`world`] plays a [`county`] from a seed and knows the [`truth`]; [`generate`] makes short histories for property
//! tests. Thin: [`drive`] plays the uploads against the product over HTTP with the product's clock in hand, [`judge`]
//! compares. It knows ids, codes and names of actions; never the rule table, never a fold: else it would repeat our errors.
//!
//! To play a county: [`run`], or [`player`] and [`Player::play_until`] step by step. To add a mishap: see [`faults`].
pub mod calendar;
pub mod client;
pub mod config;
pub mod county;
pub mod drive;
pub mod faults;
pub mod generate;
pub mod judge;
pub mod requests;
pub mod truth;
pub mod upload;
pub mod verdict;
pub mod wire;
pub mod world;

mod bagging;
mod desks;
mod device;
mod handover;
mod intake;
mod people;
mod post;
mod reading;
mod round_export;
mod rounds;
mod sending;
mod tours;

pub use client::SimulationError;
pub use config::Config;
pub use county::{County, Item, Level};
pub use drive::Player;
pub use faults::{Fault, FaultRates};
pub use judge::judge;
pub use round_export::{CourierDay, LabelOfDay, busiest_courier_day};
pub use verdict::Verdict;

use client::Client;
use std::sync::Arc;
use world::World;

/// How far a run has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Working days done, of how many.
    pub day: u32,
    pub days: u32,
    /// The verdict of this midnight, if each is judged.
    pub verdict: Option<Verdict>,
}

/// Told after each working day.
pub type ProgressFn = Arc<dyn Fn(&Progress) + Send + Sync>;

/// What to run, and against whom.
#[derive(Clone)]
pub struct Options {
    /// Such as `http://127.0.0.1:8080`.
    pub base_url: String,
    pub token: String,
    pub county: County,
    /// Working days to play.
    pub days: u32,
    pub seed: u64,
    pub dossiers_per_day: u32,
    pub faults: FaultRates,
    /// The first day; if nobody works on it, the next working day.
    pub start: chrono::NaiveDate,
    pub judge_each_midnight: bool,
    pub progress: Option<ProgressFn>,
}

/// A player at the morning of the first day; nothing has been sent yet.
///
/// # Errors
/// A county that cannot be played.
pub fn player(options: &Options) -> Result<Player, SimulationError> {
    let (dossiers_per_day, faults) = (options.dossiers_per_day, options.faults.clone());
    let config = Config { dossiers_per_day, faults, ..Config::default() };
    let world = World::new(&options.county, config, options.seed, options.start)?;
    let client = Client::new(&options.base_url, &options.token)?;
    Ok(Player::new(world, client, options.seed))
}

/// Plays all days and judges at the last midnight.
///
/// # Errors
/// The first answer of the product that should not be.
pub async fn run(options: Options) -> Result<Verdict, SimulationError> {
    let mut player = player(&options)?;
    for day in 0..options.days {
        let midnight = player.world().end_of_day(day);
        player.play_until(midnight).await?;
        let verdict = if options.judge_each_midnight { Some(judge(&player).await?) } else { None };
        if let Some(progress) = &options.progress {
            progress(&Progress { day: day + 1, days: options.days, verdict });
        }
    }
    judge(&player).await
}
