//! `GetSuppression`: whether and why an address gets no message.

use crate::{
    engine::delivery::DeliveryDesk,
    grpc::{
        convert::{delivery, requests},
        layers::call::Call,
        proto::{GetSuppressionRequest, GetSuppressionResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn get_suppression(
    desk: &Arc<DeliveryDesk>,
    request: Request<GetSuppressionRequest>,
) -> Result<Response<GetSuppressionResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let identifier = requests::get_suppression(&message).map_err(|refusal| status::of(&refusal))?;
    let desk = Arc::clone(desk);
    let found = call.run(|origin| async move { desk.suppression(&identifier, &origin).await }).await;
    Ok(Response::new(delivery::suppression(found.map_err(|refusal| status::of(&refusal))?)))
}
