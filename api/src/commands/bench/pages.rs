//! What somebody at a desk waits for, in a county that has many dossiers, while scans arrive: one client after another asks,
//! 200 scans a second come in at the real door. Client, server and database share the machine.
use super::doors::{Couriers, Doors};
use super::figures::{Sample, closed_loop, percentile_ms};
use super::log::COURIERS;
use crate::app::App;
use crate::commands::laying::life::{Amount, CASES, Places};
use crate::commands::laying::{self, RECEIPTS};
use anyhow::{Context, ensure};
use domain::id::{PersonId, SiteId};
use eventstore::Clock;
use projections::queues::{self, Queue};
use registers::person::{self, PersonRow, PostRow, Role};
use registers::session::{self, Begin};
use registers::{Change, Validity, secret};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// From one scan to the next: 200 a second.
const PACE: Duration = Duration::from_millis(5);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// At the window of the busy centre.
    Clerk,
    /// In a village that has hardly any papers: lists and searches within a small scope.
    Agent,
    Sorter,
    Department,
    /// Of the whole county.
    Supervisor,
    /// Somebody with a receipt.
    Applicant,
}

/// One kind of question; `about` is told a number that is another at each turn, and says what to ask for and what the answer
/// holds if it is right.
struct Ask {
    name: String,
    who: Who,
    about: Arc<dyn Fn(u64) -> (String, String) + Send + Sync>,
}

/// Everybody's cookies, and what there is.
struct Desks {
    http: reqwest::Client,
    url: String,
    cookies: Vec<(Who, String)>,
}

