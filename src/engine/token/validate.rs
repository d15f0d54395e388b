//! Validate: whether an access token is good right now, without asking anyone.

use super::{
    TokenIssuer,
    verified::{Verified, VerifiedTokens},
};
use crate::{
    domain::{claims::AccessClaims, digest::Digest, id::SessionId, refusal::Refusal, time::Timestamp},
    ports::signer::{OpenedToken, TokenFlaw},
};
use std::sync::Arc;

/// Whether an access token is good.
#[derive(Debug)]
pub enum Validation {
    /// Everything was checked and holds.
    Active(Arc<AccessClaims>),
    /// Something does not hold.
    Inactive(Inactive),
}

/// Why a token is not good. Of several reasons the first in this order is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// Not an access token of this service at all.
    Malformed,
    /// Not signed by a published key, or changed since.
    Signature,
    /// From another issuer.
    Issuer,
    /// Not valid yet, or issued in the future.
    NotYetValid,
    /// Past its expiry.
    Expired,
    /// Meant for another audience.
    Audience,
    /// Bound to another device.
    Device,
    /// Its session has ended.
    Revoked,
}

/// A sound token that is shown to end its own session.
pub(in crate::engine) enum Leaving {
    /// The session runs, and these are the token's claims.
    Running(Arc<AccessClaims>),
    /// The session has ended before.
    Ended(SessionId),
}

impl TokenIssuer {
    /// Checks a token in full: header and signature, issuer, times within the allowed difference of clocks, audience,
    /// device, and whether its session has ended. No I/O. An empty `audience` stands for any of this issuer's, an
    /// empty `device_id` for any device.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] where nothing speaks against the token but the feed of revocations is too old to
    /// tell whether its session has ended.
    pub async fn validate(&self, access_token: &str, audience: &str, device_id: &str) -> Result<Validation, Refusal> {
        let name = VerifiedTokens::name(access_token);
        let verified = match self.verified.get(&name) {
            Some(verified) => Ok(verified),
            None => match self.parts.signer.open_beside(access_token) {
                Some(opening) => match opening.await {
                    Some(opened) => self.kept(&name, opened),
                    None => self.verified(&name, access_token),
                },
                None => self.verified(&name, access_token),
            },
        };
        let now = self.parts.clock.now();
        self.judged(verified.and_then(|verified| self.unobjected(&name, verified, audience, device_id, now)), now)
    }

    /// What is told of a token that nothing else speaks against: whether its session has ended.
    fn judged(&self, sound: Result<Verified, Inactive>, now: Timestamp) -> Result<Validation, Refusal> {
        match sound {
            Err(reason) => Ok(Validation::Inactive(reason)),
            Ok(token) if self.revoked.contains(token.session_id) => Ok(Validation::Inactive(Inactive::Revoked)),
            Ok(token) if self.revoked.is_fresh(now) => Ok(Validation::Active(token.claims)),
            Ok(_) => Err(Refusal::StoreUnavailable),
        }
    }

    /// The claims of a signed-in person's access token.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`] where it is not active; [`Refusal::StoreUnavailable`] as [`TokenIssuer::validate`].
    pub fn authenticate(&self, access_token: &str) -> Result<Arc<AccessClaims>, Refusal> {
        let now = self.parts.clock.now();
        match self.judged(self.sound(access_token, now), now)? {
            Validation::Active(claims) => Ok(claims),
            Validation::Inactive(_) => Err(Refusal::TokenInvalid),
        }
    }

    /// The same, of a token that is shown to end its own session: one whose session has ended before is told from one that
    /// is not good for anything. It is good for nothing else.
    ///
    /// # Errors
    /// As [`TokenIssuer::authenticate`], but for a session that has ended.
    pub(in crate::engine) fn authenticate_to_end(&self, access_token: &str) -> Result<Leaving, Refusal> {
        let now = self.parts.clock.now();
        match self.sound(access_token, now) {
            Err(_) => Err(Refusal::TokenInvalid),
            Ok(token) if self.revoked.contains(token.session_id) => Ok(Leaving::Ended(token.session_id)),
            Ok(token) if self.revoked.is_fresh(now) => Ok(Leaving::Running(token.claims)),
            Ok(_) => Err(Refusal::StoreUnavailable),
        }
    }

    /// A token for any audience that nothing speaks against but, perhaps, that its session has ended.
    fn sound(&self, token: &str, now: Timestamp) -> Result<Verified, Inactive> {
        let name = VerifiedTokens::name(token);
        self.unobjected(&name, self.verified(&name, token)?, "", "", now)
    }

    /// A verified token again, where nothing speaks against it now but, perhaps, that its session has ended.
    fn unobjected(
        &self,
        name: &Digest,
        verified: Verified,
        audience: &str,
        device_id: &str,
        now: Timestamp,
    ) -> Result<Verified, Inactive> {
        let Some(reason) = self.objection(&verified, audience, device_id, now) else { return Ok(verified) };
        if matches!(reason, Inactive::Expired | Inactive::Signature) {
            self.verified.forget(name);
        }
        Err(reason)
    }

    /// The token behind its signature, from the cache or by checking. What fails is not kept.
    fn verified(&self, name: &Digest, token: &str) -> Result<Verified, Inactive> {
        if let Some(verified) = self.verified.get(name) {
            return Ok(verified);
        }
        self.kept(name, self.parts.signer.open(token))
    }

    /// The token that was opened, which is kept where it is sound.
    fn kept(&self, name: &Digest, opened: Result<OpenedToken, TokenFlaw>) -> Result<Verified, Inactive> {
        let opened = opened.map_err(|flaw| match flaw {
            TokenFlaw::Malformed => Inactive::Malformed,
            TokenFlaw::Signature => Inactive::Signature,
        })?;
        let session_id = opened.claims.session().ok_or(Inactive::Malformed)?;
        opened.claims.user().ok_or(Inactive::Malformed)?;
        let verified = Verified { key_id: opened.key_id, session_id, claims: Arc::new(opened.claims) };
        self.verified.keep(*name, verified.clone());
        Ok(verified)
    }

    /// What speaks against a verified token now, but for the end of its session.
    fn objection(&self, verified: &Verified, audience: &str, device_id: &str, now: Timestamp) -> Option<Inactive> {
        let policy = &self.parts.policy;
        let claims = &verified.claims;
        let latest_start = now.after(policy.clock_skew);
        let earliest_end = now.before(policy.clock_skew);
        let published = || self.parts.signer.public_keys().iter().any(|key| *key.kid == *verified.key_id);
        let meant = || match audience {
            "" => claims.aud.iter().any(|named| self.parts.clients.audiences().any(|ours| ours == named)),
            asked => claims.aud.iter().any(|named| named == asked),
        };
        if !published() {
            Some(Inactive::Signature)
        } else if claims.iss != policy.issuer {
            Some(Inactive::Issuer)
        } else if Timestamp::from_seconds(claims.nbf.max(claims.iat)) > latest_start {
            Some(Inactive::NotYetValid)
        } else if Timestamp::from_seconds(claims.exp) <= earliest_end {
            Some(Inactive::Expired)
        } else if !meant() {
            Some(Inactive::Audience)
        } else if !device_id.is_empty() && claims.device_id != device_id {
            Some(Inactive::Device)
        } else {
            None
        }
    }
}
