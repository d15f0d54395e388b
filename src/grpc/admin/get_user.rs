//! `GetUser`: a user by id.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{GetUserRequest, GetUserResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn get_user(
    engine: &Arc<AdminEngine>,
    request: Request<GetUserRequest>,
) -> Result<Response<GetUserResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::get_user(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let user = call.run(|origin| async move { engine.user(asked, &origin).await }).await;
    let user = user.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(GetUserResponse { user: Some(answers::user(user)) }))
}