/// Measures, and says it as a table in Markdown.
pub(super) async fn measure(app: &App, doors: &Doors, amount: Amount, time: Duration) -> anyhow::Result<String> {
    let places = Arc::new(laying::places(app)?);
    let desks = Arc::new(Desks::open(app, &doors.couriers.url, &places).await?);
    let mut text = String::from(
        "| what is asked for | asked | p50 ms | p99 ms | longest ms |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    let stop = Arc::new(AtomicBool::new(false));
    let scanning = tokio::spawn(scans(doors.couriers.clone(), stop.clone()));
    for ask in asks(amount, &places) {
        let desks = desks.clone();
        let (who, about) = (ask.who, ask.about.clone());
        let step = move |_, turn: u64| {
            let (desks, (path, holds)) = (desks.clone(), about(turn.wrapping_mul(7919) + 1));
            async move { desks.ask(who, &path, &holds).await.map(|()| 1) }
        };
        let sample = closed_loop(1, time, step).await.with_context(|| ask.name.clone())?;
        line(&mut text, &ask.name, &sample);
    }
    stop.store(true, Ordering::Relaxed);
    let (scans, refused) = scanning.await?;
    let (accepted, rate) = (scans.micros.len(), scans.per_second);
    line(&mut text, "a scan, meanwhile", &scans);
    let _infallible = writeln!(
        text,
        "\n- scans: {accepted} accepted, {rate:.0} a second of {} that arrived; {refused} not accepted",
        1000 / PACE.as_millis()
    );
    for (who, site) in [("the busy centre", &places.towns[0]), ("the hub", &places.hub)] {
        let counts = queues::counts(app.db(), app.region(), site).await?;
        let counts = counts.map(|(queue, count)| format!("{} {count}", queue.name())).join(", ");
        let _infallible = writeln!(text, "- queues of {who}: {counts}");
    }
    Ok(text)
}

fn line(text: &mut String, name: &str, sample: &Sample) {
    let asked = sample.micros.len();
    let [p50, p99, most] =
        [50, 99, 100].map(|percent| percentile_ms(sample.micros.clone(), percent).unwrap_or_default());
    let _infallible = writeln!(text, "| {name} | {asked} | {p50:.1} | {p99:.1} | {most:.1} |");
}

/// Every question, in the order of the table.
fn asks(amount: Amount, places: &Arc<Places>) -> Vec<Ask> {
    let (town, hub, department) = (places.towns[0].clone(), places.hub.clone(), places.departments[0].clone());
    let mut all = vec![
        ask("find: a whole number", Who::Supervisor, dossier(amount, places, |number, _, _| format!("/?q={number}"))),
        ask(
            "find: the last six characters of a label",
            Who::Supervisor,
            dossier(amount, places, |_, label, _| format!("/find?q={}", &label[label.len() - 6..])),
        ),
        ask("find, while typing: the first half of a number", Who::Supervisor, typing(amount, places, 9)),
        ask("find, while typing: all but two digits", Who::Supervisor, typing(amount, places, 19)),
        ask("the same, a clerk of the busy centre: the first half", Who::Clerk, own_typing(amount, places, 9)),
        ask("the same, a clerk of the busy centre: all but two digits", Who::Clerk, own_typing(amount, places, 19)),
        ask("the same, an agent whose village has no papers", Who::Agent, nothing_typed(amount, places)),
        ask("a dossier's page", Who::Supervisor, dossier(amount, places, |_, label, _| format!("/dossiers/{label}"))),
        ask("the first page", Who::Clerk, always("/", "/find")),
        ask("the county", Who::Supervisor, always("/county", "/bags?")),
        ask("exceptions of the county", Who::Supervisor, always("/exceptions", "/exceptions/")),
        ask("exceptions, a clerk of the busy centre", Who::Clerk, always("/exceptions", "/exceptions")),
        ask("bags at the hub", Who::Sorter, always(&format!("/bags?show=here&site={hub}"), "/bags/")),
        ask("bags, an agent whose village has none", Who::Agent, always("/bags", "/bags")),
        ask("all dossiers, as a list of 100", Who::Supervisor, always("/api/v1/dossiers?limit=100", "subject")),
        ask("all dossiers of an agent whose village has none", Who::Agent, always("/api/v1/dossiers?limit=100", "[]")),
        ask("an applicant's page", Who::Applicant, applicant(amount, places)),
    ];
    for (name, who, site) in [
        ("the busy centre", Who::Clerk, town),
        ("the hub", Who::Sorter, hub),
        ("a department", Who::Department, department),
    ] {
        for queue in Queue::ALL {
            let path = format!("/sites/{site}?queue={}", queue.name());
            all.push(ask(&format!("{name}: {}", queue.name().replace('_', " ")), who, always(&path, "queue=")));
        }
    }
    all
}

fn ask(name: &str, who: Who, about: Arc<dyn Fn(u64) -> (String, String) + Send + Sync>) -> Ask {
    Ask { name: name.to_owned(), who, about }
}

type About = Arc<dyn Fn(u64) -> (String, String) + Send + Sync>;

fn always(path: &str, holds: &str) -> About {
    let answer = (path.to_owned(), holds.to_owned());
    Arc::new(move |_| answer.clone())
}

/// About an application: its number, its label, its place within its round.
fn dossier(amount: Amount, places: &Arc<Places>, path: fn(&str, &str, u64) -> String) -> About {
    let places = places.clone();
    Arc::new(move |turn| {
        let (round, each) = (amount.round(turn % amount.rounds(), &places), turn % CASES);
        let label = labels::code::print(round.code(each, false));
        let path = path(&round.dossier_no(each, false), &label, each);
        // A page leads to the dossier, or is about it.
        (path, "/dossiers/".to_owned())
    })
}

fn typing(amount: Amount, places: &Arc<Places>, characters: usize) -> About {
    let places = places.clone();
    Arc::new(move |turn| {
        let number = amount.round(turn % amount.rounds(), &places).dossier_no(turn % CASES, false);
        (format!("/find?q={}", &number[..characters.min(number.len())]), "/dossiers/".to_owned())
    })
}

/// Rounds of the busy centre are every third.
fn own_typing(amount: Amount, places: &Arc<Places>, characters: usize) -> About {
    let typing = typing(amount, places, characters);
    let thirds = amount.rounds().div_ceil(3);
    Arc::new(move |turn| typing(turn % thirds * 3))
}

fn nothing_typed(amount: Amount, places: &Arc<Places>) -> About {
    let typing = typing(amount, places, 15);
    Arc::new(move |turn| (typing(turn).0, String::new()))
}

/// Of what is going on; what is long over is not told.
fn applicant(amount: Amount, places: &Arc<Places>) -> About {
    let places = places.clone();
    Arc::new(move |turn| {
        let round = amount.round(amount.rounds() - 1 - turn % amount.going_on(), &places);
        let receipt = round.receipt(turn % (CASES / RECEIPTS) * RECEIPTS);
        (format!("/t/{}", labels::code::print(receipt)), "progress.css".to_owned())
    })
}

impl Desks {
    async fn open(app: &App, url: &str, places: &Places) -> anyhow::Result<Self> {
        let known = app.known();
        // The last one: handhelds scan at the first sites.
        let villages = known.sites.values().filter(|site| site.kind == domain::network::SiteKind::Station);
        let village = villages.map(|site| site.id.clone()).max().context("the registers hold no village")?;
        let posts = [
            (Who::Clerk, Role::Clerk, Some(places.towns[0].clone())),
            (Who::Agent, Role::Agent, Some(village)),
            (Who::Sorter, Role::Sorter, Some(places.hub.clone())),
            (Who::Department, Role::Department, Some(places.departments[0].clone())),
            (Who::Supervisor, Role::Supervisor, None),
        ];
        let mut cookies = Vec::new();
        for (who, role, site) in posts {
            cookies.push((who, sign_in(app, role, site).await?));
        }
        app.refresh().await?;
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, url: url.to_owned(), cookies })
    }

    async fn ask(&self, who: Who, path: &str, holds: &str) -> anyhow::Result<()> {
        let mut request = self.http.get(format!("{}{path}", self.url));
        if let Some((_, cookie)) = self.cookies.iter().find(|(it, _)| *it == who) {
            request = request.header("cookie", format!("__Host-liuzhuan={cookie}"));
        }
        let answer = request.send().await?;
        let (status, leads) = (answer.status().as_u16(), format!("{:?}", answer.headers().get("location")));
        let body = answer.text().await?;
        let right = match status {
            200 => body.contains(holds),
            303 => leads.contains(holds) && !leads.contains("/login"),
            _ => false,
        };
        ensure!(right, "{path} was answered with {status}, {leads}: {body}");
        Ok(())
    }
}

