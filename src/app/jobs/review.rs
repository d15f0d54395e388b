//! The file of review accounts, read again while the service runs.

use super::LOOK;
use crate::{
    app::Failure,
    config::{
        problem::Problems,
        review::{Review, ReviewFile},
        secrets::Stamp,
    },
    engine::review::ReviewEngine,
    ports::{clock::Clock, store::StoreFault},
};
use std::sync::Arc;
use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// The file, and what is done with what it says.
pub(in crate::app) struct WatchedReview {
    review: Review,
    engine: ReviewEngine,
    clock: Arc<dyn Clock>,
    seen: Stamp,
}

impl WatchedReview {
    /// Watches a file that has been read. `seen` is its state before that, so that a change between the two is not missed.
    pub(in crate::app) const fn new(review: Review, engine: ReviewEngine, clock: Arc<dyn Clock>, seen: Stamp) -> Self {
        Self { review, engine, clock, seen }
    }

    /// Puts the accounts in force that were read at the start.
    ///
    /// # Errors
    /// Where one belongs to a user with an elevated role, or the store cannot tell.
    pub(in crate::app) async fn begin(&self, read: ReviewFile) -> Result<(), Failure> {
        let taken = self.take(read).await;
        taken.map_err(|fault| Failure::Unavailable(fault.to_string()))?.map_err(Failure::Configuration)
    }

    /// Reads the file again when it has changed or `hang_up` (SIGHUP) comes, until told to stop. A file that is wrong
    /// or gone leaves no account in force: nobody needs these to sign in, and a known code is the last thing to keep.
    pub(in crate::app) async fn follow(mut self, mut hang_up: Signal, stop: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                _ = hang_up.recv() => true,
                _ = ticks.tick() => false,
            };
            let (review, seen, now) = (self.review.clone(), self.seen.clone(), self.clock.now());
            let look = tokio::task::spawn_blocking(move || {
                let state = Stamp::of([review.file.clone()].into_iter());
                (asked || state != seen).then(|| (review.load(now), state))
            });
            // The file is read elsewhere, for a disk may be slow; what panics there ends this job.
            let Ok(looked) = look.await else { return };
            let Some((read, state)) = looked else { continue };
            let taken = match read {
                Ok(read) => self.take(read).await,
                Err(problems) => Ok(Err(problems)),
            };
            match taken {
                Ok(Ok(())) => self.seen = state,
                Ok(Err(problems)) => {
                    self.withdraw(problems);
                    self.seen = state;
                }
                // Whose accounts they are is not known now; the next look tries again.
                Err(fault) => {
                    self.engine.withdraw();
                    tracing::warn!(error = %fault, "review accounts cannot be checked; none is in force until they are");
                }
            }
        }
    }

    async fn take(&self, read: ReviewFile) -> Result<Result<(), Problems>, StoreFault> {
        let ReviewFile { accounts, warnings } = read;
        let count = accounts.all().len();
        let refused = self.engine.change(accounts).await?;
        if !refused.is_empty() {
            return Ok(Err(self.review.elevated(&refused)));
        }
        tracing::warn!(accounts = count, "review accounts are in force: their codes are given, not drawn");
        for warning in warnings {
            tracing::warn!(%warning, "a review account has expired");
        }
        Ok(Ok(()))
    }

    fn withdraw(&self, problems: Problems) {
        self.engine.withdraw();
        for problem in problems.0 {
            tracing::error!(%problem, "the file of review accounts is wrong; none is in force");
        }
    }
}
