//! Requests about limits.

use super::super::checks::Checks;
use crate::{
    domain::{
        client::ClientId,
        refusal::{FieldViolation, Refusal},
    },
    engine::{explain::ExplainLimits, simulate::LONGEST_SPAN},
    grpc::proto::{ExplainLimitsRequest, SimulatePolicyRequest, explain_limits_request::Identifier},
};
use std::{net::IpAddr, time::Duration};

const MOST_REFUSALS: i32 = 100;
const DEFAULT_REFUSALS: u32 = 20;
const MOST_OCTETS: usize = 15_000;
const DEFAULT_SPAN: Duration = Duration::from_hours(24);

/// `objections` is what the engine has against what the message names.
///
/// # Errors
/// Every field that is wrong. A number above 100 is taken as 100.
pub(in crate::grpc) fn explain_limits(
    message: ExplainLimitsRequest,
    objections: Vec<FieldViolation>,
) -> Result<ExplainLimits, Refusal> {
    let mut checks = Checks::default();
    let ExplainLimitsRequest { identifier, address, client_id, max_refusals } = message;
    let whose = match &identifier {
        Some(Identifier::Email(text)) => checks.email(text),
        Some(Identifier::PhoneNumber(text)) => checks.phone_number(text),
        None => None,
    };
    let client_address = address.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    if client_address.is_none() && !address.is_empty() {
        checks.wrong("address", "is not an address such as 203.0.113.7 or 2001:db8::1");
    }
    if identifier.is_none() && address.is_empty() {
        checks.wrong("identifier", "is missing; give an email address or phone number, a client address, or both");
    }
    if !client_id.is_empty() && ClientId::new(&client_id).is_none() {
        checks.wrong("client_id", "is not 1 to 64 of A-Z, a-z, 0-9, \"-\", \"_\" and \".\"");
    }
    let refusals = match u32::try_from(max_refusals.min(MOST_REFUSALS)) {
        Ok(0) => DEFAULT_REFUSALS,
        Ok(count) => count,
        Err(_) => {
            checks.wrong("max_refusals", "is negative; give 1 to 100, or 0 for 20");
            DEFAULT_REFUSALS
        }
    };
    checks.also(objections);
    checks.finish(Some(ExplainLimits { identifier: whose, address: client_address, client_id, refusals }))
}

/// The text of a policy, and the span.
///
/// # Errors
/// Every field that is wrong; what the policy says is not looked at.
pub(in crate::grpc) fn simulate_policy(message: SimulatePolicyRequest) -> Result<(String, Duration), Refusal> {
    let mut checks = Checks::default();
    let SimulatePolicyRequest { policy, span } = message;
    if policy.is_empty() {
        checks.wrong("policy", "is missing; give the text of a policy file");
    } else if policy.len() > MOST_OCTETS {
        checks.wrong("policy", "is longer than 15000 octets");
    }
    let well_formed = span.as_ref().is_none_or(is_well_formed);
    let span = span.map_or(Ok(DEFAULT_SPAN), Duration::try_from);
    let span = span.ok().filter(|span| (Duration::from_secs(1)..=LONGEST_SPAN).contains(span));
    if !well_formed {
        checks.wrong("span", "has nanos beyond 999999999, or of another sign than its seconds");
    } else if span.is_none() {
        checks.wrong("span", "is not between a second and 30 days");
    }
    checks.finish(span.map(|span| (policy, span)))
}

/// Whether a duration is one by its own definition (`google/protobuf/duration.proto`).
fn is_well_formed(span: &prost_types::Duration) -> bool {
    span.nanos.unsigned_abs() <= 999_999_999 && span.seconds.signum() * i64::from(span.nanos.signum()) >= 0
}
