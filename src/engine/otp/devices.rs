//! Devices that signed in before: their tokens, and what a lock tells the caller.

use super::OtpEngine;
use crate::{
    domain::{
        contact::IdentifierKey,
        device_token::KnownDevice,
        digest::Digest,
        lockout::Wait,
        refusal::Refusal,
        secret::{ExposeSecret as _, SecretString},
        time::Timestamp,
    },
    engine::fault,
};
use uuid::Uuid;

impl OtpEngine {
    /// The device that a token proves, and the key of its own counters. What is not recognised counts as none.
    pub(super) fn known_device(&self, token: Option<&SecretString>, now: Timestamp) -> Option<(KnownDevice, Digest)> {
        let known = KnownDevice::of_token(token?.expose_secret(), &self.parts.keys.sealing(), now)?;
        Some((known, known.counter_key(&self.parts.keys.index())))
    }

    /// The key of the device that is about to become known: its own where it was known, which its `counter` says, and else a new
    /// one. Under a key that has been revoked it would stay unknown, however often it signs in.
    pub(super) fn device_key(&self, token: Option<&SecretString>, counter: &Digest, now: Timestamp) -> Uuid {
        let known = self.known_device(token, now).filter(|(_, own)| own == counter);
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
