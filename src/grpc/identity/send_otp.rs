//! `SendOtp`: begins a challenge and sends its code.

use crate::{
    domain::contact::Channel,
    edge::words,
    engine::otp::OtpEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{SendOtpRequest, SendOtpResponse},
        quota, status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn send_otp(
    engine: &Arc<OtpEngine>,
    request: Request<SendOtpRequest>,
) -> Result<Response<SendOtpResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let language = words::of_locale(&message.locale);
    let refuse = |refusal| status::of_request_in(&refusal, language);
    let redirect = Some(&message.redirect_uri).filter(|_| message.include_magic_link);
    let objections = engine.objections(&message.client_id, redirect.map(String::as_str));
    let asked = requests::send_otp(message, engine.offers(Channel::Sms), objections).map_err(refuse)?;
    let engine = Arc::clone(engine);
    let sent = call.run(|origin| async move { engine.send(asked, &origin).await }).await;
    let sent = sent.map_err(refuse)?;
    let mut response = Response::new(SendOtpResponse { challenge: Some(answers::challenge(sent.challenge)) });
    if let Some(standing) = &sent.standing {
        quota::tell_standing(response.metadata_mut(), standing);
    }
    Ok(response)
}
