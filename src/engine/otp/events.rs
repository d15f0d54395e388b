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
    ports::store::{FailedAttempt, Pardon},
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
            Ok(()) => {
                self.parts.funnel.tell(self.parts.funnel.refused(&event));
                refusal
            }
            // What cannot be recorded is not answered either: the audit log has no holes.
            Err(fault) => fault::store(&fault),
        }
    }

    /// Records a guess that charged nobody, unless there were too many from its address, and gives its refusal back.
    pub(super) async fn guessed(&self, event: AuditEvent, refusal: Refusal) -> Refusal {
        match self.parts.guesses.wrong(&event).await {
            Ok(recorded) => {
                self.parts.funnel.tell(self.parts.funnel.refused(&event).filter(|_| recorded));
                refusal
            }
            Err(fault) => fault,
        }
    }

    /// Records an attempt that was refused unseen and charged nobody, and gives its refusal back. A lock's is recorded however
    /// many they are, for policies are tried on them (0096); of others an address has so many.
    pub(super) async fn unseen(&self, event: AuditEvent, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::AccountLocked { .. } | Refusal::AccountSuspended => self.refused(event, refusal).await,
            _ => self.guessed(event, refusal).await,
        }
    }

    /// Records an attempt that was right and opened no session, takes back what of its charge is to be, and gives its refusal
    /// back. It is no failure: what is counted are wrong codes.
    pub(super) async fn pardoned(&self, event: AuditEvent, pardon: Pardon, refusal: Refusal) -> Refusal {
        let events = vec![event.failed(refusal.reason())];
        self.failed(FailedAttempt { events, notice: None, pardon: Some(pardon) }, refusal).await
    }

    /// Records an attempt that was charged and did not succeed, and gives its refusal back.
    pub(super) async fn failed(&self, failure: FailedAttempt, refusal: Refusal) -> Refusal {
        let tells = failure.notice.is_some();
        let told = failure.events.first().and_then(|event| self.parts.funnel.refused(event));
        match self.parts.store.record_failure(failure).await {
            Ok(()) => {
                self.parts.funnel.tell(told);
                if tells {
                    self.parts.handoff.notice();
                }
                refusal
            }
            Err(fault) => fault::store(&fault),
        }
    }
}
