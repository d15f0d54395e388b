//! Redeem: sign in by a link, or approve that the device that asked does.
//!
//! The token is compared first, then an attempt is charged, as for a code: a locked identifier is locked for links too,
//! and a wrong number counts as a wrong code does.

use super::{
    super::{OtpEngine, SignedIn, devices::waits, recorded::RecordedSignIn, sign_in::Proven},
    Presented, Wanted,
};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        challenge::ChargedAttempt,
        link::{Completion, LinkState, MatchNumber},
        lockout::Lockout,
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::SecretString,
        session::{Device, Origin},
        time::Timestamp,
    },
    engine::{answers::Repeatable, fault},
    ports::store::{Approval, Attempt, ChargeOutcome, LinkOutcome, Pardon},
};
use serde::{Deserialize, Serialize};

/// A link that a person means to use.
#[derive(Debug)]
pub struct RedeemLink {
    /// The token.
    pub token: SecretString,
    /// The device that signs in, unless the asking device gets the session.
    pub device: Device,
    /// Proves that the device signed in before; absent or strange where it did not.
    pub device_token: Option<SecretString>,
    /// Proves that the caller asked for the link.
    pub binding_secret: Option<SecretString>,
    /// The number that the asking device shows, where its session is to be approved.
    pub match_number: Option<MatchNumber>,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

/// What came of a link.
#[derive(Debug)]
pub enum Redeemed {
    /// The caller is signed in.
    SignedIn(Box<SignedIn>),
    /// The asking device may collect the session.
    Approved,
}

/// The same as it is recorded, sealed, for a repeated call.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Recorded {
    SignedIn(Box<RecordedSignIn>),
    Approved { approved: bool },
}

