//! Requests for codes, and codes.

use super::{super::checks::Checks, device};
use crate::{
    domain::{
        challenge::Code,
        client::ClientId,
        contact::Identifier,
        refusal::{FieldReason, Refusal},
    },
    engine::otp::{ResendOtp, SendOtp, VerifyOtp},
    grpc::proto::{LinkCompletion, Purpose, ResendOtpRequest, SendOtpRequest, VerifyOtpRequest, send_otp_request},
};

/// The longest challenge id, binding secret and device token that are looked at.
const MAX_CHALLENGE_ID: usize = 128;
const MAX_BINDING_SECRET: usize = 128;
const MAX_DEVICE_TOKEN: usize = 512;
const MAX_PROOF: usize = 8192;

/// `sms` is whether the deployment offers SMS.
///
/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn send_otp(message: SendOtpRequest, sms: bool) -> Result<SendOtp, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message.request_id, &message);
    let identifier = identifier(&mut checks, message.identifier, sms);
    let purpose: Purpose = checks.enumeration("purpose", message.purpose);
    checks.not_offered("purpose", matches!(purpose, Purpose::Unspecified | Purpose::SignIn));
    if !message.client_id.is_empty() && ClientId::new(&message.client_id).is_none() {
        checks.wrong("client_id", "is not 1 to 64 of A-Z, a-z, 0-9, \"-\", \"_\" and \".\"");
    }
    let device = device(&mut checks, message.device);
    checks.locale(&message.locale);
    let device_token = checks.secret("device_token", message.device_token, MAX_DEVICE_TOKEN);
    checks.not_offered("include_magic_link", !message.include_magic_link);
    if !message.redirect_uri.is_empty() {
        let description = "is not offered by this deployment: no redirect is registered; leave it out";
        checks.refuse("redirect_uri", FieldReason::RedirectUri, description);
    }
    let completion: LinkCompletion = checks.enumeration("link_completion", message.link_completion);
    checks.not_offered("link_completion", completion == LinkCompletion::Unspecified);
    let proof = checks.secret("proof", message.proof, MAX_PROOF);
    let (client_id, locale) = (message.client_id, message.locale);
    let request = |identifier| SendOtp { identifier, client_id, device, device_token, locale, proof, repeatable };
    checks.finish(identifier.map(request))
}

fn identifier(checks: &mut Checks, identifier: Option<send_otp_request::Identifier>, sms: bool) -> Option<Identifier> {
    match identifier {
        Some(send_otp_request::Identifier::Email(text)) => checks.email(&text),
        Some(send_otp_request::Identifier::PhoneNumber(text)) if sms => checks.phone_number(&text),
        Some(send_otp_request::Identifier::PhoneNumber(_)) => {
            checks.not_offered("phone_number", false);
            None
        }
        None => {
            let what = if sms { "an email address or a phone number" } else { "an email address" };
            checks.wrong("identifier", format!("is missing; give {what}"));
            None
        }
    }
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn resend_otp(message: ResendOtpRequest) -> Result<ResendOtp, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message.request_id, &message);
    checks.required_text("challenge_id", &message.challenge_id, MAX_CHALLENGE_ID);
    let binding_secret = checks.secret("binding_secret", message.binding_secret, MAX_BINDING_SECRET);
    checks.finish(Some(ResendOtp { challenge_id: message.challenge_id, binding_secret, repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn verify_otp(message: VerifyOtpRequest) -> Result<VerifyOtp, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message.request_id, &message);
    checks.required_text("challenge_id", &message.challenge_id, MAX_CHALLENGE_ID);
    let code = Code::parse(&message.code);
    if code.is_none() {
        checks.refuse("code", FieldReason::CodeFormat, "is not 6 to 10 digits");
    }
    let device = device(&mut checks, message.device);
    let binding_secret = checks.secret("binding_secret", message.binding_secret, MAX_BINDING_SECRET);
    let device_token = checks.secret("device_token", message.device_token, MAX_DEVICE_TOKEN);
    let challenge_id = message.challenge_id;
    checks.finish(code.map(|code| VerifyOtp { challenge_id, code, device, binding_secret, device_token, repeatable }))
}
