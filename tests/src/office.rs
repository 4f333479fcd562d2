//! A served application in this process, with a clock the test drives: what tests speak to, over HTTP like everybody.
use crate::waiting::until;
use api::app::{App, Setup, Tasks};
use api::printers::Printers;
use api::{driven, router, server};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use domain::time::Timestamp;
use eventstore::{Clock, Db};
use registers::vault::Keyring;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Monday 2026-11-02, 08:00 in Shanghai.
pub const MORNING: Timestamp = Timestamp(1_793_577_600_000);

/// An application that is served on loopback.
pub struct Office {
    pub app: App,
    pub url: String,
    pub token: String,
    client: reqwest::Client,
    end: Option<oneshot::Sender<()>>,
    server: JoinHandle<anyhow::Result<()>>,
}

impl Office {
    /// Opens a database and serves, at `now`, with the county of 五华 imported.
    pub async fn open(database: &str, region: Region, now: Timestamp) -> Self {
        Self::open_with(database, region, now, Printers::default()).await
    }

    /// The same with label printers.
    pub async fn open_with(database: &str, region: Region, now: Timestamp, printers: Printers) -> Self {
        let setup = Setup { printers, ..Setup::passing("http://127.0.0.1").expect("a key") };
        Self::open_set_up(database, region, now, setup).await
    }

    /// The same with keys of its own, which open again what they sealed.
    pub async fn open_with_keys(database: &str, region: Region, now: Timestamp, keys: Keyring) -> Self {
        let setup = Setup { keys, ..Setup::passing("http://127.0.0.1").expect("a key") };
        Self::open_set_up(database, region, now, setup).await
    }

    /// The same with everything else of the configuration.
    pub async fn open_set_up(database: &str, region: Region, now: Timestamp, setup: Setup) -> Self {
        let db = Db::open(database).await.expect("the database opens");
        let (app, tasks): (App, Tasks) = App::open(db, region, Clock::driven(now), setup).await.expect("it opens");
        registers::import(app.db(), region, now, registers::WUHUA).await.expect("the county is right");
        app.refresh().await.expect("the registers are read");
        let mut tx = app.db().begin().await.unwrap();
        let change = registers::Change::begin(&mut tx, region, now).await.unwrap();
        let token = registers::token::create(&mut tx, &change, "tests", "all", None, &mut registers::secret::rng())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let listener = server::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = router::router(&app).merge(driven::router(&app));
        let (end, ended) = oneshot::channel::<()>();
        let until = async move {
            let _dropped = ended.await;
        };
        let server = tokio::spawn(server::serve(app.clone(), tasks, routes, listener, until));
        Self { app, url, token, client: reqwest::Client::new(), end: Some(end), server }
    }

    /// Ends it; everything is written.
    pub async fn close(mut self) {
        self.end.take();
        drop(self.app);
        self.server.await.unwrap().unwrap();
    }

    /// A request with the token; status and JSON.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// `GET`, which must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// `POST`, which must succeed.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(reqwest::Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "POST {path} {body}: {answer}");
        answer
    }

    /// Every item of a paged list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let mut page = self.get(&format!("{path}{join}limit=1000{cursor}")).await;
            items.append(page["items"].as_array_mut().expect("items"));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Labels that are known here.
    pub async fn mint(&self, codes: &[Code]) {
        for kind in [CodeKind::Dossier, CodeKind::Bag] {
            let of_kind: Vec<Code> = codes.iter().copied().filter(|code| code.kind() == kind).collect();
            for codes in of_kind.chunks(5000) {
                let mut tx = self.app.db().begin().await.unwrap();
                let change = registers::Change::begin(&mut tx, self.app.region(), self.app.now()).await.unwrap();
                let mint = registers::label::Mint { codes, batch: Uuid::new_v4(), site: None };
                registers::label::mint(&mut tx, &change, mint).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    }

    /// Enrols a device at a site (`site`) or with a courier (`courier`).
    pub async fn enrol(&self, device: &str, bound: &str, to: &str) {
        let body = json!({ "request_id": Uuid::new_v4(), "name": device, bound: to, "from": 0 });
        let (status, answer) = self.send(reqwest::Method::PUT, &format!("/api/v1/devices/{device}"), Some(&body)).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Waits until every follower has reached the head.
    pub async fn settled(&self) {
        let head = self.app.log().head_row().await.unwrap().position;
        for (follower, _) in self.app.followers() {
            let name = follower.model().name;
            let (db, region) = (self.app.db(), self.app.region());
            let reached = async || Ok(projections::model::checkpoint(db, region, name).await? >= head);
            until(name, reached).await.expect("a follower that follows");
        }
    }

    /// The registers.
    #[must_use]
    pub fn known(&self) -> Arc<api::app::Known> {
        self.app.known()
    }
}
