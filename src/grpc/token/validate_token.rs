//! `ValidateToken`: whether an access token is good right now. A bad token is an answer.

use crate::{
    engine::token::TokenIssuer,
    grpc::{
        convert::{answers, requests},
        proto::{ValidateTokenRequest, ValidateTokenResponse},
        status,
    },
};
use tonic::{Request, Response, Status};

pub(super) async fn validate_token(
    tokens: &TokenIssuer,
    request: Request<ValidateTokenRequest>,
) -> Result<Response<ValidateTokenResponse>, Status> {
    let message = request.into_inner();
    requests::validate_token(&message).map_err(|refusal| status::of(&refusal))?;
    let validation = tokens
        .validate(&message.access_token, &message.audience, &message.device_id)
        .await
        .map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(answers::validation(&validation)))
}
