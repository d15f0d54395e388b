//! Completes a sign-in, whatever proved it: one commit, and its tokens.

mod complete;

use super::{OtpEngine, recorded::RecordedSignIn};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        challenge::Challenge,
        digest::Digest,
        id::{SessionId, UserId},
        link::LinkState,
        refresh_token::RefreshToken,
        refusal::Refusal,
        review_account::ReviewAccounts,
        secret::SecretString,
        session::{Device, LiveSession, Method, Origin, Session},
        time::Timestamp,
        user::{Contact, SealedContact, User},
    },
    engine::{account::UserView, fault, token::Tokens},
    ports::store::{FailedAttempt, NewUser, Pardon, SignIn, SignInOutcome, SignInUser},
};
use std::sync::Arc;
use uuid::Uuid;

/// How often a sign-in looks again where the user changed under its hands.
const ROUNDS: usize = 4;

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

/// A proof that has held, and what the sign-in is made of.
pub(super) struct Proven {
    pub(super) challenge: Challenge,
    pub(super) user: Option<User>,
    /// The counter whose failures are forgotten.
    pub(super) counter_key: Digest,
    /// The device that becomes known.
    pub(super) device_key: Uuid,
    /// The device that gets the session.
    pub(super) device: Device,
    /// Where it is by a link: the state that this has to be in.
    pub(super) link: Option<LinkState>,
    /// The review accounts that gave the code.
    pub(super) reviewed: Option<Arc<ReviewAccounts>>,
    /// The event of the proof.
    pub(super) event: AuditEvent,
    pub(super) now: Timestamp,
}

impl OtpEngine {
    /// Opens the session of a proof; `None` where the challenge was used meanwhile. A call under the same request id that
    /// was faster gives its answer.
    pub(super) async fn sign_in(
        &self,
        proven: Proven,
        key: Option<AnswerKey>,
        origin: &Origin,
    ) -> Result<Option<SignedIn>, Refusal> {
        let (event, now, scope) = (&proven.event, proven.now, &proven.challenge.scope);
        let mut user = proven.user.clone();
        let pardon = Pardon { counter_key: proven.counter_key, challenge_id: None };
        for _ in 0..ROUNDS {
            if user.as_ref().is_some_and(|user| user.disabled) {
                return Err(self.pardoned(event.clone(), pardon, Refusal::UserDisabled).await);
            }
            if let Some(events) = self.review_refused(proven.reviewed.as_ref(), user.as_ref(), event) {
                return Err(self
                    .failed(FailedAttempt { events, notice: None, pardon: None }, Refusal::CodeInvalid)
                    .await);
            }
            let mut draft = self.draft(&proven, user, origin)?;
            if proven.reviewed.is_some() {
                draft.sign_in.events.extend(self.review_used(&draft.sign_in.events));
            } else {
                self.respond_to_new_device(&mut draft.sign_in)?;
            }
            // In a box, for it holds what is to be written several times over.
            let completed = Box::pin(self.complete(draft, key)).await;
            if let Err(refusal @ Refusal::Overloaded) = completed {
                // Nothing was charged for what is approved and waits to be collected.
                let charged = Some(scope.challenge_id).filter(|_| proven.link != Some(LinkState::Approved));
                let pardon = Pardon { challenge_id: charged, ..pardon };
                return Err(self.pardoned(event.clone(), pardon, refusal).await);
            }
            match completed? {
                (SignInOutcome::SignedIn, signed_in) => {
                    self.note_text_message_use(scope).await;
                    self.parts.suppressed.proven(scope.identifier_key, scope.challenge_id, origin).await;
                    return Ok(Some(signed_in));
                }
                (SignInOutcome::Spent, _) => return self.signed_in_before(key.as_ref(), now).await,
                (SignInOutcome::UserChanged, _) => {
                    let again = self.parts.store.user_of(scope.identifier_key).await;
                    user = again.map_err(|fault| fault::store(&fault))?;
                }
            }
        }
        Err(Refusal::StoreUnavailable)
    }

    /// Everything of a sign-in but its tokens.
    fn draft(&self, proven: &Proven, user: Option<User>, origin: &Origin) -> Result<Draft, Refusal> {
        let &Proven { ref challenge, now, link, .. } = proven;
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
            device: proven.device.clone(),
            channel: challenge.scope.channel,
            method: if link.is_some() { Method::Link } else { Method::Code },
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
        let events = self.success_events(proven.event.clone(), &chosen, &session);
        Ok(Draft {
            sign_in: SignIn {
                challenge_id: challenge.scope.challenge_id,
                identifier_key: challenge.scope.identifier_key,
                counter_key: proven.counter_key,
                device_key: proven.device_key,
                now,
                link,
                user: chosen,
                session: session.clone(),
                notice: None,
                revoke: None,
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

    /// The answer of an earlier call under the same request id.
    pub(super) async fn signed_in_before(
        &self,
        key: Option<&AnswerKey>,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, Refusal> {
        let recorded: Option<RecordedSignIn> = self.answers.find(key, now).await?;
        recorded.map(|recorded| recorded.restore(now).ok_or(Refusal::Internal)).transpose()
    }
}

/// A sign-in before its tokens are signed.
struct Draft {
    sign_in: SignIn,
    live: LiveSession,
    first: RefreshToken,
    view: UserView,
}
