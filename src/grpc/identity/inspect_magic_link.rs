//! `InspectMagicLink`: tells what a link is for.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::{links, requests},
        layers::call::Call,
        proto::{InspectMagicLinkRequest, InspectMagicLinkResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn inspect_magic_link(
    engine: &Arc<OtpEngine>,
    request: Request<InspectMagicLinkRequest>,
) -> Result<Response<InspectMagicLinkResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::inspect_magic_link(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let inspected = call.run(|origin| async move { engine.inspect_link(&asked, &origin).await }).await;
    let inspected = inspected.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(links::inspected(inspected)))
}
