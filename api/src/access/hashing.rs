//! One hash of a remembered secret at a time: hashing is slow on purpose, and a flood of sign-ins must not take the time of
//! scans. A few may wait; who comes when the queue is full is told to come back before anything is hashed.
use crate::access::attempts::limited;
use crate::problem::Problem;
use registers::password;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// Those who wait or are hashed now.
    inside: Arc<AtomicUsize>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), inside: Arc::default() }
    }
}

/// Leaves the queue when dropped, however that happens.
struct Inside(Arc<AtomicUsize>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let before = self.inside.fetch_add(1, Ordering::SeqCst);
        let _inside = Inside(self.inside.clone());
        if before >= AT_ONCE + WAITING_MAX {
            return Err(limited(WAIT_MS));
        }
        let _turn = self.turns.acquire().await.map_err(|error| Problem::internal(&error))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
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
        assert_eq!(hashing.inside.load(Ordering::SeqCst), 0);
        assert!(hashing.turn(|| ()).await.is_ok(), "then there is room again");
    }
}
