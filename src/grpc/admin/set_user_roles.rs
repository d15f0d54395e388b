//! `SetUserRoles`: replaces a user's roles.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{SetUserRolesRequest, SetUserRolesResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn set_user_roles(
    engine: &Arc<AdminEngine>,
    request: Request<SetUserRolesRequest>,
) -> Result<Response<SetUserRolesResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::set_user_roles(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let user = call.run(|origin| async move { engine.change_user(asked, &origin).await }).await;
    let user = user.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(SetUserRolesResponse { user: Some(answers::user(user)) }))
}
