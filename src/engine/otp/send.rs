//! Send: one limiter call, one store call, the same for known and unknown identifiers.

use super::{ChallengeView, Digits, Draft, Drawn, OtpEngine, WantedLink, limits::Asked, view::RecordedView};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        challenge::{CHALLENGE_DESTINATION, Challenge, Purpose, Scope},
        client::Client,
        contact::Identifier,
        digest::Digest,
        funnel::FunnelEvent,
        id::ChallengeId,
        policy::{CodeRules, Rules},
        refusal::{FieldReason, FieldViolation, Refusal},
        review_account::ReviewAccount,
        sealed::{Place, seal},
        secret::SecretString,
        session::{Device, Origin},
        time::Timestamp,
        window::Standing,
    },
    engine::{answers::Repeatable, fault, text_messages},
    ports::store::{BeginOutcome, NewChallenge},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// A request for a code, a magic link, or both.
#[derive(Debug)]
pub struct SendOtp {
    /// Where the code goes.
    pub identifier: Identifier,
    /// The client application; the default where empty.
    pub client_id: String,
    /// The device that asks.
    pub device: Device,
    /// Proves that the device signed in before; absent or strange where it did not.
    pub device_token: Option<SecretString>,
    /// The person's language.
    pub locale: String,
    /// The link that is wanted, beside the code or alone.
    pub link: Option<WantedLink>,
    /// The answer to a captcha or proof of work.
    pub proof: Option<SecretString>,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl SendOtp {
    /// The method that asked.
    fn method(&self) -> &'static str {
        if self.wants_code() { "SendOtp" } else { "SendMagicLink" }
    }

    /// Whether a code is wanted.
    fn wants_code(&self) -> bool {
        self.link.as_ref().is_none_or(|link| !link.alone)
    }
}

/// A code or link is on its way.
#[derive(Debug)]
pub struct Sent {
    /// The challenge.
    pub challenge: ChallengeView,
    /// Where the caller stands in its tightest window; `None` for a repeated call, which is not counted, and where no
    /// limit of the caller's is enforced.
    pub standing: Option<Standing>,
}

