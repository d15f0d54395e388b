//! Records in the audit log that other keys have come into force.

use crate::{
    domain::{
        audit::{Act, AuditEvent, Outcome},
        id::EventId,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        store::{Ledger, StoreFault},
    },
};
use std::sync::Arc;

/// Writes an event for each change of the key files.
pub struct KeyLog {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What came of key files that have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// These came and went, by the names of their files.
    InForce(String),
    /// What was read is wrong, and what was read earlier stays in force.
    Refused,
}

impl KeyLog {
    /// A log that writes to `ledger`; a store serves as one.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { ledger, clock, entropy }
    }

    /// An event of a change that has just been found. It is about nobody.
    #[must_use]
    pub fn event(&self, change: KeyChange) -> AuditEvent {
        let event_id = EventId::new(self.entropy.uuid());
        let event = AuditEvent::of_service(event_id, self.clock.now(), Act::KeysChanged);
        match change {
            KeyChange::InForce(names) => event.ended(Outcome::Success, names),
            KeyChange::Refused => event.failed("KEYS_INVALID"),
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
