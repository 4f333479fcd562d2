//! What `demo` and `simulate` share: the county as the simulation knows it, and a server with a clock to drive.
use crate::access::second_factor;
use crate::access::who_may::ClientScope;
use crate::app::{App, Known, Setup};
use crate::problem::Problem;
use crate::server::Front;
use crate::settings::Settings;
use crate::{driven, router, server};
use anyhow::Context;
use chrono::{Datelike, Days, NaiveDate};
use domain::id::PersonId;
use domain::network::SiteKind;
use domain::time::Timestamp;
use eventstore::{Clock, Db};
use registers::item::{ItemRow, Level};
use registers::leg::LegRow;
use registers::person::{self, PersonRow, PostRow, Role};
use registers::{Validity, account, password, secret};
use simulation::{County, Item};
use std::collections::BTreeSet;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server in this process whose clock a simulation drives.
pub(super) struct Stage {
    pub url: String,
    pub token: String,
    pub county: County,
    pub logins: Vec<Login>,
    end: Option<oneshot::Sender<()>>,
    server: JoinHandle<anyhow::Result<()>>,
}

impl Stage {
    /// Opens a database, imports the county of the demonstration into it, and serves.
    pub async fn open(settings: &Settings, fresh: &str, front: Front, now: Timestamp) -> anyhow::Result<Self> {
        let (url, region) = (front.url()?, settings.region()?);
        // A database that stays keeps its vault key beside it; one in a temporary folder needs none that lasts.
        let setup = if settings.database.is_some() { settings.setup()? } else { Setup::passing(&url)? };
        let db = Db::open(settings.database.as_deref().unwrap_or(fresh)).await?;
        let (app, tasks) = App::open(db, region, Clock::driven(now), setup).await?;
        let imported = registers::import(app.db(), region, now, registers::WUHUA).await;
        imported.map_err(|errors| anyhow::anyhow!("the county that comes with the program: {errors:?}"))?;
        app.refresh().await?;
        staff(&app).await?;
        let scopes: Vec<String> = ClientScope::ALL.iter().map(|scope| scope.name().to_owned()).collect();
        let token = super::client::make(app.db(), region, now, "simulation", &scopes, None).await?;
        let logins = logins(&app).await?;
        let county = county(&app).await?;
        let router = router::router(&app).merge(driven::router(&app));
        let (end, ended) = oneshot::channel::<()>();
        let until = async move {
            let _dropped = ended.await;
        };
        let server = tokio::spawn(server::serve(app, tasks, router, front, until));
        Ok(Self { url, token, county, logins, end: Some(end), server })
    }

    /// Ends the server and waits until everything is written.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.end.take();
        self.server.await.context("the server's task")?
    }
}

/// Couriers that a simulated county may hire.
const COURIERS: usize = 64;

/// Whoever the simulation lets scan holds a post: a clerk at each site, an agent in each village, couriers.
async fn staff(app: &App) -> anyhow::Result<()> {
    let known = app.known();
    let mut posts: Vec<PostRow> = Vec::new();
    for site in known.networks.latest().sites() {
        let role = match site.kind {
            SiteKind::Station => Role::Agent,
            SiteKind::Centre => Role::Clerk,
            SiteKind::Hub => Role::Sorter,
            SiteKind::Department => Role::Department,
        };
        let agent = (site.kind == SiteKind::Station).then(|| format!("agent.{}", site.id));
        for name in [format!("clerk.{}", site.id)].into_iter().chain(agent) {
            posts.push(PostRow::new(name.parse()?, role, Some(site.id.clone())));
        }
    }
    for number in 0..COURIERS {
        posts.push(PostRow::new(format!("courier.{number}").parse()?, Role::Courier, None));
    }
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    let people: Vec<(PersonRow, Validity)> = posts
        .iter()
        .map(|post| {
            (PersonRow { id: post.person.clone(), name: post.person.to_string(), phone: None }, Validity::ALWAYS)
        })
        .collect();
    let posts: Vec<(PostRow, Validity)> = posts.into_iter().map(|post| (post, Validity::ALWAYS)).collect();
    registers::save(&mut tx, &change, &people).await?;
    registers::save(&mut tx, &change, &posts).await?;
    tx.commit().await?;
    app.refresh().await?;
    Ok(())
}

