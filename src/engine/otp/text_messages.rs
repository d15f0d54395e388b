//! Codes by text message: what one counts on, and that it was used.

use super::OtpEngine;
use crate::{
    domain::{
        challenge::Scope,
        contact::{Channel, Identifier},
        session::Origin,
    },
    engine::text_messages::counted,
    ports::store::TextMessage,
};

impl OtpEngine {
    /// What a message to `destination` counts on; `None` for an email.
    pub(super) fn text_message(&self, destination: &Identifier, origin: &Origin) -> Option<TextMessage> {
        let Identifier::Phone(number) = destination else { return None };
        let parts = &self.parts;
        Some(counted(number, origin.address, &*parts.keys, &*parts.entropy, &*parts.policies))
    }

    /// Notes that a person signed in with a code that came by text message. The sign-in stands whatever becomes of it: a
    /// use that is not noted makes the share of unused codes look a little greater than it is.
    pub(super) async fn note_text_message_use(&self, scope: &Scope) {
        if scope.channel == Channel::Sms
            && let Err(error) = self.parts.store.note_text_message_use(scope.challenge_id).await
        {
            tracing::warn!(%error, "a text message's code was used, and counts as unused");
        }
    }
}
