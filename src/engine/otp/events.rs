//! The audit events of the OTP engine.

use super::OtpEngine;
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        challenge::Scope,
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
    },
    engine::fault,
};

impl OtpEngine {
    /// An event about a challenge.
    pub(super) fn event(
        &self,
        now: Timestamp,
        act: Act,
        origin: &Origin,
        scope: &Scope,
        device_id: &str,
    ) -> AuditEvent {
        let mut event = AuditEvent::new(self.event_id(), now, act, origin);
        event.identifier_key = Some(scope.identifier_key);
        event.challenge_id = Some(scope.challenge_id);
        event.client_id = Some(scope.client_id.clone());
        device_id.clone_into(&mut event.device_id);
        event
    }

    /// An event about a challenge that does not exist.
    pub(super) fn nameless_event(&self, now: Timestamp, act: Act, origin: &Origin) -> AuditEvent {
        AuditEvent::new(self.event_id(), now, act, origin)
    }

    /// Records a refusal that changes nothing else, and gives it back.
    pub(super) async fn refused(&self, event: AuditEvent, refusal: Refusal) -> Refusal {
        match self.parts.store.record(&event).await {
            Ok(()) => refusal,
            // What cannot be recorded is not answered either: the audit log has no holes.
            Err(fault) => fault::store(&fault),
        }
    }
}
