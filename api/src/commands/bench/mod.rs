//! `liuzhuan bench`: figures that compare. Every round runs every scenario once, beside the same database driven by hand
//! with the same bytes; what counts are the ratios within one run, because machines are noisy. One file for each kind of
//! figure; to add a scenario: a function in one of them, a line in [`Bench::run`].
mod doors;
mod figures;
mod flood;
mod log;
mod memory;
mod models;
mod pages;
mod papers;

use super::laying::life::Amount;
use super::laying::{self, open};
use crate::settings::Settings;
use anyhow::{Context, bail};
use clap::Args;
use domain::id::Region;
use eventstore::{Clock, Db};
use figures::Board;
use std::time::Duration;

/// Measures appends, scans over HTTP, repeats, reads, scans under a flood of sign-ins, followers, rebuilding, printing,
/// start-up and memory beside the same database driven by hand, in rounds; prints medians and ratios as a table in Markdown. Takes some minutes. Never on a
/// database that holds anything. `--only pages` measures something else: how long pages take while 200 scans a second arrive.
#[derive(Debug, Args)]
pub(in crate::commands) struct Bench {
    /// `sqlite` for a fresh file in a temporary folder, or the address of an empty PostgreSQL database.
    #[arg(long, default_value = "sqlite", value_name = "sqlite|postgres://…")]
    db: String,
    /// Rounds; a figure is the median of them.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds for each scenario in each round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Laid down in bulk before anything is measured: events; for `--only pages` dossiers, with their events, bags and cases.
    #[arg(long, default_value_t = 100_000)]
    scale: u32,
    /// `pages`: pages and lists among so many dossiers while 200 scans a second arrive, each for the seconds given, once. Else
    /// only scenarios whose name holds this text, for a profiler.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    only: String,
    /// With `--only pages`: the database is one that an earlier run laid down at the same scale. Nothing is laid down again.
    #[arg(long)]
    laid: bool,
}

/// What measures pages; by itself, for it counts dossiers.
const PAGES: &str = "pages";

/// What every scenario is given.
pub(super) struct Setting {
    pub db: Db,
    /// How long a scenario runs.
    pub time: Duration,
}

/// The log is measured in a region of its own, so that nothing folds behind it.
const LOG_ALONE: Region = Region(999_999);

impl Bench {
    pub(in crate::commands) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let database =
            if self.db == "sqlite" { folder.path().join("bench.db").display().to_string() } else { self.db.clone() };
        let region = settings.region()?;
        if self.rounds == 0 || !(0.1..=600.0).contains(&self.seconds) {
            bail!("--rounds begins at 1, --seconds is 0.1 to 600");
        }
        if self.only == PAGES {
            return self.pages(&database, region).await;
        }
        let mut board = Board::new(&self);
        prepare(&database, region).await?;
        let amount = Amount::of_events(self.scale.into());
        board.note("laid down", laying::lay(&database, region, Clock::System, amount).await?);
        board.note("start-up", models::start_up(&database, region).await?);
        self.rounds(&database, region, &mut board).await?;
        board.note("memory", memory::of_children(&database, region, self.scale).await?);
        board.note("one label", papers::size_of_one()?);
        super::say(board.markdown());
        Ok(())
    }

    async fn pages(&self, database: &str, region: Region) -> anyhow::Result<()> {
        let amount = Amount::of_dossiers(self.scale.into());
        if !self.laid {
            prepare(database, region).await?;
        }
        pages::lay(database, region, amount, self.laid).await?;
        let (app, tasks) = open(database, region, Clock::System).await?;
        let doors = doors::Doors::open(&app).await?;
        let measured = pages::measure(&app, &doors, amount, Duration::from_secs_f64(self.seconds)).await;
        doors.close().await;
        super::close(app, tasks).await;
        super::say(format!("{}\n\n{}", Board::new(self).head(), measured?));
        Ok(())
    }

    async fn rounds(&self, database: &str, region: Region, board: &mut Board) -> anyhow::Result<()> {
        let (app, tasks) = open(database, region, Clock::System).await?;
        let setting = Setting { db: app.db().clone(), time: Duration::from_secs_f64(self.seconds) };
        let alone = log::Logs::open(&setting.db).await?;
        let (doors, flood) = (doors::Doors::open(&app).await?, flood::Flood::default());
        for round in 1..=self.rounds {
            tracing::info!(round, of = self.rounds, "measuring");
            log::measure(&setting, &alone, board).await?;
            doors.measure(&setting, board).await?;
            flood.measure(&setting, &doors, board).await?;
            models::measure(&app, board).await?;
            papers::measure(&setting, board).await?;
        }
        flood.tell(&app, board);
        drop(alone);
        doors.close().await;
        super::close(app, tasks).await;
        Ok(())
    }
}

/// The county's registers, in a database that was empty.
async fn prepare(database: &str, region: Region) -> anyhow::Result<()> {
    let (app, tasks) = open(database, region, Clock::System).await?;
    let used = app.log().head_row().await?.position > 0 || !app.known().sites.is_empty();
    let imported =
        if used { Ok(()) } else { registers::import(app.db(), region, app.now(), registers::WUHUA).await.map(|_| ()) };
    super::close(app, tasks).await;
    if used {
        bail!(
            "this database is in use: give `liuzhuan bench` an empty one, it writes many thousand events that never happened"
        );
    }
    imported.map_err(|errors| anyhow::anyhow!("the county that comes with the program: {errors:?}"))
}
