//! The policy in force: who puts another in its place, and who looks at it. Each act leaves an event.

use super::fault;
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent, Outcome},
        digest::Digest,
        id::EventId,
        policy::PolicyInForce,
        refusal::Refusal,
        session::Origin,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        policy::PolicyDesk,
        store::{Store, StoreFault},
    },
};
use std::sync::Arc;

/// What the policy engine works with.
pub struct PolicyParts {
    /// Where the policy in force is.
    pub policies: Arc<dyn PolicyDesk>,
    /// Where events are kept.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
}

/// Keeps the policy in force, and its events.
pub struct PolicyEngine {
    parts: PolicyParts,
}

impl PolicyEngine {
    /// An engine of the parts.
    #[must_use]
    pub const fn new(parts: PolicyParts) -> Self {
        Self { parts }
    }

    /// Records that this process begins to serve, under which policy.
    ///
    /// # Errors
    /// Where it cannot be recorded.
    pub async fn started(&self) -> Result<(), StoreFault> {
        let reason = title(&self.parts.policies.current());
        self.record(Act::ServiceStarted, Outcome::Success, reason).await
    }

    /// Puts a policy in force that has been read, unless it is the one that is. Gives whether it was another.
    ///
    /// # Errors
    /// Where it cannot be recorded; the earlier policy then stays in force.
    pub async fn change(&self, policy: PolicyInForce) -> Result<bool, StoreFault> {
        if policy.version() == self.parts.policies.current().version() {
            return Ok(false);
        }
        self.record(Act::PolicyChanged, Outcome::Success, title(&policy)).await?;
        self.parts.policies.replace(policy);
        Ok(true)
    }

    /// Records that a file was refused; `version` is the SHA-256 of what it holds, where it can be read.
    ///
    /// # Errors
    /// Where it cannot be recorded.
    pub async fn refuse(&self, version: Option<Digest>) -> Result<(), StoreFault> {
        let reason = version.map_or_else(
            || "POLICY_UNREADABLE".to_owned(),
            |version| format!("POLICY_INVALID sha256:{}", version.hex()),
        );
        self.record(Act::PolicyChanged, Outcome::Failure, reason).await
    }

    /// The policy in force, for an operator.
    ///
    /// # Errors
    /// Faults.
    pub async fn read(&self, origin: &Origin) -> Result<Arc<PolicyInForce>, Refusal> {
        let mut event = AuditEvent::new(self.event_id(), self.parts.clock.now(), Act::PolicyRead, origin);
        event.actor = Actor::Operator;
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))?;
        Ok(self.parts.policies.current())
    }

    async fn record(&self, act: Act, outcome: Outcome, reason: String) -> Result<(), StoreFault> {
        let mut event = AuditEvent::new(self.event_id(), self.parts.clock.now(), act, &Origin::default());
        event.actor = Actor::Service;
        self.parts.store.record(&event.ended(outcome, reason)).await
    }

    fn event_id(&self) -> EventId {
        EventId::new(self.parts.entropy.uuid())
    }
}

/// The name and the version of a policy, as the audit log names it.
fn title(policy: &PolicyInForce) -> String {
    format!("{} sha256:{}", policy.policy().name, policy.version().hex())
}
