//! Verify: charge the attempt, compare, complete the sign-in.

use super::{OtpEngine, SignedIn, devices::waits, sign_in::Proven};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        challenge::{ChargedAttempt, Code},
        id::ChallengeId,
        lockout::Lockout,
        refusal::Refusal,
        secret::SecretString,
        session::{Device, Origin},
        time::Timestamp,
    },
    engine::{answers::Repeatable, fault},
    ports::store::{Attempt, ChargeOutcome},
};
use std::sync::Arc;

/// A code presented for a sign-in.
#[derive(Debug)]
pub struct VerifyOtp {
    /// The challenge, in the client's words.
    pub challenge_id: String,
    /// The code.
    pub code: Code,
    /// The device that signs in.
    pub device: Device,
    /// Proves that the caller asked for the challenge.
    pub binding_secret: Option<SecretString>,
    /// Proves that the device signed in before; absent or strange where it did not.
    pub device_token: Option<SecretString>,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl OtpEngine {
    /// Exchanges a right code for a session and its tokens.
    ///
    /// The attempt is charged and committed before the code is compared, so that no number of parallel guesses, and
    /// no caller who hangs up, gets one more comparison than is allowed.
    ///
    /// # Errors
    /// [`Refusal::CodeInvalid`] for a wrong, old, used or unknown one alike; [`Refusal::AccountLocked`],
    /// [`Refusal::AttemptsExhausted`] without comparing; [`Refusal::UserDisabled`] after a right code; faults.
    pub async fn verify(&self, request: VerifyOtp, origin: &Origin) -> Result<SignedIn, Refusal> {
        self.parts.tokens.may_issue()?;
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key("VerifyOtp", repeatable));
        let _turn = self.answers.turn(key.as_ref()).await;
        let now = self.parts.clock.now();
        if let Some(signed_in) = self.signed_in_before(key.as_ref(), now).await? {
            return Ok(signed_in);
        }
        let mut lockout = Arc::default();
        let outcome = match ChallengeId::parse(&request.challenge_id) {
            Some(id) => {
                lockout = self.lockout(id).await?;
                let device = self.known_device(request.device_token.as_ref(), now);
                if self.is_budget_spent(now) {
                    self.pass_guard(id, device.as_ref(), &request, origin, now).await?;
                }
                let attempt = Attempt { challenge_id: id, now, lockout: Arc::clone(&lockout), by_link: false, device };
                let charge = self.parts.store.charge_attempt(attempt).await;
                charge.map_err(|fault| fault::store(&fault))?
            }
            None => ChargeOutcome::Unknown,
        };
        // Another process may have been faster with the same call.
        if !matches!(outcome, ChargeOutcome::Charged(_))
            && let Some(signed_in) = self.signed_in_before(key.as_ref(), now).await?
        {
            return Ok(signed_in);
        }
        let (challenge, reason, refusal) = match outcome {
            ChargeOutcome::Charged(attempt) => {
                return self.compare(request, *attempt, &lockout, key, origin, now).await;
            }
            ChargeOutcome::Locked { until, failures, challenge } => {
                let refusal = waits(until, lockout.wait_at(failures), now);
                (challenge, refusal.reason(), refusal)
            }
            ChargeOutcome::Exhausted(challenge) => (challenge, "ATTEMPTS_EXHAUSTED", Refusal::AttemptsExhausted),
            ChargeOutcome::Ended(challenge) => {
                let reason = if challenge.used { "CODE_USED" } else { "CODE_EXPIRED" };
                let refusal = Self::ended(&challenge, request.binding_secret.as_ref());
                (challenge, reason, refusal)
            }
            ChargeOutcome::Unknown => {
                let event = self.nameless_event(now, Act::CodeVerified, origin).failed("CHALLENGE_NOT_FOUND");
                return Err(self.guessed(event, Refusal::CodeInvalid).await);
            }
        };
        let event = self.event(now, Act::CodeVerified, origin, &challenge.scope, &request.device.device_id);
        Err(self.unseen(event.failed(reason), refusal).await)
    }

    async fn compare(
        &self,
        request: VerifyOtp,
        attempt: ChargedAttempt,
        lockout: &Lockout,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<SignedIn, Refusal> {
        let event = self.event(now, Act::CodeVerified, origin, &attempt.challenge.scope, &request.device.device_id);
        let is_unknown = attempt.counter_key == attempt.challenge.scope.identifier_key.0;
        let passage = if is_unknown { self.pass_turnstile(&attempt.challenge, now).await } else { Ok(None) };
        let passage = match passage {
            Ok(passage) => passage,
            Err(Refusal::Overloaded) => {
                return Err(self.refused(event.failed("OVERLOADED"), Refusal::Overloaded).await);
            }
            Err(refusal) => return Err(self.refused(event.failed(refusal.recorded_reason()), refusal).await),
        };
        if !self.matches(&attempt, &request.code) {
            return Err(self.mismatched(&attempt, event.failed("CODE_INVALID"), lockout, now).await);
        }
        drop(passage);
        let reviewed = self.reviewed(&attempt)?;
        let ChargedAttempt { challenge, user, counter_key, .. } = attempt;
        let device_key = self.device_key(request.device_token.as_ref(), &counter_key, now);
        let device = request.device;
        let proven = Proven {
            challenge,
            user,
            counter_key,
            device_key,
            device,
            link: None,
            reviewed,
            event: event.clone(),
            now,
        };
        match self.sign_in(proven, key, origin).await? {
            Some(signed_in) => Ok(signed_in),
            None => Err(self.refused(event.failed("CODE_USED"), Refusal::CodeInvalid).await),
        }
    }

    /// Records that what was presented did not match, counts it, and gives the refusal.
    pub(super) async fn mismatched(
        &self,
        attempt: &ChargedAttempt,
        failed: AuditEvent,
        lockout: &Lockout,
        now: Timestamp,
    ) -> Refusal {
        let failure = match self.failure(attempt, failed.clone(), lockout, now) {
            Ok(failure) => failure,
            Err(refusal) => return refusal,
        };
        let refusal = self.failed(failure, Refusal::CodeInvalid).await;
        if attempt.counter_key == attempt.challenge.scope.identifier_key.0
            && let Err(fault) = self.count_failure(&failed, now).await
        {
            return fault;
        }
        refusal
    }

    /// Whether the code is one of the live ones. Each is compared in constant time, and all of them are.
    pub(super) fn matches(&self, attempt: &ChargedAttempt, code: &Code) -> bool {
        let peppers = self.parts.keys.peppers();
        attempt.live_codes.iter().fold(false, |found, live| {
            let right = peppers
                .get(&live.pepper_id)
                .is_some_and(|pepper| attempt.challenge.scope.mac(pepper, code) == live.mac);
            found | right
        })
    }
}
