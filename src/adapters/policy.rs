//! The policy in force, replaced whole when its file changes.

use crate::{
    domain::policy::PolicyInForce,
    ports::policy::{Policies, PolicyDesk},
};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Holds the policy in force. A request that began keeps the policy that it began with.
pub struct SwappedPolicy(ArcSwap<PolicyInForce>);

impl SwappedPolicy {
    /// Puts a policy in force.
    #[must_use]
    pub fn new(policy: PolicyInForce) -> Self {
        Self(ArcSwap::from_pointee(policy))
    }
}

impl Policies for SwappedPolicy {
    fn current(&self) -> Arc<PolicyInForce> {
        self.0.load_full()
    }
}

impl PolicyDesk for SwappedPolicy {
    fn replace(&self, policy: PolicyInForce) {
        self.0.store(Arc::new(policy));
    }
}
