//! `DisableUser`: keeps a user out and ends the user's sessions.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{DisableUserRequest, DisableUserResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn disable_user(
    engine: &Arc<AdminEngine>,
    request: Request<DisableUserRequest>,
) -> Result<Response<DisableUserResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::disable_user(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let user = call.run(|origin| async move { engine.change_user(asked, &origin).await }).await;
    let user = user.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(DisableUserResponse { user: Some(answers::user(user)) }))
}
