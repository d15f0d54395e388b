//! Refresh tokens: opaque, 256 bits of secret, a child that can be computed again from its parent, and a tag by which a
//! token that is long gone can still be told from one that was made up.

use super::{
    digest::Digest,
    id::SessionId,
    keyring::KeyRing,
    secret::{ExposeSecret, Secret32, SecretString, secret32},
};
use aws_lc_rs::constant_time;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

const PREFIX: &str = "idr_";
const VERSION: u8 = 1;
const BODY: usize = 1 + 16 + 4 + 32;
const TAG: usize = 16;

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

/// A refresh token as a client presents it.
#[derive(Debug)]
pub struct PresentedToken {
    /// The token.
    pub token: RefreshToken,
    /// Whether its tag holds: this service gave it out. A session's id is no secret (access tokens name it), so only an
    /// authentic old token may count as reuse; else a stranger could end anybody's sessions with a made-up one.
    pub authentic: bool,
}

impl RefreshToken {
    /// Reads a token; `None` for anything that has not the form of one.
    #[must_use]
    pub fn parse(text: &str, ring: &KeyRing) -> Option<PresentedToken> {
        let bytes: [u8; BODY + TAG] = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?.try_into().ok()?;
        let (body, tag) = bytes.split_first_chunk::<BODY>()?;
        let (version, rest) = body.split_first()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (counter, secret) = rest.split_first_chunk::<4>()?;
        let token = Self {
            session_id: SessionId::new(Uuid::from_bytes(*session)),
            counter: u32::from_be_bytes(*counter),
            secret: secret32(secret.try_into().ok()?),
        };
        let authentic =
            ring.iter().any(|(_, key)| constant_time::verify_slices_are_equal(&tag_of(key, body), tag).is_ok());
        (*version == VERSION).then_some(PresentedToken { token, authentic })
    }

    /// The token as the client keeps it, tagged under `key`.
    #[must_use]
    pub fn to_text(&self, key: &Secret32) -> SecretString {
        let mut bytes = [0; BODY + TAG];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(self.session_id.bytes());
        bytes[17..21].copy_from_slice(&self.counter.to_be_bytes());
        bytes[21..BODY].copy_from_slice(self.secret.expose_secret());
        let tag = tag_of(key, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&tag);
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
                self.session_id.bytes(),
                &counter.to_be_bytes(),
                self.secret.expose_secret(),
            ],
        );
        Self { session_id: self.session_id, counter, secret: secret32(*secret.bytes()) }
    }
}

fn tag_of(key: &Secret32, body: &[u8]) -> [u8; TAG] {
    let digest = Digest::hmac(key, &[b"identity.v1 refresh tag", body]);
    let mut tag = [0; TAG];
    tag.copy_from_slice(&digest.bytes()[..TAG]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::KeyId;

    fn ring(byte: u8) -> KeyRing {
        KeyRing::new([(KeyId::new("a").unwrap(), secret32([byte; 32]))].into()).unwrap()
    }

    #[test]
    fn round_trip_and_child() {
        let token =
            RefreshToken { session_id: SessionId::new(Uuid::from_u128(5)), counter: 7, secret: secret32([3; 32]) };
        let text = token.to_text(ring(4).newest());
        let again = RefreshToken::parse(text.expose_secret(), &ring(4)).unwrap();
        assert!(again.authentic);
        let again = again.token;
        assert_eq!((again.session_id, again.counter, again.hash()), (token.session_id, 7, token.hash()));
        let key = secret32([4; 32]);
        assert_eq!(token.child(&key).hash(), again.child(&key).hash());
        assert_ne!(token.child(&key).hash(), token.child(&secret32([5; 32])).hash());
    }

    #[test]
    fn a_made_up_token_is_not_authentic() {
        let token =
            RefreshToken { session_id: SessionId::new(Uuid::from_u128(5)), counter: 0, secret: secret32([9; 32]) };
        let text = token.to_text(&secret32([8; 32]));
        assert!(!RefreshToken::parse(text.expose_secret(), &ring(4)).unwrap().authentic);
    }

    #[test]
    fn nothing_else_is_a_token() {
        for text in ["", "idr_", "idr_AAAA", "eyJhbGciOi", "IDR_AQ"] {
            assert!(RefreshToken::parse(text, &ring(4)).is_none(), "{text}");
        }
    }
}
