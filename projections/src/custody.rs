//! Custody: who has each dossier and each bag. Written in the append transaction.
//!
//! A dossier in a bag is wherever its bag is: its row knows its outermost bag, and moving the bag writes the bag's row
//! alone. A question about places is one indexed join ([`crate::queues`]).
use crate::model::{Life, Model, Table};
use crate::story::{Thing, load, tell};
use crate::{affected, stays};
use async_trait::async_trait;
use domain::bag::BagFact;
use domain::custody::{Cause, Custody, Holder, Step};
use domain::dossier::{DossierFact, DossierKind};
use domain::exception::Limits;
use domain::id::{CaseId, ItemId, Region, SiteId, SubjectId};
use domain::network::Networks;
use domain::shelf::shelving;
use domain::stay::Bags;
use domain::tale::Tale;
use eventstore::statements::{Statements, chunked, filled};
use eventstore::{Access, Appended, Inline, LoadError, Streams, Tx, WriteError, sql};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};
use tokio::sync::watch;
use uuid::Uuid;

const COLUMNS: &str = "region bigint not null, subject {uuid} not null, position bigint not null,
    holder text not null, site {text}, courier {text}, left_site {text}, outer_bag {uuid}, next_hop {text}, target {text},
    shelf {text}, since bigint not null, read_at bigint not null, case_id {uuid}, body text not null,
    primary key (region, subject)";
/// The first, third and fourth hold all that counting and walking a queue wants: of a row that is not shown the index alone is read.
const INDEXES: &[&str] = &[
    "(region, site, since, subject, outer_bag, target, shelf) where site is not null",
    "(region, courier, since, subject) where courier is not null",
    "(region, outer_bag, subject, since, target, shelf) where outer_bag is not null",
    "(region, next_hop, since, subject, outer_bag) where next_hop is not null",
    "(region, holder, since, subject)",
    "(region, case_id) where case_id is not null",
];

/// Tables of custody.
pub static MODEL: Model = Model {
    name: "custody",
    version: 5,
    tables: &[
        Table { name: "custody_dossier", columns: COLUMNS, indexes: INDEXES },
        Table { name: "custody_bag", columns: COLUMNS, indexes: INDEXES },
        stays::TABLE,
    ],
};

/// What a row says beside its columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub subject: SubjectId,
    /// A dossier's number, or what is printed on a bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DossierKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<SiteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<SiteId>,
    pub registered: bool,
    pub annulled: bool,
    /// The newest label, if it was relabelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<domain::code::Code>,
    pub custody: Custody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<SiteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<SiteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_bag: Option<SubjectId>,
    /// The shelf it lies on, waiting for the applicant; empty where nobody said which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
}

/// Writes custody in the append transaction.
pub struct Custodian {
    networks: watch::Receiver<Arc<Networks>>,
}

impl Custodian {
    /// With the networks as they are now and will be.
    #[must_use]
    pub fn new(networks: watch::Receiver<Arc<Networks>>) -> Self {
        Self { networks }
    }
}

#[async_trait]
impl Inline for Custodian {
    async fn apply(
        &self,
        tx: &mut Tx,
        region: Region,
        streams: &mut Streams,
        appended: &[Appended],
    ) -> Result<(), WriteError> {
        let things = affected::things(&mut Access::Tx(tx), region, streams, appended, Life::Live).await?;
        let networks = self.networks.borrow().clone();
        let position = appended.last().map_or(0, |appended| appended.position);
        write(tx, region, streams, &things, &networks, position, Life::Live).await?;
        Ok(())
    }
}

/// Folds things and saves their rows and stays.
pub(crate) async fn write(
    tx: &mut Tx,
    region: Region,
    streams: &mut Streams,
    things: &[Thing],
    networks: &Networks,
    position: i64,
    life: Life,
) -> Result<(), LoadError> {
    let bags = load(&mut Access::Tx(tx), region, streams, things).await?;
    save(tx, region, &fold(things, streams, &bags, networks), position, life).await?;
    Ok(())
}

/// Rows and stays of things, before they are saved.
pub(crate) struct Folded {
    dossiers: Vec<Row>,
    bags: Vec<Row>,
    /// Things whose stays are replaced: those that were ever packed.
    pub(crate) packed: Vec<SubjectId>,
    stays: Vec<stays::Stay>,
}

