//! The one home of statuses: each refusal with its code, its reason, words for a person, and the details of the
//! contract. What must not be said is not known here: a refusal carries no secret.

use super::quota::{tell_standing, tell_wait, whole_milliseconds};
use crate::{
    domain::{
        proof::ProofDemand,
        refusal::{FieldReason, FieldViolation, Refusal},
        window::Standing,
    },
    edge::words::{Accepted, Language, MOMENT, wait_of},
};
use std::{collections::HashMap, error::Error, fmt, sync::Arc, time::Duration};
use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::{ErrorDetails, FieldViolation as WireViolation, LocalizedMessage, QuotaViolation, StatusExt as _};

/// The domain of every reason.
const DOMAIN: &str = "identity.v1";

/// How many violations are told, and how long a description may be: answers with more than 8 KiB of headers are refused by clients
/// and proxies. No message of the contract has so many fields; a policy may have as many faults as lines.
const MOST_VIOLATIONS: usize = 16;
const LONGEST_DESCRIPTION: usize = 160;

/// A refusal by the transport itself, before or after an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such service or method.
    MethodNotFound,
    /// The message is compressed.
    Compressed,
    /// The message is larger than is taken.
    MessageTooLarge,
    /// There are more header fields than are taken.
    TooManyHeaders,
    /// The message is not one of the method's.
    Malformed,
    /// The time for the call is over.
    DeadlineExceeded,
    /// As many calls are running as may.
    Overloaded,
    /// The service ends, and with it a call that would go on.
    Ending,
    /// The operator's token is missing or wrong.
    ServiceCredentialRequired,
    /// A call ended in a panic.
    Panicked,
}

impl Fault {
    pub(super) fn status(self) -> Status {
        say(Said { what: What::Fault(self), asked: None }, Language::English)
    }

    /// Its code, its reason, and which sentence says it.
    const fn telling(self) -> (Code, &'static str, &'static str) {
        match self {
            Self::MethodNotFound => (Code::Unimplemented, "METHOD_NOT_FOUND", "METHOD_NOT_FOUND"),
            Self::Compressed => (Code::Unimplemented, "METHOD_NOT_FOUND", "METHOD_NOT_FOUND.compressed"),
            Self::MessageTooLarge => (Code::OutOfRange, "MESSAGE_TOO_LARGE", "MESSAGE_TOO_LARGE"),
            Self::TooManyHeaders => (Code::ResourceExhausted, "TOO_MANY_HEADERS", "TOO_MANY_HEADERS"),
            Self::Malformed => (Code::InvalidArgument, "INVALID_FIELD", "INVALID_FIELD.message"),
            Self::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
            Self::Overloaded => (Code::Unavailable, "OVERLOADED", "OVERLOADED"),
            Self::Ending => (Code::Unavailable, "OVERLOADED", "OVERLOADED.ending"),
            Self::ServiceCredentialRequired => {
                (Code::Unauthenticated, "SERVICE_CREDENTIAL_REQUIRED", "SERVICE_CREDENTIAL_REQUIRED")
            }
            Self::Panicked => (Code::Internal, "INTERNAL", "INTERNAL"),
        }
    }
}

/// What was refused. It travels beside its status, so that the front can say it in the caller's language.
#[derive(Clone, Debug)]
struct Said {
    what: What,
    /// The language that the request itself names.
    asked: Option<Language>,
}