impl OtpEngine {
    /// Begins a challenge and accepts the message that carries its code, its link, or both.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a client application or a redirect that is not registered or a proof that does not hold,
    /// [`Refusal::ProofRequired`], [`Refusal::RateLimited`], and faults.
    pub async fn send(&self, request: SendOtp, origin: &Origin) -> Result<Sent, Refusal> {
        let unregistered = || Refusal::Invalid(vec![unknown_client()]);
        let client = self.parts.clients.find(&request.client_id).ok_or_else(unregistered)?;
        self.parts.tokens.may_issue()?;
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key(request.method(), repeatable));
        let _turn = self.answers.turn(key.as_ref()).await;
        let now = self.parts.clock.now();
        if let Some(sent) = self.sent_before(key.as_ref(), now).await? {
            return Ok(sent);
        }
        let sent = self.send_anew(request, client, key, origin, now).await;
        self.or_meanwhile(sent, key.as_ref(), now).await
    }

    async fn send_anew(
        &self,
        request: SendOtp,
        client: &Client,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Sent, Refusal> {
        if let Some(link) = &request.link {
            link.check(client)?;
        }
        let index = self.parts.keys.index();
        let scope = Scope {
            purpose: Purpose::SignIn,
            channel: request.identifier.channel(),
            client_id: client.client_id.clone(),
            identifier_key: request.identifier.identity_key(&index),
            challenge_id: ChallengeId::new(self.parts.entropy.uuid()),
            salt: self.parts.entropy.bytes16(),
        };
        let event = self.event(now, Act::CodeSent, origin, &scope, &request.device.device_id);
        let rules = self.rules(&scope);
        let device = self.known_device(request.device_token.as_ref(), now);
        self.before_counting().await?;
        let asked = Asked { identifier: &request.identifier, device: None, origin, index: &index, event: &event };
        let admitted = match self.prove(&request, &scope, origin, &index, now).await {
            Ok(proving) => {
                let device = device.filter(|(known, _)| known.identifier_key == scope.identifier_key);
                self.admit_or_reserve(&rules.limits, &asked, proving, device).await
            }
            Err(refusal) => Err(refusal),
        };
        let standing = match admitted {
            Ok(standing) => standing,
            Err(refusal) if refusal.is_for_the_record() => {
                let mut event = event.failed(refusal.recorded_reason());
                event.challenge_id = None;
                return Err(self.refused(event, refusal).await);
            }
            Err(refusal) => return Err(refusal),
        };
        let codes = if self.is_guarding(now) && !self.is_known(device.as_ref(), scope.identifier_key).await? {
            &rules.guard.guarded(&rules.codes)
        } else {
            &rules.codes
        };
        let length = if request.wants_code() { codes.length } else { 0 };
        let review = self.review_account(&request.identifier, &scope, length, &event).await?;
        let review = review.as_deref();
        let (mut new, view) = self.compose(&request, review, codes, &rules, client, scope, event, key, origin, now)?;
        let place = self.parts.handoff.claim(&mut new.message);
        let message = new.message.clone();
        let told = self.parts.funnel.requested(&new.challenge, now, "sent");
        let outcome = self.parts.store.begin_challenge(new).await.map_err(|fault| {
            self.parts.handoff.doubt(&message);
            fault::store(&fault)
        })?;
        match outcome {
            BeginOutcome::Begun => {
                self.parts.funnel.tell(told);
                self.parts.handoff.pass(message, place);
                Ok(Sent { challenge: view, standing })
            }
            BeginOutcome::Withheld(withheld) => {
                self.parts.funnel.tell(told.map(|event| FunnelEvent { outcome: "withheld", ..event }));
                text_messages::tell(withheld);
                Ok(Sent { challenge: view, standing })
            }
            BeginOutcome::AlreadyAnswered => self.sent_before(key.as_ref(), now).await?.ok_or(Refusal::Internal),
        }
    }

    /// What was sent, or what another process sent meanwhile for the same call.
    pub(super) async fn or_meanwhile(
        &self,
        sent: Result<Sent, Refusal>,
        key: Option<&AnswerKey>,
        now: Timestamp,
    ) -> Result<Sent, Refusal> {
        let Err(refusal) = sent else { return sent };
        let recorded: Option<RecordedView> = self.answers.meanwhile(key, &refusal, now).await;
        recorded.map(|view| Sent { challenge: view.into(), standing: None }).ok_or(refusal)
    }

    pub(super) async fn sent_before(&self, key: Option<&AnswerKey>, now: Timestamp) -> Result<Option<Sent>, Refusal> {
        let recorded: Option<RecordedView> = self.answers.find(key, now).await?;
        Ok(recorded.map(|view| Sent { challenge: view.into(), standing: None }))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one row, each from another step")]
    fn compose(
        &self,
        request: &SendOtp,
        review: Option<&ReviewAccount>,
        codes: &CodeRules,
        rules: &Rules,
        client: &Client,
        scope: Scope,
        mut event: AuditEvent,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(NewChallenge, ChallengeView), Refusal> {
        let binding_secret = URL_SAFE_NO_PAD.encode(self.parts.entropy.bytes32());
        let digits = Digits { length: codes.length, lifetime: codes.lifetime };
        let draft = Draft {
            destination: &request.identifier,
            review,
            client_name: &client.display_name,
            locale: &request.locale,
            origin,
            code: request.wants_code().then_some(digits),
            link: request.link.is_some().then_some(rules.links.lifetime),
            now,
        };
        let Drawn { code, link, message } = self.draw(&scope, &draft)?;
        event.message_id = Some(message.message_id);
        if review.is_some() && request.wants_code() {
            event.act = Act::ReviewCodeDrawn;
        }
        let place = Place { column: CHALLENGE_DESTINATION, row: scope.challenge_id.bytes() };
        let destination =
            seal(&self.parts.keys.sealing(), place, self.parts.entropy.nonce(), request.identifier.as_str().as_bytes())
                .map_err(|fault| fault::seal(&fault))?;
        let challenge = Challenge {
            scope,
            destination,
            locale: request.locale.clone(),
            binding_hash: Digest::sha256(&[binding_secret.as_bytes()]),
            code_length: draft.code.map_or(0, |digits| digits.length),
            max_attempts: codes.max_attempts,
            attempts: 0,
            create_time: now,
            resend_time: now.after(codes.resend_cooldown),
            expire_time: code.expire_time,
            used: false,
            link: request.link.as_ref().zip(link).map(|(wanted, link)| self.begin_link(wanted, link, request, origin)),
        };
        let view = ChallengeView::of(&challenge, &request.identifier, Some(SecretString::from(binding_secret)));
        let answer = key.map(|key| self.answers.record(key, &RecordedView::from(&view), now)).transpose()?;
        let text = self.text_message(&request.identifier, origin);
        Ok((NewChallenge { challenge, code, message, event, answer, text }, view))
    }
}

/// The objection to a client application that is not registered.
pub(in crate::engine) fn unknown_client() -> FieldViolation {
    let description = "is not a registered client application; use one from the configuration, or leave it empty";
    FieldViolation { field: "client_id", description: description.to_owned(), reason: FieldReason::Field }
}