pub(crate) fn fold(things: &[Thing], streams: &Streams, bags: &Bags, networks: &Networks) -> Folded {
    let limits = Limits::default();
    let mut folded = Folded { dossiers: Vec::new(), bags: Vec::new(), packed: Vec::new(), stays: Vec::new() };
    for &thing in things {
        let tale = tell(thing, streams, bags, networks, &limits, true);
        let rings = match thing {
            Thing::Dossier(id) => {
                let history = streams.dossier(id);
                if crate::story::bags_of_dossier(history).next().is_some() {
                    folded.packed.push(id);
                }
                folded.dossiers.push(dossier_row(id, streams, &tale));
                Vec::new()
            }
            Thing::Bag(id) => {
                if crate::story::bags_of_bag(streams.bag(id)).next().is_some() {
                    folded.packed.push(id);
                }
                folded.bags.push(bag_row(id, streams, &tale));
                rings(id, streams, &tale)
            }
        };
        folded.stays.extend(stays::of(thing, &tale.steps));
        folded.stays.extend(rings);
    }
    folded.bags.extend(
        unread_bags(things, streams)
            .map(|bag| bag_row(bag, streams, &tell(Thing::Bag(bag), streams, bags, networks, &limits, true))),
    );
    folded
}

/// Bags that something was packed into and nobody ever read: whatever lies in one is found by its row, nobody knows where.
fn unread_bags(things: &[Thing], streams: &Streams) -> impl Iterator<Item = SubjectId> {
    let mut unread = std::collections::BTreeSet::new();
    for thing in things {
        match *thing {
            Thing::Dossier(id) => unread.extend(crate::story::bags_of_dossier(streams.dossier(id))),
            Thing::Bag(id) => unread.extend(crate::story::bags_of_bag(streams.bag(id))),
        }
    }
    unread.retain(|&bag| streams.bag(bag).is_empty());
    unread.into_iter()
}

/// The packings that would have closed a ring.
fn rings(id: SubjectId, streams: &Streams, tale: &Tale) -> Vec<stays::Stay> {
    let ring = |step: &Step| {
        let event = streams.bag(id).find(step.scan)?;
        let BagFact::Packed(packed) = &event.fact else { return None };
        Some(stays::ring(Thing::Bag(id), step, packed.bag))
    };
    tale.steps.iter().filter(|step| step.cause == Cause::Ring).filter_map(ring).collect()
}

fn dossier_row(id: SubjectId, streams: &Streams, tale: &Tale) -> Row {
    let told = streams.dossier(id).told();
    let registered = told.iter().find_map(|placed| {
        if let DossierFact::Registered(registered) = &placed.event.fact { Some(registered) } else { None }
    });
    let code = told.iter().rev().find_map(|placed| {
        if let DossierFact::Relabelled(relabelled) = &placed.event.fact { Some(relabelled.code) } else { None }
    });
    let rerouted = told.iter().rev().find_map(|placed| {
        if let DossierFact::Rerouted(rerouted) = &placed.event.fact { Some(&rerouted.destination) } else { None }
    });
    Row {
        number: registered.map(|it| it.dossier_no.clone()),
        kind: registered.map(|it| it.kind),
        case: registered.and_then(|it| it.case),
        item: registered.and_then(|it| it.item.clone()),
        destination: rerouted.or(registered.and_then(|it| it.destination.as_ref())).cloned(),
        home: registered.map(|it| it.home.clone()),
        registered: registered.is_some(),
        code,
        shelf: shelving(&told, &tale.steps).map(|it| it.shelf.unwrap_or_default()),
        ..row(id, tale)
    }
}

fn bag_row(id: SubjectId, streams: &Streams, tale: &Tale) -> Row {
    let told = streams.bag(id).told();
    let registered = told.iter().find_map(|placed| {
        if let BagFact::Registered(registered) = &placed.event.fact { Some(registered) } else { None }
    });
    let code = told.iter().rev().find_map(|placed| {
        if let BagFact::Relabelled(relabelled) = &placed.event.fact { Some(relabelled.code) } else { None }
    });
    Row {
        number: registered.and_then(|it| it.bag_no.clone()),
        home: registered.and_then(|it| it.home.clone()),
        registered: registered.is_some(),
        code,
        ..row(id, tale)
    }
}

fn row(subject: SubjectId, tale: &Tale) -> Row {
    Row {
        subject,
        number: None,
        kind: None,
        case: None,
        item: None,
        destination: None,
        home: None,
        registered: false,
        annulled: tale.annulled,
        code: None,
        custody: tale.custody.clone(),
        target: tale.target.clone(),
        next_hop: tale.next_hop.clone(),
        outer_bag: tale.outer_bag,
        shelf: None,
    }
}

/// Stored name of a kind of holder; what was annulled is in no queue and no load.
fn holder_name(row: &Row) -> &'static str {
    if row.annulled {
        return "annulled";
    }
    match row.custody.holder {
        Holder::Site { .. } => "site",
        Holder::Courier { .. } => "courier",
        Holder::Leg { .. } => "leg",
        Holder::Post { .. } => "post",
        Holder::Bag { .. } => "bag",
        Holder::Applicant => "applicant",
        Holder::Archive => "archive",
        Holder::Unknown { .. } => "unknown",
    }
}

