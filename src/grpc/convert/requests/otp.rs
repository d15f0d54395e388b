//! Requests for codes, and codes.

use super::{super::checks::Checks, device};
use crate::{
    domain::{
        challenge::Code,
        client::ClientId,
        contact::Identifier,
        link::Completion,
        redirect_uri::RedirectUri,
        refusal::{FieldReason, FieldViolation, Refusal},
    },
    engine::otp::{ResendOtp, SendOtp, VerifyOtp, WantedLink},
    grpc::proto::{
        LinkCompletion, Purpose, ResendOtpRequest, SendMagicLinkRequest, SendOtpRequest, VerifyOtpRequest,
        send_magic_link_request, send_otp_request,
    },
};

/// The longest challenge id, binding secret and device token that are looked at.
pub(super) const MAX_CHALLENGE_ID: usize = 128;
pub(super) const MAX_BINDING_SECRET: usize = 128;
pub(super) const MAX_DEVICE_TOKEN: usize = 512;
const MAX_PROOF: usize = 8192;

/// `sms` is whether the deployment offers SMS, and `objections` what the engine has against what the message names.
///
/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn send_otp(
    message: SendOtpRequest,
    sms: bool,
    objections: Vec<FieldViolation>,
) -> Result<SendOtp, Refusal> {
    send(message, sms, objections, false)
}

/// The same for a link without a code.
///
/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn send_magic_link(
    message: SendMagicLinkRequest,
    sms: bool,
    objections: Vec<FieldViolation>,
) -> Result<SendOtp, Refusal> {
    let identifier = message.identifier.map(|identifier| match identifier {
        send_magic_link_request::Identifier::Email(text) => send_otp_request::Identifier::Email(text),
        send_magic_link_request::Identifier::PhoneNumber(text) => send_otp_request::Identifier::PhoneNumber(text),
    });
    let message = SendOtpRequest {
        identifier,
        purpose: message.purpose,
        client_id: message.client_id,
        device: message.device,
        locale: message.locale,
        request_id: message.request_id,
        device_token: message.device_token,
        include_magic_link: true,
        redirect_uri: message.redirect_uri,
        link_completion: message.link_completion,
        proof: message.proof,
    };
    send(message, sms, objections, true)
}

fn send(message: SendOtpRequest, sms: bool, objections: Vec<FieldViolation>, alone: bool) -> Result<SendOtp, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message);
    let link = wanted_link(&mut checks, &message, alone);
    let identifier = identifier(&mut checks, message.identifier, sms);
    let purpose: Purpose = checks.enumeration("purpose", message.purpose);
    checks.not_offered("purpose", matches!(purpose, Purpose::Unspecified | Purpose::SignIn));
    if !message.client_id.is_empty() && ClientId::new(&message.client_id).is_none() {
        checks.wrong("client_id", "is not 1 to 64 of A-Z, a-z, 0-9, \"-\", \"_\" and \".\"");
    }
    let device = device(&mut checks, message.device);
    checks.locale(&message.locale);
    let device_token = checks.secret("device_token", message.device_token, MAX_DEVICE_TOKEN);
    let proof = checks.secret("proof", message.proof, MAX_PROOF);
    checks.also(objections);
    let (client_id, locale) = (message.client_id, message.locale);
    let request = |identifier| SendOtp { identifier, client_id, device, device_token, locale, link, proof, repeatable };
    checks.finish(identifier.map(request))
}

/// The link that a request wants; `None` where it wants none.
fn wanted_link(checks: &mut Checks, message: &SendOtpRequest, alone: bool) -> Option<WantedLink> {
    let stated: LinkCompletion = checks.enumeration("link_completion", message.link_completion);
    // Whether it is registered is for whoever knows the client application; what cannot be is told with the rest.
    let redirect_uri = message.redirect_uri.clone();
    if !message.include_magic_link {
        let of_no_link = "is for a magic link; set include_magic_link, or leave it out";
        if !redirect_uri.is_empty() {
            checks.refuse("redirect_uri", FieldReason::RedirectUri, of_no_link);
        }
        if stated != LinkCompletion::Unspecified {
            checks.wrong("link_completion", of_no_link);
        }
        return None;
    }
    if !redirect_uri.is_empty() && RedirectUri::new(&redirect_uri).is_none() {
        let description = "is not one of the client application's registered redirect_uris, to the letter";
        checks.refuse("redirect_uri", FieldReason::RedirectUri, description);
    }
    let completion = match stated {
        LinkCompletion::Unspecified | LinkCompletion::OpeningDevice => Completion::OpeningDevice,
        LinkCompletion::AskingDevice => Completion::AskingDevice,
        LinkCompletion::SameDevice => Completion::SameDevice,
    };
    Some(WantedLink { completion, redirect_uri, alone })
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
    let repeatable = checks.repeatable(&message);
    checks.required_text("challenge_id", &message.challenge_id, MAX_CHALLENGE_ID);
    let binding_secret = checks.secret("binding_secret", message.binding_secret, MAX_BINDING_SECRET);
    let device_token = checks.secret("device_token", message.device_token, MAX_DEVICE_TOKEN);
    checks.finish(Some(ResendOtp { challenge_id: message.challenge_id, binding_secret, device_token, repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn verify_otp(message: VerifyOtpRequest) -> Result<VerifyOtp, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(&message);
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
