//! What a wrong code brings beyond its refusal, and a right one on a device that is not known.

use super::OtpEngine;
use crate::{
    domain::{
        audit::{Act, AuditEvent, Outcome},
        challenge::ChargedAttempt,
        lockout::Lockout,
        message::Content,
        policy::SecurityEvent,
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
    },
    engine::security::{Security, shown},
    ports::store::{FailedAttempt, LockNotice, Response, SignIn, SignInUser},
};

impl OtpEngine {
    fn security(&self) -> Security<'_> {
        Security::in_force(&*self.parts.keys, &*self.parts.entropy, &*self.parts.policies)
    }

    /// A failed attempt with all that the audit log says of it, and what the person is told where it reached a rung.
    pub(super) fn failure(
        &self,
        attempt: &ChargedAttempt,
        failed: AuditEvent,
        lockout: &Lockout,
        now: Timestamp,
    ) -> Result<FailedAttempt, Refusal> {
        if !lockout.wait_at(attempt.failures).is_lock() {
            let mut events = vec![failed];
            // Only in shadow does what is enforced differ from what would be.
            if lockout.enforced_wait_at(attempt.failures).is_lock() {
                events.push(self.would_refuse(&events[0], "ACCOUNT_LOCKED"));
            }
            return Ok(FailedAttempt { events, notice: None, pardon: None });
        }
        let security = self.security();
        let suspended = attempt.locked_until == Some(Timestamp::NEVER);
        let lock = AuditEvent { event_id: self.event_id(), act: Act::IdentifierLocked, ..failed.clone() };
        let lock = lock.failed(if suspended { "SUSPENDED" } else { "TOO_MANY_FAILURES" });
        let told = security.tells(SecurityEvent::FailureBurst);
        let notice = told.then(|| self.lock_notice(&security, attempt, &failed.origin, now)).transpose()?;
        let responded = security.responded(SecurityEvent::FailureBurst, &failed);
        Ok(FailedAttempt { events: vec![failed, lock, responded], notice, pardon: None })
    }

    /// What the audit log says where a rule in shadow would have refused.
    pub(super) fn would_refuse(&self, event: &AuditEvent, reason: &'static str) -> AuditEvent {
        let event = AuditEvent { event_id: self.event_id(), act: Act::RefusalShadowed, ..event.clone() };
        event.ended(Outcome::WouldRefuse, reason)
    }

    /// What the person is told of the lock that a failed attempt brings. It goes to the address of the challenge, whether
    /// or not anybody has ever signed in with it.
    fn lock_notice(
        &self,
        security: &Security<'_>,
        attempt: &ChargedAttempt,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<LockNotice, Refusal> {
        let until = attempt.locked_until.filter(|until| *until != Timestamp::NEVER);
        let content = Content::IdentifierLocked {
            destination: self.destination(&attempt.challenge)?.as_str().to_owned(),
            locale: attempt.challenge.locale.clone(),
            address: shown(origin),
            noticed_at: now.micros(),
            until: until.map(Timestamp::micros),
        };
        Ok(LockNotice { counter_key: attempt.counter_key, now, message: security.message(&content, origin, now)? })
    }

    /// Adds to a sign-in what is done where a user signs in on a device that did not prove to be known.
    pub(super) fn respond_to_new_device(&self, sign_in: &mut SignIn) -> Result<(), Refusal> {
        let known = sign_in.counter_key != sign_in.identifier_key.0;
        let started = sign_in.events.iter().find(|event| event.act == Act::SessionStarted);
        let (SignInUser::Existing { .. }, Some(started)) = (&sign_in.user, started) else {
            return Ok(());
        };
        if known {
            return Ok(());
        }
        let (security, event) = (self.security(), SecurityEvent::NewDevice);
        let Response { notice, revoke } = security.response(event, &started.origin, sign_in.now)?;
        let responded = security.responded(event, started);
        let revoked = revoke.then(|| {
            // The sessions may be of other client applications.
            let revoked = AuditEvent { event_id: self.event_id(), act: Act::SessionRevoked, ..responded.clone() };
            AuditEvent { client_id: None, ..revoked.ended(Outcome::Success, "NEW_DEVICE") }
        });
        sign_in.events.push(responded);
        (sign_in.notice, sign_in.revoke) = (notice, revoked);
        Ok(())
    }
}
