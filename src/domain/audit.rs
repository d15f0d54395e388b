//! What the audit log records: one event for each act, with its outcome and reason.

mod act;

pub use act::Act;

use super::{
    client::ClientId,
    contact::IdentifierKey,
    id::{ChallengeId, EventId, MessageId, SessionId, UserId},
    session::Origin,
    time::Timestamp,
};
use std::{borrow::Cow, net::IpAddr};

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused or failed.
    Failure,
    /// It was not refused, as the rule that would have is in shadow mode.
    WouldRefuse,
}

impl Outcome {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::WouldRefuse => "would_refuse",
        }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The person, or whoever acts as one.
    Person,
    /// An operator.
    Operator,
    /// The service itself.
    Service,
}

impl Actor {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Operator => "operator",
            Self::Service => "service",
        }
    }
}

/// Whom or what a look into the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An identifier.
    Identifier(IdentifierKey),
    /// A network address, that very one.
    Address(IpAddr),
}

/// A refusal as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRefusal {
    /// Its event.
    pub event_id: EventId,
    /// When.
    pub time: Timestamp,
    /// What was refused: the name of an act.
    pub act: String,
    /// Whether nothing was refused in fact: the rule that would have is in shadow mode.
    pub shadowed: bool,
    /// Why.
    pub reason: String,
    /// The client application, where there was one.
    pub client_id: String,
}

/// One event. Where a step of the store learns more (the user, the session), the store fills the empty fields in.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// The event's id.
    pub event_id: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub act: Act,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so: a stable reason such as `CODE_INVALID`; empty for plain success. Of a start and of a policy it
    /// names the policy and the SHA-256 of its file, of keys the files that came and went.
    pub reason: Cow<'static, str>,
    /// Who did it.
    pub actor: Actor,
    /// Where the request came from.
    pub origin: Origin,
    /// Whom it is about, by keyed hash, where known.
    pub identifier_key: Option<IdentifierKey>,
    /// Whom it is about, where known.
    pub user_id: Option<UserId>,
    /// The session, where there is one.
    pub session_id: Option<SessionId>,
    /// The challenge, where there is one.
    pub challenge_id: Option<ChallengeId>,
    /// The message, where there is one.
    pub message_id: Option<MessageId>,
    /// The client application, where there is one.
    pub client_id: Option<ClientId>,
    /// The device in the client's words; empty where it named none.
    pub device_id: String,
}

impl AuditEvent {
    /// A successful act of a person at `time`, about nothing yet.
    #[must_use]
    pub fn new(event_id: EventId, time: Timestamp, act: Act, origin: &Origin) -> Self {
        Self {
            event_id,
            time,
            act,
            outcome: Outcome::Success,
            reason: Cow::Borrowed(""),
            actor: Actor::Person,
            origin: origin.clone(),
            identifier_key: None,
            user_id: None,
            session_id: None,
            challenge_id: None,
            message_id: None,
            client_id: None,
            device_id: String::new(),
        }
    }

    /// A successful act of the service itself at `time`, about nobody.
    #[must_use]
    pub fn of_service(event_id: EventId, time: Timestamp, act: Act) -> Self {
        Self { actor: Actor::Service, ..Self::new(event_id, time, act, &Origin::default()) }
    }

    /// The same act, failed for `reason`.
    #[must_use]
    pub fn failed(self, reason: &'static str) -> Self {
        self.ended(Outcome::Failure, reason)
    }

    /// The same act, ended so for `reason`.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome, reason: impl Into<Cow<'static, str>>) -> Self {
        self.outcome = outcome;
        self.reason = reason.into();
        self
    }
}
