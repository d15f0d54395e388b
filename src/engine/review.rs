//! Who puts review accounts in force: none of them belongs to somebody with an elevated role.

use crate::{
    domain::review_account::ReviewAccounts,
    ports::{
        clock::Clock,
        keys::Keys,
        review::ReviewDesk,
        store::{Store, StoreFault},
    },
};
use std::sync::Arc;

/// What the review engine works with.
pub struct ReviewParts {
    /// Where the accounts in force are.
    pub desk: Arc<dyn ReviewDesk>,
    /// Where users and their roles are.
    pub store: Arc<dyn Store>,
    /// The index key, by which users are found.
    pub keys: Arc<dyn Keys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Keeps the review accounts in force.
pub struct ReviewEngine {
    parts: ReviewParts,
}

impl ReviewEngine {
    /// An engine of the parts.
    #[must_use]
    pub const fn new(parts: ReviewParts) -> Self {
        Self { parts }
    }

    /// Puts accounts in force, all or none. Gives the positions of those whose user has an elevated role now; where
    /// there is one, nothing has changed. Who gets such a role later is refused at each use.
    ///
    /// # Errors
    /// Where the store cannot tell; nothing has changed then.
    pub async fn change(&self, accounts: ReviewAccounts) -> Result<Vec<usize>, StoreFault> {
        let index = self.parts.keys.index();
        let mut refused = Vec::new();
        for (position, account) in accounts.all().iter().enumerate() {
            let user = self.parts.store.user_of(account.email.identity_key(&index)).await?;
            if user.is_some_and(|user| accounts.is_elevated(&user.roles)) {
                refused.push(position);
            }
        }
        if refused.is_empty() {
            self.parts.desk.replace(accounts, self.parts.clock.now());
        }
        Ok(refused)
    }

    /// Puts every account out of force.
    pub fn withdraw(&self) {
        self.parts.desk.replace(ReviewAccounts::default(), self.parts.clock.now());
    }
}
