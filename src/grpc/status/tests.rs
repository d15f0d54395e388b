use super::*;
use crate::{
    domain::{proof::Difficulty, window::Standing},
    edge::words,
    grpc::proto::ErrorReason,
};

fn field(field: &'static str, reason: FieldReason) -> FieldViolation {
    FieldViolation { field, description: "is missing".to_owned(), reason }
}

#[test]
fn all_fields_at_once() {
    let refusal =
        Refusal::Invalid(vec![field("email", FieldReason::Email), field("device.device_id", FieldReason::Field)]);
    let status = of(&refusal);
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INVALID_EMAIL", "identity.v1"));
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(
        violations.iter().map(|v| (v.field.as_str(), v.reason.as_str())).collect::<Vec<_>>(),
        [("email", "INVALID_EMAIL"), ("device.device_id", "INVALID_FIELD")]
    );
    assert_eq!(details.localized_message().unwrap().message, status.message());
}

#[test]
fn a_limit_tells_how_long_to_wait() {
    let retry_after = Duration::from_micros(299_000_001);
    let standing = Standing { limit: 3, remaining: 0, reset: retry_after };
    let status = of(&Refusal::RateLimited { layer: "identifier", standing, retry_after });
    let details = status.get_error_details();
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_millis(299_001)));
    assert_eq!(details.quota_failure().unwrap().violations[0].subject, "identifier");
    assert_eq!(details.error_info().unwrap().metadata["layer"], "identifier");
    let told = |name| status.metadata().get(name).unwrap().to_str().unwrap();
    assert_eq!(told("retry-after"), "300");
    assert_eq!((told("x-ratelimit-limit"), told("x-ratelimit-remaining")), ("3", "0"));
    assert_eq!(told("x-ratelimit-reset"), "300");
    assert!(status.message().ends_with("5 minutes."), "{}", status.message());
}

#[test]
fn every_transport_fault_has_its_reason() {
    for fault in [
        Fault::MethodNotFound,
        Fault::Compressed,
        Fault::MessageTooLarge,
        Fault::TooManyHeaders,
        Fault::Malformed,
        Fault::DeadlineExceeded,
        Fault::Overloaded,
        Fault::ServiceCredentialRequired,
        Fault::Panicked,
    ] {
        let status = fault.status();
        let info = status.get_error_details().error_info().unwrap().clone();
        assert_eq!(info.domain, "identity.v1");
        assert!(!info.reason.is_empty() && status.code() != Code::Ok && status.code() != Code::Unknown);
    }
}

/// One of each refusal. A new one does not compile here until it has been added.
fn every_refusal() -> Vec<Refusal> {
    let standing = Standing { limit: 3, remaining: 0, reset: Duration::from_secs(1) };
    let retry_after = Duration::from_secs(1);
    let all = vec![
        Refusal::Invalid(Vec::new()),
        Refusal::CodeInvalid,
        Refusal::CodeExpired,
        Refusal::ChallengeNotFound,
        Refusal::LinkInvalid,
        Refusal::SignInPending,
        Refusal::TokenInvalid,
        Refusal::RefreshTokenInvalid,
        Refusal::RefreshTokenReused,
        Refusal::DeviceMismatch,
        Refusal::UserDisabled,
        Refusal::RateLimited { layer: "all", standing, retry_after },
        Refusal::Guarded { retry_after },
        Refusal::AccountLocked { retry_after },
        Refusal::AccountSuspended,
        Refusal::AttemptTooSoon { retry_after },
        Refusal::AttemptsExhausted,
        Refusal::ResendTooSoon { retry_after },
        Refusal::ProofRequired(ProofDemand::Work { challenge: "pow1".to_owned(), difficulty: Difficulty::default() }),
        Refusal::NotFound { resource: "user" },
        Refusal::StoreUnavailable,
        Refusal::ProviderUnavailable,
        Refusal::Overloaded,
        Refusal::Internal,
    ];
    for refusal in &all {
        match refusal {
            Refusal::Invalid(_)
            | Refusal::CodeInvalid
            | Refusal::CodeExpired
            | Refusal::ChallengeNotFound
            | Refusal::LinkInvalid
            | Refusal::SignInPending
            | Refusal::TokenInvalid
            | Refusal::RefreshTokenInvalid
            | Refusal::RefreshTokenReused
            | Refusal::DeviceMismatch
            | Refusal::UserDisabled
            | Refusal::RateLimited { .. }
            | Refusal::Guarded { .. }
            | Refusal::AccountLocked { .. }
            | Refusal::AccountSuspended
            | Refusal::AttemptTooSoon { .. }
            | Refusal::AttemptsExhausted
            | Refusal::ResendTooSoon { .. }
            | Refusal::ProofRequired(_)
            | Refusal::NotFound { .. }
            | Refusal::StoreUnavailable
            | Refusal::ProviderUnavailable
            | Refusal::Overloaded
            | Refusal::Internal => {}
        }
    }
    all
}

#[test]
fn every_reason_has_the_code_that_the_contract_gives_it() {
    let faults =
        [Fault::MethodNotFound, Fault::MessageTooLarge, Fault::DeadlineExceeded, Fault::ServiceCredentialRequired];
    let statuses = every_refusal().iter().map(of).chain(faults.map(Fault::status)).collect::<Vec<_>>();
    let documented = include_str!("../../../docs/errors.md");
    for status in statuses {
        let reason = status.get_error_details().error_info().unwrap().reason.clone();
        assert!(ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")).is_some(), "{reason}");
        let line = documented.lines().find(|line| line.contains(&format!("| `{reason}` |"))).unwrap();
        let code = format!("{:?}", status.code());
        let documented: String = line.split('|').nth(1).unwrap().trim().split('_').map(capital).collect();
        assert_eq!(documented, code, "{reason}");
        assert!(status.message().is_ascii() && status.message().ends_with('.'), "{}", status.message());
    }
}

#[test]
fn every_refusal_is_said_in_full_in_every_language() {
    for tag in ["de", "fr", "es", "pt", "ja"] {
        let language = words::of_locale(tag);
        for refusal in every_refusal() {
            let (english, said) = (of(&refusal), of_request_in(&refusal, language));
            assert_eq!((said.code(), said.metadata().len()), (english.code(), english.metadata().len()));
            assert_ne!(said.message(), english.message());
            assert!(!said.message().contains(['{', '}']), "{}", said.message());
            let (details, plain) = (said.get_error_details(), english.get_error_details());
            let reason =
                |details: &ErrorDetails| details.error_info().map(|info| (info.reason.clone(), info.metadata.clone()));
            assert_eq!(reason(&details), reason(&plain));
            let localized = details.localized_message().unwrap();
            assert_eq!((localized.locale.as_str(), localized.message.as_str()), (tag, said.message()));
        }
    }
}

/// `ARGUMENT` as `Argument`.
fn capital(word: &str) -> String {
    word[..1].to_owned() + &word[1..].to_ascii_lowercase()
}
