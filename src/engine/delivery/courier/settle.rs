//! What became of a message, written down.

use super::{Courier, End, Ended};
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent},
        id::EventId,
        message::{ClaimedMessage, Recipient},
        session::Origin,
        time::Timestamp,
    },
    engine::delivery::backoff,
    ports::store::{Settlement, StoreFault},
};
use std::time::Duration;
use tokio::time::sleep;

/// Within how much time those that wait for one moment come.
const SCATTER_MICROS: u64 = 500_000;

/// How long after the store did not answer a settlement is tried again: sooner than any worker claims what is due after an outage,
/// as what was sent and not settled would be sent again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often a settlement is tried that the store calls impossible.
const BROKEN_TRIES: u32 = 5;

impl Courier {
    /// Writes down what became of a message. An end is tried until the store takes it or the message expires, for a
    /// message that was sent and not settled would be sent again.
    pub(in super::super) async fn settle(&self, message: &ClaimedMessage, ended: Ended, lease_end: Timestamp) {
        let Ended { end, origin } = ended;
        let (settlement, event) = self.settlement(message, &origin, end);
        let mut tries = 0;
        loop {
            let now = self.parts.clock.now();
            if matches!(settlement, Settlement::Retry { .. }) && now >= lease_end {
                // Another worker may have it, and its lease is not ours to end.
                return;
            }
            let settled = self.parts.outbox.settle(message.message_id, settlement.clone(), now, event.clone()).await;
            let Err(fault) = settled else { return };
            tries += 1;
            let pause = match fault {
                StoreFault::Unavailable(_) => AGAIN,
                StoreFault::Broken(_) => backoff::pause(tries, &*self.parts.entropy),
            };
            let hopeless = match (&settlement, &fault) {
                // The end of the lease brings it back just as well.
                (Settlement::Retry { .. }, _) => true,
                (_, StoreFault::Broken(_)) => tries >= BROKEN_TRIES,
                (_, StoreFault::Unavailable(_)) => now.after(pause) >= message.expire_time,
            };
            if hopeless {
                tracing::error!(message_id = %message.message_id, error = %fault, "a message could not be settled");
                return;
            }
            sleep(pause).await;
        }
    }

    fn settlement(&self, message: &ClaimedMessage, origin: &Origin, end: End) -> (Settlement, Option<AuditEvent>) {
        match end {
            End::Delivered { provider, provider_message_id } => {
                let settlement = Settlement::Delivered { provider: provider.to_string(), provider_message_id };
                (settlement, Some(self.event(message, origin, Act::MessageDelivered)))
            }
            End::Dropped { reason } => self.dropped(message, origin, reason),
            End::ToNobody => {
                let (_, event) = self.dropped(message, origin, "REVIEW_ACCOUNT");
                (Settlement::Delivered { provider: String::new(), provider_message_id: String::new() }, event)
            }
            End::Expired => {
                tracing::warn!(message_id = %message.message_id, "a message expired unsent");
                self.dropped(message, origin, "EXPIRED")
            }
            End::Later { not_before, unanswered } => {
                let due_time = match not_before {
                    // Together, those who wait for one time would be too many at once.
                    Some(time) => time.after(Duration::from_micros(self.parts.entropy.below(SCATTER_MICROS))),
                    None => self.parts.clock.now().after(backoff::pause(message.attempts, &*self.parts.entropy)),
                };
                if due_time >= message.expire_time {
                    self.settlement(message, origin, End::Expired)
                } else {
                    (Settlement::Retry { due_time, unanswered }, None)
                }
            }
        }
    }

    fn dropped(
        &self,
        message: &ClaimedMessage,
        origin: &Origin,
        reason: &'static str,
    ) -> (Settlement, Option<AuditEvent>) {
        (Settlement::Dropped { reason }, Some(self.event(message, origin, Act::MessageDropped).failed(reason)))
    }

    fn event(&self, message: &ClaimedMessage, origin: &Origin, act: Act) -> AuditEvent {
        let event_id = EventId::new(self.parts.entropy.uuid());
        AuditEvent {
            actor: Actor::Service,
            message_id: Some(message.message_id),
            challenge_id: message.challenge_id,
            user_id: match message.recipient {
                Recipient::User { user_id, .. } => Some(user_id),
                Recipient::InContent => None,
            },
            ..AuditEvent::new(event_id, self.parts.clock.now(), act, origin)
        }
    }
}
