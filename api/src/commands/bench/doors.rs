//! The doors over HTTP on loopback: scans with custody folded inline, repeats, questions, and how far followers lag. Client
//! and server share the machine, so these figures hold the client's work too.
use super::Setting;
use super::figures::{Board, Sample, closed_loop};
use super::log::{BY_HAND_1, BY_HAND_20, COURIERS, in_order};
use crate::app::App;
use crate::router;
use crate::server::Line;
use anyhow::Context;
use domain::code::{Code, CodeKind};
use domain::id::{DeviceId, SiteId};
use registers::device::DeviceRow;
use registers::label::Mint;
use reqwest::Method;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

/// Labels each courier scans, one after the other, over and over.
const LABELS: u64 = 300;
/// Scans whose followers are waited for.
const LAGS: u32 = 100;

const REPEATS: &str = "repeats over HTTP, 64 × 20";
const LAG: &str = "a scan until every follower has it";

/// The path that a courier asks at a turn.
type Question = fn(&Couriers, u64, u64) -> String;

/// A server on loopback, 64 couriers with their labels and devices, and a client.
pub(super) struct Doors {
    pub(super) app: App,
    pub(super) couriers: Arc<Couriers>,
    end: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(super) struct Couriers {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    token: String,
    /// [`LABELS`] for each courier, as printed.
    labels: Vec<String>,
    sites: Vec<SiteId>,
    seq: AtomicU64,
}

impl Doors {
    pub(super) async fn open(app: &App) -> anyhow::Result<Self> {
        let mut sites: Vec<SiteId> = app.known().sites.keys().cloned().collect();
        sites.sort();
        let labels = enrol(app, &sites).await?;
        let scopes = ["scan".to_owned(), "read".to_owned()];
        let token = crate::commands::client::make(app.db(), app.region(), app.now(), "bench", &scopes, None).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (end, ended) = oneshot::channel::<()>();
        let until = async move {
            let _dropped = ended.await;
        };
        // As behind a proxy: a flood comes from many addresses. What names none comes from loopback.
        let line = Line { tls: false, behind_proxy: true };
        let serve = crate::server::answer(listener, router::router(app), line, until);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let couriers = Arc::new(Couriers { http, url, token, labels, sites, seq: AtomicU64::new(0) });
        Ok(Self { app: app.clone(), couriers, end, server: tokio::spawn(serve) })
    }

    pub(super) async fn close(self) {
        drop((self.end, self.couriers, self.app));
        // It ends with its last connection, all of which were ours.
        let _ended = self.server.await;
    }

    /// One round.
    pub(super) async fn measure(&self, setting: &Setting, board: &mut Board) -> anyhow::Result<()> {
        for (scenario, yardstick, size) in
            [("scans over HTTP, 64 × 1", BY_HAND_1, 1), ("scans over HTTP, 64 × 20", BY_HAND_20, 20)]
        {
            if !board.wants(scenario) {
                continue;
            }
            let couriers = self.couriers.clone();
            let step = move |courier, turn| scan(couriers.clone(), courier, turn, size);
            board.add(scenario, Some(yardstick), closed_loop(COURIERS, setting.time, step).await?);
        }
        if board.wants(REPEATS) {
            self.repeats(setting, board).await?;
        }
        self.questions(setting, board).await?;
        if board.wants(LAG) {
            board.add(LAG, None, self.lag().await?);
        }
        Ok(())
    }

    /// The same batch of 20 again and again.
    async fn repeats(&self, setting: &Setting, board: &mut Board) -> anyhow::Result<()> {
        let bodies: Arc<Vec<String>> =
            Arc::new((0..COURIERS).map(|courier| self.couriers.batch(courier, 0, 20)).collect());
        let couriers = self.couriers.clone();
        let step = move |courier: u64, _| {
            let (couriers, bodies) = (couriers.clone(), bodies.clone());
            async move { couriers.post(bodies[courier as usize].clone()).await.map(|()| 20) }
        };
        board.add(REPEATS, Some("scans over HTTP, 64 × 20"), closed_loop(COURIERS, setting.time, step).await?);
        Ok(())
    }

