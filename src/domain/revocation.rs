//! Sessions that ended before the tokens issued for them did.

use super::{id::SessionId, time::Timestamp};

/// One ended session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The session.
    pub session_id: SessionId,
    /// When it was ended.
    pub revoke_time: Timestamp,
}
