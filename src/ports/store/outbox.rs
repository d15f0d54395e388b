//! Messages that wait for a worker.

use super::{StoreFault, TextMessage, Withheld};
use crate::domain::{audit::AuditEvent, id::MessageId, message::ClaimedMessage, time::Timestamp};
use async_trait::async_trait;
use std::time::Duration;

/// How a claimed message ends or goes on.
#[derive(Clone, Debug)]
pub enum Settlement {
    /// Handed over: the content is erased.
    Delivered {
        /// The name of the provider that took it.
        provider: String,
        /// The provider's id for it; empty where it gives none.
        provider_message_id: String,
    },
    /// Given up: the content is erased.
    Dropped {
        /// Why, in the word that its event has.
        reason: &'static str,
    },
    /// To be claimed again.
    Retry {
        /// When.
        due_time: Timestamp,
        /// How often it may have been sent without an answer.
        unanswered: u32,
    },
}

/// The outbox.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Claims up to `limit` messages that are due, codes before notices and then oldest first, for `lease`: no other worker gets them before it is
    /// over. Messages past their expiry are claimed too, so that they can be dropped with an event.
    async fn claim(&self, limit: u32, now: Timestamp, lease: Duration) -> Result<Vec<ClaimedMessage>, StoreFault>;

    /// Has messages be due now that were accepted as claimed and that nobody has carried, those of them that were accepted: for
    /// whoever asked for that and was not told what came of it.
    async fn release(&self, ids: Vec<MessageId>, now: Timestamp) -> Result<(), StoreFault>;

    /// Settles a claimed message, together with its event. A message that is settled already stays as it is.
    async fn settle(
        &self,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> Result<(), StoreFault>;

    /// Counts a notice that is about to go by text message, once however often it is tried, or tells why it may not go.
    /// Where a rule is in shadow an event like `event` says so; where a budget is found spent, an alarm.
    async fn count_notice(
        &self,
        id: MessageId,
        text: TextMessage,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<Option<Withheld>, StoreFault>;
}
