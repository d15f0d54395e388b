//! The one home of statuses: each refusal with its code, its reason, words for a person, and the details of the
//! contract. What must not be said is not known here: a refusal carries no secret.

use super::quota::{tell_standing, tell_wait, whole_milliseconds, whole_seconds};
use crate::domain::refusal::{FieldReason, FieldViolation, Refusal};
use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::{ErrorDetails, FieldViolation as WireViolation, QuotaViolation, StatusExt as _};

/// The domain of every reason.
const DOMAIN: &str = "identity.v1";

/// The only language that these messages exist in.
const LANGUAGE: &str = "en";

/// After this wait a part that did not answer may be asked again.
const MOMENT: Duration = Duration::from_secs(1);

/// A refusal by the transport itself, before or after an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such service or method.
    MethodNotFound,
    /// The message is compressed.
    Compressed,
    /// The message is larger than is taken.
    MessageTooLarge,
    /// The message is not one of the method's.
    Malformed,
    /// The time for the call is over.
    DeadlineExceeded,
    /// As many calls are running as may.
    Overloaded,
    /// The operator's token is missing or wrong.
    ServiceCredentialRequired,
    /// A call ended in a panic.
    Panicked,
}

impl Fault {
    pub(super) fn status(self) -> Status {
        let (code, reason, message) = match self {
            Self::MethodNotFound => {
                (Code::Unimplemented, "METHOD_NOT_FOUND", "There is no such method here. Check its name and the port.")
            }
            Self::Compressed => {
                (Code::Unimplemented, "METHOD_NOT_FOUND", "Compressed messages are not taken. Send it uncompressed.")
            }
            Self::MessageTooLarge => {
                (Code::OutOfRange, "MESSAGE_TOO_LARGE", "The message is too large. Send at most 16 KiB.")
            }
            Self::Malformed => {
                (Code::InvalidArgument, "INVALID_FIELD", "The message cannot be read. Check it against the contract.")
            }
            Self::DeadlineExceeded => (
                Code::DeadlineExceeded,
                "DEADLINE_EXCEEDED",
                "This took too long. Try again; use a request_id so that nothing is done twice.",
            ),
            Self::Overloaded => (Code::Unavailable, "OVERLOADED", "The service is busy. Try again in a moment."),
            Self::ServiceCredentialRequired => (
                Code::Unauthenticated,
                "SERVICE_CREDENTIAL_REQUIRED",
                "This method is for operators. Send the operator's token in the metadata x-service-token.",
            ),
            Self::Panicked => return of(&Refusal::Internal),
        };
        let wait = (self == Self::Overloaded).then_some(MOMENT);
        build(code, reason, message.to_owned(), wait, HashMap::new(), ErrorDetails::new(), MetadataMap::new())
    }
}

/// The status of a refusal.
pub(super) fn of(refusal: &Refusal) -> Status {
    let mut details = ErrorDetails::new();
    let mut metadata = MetadataMap::new();
    let mut info = HashMap::new();
    match refusal {
        Refusal::Invalid(violations) => {
            details.set_bad_request(violations.iter().map(on_the_wire).collect::<Vec<_>>());
        }
        Refusal::RateLimited { layer, standing, .. } => {
            info.insert("layer".to_owned(), (*layer).to_owned());
            details.set_quota_failure([quota(layer, &format!("{} requests for codes", standing.limit))]);
            tell_standing(&mut metadata, standing);
        }
        Refusal::AccountLocked { .. } => {
            details.set_quota_failure([quota("identifier", "wrong codes in a row")]);
        }
        Refusal::AttemptsExhausted => {
            details.set_quota_failure([quota("challenge", "attempts on one challenge")]);
        }
        Refusal::ResendTooSoon { .. } => {
            details.set_quota_failure([quota("challenge", "one code within the cool-down")]);
        }
        Refusal::NotFound { resource } => {
            info.insert("resource".to_owned(), (*resource).to_owned());
        }
        _ => {}
    }
    let wait = match refusal {
        Refusal::StoreUnavailable | Refusal::Overloaded => Some(MOMENT),
        other => other.retry_after(),
    };
    build(code_of(refusal), refusal.reason(), words_of(refusal), wait, info, details, metadata)
}

