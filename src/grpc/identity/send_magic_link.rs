//! `SendMagicLink`: begins a challenge and sends its link.

use crate::{
    domain::contact::Channel,
    edge::words,
    engine::otp::OtpEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{SendMagicLinkRequest, SendMagicLinkResponse},
        quota, status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn send_magic_link(
    engine: &Arc<OtpEngine>,
    request: Request<SendMagicLinkRequest>,
) -> Result<Response<SendMagicLinkResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let language = words::of_locale(&message.locale);
    let refuse = |refusal| status::of_request_in(&refusal, language);
    let objections = engine.objections(&message.client_id, Some(&message.redirect_uri));
    let asked = requests::send_magic_link(message, engine.offers(Channel::Sms), objections).map_err(refuse)?;
    let engine = Arc::clone(engine);
    let sent = call.run(|origin| async move { engine.send(asked, &origin).await }).await;
    let sent = sent.map_err(refuse)?;
    let mut response = Response::new(SendMagicLinkResponse { challenge: Some(answers::challenge(sent.challenge)) });
    if let Some(standing) = &sent.standing {
        quota::tell_standing(response.metadata_mut(), standing);
    }
    Ok(response)
}
