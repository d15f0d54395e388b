//! Providers that carry messages to people.

use crate::domain::message::{Envelope, Handover};
use async_trait::async_trait;

/// Hands messages to one provider.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// The provider's name in audit and telemetry, such as `smtp`.
    fn name(&self) -> &'static str;

    /// Hands a message over. It ends within the adapter's own time-out; an answer that was lost is `Deferred`.
    async fn hand_over(&self, envelope: &Envelope) -> Handover;
}