fn build(
    code: Code,
    reason: &'static str,
    message: String,
    wait: Option<Duration>,
    info: HashMap<String, String>,
    mut details: ErrorDetails,
    mut metadata: MetadataMap,
) -> Status {
    details.set_error_info(reason, DOMAIN, info);
    details.set_localized_message(LANGUAGE, message.as_str());
    if let Some(wait) = wait {
        details.set_retry_info(Some(whole_milliseconds(wait)));
        tell_wait(&mut metadata, wait);
    }
    Status::with_error_details_and_metadata(code, message, details, metadata)
}

const fn code_of(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Invalid(_) => Code::InvalidArgument,
        Refusal::CodeInvalid
        | Refusal::CodeExpired
        | Refusal::ChallengeNotFound
        | Refusal::TokenInvalid
        | Refusal::RefreshTokenInvalid
        | Refusal::RefreshTokenReused
        | Refusal::DeviceMismatch => Code::Unauthenticated,
        Refusal::UserDisabled => Code::PermissionDenied,
        Refusal::RateLimited { .. }
        | Refusal::AccountLocked { .. }
        | Refusal::AttemptsExhausted
        | Refusal::ResendTooSoon { .. } => Code::ResourceExhausted,
        Refusal::NotFound { .. } => Code::NotFound,
        Refusal::StoreUnavailable | Refusal::Overloaded => Code::Unavailable,
        Refusal::Internal => Code::Internal,
    }
}

/// What happened and what to do next, for a person.
fn words_of(refusal: &Refusal) -> String {
    let after = |wait: &Duration| spell(whole_seconds(*wait));
    match refusal {
        Refusal::Invalid(violations) => match violations.as_slice() {
            [one] => format!("The field {} {}.", one.field, one.description),
            [one, rest @ ..] => {
                format!("The field {} {}. Fields to correct beside it: {}.", one.field, one.description, rest.len())
            }
            [] => "The request is not valid.".to_owned(),
        },
        Refusal::CodeInvalid => "The code is not valid. Check it, or ask for a new one.".to_owned(),
        Refusal::CodeExpired => "The code has expired. Ask for a new one.".to_owned(),
        Refusal::ChallengeNotFound => "This request for a code has ended. Ask for a new code.".to_owned(),
        Refusal::TokenInvalid => "The access token is not valid. Refresh it, or sign in again.".to_owned(),
        Refusal::RefreshTokenInvalid => "The session has ended. Sign in again.".to_owned(),
        Refusal::RefreshTokenReused => {
            "An old refresh token was used again. All sessions have been ended to be safe; sign in again.".to_owned()
        }
        Refusal::DeviceMismatch => "The session belongs to another device. Sign in again on this one.".to_owned(),
        Refusal::UserDisabled => "This account is disabled. Contact support.".to_owned(),
        Refusal::RateLimited { retry_after, .. } => {
            format!("Too many requests for codes. Try again in {}.", after(retry_after))
        }
        Refusal::AccountLocked { retry_after } => {
            format!("Too many wrong codes. Try again in {}.", after(retry_after))
        }
        Refusal::AttemptsExhausted => "Too many attempts with this code. Ask for a new one.".to_owned(),
        Refusal::ResendTooSoon { retry_after } => {
            format!("A code was sent a moment ago. Ask for another in {}.", after(retry_after))
        }
        Refusal::NotFound { resource } => format!("There is no such {resource}."),
        Refusal::StoreUnavailable => {
            "The service cannot answer now. Nothing was lost; try again in a moment.".to_owned()
        }
        Refusal::Overloaded => "The service is busy. Try again in a moment.".to_owned(),
        Refusal::Internal => "The service failed. Try again; if it fails again, contact support.".to_owned(),
    }
}

/// Seconds in words: `45 seconds`, `5 minutes`, `2 hours`; rounded up.
fn spell(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=90 => (seconds, "second"),
        91..=5400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

fn on_the_wire(violation: &FieldViolation) -> WireViolation {
    WireViolation {
        field: violation.field.to_owned(),
        description: violation.description.clone(),
        reason: reason_of(violation.reason).to_owned(),
        localized_message: None,
    }
}

const fn reason_of(reason: FieldReason) -> &'static str {
    match reason {
        FieldReason::Email => "INVALID_EMAIL",
        FieldReason::PhoneNumber => "INVALID_PHONE_NUMBER",
        FieldReason::CodeFormat => "INVALID_CODE_FORMAT",
        FieldReason::RedirectUri => "REDIRECT_URI_NOT_ALLOWED",
        FieldReason::Field => "INVALID_FIELD",
    }
}

fn quota(subject: &str, description: &str) -> QuotaViolation {
    QuotaViolation::new(subject, description)
}

#[cfg(test)]
mod tests;
