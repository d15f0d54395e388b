//! The contract over the wire, one file a method: what is answered, what is refused, and what is left undone then.

mod admin;
mod errors_document;
mod explain_limits;
mod get_current_user;
mod get_jwks;
mod grpc_web;
mod health;
mod languages;
mod list_sessions;
mod operator_token;
mod providers;
mod reflection;
mod refresh_token;
mod resend_otp;
mod revoke_other_sessions;
mod revoke_session;
mod send_otp;
mod sign_out;
mod simulate_policy;
mod sms;
mod suppression;
mod tls;
mod validate_token;
mod verify_otp;
mod waits;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tonic::{Code, Status};

use crate::support::refusal::Refusal;

/// A UUID that no test stores.
pub(crate) const NO_SUCH_ID: &str = "0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e";

/// The seconds from now until a time on the wire; negative where it has passed.
fn seconds_until(time: Option<prost_types::Timestamp>) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    time.expect("a time").seconds - i64::try_from(now).unwrap()
}

/// Asserts that a call was refused for exactly these fields, with this reason, and that waiting cures nothing.
#[track_caller]
pub(crate) fn assert_fields<T: std::fmt::Debug>(answer: Result<T, Status>, reason: &str, fields: &[&str]) {
    let refusal = Refusal::from(answer.expect_err("a refusal"));
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, reason), "{fields:?}");
    let mut names = refusal.field_names();
    names.sort_unstable();
    assert_eq!(names, fields, "{}", refusal.message);
    assert_eq!((refusal.domain.as_str(), refusal.retry_delay), ("identity.v1", None::<Duration>));
    assert!(refusal.fields.iter().all(|(_, description)| !description.is_empty()));
}

/// Asserts a refusal's code and reason.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Refusal {
    let refusal = Refusal::from(answer.expect_err("a refusal"));
    assert_eq!((refusal.code, refusal.reason.as_str()), (code, reason), "{}", refusal.message);
    refusal
}
