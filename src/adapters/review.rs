//! The review accounts in force, replaced whole when their file changes.

use crate::{
    domain::review_account::ReviewAccounts,
    ports::review::{ReviewDesk, ReviewList},
};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Holds the review accounts in force; none to begin with.
#[derive(Default)]
pub struct SwappedReview(ArcSwap<ReviewAccounts>);

impl ReviewList for SwappedReview {
    fn current(&self) -> Arc<ReviewAccounts> {
        self.0.load_full()
    }
}

impl ReviewDesk for SwappedReview {
    fn replace(&self, accounts: ReviewAccounts) {
        self.0.store(Arc::new(accounts));
    }
}
