//! `VerifyOtp`: exchanges a code for a session.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{VerifyOtpRequest, VerifyOtpResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn verify_otp(
    engine: &Arc<OtpEngine>,
    request: Request<VerifyOtpRequest>,
) -> Result<Response<VerifyOtpResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::verify_otp(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let signed_in = call.run(|origin| async move { engine.verify(asked, &origin).await }).await;
    let signed_in = signed_in.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(answers::signed_in(signed_in)))
}
