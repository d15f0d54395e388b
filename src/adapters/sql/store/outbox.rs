//! The outbox over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{
        engine::{Access, Engine},
        steps,
    },
    domain::{audit::AuditEvent, id::MessageId, message::ClaimedMessage, time::Timestamp},
    ports::store::{Outbox, Settlement, StoreFault, TextMessage, Withheld},
};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl<E: Engine> Outbox for SqlStore<E> {
    async fn claim(&self, limit: u32, now: Timestamp, lease: Duration) -> Result<Vec<ClaimedMessage>, StoreFault> {
        step!(self, "claim", Write, |link| steps::outbox::claim(link, limit, now, now.after(lease)))
    }

    async fn release(&self, ids: Vec<MessageId>, now: Timestamp) -> Result<(), StoreFault> {
        step!(self, "release", Transaction, |link| steps::outbox::release(link, &ids, now))
    }

    async fn settle(
        &self,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> Result<(), StoreFault> {
        let engine = self.engine.clone();
        Self::hot("settle", async move { engine.settle(id, settlement, now, event).await }).await
    }

    async fn count_notice(
        &self,
        id: MessageId,
        text: TextMessage,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<Option<Withheld>, StoreFault> {
        let engine = self.engine.clone();
        let step = async move {
            let step = engine.step(Access::Transaction, move |link| {
                Box::pin(async move { steps::text_messages::count_notice(link, id, &text, &event, now).await })
            });
            step.await
        };
        Self::in_own_task("count_notice", self.text_messages_in_turn(step)).await
    }
}
