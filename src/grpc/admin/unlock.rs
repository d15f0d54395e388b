//! `Unlock`: forgets the wrong codes of an address.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::requests,
        layers::call::Call,
        proto::{UnlockRequest, UnlockResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn unlock(
    engine: &Arc<AdminEngine>,
    request: Request<UnlockRequest>,
) -> Result<Response<UnlockResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::unlock(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let unlocked = call.run(|origin| async move { engine.unlock(asked, &origin).await }).await;
    unlocked.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(UnlockResponse {}))
}
