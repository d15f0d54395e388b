//! Tokens whose signature has been checked, so that a token that is used often is checked once.

use crate::domain::{claims::AccessClaims, digest::Digest, id::SessionId};
use std::{
    collections::VecDeque,
    mem::size_of,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much memory the kept tokens may take, in bytes: about ten thousand of them.
const CAPACITY: usize = 16 * 1024 * 1024;

/// On how many shelves they stand. Each has a lock and a bound of its own, and is short enough to be looked through.
const SHELVES: usize = 1024;

/// What the allocator needs for one string, and what one token takes beside its strings, estimated from above.
const STRING: usize = size_of::<String>() + 16;
const ENTRY: usize = size_of::<AccessClaims>() + 2 * size_of::<Kept>() + 64;

/// A token whose header, signature and form hold. Everything that changes with time is checked at each use.
#[derive(Clone)]
pub(super) struct Verified {
    /// The key that signed it.
    pub(super) key_id: Arc<str>,
    /// Its session.
    pub(super) session_id: SessionId,
    /// What it says.
    pub(super) claims: Arc<AccessClaims>,
}

/// Verified tokens by the SHA-256 of the whole token: of two tokens that differ in one bit, one is unknown. The tokens
/// themselves are not kept.
///
/// The name says on which shelf a token stands, and nobody without a signing key can choose what comes to stand there.
/// Where a shelf is full the token that came first goes, unless it has been used since: then it stays for another round.
/// So tokens that are seen once do not drive out those that are used often.
pub(super) struct VerifiedTokens(Box<[Mutex<Shelf>]>);

#[derive(Default)]
struct Shelf {
    /// In the order in which they came, or came round again.
    tokens: VecDeque<Kept>,
    bytes: usize,
}

struct Kept {
    name: Digest,
    verified: Verified,
    bytes: usize,
    used: bool,
}

impl VerifiedTokens {
    /// Empty shelves.
    pub(super) fn new() -> Self {
        Self((0..SHELVES).map(|_| Mutex::default()).collect())
    }

    /// The name of a token.
    pub(super) fn name(token: &str) -> Digest {
        Digest::sha256(&[token.as_bytes()])
    }

    /// The token of that name.
    pub(super) fn get(&self, name: &Digest) -> Option<Verified> {
        let mut held = self.shelf(name);
        let kept = held.tokens.iter_mut().find(|kept| kept.is(name))?;
        kept.used = true;
        Some(kept.verified.clone())
    }

    /// Keeps a token that has been verified, unless it is larger than a shelf.
    pub(super) fn keep(&self, name: Digest, verified: Verified) {
        let bytes = footprint(&verified.claims);
        let mut held = self.shelf(&name);
        // Another call may have been as fast.
        if bytes <= CAPACITY / SHELVES && !held.tokens.iter().any(|kept| kept.is(&name)) {
            held.make_room(bytes);
            held.bytes += bytes;
            held.tokens.push_back(Kept { name, verified, bytes, used: false });
        }
    }

    /// Forgets a token that can never be good again.
    pub(super) fn forget(&self, name: &Digest) {
        let mut held = self.shelf(name);
        let place = held.tokens.iter().position(|kept| kept.is(name));
        if let Some(gone) = place.and_then(|place| held.tokens.remove(place)) {
            held.bytes -= gone.bytes;
        }
    }

    fn shelf(&self, name: &Digest) -> MutexGuard<'_, Shelf> {
        let [first, second, ..] = *name.bytes();
        let place = usize::from(u16::from_be_bytes([first, second])) % self.0.len();
        self.0[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Lets tokens go until there is room for so many bytes more. No token comes round more than once.
    fn make_room(&mut self, bytes: usize) {
        while self.bytes + bytes > CAPACITY / SHELVES
            && let Some(first) = self.tokens.pop_front()
        {
            if first.used {
                self.tokens.push_back(Kept { used: false, ..first });
            } else {
                self.bytes -= first.bytes;
            }
        }
    }
}

impl Kept {
    /// A name is the hash of what its caller holds, so how long this takes tells nobody anything.
    fn is(&self, name: &Digest) -> bool {
        self.name.bytes() == name.bytes()
    }
}

fn footprint(claims: &AccessClaims) -> usize {
    let AccessClaims { iss, sub, aud, jti, client_id, session_id, device_id, roles, amr, acr, .. } = claims;
    let single = [iss, sub, jti, client_id, session_id, device_id, acr];
    let texts = single.into_iter().chain(aud).chain(roles).chain(amr);
    ENTRY + texts.map(|text| text.len() + STRING).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(roles: usize) -> Verified {
        let text = String::new;
        let claims = AccessClaims {
            iss: text(),
            sub: text(),
            aud: Vec::new(),
            exp: 0,
            iat: 0,
            nbf: 0,
            jti: text(),
            client_id: text(),
            session_id: text(),
            device_id: text(),
            roles: vec!["reader".to_owned(); roles],
            amr: Vec::new(),
            acr: text(),
            auth_time: 0,
        };
        let session_id = SessionId::new(uuid::Uuid::from_u128(1));
        Verified { key_id: Arc::from("key"), session_id, claims: Arc::new(claims) }
    }

    /// The name of the token of that number on the first shelf.
    fn name(number: u16) -> Digest {
        let mut bytes = [0; 32];
        bytes[30..].copy_from_slice(&number.to_be_bytes());
        Digest::from_bytes(bytes)
    }

    #[test]
    fn a_shelf_keeps_within_its_bytes_and_to_what_is_used() {
        let tokens = VerifiedTokens::new();
        for number in 0..500 {
            tokens.keep(name(number), verified(usize::from(number % 5)));
            assert!(tokens.get(&name(0)).is_some(), "it is used all the time");
            let shelf = tokens.shelf(&name(0));
            let bytes: usize = shelf.tokens.iter().map(|kept| footprint(&kept.verified.claims)).sum();
            assert!(bytes == shelf.bytes && bytes <= CAPACITY / SHELVES, "{bytes}");
        }
        assert!(tokens.get(&name(1)).is_none() && tokens.get(&name(499)).is_some());
    }

    #[test]
    fn a_token_is_kept_once_and_forgotten_at_once() {
        let tokens = VerifiedTokens::new();
        for _ in 0..2 {
            tokens.keep(name(1), verified(0));
        }
        tokens.keep(name(2), verified(400));
        assert!(tokens.get(&name(2)).is_none(), "it is larger than a shelf");
        tokens.forget(&name(1));
        tokens.forget(&name(1));
        assert!(tokens.get(&name(1)).is_none());
        assert_eq!(tokens.shelf(&name(1)).bytes, 0);
    }
}
