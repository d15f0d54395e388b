//! `RejectMagicLink`: ends the sign-in of a link that nobody asked for.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::requests,
        layers::call::Call,
        proto::{RejectMagicLinkRequest, RejectMagicLinkResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn reject_magic_link(
    engine: &Arc<OtpEngine>,
    request: Request<RejectMagicLinkRequest>,
) -> Result<Response<RejectMagicLinkResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::reject_magic_link(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let rejected = call.run(|origin| async move { engine.reject_link(asked, &origin).await }).await;
    rejected.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(RejectMagicLinkResponse {}))
}
