//! `DeleteSuppression`: lets an address get messages again.

use crate::{
    engine::delivery::DeliveryDesk,
    grpc::{
        convert::requests,
        layers::call::Call,
        proto::{DeleteSuppressionRequest, DeleteSuppressionResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn delete_suppression(
    desk: &Arc<DeliveryDesk>,
    request: Request<DeleteSuppressionRequest>,
) -> Result<Response<DeleteSuppressionResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::delete_suppression(&message).map_err(|refusal| status::of(&refusal))?;
    let desk = Arc::clone(desk);
    let lifted = call.run(|origin| async move { desk.lift_suppression(asked, &origin).await }).await;
    lifted.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(DeleteSuppressionResponse {}))
}
