//! The review accounts in force, which may be replaced while the service runs.

use crate::domain::review_account::ReviewAccounts;
use std::sync::Arc;

/// Gives the review accounts that are in force now. A caller keeps what it got for one request only.
pub trait ReviewList: Send + Sync {
    /// The accounts; none where the feature is off.
    fn current(&self) -> Arc<ReviewAccounts>;
}

/// Puts review accounts in force.
pub trait ReviewDesk: ReviewList {
    /// From now on challenges are begun by these.
    fn replace(&self, accounts: ReviewAccounts);
}
