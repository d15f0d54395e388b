//! A shared limiter that goes away and comes back: at its share meanwhile, and no burst afterwards.

mod on_redis;
mod simulation;
mod size;

use std::sync::Arc;

use identity::adapters::fallback::{FallbackLimiter, SharedLimiter};
use identity::domain::time::Timestamp;
use identity::ports::clock::Clock;
use identity::ports::limiter::LimiterChange;
use tokio::sync::mpsc::Receiver;

/// One replica, and what it tells of its changes.
struct Replica {
    limiter: FallbackLimiter,
    changes: Receiver<(Timestamp, LimiterChange)>,
}

impl Replica {
    fn new(shared: Arc<dyn SharedLimiter>, clock: Arc<dyn Clock>, replicas: u32) -> Self {
        let (limiter, changes) = FallbackLimiter::new(shared, clock, replicas);
        Self { limiter, changes }
    }

    /// The changes since the last call.
    fn changes(&mut self) -> Vec<LimiterChange> {
        std::iter::from_fn(|| self.changes.try_recv().ok()).map(|(_, change)| change).collect()
    }
}
