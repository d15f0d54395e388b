//! Magic links: what a store is told when one is approved or rejected.

use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    digest::Digest,
    id::{ChallengeId, SessionId},
    time::Timestamp,
};

/// A pending link to approve, so that the device that asked may collect its session.
#[derive(Clone, Debug)]
pub struct Approval {
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// The counter that the attempt was charged to: its failures are forgotten.
    pub counter_key: Digest,
    /// When: a link that has expired by then is not approved.
    pub now: Timestamp,
    /// What the audit log says.
    pub event: AuditEvent,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
}

/// What became of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It was done.
    Done,
    /// The challenge was used, or the link is not pending any more, or a call with the same request id was faster;
    /// nothing was written.
    Spent,
}

/// A link by which its challenge is ended.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// When: a link that has expired by then ends nothing.
    pub now: Timestamp,
    /// Whether every session of the user ends, and no device of theirs is known any more. Where nobody has signed in
    /// with the identifier yet there is none.
    pub revoke: bool,
    /// What the audit log says.
    pub event: AuditEvent,
    /// What it says of the ended sessions, where there are any: one event for each is made of it.
    pub revoked: AuditEvent,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
}

/// What became of a rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RejectOutcome {
    /// It was done, and these sessions ended.
    Done(Vec<SessionId>),
    /// The challenge was used or rejected before, or a call with the same request id was faster; nothing was written.
    Spent,
}
