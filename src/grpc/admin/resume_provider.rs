//! `ResumeProvider`: a drained provider gets messages again.

use crate::{
    engine::delivery::DeliveryDesk,
    grpc::{
        convert::requests,
        layers::call::Call,
        proto::{ResumeProviderRequest, ResumeProviderResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn resume_provider(
    desk: &Arc<DeliveryDesk>,
    request: Request<ResumeProviderRequest>,
) -> Result<Response<ResumeProviderResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let change = requests::resume_provider(&message).map_err(|refusal| status::of(&refusal))?;
    let desk = Arc::clone(desk);
    let done = call.run(|origin| async move { desk.change_drain(change, &origin).await }).await;
    done.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(ResumeProviderResponse {}))
}
