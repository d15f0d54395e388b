//! Users over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{
        engine::{Access, Engine},
        steps,
    },
    domain::{
        answer::RecordedAnswer,
        audit::AuditEvent,
        id::UserId,
        time::Timestamp,
        user::{User, UserChange},
    },
    ports::store::{StoreFault, UserChangeOutcome, UserStore},
};
use async_trait::async_trait;

#[async_trait]
impl<E: Engine> UserStore for SqlStore<E> {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreFault> {
        step!(self, "user", Read, |link| steps::users::user(link, id))
    }

    async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        now: Timestamp,
        event: AuditEvent,
        answer: Option<RecordedAnswer>,
    ) -> Result<UserChangeOutcome, StoreFault> {
        step!(self, "change_user", Transaction, |link| steps::users::change(
            link,
            id,
            change,
            now,
            event,
            answer.as_ref()
        ))
    }
}
