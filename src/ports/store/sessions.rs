//! Sessions: rotate, list, end.

use super::{Response, StoreFault};
use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    digest::Digest,
    id::{SessionId, UserId},
    revocation::{FeedPlace, Revocation},
    session::{LiveSession, Session},
    time::Timestamp,
};
use async_trait::async_trait;
use std::{net::IpAddr, time::Duration};

/// A refresh token presented for rotation.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The session.
    pub session_id: SessionId,
    /// The presented token's place in the family.
    pub counter: u32,
    /// SHA-256 of the presented token's secret.
    pub presented: Digest,
    /// Whether this service gave the presented token out. One that it did not is refused, and counts as nothing else.
    pub authentic: bool,
    /// SHA-256 of the successor's secret.
    pub successor: Digest,
    /// When.
    pub now: Timestamp,
    /// The device that the caller named; must be the session's where it is not empty.
    pub device_id: String,
    /// Where the call came from.
    pub address: Option<IpAddr>,
    /// From now on the session ends after this long without use.
    pub idle_lifetime: Duration,
    /// A direct parent is answered once more when rotated less than this ago.
    pub grace: Duration,
    /// The same where the request key is the one of the rotation.
    pub retry_grace: Duration,
    /// Keyed hash of the caller's request id, where there is one.
    pub request_key: Option<Digest>,
    /// One event for each way it may end; the store fills in user and session.
    pub events: RotationEvents,
    /// What is done beyond the end of the session in case the token turns out to be an old one.
    pub reused: Response,
    /// The same in case another device presents it.
    pub mismatched: Response,
}

/// The events of the ways in which a rotation may end. At most one of them is written, with what was done about it where
/// something is and one for each session that was ended. Of what is refused nothing has changed: its event is given back.
#[derive(Clone, Debug)]
pub struct RotationEvents {
    /// Rotated.
    pub rotated: AuditEvent,
    /// Answered once more.
    pub repeated: AuditEvent,
    /// An old token.
    pub reused: AuditEvent,
    /// What is done about an old token.
    pub reuse_responded: AuditEvent,
    /// Another device.
    pub device_mismatch: AuditEvent,
    /// What is done about another device.
    pub mismatch_responded: AuditEvent,
    /// The session has ended or is unknown, or the secret is wrong; given back.
    pub refused: AuditEvent,
}

/// What became of a rotation.
#[derive(Clone, Debug)]
pub enum RotationOutcome {
    /// The successor is the live token now. The session as it is after the rotation.
    Rotated(Box<LiveSession>),
    /// The answer was lost and is given again: the session as the rotation left it. The live token is the direct
    /// child of the presented one; `session.refresh_hash` tells under which key it was made.
    Repeated(Box<LiveSession>),
    /// An old token of the session: it has been ended, and what [`Rotation::reused`] says has been done.
    Reused {
        /// Whose.
        user_id: UserId,
        /// The sessions that were ended now.
        ended: Vec<SessionId>,
    },
    /// Another device's name: the session has been ended, and what [`Rotation::mismatched`] says has been done.
    DeviceMismatch {
        /// The sessions that were ended now.
        ended: Vec<SessionId>,
    },
    /// No such live session, or not its secret. Nothing has changed, and the event is for the caller to record.
    Refused(Box<AuditEvent>),
}

/// The answer of a repeatable call that tells how many sessions it has ended. That is known within the step alone, so it is
/// sealed there.
pub type CountedAnswer = Box<dyn Fn(usize) -> Result<RecordedAnswer, StoreFault> + Send + Sync>;

/// What became of a wish to end all sessions but one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndOthersOutcome {
    /// These have been ended now.
    Ended(Vec<SessionId>),
    /// A call with the same request id was faster; nothing was written.
    AlreadyAnswered,
}

/// What became of a sign-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignOutOutcome {
    /// These have ended: now, or the token's own before.
    Ended(Vec<SessionId>),
    /// There is no such session.
    Unknown,
}

/// A page of sessions.
#[derive(Clone, Debug)]
pub struct SessionPage {
    /// Newest first.
    pub sessions: Vec<Session>,
    /// Whether there are more.
    pub more: bool,
}

/// Sessions and their refresh tokens.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Rotates a refresh token: one statement on the way that succeeds.
    ///
    /// The order of the checks: a token that is not authentic, an unknown, ended or expired session, or a disabled user →
    /// `Refused`. The live token, or the direct parent within its grace: of another device → `DeviceMismatch`, the session
    /// ended; else `Rotated` or `Repeated`. Any other token with a counter below the live one → `Reused`. All else →
    /// `Refused`.
    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StoreFault>;

    /// Ends one session of a user, with its event. It is returned where it is ended now.
    async fn end_session(
        &self,
        user_id: UserId,
        session_id: SessionId,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<Vec<SessionId>, StoreFault>;

    /// Ends all sessions of a user but `kept`, with the answer of a repeatable call. `event` is written once for each session
    /// that is ended now.
    async fn end_others(
        &self,
        user_id: UserId,
        kept: SessionId,
        now: Timestamp,
        event: AuditEvent,
        answer: Option<CountedAnswer>,
    ) -> Result<EndOthersOutcome, StoreFault>;

    /// Ends a session for whoever holds a token of it, or all of its user's. Its device stays known, unless all of them end.
    ///
    /// `refreshed` is the counter of a refresh token, and `None` for an access token. Of a refresh token older than the direct
    /// parent the event says so; once the session has ended it ends nothing more, and an access token, which was good a moment
    /// ago, still ends all.
    async fn sign_out(
        &self,
        session_id: SessionId,
        refreshed: Option<u32>,
        all: bool,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<SignOutOutcome, StoreFault>;

    /// A page of a user's running sessions, newest first, those before `before` in that order.
    async fn sessions(
        &self,
        user_id: UserId,
        before: Option<SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<SessionPage, StoreFault>;

    /// What was revoked, from a place of the feed on, oldest first: at most `limit`, and fewer where there are no more.
    async fn revocations(&self, from: FeedPlace, limit: u32) -> Result<Vec<Revocation>, StoreFault>;
}
