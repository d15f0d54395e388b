//! Tokens presented for refresh, for sign-out, for validation.

use super::{super::checks::Checks, MAX_DEVICE_NAME, device};
use crate::{
    domain::refusal::Refusal,
    engine::token::{Refresh, SignOut},
    grpc::proto::{RefreshTokenRequest, SignOutRequest, ValidateTokenRequest},
};

/// The longest tokens and audience that are looked at. An access token in the place of a refresh token is to be told that
/// it is none, and not that it is too long.
const MAX_REFRESH_TOKEN: usize = MAX_ACCESS_TOKEN;
const MAX_ACCESS_TOKEN: usize = 8 * 1024;
const MAX_AUDIENCE: usize = 255;

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn refresh_token(message: RefreshTokenRequest) -> Result<Refresh, Refusal> {
    let mut checks = Checks::default();
    let refresh_token = checks.secret("refresh_token", message.refresh_token, MAX_REFRESH_TOKEN);
    if refresh_token.is_none() {
        checks.wrong("refresh_token", "is missing");
    }
    let device_id = device(&mut checks, message.device).device_id;
    let request_id = checks.request_id(&message.request_id);
    checks.finish(refresh_token.map(|refresh_token| Refresh { refresh_token, device_id, request_id, patient: false }))
}

/// The wish without an access token, which stands in the metadata.
///
/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn sign_out(message: SignOutRequest) -> Result<SignOut, Refusal> {
    let mut checks = Checks::default();
    let refresh_token = checks.secret("refresh_token", message.refresh_token, MAX_REFRESH_TOKEN);
    // Signing out twice is the same as once: the id makes no difference, but it is read.
    checks.request_id(&message.request_id);
    checks.finish(Some(SignOut { refresh_token, access_token: None, all_sessions: message.all_sessions }))
}

/// Leaves the message as it is: this is the most frequent call, and the engine wants no more than to look.
///
/// # Errors
/// Every field that is wrong. A token that is no token is not: that is an answer.
pub(in crate::grpc) fn validate_token(message: &ValidateTokenRequest) -> Result<(), Refusal> {
    let mut checks = Checks::default();
    match message.access_token.len() {
        0 => checks.wrong("access_token", "is missing"),
        1..=MAX_ACCESS_TOKEN => {}
        _ => checks.wrong("access_token", "is longer than 8 KiB"),
    }
    checks.text("audience", &message.audience, MAX_AUDIENCE);
    checks.text("device_id", &message.device_id, MAX_DEVICE_NAME);
    checks.finish(Some(()))
}
