//! Look: where a challenge stands, for whoever asked for it. Nothing is counted and nothing changes.

use super::{ChallengeView, OtpEngine};
use crate::{
    domain::{digest::Digest, id::ChallengeId, refusal::Refusal, secret::ExposeSecret as _, secret::SecretString},
    engine::fault,
};

impl OtpEngine {
    /// Where a challenge stands: attempts, expiry, the time of the next resend.
    ///
    /// # Errors
    /// [`Refusal::ChallengeNotFound`] for one that was never asked for with this binding secret, or whose code has been
    /// used; [`Refusal::CodeExpired`]; faults.
    pub async fn challenge(&self, challenge_id: &str, binding_secret: &SecretString) -> Result<ChallengeView, Refusal> {
        let id = ChallengeId::parse(challenge_id).ok_or(Refusal::ChallengeNotFound)?;
        let found = self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?;
        let challenge = found.ok_or(Refusal::ChallengeNotFound)?;
        let proven = Digest::sha256(&[binding_secret.expose_secret().as_bytes()]) == challenge.binding_hash;
        if !proven || challenge.used {
            return Err(Refusal::ChallengeNotFound);
        }
        if challenge.expire_time <= self.parts.clock.now() {
            return Err(Refusal::CodeExpired);
        }
        Ok(ChallengeView::of(&challenge, &self.destination(&challenge)?, None))
    }
}
