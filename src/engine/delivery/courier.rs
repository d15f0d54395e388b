//! One message, from its claim to its settlement.

use super::{backoff, seal::opened_content, words::Templates, worker::WorkerParts};
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent},
        contact::EmailAddress,
        id::EventId,
        message::{ClaimedMessage, Content, Envelope, Handover, Recipient},
        sealed::{Place, open},
        secret::ExposeSecret,
        session::Origin,
        time::Timestamp,
        user::USER_EMAIL,
    },
    ports::store::{Settlement, StoreFault},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};
use tracing::Instrument as _;

/// How much longer than a hand-over its lease is: the time for claiming and settling, and for what the clocks of two
/// processes may differ.
pub const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// How often a settlement is tried that the store calls impossible.
const BROKEN_TRIES: u32 = 5;

/// Carries messages, one at a time for each call.
pub(super) struct Courier {
    parts: Arc<WorkerParts>,
    templates: Templates,
}

/// What becomes of a message.
pub(super) enum End {
    Delivered { provider_message_id: String },
    Dropped { reason: &'static str },
    Expired,
    Later,
}

impl Courier {
    pub(super) const fn new(parts: Arc<WorkerParts>, templates: Templates) -> Self {
        Self { parts, templates }
    }

    /// Hands a message over, and tells what became of it, to be settled; `None` where its lease ran out before, for from
    /// `lease_end` on another worker may have it.
    pub(super) async fn carry(&self, message: &ClaimedMessage, lease_end: Timestamp) -> Option<End> {
        let now = self.parts.clock.now();
        if now >= message.expire_time {
            return Some(End::Expired);
        }
        let envelope = match self.envelope(message) {
            Err(end) => return Some(end),
            Ok(envelope) => envelope,
        };
        let time_limit = self.parts.messenger.time_limit();
        if now.after(time_limit) > lease_end {
            // This process was asleep, and another worker may be sending it at this moment.
            tracing::warn!(message_id = %message.message_id, "a message's lease ran out before its turn");
            return None;
        }
        Some(self.hand_over(&envelope, time_limit.min(message.expire_time.since(now))).await)
    }

    /// Hands over within `limit`, which ends no later than the message expires.
    async fn hand_over(&self, envelope: &Envelope, limit: Duration) -> End {
        let messenger = &self.parts.messenger;
        let message_id = envelope.message_id;
        let span = tracing::info_span!("delivery", %message_id, provider = messenger.name());
        let handover = timeout(limit, messenger.hand_over(envelope)).instrument(span).await;
        match handover.unwrap_or(Handover::Deferred { reason: "PROVIDER_TIMED_OUT" }) {
            Handover::Accepted { provider_message_id } => End::Delivered { provider_message_id },
            Handover::Refused { reason } => {
                tracing::warn!(%message_id, provider = messenger.name(), reason, "a message was refused for good");
                End::Dropped { reason }
            }
            Handover::Deferred { reason } => {
                tracing::warn!(%message_id, provider = messenger.name(), reason, "a message was put off");
                End::Later
            }
            Handover::Misconfigured { reason } => {
                tracing::error!(%message_id, provider = messenger.name(), reason, "the provider refuses our settings");
                End::Later
            }
        }
    }

