//! Sign out: end the session of a token, or all of its user's.

use super::TokenIssuer;
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        refresh_token::{PresentedToken, RefreshToken},
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::{ExposeSecret, SecretString},
        session::Origin,
        time::Timestamp,
    },
    engine::fault,
    ports::store::{SignOutOutcome, SignOutScope},
};

/// A wish to end sessions. The refresh token decides where both tokens are given.
#[derive(Debug)]
pub struct SignOut {
    /// The session's refresh token.
    pub refresh_token: Option<SecretString>,
    /// The access token that the caller shows.
    pub access_token: Option<SecretString>,
    /// All of the user's sessions and not only the token's.
    pub all_sessions: bool,
}

impl TokenIssuer {
    /// Ends the session of a token, or all of its user's. A refresh token that is unknown, old or dead is answered
    /// like a live one (RFC 7009 section 2.2). When this returns, no token of the ended sessions is good any more in
    /// this process, and within a second in none.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where neither token is given; [`Refusal::TokenInvalid`] for an access token that is not
    /// active; faults.
    pub async fn sign_out(&self, request: SignOut, origin: &Origin) -> Result<(), Refusal> {
        let now = self.parts.clock.now();
        match (request.refresh_token, request.access_token) {
            (Some(token), _) => self.end_by_refresh_token(&token, request.all_sessions, origin, now).await,
            (None, Some(token)) => self.end_by_access_token(&token, request.all_sessions, origin, now).await,
            (None, None) => Err(Refusal::Invalid(vec![FieldViolation {
                field: "refresh_token",
                description: "is missing; give it, or an access token in the metadata".to_owned(),
                reason: FieldReason::Field,
            }])),
        }
    }

    async fn end_by_refresh_token(
        &self,
        token: &SecretString,
        all: bool,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let ring = self.parts.keys.refresh();
        let Some(PresentedToken { token, authentic: true }) = RefreshToken::parse(token.expose_secret(), &ring) else {
            return Ok(());
        };
        let event = AuditEvent::new(self.event_id(), now, Act::SessionRevoked, origin);
        let outcome = self.parts.store.end_by_token(token.session_id, token.hash(), all, now, event).await;
        match outcome.map_err(|fault| fault::store(&fault))? {
            SignOutOutcome::Ended(sessions) => self.note_ended(&sessions),
            SignOutOutcome::Unknown => {}
        }
        Ok(())
    }

    async fn end_by_access_token(
        &self,
        token: &SecretString,
        all: bool,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let claims = self.authenticate(token.expose_secret())?;
        let (user, session) = claims.user().zip(claims.session()).ok_or(Refusal::TokenInvalid)?;
        let scope = if all { SignOutScope::All } else { SignOutScope::Session(session) };
        let mut event = AuditEvent::new(self.event_id(), now, Act::SessionRevoked, origin);
        claims.device_id.clone_into(&mut event.device_id);
        let ended = self.parts.store.end_sessions(user, scope, now, event).await;
        self.note_ended(&ended.map_err(|fault| fault::store(&fault))?);
        Ok(())
    }
}
