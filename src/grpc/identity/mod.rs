//! `IdentityService`: signing in, staying signed in, signing out.

mod refresh_token;
mod resend_otp;
mod send_otp;
mod sign_out;
mod verify_otp;

use super::proto::{
    RefreshTokenRequest, RefreshTokenResponse, ResendOtpRequest, ResendOtpResponse, SendOtpRequest, SendOtpResponse,
    SignOutRequest, SignOutResponse, VerifyOtpRequest, VerifyOtpResponse, identity_service_server::IdentityService,
};
use crate::engine::{otp::OtpEngine, token::TokenIssuer};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
pub(super) struct Identity {
    pub(super) otp: Arc<OtpEngine>,
    pub(super) tokens: Arc<TokenIssuer>,
}

#[async_trait]
impl IdentityService for Identity {
    async fn send_otp(&self, request: Request<SendOtpRequest>) -> Result<Response<SendOtpResponse>, Status> {
        send_otp::send_otp(&self.otp, request).await
    }

    async fn resend_otp(&self, request: Request<ResendOtpRequest>) -> Result<Response<ResendOtpResponse>, Status> {
        resend_otp::resend_otp(&self.otp, request).await
    }

    async fn verify_otp(&self, request: Request<VerifyOtpRequest>) -> Result<Response<VerifyOtpResponse>, Status> {
        verify_otp::verify_otp(&self.otp, request).await
    }

    async fn refresh_token(
        &self,
        request: Request<RefreshTokenRequest>,
    ) -> Result<Response<RefreshTokenResponse>, Status> {
        refresh_token::refresh_token(&self.tokens, request).await
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        sign_out::sign_out(&self.tokens, request).await
    }
}
