//! The guard against one guess on each of many accounts: a budget of wrong codes that all unknown devices share.
//!
//! Where it is spent, an unknown device gets longer codes with one attempt, and a shorter code that it was sent before is
//! not evaluated; a known device notices nothing. A replica learns of it with the next wrong code that it sees, and by
//! looking.

mod turnstile;

use super::{OtpEngine, VerifyOtp};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        challenge::Challenge,
        contact::IdentifierKey,
        device_token::KnownDevice,
        digest::Digest,
        id::ChallengeId,
        policy::Mode,
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
        window::Standing,
    },
    engine::fault,
    ports::limiter::{Admission, Counter, Layer, LayerKind},
};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use turnstile::{Passage, Turnstile};

/// When the budget of this process was last found spent, and until when it is, in microseconds; in the past where it is
/// not. In shadow nothing but reports come of it.
#[derive(Default)]
pub(super) struct Guard {
    since: AtomicI64,
    until: AtomicI64,
    /// Until when an alarm of this process holds.
    alarmed: AtomicI64,
    turnstile: Turnstile,
}

impl Guard {
    fn until(&self) -> Timestamp {
        Timestamp::from_micros(self.until.load(Ordering::Relaxed))
    }

    fn since(&self) -> Timestamp {
        Timestamp::from_micros(self.since.load(Ordering::Relaxed))
    }

    fn is_up(&self, now: Timestamp) -> bool {
        self.until() > now
    }

    /// Guards until then; whether it did not before.
    fn raise(&self, until: Timestamp, now: Timestamp) -> bool {
        let before = self.until.fetch_max(until.micros(), Ordering::Relaxed);
        let anew = before <= now.micros();
        if anew {
            self.since.store(now.micros(), Ordering::Relaxed);
        }
        anew
    }

    /// Whether an alarm is due: none of this process holds. One holds until then at least.
    fn alarm(&self, until: Timestamp, now: Timestamp) -> bool {
        self.alarmed.fetch_max(until.micros(), Ordering::Relaxed) <= now.micros()
    }
}

impl OtpEngine {
    /// Whether what an unknown device is sent has to be guarded now.
    pub(super) fn is_guarding(&self, now: Timestamp) -> bool {
        self.guard.is_up(now) && self.guard_mode() == Mode::Enforce
    }