    /// The message in words, or what becomes of one that cannot be put into words.
    fn envelope(&self, message: &ClaimedMessage) -> Result<Envelope, End> {
        let message_id = message.message_id;
        let ring = self.parts.keys.sealing();
        if ring.get(&message.content.key_id).is_none() {
            // Another process may have the key already, and this one soon.
            tracing::error!(%message_id, key_id = %message.content.key_id, "a message is sealed under an unknown key");
            return Err(End::Later);
        }
        let unreadable = |_| {
            tracing::error!(%message_id, "a message does not open");
            End::Dropped { reason: "UNREADABLE" }
        };
        let content = opened_content(&ring, message_id, &message.content).map_err(unreadable)?;
        let locale = match &message.recipient {
            Recipient::User { locale, .. } => locale.as_str(),
            Recipient::InContent => "",
        };
        let words = self.templates.words(&content, locale).map_err(|fault| {
            tracing::error!(%message_id, error = %fault, "a message cannot be put into words");
            End::Dropped { reason: "TEMPLATE_FAULT" }
        })?;
        let words = words.ok_or(End::Dropped { reason: "REVIEW_ACCOUNT" })?;
        let to = match (&message.recipient, &content) {
            (Recipient::User { user_id, email, .. }, _) => {
                let row = user_id.uuid();
                let place = Place { column: USER_EMAIL, row: row.as_bytes() };
                let address = open(&ring, place, email).map_err(unreadable)?;
                str::from_utf8(address.expose_secret()).ok().and_then(|address| EmailAddress::parse(address).ok())
            }
            (
                Recipient::InContent,
                Content::Code { destination, .. } | Content::IdentifierLocked { destination, .. },
            ) => EmailAddress::parse(destination).ok(),
            (Recipient::InContent, _) => None,
        };
        let to = to.ok_or_else(|| {
            tracing::error!(%message_id, "a message has no usable address");
            End::Dropped { reason: "NO_ADDRESS" }
        })?;
        Ok(Envelope {
            message_id,
            to,
            subject: words.subject,
            text: words.text,
            html: words.html,
            create_time: message.create_time,
        })
    }

    /// Writes down what became of a message. An end is tried until the store takes it or the message expires, for a
    /// message that was sent and not settled would be sent again.
    pub(super) async fn settle(&self, message: &ClaimedMessage, end: End, lease_end: Timestamp) {
        let (settlement, event) = self.settlement(message, end);
        let mut tries = 0;
        loop {
            let now = self.parts.clock.now();
            if matches!(settlement, Settlement::Retry(_)) && now >= lease_end {
                // Another worker may have it, and its lease is not ours to end.
                return;
            }
            let settled = self.parts.outbox.settle(message.message_id, settlement.clone(), now, event.clone()).await;
            let Err(fault) = settled else { return };
            tries += 1;
            let pause = backoff::pause(tries, &*self.parts.entropy);
            let hopeless = match (&settlement, &fault) {
                // The end of the lease brings it back just as well.
                (Settlement::Retry(_), _) => true,
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

    fn settlement(&self, message: &ClaimedMessage, end: End) -> (Settlement, Option<AuditEvent>) {
        match end {
            End::Delivered { provider_message_id } => {
                (Settlement::Delivered { provider_message_id }, Some(self.event(message, Act::MessageDelivered)))
            }
            End::Dropped { reason } => self.dropped(message, reason),
            End::Expired => {
                tracing::warn!(message_id = %message.message_id, "a message expired unsent");
                self.dropped(message, "EXPIRED")
            }
            End::Later => {
                let now = self.parts.clock.now();
                let next = now.after(backoff::pause(message.attempts, &*self.parts.entropy));
                if next >= message.expire_time {
                    self.settlement(message, End::Expired)
                } else {
                    (Settlement::Retry(next), None)
                }
            }
        }
    }

    fn dropped(&self, message: &ClaimedMessage, reason: &'static str) -> (Settlement, Option<AuditEvent>) {
        (Settlement::Dropped, Some(self.event(message, Act::MessageDropped).failed(reason)))
    }

    fn event(&self, message: &ClaimedMessage, act: Act) -> AuditEvent {
        let event_id = EventId::new(self.parts.entropy.uuid());
        AuditEvent {
            actor: Actor::Service,
            message_id: Some(message.message_id),
            challenge_id: message.challenge_id,
            user_id: match message.recipient {
                Recipient::User { user_id, .. } => Some(user_id),
                Recipient::InContent => None,
            },
            ..AuditEvent::new(event_id, self.parts.clock.now(), act, &Origin::default())
        }
    }
}
