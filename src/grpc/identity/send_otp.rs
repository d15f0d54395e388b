//! `SendOtp`: begins a challenge and sends its code.

use crate::{
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
    let asked = requests::send_otp(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let sent = call.run(|origin| async move { engine.send(asked, &origin).await }).await;
    let sent = sent.map_err(|refusal| status::of(&refusal))?;
    let mut response = Response::new(SendOtpResponse { challenge: Some(answers::challenge(sent.challenge)) });
    if let Some(standing) = &sent.standing {
        quota::tell_standing(response.metadata_mut(), standing);
    }
    Ok(response)
}
