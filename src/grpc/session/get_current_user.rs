//! `GetCurrentUser`: who is signed in.

use crate::{
    domain::secret::ExposeSecret,
    engine::account::AccountEngine,
    grpc::{
        convert::answers,
        layers::{authorization, call::Call},
        proto::{GetCurrentUserRequest, GetCurrentUserResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn get_current_user(
    accounts: &Arc<AccountEngine>,
    request: Request<GetCurrentUserRequest>,
) -> Result<Response<GetCurrentUserResponse>, Status> {
    let (call, metadata, _) = Call::of(request);
    let token = authorization::required_access_token(&metadata).map_err(|refusal| status::of(&refusal))?;
    let accounts = Arc::clone(accounts);
    let user = call.run(|_| async move { accounts.current_user(token.expose_secret()).await }).await;
    let user = user.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(GetCurrentUserResponse { user: Some(answers::user(user)) }))
}