/// Somebody of a role with a session: its cookie.
async fn sign_in(app: &App, role: Role, site: Option<SiteId>) -> anyhow::Result<String> {
    let id: PersonId = format!("bench.{role}").parse()?;
    let mut tx = app.db().begin().await?;
    let change = Change::begin(&mut tx, app.region(), app.now()).await?;
    person::put(&mut tx, &change, PersonRow { id: id.clone(), name: id.to_string(), phone: None }).await?;
    person::give_post(&mut tx, &change, PostRow::new(id.clone(), role, site), Validity::ALWAYS).await?;
    let begin = Begin { person: &id, strong: 1, address: "127.0.0.1", agent: "bench" };
    let (cookie, _) = session::begin(&mut tx, app.region(), app.now(), &begin, &mut secret::rng()).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Scans, 200 a second whatever becomes of them, until told to stop.
async fn scans(couriers: Arc<Couriers>, stop: Arc<AtomicBool>) -> (Sample, usize) {
    let (began, mut ticks, mut sent) = (Instant::now(), tokio::time::interval(PACE), JoinSet::new());
    for number in 0_u64.. {
        ticks.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let couriers = couriers.clone();
        sent.spawn(async move {
            let asked = Instant::now();
            couriers.post(couriers.batch(number % COURIERS, number / COURIERS, 1)).await?;
            anyhow::Ok(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX))
        });
    }
    let (mut micros, mut refused) = (Vec::new(), 0);
    while let Some(one) = sent.join_next().await {
        match one {
            Ok(Ok(took)) => micros.push(took),
            Ok(Err(_)) | Err(_) => refused += 1,
        }
    }
    (Sample { per_second: micros.len() as f64 / began.elapsed().as_secs_f64(), micros }, refused)
}

/// Lays down what is measured, unless it lies there.
pub(super) async fn lay(database: &str, region: domain::id::Region, amount: Amount, laid: bool) -> anyhow::Result<()> {
    if laid {
        return Ok(());
    }
    let laid = laying::lay_and_build(database, region, Clock::System, amount).await?;
    tracing::info!(%laid, "laid down");
    Ok(())
}
