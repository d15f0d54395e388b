//! Whether tokens come one after another without a pause.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// Whoever comes so soon after another was done with keeps a thread busy that others may wait for.
const CLOSE: Duration = Duration::from_micros(20);

/// When the last token came, or was done with.
pub(super) struct Pace {
    since: Instant,
    /// Nanoseconds after `since`.
    last: AtomicU64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), last: AtomicU64::new(0) }
    }

    /// Notes that a token came or was done with now, and tells whether that was close upon another.
    pub(super) fn step(&self) -> bool {
        let now = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let before = self.last.swap(now, Ordering::Relaxed);
        before > 0 && Duration::from_nanos(now.saturating_sub(before)) <= CLOSE
    }
}
