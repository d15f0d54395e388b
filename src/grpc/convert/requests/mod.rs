//! Messages as the engines' requests. An `Err` names every field that is wrong.

mod account;
mod delivery;
mod limits;
mod links;
mod otp;
mod tokens;

pub(in crate::grpc) use account::{
    delete_suppression, disable_user, enable_user, find_user, get_lockout, get_suppression, get_user, page,
    revoke_other_sessions, revoke_session, set_user_roles, unlock,
};
pub(in crate::grpc) use delivery::{drain_provider, get_delivery, resume_provider};
pub(in crate::grpc) use limits::{explain_limits, simulate_policy};
pub(in crate::grpc) use links::{
    complete_sign_in, inspect_magic_link, redeem_magic_link, reject_magic_link, watch_challenge,
};
pub(in crate::grpc) use otp::{resend_otp, send_magic_link, send_otp, verify_otp};
pub(in crate::grpc) use tokens::{refresh_token, sign_out, validate_token};

use super::checks::Checks;
use crate::{domain::session, grpc::proto};

/// The longest name of a device; also of what the client calls it.
const MAX_DEVICE_NAME: usize = 128;

/// The device of a request; one that is not there is one without names.
fn device(checks: &mut Checks, device: Option<proto::Device>) -> session::Device {
    let proto::Device { device_id, display_name, platform, public_key_jwk } = device.unwrap_or_default();
    checks.text("device.device_id", &device_id, MAX_DEVICE_NAME);
    checks.shown_text("device.display_name", &display_name, MAX_DEVICE_NAME);
    checks.shown_text("device.platform", &platform, 64);
    checks.not_offered("device.public_key_jwk", public_key_jwk.is_empty());
    session::Device { device_id, display_name, platform }
}

#[cfg(test)]
mod tests;
