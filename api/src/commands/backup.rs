//! `liuzhuan backup` and `liuzhuan restore`
use crate::settings::Settings;
use clap::Args;
use eventstore::Clock;
use std::path::PathBuf;

/// The copy holds everything as of one moment: log, registers, read models. It may be taken at any time; the server goes on.
/// Never overwrites a file. PostgreSQL's `pg_dump` must be installed for a PostgreSQL database.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make, on another disk than the database.
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

/// The restored log begins a new epoch, so that handhelds send again what the copy had not. Never overwrites: --database names a
/// file that does not exist yet, or an empty PostgreSQL database. Run `liuzhuan verify` on it before you serve it.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A copy made by `liuzhuan backup`.
    #[arg(value_name = "FILE")]
    from: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let bytes = eventstore::backup::backup(settings.database(), &self.to).await?;
        super::say(format!("{}: {:.1} MB", self.to.display(), bytes as f64 / 1e6));
        Ok(())
    }
}

impl Restore {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let database = eventstore::db::without_password(settings.database());
        let epoch = eventstore::backup::restore(&self.from, settings.database(), Clock::System.now()).await?;
        super::say(format!("{database}: restored from {}; a new epoch begins: {epoch}", self.from.display()));
        super::say(format!("next: liuzhuan verify --database {database}"));
        Ok(())
    }
}
