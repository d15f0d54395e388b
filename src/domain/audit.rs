//! What the audit log records: one event for each act, with its outcome and reason.

use super::{
    client::ClientId,
    contact::IdentifierKey,
    id::{ChallengeId, EventId, MessageId, SessionId, UserId},
    session::Origin,
    time::Timestamp,
};
use std::{borrow::Cow, net::IpAddr};

/// What happened. The names are stable; `docs/audit.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// A code was made and accepted for delivery.
    CodeSent,
    /// A challenge got the given code of a review account, which is sent to nobody, or was refused it.
    ReviewCodeDrawn,
    /// The given code of a review account signed in, or was refused.
    ReviewCodeUsed,
    /// A further code of a challenge was made and accepted for delivery.
    CodeResent,
    /// A code was presented.
    CodeVerified,
    /// An identifier reached a rung of the ladder.
    IdentifierLocked,
    /// An account was used in an unusual way, and what policy says of it was done.
    SecurityResponded,
    /// A user came to be.
    UserCreated,
    /// Tokens were issued for a new session.
    SessionStarted,
    /// A refresh token was rotated, or refused.
    TokenRefreshed,
    /// An old refresh token was presented again.
    RefreshTokenReused,
    /// A session was ended.
    SessionRevoked,
    /// Roles were replaced.
    RolesChanged,
    /// A user was disabled.
    UserDisabled,
    /// A user was enabled.
    UserEnabled,
    /// An operator looked a user up.
    UserRead,
    /// An operator's call without the right credential.
    OperatorRefused,
    /// A message was handed to a provider.
    MessageDelivered,
    /// A message was given up: its code had expired, or the provider refused it for good.
    MessageDropped,
    /// A rule in shadow mode would have refused a request.
    RefusalShadowed,
    /// A process of the service began to serve.
    ServiceStarted,
    /// Another policy came into force, or was refused.
    PolicyChanged,
    /// An operator looked at the policy.
    PolicyRead,
    /// An operator looked at a lockout.
    LockoutRead,
    /// So many wrong codes over all accounts that what unknown devices are sent is guarded.
    GuardRaised,
    /// An operator ended a lockout.
    IdentifierUnlocked,
    /// An operator asked what a policy would have refused.
    PolicySimulated,
    /// An operator asked where limits stand for an identifier or address, and why it was refused.
    LimitsExplained,
    /// A process counts requests alone, at its share: the limiter that replicas share cannot decide.
    LimiterDegraded,
    /// The shared limiter counts again.
    LimiterRestored,
    /// The shared limiter had lost what it counted, and was told what a process remembers.
    LimiterRefilled,
}

impl Act {
    /// Every act, in the order of the documentation.
    pub const ALL: [Self; 31] = [
        Self::CodeSent,
        Self::ReviewCodeDrawn,
        Self::ReviewCodeUsed,
        Self::CodeResent,
        Self::CodeVerified,
        Self::IdentifierLocked,
        Self::SecurityResponded,
        Self::UserCreated,
        Self::SessionStarted,
        Self::TokenRefreshed,
        Self::RefreshTokenReused,
        Self::SessionRevoked,
        Self::RolesChanged,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::UserRead,
        Self::OperatorRefused,
        Self::MessageDelivered,
        Self::MessageDropped,
        Self::RefusalShadowed,
        Self::ServiceStarted,
        Self::PolicyChanged,
        Self::PolicyRead,
        Self::LockoutRead,
        Self::GuardRaised,
        Self::IdentifierUnlocked,
        Self::PolicySimulated,
        Self::LimitsExplained,
        Self::LimiterDegraded,
        Self::LimiterRestored,
        Self::LimiterRefilled,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeSent => "code.sent",
            Self::ReviewCodeDrawn => "review_code.drawn",
            Self::ReviewCodeUsed => "review_code.used",
            Self::CodeResent => "code.resent",
            Self::CodeVerified => "code.verified",
            Self::IdentifierLocked => "identifier.locked",
            Self::SecurityResponded => "security.responded",
            Self::UserCreated => "user.created",
            Self::SessionStarted => "session.started",
            Self::TokenRefreshed => "token.refreshed",
            Self::RefreshTokenReused => "refresh_token.reused",
            Self::SessionRevoked => "session.revoked",
            Self::RolesChanged => "user.roles_changed",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
            Self::UserRead => "user.read",
            Self::OperatorRefused => "operator.refused",
            Self::MessageDelivered => "message.delivered",
            Self::MessageDropped => "message.dropped",
            Self::RefusalShadowed => "refusal.shadowed",
            Self::ServiceStarted => "service.started",
            Self::PolicyChanged => "policy.changed",
            Self::PolicyRead => "policy.read",
            Self::LockoutRead => "lockout.read",
            Self::GuardRaised => "guard.raised",
            Self::IdentifierUnlocked => "identifier.unlocked",
            Self::PolicySimulated => "policy.simulated",
            Self::LimitsExplained => "limits.explained",
            Self::LimiterDegraded => "limiter.degraded",
            Self::LimiterRestored => "limiter.restored",
            Self::LimiterRefilled => "limiter.refilled",
        }
    }
}

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
    /// names the policy and the SHA-256 of its file.
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
