//! The executable's commands, one file each. `main` only parses and calls.
mod backup;
mod bench;
mod client;
mod demo;
mod import;
mod labels;
pub mod laying;
mod play;
mod rebuild;
mod serve;
mod simulate;
mod tls;
mod user;
mod vault;

use crate::app::{App, Setup, Tasks};
use crate::settings::Settings;
use anyhow::bail;
use clap::{Parser, Subcommand};
use domain::id::Region;
use eventstore::db::Place;
use eventstore::{Clock, Db};
use std::path::Path;

/// 流转 Liuzhuan: an event-sourced tracker for paper dossiers in government services.
#[derive(Debug, Parser)]
#[command(name = "liuzhuan", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve one county until told to stop.
    Serve,
    /// Show a simulated county: some weeks played quickly, then living on in real time.
    Demo(demo::Demo),
    /// Import sites, legs, departments, items, shelves and calendars from files.
    Import(import::Import),
    /// Mint and print labels, print some again, or a page to measure a printer with.
    Labels(labels::Labels),
    /// Build every read model anew from the log.
    Rebuild,
    /// Check the log and the record (positions, versions, every body) and compare every read model with a fresh build.
    Verify,
    /// Copy log, registers and read models to a file, while others go on writing.
    Backup(backup::Backup),
    /// Begin a log again from a copy, in a new file or an empty database.
    Restore(backup::Restore),
    /// Make an authority of the county's own and the server's certificates.
    Tls(tls::Tls),
    /// Take in staff, give posts and codes for the first sign-in, from the machine itself.
    User(user::User),
    /// Make, list or revoke tokens of programs that work with this one.
    Client(client::Client),
    /// Keys of the vault; and making erasures physical.
    Vault(vault::Vault),
    /// Measure the log and the doors beside the same database driven by hand.
    Bench(bench::Bench),
    /// Play a seeded county against the real doors and judge the answers by the truth.
    Simulate(simulate::Simulate),
}

/// Runs what the command line asks.
///
/// # Errors
/// What went wrong, in one sentence that says what to do.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let settings = cli.settings.with_file()?;
    start_log(&settings)?;
    match cli.command {
        Command::Serve => serve::run(&settings).await,
        Command::Demo(demo) => demo.run(&settings).await,
        Command::Import(import) => import.run(&settings).await,
        Command::Labels(labels) => labels.run(&settings).await,
        Command::Rebuild => rebuild::rebuild(&settings).await,
        Command::Verify => rebuild::verify(&settings).await,
        Command::Backup(backup) => backup.run(&settings).await,
        Command::Restore(restore) => restore.run(&settings).await,
        Command::Tls(tls) => tls.run(&settings),
        Command::User(user) => user.run(&settings).await,
        Command::Client(client) => client.run(&settings).await,
        Command::Vault(vault) => vault.run(&settings).await,
        Command::Bench(bench) => bench.run(&settings).await,
        Command::Simulate(simulate) => simulate.run(&settings).await,
    }
}

fn start_log(settings: &Settings) -> anyhow::Result<()> {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_new(settings.log.as_deref().unwrap_or("info,sqlx=warn"))?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _first = if settings.log_json { builder.json().try_init() } else { builder.with_target(false).try_init() };
    Ok(())
}

/// Opens the application as most commands need it.
async fn open(settings: &Settings, clock: Clock) -> anyhow::Result<(App, Tasks)> {
    let region: Region = settings.region()?;
    // The key first: a database without one that is there already is worth a warning, one that begins is not.
    let setup = settings.setup()?;
    let db = Db::open(settings.database()).await?;
    Ok(App::open(db, region, clock, setup).await?)
}

/// As [`open`], and tells applicants what the configuration says.
async fn open_telling(settings: &Settings) -> anyhow::Result<(App, Tasks)> {
    let region: Region = settings.region()?;
    let setup = Setup { notices: Some(settings.notices()?), ..settings.setup()? };
    let db = Db::open(settings.database()).await?;
    Ok(App::open(db, region, Clock::System, setup).await?)
}

/// As [`open`], for what makes no sense on a database that is not there yet.
async fn open_existing(settings: &Settings) -> anyhow::Result<(App, Tasks)> {
    is_there(settings)?;
    open(settings, Clock::System).await
}

/// A slip of the pen must not make an empty database and call it whole, or swept.
fn is_there(settings: &Settings) -> anyhow::Result<()> {
    if let Place::File(file) = Db::place(settings.database())?
        && !Path::new(file).exists()
    {
        bail!("there is no database {file}: check --database");
    }
    Ok(())
}

/// Closes what [`open`] opened.
async fn close(app: App, tasks: Tasks) {
    app.stop();
    let db = app.db().clone();
    drop(app);
    tasks.finish().await;
    db.close().await;
}

/// Prints a line for the user: standard output is for answers, standard error for the log.
fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    // A closed pipe is the reader's wish.
    let _closed = writeln!(std::io::stdout(), "{line}");
}
