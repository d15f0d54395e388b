//! `FindUser`: the user who signs in with an address or number.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{FindUserRequest, FindUserResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn find_user(
    engine: &Arc<AdminEngine>,
    request: Request<FindUserRequest>,
) -> Result<Response<FindUserResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::find_user(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let user = call.run(|origin| async move { engine.find_user(&asked, &origin).await }).await;
    let user = user.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(FindUserResponse { user: Some(answers::user(user)) }))
}
