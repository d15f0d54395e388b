//! What may happen.

/// What happened. The names are stable; `docs/audit.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// A code, a magic link or both were made and accepted for delivery.
    CodeSent,
    /// A challenge got the given code of a review account, which is sent to nobody, or was refused it.
    ReviewCodeDrawn,
    /// The given code of a review account signed in, or was refused.
    ReviewCodeUsed,
    /// A further code or link of a challenge was made and accepted for delivery.
    CodeResent,
    /// A code was made and its text message kept back, by a rule against those who earn by messages.
    CodeWithheld,
    /// A budget of text messages is spent, or too many of their codes go unused: an alarm.
    SmsStopped,
    /// A code was presented.
    CodeVerified,
    /// A magic link was presented and is not valid, or may not be used so.
    LinkRefused,
    /// A magic link was presented for a session, or a wrong number with it.
    LinkRedeemed,
    /// Whoever opened a magic link approved that the device that asked gets the session.
    LinkApproved,
    /// Whoever opened a magic link said that somebody else had asked; the challenge ended.
    LinkRejected,
    /// The device that asked collected the session that was approved on another.
    SignInCollected,
    /// An identifier reached a rung of the ladder.
    IdentifierLocked,
    /// An account was used in an unusual way, and what policy says of it was done.
    SecurityResponded,
    /// A user came to be.
    UserCreated,
    /// Tokens were issued for a new session.
    SessionStarted,
    /// A client application exchanged its one-time code for the tokens of a session, or was refused.
    GrantRedeemed,
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
    /// A provider told what became of a message that it had taken.
    ReceiptTaken,
    /// An address gets no message for a while: it bounced, or a message was called unwanted.
    AddressSuppressed,
    /// An address gets messages again before its time: a code came through, or an operator said so.
    SuppressionLifted,
    /// An operator asked whether an address gets messages.
    SuppressionRead,
    /// A rule in shadow mode would have refused a request.
    RefusalShadowed,
    /// A process of the service began to serve.
    ServiceStarted,
    /// Another policy came into force, or was refused.
    PolicyChanged,
    /// Other keys, another operators' token or another certificate came into force, or were refused.
    KeysChanged,
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
    /// An operator looked at the providers.
    ProvidersRead,
    /// An operator drained a provider.
    ProviderDrained,
    /// An operator resumed a provider.
    ProviderResumed,
    /// An operator asked what became of a message.
    DeliveryRead,
    /// A process counts requests alone, at its share: the limiter that replicas share cannot decide.
    LimiterDegraded,
    /// The shared limiter counts again.
    LimiterRestored,
    /// The shared limiter had lost what it counted, and was told what a process remembers.
    LimiterRefilled,
}

impl Act {
    /// Every act, in the order of the documentation.
    pub const ALL: [Self; 48] = [
        Self::CodeSent,
        Self::ReviewCodeDrawn,
        Self::ReviewCodeUsed,
        Self::CodeResent,
        Self::CodeWithheld,
        Self::SmsStopped,
        Self::CodeVerified,
        Self::LinkRefused,
        Self::LinkRedeemed,
        Self::LinkApproved,
        Self::LinkRejected,
        Self::SignInCollected,
        Self::IdentifierLocked,
        Self::SecurityResponded,
        Self::UserCreated,
        Self::SessionStarted,
        Self::GrantRedeemed,
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
        Self::ReceiptTaken,
        Self::AddressSuppressed,
        Self::SuppressionLifted,
        Self::SuppressionRead,
        Self::RefusalShadowed,
        Self::ServiceStarted,
        Self::PolicyChanged,
        Self::KeysChanged,
        Self::PolicyRead,
        Self::LockoutRead,
        Self::GuardRaised,
        Self::IdentifierUnlocked,
        Self::PolicySimulated,
        Self::LimitsExplained,
        Self::ProvidersRead,
        Self::ProviderDrained,
        Self::ProviderResumed,
        Self::DeliveryRead,
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
            Self::CodeWithheld => "code.withheld",
            Self::SmsStopped => "sms.stopped",
            Self::CodeVerified => "code.verified",
            Self::LinkRefused => "link.refused",
            Self::LinkRedeemed => "link.redeemed",
            Self::LinkApproved => "link.approved",
            Self::LinkRejected => "link.rejected",
            Self::SignInCollected => "sign_in.collected",
            Self::IdentifierLocked => "identifier.locked",
            Self::SecurityResponded => "security.responded",
            Self::UserCreated => "user.created",
            Self::SessionStarted => "session.started",
            Self::GrantRedeemed => "grant.redeemed",
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
            Self::ReceiptTaken => "receipt.taken",
            Self::AddressSuppressed => "address.suppressed",
            Self::SuppressionLifted => "suppression.lifted",
            Self::SuppressionRead => "suppression.read",
            Self::RefusalShadowed => "refusal.shadowed",
            Self::ServiceStarted => "service.started",
            Self::PolicyChanged => "policy.changed",
            Self::KeysChanged => "keys.changed",
            Self::PolicyRead => "policy.read",
            Self::LockoutRead => "lockout.read",
            Self::GuardRaised => "guard.raised",
            Self::IdentifierUnlocked => "identifier.unlocked",
            Self::PolicySimulated => "policy.simulated",
            Self::LimitsExplained => "limits.explained",
            Self::ProvidersRead => "providers.read",
            Self::ProviderDrained => "provider.drained",
            Self::ProviderResumed => "provider.resumed",
            Self::DeliveryRead => "delivery.read",
            Self::LimiterDegraded => "limiter.degraded",
            Self::LimiterRestored => "limiter.restored",
            Self::LimiterRefilled => "limiter.refilled",
        }
    }
}
