//! Proof that a device signed in before: a token that the service gives out with a sign-in and reads again.
//!
//! It selects the device's own counters and its own reserve of requests, so that strangers cannot lock its owner out. It
//! never stands in for a code (NIST SP 800-63B-4 section 5.1, SESS-05).

use super::{
    contact::IdentifierKey,
    digest::Digest,
    keyring::{KeyId, KeyRing},
    sealed::{CannotOpen, Place, Sealed, open, seal},
    secret::{ExposeSecret as _, Secret32, SecretString},
    time::Timestamp,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;
use uuid::Uuid;

/// How every token begins, so that it is recognised where it does not belong.
const PREFIX: &str = "idd_";

/// A token is sealed, with the keys that seal values at rest, for this place, which is no column.
const PLACE: Place<'static> = Place { column: "device token", row: &[] };

/// What is sealed: the identifier's key, the device's key, the time.
const LENGTH: usize = 32 + 16 + 8;

/// A device that signed in with an identifier before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// With which identifier. With any other it is unknown.
    pub identifier_key: IdentifierKey,
    /// Names the device; drawn at its first sign-in.
    pub device_key: Uuid,
    /// When the token was given out.
    pub issue_time: Timestamp,
}

impl KnownDevice {
    /// How long a token is good for; each sign-in gives a new one.
    pub const LIFETIME: Duration = Duration::from_hours(180 * 24);

    /// The token.
    ///
    /// # Errors
    /// None that a token of this length meets.
    pub fn to_token(&self, ring: &KeyRing, nonce: [u8; 12]) -> Result<SecretString, CannotOpen> {
        let mut plain = Vec::with_capacity(LENGTH);
        plain.extend_from_slice(self.identifier_key.0.bytes());
        plain.extend_from_slice(self.device_key.as_bytes());
        plain.extend_from_slice(&self.issue_time.micros().to_be_bytes());
        let Sealed { key_id, bytes } = seal(ring, PLACE, nonce, &plain)?;
        let body = URL_SAFE_NO_PAD.encode(bytes);
        Ok(SecretString::from(format!("{PREFIX}{}.{body}", URL_SAFE_NO_PAD.encode(key_id.as_str()))))
    }

    /// Reads a token; `None` for one that this service did not give out, that is too old, or whose key is gone.
    #[must_use]
    pub fn of_token(token: &str, ring: &KeyRing, now: Timestamp) -> Option<Self> {
        let (key_id, body) = token.strip_prefix(PREFIX)?.split_once('.')?;
        let key_id = String::from_utf8(URL_SAFE_NO_PAD.decode(key_id).ok()?).ok()?;
        let sealed = Sealed { key_id: KeyId::new(&key_id)?, bytes: URL_SAFE_NO_PAD.decode(body).ok()? };
        let plain = open(ring, PLACE, &sealed).ok()?;
        let plain: &[u8; LENGTH] = plain.expose_secret().as_slice().try_into().ok()?;
        let (identifier, rest) = plain.split_first_chunk::<32>()?;
        let (device, time) = rest.split_first_chunk::<16>()?;
        let issue_time = Timestamp::from_micros(i64::from_be_bytes(time.try_into().ok()?));
        let known = Self {
            identifier_key: IdentifierKey(Digest::from_bytes(*identifier)),
            device_key: Uuid::from_bytes(*device),
            issue_time,
        };
        (now < issue_time.after(Self::LIFETIME)).then_some(known)
    }

    /// The key of the device's own counter and reserve.
    #[must_use]
    pub fn counter_key(&self, index: &Secret32) -> Digest {
        Digest::hmac(index, &[b"identity.v1 device", self.identifier_key.0.bytes(), self.device_key.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::secret32;

    fn ring(key: u8) -> KeyRing {
        KeyRing::new([(KeyId::new("1").unwrap(), secret32([key; 32]))].into()).unwrap()
    }

    fn known() -> KnownDevice {
        KnownDevice {
            identifier_key: IdentifierKey(Digest::from_bytes([7; 32])),
            device_key: Uuid::from_bytes([9; 16]),
            issue_time: Timestamp::from_seconds(1_000_000),
        }
    }

    #[test]
    fn a97_only_what_was_given_out_is_taken() {
        let now = Timestamp::from_seconds(1_000_001);
        let token = known().to_token(&ring(1), [3; 12]).unwrap();
        let token = token.expose_secret();
        assert_eq!(KnownDevice::of_token(token, &ring(1), now), Some(known()));
        assert_eq!(KnownDevice::of_token(token, &ring(2), now), None, "another key");
        assert_eq!(KnownDevice::of_token(token, &ring(1), now.after(KnownDevice::LIFETIME)), None, "too old");
        for at in 0..token.len() {
            let mut forged = token.to_owned().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(KnownDevice::of_token(&forged, &ring(1), now), None, "{at}");
        }
        for wrong in ["", "idd_", "idd_.", "idd_MQ.", "idr_MQ.AAAA", &token[..token.len() - 1]] {
            assert_eq!(KnownDevice::of_token(wrong, &ring(1), now), None, "{wrong}");
        }
    }
}
