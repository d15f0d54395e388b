//! Sessions that ended before the tokens issued for them did, and the feed that tells of them.

use super::{id::SessionId, time::Timestamp};
use uuid::Uuid;

/// One ended session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The session.
    pub session_id: SessionId,
    /// When it was ended.
    pub revoke_time: Timestamp,
}

/// A place in the feed of revocations, which is in the order of their times, and of the sessions where these are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// What was revoked at this time or later comes behind it.
    pub time: Timestamp,
    /// Of that very time, what is greater.
    pub session_id: SessionId,
}

impl FeedPlace {
    /// Before everything that was revoked at `time` or later.
    #[must_use]
    pub const fn before(time: Timestamp) -> Self {
        Self { time, session_id: SessionId::new(Uuid::nil()) }
    }

    /// Right behind one that has been read.
    #[must_use]
    pub const fn behind(revocation: &Revocation) -> Self {
        Self { time: revocation.revoke_time, session_id: revocation.session_id }
    }
}
