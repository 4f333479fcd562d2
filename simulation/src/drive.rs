//! The driver: plays the county's uploads against the product in order of time, with the product's clock in hand. It
//! stops at the first answer that is not as it should be.
use crate::client::{Client, SimulationError};
use crate::requests;
use crate::upload::{Batch, Command, Label, TimedUpload, Upload};
use crate::wire::{BatchAnswer, Minted};
use crate::world::World;
use domain::code::{Code, CodeKind};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Requests under way at once, at most.
const ABREAST: usize = 8;
/// Labels in one request, at most.
const MINT_MOST: usize = 5_000;

/// How often each answer came.
pub type Counts = BTreeMap<String, u64>;

/// A world with a product to play it against. Resumable: every call plays on from where the last one ended.
#[derive(Debug)]
pub struct Player {
    world: World,
    client: Client,
    codes: Arc<Vec<Code>>,
    /// Draws the codes of foreign labels.
    rng: ChaCha8Rng,
    counts: Counts,
    clock: Option<i64>,
}

impl Player {
    #[must_use]
    pub fn new(world: World, client: Client, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5EED);
        Self { world, client, codes: Arc::default(), rng, counts: Counts::new(), clock: None }
    }

    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The codes of the world's labels, by their numbers.
    #[must_use]
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// How often each answer came.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Plays on to an instant, and leaves the product's clock there.
    ///
    /// # Errors
    /// The first answer that should not be.
    pub async fn play_until(&mut self, until: i64) -> Result<(), SimulationError> {
        let uploads = self.world.advance_to(until);
        if let Some(first) = uploads.first() {
            self.set_clock(first.at).await?;
        }
        self.mint().await?;
        for together in uploads.chunk_by(|a, b| a.at == b.at) {
            self.set_clock(together[0].at).await?;
            self.play(together).await?;
        }
        self.set_clock(until).await
    }

    async fn set_clock(&mut self, now: i64) -> Result<(), SimulationError> {
        if self.clock.is_none_or(|clock| clock < now) {
            self.client.send(Method::PUT, "/simulation/clock", Some(&json!({ "now": now }))).await?;
            self.clock = Some(now);
        }
        Ok(())
    }

    /// What falls on one instant: devices first, then scans, then desks, which may rely on them.
    async fn play(&mut self, together: &[TimedUpload]) -> Result<(), SimulationError> {
        let mut scans = JoinSet::new();
        let mut desks = JoinSet::new();
        for timed in together {
            if let Upload::Device(spec) = &timed.upload {
                let request = requests::device(spec);
                self.client.send(request.method, &request.path, Some(&request.body)).await?;
                *self.counts.entry("device".to_owned()).or_default() += 1;
            }
        }
        for timed in together {
            if let Upload::Scans(batch) = &timed.upload {
                self.make_room(&mut scans).await?;
                scans.spawn(send_batch(self.client.clone(), Arc::clone(&self.codes), batch.clone()));
            }
        }
        self.finish(scans).await?;
        for timed in together {
            if let Upload::Desk(commands) = &timed.upload {
                self.make_room(&mut desks).await?;
                desks.spawn(send_commands(self.client.clone(), Arc::clone(&self.codes), commands.clone()));
            }
        }
        self.finish(desks).await
    }

    async fn make_room(&mut self, tasks: &mut JoinSet<Result<Counts, SimulationError>>) -> Result<(), SimulationError> {
        if tasks.len() >= ABREAST
            && let Some(done) = tasks.join_next().await
        {
            self.add(done.map_err(|_| SimulationError::Task)??);
        }
        Ok(())
    }

    async fn finish(&mut self, mut tasks: JoinSet<Result<Counts, SimulationError>>) -> Result<(), SimulationError> {
        while let Some(done) = tasks.join_next().await {
            self.add(done.map_err(|_| SimulationError::Task)??);
        }
        Ok(())
    }

    fn add(&mut self, counts: Counts) {
        for (answer, times) in counts {
            *self.counts.entry(answer).or_default() += times;
        }
    }

    /// Codes for every label the world has begun to use.
    async fn mint(&mut self) -> Result<(), SimulationError> {
        let fresh: Vec<Label> = self.world.labels()[self.codes.len()..].to_vec();
        let mut minted = BTreeMap::new();
        for kind in [CodeKind::Dossier, CodeKind::Bag] {
            let wanted = fresh.iter().filter(|label| label.kind == kind && !label.foreign).count();
            let mut codes = Vec::new();
            while codes.len() < wanted {
                codes.extend(self.order(kind, (wanted - codes.len()).min(MINT_MOST), None).await?);
            }
            codes.reverse();
            minted.insert(kind, codes);
        }
        for label in fresh {
            let own = minted.get_mut(&label.kind).and_then(Vec::pop);
            let code = match (label.foreign, own) {
                (true, own) => {
                    if let (Some(own), Some(codes)) = (own, minted.get_mut(&label.kind)) {
                        codes.push(own);
                    }
                    labels::code::draw(label.kind, &mut self.rng)
                }
                (false, Some(code)) => code,
                (false, None) => self.order_one(label).await?,
            };
            Arc::make_mut(&mut self.codes).push(code);
        }
        Ok(())
    }

    async fn order_one(&mut self, label: Label) -> Result<Code, SimulationError> {
        let site = label.site.map(|site| self.world.map().id(site).to_string());
        let codes = self.order(label.kind, 1, site).await?;
        codes.first().copied().ok_or(SimulationError::Labels { wanted: 1, minted: 0 })
    }

    async fn order(
        &mut self,
        kind: CodeKind,
        count: usize,
        site: Option<String>,
    ) -> Result<Vec<Code>, SimulationError> {
        let request_id = self.fresh_id();
        let mut body = json!({ "request_id": request_id, "kind": kind, "count": count });
        if let Some(site) = site {
            body["site"] = json!(site);
        }
        let minted: Minted = self.client.ask(Method::POST, "/api/v1/labels", Some(&body)).await?;
        let codes: Vec<Code> = minted.codes.iter().filter_map(|text| labels::code::read(text).ok()).collect();
        *self.counts.entry("labels".to_owned()).or_default() += codes.len() as u64;
        if codes.len() == count {
            Ok(codes)
        } else {
            Err(SimulationError::Labels { wanted: count, minted: codes.len() })
        }
    }

    fn fresh_id(&mut self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        rand::Rng::fill_bytes(&mut self.rng, &mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Every scan must be kept; only foreign labels may be strays.
async fn send_batch(client: Client, codes: Arc<Vec<Code>>, batch: Batch) -> Result<Counts, SimulationError> {
    let body = json!(requests::batch(&batch, &codes));
    let answer: BatchAnswer = client.ask(Method::POST, "/api/v1/scans", Some(&body)).await?;
    if answer.results.len() != batch.scans.len() {
        return Err(SimulationError::Results { sent: batch.scans.len(), answered: answer.results.len() });
    }
    let mut counts = Counts::new();
    let mut strays = 0;
    for result in answer.results {
        let kept = matches!(result.status.as_str(), "recorded" | "stray") && !batch.is_repeat;
        if !kept && result.status != "duplicate" && !(batch.is_repeat && result.status == "stray") {
            let (scan, problem) = (result.scan_id.to_string(), format!("{:?}", result.problem));
            return Err(SimulationError::ScanRefused { scan, status: result.status, problem });
        }
        strays += usize::from(result.status == "stray");
        *counts.entry(format!("scan {}", result.status)).or_default() += 1;
    }
    if strays != batch.strays && !batch.is_repeat {
        return Err(SimulationError::Strays { expected: batch.strays, strays });
    }
    Ok(counts)
}

async fn send_commands(
    client: Client,
    codes: Arc<Vec<Code>>,
    commands: Vec<Command>,
) -> Result<Counts, SimulationError> {
    let mut counts = Counts::new();
    for command in &commands {
        let request = requests::command(command, &codes);
        client.send(request.method, &request.path, Some(&request.body)).await?;
        *counts.entry("command".to_owned()).or_default() += 1;
    }
    Ok(counts)
}
