//! Tokens whose signature has been checked, so that a token that is used often is checked once.

use crate::domain::{claims::AccessClaims, digest::Digest, id::SessionId};
use moka::sync::Cache;
use std::{mem::size_of, sync::Arc};

/// How much memory the cache may take, in bytes: about ten thousand tokens.
const CAPACITY: u64 = 16 * 1024 * 1024;

/// What the allocator and the cache themselves need for one string and for one entry, estimated from above.
const STRING: usize = size_of::<String>() + 16;
const ENTRY: usize = size_of::<AccessClaims>() + 384;

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
pub(super) struct VerifiedTokens(Cache<Digest, Verified>);

impl VerifiedTokens {
    /// An empty cache.
    pub(super) fn new() -> Self {
        let weigh = |_: &Digest, verified: &Verified| u32::try_from(footprint(&verified.claims)).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weigh).build())
    }

    /// The name of a token.
    pub(super) fn name(token: &str) -> Digest {
        Digest::sha256(&[token.as_bytes()])
    }

    /// The token of that name.
    pub(super) fn get(&self, name: &Digest) -> Option<Verified> {
        self.0.get(name)
    }

    /// Keeps a token that has been verified.
    pub(super) fn keep(&self, name: Digest, verified: Verified) {
        self.0.insert(name, verified);
    }

    /// Forgets a token that can never be good again.
    pub(super) fn forget(&self, name: &Digest) {
        self.0.invalidate(name);
    }
}

fn footprint(claims: &AccessClaims) -> usize {
    let AccessClaims { iss, sub, aud, jti, client_id, session_id, device_id, roles, amr, acr, .. } = claims;
    let single = [iss, sub, jti, client_id, session_id, device_id, acr];
    let texts = single.into_iter().chain(aud).chain(roles).chain(amr);
    ENTRY + texts.map(|text| text.len() + STRING).sum::<usize>()
}
