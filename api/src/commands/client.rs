//! `liuzhuan client`
use crate::access::who_may::ClientScope;
use crate::settings::Settings;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Clock, Db};
use registers::record::{Act, Actor, ClientMade, ClientRevoked, Entry, append};
use registers::{Change, token};

/// A token opens the doors of its scopes to a program, for a while. It is shown once; only its hash is kept.
#[derive(Debug, Args)]
pub(super) struct Client {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it.
    Add {
        /// What it is for; begins with a letter.
        name: String,
        /// What it opens: some of scan, read, decide, set_up, feed, metrics, divided by commas.
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Days until it ends, 366 at most.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// List tokens, without their secrets.
    List,
    /// Take every token of a name out of force.
    Revoke {
        /// What it was for.
        name: String,
    },
}

impl Client {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let (db, region, now) = (Db::open(settings.database()).await?, settings.region()?, Clock::System.now());
        registers::migrate(&db).await?;
        match self.command {
            Command::Add { name, scopes, days } => {
                if !(1..=crate::v1::clients::DAYS_MAX).contains(&days) {
                    bail!("--days is 1 to {}", crate::v1::clients::DAYS_MAX);
                }
                let until = now.plus(i64::from(days) * 86_400_000);
                super::say(make(&db, region, now, &name, &scopes, Some(until)).await?);
            }
            Command::List => {
                for row in token::list(&db, region).await? {
                    let over = row.expires_at.is_some_and(|until| until <= now);
                    let state = if row.revoked_at.is_some() {
                        "revoked"
                    } else if over {
                        "over"
                    } else {
                        "in force"
                    };
                    super::say(format!("{}\t{}\t{state}", row.name, row.scopes));
                }
            }
            Command::Revoke { name } => {
                let client = name.parse().context("NAME")?;
                let mut tx = db.begin().await?;
                let change = Change::begin(&mut tx, region, now).await?;
                let count = token::revoke(&mut tx, &change, &name).await?;
                if count == 0 {
                    bail!("no token in force is named {name}: `liuzhuan client list` shows them");
                }
                let act = Act::ClientRevoked(ClientRevoked { client });
                append(&mut tx, region, now, &[Entry { actor: Actor::System, address: None, act }]).await?;
                tx.commit().await?;
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
    region: Region,
    now: Timestamp,
    name: &str,
    scopes: &[String],
    until: Option<Timestamp>,
) -> anyhow::Result<String> {
    if let Some(wrong) = scopes.iter().find(|scope| !ClientScope::ALL.iter().any(|it| it.name() == scope.as_str())) {
        bail!("`{wrong}` is no scope: choose some of scan, read, decide, set_up, feed, metrics");
    }
    let mut tx = db.begin().await?;
    let change = Change::begin(&mut tx, region, now).await?;
    let token = token::create(&mut tx, &change, name, &scopes.join(" "), until, &mut registers::secret::rng()).await?;
    let words = scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>()?;
    let act = Act::ClientMade(ClientMade { client: name.parse().context("NAME")?, scopes: words, expires_at: until });
    append(&mut tx, region, now, &[Entry { actor: Actor::System, address: None, act }]).await?;
    tx.commit().await?;
    Ok(token)
}
