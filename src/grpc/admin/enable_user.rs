//! `EnableUser`: lets a user in again.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{EnableUserRequest, EnableUserResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn enable_user(
    engine: &Arc<AdminEngine>,
    request: Request<EnableUserRequest>,
) -> Result<Response<EnableUserResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::enable_user(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let user = call.run(|origin| async move { engine.change_user(asked, &origin).await }).await;
    let user = user.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(EnableUserResponse { user: Some(answers::user(user)) }))
}
