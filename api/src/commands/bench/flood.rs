//! Scans while far too many sign-ins come in: what the queue before the hashing leaves to them. Each sign-in comes from
//! another address and names another account, so that no count holds it: the worst that one attacker can do.
use super::Setting;
use super::doors::{Couriers, Doors, scan};
use super::figures::{Board, closed_loop};
use super::log::COURIERS;
use crate::app::App;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

const ALONE: &str = "scans before a flood, 64 × 1";
const UNDER: &str = "scans under a flood of sign-ins, 64 × 1";
/// From one sign-in to the next: 50 a second.
const PACE: Duration = Duration::from_millis(20);

/// What became of the sign-ins of all rounds.
#[derive(Debug, Default)]
pub(super) struct Flood {
    sent: Arc<AtomicU32>,
    wrong: AtomicU32,
    limited: AtomicU32,
}

impl Flood {
    /// One round.
    pub(super) async fn measure(&self, setting: &Setting, doors: &Doors, board: &mut Board) -> anyhow::Result<()> {
        if !board.wants(ALONE) && !board.wants(UNDER) {
            return Ok(());
        }
        for (scenario, yardstick) in [(ALONE, None), (UNDER, Some(ALONE))] {
            let flooding =
                yardstick.map(|_| tokio::spawn(sign_ins(doors.couriers.clone(), setting.time, self.sent.clone())));
            let couriers = doors.couriers.clone();
            let step = move |courier, turn| scan(couriers.clone(), courier, turn, 1);
            board.add(scenario, yardstick, closed_loop(COURIERS, setting.time, step).await?);
            if let Some(flooding) = flooding {
                let (wrong, limited) = flooding.await??;
                self.wrong.fetch_add(wrong, Ordering::Relaxed);
                self.limited.fetch_add(limited, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Says below the table what happened.
    pub(super) fn tell(&self, app: &App, board: &mut Board) {
        let Some((alone, under)) = board.percentile_ms(ALONE, 99).zip(board.percentile_ms(UNDER, 99)) else { return };
        let count = |it: &AtomicU32| it.load(Ordering::Relaxed);
        let (sent, wrong, limited) = (count(&self.sent), count(&self.wrong), count(&self.limited));
        let most = app.hashing().load().at_once_max;
        let text = format!(
            "{sent} sign-ins, {wrong} of them hashed, {limited} answered 429 before that, {most} hash at a time at most; \
             p99 of scans {under:.2} ms under it and {alone:.2} ms alone: {:.2} times",
            under / alone
        );
        board.note("flood", text);
    }
}

/// Signs in 50 times a second; how many were wrong, and how many were told to come back.
async fn sign_ins(couriers: Arc<Couriers>, time: Duration, sent: Arc<AtomicU32>) -> anyhow::Result<(u32, u32)> {
    let (began, mut ticks, mut asked) = (Instant::now(), tokio::time::interval(PACE), JoinSet::new());
    while began.elapsed() < time {
        ticks.tick().await;
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::from_bits(0x0a00_0000 + number);
        let form = format!("account=nobody-{number}&password=eight+dry+cats");
        let request =
            couriers.http.post(format!("{}/login", couriers.url)).header("x-forwarded-for", address.to_string());
        asked.spawn(request.header("content-type", "application/x-www-form-urlencoded").body(form).send());
    }
    let (mut wrong, mut limited) = (0, 0);
    while let Some(answer) = asked.join_next().await {
        match answer??.status().as_u16() {
            401 => wrong += 1,
            429 => limited += 1,
            other => anyhow::bail!("a sign-in was answered with {other}"),
        }
    }
    Ok((wrong, limited))
}
