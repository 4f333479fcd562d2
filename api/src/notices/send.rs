//! Emptying the outbox: what is due is taken for a term, put together, sent, and written down. The phone is opened from the
//! vault at that moment, with an entry of the record, and kept nowhere. Whoever is cut off between sending and writing down
//! leaves the notice to be sent again under the same id: at least once.
use super::channel::{Message, Reaches};
use super::config::{Configured, Notices};
use super::text::{Parts, text};
use crate::app::App;
use crate::pages::tail;
use crate::problem::Problem;
use crate::receipt;
use domain::id::{CaseId, SiteId};
use domain::standing::{Stage, Standing};
use futures_util::future::join_all;
use rand::Rng;
use registers::notice::{self, Kind, Notice, Outcome, State};
use registers::record::{Actor, By, Field, Party, Reason};
use registers::vault::{Masked, Opening, Secret, Shown, VaultError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often it looks for what became due.
const LOOK: Duration = Duration::from_millis(500);
/// Sent at once by one channel.
const AT_ONCE: i64 = 8;
/// Until when a notice that is being sent is left to whoever sends it: longer than the longest wait for a gateway.
pub const LEASE_MS: i64 = 2 * 60_000;
/// The first delay; each is four times the one before.
const DELAY_MS: i64 = 30_000;
const DELAY_MS_MAX: i64 = 6 * 3_600_000;
/// Why the vault was opened, in the record.
const REASON: &str = "tell-applicant";

/// Sends until `stop` turns true.
pub(super) async fn send(app: App, bell: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match pass(&app).await {
            Ok(sent) if sent > 0 => continue,
            Ok(_) => {}
            Err(problem) => tracing::error!(?problem, "notices cannot be sent"),
        }
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Sends what is due by every channel that may; how many were tried.
///
/// # Errors
/// The database's own.
pub async fn pass(app: &App) -> Result<usize, Problem> {
    let rows = notice::channels(app.db(), app.region()).await?;
    let on = |it: &&Configured| rows.iter().any(|row| row.channel == it.name && row.off_at.is_none());
    let channels: Vec<&Configured> = app.notices().channels.iter().filter(on).collect();
    let tried = join_all(channels.into_iter().map(|channel| by_channel(app, channel))).await;
    tried.into_iter().sum()
}

async fn by_channel(app: &App, channel: &Configured) -> Result<usize, Problem> {
    let now = app.now();
    if channel.quiet.is_some_and(|quiet| quiet.next(now) != now) {
        return Ok(0);
    }
    notice::close_cut_off(app.db(), app.region(), &channel.name, app.notices().tries, now).await?;
    let due = notice::due(app.db(), app.region(), &channel.name, now, AT_ONCE).await?;
    let tried = join_all(due.iter().map(|row| one(app, channel, row))).await;
    tried.into_iter().map(|tried| tried.map(usize::from)).sum()
}

/// Sends one notice; `false` if it was left: not so any more, or another node has it.
async fn one(app: &App, channel: &Configured, row: &Notice) -> Result<bool, Problem> {
    let (db, region, now, kind) = (app.db(), app.region(), app.now(), row.kind()?);
    let standing = receipt::stands(app, CaseId(row.case_id)).await?;
    // The follower takes it back when it comes to it; nobody is told before what is not so.
    if kind != Kind::Correction && !standing.as_ref().is_some_and(|it| is_ready_at(it, &row.site)) {
        return Ok(false);
    }
    if !notice::claim(db, region, row, now.plus(LEASE_MS)).await? {
        return Ok(false);
    }
    let composed = compose(app, channel, row, kind, standing.as_ref()).await;
    let why;
    let outcome = match &composed {
        Ok(Ok(message)) => match channel.channel.send(message).await {
            Ok(()) => Outcome { state: State::Sent, due_at: now, perhaps_told: true, why: None },
            Err(failure) => {
                if failure == super::channel::Failure::Gone {
                    switch_off(app, channel).await?;
                }
                why = failure.text();
                failed(app.notices(), channel, row, now, (failure.may_be_told(), &why))
            }
        },
        Ok(Err(nobody)) => {
            Outcome { state: State::Nobody, due_at: now, perhaps_told: row.perhaps_told == 1, why: Some(nobody) }
        }
        Err(problem) => {
            tracing::error!(?problem, notice = %row.id, "a notice cannot be put together");
            failed(app.notices(), channel, row, now, (false, "trouble"))
        }
    };
    let settled = notice::settle(db, region, row, &outcome, app.now()).await?;
    tracing::info!(notice = %row.id, channel = channel.name, outcome = %outcome.state, why = outcome.why, settled, "notice");
    app.metrics().noticed(&channel.name, outcome.state.as_str());
    Ok(true)
}

fn is_ready_at(standing: &Standing, site: &str) -> bool {
    standing.stage == Stage::Ready && standing.fetched_at.iter().any(|at| at.as_str() == site)
}

/// Tried again later, each time much later; or given up.
fn failed<'a>(
    notices: &Notices,
    channel: &Configured,
    row: &Notice,
    now: domain::time::Timestamp,
    (may_be_told, why): (bool, &'a str),
) -> Outcome<'a> {
    let attempts = row.attempts + 1;
    let later = now.plus(delay(attempts, rand::rng().next_u32()));
    let due_at = channel.quiet.map_or(later, |quiet| quiet.next(later));
    let state = if attempts >= notices.tries || why == "gone" { State::GivenUp } else { State::Failed };
    Outcome { state, due_at, perhaps_told: may_be_told || row.perhaps_told == 1, why: Some(why) }
}

/// Milliseconds until the next try after so many: 30 s, 2 min, 8 min and so on to 6 h, each up to a fifth shorter or longer, so
/// that what failed together is not tried together.
fn delay(attempts: i64, random: u32) -> i64 {
    let doubled = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    let whole = DELAY_MS.saturating_mul(4_i64.saturating_pow(doubled)).min(DELAY_MS_MAX);
    let fifth = whole / 5;
    whole - fifth + i64::from(random) * 2 * fifth / i64::from(u32::MAX)
}

async fn switch_off(app: &App, channel: &Configured) -> Result<(), Problem> {
    let mut tx = app.db().begin().await?;
    notice::switch(&mut tx, app.region(), &channel.name, Some(("gone", app.now()))).await?;
    tx.commit().await?;
    tracing::warn!(channel = channel.name, "a receiver wants no more notices: the channel is off");
    Ok(())
}

/// Puts a message together; or says why there is nobody to tell.
async fn compose(
    app: &App,
    channel: &Configured,
    row: &Notice,
    kind: Kind,
    standing: Option<&Standing>,
) -> Result<Result<Message, &'static str>, Problem> {
    let (case, reaches) = (CaseId(row.case_id), channel.reaches());
    let phone = match reaches {
        Reaches::Phone => match phone(app, case).await? {
            Ok(phone) => Some(phone),
            Err(nobody) => return Ok(Err(nobody)),
        },
        Reaches::Office => None,
    };
    let site: SiteId = row.site.parse().map_err(|error| Problem::internal(&error))?;
    let known = app.known();
    let own = [site.clone()];
    let sites = standing.map(|it| it.fetched_at.as_slice()).filter(|sites| !sites.is_empty()).unwrap_or(&own);
    let places: Vec<&str> = sites.iter().map(|site| known.site_name(site, channel.english)).collect();
    let place = places.join(if channel.english { ", " } else { "、" });
    let code = registers::label::receipt(app.db(), app.region(), case).await?.map(labels::code::print);
    let receipt = code.as_deref().map(tail);
    let parts = Parts { signature: &app.notices().signature, english: channel.english, receipt, place: &place };
    Ok(Ok(Message {
        id: row.id,
        kind,
        case,
        case_no: row.case_no.clone(),
        text: text(kind, reaches, &parts),
        site,
        until: standing.and_then(|it| it.until),
        now: app.now(),
        phone,
        place,
    }))
}

