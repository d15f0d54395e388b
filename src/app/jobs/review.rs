//! The file of review accounts, read again while the service runs.

use super::Watched;
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
        let taken = self.put_in_force(read).await;
        taken.map_err(|fault| Failure::Unavailable(fault.to_string()))?.map_err(Failure::Configuration)
    }

    async fn put_in_force(&self, read: ReviewFile) -> Result<Result<(), Problems>, StoreFault> {
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

/// A file that is wrong or gone leaves no account in force: nobody needs these to sign in, and a known code is the last
/// thing to keep.
impl Watched for WatchedReview {
    type Read = (Result<ReviewFile, Problems>, Stamp);

    fn look(&mut self, asked: bool) -> Option<Self::Read> {
        let now = self.clock.now();
        let state = Stamp::of([self.review.file.clone()].into_iter());
        (asked || state != self.seen).then(|| (self.review.load(now), state))
    }

    async fn take(&mut self, (read, state): Self::Read) {
        let taken = match read {
            Ok(read) => self.put_in_force(read).await,
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
