//! The rules that a request is judged by.

use super::OtpEngine;
use crate::{
    domain::{challenge::Scope, id::ChallengeId, lockout::Lockout, policy::Rules, refusal::Refusal},
    engine::fault,
};
use std::sync::Arc;

impl OtpEngine {
    /// The rules of a challenge's traffic, under the policy in force.
    pub(super) fn rules(&self, scope: &Scope) -> Arc<Rules> {
        self.parts.policies.current().rules(&scope.client_id, scope.channel, scope.purpose)
    }

    /// What wrong codes bring on a challenge. Only where it differs by traffic is the challenge
    /// read first: the charge itself would find out too late whose it is.
    pub(super) async fn lockout(&self, id: ChallengeId) -> Result<Arc<Lockout>, Refusal> {
        let policy = self.parts.policies.current();
        if let Some(lockout) = policy.common_lockout() {
            return Ok(Arc::clone(lockout));
        }
        let challenge = self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?;
        Ok(Arc::new(challenge.map_or_else(
            || policy.policy().rules.lockout.clone(),
            |challenge| {
                let scope = &challenge.scope;
                policy.rules(&scope.client_id, scope.channel, scope.purpose).lockout.clone()
            },
        )))
    }
}
