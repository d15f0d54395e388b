//! Reject: "this was not me".

use super::{super::OtpEngine, Wanted};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, AuditEvent},
        refusal::Refusal,
        secret::SecretString,
        session::Origin,
        time::Timestamp,
    },
    engine::{answers::Repeatable, fault},
    ports::store::{RejectOutcome, Rejection},
};
use serde::{Deserialize, Serialize};

/// A link that was not asked for by whoever got it.
#[derive(Debug)]
pub struct RejectLink {
    /// The token.
    pub token: SecretString,
    /// Whether all sessions of the user end too.
    pub revoke_all_sessions: bool,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

/// A rejection as it is recorded for a repeated call: there is nothing to tell.
#[derive(Serialize, Deserialize)]
struct RecordedRejection {}

impl OtpEngine {
    /// Ends the challenge of a link, its codes and a session that has been approved and not collected too. When this
    /// returns, no token of sessions that it ended is good any more in this process, and within a second in none.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`] for a wrong, old, used, rejected or unknown one alike; faults.
    pub async fn reject_link(&self, request: RejectLink, origin: &Origin) -> Result<(), Refusal> {
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key("RejectMagicLink", repeatable));
        let _turn = self.answers.turn(key.as_ref()).await;
        let now = self.parts.clock.now();
        if self.was_rejected(key.as_ref(), now).await? {
            return Ok(());
        }
        let presented = self.presented(&request.token, Wanted::Rejection, origin, now).await?;
        let scope = &presented.challenge.scope;
        let event = self.event(now, Act::LinkRejected, origin, scope, "");
        let rejection = Rejection {
            challenge_id: scope.challenge_id,
            now,
            revoke: request.revoke_all_sessions,
            revoked: AuditEvent { event_id: self.event_id(), act: Act::SessionRevoked, ..event.clone() },
            event: event.clone(),
            answer: key.map(|key| self.answers.record(key, &RecordedRejection {}, now)).transpose()?,
        };
        match self.parts.store.reject_link(rejection).await.map_err(|fault| fault::store(&fault))? {
            RejectOutcome::Done(ended) => {
                self.parts.tokens.note_ended(&ended);
                Ok(())
            }
            // A call under the same request id may have been the one that was faster.
            RejectOutcome::Spent if self.was_rejected(key.as_ref(), now).await? => Ok(()),
            RejectOutcome::Spent => Err(self.guessed(event.failed("LINK_USED"), Refusal::LinkInvalid).await),
        }
    }

    async fn was_rejected(&self, key: Option<&AnswerKey>, now: Timestamp) -> Result<bool, Refusal> {
        let recorded: Option<RecordedRejection> = self.answers.find(key, now).await?;
        Ok(recorded.is_some())
    }
}
