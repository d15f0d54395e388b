//! What operators decide of providers and ask of messages.

use super::StoreFault;
use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    contact::Channel,
    delivery::Delivery,
    id::{ChallengeId, MessageId},
    time::Timestamp,
};
use async_trait::async_trait;

/// A provider that gets no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainedProvider {
    /// What it carries.
    pub channel: Channel,
    /// Its name.
    pub name: String,
    /// Since when.
    pub drain_time: Timestamp,
}

/// A provider to be drained or resumed, with its event.
#[derive(Clone, Debug)]
pub struct DrainChange {
    /// What it carries.
    pub channel: Channel,
    /// Its name.
    pub name: String,
    /// Whether it is drained from now on.
    pub drained: bool,
    /// When.
    pub now: Timestamp,
    /// What happened.
    pub event: AuditEvent,
    /// The answer of a repeatable call.
    pub answer: Option<RecordedAnswer>,
}

/// Which messages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOf {
    /// This one.
    Message(MessageId),
    /// Those that carry codes of a challenge.
    Challenge(ChallengeId),
}

/// The providers' drains, and the fate of messages.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// The providers that are drained.
    async fn drained_providers(&self) -> Result<Vec<DrainedProvider>, StoreFault>;

    /// Drains or resumes a provider; one that is so already stays as it is, and the event is recorded all the same. `false`
    /// where the call has been answered before: then nothing happens.
    async fn set_drained(&self, change: DrainChange) -> Result<bool, StoreFault>;

    /// What became of messages, the newest first, at most `limit`. Settled ones are kept for a day.
    async fn deliveries(&self, of: DeliveryOf, limit: u32) -> Result<Vec<Delivery>, StoreFault>;
}
