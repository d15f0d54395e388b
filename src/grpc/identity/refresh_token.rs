//! `RefreshToken`: exchanges a refresh token for its successor.

use crate::{
    engine::token::TokenIssuer,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{RefreshTokenRequest, RefreshTokenResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn refresh_token(
    tokens: &Arc<TokenIssuer>,
    request: Request<RefreshTokenRequest>,
) -> Result<Response<RefreshTokenResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::refresh_token(message).map_err(|refusal| status::of(&refusal))?;
    let tokens = Arc::clone(tokens);
    let issued = call.run(|origin| async move { tokens.refresh(asked, &origin).await }).await;
    let issued = issued.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(RefreshTokenResponse { tokens: Some(answers::tokens(&issued)) }))
}
