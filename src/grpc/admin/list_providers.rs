//! `ListProviders`: how each provider stands.

use crate::{
    engine::delivery::DeliveryDesk,
    grpc::{
        convert::delivery,
        layers::call::Call,
        proto::{ListProvidersRequest, ListProvidersResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn list_providers(
    desk: &Arc<DeliveryDesk>,
    request: Request<ListProvidersRequest>,
) -> Result<Response<ListProvidersResponse>, Status> {
    let (call, _, ListProvidersRequest {}) = Call::of(request);
    let desk = Arc::clone(desk);
    let views = call.run(|origin| async move { desk.providers(&origin).await }).await;
    Ok(Response::new(delivery::providers(views.map_err(|refusal| status::of(&refusal))?)))
}
