//! `GetDelivery`: what became of messages.

use crate::{
    engine::delivery::DeliveryDesk,
    grpc::{
        convert::{delivery, requests},
        layers::call::Call,
        proto::{GetDeliveryRequest, GetDeliveryResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn get_delivery(
    desk: &Arc<DeliveryDesk>,
    request: Request<GetDeliveryRequest>,
) -> Result<Response<GetDeliveryResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let of = requests::get_delivery(&message).map_err(|refusal| status::of(&refusal))?;
    let desk = Arc::clone(desk);
    let found = call.run(|origin| async move { desk.deliveries(of, &origin).await }).await;
    Ok(Response::new(delivery::deliveries(found.map_err(|refusal| status::of(&refusal))?)))
}
