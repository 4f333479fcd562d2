//! Filling the outbox: cases that new events touch are folded, and what became ready is to be told once; what is no longer
//! ready is taken back, or corrected if somebody may know of it. The place in the log moves in the transaction of the rows.
use super::config::Notices;
use crate::app::App;
use crate::problem::Problem;
use crate::receipt;
use crate::v1::cases::filed;
use domain::id::{CaseId, Region, ScanId, SiteId, SubjectId};
use domain::standing::{Stage, Standing};
use domain::stream::StreamId;
use domain::time::Timestamp;
use eventstore::{Access, Appended, Streams, Tx};
use projections::model::Life;
use projections::story::Thing;
use projections::{affected, custody, queues};
use registers::notice::{self, ChannelRow, Kind, New, Notice, State};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Events looked at in one turn.
const TURN: i64 = 200;
/// How long it waits for the bell before it looks by itself: another node's appends ring none here.
const LOOK: Duration = Duration::from_millis(500);

/// Follows until `stop` turns true; what cannot be read is said and tried again, and nothing is skipped.
pub(super) async fn follow(app: App, sender: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let mut bell = app.log().doorbell();
    while !*stop.borrow() {
        match turn(&app).await {
            Ok(true) => {
                sender.notify_one();
                continue;
            }
            Ok(false) => {}
            Err(problem) => tracing::error!(?problem, "the outbox of notices stands still"),
        }
        tokio::select! {
            rung = bell.changed() => if rung.is_err() { return },
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => return,
        }
    }
}