impl OtpEngine {
    /// Exchanges a link for a session and its tokens, or approves that the asking device may collect them.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`] for a wrong, old, used, rejected or unknown one alike, and for one that only the asking
    /// device may open and another does; [`Refusal::Invalid`] where the number is needed and missing;
    /// [`Refusal::CodeInvalid`] for a wrong number; [`Refusal::AccountLocked`], [`Refusal::AttemptsExhausted`] without
    /// looking at it; [`Refusal::UserDisabled`]; faults.
    pub async fn redeem_link(&self, request: RedeemLink, origin: &Origin) -> Result<Redeemed, Refusal> {
        self.parts.tokens.may_issue()?;
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key("RedeemMagicLink", repeatable));
        let _turn = self.answers.turn(key.as_ref()).await;
        let now = self.parts.clock.now();
        if let Some(redeemed) = self.redeemed_before(key.as_ref(), now).await? {
            return Ok(redeemed);
        }
        match self.redeem_anew(request, key, origin, now).await {
            Err(refusal) => match self.answers.meanwhile(key.as_ref(), &refusal, now).await {
                Some(recorded) => redeemed(recorded, now),
                None => Err(refusal),
            },
            redeemed => redeemed,
        }
    }

    async fn redeem_anew(
        &self,
        request: RedeemLink,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Redeemed, Refusal> {
        let presented = self.presented(&request.token, Wanted::Use, origin, now).await?;
        let id = presented.challenge.scope.challenge_id;
        let event = self.event(now, Act::LinkRedeemed, origin, &presented.challenge.scope, &request.device.device_id);
        if let Some((reason, refusal)) = unfit(&request, &presented) {
            return Err(self.guessed(event.failed(reason), refusal).await);
        }
        let lockout = self.lockout(id).await?;
        let device = self.known_device(request.device_token.as_ref(), now);
        let attempt = Attempt { challenge_id: id, now, lockout: lockout.clone(), by_link: true, device };
        let outcome = self.parts.store.charge_attempt(attempt).await.map_err(|fault| fault::store(&fault))?;
        let (reason, refusal) = match outcome {
            ChargeOutcome::Charged(attempt) if presented.link.completion == Completion::AskingDevice => {
                return self.approve(&request, *attempt, &presented, &lockout, key, event, now).await;
            }
            ChargeOutcome::Charged(attempt) => {
                return self.sign_in_by_link(request, *attempt, key, event, origin, now).await;
            }
            ChargeOutcome::Locked { until, failures, .. } => {
                let refusal = waits(until, lockout.wait_at(failures), now);
                (refusal.reason(), refusal)
            }
            ChargeOutcome::Exhausted(_) => ("ATTEMPTS_EXHAUSTED", Refusal::AttemptsExhausted),
            // It was good a moment ago.
            ChargeOutcome::Ended(_) | ChargeOutcome::Unknown => ("LINK_USED", Refusal::LinkInvalid),
        };
        Err(self.unseen(event.failed(reason), refusal).await)
    }

    async fn sign_in_by_link(
        &self,
        request: RedeemLink,
        attempt: ChargedAttempt,
        key: Option<AnswerKey>,
        event: AuditEvent,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Redeemed, Refusal> {
        let ChargedAttempt { challenge, user, counter_key, .. } = attempt;
        let device_key = self.device_key(request.device_token.as_ref(), &counter_key, now);
        let proven = Proven {
            challenge,
            user,
            counter_key,
            device_key,
            device: request.device,
            link: Some(LinkState::Pending),
            reviewed: None,
            event: event.clone(),
            now,
        };
        match self.sign_in(proven, key, origin).await? {
            Some(signed_in) => Ok(Redeemed::SignedIn(Box::new(signed_in))),
            None => Err(self.guessed(event.failed("LINK_USED"), Refusal::LinkInvalid).await),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one step, each from another")]
    async fn approve(
        &self,
        request: &RedeemLink,
        attempt: ChargedAttempt,
        presented: &Presented,
        lockout: &Lockout,
        key: Option<AnswerKey>,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<Redeemed, Refusal> {
        if request.match_number != presented.link.match_number {
            return Err(self.mismatched(&attempt, event.failed("MATCH_NUMBER_INVALID"), lockout, now).await);
        }
        if attempt.user.as_ref().is_some_and(|user| user.disabled) {
            let pardon = Pardon { counter_key: attempt.counter_key, challenge_id: None };
            return Err(self.pardoned(event, pardon, Refusal::UserDisabled).await);
        }
        let approval = Approval {
            challenge_id: attempt.challenge.scope.challenge_id,
            counter_key: attempt.counter_key,
            now,
            event: AuditEvent { act: Act::LinkApproved, ..event.clone() },
            answer: key.map(|key| self.answers.record(key, &Recorded::Approved { approved: true }, now)).transpose()?,
        };
        match self.parts.store.approve_link(approval).await.map_err(|fault| fault::store(&fault))? {
            LinkOutcome::Done => Ok(Redeemed::Approved),
            LinkOutcome::Spent => Err(self.guessed(event.failed("LINK_USED"), Refusal::LinkInvalid).await),
        }
    }

    async fn redeemed_before(&self, key: Option<&AnswerKey>, now: Timestamp) -> Result<Option<Redeemed>, Refusal> {
        let recorded: Option<Recorded> = self.answers.find(key, now).await?;
        recorded.map(|recorded| redeemed(recorded, now)).transpose()
    }
}

/// What was recorded, as of now.
fn redeemed(recorded: Recorded, now: Timestamp) -> Result<Redeemed, Refusal> {
    match recorded {
        Recorded::Approved { .. } => Ok(Redeemed::Approved),
        Recorded::SignedIn(recorded) => {
            let signed_in = recorded.restore(now).ok_or(Refusal::Internal)?;
            Ok(Redeemed::SignedIn(Box::new(signed_in)))
        }
    }
}

/// Why a good link may not be redeemed by this request: nothing is charged for it.
fn unfit(request: &RedeemLink, presented: &Presented) -> Option<(&'static str, Refusal)> {
    let proven = || OtpEngine::is_asker(&presented.challenge, request.binding_secret.as_ref());
    match presented.link.completion {
        Completion::SameDevice if !proven() => Some(("NOT_THE_ASKING_DEVICE", Refusal::LinkInvalid)),
        Completion::AskingDevice if request.match_number.is_none() => {
            let violation = FieldViolation {
                field: "match_number",
                description: "is missing; give the two digits that the asking device shows".to_owned(),
                reason: FieldReason::Field,
            };
            Some(("INVALID_FIELD", Refusal::Invalid(vec![violation])))
        }
        Completion::OpeningDevice | Completion::SameDevice | Completion::AskingDevice => None,
    }
}