/// Somebody who can sign in to a demonstration.
pub(super) struct Login {
    pub account: String,
    pub password: String,
    /// The secret of the second factor, which administrators need.
    pub factor: Option<String>,
}

/// One login for each role, with a password drawn for this demonstration.
async fn logins(app: &App) -> anyhow::Result<Vec<Login>> {
    let known = app.known();
    let first = |kind: SiteKind| known.networks.latest().sites().iter().find(|site| site.kind == kind);
    let mut logins = Vec::new();
    for role in Role::ALL {
        let kind = match role {
            Role::Agent => Some(SiteKind::Station),
            Role::Clerk => Some(SiteKind::Centre),
            Role::Sorter => Some(SiteKind::Hub),
            Role::Department => Some(SiteKind::Department),
            Role::Courier | Role::Supervisor | Role::SystemAdmin | Role::AuditAdmin | Role::SecurityAdmin => None,
        };
        let site = kind.and_then(first).map(|site| site.id.clone());
        let account = role.as_str().replace('_', "-");
        let (person, password) = (account.parse::<PersonId>()?, secret::draw_typed(&mut secret::rng()));
        let hash = password::hash(&password);
        let factor = role.is_admin().then(second_factor::draw).transpose().map_err(told)?;
        let mut tx = app.db().begin().await?;
        let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
        let row = PersonRow { id: person.clone(), name: account.clone(), phone: None };
        person::put(&mut tx, &change, row).await?;
        person::give_post(&mut tx, &change, PostRow::new(person.clone(), role, site), Validity::ALWAYS).await?;
        account::set_password(&mut tx, app.region(), &person, &hash, app.now()).await?;
        if let Some(secret) = &factor {
            let sealed = app.vault().seal_small(&mut tx, app.now(), &person, secret).await?;
            account::set_totp(&mut tx, app.region(), &person, Some(&sealed)).await?;
        }
        tx.commit().await?;
        let offer = factor.map(|secret| second_factor::offer(&person, &secret)).transpose().map_err(told)?;
        logins.push(Login { account, password, factor: offer.map(|offer| offer.typed) });
    }
    app.refresh_people().await.map_err(told)?;
    Ok(logins)
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.detail.unwrap_or(problem.title))
}

/// The county of the registers, for the simulation: places, legs, items, days off.
async fn county(app: &App) -> anyhow::Result<County> {
    let (db, region, now) = (app.db(), app.region(), app.now());
    let known = app.known();
    let mut sites = known.networks.latest().sites().to_vec();
    sites.sort_by(|a, b| a.id.cmp(&b.id));
    let legs: Vec<LegRow> = registers::list(db, region, now).await?;
    let calendar = registers::calendar::load(db.read(), region).await?;
    let off = |day: &NaiveDate| calendar.is_workday(*day) == Some(false);
    let days = calendar.years.keys().flat_map(|&year| days_of(year));
    let days_off: BTreeSet<NaiveDate> = days.filter(off).collect();
    Ok(County { region, sites, legs: legs.iter().map(LegRow::leg).collect(), items: items(&known), days_off })
}

fn days_of(year: i32) -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    let next = move |day: &NaiveDate| day.checked_add_days(Days::new(1)).filter(|day| day.year() == year);
    std::iter::successors(first, next)
}

fn items(known: &Known) -> Vec<Item> {
    let level = |level: Level| match level {
        Level::Village => simulation::Level::Village,
        Level::Town => simulation::Level::Town,
        Level::County => simulation::Level::County,
    };
    let item = |row: &ItemRow| Item {
        code: row.code.clone(),
        department: row.department.clone(),
        received_at: level(row.received_at),
        decided_at: level(row.decided_at),
        delegated: row.delegated,
        immediate: row.case_type_code == "1",
    };
    let mut items: Vec<Item> = known.items.values().map(item).collect();
    items.sort_by(|a, b| a.code.cmp(&b.code));
    items
}

/// The date in China at a time.
pub(super) fn date(at: Timestamp) -> NaiveDate {
    let shanghai = chrono::DateTime::from_timestamp_millis(at.plus(8 * 3_600_000).0);
    shanghai.map_or(NaiveDate::MIN, |at| at.date_naive())
}