/// One turn; `false` if there was nothing to look at.
///
/// # Errors
/// The database's, or an event that cannot be read.
pub async fn turn(app: &App) -> Result<bool, Problem> {
    let (db, region) = (app.db(), app.region());
    let Some(from) = notice::position(db, region).await? else { return Ok(false) };
    let page = app.log().after(from, TURN).await?;
    let Some(to) = page.last().map(|event| event.position) else { return Ok(false) };
    let mut appended = Vec::with_capacity(page.len());
    for row in &page {
        let (stream, event) = row.decode().map_err(|error| Problem::internal(&error))?;
        appended.push(Appended { position: row.position, stream, event });
    }
    let channels: Vec<ChannelRow> =
        notice::channels(db, region).await?.into_iter().filter(|row| row.off_at.is_none()).collect();
    let mut found = Vec::new();
    for case in touched(app, &appended).await? {
        found.push((case, now(app, case).await?));
    }
    let mut tx = db.begin().await?;
    if !notice::advance(&mut tx, region, from, to).await? {
        tx.rollback().await?;
        return Ok(true);
    }
    for (case, now) in &found {
        for channel in &channels {
            let turn = Turn { region, notices: app.notices(), channel, at: app.now(), seq: 2 * to };
            turn.settle(&mut tx, *case, now).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// The cases that events touch: their own, those of dossiers, and those of what lies in bags.
async fn touched(app: &App, appended: &[Appended]) -> Result<BTreeSet<CaseId>, Problem> {
    let (db, region) = (app.db(), app.region());
    let (mut streams, mut access) = (Streams::default(), Access::Db(db));
    streams.load(&mut access, region, appended.iter().map(|it| it.stream)).await?;
    let things = affected::things(&mut access, region, &streams, appended, Life::Live).await?;
    let dossiers: Vec<Thing> = things.into_iter().filter(|thing| matches!(thing, Thing::Dossier(_))).collect();
    let rows = custody::find(db, region, &dossiers).await?;
    let own = appended.iter().filter_map(|it| match it.stream {
        StreamId::Case(case) => Some(case),
        StreamId::Dossier(_) | StreamId::Bag(_) => None,
    });
    Ok(own.chain(rows.values().filter_map(|(row, _)| row.case)).collect())
}

/// How a case stands, as far as notices ask.
enum Now {
    Ready(Ready),
    Fetched,
    Not,
}

struct Ready {
    shelving: ScanId,
    /// Where in the log that shelving is.
    position: i64,
    site: SiteId,
    dossier: SubjectId,
    case_no: String,
}

async fn now(app: &App, case: CaseId) -> Result<Now, Problem> {
    let Some(standing) = receipt::stands(app, case).await? else { return Ok(Now::Not) };
    match &standing {
        Standing { stage: Stage::HandedOut, .. } => Ok(Now::Fetched),
        Standing { stage: Stage::Ready, shelved_by: Some(shelving), fetched_at, .. } => {
            let Some(site) = fetched_at.first() else { return Ok(Now::Not) };
            Ok(ready(app, case, *shelving, site).await?.map_or(Now::Not, Now::Ready))
        }
        _ => Ok(Now::Not),
    }
}

async fn ready(app: &App, case: CaseId, shelving: ScanId, site: &SiteId) -> Result<Option<Ready>, Problem> {
    let Some(filed) = filed(app, case).await? else { return Ok(None) };
    let dossiers = queues::of_case(app.db(), app.region(), case.0).await?;
    let here = |at: &Option<SiteId>| at.as_ref() == Some(site);
    let dossier = dossiers.iter().find(|it| here(&it.dossier.home)).or(dossiers.first());
    let events = app.log().of_scans(&[shelving]).await?;
    let position = events.iter().map(|event| event.position).min();
    Ok(dossier.zip(position).map(|(dossier, position)| Ready {
        shelving,
        position,
        site: site.clone(),
        dossier: dossier.dossier.subject,
        case_no: filed.case_no,
    }))
}

/// What one channel is to tell after a turn.
struct Turn<'a> {
    region: Region,
    notices: &'a Notices,
    channel: &'a ChannelRow,
    at: Timestamp,
    /// Corrections get it, and what is ready the one after.
    seq: i64,
}

/// Why a notice for a person is there: ready by the same shelving after a correction.
const TOLD_OTHERWISE: &str = "told_otherwise";

impl Turn<'_> {
    async fn settle(&self, tx: &mut Tx, case: CaseId, now: &Now) -> Result<(), registers::Error> {
        let rows = notice::of_case_by(tx, self.region, case, &self.channel.channel).await?;
        match now {
            Now::Ready(ready) => self.ready(tx, case, ready, &rows).await,
            Now::Fetched => self.fetched(tx, &rows).await,
            Now::Not => self.lost(tx, case, &rows).await,
        }
    }

    /// What is ready is told once for each shelving, and not again while it stays so at the same place.
    async fn ready(&self, tx: &mut Tx, case: CaseId, ready: &Ready, rows: &[Notice]) -> Result<(), registers::Error> {
        if ready.position <= self.channel.since {
            return Ok(());
        }
        if let Some(open) = rows.iter().rfind(|row| is_open(row)) {
            if open.site == ready.site.as_str() {
                return Ok(());
            }
            self.lost(tx, case, rows).await?;
        }
        let of =
            |kind: Kind| rows.iter().find(move |row| row.kind == kind.as_str() && row.shelving == ready.shelving.0);
        let told = of(Kind::Ready).filter(|row| row.perhaps_told == 1);
        let Some(told) = told else { return self.put(tx, case, ready, Kind::Ready).await };
        match of(Kind::Correction) {
            Some(correction)
                if !notice::cancel(tx, self.region, correction.id, "ready_again", self.at).await?
                    && correction.state != State::Cancelled.as_str() =>
            {
                self.put(tx, case, ready, Kind::Again).await
            }
            Some(_) | None => notice::resume(tx, self.region, told.id).await,
        }
    }

    async fn put(&self, tx: &mut Tx, case: CaseId, ready: &Ready, kind: Kind) -> Result<(), registers::Error> {
        let (state, why) =
            if kind == Kind::Again { (State::GivenUp, Some(TOLD_OTHERWISE)) } else { (State::Pending, None) };
        let new = New {
            case,
            shelving: ready.shelving,
            channel: &self.channel.channel,
            kind,
            case_no: &ready.case_no,
            dossier: ready.dossier,
            site: &ready.site,
            seq: self.seq + 1,
            now: self.at,
            due_at: self.due_at(),
        };
        notice::enqueue(tx, self.region, &new, state, why).await.map(|_| ())
    }

    /// Whoever has it need not be told any more.
    async fn fetched(&self, tx: &mut Tx, rows: &[Notice]) -> Result<(), registers::Error> {
        for row in rows.iter().filter(|row| row.over_at.is_none()) {
            if !notice::cancel(tx, self.region, row.id, "fetched", self.at).await? {
                notice::end(tx, self.region, row.id, "fetched", self.at).await?;
            }
        }
        Ok(())
    }

    /// What nobody can know of yet is taken back; of what somebody may know there is one correction.
    async fn lost(&self, tx: &mut Tx, case: CaseId, rows: &[Notice]) -> Result<(), registers::Error> {
        for row in rows.iter().filter(|row| is_open(row)) {
            if notice::cancel(tx, self.region, row.id, "lost", self.at).await? {
                continue;
            }
            notice::end(tx, self.region, row.id, "lost", self.at).await?;
            let site = row.site.parse().map_err(|_| registers::Error::Stored { table: "notice", column: "site" })?;
            let new = New {
                case,
                shelving: ScanId(row.shelving),
                channel: &self.channel.channel,
                kind: Kind::Correction,
                case_no: &row.case_no,
                dossier: SubjectId(row.dossier),
                site: &site,
                seq: self.seq,
                now: self.at,
                due_at: self.due_at(),
            };
            notice::enqueue(tx, self.region, &new, State::Pending, None).await?;
        }
        Ok(())
    }

    /// When the channel may send.
    fn due_at(&self) -> Timestamp {
        let configured = self.notices.channels.iter().find(|it| it.name == self.channel.channel);
        configured.and_then(|it| it.quiet).map_or(self.at, |quiet| quiet.next(self.at))
    }
}

/// Says ready, and is so still.
fn is_open(row: &Notice) -> bool {
    row.over_at.is_none() && row.kind != Kind::Correction.as_str()
}