#[derive(Clone, Debug)]
enum What {
    Refusal(Refusal),
    Fault(Fault),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Said {}

/// The status of a refusal, in English until the front knows better.
pub(super) fn of(refusal: &Refusal) -> Status {
    of_request_in(refusal, None)
}

/// The status of a refusal to a request that names a language itself, which then counts before `accept-language`.
pub(super) fn of_request_in(refusal: &Refusal, asked: Option<Language>) -> Status {
    let said = Said { what: What::Refusal(refusal.clone()), asked };
    say(said, asked.unwrap_or(Language::English))
}

/// The same status in a language that the caller accepts; `None` where it is in the right one already.
pub(super) fn in_language(status: &Status, accepted: &Accepted) -> Option<Status> {
    let said = status.source()?.downcast_ref::<Said>()?;
    let language = if said.asked.is_some() { None } else { accepted.best() };
    language.filter(|language| *language != Language::English).map(|language| say(said.clone(), language))
}

fn say(said: Said, language: Language) -> Status {
    let mut telling = match &said.what {
        What::Fault(fault) => {
            let (code, reason, sentence) = fault.telling();
            let mut telling = Telling::new(code, reason, language.sentence(sentence).to_owned());
            match fault {
                Fault::Overloaded | Fault::Ending => telling.wait = Some(MOMENT),
                Fault::TooManyHeaders => {
                    telling.details.set_quota_failure([quota("request", "100 header fields")]);
                }
                Fault::Malformed => {
                    telling.details.set_bad_request([on_the_wire(&unreadable(), language)]);
                }
                _ => {}
            }
            telling
        }
        What::Refusal(refusal) => telling(refusal, language),
    };
    let message = telling.message;
    telling.details.set_error_info(telling.reason, DOMAIN, telling.info);
    if let Some(wait) = telling.wait {
        telling.details.set_retry_info(Some(whole_milliseconds(wait)));
        tell_wait(&mut telling.metadata, wait);
    }
    telling.details.set_localized_message(language.tag(), message.as_str());
    let mut status = Status::with_error_details_and_metadata(telling.code, message, telling.details, telling.metadata);
    status.set_source(Arc::new(said));
    status
}

/// What a status is made of.
struct Telling {
    code: Code,
    reason: &'static str,
    /// What it says to a person.
    message: String,
    wait: Option<Duration>,
    info: HashMap<String, String>,
    details: ErrorDetails,
    metadata: MetadataMap,
}

impl Telling {
    fn new(code: Code, reason: &'static str, message: String) -> Self {
        Self {
            code,
            reason,
            message,
            wait: None,
            info: HashMap::new(),
            details: ErrorDetails::new(),
            metadata: MetadataMap::new(),
        }
    }
}

fn telling(refusal: &Refusal, language: Language) -> Telling {
    let reason = refusal.reason();
    let mut telling = Telling::new(code_of(refusal), reason, language.refusal(refusal));
    telling.wait = wait_of(refusal);
    match refusal {
        Refusal::Invalid(violations) => {
            let shown = violations.iter().take(MOST_VIOLATIONS).map(|violation| on_the_wire(violation, language));
            let mut shown: Vec<_> = shown.collect();
            if let (Some(last), more @ 1..) = (shown.last_mut(), violations.len().saturating_sub(MOST_VIOLATIONS)) {
                last.description = format!("{} (and {more} more)", last.description);
            }
            telling.details.set_bad_request(shown);
        }
        Refusal::RateLimited { layer, standing, .. } => {
            telling.info.insert("layer".to_owned(), (*layer).to_owned());
            telling.details.set_quota_failure([quota(layer, &format!("{} requests for codes", standing.limit))]);
            tell_standing(&mut telling.metadata, standing);
        }
        // Where one stands in a budget of everybody is nobody's to know.
        Refusal::Guarded { .. } => {
            telling.info.insert("layer".to_owned(), "failures".to_owned());
            telling.details.set_quota_failure([quota("failures", "wrong codes over all accounts")]);
        }
        Refusal::AccountSuspended | Refusal::AccountLocked { .. } | Refusal::AttemptTooSoon { .. } => {
            telling.details.set_quota_failure([quota("identifier", "wrong codes in a row")]);
        }
        Refusal::AttemptsExhausted => {
            telling.details.set_quota_failure([quota("challenge", "attempts on one challenge")]);
        }
        Refusal::ResendTooSoon { retry_after } => {
            telling.details.set_quota_failure([quota("challenge", "one code within the cool-down")]);
            tell_standing(&mut telling.metadata, &Standing { limit: 1, remaining: 0, reset: *retry_after });
        }
        Refusal::ProofRequired(demand) => telling.info = demanded(demand),
        Refusal::NotFound { resource } => {
            telling.info.insert("resource".to_owned(), (*resource).to_owned());
        }
        _ => {}
    }
    telling
}

const fn code_of(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Invalid(_) => Code::InvalidArgument,
        Refusal::CodeInvalid
        | Refusal::CodeExpired
        | Refusal::ChallengeNotFound
        | Refusal::LinkInvalid
        | Refusal::TokenInvalid
        | Refusal::RefreshTokenInvalid
        | Refusal::RefreshTokenReused
        | Refusal::DeviceMismatch => Code::Unauthenticated,
        Refusal::UserDisabled => Code::PermissionDenied,
        Refusal::RateLimited { .. }
        | Refusal::Guarded { .. }
        | Refusal::AccountLocked { .. }
        | Refusal::AccountSuspended
        | Refusal::AttemptTooSoon { .. }
        | Refusal::AttemptsExhausted
        | Refusal::ResendTooSoon { .. } => Code::ResourceExhausted,
        Refusal::ProofRequired(_) | Refusal::SignInPending => Code::FailedPrecondition,
        Refusal::NotFound { .. } => Code::NotFound,
        Refusal::StoreUnavailable | Refusal::ProviderUnavailable | Refusal::Overloaded => Code::Unavailable,
        Refusal::Internal => Code::Internal,
    }
}

