//! Why the service says no: the stable reasons of the contract, and what each tells.

use super::{proof::ProofDemand, window::Standing};
use std::time::Duration;

/// One thing wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path in the request, such as `device.device_id`.
    pub field: &'static str,
    /// What is wrong and what would be right; never the value itself.
    pub description: String,
    /// The reason, for clients.
    pub reason: FieldReason,
}

/// The reasons for which a field is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldReason {
    /// `INVALID_EMAIL`
    Email,
    /// `INVALID_PHONE_NUMBER`
    PhoneNumber,
    /// `INVALID_CODE_FORMAT`
    CodeFormat,
    /// `REDIRECT_URI_NOT_ALLOWED`
    RedirectUri,
    /// `PROOF_INVALID`
    Proof,
    /// `INVALID_FIELD`
    Field,
}

/// A refusal or fault, as the caller learns it. Everything that could tell an attacker more has been left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Fields are wrong; all of them at once.
    Invalid(Vec<FieldViolation>),
    /// The code does not match, or is old, used or unknown.
    CodeInvalid,
    /// The code has expired; only told to whoever asked for it.
    CodeExpired,
    /// There is no such challenge; only told to whoever asked for one.
    ChallengeNotFound,
    /// The link does not match, or is old, used, rejected or unknown; nor is there a sign-in of that asker to collect.
    LinkInvalid,
    /// The sign-in that is to be collected has not been approved yet.
    SignInPending,
    /// The access token is missing or not active.
    TokenInvalid,
    /// The refresh token is not good.
    RefreshTokenInvalid,
    /// An old refresh token was presented; its session has been ended, and what policy chose has been done.
    RefreshTokenReused,
    /// The token belongs to another device.
    DeviceMismatch,
    /// An operator keeps the user out; only told after a proven factor.
    UserDisabled,
    /// Too many requests.
    RateLimited {
        /// Which budget was spent: `identifier`, a known device's own (`device`), `address`, `network` or `all`.
        layer: &'static str,
        /// Where the caller stands in it.
        standing: Standing,
        /// After this wait the request is admitted.
        retry_after: Duration,
    },
    /// Wrong codes over all accounts are too many: a code that an unknown device was sent before that is not evaluated. One that
    /// it asks for now is.
    Guarded {
        /// After this wait it is evaluated again.
        retry_after: Duration,
    },
    /// A wrong code a moment ago.
    AttemptTooSoon {
        /// After this wait a code is evaluated again.
        retry_after: Duration,
    },
    /// So many wrong codes in a row that an operator, or a sign-in from a known device, has to lift it.
    AccountSuspended,
    /// Too many wrong codes in a row.
    AccountLocked {
        /// After this wait a code is evaluated again.
        retry_after: Duration,
    },
    /// The challenge has no attempts left.
    AttemptsExhausted,
    /// A code was sent a moment ago.
    ResendTooSoon {
        /// After this wait another may be sent.
        retry_after: Duration,
    },
    /// Something is to be proved before anything is sent.
    ProofRequired(ProofDemand),
    /// No such thing.
    NotFound {
        /// What was looked for: `user`, `suppression`, `provider` or `message`.
        resource: &'static str,
    },
    /// The store or the limiter does not answer, or the store goes by another time than this process; nothing was lost.
    StoreUnavailable,
    /// A provider that the request needs does not answer; nothing was lost.
    ProviderUnavailable,
    /// The service has as much work as it can do.
    Overloaded,
    /// A fault of the service.
    Internal,
}

impl Refusal {
    /// The stable reason in `google.rpc.ErrorInfo`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(violations) => match violations.iter().map(|violation| violation.reason).min() {
                Some(FieldReason::Email) => "INVALID_EMAIL",
                Some(FieldReason::PhoneNumber) => "INVALID_PHONE_NUMBER",
                Some(FieldReason::CodeFormat) => "INVALID_CODE_FORMAT",
                Some(FieldReason::RedirectUri) => "REDIRECT_URI_NOT_ALLOWED",
                Some(FieldReason::Proof) => "PROOF_INVALID",
                Some(FieldReason::Field) | None => "INVALID_FIELD",
            },
            Self::CodeInvalid => "CODE_INVALID",
            Self::CodeExpired => "CODE_EXPIRED",
            Self::ChallengeNotFound => "CHALLENGE_NOT_FOUND",
            Self::LinkInvalid => "LINK_INVALID",
            Self::SignInPending => "SIGN_IN_PENDING",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::RefreshTokenInvalid => "REFRESH_TOKEN_INVALID",
            Self::RefreshTokenReused => "REFRESH_TOKEN_REUSED",
            Self::DeviceMismatch => "DEVICE_MISMATCH",
            Self::UserDisabled => "USER_DISABLED",
            Self::RateLimited { .. } | Self::Guarded { .. } => "RATE_LIMITED",
            Self::AccountLocked { .. } | Self::AccountSuspended => "ACCOUNT_LOCKED",
            Self::AttemptTooSoon { .. } => "ATTEMPT_TOO_SOON",
            Self::AttemptsExhausted => "ATTEMPTS_EXHAUSTED",
            Self::ResendTooSoon { .. } => "RESEND_TOO_SOON",
            Self::ProofRequired(_) => "PROOF_REQUIRED",
            Self::NotFound { .. } => "NOT_FOUND",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::ProviderUnavailable => "PROVIDER_UNAVAILABLE",
            Self::Overloaded => "OVERLOADED",
            Self::Internal => "INTERNAL",
        }
    }

    /// The reason in the audit log, which also says which request limit it was.
    #[must_use]
    pub fn recorded_reason(&self) -> &'static str {
        match self {
            Self::RateLimited { layer, .. } => limit_reason(layer),
            Self::Guarded { .. } => "GUARDED",
            other => other.reason(),
        }
    }

    /// Whether the audit log is to say that a request for a code was refused so: faults of ours are in our own log.
    #[must_use]
    pub const fn is_for_the_record(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::ProofRequired(_) | Self::Invalid(_) | Self::ProviderUnavailable)
    }

    /// How long until the same call may succeed, where time cures it.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. }
            | Self::Guarded { retry_after }
            | Self::AccountLocked { retry_after }
            | Self::AttemptTooSoon { retry_after }
            | Self::ResendTooSoon { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

/// The reason in the audit log of a refusal by the limit of that name.
#[must_use]
pub fn limit_reason(layer: &str) -> &'static str {
    match layer {
        "identifier" => "RATE_LIMITED_IDENTIFIER",
        "device" => "RATE_LIMITED_DEVICE",
        "address" => "RATE_LIMITED_ADDRESS",
        "network" => "RATE_LIMITED_NETWORK",
        "all" => "RATE_LIMITED_ALL",
        "failures" => "GUARDED",
        _ => "RATE_LIMITED",
    }
}
