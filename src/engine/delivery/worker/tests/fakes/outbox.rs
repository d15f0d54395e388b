//! The outbox in memory.

use super::World;
use crate::{
    domain::{audit::AuditEvent, id::MessageId, message::ClaimedMessage, time::Timestamp},
    ports::store::{Outbox, Settlement, StoreFault, TextMessage, Withheld},
};
use async_trait::async_trait;
use std::{sync::atomic::Ordering, time::Duration};

fn down() -> StoreFault {
    StoreFault::Unavailable("down".into())
}

#[async_trait]
impl Outbox for World {
    async fn claim(&self, limit: u32, now: Timestamp, lease: Duration) -> Result<Vec<ClaimedMessage>, StoreFault> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        if self.store_down.load(Ordering::SeqCst) {
            return Err(down());
        }
        let mut rows = self.rows.lock().unwrap();
        let due = rows.iter_mut().filter(|row| row.end.is_none() && row.due <= now).take(limit as usize);
        Ok(due
            .map(|row| {
                row.due = now.after(lease);
                row.message.attempts += 1;
                row.message.clone()
            })
            .collect())
    }

    async fn release(&self, ids: Vec<MessageId>, now: Timestamp) -> Result<(), StoreFault> {
        if self.store_down.load(Ordering::SeqCst) {
            return Err(down());
        }
        let mut rows = self.rows.lock().unwrap();
        for row in rows.iter_mut().filter(|row| ids.contains(&row.message.message_id)) {
            if row.end.is_none() && row.message.attempts == 1 && row.due > now {
                row.due = now;
            }
        }
        Ok(())
    }

    async fn settle(
        &self,
        id: MessageId,
        settlement: Settlement,
        _now: Timestamp,
        event: Option<AuditEvent>,
    ) -> Result<(), StoreFault> {
        if self.store_down.load(Ordering::SeqCst) || self.settle_down.load(Ordering::SeqCst) {
            return Err(down());
        }
        let mut rows = self.rows.lock().unwrap();
        let row = rows.iter_mut().find(|row| row.message.message_id == id && row.end.is_none());
        if let Some(row) = row {
            match settlement {
                Settlement::Retry { due_time, unanswered } => {
                    (row.due, row.message.unanswered) = (due_time, unanswered);
                }
                end => (row.end, row.event) = (Some(end), event),
            }
        }
        Ok(())
    }

    async fn count_notice(
        &self,
        _id: MessageId,
        _text: TextMessage,
        _event: AuditEvent,
        _now: Timestamp,
    ) -> Result<Option<Withheld>, StoreFault> {
        Ok(*self.withheld.lock().unwrap())
    }
}
