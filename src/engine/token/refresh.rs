//! Refresh: exchange a refresh token for its one successor.

use super::{TokenIssuer, Tokens};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        digest::Digest,
        id::MessageId,
        message::{Content, NewMessage},
        refresh_token::{PresentedToken, RefreshToken},
        refusal::Refusal,
        secret::{ExposeSecret, SecretString},
        session::{LiveSession, Origin},
        time::Timestamp,
    },
    engine::{delivery::sealed_message, fault},
    ports::store::{Rotation, RotationEvents, RotationOutcome},
};
use std::time::Duration;
use uuid::Uuid;

/// How long the notice of a reused token is worth sending.
const NOTICE_LIFETIME: Duration = Duration::from_hours(24);

/// A refresh token presented for its successor.
#[derive(Debug)]
pub struct Refresh {
    /// The token.
    pub refresh_token: SecretString,
    /// The device that presents it; empty where the client names none.
    pub device_id: String,
    /// Chosen by the caller: a retry under the same id is answered for longer.
    pub request_id: Option<Uuid>,
}

impl TokenIssuer {
    /// Rotates a refresh token. Its successor is a function of the token and of a key, so that a call whose answer was
    /// lost is answered with the same successor, and no second branch can exist (RFC 9700 section 4.14.2).
    ///
    /// # Errors
    /// [`Refusal::RefreshTokenInvalid`]; [`Refusal::RefreshTokenReused`] for an old token, all of the user's sessions
    /// having been ended; [`Refusal::DeviceMismatch`], the session having been ended; [`Refusal::Overloaded`], after
    /// which the same call gets the successor; faults.
    pub async fn refresh(&self, request: Refresh, origin: &Origin) -> Result<Tokens, Refusal> {
        let ring = self.parts.keys.refresh();
        let presented =
            RefreshToken::parse(request.refresh_token.expose_secret(), &ring).ok_or(Refusal::RefreshTokenInvalid)?;
        let successor = presented.token.child(ring.newest());
        let rotation = self.rotation(&request, &presented, &successor, origin)?;
        match self.parts.store.rotate(rotation).await.map_err(|fault| fault::store(&fault))? {
            RotationOutcome::Rotated(live) => self.issue(&live, &successor).await,
            RotationOutcome::Repeated(live) => self.issue(&live, &self.live_child(&presented.token, &live)?).await,
            RotationOutcome::Reused { ended, .. } => {
                self.note_ended(&ended);
                Err(Refusal::RefreshTokenReused)
            }
            RotationOutcome::DeviceMismatch => {
                self.note_ended(&[presented.token.session_id]);
                Err(Refusal::DeviceMismatch)
            }
            RotationOutcome::Refused => Err(Refusal::RefreshTokenInvalid),
        }
    }

    /// The child that an earlier call made of `parent`: under the newest key, or one that was the newest then.
    fn live_child(&self, parent: &RefreshToken, live: &LiveSession) -> Result<RefreshToken, Refusal> {
        let ring = self.parts.keys.refresh();
        let child =
            ring.iter().map(|(_, key)| parent.child(key)).find(|child| child.hash() == live.session.refresh_hash);
        child.ok_or_else(|| {
            tracing::warn!("a lost answer cannot be given again: the refresh key that it was made with is gone");
            Refusal::RefreshTokenInvalid
        })
    }

    fn rotation(
        &self,
        request: &Refresh,
        presented: &PresentedToken,
        successor: &RefreshToken,
        origin: &Origin,
    ) -> Result<Rotation, Refusal> {
        let PresentedToken { token, authentic } = presented;
        let now = self.parts.clock.now();
        let policy = &self.parts.policy;
        let request_key = request.request_id.map(|id| {
            let session = token.session_id.bytes();
            Digest::hmac(&self.parts.keys.index(), &[b"identity.v1 refresh call", session, id.as_bytes()])
        });
        Ok(Rotation {
            session_id: token.session_id,
            counter: token.counter,
            presented: token.hash(),
            authentic: *authentic,
            successor: successor.hash(),
            now,
            device_id: request.device_id.clone(),
            address: origin.address,
            idle_lifetime: policy.idle_lifetime,
            grace: policy.refresh_grace,
            retry_grace: policy.refresh_retry,
            request_key,
            events: self.rotation_events(request, token, origin, now),
            reuse_notice: self.reuse_notice(origin, now)?,
        })
    }

    /// One event is written, so all of them may carry the same id.
    fn rotation_events(
        &self,
        request: &Refresh,
        presented: &RefreshToken,
        origin: &Origin,
        now: Timestamp,
    ) -> RotationEvents {
        let mut rotated = AuditEvent::new(self.event_id(), now, Act::TokenRefreshed, origin);
        rotated.session_id = Some(presented.session_id);
        rotated.device_id.clone_from(&request.device_id);
        RotationEvents {
            repeated: AuditEvent { reason: "ANSWERED_AGAIN".into(), ..rotated.clone() },
            reused: AuditEvent { act: Act::RefreshTokenReused, ..rotated.clone() }.failed("REFRESH_TOKEN_REUSED"),
            device_mismatch: rotated.clone().failed("DEVICE_MISMATCH"),
            refused: rotated.clone().failed("REFRESH_TOKEN_INVALID"),
            rotated,
        }
    }

    fn reuse_notice(&self, origin: &Origin, now: Timestamp) -> Result<NewMessage, Refusal> {
        let message_id = MessageId::new(self.parts.entropy.uuid());
        let content = Content::RefreshTokenReused {
            address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
            noticed_at: now.micros(),
        };
        let expire_time = now.after(NOTICE_LIFETIME);
        sealed_message(
            &self.parts.keys.sealing(),
            self.parts.entropy.nonce(),
            message_id,
            None,
            &content,
            now,
            expire_time,
        )
        .map_err(|fault| fault::seal(&fault))
    }
}
