//! One hash of a remembered secret at a time: hashing is slow on purpose, and a flood of sign-ins must not take the time of
//! scans. A few may wait; who comes when the queue is full is told to come back before anything is hashed.
use crate::access::attempts::limited;
use crate::problem::Problem;
use registers::password;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes at once. One core of the smallest machine is left to scans.
const AT_ONCE: usize = 1;
/// How many may wait.
const WAITING_MAX: usize = 8;
/// When to come back if the queue is full.
const WAIT_MS: i64 = 2_000;

/// The queue before the hashing.
#[derive(Clone, Debug)]
pub struct Hashing {
    turns: Arc<Semaphore>,
    counts: Arc<Counts>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), counts: Arc::default() }
    }
}

#[derive(Debug, Default)]
struct Counts {
    /// Those who wait or are hashed now.
    inside: AtomicUsize,
    running: AtomicUsize,
    at_once_max: AtomicUsize,
    done: AtomicU64,
    turned_away: AtomicU64,
}

/// What the queue did since the server began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Those who wait or are hashed now.
    pub inside: usize,
    /// The most hashes that ever ran at one time.
    pub at_once_max: usize,
    /// Hashes that were made or compared.
    pub done: u64,
    /// Who was told to come back because the queue was full.
    pub turned_away: u64,
}

/// Leaves the queue when dropped, however that happens.
struct Inside(Arc<Counts>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A hash that runs, counted where it runs: over when dropped, however that happens.
struct Running(Arc<Counts>);

impl Running {
    fn begin(counts: Arc<Counts>) -> Self {
        let now = counts.running.fetch_add(1, Ordering::SeqCst) + 1;
        counts.at_once_max.fetch_max(now, Ordering::SeqCst);
        Self(counts)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, Ordering::SeqCst);
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hashing {
    /// The PHC string of a secret.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn hash(&self, secret: String) -> Result<String, Problem> {
        self.turn(move || password::hash(&secret)).await
    }

    /// Whether a secret is the one that was hashed; as slow without a hash.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn verify(&self, secret: String, hashed: Option<String>) -> Result<bool, Problem> {
        self.turn(move || password::verify(&secret, hashed.as_deref())).await
    }

    /// What the queue did since the server began.
    #[must_use]
    pub fn load(&self) -> Load {
        let Counts { inside, at_once_max, done, turned_away, .. } = &*self.counts;
        let count = |it: &AtomicUsize| it.load(Ordering::SeqCst);
        let total = |it: &AtomicU64| it.load(Ordering::SeqCst);
        Load {
            inside: count(inside),
            at_once_max: count(at_once_max),
            done: total(done),
            turned_away: total(turned_away),
        }
    }

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let before = self.counts.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside(self.counts.clone());
        if before >= AT_ONCE + WAITING_MAX {
            self.counts.turned_away.fetch_add(1, Ordering::SeqCst);
            return Err(limited(WAIT_MS));
        }
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| Problem::internal(&error))?;
        let counts = self.counts.clone();
        // A hash that began cannot be stopped. So the turn goes with it, not with the request: who hangs up while it runs
        // must not let the next one begin beside it.
        let hash = move || {
            let _until_done = (inside, turn);
            let _running = Running::begin(counts);
            work()
        };
        tokio::task::spawn_blocking(hash).await.map_err(|error| Problem::internal(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread")]
    async fn one_is_hashed_at_a_time_a_few_wait_and_the_rest_come_back() {
        let (hashing, now, most) = (Hashing::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let one = || {
            let (hashing, now, most) = (hashing.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                hashing.turn(work).await.is_ok()
            })
        };
        let mut done = 0;
        for task in (0..40).map(|_| one()).collect::<Vec<_>>() {
            done += usize::from(task.await.unwrap());
        }
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
        assert_eq!(done, AT_ONCE + WAITING_MAX, "the others were told to come back");
        let load = Load { inside: 0, at_once_max: AT_ONCE, done: done as u64, turned_away: 40 - done as u64 };
        assert_eq!(hashing.load(), load);
        assert!(hashing.turn(|| ()).await.is_ok(), "then there is room again");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_hangs_up_does_not_let_a_second_hash_begin() {
        let hashing = Hashing::default();
        for _ in 0..5 {
            let hash = hashing.turn(|| std::thread::sleep(Duration::from_millis(30)));
            assert!(tokio::time::timeout(Duration::from_millis(5), hash).await.is_err(), "hung up");
        }
        assert!(hashing.turn(|| ()).await.is_ok());
        let load = hashing.load();
        assert_eq!((load.inside, load.at_once_max), (0, AT_ONCE), "{load:?}");
    }
}