/// The mobile of the applicant, else of who handles it for them; opened with an entry of the record. Whose data was erased or
/// restricted is told nothing, nor is anybody in their place.
async fn phone(app: &App, case: CaseId) -> Result<Result<Secret, &'static str>, Problem> {
    let shown = app.vault().shown(app.db(), &[case]).await?;
    let applicant = shown.iter().find(|it| it.party == Party::Applicant);
    if applicant.is_some_and(|it| it.erased.is_some()) {
        return Ok(Err("erased"));
    }
    if applicant.is_some_and(|it| it.restricted.is_some()) {
        return Ok(Err("restricted"));
    }
    let has_phone = |it: &&Shown| it.masked.as_ref().is_some_and(|Masked { phone, .. }| phone.is_some());
    let Some(party) = applicant.filter(has_phone).or(shown.iter().find(has_phone)) else { return Ok(Err("no_phone")) };
    let reason = Reason { code: REASON.parse().map_err(|error| Problem::internal(&error))?, note: None };
    let opening = Opening { case, party: party.party, fields: vec![Field::Phone], reason, may_lift: false };
    let by = By { actor: Actor::System, address: None, now: app.now() };
    match app.vault().open_party(app.db(), &by, &opening).await {
        Ok(details) => Ok(details.phone.filter(is_mobile).ok_or("no_mobile")),
        Err(VaultError::Erased(_)) => Ok(Err("erased")),
        Err(VaultError::Restricted(_)) => Ok(Err("restricted")),
        Err(error) => Err(error.into()),
    }
}

/// Landlines take no SMS.
fn is_mobile(phone: &Secret) -> bool {
    phone.expose().len() == 11 && phone.expose().starts_with('1')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_never_all_alike() {
        let [least, most] = [0, u32::MAX].map(|random| (1..=8).map(|n| delay(n, random)).collect::<Vec<_>>());
        assert_eq!((least[0], most[0]), (24_000, 36_000));
        assert!(least.iter().zip(&most).all(|(least, most)| least < most));
        assert!(most.windows(2).zip(least.windows(2)).take(4).all(|(most, least)| least[1] > most[0]), "{least:?}");
        assert!(most.iter().all(|it| *it <= DELAY_MS_MAX / 5 * 6));
    }
}
