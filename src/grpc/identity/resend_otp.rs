//! `ResendOtp`: sends a further code of a challenge.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{ResendOtpRequest, ResendOtpResponse},
        quota, status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn resend_otp(
    engine: &Arc<OtpEngine>,
    request: Request<ResendOtpRequest>,
) -> Result<Response<ResendOtpResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::resend_otp(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let sent = call.run(|origin| async move { engine.resend(asked, &origin).await }).await;
    let sent = sent.map_err(|refusal| status::of(&refusal))?;
    let mut response = Response::new(ResendOtpResponse { challenge: Some(answers::challenge(sent.challenge)) });
    if let Some(standing) = &sent.standing {
        quota::tell_standing(response.metadata_mut(), standing);
    }
    Ok(response)
}
