//! Refresh: exchange a refresh token for its one successor.

use super::{TokenIssuer, Tokens};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        digest::Digest,
        policy::SecurityEvent,
        refresh_token::{PresentedToken, RefreshToken},
        refusal::Refusal,
        secret::{ExposeSecret, SecretString},
        session::{LiveSession, Origin},
        time::Timestamp,
    },
    engine::{fault, security::Security},
    ports::store::{Rotation, RotationEvents, RotationOutcome},
};
use uuid::Uuid;

/// A refresh token presented for its successor.
#[derive(Debug)]
pub struct Refresh {
    /// The token.
    pub refresh_token: SecretString,
    /// The device that presents it; empty where the client names none.
    pub device_id: String,
    /// Chosen by the caller: a retry under the same id is answered for longer.
    pub request_id: Option<Uuid>,
    /// Whether that retry is answered for as long as the successor is unused, and not for `sessions.refresh_retry` alone:
    /// for a caller who keeps the token sealed, and may not come again for days after an answer was lost.
    pub patient: bool,
}

impl TokenIssuer {
    /// Rotates a refresh token. Its successor is a function of the token and of a key, so that a call whose answer was
    /// lost is answered with the same successor, and no second branch can exist (RFC 9700 section 4.14.2).
    ///
    /// # Errors
    /// [`Refusal::RefreshTokenInvalid`]; [`Refusal::RefreshTokenReused`] for an old token and [`Refusal::DeviceMismatch`],
    /// the session having been ended, and what policy chose having been done; [`Refusal::Overloaded`], after which the
    /// same call gets the successor; faults.
    pub async fn refresh(&self, request: Refresh, origin: &Origin) -> Result<Tokens, Refusal> {
        self.may_issue()?;
        let ring = self.parts.keys.refresh();
        let Some(presented) = RefreshToken::parse(request.refresh_token.expose_secret(), &ring) else {
            let mut event = AuditEvent::new(self.event_id(), self.parts.clock.now(), Act::TokenRefreshed, origin);
            event.device_id = request.device_id;
            return Err(self.guessed(&event.failed("REFRESH_TOKEN_INVALID")).await);
        };
        let successor = presented.token.child(ring.newest());
        let rotation = self.rotation(&request, &presented, &successor, origin)?;
        let rotated = self.parts.store.rotate(rotation).await.map_err(|fault| {
            if presented.authentic {
                self.outages.note_of(presented.token.session_id, self.parts.clock.now());
            }
            fault::store(&fault)
        });
        match rotated? {
            RotationOutcome::Rotated(live) => self.issue(&live, &successor).await,
            RotationOutcome::Repeated(live) => self.repeated(&request, &presented.token, *live).await,
            RotationOutcome::Reused { ended, .. } => {
                self.note_ended(&ended);
                Err(Refusal::RefreshTokenReused)
            }
            RotationOutcome::DeviceMismatch { ended } => {
                self.note_ended(&ended);
                Err(Refusal::DeviceMismatch)
            }
            RotationOutcome::Refused(event) => Err(self.guessed(&event).await),
        }
    }

    /// Records a token that changed nothing, unless there were too many from its address, and gives the refusal.
    async fn guessed(&self, event: &AuditEvent) -> Refusal {
        self.parts.guesses.wrong(event).await.err().unwrap_or(Refusal::RefreshTokenInvalid)
    }

    /// The answer of an earlier call: to the letter, but where it is given so late that its access token may be over. Then
    /// the access token is of now.
    async fn repeated(
        &self,
        request: &Refresh,
        parent: &RefreshToken,
        mut live: LiveSession,
    ) -> Result<Tokens, Refusal> {
        let now = self.parts.clock.now();
        if request.patient && live.session.last_use_time.after(self.parts.policy.refresh_retry) <= now {
            live.session.last_use_time = now;
        }
        self.issue(&live, &self.live_child(parent, &live)?).await
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
        let parts = &self.parts;
        let security = Security::in_force(&*parts.keys, &*parts.entropy, &*parts.policies);
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
            // A rotation may have been written whose caller was told that the store failed, and to try again.
            grace: self.outages.grace(token.session_id, now),
            // No session lives longer: what bounds it then is its own end, and the use of the successor.
            retry_grace: if request.patient { policy.absolute_lifetime } else { policy.refresh_retry },
            request_key,
            events: self.rotation_events(&security, request, token, origin, now),
            reused: security.response(SecurityEvent::ReplayedToken, origin, now)?,
            mismatched: security.response(SecurityEvent::DeviceMismatch, origin, now)?,
        })
    }

    /// One event is written or given back, so all of them may carry the same id; a response comes beside it.
    fn rotation_events(
        &self,
        security: &Security<'_>,
        request: &Refresh,
        presented: &RefreshToken,
        origin: &Origin,
        now: Timestamp,
    ) -> RotationEvents {
        let mut rotated = AuditEvent::new(self.event_id(), now, Act::TokenRefreshed, origin);
        rotated.session_id = Some(presented.session_id);
        rotated.device_id.clone_from(&request.device_id);
        let reuse_responded = security.responded(SecurityEvent::ReplayedToken, &rotated);
        let mismatch_responded = security.responded(SecurityEvent::DeviceMismatch, &rotated);
        RotationEvents {
            reuse_responded,
            mismatch_responded,
            repeated: AuditEvent { reason: "ANSWERED_AGAIN".into(), ..rotated.clone() },
            reused: AuditEvent { act: Act::RefreshTokenReused, ..rotated.clone() }.failed("REFRESH_TOKEN_REUSED"),
            device_mismatch: rotated.clone().failed("DEVICE_MISMATCH"),
            refused: rotated.clone().failed("REFRESH_TOKEN_INVALID"),
            rotated,
        }
    }
}
