//! `liuzhuan demo`
use crate::settings::Settings;
use clap::Args;

/// A fresh database in a temporary folder.
#[derive(Debug, Args)]
pub(super) struct Demo {}

impl Demo {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let _ = settings;
        Ok(())
    }
}
