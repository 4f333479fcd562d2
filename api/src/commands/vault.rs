//! `liuzhuan vault`
use crate::settings::Settings;
use clap::{Args, Subcommand};
use eventstore::{Clock, Db};
use registers::record::{Actor, By};
use registers::vault::{self, make_key};
use std::path::{Path, PathBuf};

/// What the database holds of applicants is sealed with keys that lie outside it. Keep copies of the key file apart from copies of
/// the database: who has both can read, who lost the keys never can.
#[derive(Debug, Args)]
pub(super) struct Vault {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key file, or add a new key to one; the new key is the one that seals from then on.
    Key {
        /// The key file; the server is told of it with --vault-key-file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Seal everything under the newest key, while the server goes on; then sweep. Can be stopped and begun again.
    Rotate,
    /// Take what was erased out of the database's files. Writers wait for some seconds: run it at night.
    Sweep,
}

impl Vault {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match self.command {
            Command::Key { file } => key(&file),
            Command::Rotate => rotate(settings).await,
            Command::Sweep => sweep(settings).await,
        }
    }
}

fn key(file: &Path) -> anyhow::Result<()> {
    let added = file.exists();
    let (id, path) = (make_key(file)?, file.display());
    if added {
        super::say(format!("{path}: key {id} was added and seals from now on"));
        super::say("next, once every server has this file: liuzhuan vault rotate");
    } else {
        super::say(format!("{path}: made, with key {id}; tell the server of it with --vault-key-file"));
    }
    super::say("keep a copy of the file apart from the backups: without it nothing in the vault can be read again");
    Ok(())
}

async fn rotate(settings: &Settings) -> anyhow::Result<()> {
    super::is_there(settings)?;
    let (keys, now) = (settings.vault_keys()?, Clock::System.now());
    let db = Db::open(settings.database()).await?;
    registers::migrate(&db).await?;
    let vault = vault::Vault::open(&db, settings.region()?, keys, now).await?;
    let done = vault.rotate(&db, &By { actor: Actor::System, address: None, now }).await?;
    if done.retired.is_empty() {
        super::say(format!("{} is the only key there is: `liuzhuan vault key FILE` adds a newer one first", done.key));
        db.close().await;
        return Ok(());
    }
    super::say(format!(
        "sealed anew under {}: {} parties and {} notes, with {} hashes",
        done.key, done.parties, done.notes, done.hashes
    ));
    vault::sweep(&db).await?;
    db.close().await;
    super::say("swept: what lay under older keys is gone from the files of the database");
    for key in done.retired {
        super::say(format!(
            "nothing lies under {key} any more: its line may leave the key file, once old backups are gone"
        ));
    }
    Ok(())
}

async fn sweep(settings: &Settings) -> anyhow::Result<()> {
    super::is_there(settings)?;
    let db = Db::open(settings.database()).await?;
    registers::migrate(&db).await?;
    vault::sweep(&db).await?;
    db.close().await;
    super::say("what was erased is gone from the files of the database; what lives on stands in docs/security.md");
    Ok(())
}
