//! esrs's own `AggregateManager` over this log, unchanged.
use super::{NOON, Node, scan, source};
use crate::engine::{Fresh, on_both_engines};
use domain::dossier::{Ask, Dossier, DossierCommand, DossierFact, DossierKind, DossierRefusal, Recalled, Registered};
use domain::event::Event;
use domain::history::History;
use esrs::AggregateState;
use esrs::manager::AggregateManager;
use eventstore::{AppendError, EsrsError, EsrsStore, Refusal};
use uuid::Uuid;

on_both_engines!(
    a_dossier_is_registered_and_a_second_time_refused,
    a_state_that_is_no_longer_the_newest_is_a_named_conflict,
    a_locked_load_is_let_go_of_again,
    events_are_never_deleted,
);

type Manager = AggregateManager<EsrsStore<Dossier>>;

const ID: Uuid = Uuid::from_u128(1 << 64);
const NUMBER: &str = "441424-20260105-00001";

fn manager(node: &Node) -> Manager {
    AggregateManager::new(EsrsStore::new(node.log.clone()))
}

fn ask<T>(id: u128, what: T) -> Ask<T> {
    let envelope = Event { scan: scan(id), occurred_at: NOON, recorded_at: NOON, source: source(), fact: () };
    Ask { envelope, what }
}

fn register(id: u128) -> DossierCommand {
    let registered = Registered {
        dossier_no: NUMBER.to_owned(),
        kind: DossierKind::Application,
        case: None,
        item: None,
        destination: None,
        home: "t1".parse().expect("a site's id"),
        pieces: Vec::new(),
    };
    DossierCommand::Register(ask(id, registered))
}

fn recall(id: u128) -> DossierCommand {
    DossierCommand::Recall(ask(id, Recalled::default()))
}

async fn load(manager: &Manager) -> anyhow::Result<AggregateState<History<DossierFact>>> {
    Ok(manager.load(ID).await?.expect("something happened to it"))
}

async fn a_dossier_is_registered_and_a_second_time_refused(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let manager = manager(&node);
    assert!(manager.load(ID).await?.is_none());
    let history = manager.handle_command(AggregateState::with_id(ID), register(1)).await??;
    assert_eq!(history.len(), 1);
    let state = load(&manager).await?;
    assert_eq!((*state.sequence_number(), state.inner()), (1, &history));
    let refused = manager.handle_command(state, register(2)).await?;
    assert_eq!(refused.err(), Some(DossierRefusal::AlreadyRegistered { dossier_no: NUMBER.to_owned() }));
    assert_eq!(node.head().await?, 1);
    let recalled = manager.handle_command(load(&manager).await?, recall(3)).await??;
    assert_eq!((recalled.len(), *load(&manager).await?.sequence_number()), (2, 2));
    Ok(())
}

async fn a_state_that_is_no_longer_the_newest_is_a_named_conflict(fresh: Fresh) -> anyhow::Result<()> {
    let (node, other) = (Node::open(&fresh).await?, Node::open(&fresh).await?);
    let (here, there) = (manager(&node), manager(&other));
    here.handle_command(AggregateState::with_id(ID), register(1)).await??;
    let (old, same) = (load(&here).await?, load(&there).await?);
    there.handle_command(same, recall(2)).await??;
    let conflict = here.handle_command(old, recall(3)).await.expect_err("somebody was quicker");
    let named = Refusal::VersionConflict { expected: 1, found: 2 };
    assert!(matches!(&conflict, EsrsError::Append(AppendError::Refused(refusal)) if *refusal == named), "{conflict}");
    here.handle_command(load(&here).await?, recall(3)).await??;
    Ok(())
}

async fn a_locked_load_is_let_go_of_again(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let manager = manager(&node);
    for id in 1..=3 {
        let state = manager.lock_and_load(ID).await?.unwrap_or_default();
        let command = if id == 1 { register(id) } else { recall(id) };
        manager.handle_command(state, command).await??;
    }
    assert_eq!(node.head().await?, 3);
    Ok(())
}

async fn events_are_never_deleted(fresh: Fresh) -> anyhow::Result<()> {
    let node = Node::open(&fresh).await?;
    let manager = manager(&node);
    manager.handle_command(AggregateState::with_id(ID), register(1)).await??;
    assert!(matches!(manager.delete(ID).await, Err(EsrsError::NothingIsDeleted)));
    assert_eq!(node.head().await?, 1);
    Ok(())
}
