//! Users: read and change.

use super::StoreFault;
use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    id::{SessionId, UserId},
    time::Timestamp,
    user::User,
};
use async_trait::async_trait;

pub use crate::domain::user::UserChange;

/// What became of a change.
#[derive(Clone, Debug)]
pub enum UserChangeOutcome {
    /// The user as changed, and the sessions that were ended by it.
    Changed(Box<User>, Vec<SessionId>),
    /// No such user; nothing was written.
    NotFound,
    /// A call with the same request id was faster; nothing was written.
    AlreadyAnswered,
}

/// Users.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Reads a user.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreFault>;

    /// Changes a user, with its event, one for each session that it ends, and its recorded answer.
    async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        now: Timestamp,
        event: AuditEvent,
        answer: Option<RecordedAnswer>,
    ) -> Result<UserChangeOutcome, StoreFault>;
}
