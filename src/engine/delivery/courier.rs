//! One message, from its claim to its settlement.

use super::{backoff, end::End, messengers::SmsRoute, seal::opened_content, words::Words, worker::WorkerParts};
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent},
        contact::{Channel, Identifier},
        id::{EventId, MessageId},
        message::{ClaimedMessage, Content, Envelope, Handover, Recipient, SmsEnvelope},
        session::Origin,
        time::Timestamp,
    },
    engine::text_messages,
    ports::{
        messenger::Messenger,
        store::{Settlement, StoreFault},
    },
};
use std::{net::IpAddr, sync::Arc, time::Duration};
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
}

/// A message in words, for its channel.
enum Letter<'a> {
    Email(&'a dyn Messenger, Envelope),
    Sms(&'a dyn Messenger<SmsEnvelope>, SmsEnvelope, Counted),
}

/// Whether a text message has been counted.
enum Counted {
    /// With its code.
    Before,
    /// A notice is counted when it is about to go. It tells of what somebody did from there.
    Now(Option<IpAddr>),
}

impl Courier {
    pub(super) const fn new(parts: Arc<WorkerParts>) -> Self {
        Self { parts }
    }

    /// Hands a message over, and tells what became of it, to be settled; `None` where its lease ran out before, for from
    /// `lease_end` on another worker may have it.
    pub(super) async fn carry(&self, message: &ClaimedMessage, lease_end: Timestamp) -> Option<End> {
        let mut way = ("", "");
        let end = self.carry_on(message, lease_end, &mut way).await;
        if let (Some(end), Some(challenge_id)) = (&end, message.challenge_id)
            && let Some((step, outcome)) = end.told()
        {
            self.parts.funnel.message(step, challenge_id, self.parts.clock.now(), outcome, way);
        }
        end
    }

    /// The same; `way` becomes the channel and the provider.
    async fn carry_on(
        &self,
        message: &ClaimedMessage,
        lease_end: Timestamp,
        way: &mut (&'static str, &'static str),
    ) -> Option<End> {
        let now = self.parts.clock.now();
        if now >= message.expire_time {
            return Some(End::Expired);
        }
        let letter = match self.letter(message) {
            Err(end) => return Some(end),
            Ok(letter) => letter,
        };
        let time_limit;
        (*way, time_limit) = match &letter {
            Letter::Email(messenger, _) => ((Channel::Email.as_str(), messenger.name()), messenger.time_limit()),
            Letter::Sms(messenger, ..) => ((Channel::Sms.as_str(), messenger.name()), messenger.time_limit()),
        };
        if now.after(time_limit) > lease_end {
            // This process was asleep, and another worker may be sending it at this moment.
            tracing::warn!(message_id = %message.message_id, "a message's lease ran out before its turn");
            return None;
        }
        // No later than the message expires.
        let limit = time_limit.min(message.expire_time.since(now));
        Some(match letter {
            Letter::Email(messenger, envelope) => hand_over(messenger, envelope.message_id, &envelope, limit).await,
            Letter::Sms(messenger, envelope, counted) => {
                if let Counted::Now(address) = counted
                    && let Err(end) = self.count(&envelope, address, now).await
                {
                    return Some(end);
                }
                hand_over(messenger, envelope.message_id, &envelope, limit).await
            }
        })
    }

    /// Counts a notice on the budgets of text messages: whoever can lock a number could else have messages sent to it
    /// that no rule stops.
    async fn count(&self, envelope: &SmsEnvelope, address: Option<IpAddr>, now: Timestamp) -> Result<(), End> {
        let WorkerParts { outbox, keys, entropy, policies, .. } = &*self.parts;
        let text = text_messages::counted(&envelope.to, address, &**keys, &**entropy, &**policies);
        let mut event = AuditEvent::new(EventId::new(entropy.uuid()), now, Act::MessageDropped, &Origin::default());
        (event.actor, event.message_id) = (Actor::Service, Some(envelope.message_id));
        match outbox.count_notice(envelope.message_id, text, event, now).await {
            Ok(None) => Ok(()),
            Ok(Some(withheld)) => {
                text_messages::tell(withheld);
                Err(End::Dropped { reason: withheld.stop.as_str() })
            }
            Err(error) => {
                tracing::warn!(message_id = %envelope.message_id, %error, "a notice cannot be counted, and is put off");
                Err(End::Later)
            }
        }
    }

    /// The message in words, or what becomes of one that cannot be put into words.
    fn letter(&self, message: &ClaimedMessage) -> Result<Letter<'_>, End> {
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
        let to = match (&message.recipient, &content) {
            (_, Content::ToNobody) => return Err(End::ToNobody),
            (Recipient::User { user_id, contact, .. }, _) => {
                contact.open(&ring, *user_id).map_err(unreadable)?.preferred()
            }
            (
                Recipient::InContent,
                Content::Code { destination, .. } | Content::IdentifierLocked { destination, .. },
            ) => Identifier::stored(destination),
            (Recipient::InContent, _) => None,
        };
        let to = to.ok_or_else(|| {
            tracing::error!(%message_id, "a message has no usable address");
            End::Dropped { reason: "NO_ADDRESS" }
        })?;
        let in_words = |fault| {
            tracing::error!(%message_id, error = %fault, "a message cannot be put into words");
            End::Dropped { reason: "TEMPLATE_FAULT" }
        };
        let (create_time, expire_time) = (message.create_time, message.expire_time);
        match to {
            Identifier::Email(to) => {
                let Words { subject, text, html } = self.parts.templates.words(&content, locale).map_err(in_words)?;
                let envelope = Envelope { message_id, to, subject, text, html, create_time, expire_time };
                Ok(Letter::Email(self.parts.messengers.email.as_ref(), envelope))
            }
            Identifier::Phone(to) => {
                let Some(SmsRoute { messenger, domain }) = &self.parts.messengers.sms else {
                    // Another process may have a provider already, and this one soon.
                    tracing::error!(%message_id, reason = "NO_SMS_PROVIDER", "a message goes by SMS, and is put off");
                    return Err(End::Later);
                };
                let text = self.parts.templates.sms(&content, locale, domain).map_err(in_words)?;
                let counted = content.noticed_from().map_or(Counted::Before, |from| Counted::Now(from.parse().ok()));
                Ok(Letter::Sms(
                    messenger.as_ref(),
                    SmsEnvelope { message_id, to, text, create_time, expire_time },
                    counted,
                ))
            }
        }
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
            End::ToNobody => {
                let (_, event) = self.dropped(message, "REVIEW_ACCOUNT");
                (Settlement::Delivered { provider_message_id: String::new() }, event)
            }
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

/// Hands over within `limit`.
async fn hand_over<E: Sync>(messenger: &dyn Messenger<E>, message_id: MessageId, envelope: &E, limit: Duration) -> End {
    let span = tracing::info_span!("delivery", %message_id, provider = messenger.name());
    let handover = timeout(limit, messenger.hand_over(envelope)).instrument(span).await;
    let handover = handover.unwrap_or(Handover::Unanswered { reason: "PROVIDER_TIMED_OUT" });
    let provider = messenger.name();
    match handover {
        Handover::Accepted { provider_message_id } => End::Delivered { provider_message_id },
        Handover::Refused { reason } | Handover::Unserved { reason } => {
            tracing::warn!(%message_id, provider, reason, "a message was refused for good");
            End::Dropped { reason }
        }
        Handover::Deferred { reason } | Handover::Unanswered { reason } => {
            tracing::warn!(%message_id, provider, reason, "a message was put off");
            End::Later
        }
        Handover::Misconfigured { reason } => {
            tracing::error!(%message_id, provider, reason, "the provider refuses our settings");
            End::Later
        }
    }
}
