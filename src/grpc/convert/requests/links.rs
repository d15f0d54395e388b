//! Magic links, and what the device that asked for one does.

use super::{
    super::checks::Checks,
    device,
    otp::{MAX_BINDING_SECRET, MAX_CHALLENGE_ID, MAX_DEVICE_TOKEN},
};
use crate::{
    domain::{
        link::MatchNumber,
        refusal::{FieldReason, Refusal},
        secret::SecretString,
    },
    engine::otp::{CompleteSignIn, RedeemLink, RejectLink},
    grpc::proto::{
        CompleteSignInRequest, InspectMagicLinkRequest, RedeemMagicLinkRequest, RejectMagicLinkRequest,
        WatchChallengeRequest,
    },
};

/// The longest token that is looked at; one of another form is a link that is not valid, and no fault of the request.
const MAX_TOKEN: usize = 128;

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn inspect_magic_link(message: InspectMagicLinkRequest) -> Result<SecretString, Refusal> {
    let mut checks = Checks::default();
    let token = required_secret(&mut checks, "token", message.token, MAX_TOKEN);
    checks.finish(token)
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn reject_magic_link(message: RejectMagicLinkRequest) -> Result<RejectLink, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message);
    let token = required_secret(&mut checks, "token", message.token, MAX_TOKEN);
    let revoke_all_sessions = message.revoke_all_sessions;
    checks.finish(token.map(|token| RejectLink { token, revoke_all_sessions, repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn redeem_magic_link(message: RedeemMagicLinkRequest) -> Result<RedeemLink, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message);
    let token = required_secret(&mut checks, "token", message.token, MAX_TOKEN);
    let device = device(&mut checks, message.device);
    let device_token = checks.secret("device_token", message.device_token, MAX_DEVICE_TOKEN);
    let binding_secret = checks.secret("binding_secret", message.binding_secret, MAX_BINDING_SECRET);
    let match_number = MatchNumber::parse(&message.match_number);
    if match_number.is_none() && !message.match_number.is_empty() {
        checks.refuse("match_number", FieldReason::Field, "is not two digits, as the asking device shows them");
    }
    let request = |token| RedeemLink { token, device, device_token, binding_secret, match_number, repeatable };
    checks.finish(token.map(request))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn complete_sign_in(message: CompleteSignInRequest) -> Result<CompleteSignIn, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message);
    checks.required_text("challenge_id", &message.challenge_id, MAX_CHALLENGE_ID);
    let binding_secret = required_secret(&mut checks, "binding_secret", message.binding_secret, MAX_BINDING_SECRET);
    let device_token = checks.secret("device_token", message.device_token, MAX_DEVICE_TOKEN);
    let challenge_id = message.challenge_id;
    let request = |binding_secret| CompleteSignIn { challenge_id, binding_secret, device_token, repeatable };
    checks.finish(binding_secret.map(request))
}

/// The challenge, and what proves that the caller asked for it.
///
/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn watch_challenge(message: WatchChallengeRequest) -> Result<(String, SecretString), Refusal> {
    let mut checks = Checks::default();
    checks.required_text("challenge_id", &message.challenge_id, MAX_CHALLENGE_ID);
    let binding_secret = required_secret(&mut checks, "binding_secret", message.binding_secret, MAX_BINDING_SECRET);
    checks.finish(binding_secret.map(|secret| (message.challenge_id, secret)))
}

fn required_secret(checks: &mut Checks, field: &'static str, text: String, most: usize) -> Option<SecretString> {
    checks.required_text(field, &text, most);
    (!text.is_empty()).then(|| SecretString::from(text))
}
