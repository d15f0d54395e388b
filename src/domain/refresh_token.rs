//! Refresh tokens: opaque, 256 bits of secret, and a child that can be computed again from its parent.

use super::{
    digest::Digest,
    id::SessionId,
    secret::{ExposeSecret, Secret32, SecretString, secret32},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

const PREFIX: &str = "idr_";
const VERSION: u8 = 1;
const LENGTH: usize = 1 + 16 + 4 + 32;

/// A refresh token taken apart.
#[derive(Debug)]
pub struct RefreshToken {
    /// The session whose family of tokens it belongs to.
    pub session_id: SessionId,
    /// Its place in the family: 0 for the first.
    pub counter: u32,
    /// The hidden part.
    pub secret: Secret32,
}

impl RefreshToken {
    /// Reads a token; `None` for anything that this service cannot have given out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?.try_into().ok()?;
        let (version, rest) = bytes.split_first()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (counter, secret) = rest.split_first_chunk::<4>()?;
        (*version == VERSION).then(|| Self {
            session_id: SessionId::new(Uuid::from_bytes(*session)),
            counter: u32::from_be_bytes(*counter),
            secret: secret32(secret.try_into().unwrap_or([0; 32])),
        })
    }

    /// The token as the client keeps it.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let mut bytes = [0; LENGTH];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(self.session_id.uuid().as_bytes());
        bytes[17..21].copy_from_slice(&self.counter.to_be_bytes());
        bytes[21..].copy_from_slice(self.secret.expose_secret());
        SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What the store keeps of the token.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::sha256(&[self.secret.expose_secret()])
    }

    /// The one successor under `key`: always the same, so that a lost answer can be given again and no branch exists.
    /// It takes both the key and the parent to compute it: neither a copy of the store nor of the key file is enough.
    #[must_use]
    pub fn child(&self, key: &Secret32) -> Self {
        let counter = self.counter.wrapping_add(1);
        let secret = Digest::hmac(
            key,
            &[
                b"identity.v1 refresh child",
                self.session_id.uuid().as_bytes(),
                &counter.to_be_bytes(),
                self.secret.expose_secret(),
            ],
        );
        Self { session_id: self.session_id, counter, secret: secret32(*secret.bytes()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_child() {
        let token =
            RefreshToken { session_id: SessionId::new(Uuid::from_u128(5)), counter: 7, secret: secret32([3; 32]) };
        let text = token.to_text();
        let again = RefreshToken::parse(text.expose_secret()).unwrap();
        assert_eq!((again.session_id, again.counter, again.hash()), (token.session_id, 7, token.hash()));
        let key = secret32([4; 32]);
        assert_eq!(token.child(&key).hash(), again.child(&key).hash());
        assert_ne!(token.child(&key).hash(), token.child(&secret32([5; 32])).hash());
    }

    #[test]
    fn nothing_else_is_a_token() {
        for text in ["", "idr_", "idr_AAAA", "eyJhbGciOi", "IDR_AQ"] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }
}
