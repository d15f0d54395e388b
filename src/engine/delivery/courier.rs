//! One message, from its claim to its settlement.

mod settle;

use super::{
    chain::{Carried, Chain},
    messengers::SmsRoute,
    seal::opened_content,
    words::Words,
    worker::{Hand, WorkerParts},
};
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent},
        contact::{Channel, Identifier, IdentifierKey},
        funnel::Step,
        id::{EventId, MessageId},
        message::{ClaimedMessage, Content, Envelope, Recipient, SmsEnvelope},
        sealed::CannotOpen,
        session::Origin,
        time::Timestamp,
    },
    engine::text_messages,
};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// How much longer than a hand-over its lease is: the time for claiming and settling, and for what the clocks of two
/// processes may differ.
pub const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// Carries messages, one at a time for each call.
pub(super) struct Courier {
    parts: Arc<WorkerParts>,
}

/// A message in words, for its channel.
enum Lettered<'a> {
    Email(&'a Chain<Envelope>, Envelope),
    Sms(&'a Chain<SmsEnvelope>, SmsEnvelope, Counted),
}

/// Whether a text message has been counted.
enum Counted {
    /// With its code.
    Before,
    /// A notice is counted when it is about to go. It tells of what somebody did from there.
    Now(Option<IpAddr>),
}

/// What became of a message, and whose it was.
pub(super) struct Ended {
    end: End,
    /// The trace of the call that it came from, where that is known; no address, for nobody asks for its delivery.
    origin: Origin,
}

/// What becomes of a message.
pub(super) enum End {
    Delivered {
        provider: Arc<str>,
        provider_message_id: String,
    },
    Dropped {
        reason: &'static str,
    },
    /// It is for nobody. Whoever watches its challenge does not tell it from one that was sent.
    ToNobody,
    Expired,
    /// Another try: not before this time where there is one, else after the usual pause.
    Later {
        not_before: Option<Timestamp>,
        /// How often it may have been sent by now.
        unanswered: u32,
    },
}

impl Courier {
    pub(super) const fn new(parts: Arc<WorkerParts>) -> Self {
        Self { parts }
    }

    /// Carries a message, and tells what became of it, to be settled; `None` where its lease ran out before, for from
    /// `lease_end` on another worker may have it. The hand is given back early where the message has to wait.
    pub(super) async fn carry(
        &self,
        message: &ClaimedMessage,
        lease_end: Timestamp,
        hand: &mut Option<Hand>,
    ) -> Option<Ended> {
        let (content, trace_id) = match self.opened(message) {
            Ok((content, trace_id)) => (Ok(content), trace_id),
            Err(end) => (Err(end), String::new()),
        };
        let channel = content.as_ref().ok().and_then(Content::channel).map_or("", Channel::as_str);
        let origin = Origin { address: None, trace_id };
        let end = self.carry_on(message, content, &origin, lease_end, hand).await?;
        if let Some(challenge_id) = message.challenge_id {
            let step = match &end {
                End::Delivered { provider, .. } => Some((Step::Delivered, "accepted", &**provider)),
                End::Dropped { reason } => Some((Step::Failed, *reason, "")),
                End::ToNobody => Some((Step::Failed, "REVIEW_ACCOUNT", "")),
                End::Expired => Some((Step::Failed, "EXPIRED", "")),
                End::Later { .. } => None,
            };
            if let Some((step, outcome, provider)) = step {
                self.parts.funnel.message(step, challenge_id, self.parts.clock.now(), outcome, channel, provider);
            }
        }
        Some(Ended { end, origin })
    }

    /// The same of a message that has been opened, or of which it is clear what becomes as it could not be.
    async fn carry_on(
        &self,
        message: &ClaimedMessage,
        content: Result<Content, End>,
        origin: &Origin,
        lease_end: Timestamp,
        hand: &mut Option<Hand>,
    ) -> Option<End> {
        let now = self.parts.clock.now();
        if now >= message.expire_time {
            return Some(End::Expired);
        }
        let (key, letter) = match content.and_then(|content| self.letter(message, &content)) {
            Err(end) => return Some(end),
            Ok(letter) => letter,
        };
        let time_limit = match &letter {
            Lettered::Email(chain, _) => chain.time_limit(),
            Lettered::Sms(chain, ..) => chain.time_limit(),
        };
        if now.after(time_limit) > lease_end {
            // This process was asleep, and another worker may be sending it at this moment.
            tracing::warn!(message_id = %message.message_id, "a message's lease ran out before its turn");
            return None;
        }
        if let Some(reason) = self.held_back(message, key).await {
            return Some(End::Dropped { reason });
        }
        let (clock, unanswered) = (&*self.parts.clock, message.unanswered);
        let carried = match letter {
            Lettered::Email(chain, envelope) => chain.carry(&envelope, unanswered, hand, clock).await,
            Lettered::Sms(chain, envelope, counted) => {
                if let Counted::Now(address) = counted
                    && let Err(end) = self.count(&envelope, unanswered, address, origin, now).await
                {
                    return Some(end);
                }
                chain.carry(&envelope, unanswered, hand, clock).await
            }
        };
        Some(match carried {
            Carried::Accepted { provider, provider_message_id } => End::Delivered { provider, provider_message_id },
            Carried::Dropped { reason } => End::Dropped { reason },
            Carried::Later { not_before, unanswered } => End::Later { not_before, unanswered },
        })
    }

    /// Why a message goes to no provider, where its address gets none. A store that does not say holds nothing back: a code
    /// is wanted more than a bounce is dreaded.
    async fn held_back(&self, message: &ClaimedMessage, key: IdentifierKey) -> Option<&'static str> {
        let message_id = message.message_id;
        match self.parts.suppressed.holds_back(key, message.challenge_id).await {
            Ok(reason) => {
                let reason = reason?.as_str();
                tracing::info!(%message_id, reason, "a message is not sent, as its address gets none");
                Some(reason)
            }
            Err(error) => {
                tracing::warn!(%message_id, %error, "whether an address gets messages is not known; it gets this one");
                None
            }
        }
    }

    /// Counts a notice on the budgets of text messages: whoever can lock a number could else have messages sent to it
    /// that no rule stops.
    async fn count(
        &self,
        envelope: &SmsEnvelope,
        unanswered: u32,
        address: Option<IpAddr>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), End> {
        let WorkerParts { outbox, keys, entropy, policies, .. } = &*self.parts;
        let text = text_messages::counted(&envelope.to, address, &**keys, &**entropy, &**policies);
        let mut event = AuditEvent::new(EventId::new(entropy.uuid()), now, Act::MessageDropped, origin);
        (event.actor, event.message_id) = (Actor::Service, Some(envelope.message_id));
        match outbox.count_notice(envelope.message_id, text, event, now).await {
            Ok(None) => Ok(()),
            Ok(Some(withheld)) => {
                text_messages::tell(withheld);
                Err(End::Dropped { reason: withheld.stop.as_str() })
            }
            Err(error) => {
                tracing::warn!(message_id = %envelope.message_id, %error, "a notice cannot be counted, and is put off");
                Err(End::Later { not_before: None, unanswered })
            }
        }
    }

    /// What a message says, and the trace of the call that it came from, or what becomes of one that does not open.
    fn opened(&self, message: &ClaimedMessage) -> Result<(Content, String), End> {
        let message_id = message.message_id;
        let ring = self.parts.keys.sealing();
        if ring.get(&message.content.key_id).is_none() {
            // Another process may have the key already, and this one soon.
            tracing::error!(%message_id, key_id = %message.content.key_id, "a message is sealed under an unknown key");
            return Err(End::Later { not_before: None, unanswered: message.unanswered });
        }
        opened_content(&ring, message_id, &message.content).map_err(|fault| unreadable(message_id, fault))
    }

    /// The message in words, or what becomes of one that cannot be put into words.
    /// With it the key of whom it is for.
    fn letter(&self, message: &ClaimedMessage, content: &Content) -> Result<(IdentifierKey, Lettered<'_>), End> {
        let message_id = message.message_id;
        let ring = self.parts.keys.sealing();
        let locale = match &message.recipient {
            Recipient::User { locale, .. } => locale.as_str(),
            Recipient::InContent => "",
        };
        let to = match (&message.recipient, content) {
            (_, Content::ToNobody { .. }) => return Err(End::ToNobody),
            (Recipient::User { user_id, contact, .. }, _) => {
                contact.open(&ring, *user_id).map_err(|fault| unreadable(message_id, fault))?.preferred()
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
        let key = to.identity_key(&self.parts.keys.index());
        let in_words = |fault| {
            tracing::error!(%message_id, error = %fault, "a message cannot be put into words");
            End::Dropped { reason: "TEMPLATE_FAULT" }
        };
        let (create_time, expire_time) = (message.create_time, message.expire_time);
        match to {
            Identifier::Email(to) => {
                let Words { subject, text, html } = self.parts.templates.words(content, locale).map_err(in_words)?;
                let envelope = Envelope { message_id, to, subject, text, html, create_time, expire_time };
                Ok((key, Lettered::Email(&self.parts.messengers.email, envelope)))
            }
            Identifier::Phone(to) => {
                let Some(SmsRoute { chain, domain }) = &self.parts.messengers.sms else {
                    // Another process may have a provider already, and this one soon.
                    tracing::error!(%message_id, reason = "NO_SMS_PROVIDER", "a message goes by SMS, and is put off");
                    return Err(End::Later { not_before: None, unanswered: message.unanswered });
                };
                let text = self.parts.templates.sms(content, locale, domain).map_err(in_words)?;
                let counted = content.noticed_from().map_or(Counted::Before, |from| Counted::Now(from.parse().ok()));
                let envelope = SmsEnvelope { message_id, to, text, create_time, expire_time };
                Ok((key, Lettered::Sms(chain, envelope, counted)))
            }
        }
    }
}

fn unreadable(message_id: MessageId, _: CannotOpen) -> End {
    tracing::error!(%message_id, "a message does not open");
    End::Dropped { reason: "UNREADABLE" }
}
