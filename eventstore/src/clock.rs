//! The time of day, read in one place. Everything else is handed the time, or a [`Clock`].
use domain::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where "now" comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a simulation or a test sets.
    Driven(Arc<AtomicI64>),
}

impl Clock {
    /// A driven clock that stands at `now`.
    #[must_use]
    pub fn driven(now: Timestamp) -> Self {
        Self::Driven(Arc::new(AtomicI64::new(now.0)))
    }

    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time of day")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Driven(now) => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// Sets a driven clock; `false` for the machine's own, which nobody sets.
    #[must_use]
    pub fn set(&self, now: Timestamp) -> bool {
        match self {
            Self::System => false,
            Self::Driven(clock) => {
                clock.store(now.0, Ordering::SeqCst);
                true
            }
        }
    }
}
