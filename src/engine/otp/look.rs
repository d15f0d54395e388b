//! Look: where a challenge stands, for whoever asked for it. Nothing is counted and nothing changes.

use super::{ChallengeView, OtpEngine};
use crate::{
    domain::{digest::Digest, id::ChallengeId, refusal::Refusal, secret::ExposeSecret as _, secret::SecretString},
    engine::fault,
};

/// A challenge as its asker finds it.
#[derive(Debug)]
pub struct Look {
    /// The challenge.
    pub view: ChallengeView,
    /// Whether its newest code is still good.
    pub code_lives: bool,
    /// Whether its newest link is still good: it lives longer than a code.
    pub link_lives: bool,
}

impl OtpEngine {
    /// Where a challenge stands: attempts, expiry, the time of the next resend.
    ///
    /// # Errors
    /// [`Refusal::ChallengeNotFound`] for one that was never asked for with this binding secret, or whose code or link has
    /// been used; [`Refusal::CodeExpired`] where neither its code nor its link is good any more; faults.
    pub async fn challenge(&self, challenge_id: &str, binding_secret: &SecretString) -> Result<Look, Refusal> {
        let id = ChallengeId::parse(challenge_id).ok_or(Refusal::ChallengeNotFound)?;
        let found = self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?;
        let challenge = found.ok_or(Refusal::ChallengeNotFound)?;
        let proven = Digest::sha256(&[binding_secret.expose_secret().as_bytes()]) == challenge.binding_hash;
        if !proven || challenge.used {
            return Err(Refusal::ChallengeNotFound);
        }
        let now = self.parts.clock.now();
        let newest_link = challenge.link.as_ref().and_then(|link| link.sent.first());
        let link_lives = newest_link.is_some_and(|newest| newest.expire_time > now);
        let code_lives = challenge.code_length > 0 && challenge.expire_time > now;
        if !code_lives && !link_lives {
            return Err(Refusal::CodeExpired);
        }
        let view = ChallengeView::of(&challenge, &self.destination(&challenge)?, None);
        Ok(Look { view, code_lives, link_lives })
    }
}
