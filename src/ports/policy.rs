//! The policy that requests are judged by, which may be replaced while the service runs.

use crate::domain::policy::PolicyInForce;
use std::sync::Arc;

/// Gives the policy that is in force now. A caller keeps what it got for one request only.
pub trait Policies: Send + Sync {
    /// The policy in force.
    fn current(&self) -> Arc<PolicyInForce>;
}

/// Puts a policy in force.
pub trait PolicyDesk: Policies {
    /// From now on requests are judged by this policy; those that have begun keep the earlier one.
    fn replace(&self, policy: PolicyInForce);
}
