//! `SignOut`: ends a session, or all of the user's.

use crate::{
    engine::token::TokenIssuer,
    grpc::{
        convert::requests,
        layers::{authorization, call::Call},
        proto::{SignOutRequest, SignOutResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn sign_out(
    tokens: &Arc<TokenIssuer>,
    request: Request<SignOutRequest>,
) -> Result<Response<SignOutResponse>, Status> {
    let (call, metadata, message) = Call::of(request);
    let mut asked = requests::sign_out(message).map_err(|refusal| status::of(&refusal))?;
    asked.access_token = match authorization::access_token(&metadata) {
        Ok(access_token) => access_token,
        // The refresh token decides where both are there: a gateway may pass on whatever it was given.
        Err(_) if asked.refresh_token.is_some() => None,
        Err(refusal) => return Err(status::of(&refusal)),
    };
    let tokens = Arc::clone(tokens);
    let ended = call.run(|origin| async move { tokens.sign_out(asked, &origin).await }).await;
    ended.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(SignOutResponse {}))
}
