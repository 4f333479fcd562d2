//! `liuzhuan user`
use crate::settings::Settings;
use anyhow::bail;
use clap::{Args, Subcommand};
use eventstore::{Clock, Db};

/// Until people have accounts, a token opens every door of its region. It is shown once; only its hash is kept.
#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it.
    Add {
        /// Whom or what it is for.
        name: String,
        /// Days until it ends; for ever if not given.
        #[arg(long)]
        days: Option<u32>,
    },
    /// List tokens, without their secrets.
    List,
    /// Take every token of a name out of force.
    Revoke {
        /// Whom or what it was for.
        name: String,
    },
}

impl User {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let (db, region, now) = (Db::open(settings.database()).await?, settings.region()?, Clock::System.now());
        registers::migrate(&db).await?;
        match self.command {
            Command::Add { name, days } => {
                let until = days.map(|days| now.plus(i64::from(days) * 86_400_000));
                super::say(make(&db, region, now, &name, until).await?);
            }
            Command::List => {
                for row in registers::token::list(&db, region).await? {
                    let state = if row.revoked_at.is_some() { "revoked" } else { "in force" };
                    super::say(format!("{}\t{state}", row.name));
                }
            }
            Command::Revoke { name } => {
                let mut tx = db.begin().await?;
                let change = registers::Change::begin(&mut tx, region, now).await?;
                let count = registers::token::revoke(&mut tx, &change, &name).await?;
                tx.commit().await?;
                if count == 0 {
                    bail!("no token in force is named {name}: `liuzhuan user list` shows them");
                }
                super::say(format!("{count} revoked"));
            }
        }
        db.close().await;
        Ok(())
    }
}

/// Makes a token.
pub(super) async fn make(
    db: &Db,
    region: domain::id::Region,
    now: domain::time::Timestamp,
    name: &str,
    until: Option<domain::time::Timestamp>,
) -> anyhow::Result<String> {
    let mut tx = db.begin().await?;
    let change = registers::Change::begin(&mut tx, region, now).await?;
    let token = registers::token::create(&mut tx, &change, name, until, &mut rand::rng()).await?;
    tx.commit().await?;
    Ok(token)
}
