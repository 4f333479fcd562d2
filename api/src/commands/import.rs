//! `liuzhuan import FILE…`
use crate::settings::Settings;
use anyhow::{Context, bail};
use clap::Args;
use eventstore::Clock;
use std::path::PathBuf;

/// Files are told apart by their contents: sites.csv, legs.csv, shelves.csv, items.csv, departments.json and the calendar.
/// All are checked as a whole before anything is written; importing the same again changes nothing.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Files to import together.
    #[arg(required_unless_present = "wuhua", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Import the county of the demonstration, 五华县, which comes with the program (partly constructed).
    #[arg(long)]
    wuhua: bool,
}

impl Import {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for path in &self.files {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((path.display().to_string(), bytes));
        }
        if self.wuhua {
            files.extend(registers::WUHUA.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())));
        }
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let (app, tasks) = super::open(settings, Clock::System).await?;
        let done = registers::import(app.db(), app.region(), app.now(), &files).await;
        let report = match done {
            Ok(report) => report,
            Err(errors) => {
                super::close(app, tasks).await;
                for error in &errors {
                    super::say(error);
                }
                bail!("{} errors; nothing was imported", errors.len());
            }
        };
        for (register, count) in report.by_name() {
            super::say(format!(
                "{register}: {} added, {} changed, {} unchanged",
                count.added, count.changed, count.unchanged
            ));
        }
        app.refresh().await?;
        if report.changed_anything() && app.log().head_row().await?.position > 0 {
            let position = projections::rebuild::rebuild(&app.surroundings()).await?;
            super::say(format!("read models built anew to position {position}"));
        }
        super::close(app, tasks).await;
        Ok(())
    }
}