pub(crate) async fn save(
    tx: &mut Tx,
    region: Region,
    folded: &Folded,
    position: i64,
    life: Life,
) -> Result<(), LoadError> {
    upsert(tx, region, "custody_dossier", &folded.dossiers, position, life).await?;
    upsert(tx, region, "custody_bag", &folded.bags, position, life).await?;
    stays::replace(tx, region, &folded.packed, &folded.stays, life).await?;
    Ok(())
}

/// One upsert a chunk. A row never gives way to an older fold.
async fn upsert(
    tx: &mut Tx,
    region: Region,
    table: &'static str,
    rows: &[Row],
    position: i64,
    life: Life,
) -> Result<(), LoadError> {
    static STATEMENTS: LazyLock<[[Statements; 2]; 2]> = LazyLock::new(|| {
        let of = |table: &str, life: Life| {
            let table = format!("{table}{}", life.suffix());
            let head = format!(
                "insert into {table} as r (region, subject, position, holder, site, courier, left_site, outer_bag, next_hop, \
                 target, shelf, since, read_at, case_id, body) values "
            );
            let tail = " on conflict (region, subject) do update set position = excluded.position, \
                        holder = excluded.holder, site = excluded.site, courier = excluded.courier, \
                        left_site = excluded.left_site, outer_bag = excluded.outer_bag, next_hop = excluded.next_hop, \
                        target = excluded.target, shelf = excluded.shelf, since = excluded.since, \
                        read_at = excluded.read_at, case_id = excluded.case_id, body = excluded.body \
                        where excluded.position >= r.position";
            Statements::rows(&head, 15, tail)
        };
        ["custody_dossier", "custody_bag"].map(|table| [Life::Live, Life::Shadow].map(|life| of(table, life)))
    });
    let statements = &STATEMENTS[usize::from(table == "custody_bag")][life as usize];
    for chunk in chunked(rows) {
        let bodies: Vec<String> =
            chunk.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(not_json)?;
        sql!(tx.conn(), c => {
            let mut query = sqlx::query(statements.of(&c, chunk.len()));
            for (row, body) in chunk.iter().zip(&bodies) {
                let held = &row.custody.holder;
                let live = !row.annulled;
                let courier = if let Holder::Courier { courier, .. } = held { Some(courier.as_str()) } else { None };
                let left = held.leg().and_then(|(from, _)| from).filter(|_| live).map(SiteId::as_str);
                query = query
                    .bind(i64::from(region.0)).bind(row.subject.0).bind(position).bind(holder_name(row))
                    .bind(held.site().filter(|_| live).map(SiteId::as_str)).bind(courier.filter(|_| live)).bind(left)
                    .bind(row.outer_bag.filter(|_| live).map(|bag| bag.0))
                    .bind(row.next_hop.as_ref().filter(|_| live).map(SiteId::as_str))
                    .bind(row.target.as_ref().filter(|_| live).map(SiteId::as_str))
                    .bind(row.shelf.as_deref().filter(|_| live))
                    .bind(row.custody.since.unwrap_or_default().0).bind(row.custody.read_at.unwrap_or_default().0)
                    .bind(row.case.map(|case| case.0)).bind(body.as_str());
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

fn not_json(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}

/// A row as it is read back.
///
/// # Errors
/// A body this program did not write.
pub fn parse(body: &str) -> Result<Row, sqlx::Error> {
    serde_json::from_str(body).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Rows of things by id, for answers to scans and look-ups.
///
/// # Errors
/// The database's own.
pub async fn find(
    db: &eventstore::Db,
    region: Region,
    things: &[Thing],
) -> Result<std::collections::HashMap<Thing, (Row, i64)>, sqlx::Error> {
    static FIND: LazyLock<[Statements; 2]> = LazyLock::new(|| {
        ["custody_dossier", "custody_bag"].map(|table| {
            let head = format!("select subject, body, position from {table} where region = $1 and subject in (");
            Statements::keys(&head, 1, ")")
        })
    });
    let mut found = std::collections::HashMap::new();
    let (dossiers, bags): (Vec<Thing>, Vec<Thing>) =
        things.iter().copied().partition(|thing| matches!(thing, Thing::Dossier(_)));
    for (statements, ids) in FIND.iter().zip([dossiers, bags]) {
        for list in filled(&ids) {
            let rows: Vec<(Uuid, String, i64)> = sql!(db.read(), c => {
                let mut query = sqlx::query_as(statements.of(&c, list.len())).bind(i64::from(region.0));
                for thing in &list {
                    query = query.bind(thing.id().0);
                }
                query.fetch_all(c).await
            })?;
            for (id, body, position) in rows {
                let thing = if list.first().is_some_and(|thing| matches!(thing, Thing::Bag(_))) {
                    Thing::Bag(SubjectId(id))
                } else {
                    Thing::Dossier(SubjectId(id))
                };
                found.insert(thing, (parse(&body)?, position));
            }
        }
    }
    Ok(found)
}
