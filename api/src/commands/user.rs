//! `liuzhuan user`
use crate::app::App;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::staff::{self, Doer, Given};
use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use domain::id::PersonId;
use eventstore::Clock;
use registers::person::{PersonRow, Role};

/// Staff from the machine itself: for who installs, and when the last security administrator has lost the phone. In daily
/// work the security administrator does this on the page "Staff". Everything is recorded.
#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take somebody in with a post, and print a one-time code for the first sign-in.
    Add {
        /// What they sign in with: 1 to 40 of A-Z a-z 0-9 . _ -
        id: String,
        /// What people call them.
        #[arg(long)]
        name: String,
        /// courier, agent, clerk, sorter, department, supervisor, system_admin, audit_admin or security_admin.
        #[arg(long)]
        role: String,
        /// Where the post is; administrators have none.
        #[arg(long)]
        site: Option<String>,
    },
    /// Print a one-time code for who forgot the password or lost the phone. The old ones open nothing any more.
    Code {
        /// Whose.
        id: String,
    },
    /// List staff with posts.
    List,
    /// End a post, as `list` shows it: PERSON/ROLE/SITE.
    End {
        /// Which.
        post: String,
    },
}

impl User {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let (app, tasks) = super::open(settings, Clock::System).await?;
        let done = self.command.run(&app).await;
        super::close(app, tasks).await;
        done
    }
}

impl Command {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        match self {
            Self::Add { id, name, role, site } => {
                let id: PersonId = id.parse().context("ID")?;
                let role: Role = role.parse().map_err(|()| anyhow!("--role is one of {}", Role::TEXTS))?;
                let site = site.map(|site| site.parse()).transpose().context("--site")?;
                let row = PersonRow { id: id.clone(), name, phone: None };
                staff::save(app, &Doer::shell(), row).await.map_err(told)?;
                let given = Given { role, site, from: app.now(), to: None };
                staff::give_post(app, &Doer::shell(), &id, given).await.map_err(told)?;
                code(app, &id).await
            }
            Self::Code { id } => code(app, &id.parse().context("ID")?).await,
            Self::List => {
                let known = app.known();
                for row in known.people.all() {
                    let posts: Vec<&str> =
                        known.people.posts_at(&row.id, app.now()).map(|post| post.id.as_str()).collect();
                    super::say(format!("{}\t{}\t{}", row.id, row.name, posts.join(" ")));
                }
                Ok(())
            }
            Self::End { post } => staff::end_post(app, &Doer::shell(), &post).await.map_err(told),
        }
    }
}

async fn code(app: &App, id: &PersonId) -> anyhow::Result<()> {
    let code = staff::give_code(app, &Doer::shell(), id).await.map_err(told)?;
    super::say(format!("{code}\nGood for seven days, once: {id} signs in with it and chooses a password."));
    Ok(())
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.detail.unwrap_or(problem.title))
}
