//! What a relay's answer means for the message.

use crate::{
    adapters::certificate::{self, TlsFault},
    domain::message::Handover,
};
use lettre::transport::smtp::Error;

/// Where the dialogue was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connection, greeting, EHLO, STARTTLS.
    Connect,
    /// AUTH.
    Login,
    /// MAIL, which names our sender.
    Sender,
    /// RCPT, which names the person.
    Recipient,
    /// DATA and the message.
    Message,
}

/// What an error at `stage` means. A refusal for good counts against the message only where the message or its
/// recipient caused it; what every message would meet is a matter of settings.
pub(super) fn meaning(stage: Stage, error: &Error) -> Handover {
    match (error.status().map(u16::from), stage) {
        (Some(530 | 534 | 535 | 538), _) | (Some(500..), Stage::Login) => {
            Handover::Misconfigured { reason: "LOGIN_REFUSED" }
        }
        (Some(500..), Stage::Connect) => Handover::Misconfigured { reason: "CONNECTION_REFUSED" },
        (Some(500..), Stage::Sender) => Handover::Misconfigured { reason: "SENDER_REFUSED" },
        (Some(503), _) => Handover::Misconfigured { reason: "COMMAND_REFUSED" },
        (Some(500..), Stage::Recipient) => Handover::Refused { reason: "RECIPIENT_REFUSED" },
        (Some(500..), Stage::Message) => Handover::Refused { reason: "MESSAGE_REFUSED" },
        (Some(_), _) => Handover::Deferred { reason: "PROVIDER_BUSY" },
        (None, Stage::Login) if error.is_client() => Handover::Misconfigured { reason: "LOGIN_UNSUPPORTED" },
        (None, Stage::Connect) => unreachable_relay(error),
        (None, _) => Handover::Deferred { reason: "CONNECTION_LOST" },
    }
}

/// A certificate that does not hold is told apart: it is a wrong name or authority in our settings, or somebody in
/// between.
fn unreachable_relay(error: &Error) -> Handover {
    match certificate::fault(error) {
        Some(TlsFault::Certificate) => Handover::Misconfigured { reason: "CERTIFICATE_REFUSED" },
        Some(TlsFault::Other) => Handover::Deferred { reason: "TLS_FAILED" },
        None => Handover::Deferred { reason: "PROVIDER_UNREACHABLE" },
    }
}
