//! Unusual use of an account, and what policy lets be done about it: made ready for the step of the store that records the
//! use itself, so that both are committed together.

use super::{delivery::sealed_message, fault};
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent, Outcome},
        id::{EventId, MessageId},
        message::{Content, NewMessage},
        policy::{ResponseRules, SecurityEvent},
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
    },
    ports::{
        entropy::Entropy,
        keys::Keys,
        policy::Policies,
        store::{Notice, Response},
    },
};
use std::time::Duration;

/// How long a notice is worth sending.
const NOTICE_LIFETIME: Duration = Duration::from_hours(24);

/// Responses under the policy in force at one moment.
pub(super) struct Security<'a> {
    keys: &'a dyn Keys,
    entropy: &'a dyn Entropy,
    rules: ResponseRules,
}

impl<'a> Security<'a> {
    /// For one request: it keeps to the policy that is in force now.
    pub(super) fn in_force(keys: &'a dyn Keys, entropy: &'a dyn Entropy, policies: &dyn Policies) -> Self {
        Self { keys, entropy, rules: policies.current().policy().rules.responses }
    }

    /// Whether the person is told of `event`.
    pub(super) const fn tells(&self, event: SecurityEvent) -> bool {
        self.rules.to(event).notify
    }

    /// What is done about `event` beyond what is done in any case.
    pub(super) fn response(&self, event: SecurityEvent, origin: &Origin, now: Timestamp) -> Result<Response, Refusal> {
        let responses = self.rules.to(event);
        let (address, noticed_at, everywhere) = (shown(origin), now.micros(), responses.revoke);
        let content = match event {
            _ if !responses.notify => None,
            SecurityEvent::ReplayedToken => Some(Content::RefreshTokenReused { address, noticed_at, everywhere }),
            SecurityEvent::DeviceMismatch => Some(Content::DeviceMismatch { address, noticed_at, everywhere }),
            SecurityEvent::NewDevice => Some(Content::NewDevice { address, noticed_at, everywhere }),
            // It may be of nobody's account: its notice goes to the address that the code went to.
            SecurityEvent::FailureBurst => None,
        };
        let message = content.map(|content| self.message(&content, origin, now)).transpose()?;
        Ok(Response { notice: message.map(|message| Notice { event, message }), revoke: responses.revoke })
    }

    /// A notice, ready to be accepted.
    pub(super) fn message(&self, content: &Content, origin: &Origin, now: Timestamp) -> Result<NewMessage, Refusal> {
        let (ring, nonce) = (self.keys.sealing(), self.entropy.nonce());
        let id = MessageId::new(self.entropy.uuid());
        sealed_message(&ring, nonce, id, None, content, &origin.trace_id, now, now.after(NOTICE_LIFETIME))
            .map_err(|fault| fault::seal(&fault))
    }

    /// What the audit log says of the response to `event`, about whom and what `of` is.
    pub(super) fn responded(&self, event: SecurityEvent, of: &AuditEvent) -> AuditEvent {
        let names = self.rules.to(event).names();
        let chosen = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let like = AuditEvent {
            event_id: EventId::new(self.entropy.uuid()),
            act: Act::SecurityResponded,
            actor: Actor::Service,
            ..of.clone()
        };
        like.ended(Outcome::Success, format!("{}: {chosen}", event.as_str()))
    }
}

/// Where a request came from, as a notice says it.
pub(super) fn shown(origin: &Origin) -> String {
    origin.address.map(|address| address.to_string()).unwrap_or_default()
}
