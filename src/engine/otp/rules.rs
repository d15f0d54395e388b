//! The rules that a request is judged by.

use super::OtpEngine;
use crate::{
    domain::{challenge::Scope, id::ChallengeId, lockout::Ladder, policy::Rules, refusal::Refusal},
    engine::fault,
};
use std::sync::Arc;

impl OtpEngine {
    /// The rules of a challenge's traffic, under the policy in force.
    pub(super) fn rules(&self, scope: &Scope) -> Arc<Rules> {
        self.parts.policies.current().rules(&scope.client_id, scope.channel, scope.purpose)
    }

    /// The ladder that an attempt on a challenge is charged under. Only where it differs by traffic is the challenge
    /// read first: the charge itself would find out too late whose it is.
    pub(super) async fn ladder(&self, id: ChallengeId) -> Result<Ladder, Refusal> {
        let policy = self.parts.policies.current();
        if let Some(ladder) = policy.common_ladder() {
            return Ok(ladder.clone());
        }
        let challenge = self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?;
        Ok(challenge.map_or_else(
            || policy.policy().rules.lockout.clone(),
            |challenge| {
                let scope = &challenge.scope;
                policy.rules(&scope.client_id, scope.channel, scope.purpose).lockout.clone()
            },
        ))
    }
}
