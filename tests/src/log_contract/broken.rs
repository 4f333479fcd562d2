//! A connection that breaks around a commit, and a transaction that the database gives up: run again or looked up, answered
//! once. PostgreSQL only: SQLite has no connection to lose, and one writer.
use super::{NOON, Node, assert_dense, dossier, sightings};
use crate::engine::Fresh;
use async_trait::async_trait;
use domain::id::Region;
use eventstore::db::Engine;
use eventstore::{Appended, Clock, Db, Inline, Log, Streams, Tx, WriteError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the next commit is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The server never hears of it.
    BeforeTheServer,
    /// The server has committed, and its answer is lost.
    BeforeTheAnswer,
}

/// A wire between a node and the server, which breaks once when told to.
struct Wire {
    url: String,
    armed: Arc<AtomicBool>,
}

impl Wire {
    async fn to(url: &str, cut: Cut) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (scheme, rest) = url.split_once("@").expect("an address with a user");
        let (server, database) = rest.split_once('/').expect("an address with a database");
        let armed = Arc::new(AtomicBool::new(false));
        let (server, for_wire) = (server.to_owned(), armed.clone());
        let url = format!("{scheme}@{}/{database}", listener.local_addr()?);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { return };
                tokio::spawn(carry(client, server, cut, for_wire.clone()));
            }
        });
        Ok(Self { url, armed })
    }

    fn cut_the_next_commit(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }
}

/// Carries bytes both ways until either end closes, or the wire is cut: then both ends see it close.
async fn carry(mut client: TcpStream, mut server: TcpStream, cut: Cut, armed: Arc<AtomicBool>) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            size = client.read(&mut asked) => {
                let bytes = &asked[..size?];
                let commits = bytes.windows(7).any(|it| it == b"COMMIT\0");
                let breaks = commits && armed.swap(false, Ordering::SeqCst);
                if bytes.is_empty() || (breaks && cut == Cut::BeforeTheServer) {
                    return Ok(());
                }
                server.write_all(bytes).await?;
                if breaks {
                    return server.read(&mut answered).await.map(drop);
                }
            }
            size = server.read(&mut answered) => {
                let bytes = &answered[..size?];
                if bytes.is_empty() {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

async fn one_broken_commit(cut: Cut) -> anyhow::Result<()> {
    let fresh = Fresh::postgres().await;
    let wire = Wire::to(&fresh.url, cut).await?;
    let (log, writer) = Log::open(Db::open(&wire.url).await?, super::REGION, Clock::driven(NOON), None).await?;
    let node = Node { log, writer };
    node.log.append_one(sightings(1, [dossier(1)])).await?;
    wire.cut_the_next_commit();
    let receipt = node.log.append_one(sightings(2, [dossier(1), dossier(2)])).await?;
    assert!(!wire.armed.load(Ordering::SeqCst), "the wire was cut");
    assert_eq!(receipt.events.iter().map(|event| event.position).collect::<Vec<_>>(), [2, 3]);
    node.log.append_one(sightings(3, [dossier(1)])).await?;
    let all = node.all().await?;
    assert_dense(&all);
    assert_eq!(all.len(), 4, "each once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_looked_up() -> anyhow::Result<()> {
    one_broken_commit(Cut::BeforeTheAnswer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_reached_the_server_is_run_again() -> anyhow::Result<()> {
    one_broken_commit(Cut::BeforeTheServer).await
}

/// Makes the database give the transaction up, a few times.
struct GivesUp(AtomicU32);

#[async_trait]
impl Inline for GivesUp {
    async fn apply(&self, tx: &mut Tx, _: Region, _: &mut Streams, _: &[Appended]) -> Result<(), WriteError> {
        let state = match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => "40001",
            1 => "40P01",
            _ => return Ok(()),
        };
        let Engine::Postgres(writer) = tx.conn() else { return Ok(()) };
        let give_up =
            sqlx::AssertSqlSafe(format!("do $$ begin raise exception 'again' using errcode = '{state}'; end $$"));
        sqlx::query(give_up).execute(writer).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serialization_failure_and_a_deadlock_are_run_again() -> anyhow::Result<()> {
    let fresh = Fresh::postgres().await;
    let hook = Arc::new(GivesUp(AtomicU32::new(0)));
    let node = Node::with(&fresh, Clock::driven(NOON), Some(hook.clone())).await?;
    node.log.append_one(sightings(1, [dossier(1), dossier(2)])).await?;
    assert_eq!(hook.0.load(Ordering::SeqCst), 3, "two failures, one success");
    let all = node.all().await?;
    assert_dense(&all);
    assert_eq!(all.len(), 2, "each once");
    Ok(())
}
