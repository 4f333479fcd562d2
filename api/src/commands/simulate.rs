//! `liuzhuan simulate`
use super::play::{Stage, date};
use crate::server::listen;
use crate::settings::Settings;
use anyhow::{Context, bail};
use chrono::{Days, NaiveDate};
use clap::{Args, ValueEnum};
use domain::time::Timestamp;
use eventstore::Clock;
use simulation::{Fault, FaultRates, Options};
use std::sync::Arc;

/// Which mishaps happen.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mishaps {
    /// Every kind, at its usual rate.
    Usual,
    /// Every kind, five times as often.
    Many,
    /// None.
    None,
}

/// Plays working days of 五华县 with couriers, bags and mishaps against the real doors, and compares what the system says
/// with what was true. Without --against it starts a server of its own, on a fresh database (or --database). The verdict is
/// a table in Markdown; the exit code is not zero if it does not hold.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Working days to play.
    #[arg(long, default_value_t = 10)]
    days: u32,
    /// The same seed gives the same county, people and mishaps.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Dossiers handed in on each day.
    #[arg(long, default_value_t = 330)]
    dossiers: u32,
    /// First day (YYYY-MM-DD); by default long enough ago to end before today.
    #[arg(long)]
    start: Option<NaiveDate>,
    #[arg(long, value_enum, default_value_t = Mishaps::Usual)]
    mishaps: Mishaps,
    /// A server whose clock can be driven: one that `liuzhuan demo --empty` started.
    #[arg(long, requires = "token", value_name = "URL")]
    against: Option<String>,
    /// Its token.
    #[arg(long, env = "LIUZHUAN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Play nothing against a server: print, as JSON, what the busiest courier scans on this working day (from 0), for driving
    /// a real handheld.
    #[arg(long, conflicts_with = "against", value_name = "DAY")]
    courier_day: Option<u32>,
}

/// What must hold: shares of right places, of flagged silences, and of false alarms.
const RIGHT_MIN: f64 = 1.0;
const FLAGGED_MIN: f64 = 0.95;
const FALSE_MAX: f64 = 0.05;

impl Simulate {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let now = Clock::System.now();
        // Five working days are a week; two more for the holidays.
        let back = Days::new(u64::from(self.days) * 7 / 5 + 14);
        let start = self.start.or_else(|| date(now).checked_sub_days(back)).context("--start")?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let fresh = folder.path().join("simulation.db").display().to_string();
        // Against another server, the own one only lends its county.
        let settings =
            Settings { database: settings.database.clone().filter(|_| self.against.is_none()), ..settings.clone() };
        let began = Timestamp(start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
        let loopback = "127.0.0.1:0".parse().context("loopback")?;
        let stage = Stage::open(&settings, &fresh, listen(loopback).await?.into(), began).await?;
        if let Some(day) = self.courier_day {
            let found = simulation::busiest_courier_day(&stage.county, self.seed, start, day, self.dossiers);
            stage.close().await?;
            super::say(serde_json::to_string(&found?.context("no courier scans on that day")?)?);
            return Ok(());
        }
        let options = Options {
            base_url: self.against.clone().unwrap_or_else(|| stage.url.clone()),
            token: self.token.clone().filter(|_| self.against.is_some()).unwrap_or_else(|| stage.token.clone()),
            county: stage.county.clone(),
            days: self.days,
            seed: self.seed,
            dossiers_per_day: self.dossiers,
            faults: match self.mishaps {
                Mishaps::Usual => FaultRates::default(),
                Mishaps::Many => Fault::all().fold(FaultRates::default(), |rates, fault| {
                    let rate = rates.rate(fault) * 5.0;
                    rates.with(fault, rate)
                }),
                Mishaps::None => FaultRates::none(),
            },
            start,
            judge_each_midnight: false,
            progress: Some(Arc::new(|progress| tracing::info!(day = progress.day, of = progress.days, "played"))),
        };
        let verdict = simulation::run(options).await;
        stage.close().await?;
        let verdict = verdict?;
        super::say(verdict.markdown());
        let held = verdict.placed.ratio() >= RIGHT_MIN
            && verdict.silent.ratio() >= FLAGGED_MIN
            && verdict.false_alarms() <= FALSE_MAX;
        if !held {
            bail!("the verdict does not hold");
        }
        Ok(())
    }
}
