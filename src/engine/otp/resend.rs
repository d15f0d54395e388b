//! Resend: a further code within the same challenge; the earlier ones stay good.

use super::{ChallengeView, Digits, Draft, Drawn, OtpEngine, Sent, limits::Asked, proof::Proving, view::RecordedView};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::Act,
        challenge::{CHALLENGE_DESTINATION, Challenge},
        contact::Identifier,
        digest::Digest,
        funnel::FunnelEvent,
        id::ChallengeId,
        policy::Rules,
        refusal::Refusal,
        review_account::ReviewAccount,
        sealed::{Place, open},
        secret::{ExposeSecret, SecretString},
        session::Origin,
        time::Timestamp,
    },
    engine::{answers::Repeatable, fault, text_messages},
    ports::store::{NewCode, ResendOutcome},
};

/// A request for a further code.
#[derive(Debug)]
pub struct ResendOtp {
    /// The challenge, in the client's words.
    pub challenge_id: String,
    /// Proves that the caller asked for the challenge.
    pub binding_secret: Option<SecretString>,
    /// Proves that the device signed in before; absent or strange where it did not.
    pub device_token: Option<SecretString>,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl OtpEngine {
    /// Sends a further code of a challenge, and a further link where it has one.
    ///
    /// # Errors
    /// [`Refusal::ResendTooSoon`] within the cool-down, [`Refusal::RateLimited`], [`Refusal::AttemptsExhausted`],
    /// [`Refusal::CodeInvalid`] for a challenge that has ended or never was (told apart only to whoever asked), faults.
    pub async fn resend(&self, request: ResendOtp, origin: &Origin) -> Result<Sent, Refusal> {
        self.parts.tokens.may_issue()?;
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key("ResendOtp", repeatable));
        let _turn = self.answers.turn(key.as_ref()).await;
        let now = self.parts.clock.now();
        if let Some(sent) = self.sent_before(key.as_ref(), now).await? {
            return Ok(sent);
        }
        let sent = self.resend_anew(request, key, origin, now).await;
        self.or_meanwhile(sent, key.as_ref(), now).await
    }

