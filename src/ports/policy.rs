//! The policy that requests are judged by, which may be replaced while the service runs.

use crate::domain::{
    digest::Digest,
    policy::{Policy, PolicyInForce},
};
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

/// Reads a policy that is not in force.
pub trait PolicyReader: Send + Sync {
    /// The policy of a file's text, with the SHA-256 of it.
    ///
    /// # Errors
    /// Everything that is wrong with it, a sentence each; none repeats a value.
    fn read(&self, text: &str) -> Result<(Policy, Digest), Vec<String>>;
}