    async fn questions(&self, setting: &Setting, board: &mut Board) -> anyhow::Result<()> {
        let questions: [(&'static str, Question); 3] = [
            ("a dossier by its label, 64", |couriers, courier, turn| {
                format!("/dossiers/{}", couriers.label(courier, turn))
            }),
            ("a site's queue, 64", |couriers, courier, _| format!("/sites/{}/queues/in_hand", couriers.site(courier))),
            ("a trail, 64", |couriers, courier, turn| format!("/dossiers/{}/trail", couriers.label(courier, turn))),
        ];
        for (scenario, path) in questions {
            if !board.wants(scenario) {
                continue;
            }
            let couriers = self.couriers.clone();
            let step = move |courier, turn| {
                let couriers = couriers.clone();
                async move {
                    let path = path(&couriers, courier, turn);
                    couriers.ask(Method::GET, &path, None).await.map(|()| 1)
                }
            };
            board.add(scenario, None, closed_loop(COURIERS, setting.time, step).await?);
        }
        Ok(())
    }

    /// From asking until every follower has folded the scan; nothing else going on.
    async fn lag(&self) -> anyhow::Result<Sample> {
        let (began, mut micros) = (Instant::now(), Vec::new());
        for turn in 0..LAGS {
            let asked = Instant::now();
            self.couriers.post(self.couriers.batch(0, u64::from(turn), 1)).await?;
            let head = self.app.log().head_row().await?.position;
            for (_, position) in self.app.followers() {
                position.clone().wait_for(|position| *position >= head).await.context("a follower ended")?;
            }
            micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        Ok(Sample { per_second: f64::from(LAGS) / began.elapsed().as_secs_f64(), micros })
    }
}

pub(super) async fn scan(couriers: Arc<Couriers>, courier: u64, turn: u64, size: u64) -> anyhow::Result<u64> {
    couriers.post(couriers.batch(courier, turn, size)).await.map(|()| size)
}

impl Couriers {
    fn label(&self, courier: u64, number: u64) -> &str {
        &self.labels[(courier * LABELS + number % LABELS) as usize]
    }

    fn site(&self, courier: u64) -> &SiteId {
        &self.sites[courier as usize % self.sites.len()]
    }

    /// A batch as a handheld sends it: received here, later collected, later received again.
    pub(super) fn batch(&self, courier: u64, turn: u64, size: u64) -> String {
        let now = eventstore::Clock::System.now().0;
        let mut body = format!("{{\"sent_at\":{now},\"scans\":[");
        for number in turn * size..(turn + 1) * size {
            let seq = self.seq.fetch_add(1, Ordering::Relaxed);
            let action = if (number / LABELS).is_multiple_of(2) { "received" } else { "collected" };
            let _infallible = write!(
                body,
                "{}{{\"scan_id\":\"{}\",\"code\":\"{}\",\"mode\":\"receive\",\"actor\":\"c{courier}\",\"device\":\"bench-{courier}\",\
                 \"installation\":\"{}\",\"seq\":{seq},\"wall_ms\":{now},\"mono_ms\":{seq},\"action\":\"{action}\",\
                 \"action_by\":\"rule\"}}",
                if body.ends_with('[') { "" } else { "," },
                in_order(),
                self.label(courier, number),
                Uuid::from_u128(u128::from(courier) + 1),
            );
        }
        body.push_str("]}");
        body
    }

    pub(super) async fn post(&self, body: String) -> anyhow::Result<()> {
        self.ask(Method::POST, "/scans", Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<String>) -> anyhow::Result<()> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        anyhow::ensure!(
            status.is_success() && !text.contains("\"refused\""),
            "{path} was answered with {status}: {text}"
        );
        Ok(())
    }
}

/// Mints the couriers' labels and binds a device to a site for each.
async fn enrol(app: &App, sites: &[SiteId]) -> anyhow::Result<Vec<String>> {
    let codes: Vec<Code> =
        (0..COURIERS * LABELS).map(|_| labels::code::draw(CodeKind::Dossier, &mut rand::rng())).collect();
    let mut tx = app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, app.region(), app.now()).await?;
    registers::label::mint(&mut tx, &change, Mint { codes: &codes, batch: Uuid::new_v4(), site: None }).await?;
    for courier in 0..COURIERS {
        let id: DeviceId = format!("bench-{courier}").parse()?;
        let site = Some(sites[courier as usize % sites.len()].clone());
        let row = DeviceRow { id, name: format!("bench {courier}"), site, courier: None, revoked_at: None };
        registers::device::put(&mut tx, &change, row, change.recorded_at).await?;
    }
    tx.commit().await?;
    app.refresh().await?;
    Ok(codes.into_iter().map(labels::code::print).collect())
}