    async fn resend_anew(
        &self,
        request: ResendOtp,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Sent, Refusal> {
        let challenge = match ChallengeId::parse(&request.challenge_id) {
            Some(id) => self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?,
            None => None,
        };
        let Some(challenge) = challenge else {
            let event = self.nameless_event(now, Act::CodeResent, origin).failed("CHALLENGE_NOT_FOUND");
            return Err(self.guessed(event, Refusal::CodeInvalid).await);
        };
        let event = self.event(now, Act::CodeResent, origin, &challenge.scope, "");
        let known = self.known_device(request.device_token.as_ref(), now);
        let known = known.filter(|(known, _)| known.identifier_key == challenge.scope.identifier_key);
        let guarded = self.is_before_guard(&challenge, now)
            && !self.is_known(known.as_ref(), challenge.scope.identifier_key).await?;
        if let Some(refusal) = Self::not_resendable(&challenge, guarded, request.binding_secret.as_ref(), now) {
            return Err(self.guessed(event.failed(refusal.reason()), refusal).await);
        }
        let destination = self.destination(&challenge)?;
        let rules = self.rules(&challenge.scope);
        let asked =
            Asked { identifier: &destination, device: None, origin, index: &self.parts.keys.index(), event: &event };
        let standing = match self.admit_or_reserve(&rules.limits, &asked, Proving::NotAsked, known).await {
            Ok(standing) => standing,
            Err(refusal @ Refusal::RateLimited { .. }) => {
                return Err(self.refused(event.failed(refusal.recorded_reason()), refusal).await);
            }
            Err(refusal) => return Err(refusal),
        };
        let told = self.parts.funnel.requested(&challenge, now, "resent");
        let review = self.review_account(&destination, &challenge.scope, challenge.code_length, &event).await?;
        let review = review.as_deref();
        let (mut code, view) =
            self.further_code(challenge, review, &rules, &destination, event.clone(), key, origin, now)?;
        let place = self.parts.handoff.claim(&mut code.message);
        let message = code.message.clone();
        let outcome = self.parts.store.add_code(code).await.map_err(|fault| {
            self.parts.handoff.doubt(&message);
            fault::store(&fault)
        })?;
        let refusal = match outcome {
            ResendOutcome::Added => {
                self.parts.funnel.tell(told);
                self.parts.handoff.pass(message, place);
                return Ok(Sent { challenge: view, standing });
            }
            ResendOutcome::Withheld(withheld) => {
                self.parts.funnel.tell(told.map(|event| FunnelEvent { outcome: "withheld", ..event }));
                text_messages::tell(withheld);
                return Ok(Sent { challenge: view, standing });
            }
            ResendOutcome::AlreadyAnswered => {
                return self.sent_before(key.as_ref(), now).await?.ok_or(Refusal::Internal);
            }
            ResendOutcome::TooSoon(time) => Refusal::ResendTooSoon { retry_after: time.since(now) },
            ResendOutcome::Ended => Refusal::CodeInvalid,
        };
        Err(self.guessed(event.failed(refusal.reason()), refusal).await)
    }

    /// The address or number that a challenge's codes go to.
    pub(super) fn destination(&self, challenge: &Challenge) -> Result<Identifier, Refusal> {
        let place = Place { column: CHALLENGE_DESTINATION, row: challenge.scope.challenge_id.bytes() };
        let plain =
            open(&self.parts.keys.sealing(), place, &challenge.destination).map_err(|fault| fault::seal(&fault))?;
        let text = std::str::from_utf8(plain.expose_secret()).map_err(|_| Refusal::Internal)?;
        let found = Identifier::stored(text).filter(|found| found.channel() == challenge.scope.channel);
        found.ok_or(Refusal::Internal)
    }

    /// Why a challenge that has ended is refused: the reason only to whoever proves to have asked for it.
    pub(super) fn ended(challenge: &Challenge, binding_secret: Option<&SecretString>) -> Refusal {
        let proven = Self::is_asker(challenge, binding_secret);
        match (proven, challenge.used) {
            (false, _) => Refusal::CodeInvalid,
            (true, true) => Refusal::ChallengeNotFound,
            (true, false) => Refusal::CodeExpired,
        }
    }

    /// Whether a binding secret proves that its holder asked for the challenge.
    pub(super) fn is_asker(challenge: &Challenge, binding_secret: Option<&SecretString>) -> bool {
        binding_secret
            .is_some_and(|secret| Digest::sha256(&[secret.expose_secret().as_bytes()]) == challenge.binding_hash)
    }

    /// Why no further code is sent. Where it is `guarded`, one of its length would not be evaluated.
    fn not_resendable(
        challenge: &Challenge,
        guarded: bool,
        binding_secret: Option<&SecretString>,
        now: Timestamp,
    ) -> Option<Refusal> {
        if !challenge.is_open(now) || guarded {
            Some(Self::ended(challenge, binding_secret))
        } else if challenge.attempts >= challenge.max_attempts {
            Some(Refusal::AttemptsExhausted)
        } else if now < challenge.resend_time {
            Some(Refusal::ResendTooSoon { retry_after: challenge.resend_time.since(now) })
        } else {
            None
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one row, each from another step")]
    fn further_code(
        &self,
        mut challenge: Challenge,
        review: Option<&ReviewAccount>,
        rules: &Rules,
        destination: &Identifier,
        mut event: crate::domain::audit::AuditEvent,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(NewCode, ChallengeView), Refusal> {
        let client = self.parts.clients.find(challenge.scope.client_id.as_str()).ok_or(Refusal::CodeInvalid)?;
        let (length, lifetime) = (challenge.code_length, rules.codes.lifetime);
        let draft = Draft {
            destination,
            review,
            client_name: &client.display_name,
            locale: &challenge.locale,
            origin,
            code: (length > 0).then_some(Digits { length, lifetime }),
            link: challenge.link.is_some().then_some(rules.links.lifetime),
            now,
        };
        let Drawn { code, link, message } = self.draw(&challenge.scope, &draft)?;
        event.message_id = Some(message.message_id);
        if review.is_some() && length > 0 {
            event.act = Act::ReviewCodeDrawn;
        }
        challenge.resend_time = now.after(rules.codes.resend_cooldown);
        challenge.expire_time = code.expire_time;
        let view = ChallengeView::of(&challenge, destination, None);
        let answer = key.map(|key| self.answers.record(key, &RecordedView::from(&view), now)).transpose()?;
        let new = NewCode {
            challenge_id: challenge.scope.challenge_id,
            now,
            code,
            link,
            resend_time: challenge.resend_time,
            message,
            event,
            answer,
            text: self.text_message(destination, origin),
        };
        Ok((new, view))
    }
}
