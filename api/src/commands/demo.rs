//! `liuzhuan demo`
use super::play::{Stage, date};
use crate::server::{Front, told_to_stop};
use crate::settings::Settings;
use anyhow::Context;
use chrono::{Days, NaiveDate};
use clap::Args;
use domain::time::Timestamp;
use eventstore::Clock;
use simulation::{FaultRates, Options, Player};
use std::collections::BTreeSet;
use std::time::Duration;

/// Shows a simulated 五华县 on a fresh database in a temporary folder: some weeks are played quickly, then it lives on in
/// real time until you stop it. Nothing in it is real but the names of towns, villages and items.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Weeks to play before today.
    #[arg(long, default_value_t = 2)]
    weeks: u32,
    /// Dossiers handed in on each working day.
    #[arg(long, default_value_t = 80)]
    dossiers: u32,
    /// The same seed gives the same county, people and mishaps.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Play nothing: an imported county whose clock `liuzhuan simulate --against` drives.
    #[arg(long)]
    empty: bool,
}

/// At night and on days off nothing would move: then the county's clock stands at this hour of its last working day.
const LATE_MORNING_MS: i64 = 10 * HOUR_MS + HOUR_MS / 2;
/// Offices work between these hours.
const OPEN_HOURS: std::ops::Range<i64> = 9..16;

/// What time it is in the county.
fn county_now(shift: i64) -> Timestamp {
    Clock::System.now().plus(shift)
}

/// By how much the county's clock differs from the real one, milliseconds.
fn shift(days_off: &BTreeSet<NaiveDate>) -> i64 {
    let now = Clock::System.now();
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - 8 * HOUR_MS;
    let today = date(now);
    let hour = (now.0 - midnight(today)) / HOUR_MS;
    if OPEN_HOURS.contains(&hour) && !days_off.contains(&today) {
        return 0;
    }
    let ended = if hour < OPEN_HOURS.end { today.pred_opt().unwrap_or(today) } else { today };
    let worked = std::iter::successors(Some(ended), NaiveDate::pred_opt).find(|day| !days_off.contains(day));
    midnight(worked.unwrap_or(ended)) + LATE_MORNING_MS - now.0
}

/// How often the county lives on by what has passed.
const TICK: Duration = Duration::from_secs(1);
const HOUR_MS: i64 = 3_600_000;

impl Demo {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let now = county_now(0);
        let start = date(now).checked_sub_days(Days::new(u64::from(self.weeks) * 7)).context("--weeks")?;
        let began = Timestamp(start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - 8 * HOUR_MS);
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let fresh = folder.path().join("demo.db").display().to_string();
        let stage = Stage::open(settings, &fresh, Front::plain(settings).await?, began).await?;
        super::say(format!("流转 Liuzhuan, a county that is not there\n\n  {}/\n", stage.url));
        super::say(format!(
            "  {:<16} {:<16} {}",
            "account", "password", "second factor (key for an authenticator app)"
        ));
        for login in &stage.logins {
            let factor = login.factor.as_deref().unwrap_or_default();
            super::say(format!("  {:<16} {:<16} {factor}", login.account, login.password));
        }
        super::say(format!("\n  token for programs  {}\n", stage.token));
        let options = Options {
            base_url: stage.url.clone(),
            token: stage.token.clone(),
            county: stage.county.clone(),
            days: 0,
            seed: self.seed,
            dossiers_per_day: self.dossiers,
            faults: FaultRates::default(),
            start,
            judge_each_midnight: false,
            progress: None,
        };
        let lived = tokio::select! {
            lived = self.live(&options) => lived,
            () = told_to_stop() => Ok(()),
        };
        stage.close().await?;
        lived
    }

    async fn live(&self, options: &Options) -> anyhow::Result<()> {
        if self.empty {
            super::say("An empty county. Stop with Ctrl-C.");
            return std::future::pending().await;
        }
        let mut player = simulation::player(options)?;
        let shift = shift(&options.county.days_off);
        self.catch_up(&mut player, options, shift).await?;
        let clock = crate::pages::clock(county_now(shift), true);
        super::say(format!("It is {clock} in the county, which lives on in real time. Stop with Ctrl-C."));
        loop {
            player.play_until(county_now(shift).0).await?;
            tokio::time::sleep(TICK).await;
        }
    }

    /// Plays what is past, saying each day once.
    async fn catch_up(&self, player: &mut Player, options: &Options, shift: i64) -> anyhow::Result<()> {
        let mut until = options.start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - 8 * HOUR_MS;
        let now = county_now(shift).0;
        while until < now {
            until = (until + 24 * HOUR_MS).min(now);
            player.play_until(until).await?;
            tracing::info!(day = %date(Timestamp(until - 1)), "played");
        }
        Ok(())
    }
}
