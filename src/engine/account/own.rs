//! What a signed-in person sees and ends: one's own user and sessions.

use super::{AccountParts, UserView};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        claims::AccessClaims,
        id::{SessionId, UserId},
        refusal::Refusal,
        session::{Origin, Session},
    },
    engine::fault,
    ports::store::SignOutScope,
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
}

impl AccountEngine {
    /// An engine of the parts.
    #[must_use]
    pub const fn new(parts: AccountParts) -> Self {
        Self { parts }
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
    /// [`Refusal::TokenInvalid`]; faults.
    pub async fn list_sessions(
        &self,
        access_token: &str,
        page_size: u32,
        before: Option<SessionId>,
    ) -> Result<SessionList, Refusal> {
        let (user_id, current) = self.signed_in(access_token)?;
        let now = self.parts.clock.now();
        let page =
            self.parts.store.sessions(user_id, before, page_size, now).await.map_err(|fault| fault::store(&fault))?;
        let last = page.sessions.last().filter(|_| page.more);
        let next_page_token = last.map(|session| session.session_id.to_string()).unwrap_or_default();
        Ok(SessionList { sessions: page.sessions, current, next_page_token })
    }

    /// Ends one of the person's sessions. Ending it again, or one that never was, is the same as once.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`]; faults.
    pub async fn revoke_session(&self, access_token: &str, session: SessionId, origin: &Origin) -> Result<(), Refusal> {
        let claims = self.parts.tokens.authenticate(access_token)?;
        self.end(&claims, SignOutScope::Session(session), origin).await?;
        Ok(())
    }

    /// Ends all of the person's sessions but the one that asks. Returns how many were ended.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`]; faults.
    pub async fn revoke_other_sessions(&self, access_token: &str, origin: &Origin) -> Result<usize, Refusal> {
        let claims = self.parts.tokens.authenticate(access_token)?;
        let current = claims.session().ok_or(Refusal::TokenInvalid)?;
        self.end(&claims, SignOutScope::Others(current), origin).await
    }

    async fn end(&self, claims: &AccessClaims, scope: SignOutScope, origin: &Origin) -> Result<usize, Refusal> {
        let user_id = claims.user().ok_or(Refusal::TokenInvalid)?;
        let now = self.parts.clock.now();
        let mut event = AuditEvent::new(self.parts.event_id(), now, Act::SessionRevoked, origin);
        event.user_id = Some(user_id);
        claims.device_id.clone_into(&mut event.device_id);
        let ended =
            self.parts.store.end_sessions(user_id, scope, now, event).await.map_err(|fault| fault::store(&fault))?;
        self.parts.tokens.note_ended(&ended);
        Ok(ended.len())
    }

    fn signed_in(&self, access_token: &str) -> Result<(UserId, SessionId), Refusal> {
        let claims = self.parts.tokens.authenticate(access_token)?;
        claims.user().zip(claims.session()).ok_or(Refusal::TokenInvalid)
    }
}