/// What is to be proved, for the client that has to.
fn demanded(demand: &ProofDemand) -> HashMap<String, String> {
    let told = match demand {
        ProofDemand::Work { challenge, difficulty } => [
            ("kind", "proof_of_work".to_owned()),
            ("challenge", challenge.clone()),
            ("difficulty", difficulty.bits().to_string()),
        ]
        .to_vec(),
        ProofDemand::Captcha { provider, site_key } => {
            [("kind", provider.as_str().to_owned()), ("site_key", site_key.clone())].to_vec()
        }
    };
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The message as a whole is wrong, and no field of it known.
fn unreadable() -> FieldViolation {
    let description = "cannot be read as the request of this method".to_owned();
    FieldViolation { field: "message", description, reason: FieldReason::Field }
}

fn on_the_wire(violation: &FieldViolation, language: Language) -> WireViolation {
    let reason = reason_of(violation.reason);
    // What a person can have mistyped is also said to the person; the rest is for whoever wrote the client.
    let mistyped = matches!(violation.reason, FieldReason::Email | FieldReason::PhoneNumber | FieldReason::CodeFormat);
    WireViolation {
        field: violation.field.to_owned(),
        description: shortened(&violation.description),
        reason: reason.to_owned(),
        localized_message: mistyped.then(|| LocalizedMessage::new(language.tag(), language.sentence(reason))),
    }
}

/// A description whose end is left out where it is long: a policy's fault quotes the line.
fn shortened(description: &str) -> String {
    match description.char_indices().nth(LONGEST_DESCRIPTION) {
        Some((end, _)) => format!("{}…", &description[..end]),
        None => description.to_owned(),
    }
}

const fn reason_of(reason: FieldReason) -> &'static str {
    match reason {
        FieldReason::Email => "INVALID_EMAIL",
        FieldReason::PhoneNumber => "INVALID_PHONE_NUMBER",
        FieldReason::CodeFormat => "INVALID_CODE_FORMAT",
        FieldReason::RedirectUri => "REDIRECT_URI_NOT_ALLOWED",
        FieldReason::Proof => "PROOF_INVALID",
        FieldReason::Field => "INVALID_FIELD",
    }
}

fn quota(subject: &str, description: &str) -> QuotaViolation {
    QuotaViolation::new(subject, description)
}

#[cfg(test)]
mod tests;
