//! Records in the audit log where requests are counted.

use crate::{
    domain::{
        audit::{Act, AuditEvent},
        id::EventId,
        time::Timestamp,
    },
    ports::{
        entropy::Entropy,
        limiter::LimiterChange,
        store::{Ledger, StoreFault},
    },
};
use std::sync::Arc;

/// Writes an event for each change of the limiter.
pub struct LimiterLog {
    ledger: Arc<dyn Ledger>,
    entropy: Arc<dyn Entropy>,
}

impl LimiterLog {
    /// A log that writes to `ledger`; a store serves as one.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, entropy: Arc<dyn Entropy>) -> Self {
        Self { ledger, entropy }
    }

    /// The event of a change that happened at `time`. It is about nobody.
    #[must_use]
    pub fn event(&self, time: Timestamp, change: LimiterChange) -> AuditEvent {
        let of = |act| AuditEvent::of_service(EventId::new(self.entropy.uuid()), time, act);
        match change {
            LimiterChange::Degraded(reason) => of(Act::LimiterDegraded).failed(reason.as_str()),
            LimiterChange::Restored => of(Act::LimiterRestored),
            LimiterChange::Refilled => of(Act::LimiterRefilled),
        }
    }

    /// Writes an event.
    ///
    /// # Errors
    /// Where the store is not to be had.
    pub async fn write(&self, event: &AuditEvent) -> Result<(), StoreFault> {
        self.ledger.record(event).await
    }
}
