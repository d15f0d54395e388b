//! The review accounts in force, which may be replaced while the service runs.

use crate::domain::{review_account::ReviewAccounts, time::Timestamp};
use std::sync::Arc;

/// Gives the review accounts that are in force now. A caller keeps what it got for one request only.
pub trait ReviewList: Send + Sync {
    /// The accounts; none where the feature is off.
    fn current(&self) -> Arc<ReviewAccounts>;

    /// The accounts whose given codes may be live: those in force, and those that were not longer ago than a code lives.
    fn lately(&self) -> Vec<Arc<ReviewAccounts>>;
}

/// Puts review accounts in force.
pub trait ReviewDesk: ReviewList {
    /// From `now` on challenges are begun by these.
    fn replace(&self, accounts: ReviewAccounts, now: Timestamp);
}
