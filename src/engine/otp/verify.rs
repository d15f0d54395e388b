//! Verify: charge the attempt, compare, complete the sign-in.

use super::{OtpEngine, devices::waits};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        challenge::{Challenge, ChargedAttempt, Code},
        id::{ChallengeId, SessionId, UserId},
        lockout::Lockout,
        refresh_token::RefreshToken,
        refusal::Refusal,
        secret::SecretString,
        session::{Device, LiveSession, Origin, Session},
        time::Timestamp,
        user::{Contact, SealedContact, User},
    },
    engine::{account::UserView, answers::Repeatable, fault, token::Tokens},
    ports::store::{Attempt, ChargeOutcome, FailedAttempt, NewUser, SignIn, SignInOutcome, SignInUser},
};

use std::sync::Arc;
use uuid::Uuid;

mod complete;
mod recorded;

use recorded::RecordedSignIn;

/// How often a sign-in looks again where the user changed under its hands.
const ROUNDS: usize = 4;

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

/// A person is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The tokens.
    pub tokens: Tokens,
    /// Who.
    pub user: UserView,
    /// The new session.
    pub session: Session,
    /// Whether this sign-in created the user.
    pub new_user: bool,
    /// Proves later that this device signed in before.
    pub device_token: SecretString,
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
        let now = self.parts.clock.now();
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key("VerifyOtp", repeatable));
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
                let attempt = Attempt { challenge_id: id, now, lockout: Arc::clone(&lockout), device };
                let charge = self.parts.store.charge_attempt(attempt).await;
                charge.map_err(|fault| fault::store(&fault))?
            }
            None => ChargeOutcome::Unknown,
        };
        let (challenge, reason, refusal) = match outcome {
            ChargeOutcome::Charged(attempt) => {
                return self.compare(&request, *attempt, &lockout, key, origin, now).await;
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
                return Err(self.refused(event, Refusal::CodeInvalid).await);
            }
        };
        let event = self.event(now, Act::CodeVerified, origin, &challenge.scope, &request.device.device_id);
        Err(self.refused(event.failed(reason), refusal).await)
    }

    async fn compare(
        &self,
        request: &VerifyOtp,
        attempt: ChargedAttempt,
        lockout: &Lockout,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<SignedIn, Refusal> {
        let event = self.event(now, Act::CodeVerified, origin, &attempt.challenge.scope, &request.device.device_id);
        if !self.matches(&attempt, &request.code) {
            let failed = event.failed("CODE_INVALID");
            let failure = self.failure(&attempt, failed.clone(), lockout, now)?;
            let refusal = self.failed(failure, Refusal::CodeInvalid).await;
            if attempt.counter_key == attempt.challenge.scope.identifier_key.0 {
                self.count_failure(&failed, now).await?;
            }
            return Err(refusal);
        }
        let reviewed = self.reviewed(&attempt)?;
        let ChargedAttempt { challenge, mut user, counter_key, .. } = attempt;
        let device_key = self.device_key(request.device_token.as_ref(), challenge.scope.identifier_key, now);
        for _ in 0..ROUNDS {
            if user.as_ref().is_some_and(|user| user.disabled) {
                let failure = FailedAttempt { events: vec![event.failed("USER_DISABLED")], notice: None };
                return Err(self.failed(failure, Refusal::UserDisabled).await);
            }
            if let Some(events) = self.review_refused(reviewed.as_ref(), user.as_ref(), &event) {
                return Err(self.failed(FailedAttempt { events, notice: None }, Refusal::CodeInvalid).await);
            }
            let mut draft = self.draft(request, &challenge, user, event.clone(), origin, now)?;
            (draft.sign_in.counter_key, draft.sign_in.device_key) = (counter_key, device_key);
            if reviewed.is_some() {
                draft.sign_in.events.extend(self.review_used(&draft.sign_in.events));
            } else {
                self.respond_to_new_device(&mut draft.sign_in)?;
            }
            match self.complete(draft, key).await? {
                (SignInOutcome::SignedIn, signed_in) => {
                    self.note_text_message_use(&challenge.scope).await;
                    return Ok(signed_in);
                }
                (SignInOutcome::Spent, _) => {
                    // A call under the same request id may have been the one that was faster.
                    if let Some(signed_in) = self.signed_in_before(key.as_ref(), now).await? {
                        return Ok(signed_in);
                    }
                    return Err(self.refused(event.failed("CODE_USED"), Refusal::CodeInvalid).await);
                }
                (SignInOutcome::UserChanged, _) => {
                    let again = self.parts.store.user_of(challenge.scope.identifier_key).await;
                    user = again.map_err(|fault| fault::store(&fault))?;
                }
            }
        }
        Err(Refusal::StoreUnavailable)
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

    /// Everything of a sign-in but its tokens.
    fn draft(
        &self,
        request: &VerifyOtp,
        challenge: &Challenge,
        user: Option<User>,
        event: AuditEvent,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Draft, Refusal> {
        let destination = self.destination(challenge)?;
        let (user, chosen) = if let Some(user) = user {
            let chosen = SignInUser::Existing { user_id: user.user_id, roles: user.roles.clone() };
            (user, chosen)
        } else {
            let user_id = UserId::new(self.parts.entropy.uuid());
            let (ring, nonce) = (self.parts.keys.sealing(), self.parts.entropy.nonce());
            let contact = SealedContact::seal(&destination, &ring, user_id, nonce);
            let contact = contact.map_err(|fault| fault::seal(&fault))?;
            let locale = challenge.locale.clone();
            let new = NewUser { user_id, contact: contact.clone(), create_time: now, locale };
            let user = User { user_id, contact, roles: Vec::new(), create_time: now, disabled: false };
            (user, SignInUser::New(new))
        };
        let session_id = SessionId::new(self.parts.entropy.uuid());
        let first = self.parts.tokens.first_token(session_id);
        let policy = &self.parts.sessions;
        let absolute_expire_time = now.after(policy.absolute_lifetime);
        let session = Session {
            session_id,
            user_id: user.user_id,
            client_id: challenge.scope.client_id.clone(),
            device: request.device.clone(),
            channel: challenge.scope.channel,
            create_time: now,
            auth_time: now,
            last_use_time: now,
            last_use_address: origin.address,
            idle_expire_time: now.after(policy.idle_lifetime).min(absolute_expire_time),
            absolute_expire_time,
            counter: 0,
            refresh_hash: first.hash(),
        };
        let view = UserView::new(&user, Contact::from(&destination));
        let events = self.success_events(event, &chosen, &session);
        Ok(Draft {
            sign_in: SignIn {
                challenge_id: challenge.scope.challenge_id,
                identifier_key: challenge.scope.identifier_key,
                counter_key: challenge.scope.identifier_key.0,
                device_key: Uuid::nil(),
                now,
                user: chosen,
                session: session.clone(),
                notice: None,
                revoke: false,
                events,
                answer: None,
            },
            live: LiveSession { session, roles: user.roles },
            first,
            view,
        })
    }

    fn success_events(&self, verified: AuditEvent, user: &SignInUser, session: &Session) -> Vec<AuditEvent> {
        let verified = AuditEvent { user_id: Some(session.user_id), session_id: Some(session.session_id), ..verified };
        let also = |act| AuditEvent { event_id: self.event_id(), act, ..verified.clone() };
        let mut events = vec![verified.clone()];
        if matches!(user, SignInUser::New(_)) {
            events.push(also(Act::UserCreated));
        }
        events.push(also(Act::SessionStarted));
        events
    }

    async fn signed_in_before(&self, key: Option<&AnswerKey>, now: Timestamp) -> Result<Option<SignedIn>, Refusal> {
        let Some(key) = key else { return Ok(None) };
        let recorded: Option<RecordedSignIn> = self.answers.find(key, now).await?;
        recorded.map(|recorded| recorded.restore().ok_or(Refusal::Internal)).transpose()
    }
}

/// A sign-in before its tokens are signed.
struct Draft {
    sign_in: SignIn,
    live: LiveSession,
    first: RefreshToken,
    view: UserView,
}
