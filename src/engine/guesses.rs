//! Wrong guesses at what nobody can guess: links, codes of client applications, names of challenges, refresh and operators'
//! tokens; and what is asked of a challenge that is over, or too early.
//!
//! Nothing is lost by evaluating them, and the right one is taken from whoever shows it. What a flood of wrong ones would
//! fill is the audit log. So their events have a budget for each address and network, asked for once a guess was found
//! wrong: beyond it one more is answered as ever, counted by the metric of the limiter, and leaves no event.

use super::{fault, layers};
use crate::{
    domain::{audit::AuditEvent, id::EventId, refusal::Refusal},
    ports::{
        entropy::Entropy,
        keys::Keys,
        limiter::{Admission, Limiter},
        policy::Policies,
        store::Ledger,
    },
};
use std::sync::Arc;

/// Why an event says that the next ones are missing.
const LAST_OF_THE_BUDGET: &str = "TOO_MANY_GUESSES";

/// What wrong guesses are counted with.
pub struct GuessParts {
    /// The audit log.
    pub ledger: Arc<dyn Ledger>,
    /// Who counts.
    pub limiter: Arc<dyn Limiter>,
    /// The index key.
    pub keys: Arc<dyn Keys>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// The policy in force: the windows are those of its `limits.address` and `limits.network`.
    pub policies: Arc<dyn Policies>,
}

/// Counts and records wrong guesses.
pub struct Guesses {
    parts: GuessParts,
}

impl Guesses {
    /// Counts with the parts.
    #[must_use]
    pub const fn new(parts: GuessParts) -> Self {
        Self { parts }
    }

    /// Records the event of a guess that was wrong, unless there were too many from its address; whether it did. The one
    /// that spends the last of the budget is followed by an event like it, which says that the next ones are missing.
    ///
    /// # Errors
    /// Faults.
    pub(super) async fn wrong(&self, event: &AuditEvent) -> Result<bool, Refusal> {
        let policy = self.parts.policies.current();
        let address = event.origin.address;
        let budgets = layers::guesses(address, &policy.policy().rules.limits, &self.parts.keys.index());
        let admission = self.parts.limiter.admit(&budgets).await.map_err(|fault| fault::limiter(&fault))?;
        let Admission::Admitted(decisions) = admission else { return Ok(false) };
        self.parts.ledger.record(event).await.map_err(|fault| fault::store(&fault))?;
        if decisions.iter().any(|decision| decision.standing.remaining == 0) {
            let last = AuditEvent { event_id: EventId::new(self.parts.entropy.uuid()), ..event.clone() };
            let last = last.failed(LAST_OF_THE_BUDGET);
            self.parts.ledger.record(&last).await.map_err(|fault| fault::store(&fault))?;
        }
        Ok(true)
    }
}
