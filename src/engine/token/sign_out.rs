//! Sign out: end the session of a token, or all of its user's.

use super::{Leaving, TokenIssuer};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        id::SessionId,
        refresh_token::{PresentedToken, RefreshToken},
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::{ExposeSecret, SecretString},
        session::Origin,
        time::Timestamp,
    },
    engine::fault,
    ports::store::SignOutOutcome,
};

/// A wish to end sessions. The refresh token decides where both tokens are given and it is one of this service's.
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
    /// Ends the session of a token, or all of its user's. A refresh token ends its session whatever has been rotated since:
    /// whoever holds one that was ever given out is its owner, or a thief at whose coming it has to end anyway. One that is
    /// unknown or dead is answered like a live one (RFC 7009 section 2.2), and so is an access token whose session has ended:
    /// neither ends anything more. When this returns, no token of the ended sessions is good any more in this process, and
    /// within a second in none.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where neither token is given; [`Refusal::TokenInvalid`] for an access token that is not
    /// active for another reason than that, where it is given alone; faults.
    pub async fn sign_out(&self, request: SignOut, origin: &Origin) -> Result<(), Refusal> {
        let now = self.parts.clock.now();
        let mut event = AuditEvent::new(self.event_id(), now, Act::SessionRevoked, origin);
        if let Some(text) = &request.refresh_token {
            let ring = self.parts.keys.refresh();
            if let Some(PresentedToken { token, authentic: true }) = RefreshToken::parse(text.expose_secret(), &ring) {
                let refreshed = Some(token.counter);
                return self.end(token.session_id, refreshed, request.all_sessions, event, now).await;
            }
        }
        let Some(access) = &request.access_token else {
            return if request.refresh_token.is_some() { Ok(()) } else { Err(no_token()) };
        };
        let claims = match self.authenticate_to_end(access.expose_secret()) {
            Ok(Leaving::Running(claims)) => claims,
            Ok(Leaving::Ended(_)) => return Ok(()),
            Err(Refusal::TokenInvalid) if request.refresh_token.is_some() => return Ok(()),
            Err(refusal) => return Err(refusal),
        };
        claims.device_id.clone_into(&mut event.device_id);
        let session = claims.session().ok_or(Refusal::TokenInvalid)?;
        self.end(session, None, request.all_sessions, event, now).await
    }

    async fn end(
        &self,
        session: SessionId,
        refreshed: Option<u32>,
        all: bool,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let outcome = self.parts.store.sign_out(session, refreshed, all, now, event).await;
        match outcome.map_err(|fault| fault::store(&fault))? {
            SignOutOutcome::Ended(sessions) => self.note_ended(&sessions),
            SignOutOutcome::Unknown => {}
        }
        Ok(())
    }
}

/// The refusal of a sign-out that says nothing of whom.
fn no_token() -> Refusal {
    Refusal::Invalid(vec![FieldViolation {
        field: "refresh_token",
        description: "is missing; give it, or an access token in the metadata".to_owned(),
        reason: FieldReason::Field,
    }])
}