    /// Lets the code of an unknown device be compared, as long as the budget lets it fail; to be kept until it proved right or
    /// has been counted. In shadow nobody waits.
    ///
    /// # Errors
    /// What a guard that was raised meanwhile says of the challenge; [`Refusal::Overloaded`] where the others take too long.
    pub(super) async fn pass_turnstile(
        &self,
        challenge: &Challenge,
        now: Timestamp,
    ) -> Result<Option<Passage<'_>>, Refusal> {
        if self.guard_mode() == Mode::Shadow {
            return Ok(None);
        }
        let policy = self.parts.policies.current();
        let budget = policy.policy().rules.guard.failures.windows.iter().map(|window| window.limit).min();
        let passage = self.guard.turnstile.pass(budget.unwrap_or(u32::MAX)).await.ok_or(Refusal::Overloaded)?;
        match self.guarded(challenge, now) {
            Some(refusal) => Err(refusal),
            None => Ok(Some(passage)),
        }
    }

    /// Whether the budget of wrong codes is spent, whatever is done about it.
    pub(super) fn is_budget_spent(&self, now: Timestamp) -> bool {
        self.guard.is_up(now)
    }

    fn guard_mode(&self) -> Mode {
        self.parts.policies.current().policy().rules.guard.failures.mode
    }

    /// Whether a token proves a device that is known with the identifier, and has not been revoked.
    pub(super) async fn is_known(
        &self,
        device: Option<&(KnownDevice, Digest)>,
        identifier_key: IdentifierKey,
    ) -> Result<bool, Refusal> {
        match device {
            Some((known, _)) if known.identifier_key == identifier_key => {
                self.parts.store.device_stands(*known).await.map_err(|fault| fault::store(&fault))
            }
            _ => Ok(false),
        }
    }

    /// Asks the limiter whether wrong codes over all accounts are too many, as other replicas, or this one before it was
    /// started anew, may have found; counts nothing. To be called about once a second.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] where it cannot be asked.
    pub async fn look_at_guard(&self) -> Result<(), Refusal> {
        let stands = self.parts.limiter.stand(&[self.failures()]).await.map_err(|fault| fault::limiter(&fault))?;
        // At its share it has nothing to learn: it counts itself, and what it has spent it was told when it did.
        if stands.counter == Counter::Share {
            return Ok(());
        }
        let now = self.parts.clock.now();
        let wait = stands.layers.iter().flatten().filter_map(|stand| stand.retry_after).max();
        if wait.is_some_and(|wait| self.guard.raise(now.after(wait), now)) {
            let mode = self.guard_mode().as_str();
            tracing::warn!(mode, "wrong codes over all accounts are too many: the shared budget is spent");
        }
        Ok(())
    }

    /// The budget of wrong codes of all unknown devices, enforced also where the guard is in shadow: what is asked is
    /// whether it is spent, and nobody is refused by the answer.
    fn failures(&self) -> Layer {
        let policy = self.parts.policies.current();
        let rule = &policy.policy().rules.guard.failures;
        let key = Digest::hmac(&self.parts.keys.index(), &[b"identity.v1 failures"]);
        let (windows, kept) = (rule.windows.clone(), rule.kept);
        Layer { kind: LayerKind::Failures, key, windows, mode: Mode::Enforce, kept }
    }

    /// Counts a wrong code of an unknown device. An event like `event` tells when that spends the budget.
    pub(super) async fn count_failure(&self, event: &AuditEvent, now: Timestamp) -> Result<(), Refusal> {
        let told = self.guard.turnstile.told();
        let admission = self.parts.limiter.admit(&[self.failures()]).await.map_err(|fault| fault::limiter(&fault))?;
        let left = match &admission {
            Admission::Refused { .. } => 0,
            Admission::Admitted(decisions) => decisions.first().map_or(0, |decision| decision.standing.remaining),
        };
        self.guard.turnstile.note(left, told);
        let (wait, is_last) = match admission {
            Admission::Refused { retry_after, .. } => (retry_after, false),
            // The one that spends the last of it raises the guard for as long as it stays spent.
            Admission::Admitted(decisions) => match decisions.first().map(|decision| decision.standing) {
                Some(Standing { remaining: 0, reset, .. }) => (reset, true),
                _ => return Ok(()),
            },
        };
        let until = now.after(wait);
        let anew = self.guard.raise(until, now);
        // A look may have been faster than whoever spent the last of it. Others who find it raised stay silent.
        if !(anew || is_last) || !self.guard.alarm(until, now) {
            return Ok(());
        }
        let event = match self.guard_mode() {
            Mode::Enforce => {
                tracing::error!(
                    "too many wrong codes over all accounts: unknown devices get longer codes with one attempt"
                );
                let event = AuditEvent { event_id: self.event_id(), act: Act::GuardRaised, ..event.clone() };
                event.failed("TOO_MANY_FAILURES")
            }
            Mode::Shadow => {
                tracing::error!("too many wrong codes over all accounts, and the guard is in shadow: nothing is done");
                self.would_refuse(event, "TOO_MANY_FAILURES")
            }
        };
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))
    }

    /// Lets an attempt pass while wrong codes over all accounts are too many: one of a known device, or on a long code.
    /// In shadow it lets all pass, and reports the others.
    pub(super) async fn pass_guard(
        &self,
        id: ChallengeId,
        device: Option<&(KnownDevice, Digest)>,
        request: &VerifyOtp,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let challenge = self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?;
        let Some(challenge) = challenge else { return Ok(()) };
        let Some(refusal) = self.guarded(&challenge, now) else { return Ok(()) };
        if self.is_known(device, challenge.scope.identifier_key).await? {
            return Ok(());
        }
        let event = self.event(now, Act::CodeVerified, origin, &challenge.scope, &request.device.device_id);
        if self.guard_mode() == Mode::Enforce {
            return Err(self.refused(event.failed(refusal.recorded_reason()), refusal).await);
        }
        // A code that was asked for since would have been a long one.
        if challenge.create_time > self.guard.since() {
            return Ok(());
        }
        self.parts.store.record(&self.would_refuse(&event, "GUARDED")).await.map_err(|fault| fault::store(&fault))
    }

    /// Whether a challenge is of the time before the guard was raised, so that a further code of its length would be sent and
    /// then not be evaluated. One that was begun since and has a shorter code is of a known device.
    pub(super) fn is_before_guard(&self, challenge: &Challenge, now: Timestamp) -> bool {
        challenge.code_length > 0
            && self.guard_mode() == Mode::Enforce
            && self.guarded(challenge, now).is_some()
            && challenge.create_time <= self.guard.since()
    }

    /// Refuses an unknown device's attempt on a code that was sent before the guard was raised.
    fn guarded(&self, challenge: &Challenge, now: Timestamp) -> Option<Refusal> {
        let policy = self.parts.policies.current();
        if !self.guard.is_up(now) || challenge.code_length >= policy.policy().rules.guard.code_length {
            return None;
        }
        Some(Refusal::Guarded { retry_after: self.guard.until().since(now).max(Duration::from_secs(1)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_look_takes_no_alarm_away_and_an_alarm_is_raised_once() {
        let guard = Guard::default();
        assert!(guard.raise(at(20), at(10)), "a look was faster");
        assert!(!guard.raise(at(20), at(10)) && guard.alarm(at(20), at(10)), "whoever spent the last of it");
        assert!(!guard.alarm(at(30), at(15)), "another wrong code while it guards");
        assert!(!guard.alarm(at(40), at(25)), "it has been up all the time");
        assert!(guard.raise(at(60), at(50)) && guard.alarm(at(60), at(50)));
    }
}
