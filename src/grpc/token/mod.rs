//! `TokenService`: checking tokens.

mod get_jwks;
mod validate_token;

use super::proto::{
    GetJwksRequest, GetJwksResponse, ValidateTokenRequest, ValidateTokenResponse, token_service_server::TokenService,
};
use crate::engine::token::TokenIssuer;
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
pub(super) struct Tokens {
    pub(super) tokens: Arc<TokenIssuer>,
}

#[async_trait]
impl TokenService for Tokens {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        validate_token::validate_token(&self.tokens, request).await
    }

    async fn get_jwks(&self, _: Request<GetJwksRequest>) -> Result<Response<GetJwksResponse>, Status> {
        Ok(get_jwks::get_jwks(&self.tokens))
    }
}
