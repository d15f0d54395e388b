//! Text messages: what one counts on, who hears where it is kept back, and that its code was used.

use super::OtpEngine;
use crate::{
    domain::{
        challenge::Scope,
        contact::{Channel, Identifier},
        digest::Digest,
        network::neighbourhood_key,
        session::Origin,
    },
    engine::fault,
    ports::store::{TextMessage, Withheld},
};
use std::sync::Arc;

impl OtpEngine {
    /// What a message to `destination` counts on; `None` for an email.
    pub(super) fn text_message(&self, destination: &Identifier, origin: &Origin) -> Option<TextMessage> {
        let Identifier::Phone(number) = destination else { return None };
        let index = self.parts.keys.index();
        Some(TextMessage {
            rules: Arc::clone(&self.parts.policies.current().policy().rules.sms),
            country: number.country(),
            kind: number.kind(),
            prefix_key: Digest::hmac(&index, &[b"identity.v1 number prefix", number.prefix().as_bytes()]),
            network_key: neighbourhood_key(origin.address, &index),
            further_event_id: self.event_id(),
        })
    }

    /// Notes that a person signed in with a code that came by text message. The sign-in stands whatever becomes of it: a
    /// use that is not noted makes the share of unused codes look a little greater than it is.
    pub(super) async fn note_text_message_use(&self, scope: &Scope) {
        if scope.channel == Channel::Sms
            && let Err(error) = self.parts.store.note_text_message_use(scope.challenge_id).await
        {
            let _ = fault::store(&error);
        }
    }
}

/// Tells the operator of a message that was kept back; the caller is told nothing.
pub(super) fn tell(withheld: Withheld) {
    let reason = withheld.stop.as_str();
    if withheld.alarm {
        tracing::error!(reason, "text messages are kept back: a budget is spent, or too many codes go unused");
    } else {
        tracing::debug!(reason, "a text message is kept back");
    }
}
