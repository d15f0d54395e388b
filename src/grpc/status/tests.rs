use super::*;
use crate::domain::window::Standing;

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
