//! What asks for the next page of a person's sessions (AIP-158): it says nothing, and is good for that person's list alone.

use super::{
    digest::Digest,
    id::{SessionId, UserId},
    secret::Secret32,
};
use aws_lc_rs::constant_time;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;
use uuid::Uuid;

/// The session that ended a page, veiled, and the seal by which we know it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    veiled: [u8; 16],
    seal: [u8; 16],
}

impl PageToken {
    /// Characters of a token.
    pub const LENGTH: usize = 43;

    /// What is said of anything else.
    pub const NONE: &str = "is not the next_page_token of an earlier page of this list";

    /// Asks for the page of the user's sessions that follows `last`.
    #[must_use]
    pub fn after(last: SessionId, user: UserId, key: &Secret32) -> Self {
        let seal = seal(last, user, key);
        Self { veiled: with_veil(*last.bytes(), seal, key), seal }
    }

    /// Reads a token in its only spelling; `None` for anything else. Whose it is, [`PageToken::last`] tells.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (veiled, seal) = bytes.split_first_chunk::<16>()?;
        Some(Self { veiled: *veiled, seal: seal.try_into().ok()? })
    }

    /// The session that ended the page; `None` where this was not made for a list of the user's sessions.
    #[must_use]
    pub fn last(&self, user: UserId, key: &Secret32) -> Option<SessionId> {
        let last = SessionId::new(Uuid::from_bytes(with_veil(self.veiled, self.seal, key)));
        constant_time::verify_slices_are_equal(&seal(last, user, key), &self.seal).is_ok().then_some(last)
    }
}

impl fmt::Display for PageToken {
    /// base64url without padding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.veiled);
        bytes[16..].copy_from_slice(&self.seal);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn seal(last: SessionId, user: UserId, key: &Secret32) -> [u8; 16] {
    half(&Digest::hmac(key, &[b"identity.v1 page of sessions", user.bytes(), last.bytes()]))
}

/// Veils an id, or takes the veil away.
fn with_veil(mut id: [u8; 16], seal: [u8; 16], key: &Secret32) -> [u8; 16] {
    let veil = half(&Digest::hmac(key, &[b"identity.v1 page of sessions veil", &seal]));
    for (byte, veil) in id.iter_mut().zip(veil) {
        *byte ^= veil;
    }
    id
}

fn half(digest: &Digest) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.bytes()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::secret32;

    #[test]
    fn good_for_its_own_list_alone() {
        let (key, last) = (secret32([1; 32]), SessionId::new(Uuid::from_u128(7)));
        let (user, other) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let text = PageToken::after(last, user, &key).to_string();
        let read = PageToken::parse(&text).unwrap();
        assert_eq!(read.last(user, &key), Some(last));
        assert_eq!(read.last(other, &key), None);
        assert_eq!(read.last(user, &secret32([2; 32])), None);
        assert_eq!(PageToken { veiled: *last.bytes(), ..read }.last(user, &key), None);
        assert_ne!(read.veiled, *last.bytes(), "it says nothing");
        for bad in ["", &text[1..], &format!("{text}="), &format!("{}_", &text[..42]), &last.to_string()] {
            assert_eq!(PageToken::parse(bad), None, "{bad}");
        }
    }
}
