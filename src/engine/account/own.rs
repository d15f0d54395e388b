//! What a signed-in person sees and ends: one's own user and sessions.

use super::{AccountParts, UserView};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        claims::AccessClaims,
        id::{SessionId, UserId},
        page_token::PageToken,
        refusal::{FieldReason, FieldViolation, Refusal},
        session::{Origin, Session},
        time::Timestamp,
    },
    engine::{
        answers::{Answers, Repeatable},
        fault,
        token::Leaving,
    },
    ports::store::EndOthersOutcome,
};

/// A page of one's running sessions.
#[derive(Debug)]
pub struct SessionList {
    /// Newest first.
    pub sessions: Vec<Session>,
    /// The session of the access token that asked.
    pub current: SessionId,
    /// Asks for the next page; empty on the last.
    pub next_page_token: String,
}

/// A person's own account. Every call takes the person's access token.
pub struct AccountEngine {
    parts: AccountParts,
    answers: Answers,
}

impl AccountEngine {
    /// An engine of the parts.
    #[must_use]
    pub fn new(parts: AccountParts) -> Self {
        let answers = Answers::new(parts.store.clone(), parts.keys.clone(), parts.entropy.clone());
        Self { parts, answers }
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], also for a user that is no more; faults.
    pub async fn current_user(&self, access_token: &str) -> Result<UserView, Refusal> {
        let (user_id, _) = self.signed_in(access_token)?;
        let user = self.parts.store.user(user_id).await.map_err(|fault| fault::store(&fault))?;
        UserView::open(&user.ok_or(Refusal::TokenInvalid)?, &self.parts.keys.sealing())
    }

    /// A page of the person's running sessions, after the one that ended the page before; `page_size` 1 to 100.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`]; [`Refusal::Invalid`] where the page token was not made for this person's list; faults.
    pub async fn list_sessions(
        &self,
        access_token: &str,
        page_size: u32,
        page: Option<PageToken>,
    ) -> Result<SessionList, Refusal> {
        let (user_id, current) = self.signed_in(access_token)?;
        let index = self.parts.keys.index();
        let before = page.map(|page| page.last(user_id, &index).ok_or_else(not_of_this_list)).transpose()?;
        let now = self.parts.clock.now();
        let page =
            self.parts.store.sessions(user_id, before, page_size, now).await.map_err(|fault| fault::store(&fault))?;
        let last = page.sessions.last().filter(|_| page.more);
        let next_page_token =
            last.map(|session| PageToken::after(session.session_id, user_id, &index).to_string()).unwrap_or_default();
        Ok(SessionList { sessions: page.sessions, current, next_page_token })
    }

    /// Ends one of the person's sessions. Ending it again, or one that never was, is the same as once; so it is for the session
    /// of the token itself, which is good for no other call then.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`]; faults.
    pub async fn revoke_session(&self, access_token: &str, session: SessionId, origin: &Origin) -> Result<(), Refusal> {
        let claims = match self.parts.tokens.authenticate_to_end(access_token)? {
            Leaving::Running(claims) => claims,
            Leaving::Ended(own) if own == session => return Ok(()),
            Leaving::Ended(_) => return Err(Refusal::TokenInvalid),
        };
        let user_id = claims.user().ok_or(Refusal::TokenInvalid)?;
        let now = self.parts.clock.now();
        let event = self.revoked(&claims, user_id, now, origin);
        let ended = self.parts.store.end_session(user_id, session, now, event).await;
        self.parts.tokens.note_ended(&ended.map_err(|fault| fault::store(&fault))?);
        Ok(())
    }

    /// Ends all of the person's sessions but the one that asks. Returns how many were ended.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`]; [`Refusal::Invalid`] where the request id was used by another session; faults.
    pub async fn revoke_other_sessions(
        &self,
        access_token: &str,
        repeatable: Option<Repeatable>,
        origin: &Origin,
    ) -> Result<usize, Refusal> {
        let claims = self.parts.tokens.authenticate(access_token)?;
        let (user_id, current) = claims.user().zip(claims.session()).ok_or(Refusal::TokenInvalid)?;
        let repeatable = repeatable.map(|repeatable| repeatable.of(current));
        let work = |key: Option<AnswerKey>, now| async move {
            let event = self.revoked(&claims, user_id, now, origin);
            let answer = key.map(|key| self.answers.record_count(key, now));
            let outcome = self.parts.store.end_others(user_id, current, now, event, answer).await;
            match outcome.map_err(|fault| fault::store(&fault))? {
                EndOthersOutcome::Ended(ended) => {
                    self.parts.tokens.note_ended(&ended);
                    Ok(Some(ended.len()))
                }
                EndOthersOutcome::AlreadyAnswered => Ok(None),
            }
        };
        self.answers.once("RevokeOtherSessions", repeatable.as_ref(), &*self.parts.clock, work).await
    }

    /// The event of a session that the person ends.
    fn revoked(&self, claims: &AccessClaims, user_id: UserId, now: Timestamp, origin: &Origin) -> AuditEvent {
        let mut event = AuditEvent::new(self.parts.event_id(), now, Act::SessionRevoked, origin);
        event.user_id = Some(user_id);
        claims.device_id.clone_into(&mut event.device_id);
        event
    }

    fn signed_in(&self, access_token: &str) -> Result<(UserId, SessionId), Refusal> {
        let claims = self.parts.tokens.authenticate(access_token)?;
        claims.user().zip(claims.session()).ok_or(Refusal::TokenInvalid)
    }
}

fn not_of_this_list() -> Refusal {
    let description = PageToken::NONE.to_owned();
    Refusal::Invalid(vec![FieldViolation { field: "page_token", description, reason: FieldReason::Field }])
}
