//! Devices that signed in before: their tokens, and what a lock tells the person.

use super::{OtpEngine, verify::NOTICE_LIFETIME};
use crate::{
    domain::{
        challenge::ChargedAttempt,
        contact::IdentifierKey,
        device_token::KnownDevice,
        digest::Digest,
        id::MessageId,
        lockout::Wait,
        message::Content,
        refusal::Refusal,
        secret::{ExposeSecret as _, SecretString},
        session::Origin,
        time::Timestamp,
    },
    engine::{delivery::sealed_message, fault},
    ports::store::LockNotice,
};
use uuid::Uuid;

impl OtpEngine {
    /// The device that a token proves, and the key of its own counters. What is not recognised counts as none.
    pub(super) fn known_device(&self, token: Option<&SecretString>, now: Timestamp) -> Option<(KnownDevice, Digest)> {
        let known = KnownDevice::of_token(token?.expose_secret(), &self.parts.keys.sealing(), now)?;
        Some((known, known.counter_key(&self.parts.keys.index())))
    }

    /// The key of the device that is about to become known: its own where it is known with this identifier.
    pub(super) fn device_key(
        &self,
        token: Option<&SecretString>,
        identifier_key: IdentifierKey,
        now: Timestamp,
    ) -> Uuid {
        let known = self.known_device(token, now).filter(|(known, _)| known.identifier_key == identifier_key);
        known.map_or_else(|| self.parts.entropy.uuid(), |(known, _)| known.device_key)
    }

    /// The token of a device that signs in now.
    pub(super) fn device_token(
        &self,
        identifier_key: IdentifierKey,
        device_key: Uuid,
        now: Timestamp,
    ) -> Result<SecretString, Refusal> {
        let known = KnownDevice { identifier_key, device_key, issue_time: now };
        known.to_token(&self.parts.keys.sealing(), self.parts.entropy.nonce()).map_err(|fault| fault::seal(&fault))
    }

    /// What the person is told of the lock that a failed attempt brings. It goes to the address of the challenge, whether
    /// or not anybody has ever signed in with it.
    pub(super) fn lock_notice(
        &self,
        attempt: &ChargedAttempt,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<LockNotice, Refusal> {
        let until = attempt.locked_until.filter(|until| *until != Timestamp::NEVER);
        let content = Content::IdentifierLocked {
            destination: self.destination(&attempt.challenge)?.as_str().to_owned(),
            address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
            noticed_at: now.micros(),
            until: until.map(Timestamp::micros),
        };
        let id = MessageId::new(self.parts.entropy.uuid());
        let (ring, nonce) = (self.parts.keys.sealing(), self.parts.entropy.nonce());
        let message = sealed_message(&ring, nonce, id, None, &content, now, now.after(NOTICE_LIFETIME))
            .map_err(|fault| fault::seal(&fault))?;
        Ok(LockNotice { counter_key: attempt.counter_key, now, message })
    }
}

/// Why an attempt was not evaluated: its counter waits until then, after so many failures that brought `wait`.
pub(super) fn waits(until: Timestamp, wait: Wait, now: Timestamp) -> Refusal {
    let retry_after = until.since(now);
    match wait {
        _ if until == Timestamp::NEVER => Refusal::AccountSuspended,
        Wait::Pause(_) => Refusal::AttemptTooSoon { retry_after },
        _ => Refusal::AccountLocked { retry_after },
    }
}
