//! A large log, laid down in bulk: bags of twenty dossiers on their way from a town to a department, through the log's own
//! writer but without folding, which a rebuild does afterwards.
use super::open;
use domain::bag::{BagChecked, BagFact, BagRegistered, Opened, Sealed};
use domain::code::{Code, CodeKind};
use domain::custody::payload::{InBag, Read, Sent};
use domain::dossier::{DossierFact, DossierKind, Registered};
use domain::event::{Event, Role, Source};
use domain::id::{Region, ScanId, SiteId};
use domain::stream::{AnyEvent, AnyFact, StreamId};
use domain::time::Timestamp;
use eventstore::{Append, Clock, Db, Log};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Dossiers in a bag.
const DOSSIERS: u64 = 20;
/// Bags in one message to the writer.
const MESSAGE: u64 = 30;

/// Lays down at least `events` events; says how fast.
pub(super) async fn lay(database: &str, region: Region, events: u32) -> anyhow::Result<String> {
    let (app, tasks) = open(database, region).await?;
    let mut sites: Vec<SiteId> = app.known().sites.keys().cloned().collect();
    crate::commands::close(app, tasks).await;
    sites.sort();
    let db = Db::open(database).await?;
    let (log, writer) = Log::open(db.clone(), region, Clock::System, None).await?;
    let (began, mut bag, mut position) = (Instant::now(), 0, 0);
    while position < i64::from(events) {
        let requests = (bag..bag + MESSAGE).map(|bag| trip(bag, &sites)).collect();
        bag += MESSAGE;
        for receipt in log.append(requests).await? {
            position = receipt?.events.last().map_or(position, |event| event.position);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    drop(log);
    writer.await?;
    db.close().await;
    Ok(format!("{position} events of {} dossiers, {:.0} a second", bag * DOSSIERS, position as f64 / seconds))
}

/// One bag's trip with all that lies in it: one request, 107 events.
fn trip(number: u64, sites: &[SiteId]) -> Append {
    let sites: Vec<SiteId> = [number, number + 1, number + 2].map(|it| sites[it as usize % sites.len()].clone()).into();
    let decide = move |_: &eventstore::Streams, recorded_at| Ok(events(number, &sites, recorded_at));
    let scan = ScanId(Uuid::from_u128(u128::from(number) << 64 | 0xbe7c));
    Append { id: scan, content_hash: [0; 32], reads: Vec::new(), decide: Arc::new(decide) }
}

/// Every event has a scan id of its own in the field; here one request's share one, told apart by their ordinals.
fn events(number: u64, sites: &[SiteId], recorded_at: Timestamp) -> Vec<(StreamId, AnyEvent)> {
    let scan = ScanId(Uuid::from_u128(u128::from(number) << 64 | 0xbe7c));
    let bag = Code::new(CodeKind::Bag, number).subject();
    let began = recorded_at.plus(-86_400_000 * 3);
    let mut events = Vec::with_capacity(107);
    let mut add = |stream: StreamId, minute: i64, at: &SiteId, role: Role, fact: AnyFact| {
        let source = source(at, role);
        events.push((stream, Event { scan, occurred_at: began.plus(minute * 60_000), recorded_at, source, fact }));
    };
    let [town, hub, department] = sites else { return Vec::new() };
    let bag_is = |fact| AnyFact::Bag(fact);
    add(StreamId::Bag(bag), 0, town, Role::Site, bag_is(BagFact::Registered(BagRegistered::default())));
    for each in 0..DOSSIERS {
        let (id, minute) = (Code::new(CodeKind::Dossier, number * DOSSIERS + each).subject(), each as i64);
        let registered = Registered {
            dossier_no: format!("441424-20261101-{:05}", number * DOSSIERS + each),
            kind: DossierKind::Application,
            case: None,
            item: None,
            destination: Some(department.clone()),
            home: town.clone(),
            pieces: Vec::new(),
        };
        let steps = [
            (1, town, DossierFact::Registered(registered)),
            (30, town, DossierFact::Packed(InBag { bag })),
            (300, hub, DossierFact::Received(Read::default())),
            (400, hub, DossierFact::Dispatched(Sent::default())),
            (500, department, DossierFact::AtDepartment(Read::default())),
        ];
        for (after, at, fact) in steps {
            add(StreamId::Dossier(id), minute + after, at, Role::Site, AnyFact::Dossier(fact));
        }
    }
    let courier = [
        (60, town, Role::Site, BagFact::Sealed(Sealed::default())),
        (70, town, Role::Site, BagFact::Dispatched(Sent::default())),
        (71, town, Role::Courier, BagFact::Collected(Read::default())),
        (200, hub, Role::Site, BagFact::Received(Read::default())),
        (290, hub, Role::Site, BagFact::Opened(Opened::default())),
        (350, hub, Role::Site, BagFact::Checked(BagChecked::default())),
    ];
    for (minute, at, role, fact) in courier {
        add(StreamId::Bag(bag), minute, at, role, bag_is(fact));
    }
    events
}

fn source(at: &SiteId, role: Role) -> Source {
    Source {
        by: "courier-17".parse().expect("a person's id"),
        role,
        at: Some(at.clone()),
        stamp: None,
        skew_ms: 0,
        mode: None,
        action_by: None,
        bag: None,
        code: None,
        flags: Vec::new(),
        quarantined: false,
    }
}
