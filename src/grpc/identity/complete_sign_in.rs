//! `CompleteSignIn`: collects a sign-in that was approved on another device.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::{links, requests},
        layers::call::Call,
        proto::{CompleteSignInRequest, CompleteSignInResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn complete_sign_in(
    engine: &Arc<OtpEngine>,
    request: Request<CompleteSignInRequest>,
) -> Result<Response<CompleteSignInResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::complete_sign_in(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let signed_in = call.run(|origin| async move { engine.complete_sign_in(asked, &origin).await }).await;
    let signed_in = signed_in.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(links::collected(signed_in)))
}
