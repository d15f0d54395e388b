//! `DrainProvider`: a provider gets no further message.

use crate::{
    engine::delivery::DeliveryDesk,
    grpc::{
        convert::requests,
        layers::call::Call,
        proto::{DrainProviderRequest, DrainProviderResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn drain_provider(
    desk: &Arc<DeliveryDesk>,
    request: Request<DrainProviderRequest>,
) -> Result<Response<DrainProviderResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let change = requests::drain_provider(&message).map_err(|refusal| status::of(&refusal))?;
    let desk = Arc::clone(desk);
    let done = call.run(|origin| async move { desk.change_drain(change, &origin).await }).await;
    done.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(DrainProviderResponse {}))
}
