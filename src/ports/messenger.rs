//! Providers that carry messages to people: one kind for each channel.

use crate::domain::message::{Envelope, Handover};
use async_trait::async_trait;
use std::time::Duration;

/// Hands messages to one provider: emails, or as `Messenger<SmsEnvelope>` short messages.
#[async_trait]
pub trait Messenger<E: Sync = Envelope>: Send + Sync {
    /// The provider's name in telemetry, such as `smtp`.
    fn name(&self) -> &'static str;

    /// How long a hand-over takes at most; the lease on a claimed message is longer.
    fn time_limit(&self) -> Duration;

    /// Hands a message over. It ends within the time limit; where the provider may have taken a message and did not say
    /// so, that is `Unanswered`. Whoever drops the future ends the hand-over: what the provider has not fully received by
    /// then it does not send.
    async fn hand_over(&self, envelope: &E) -> Handover;
}
