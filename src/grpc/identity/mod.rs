//! `IdentityService`: signing in by code or link, staying signed in, signing out.

mod complete_sign_in;
mod inspect_magic_link;
mod redeem_magic_link;
mod refresh_token;
mod reject_magic_link;
mod resend_otp;
mod send_magic_link;
mod send_otp;
mod sign_out;
mod verify_otp;
mod watch_challenge;

use super::proto::{
    CompleteSignInRequest, CompleteSignInResponse, InspectMagicLinkRequest, InspectMagicLinkResponse,
    RedeemMagicLinkRequest, RedeemMagicLinkResponse, RefreshTokenRequest, RefreshTokenResponse, RejectMagicLinkRequest,
    RejectMagicLinkResponse, ResendOtpRequest, ResendOtpResponse, SendMagicLinkRequest, SendMagicLinkResponse,
    SendOtpRequest, SendOtpResponse, SignOutRequest, SignOutResponse, VerifyOtpRequest, VerifyOtpResponse,
    WatchChallengeRequest, identity_service_server::IdentityService,
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

    async fn send_magic_link(
        &self,
        request: Request<SendMagicLinkRequest>,
    ) -> Result<Response<SendMagicLinkResponse>, Status> {
        send_magic_link::send_magic_link(&self.otp, request).await
    }

    async fn inspect_magic_link(
        &self,
        request: Request<InspectMagicLinkRequest>,
    ) -> Result<Response<InspectMagicLinkResponse>, Status> {
        inspect_magic_link::inspect_magic_link(&self.otp, request).await
    }

    async fn reject_magic_link(
        &self,
        request: Request<RejectMagicLinkRequest>,
    ) -> Result<Response<RejectMagicLinkResponse>, Status> {
        reject_magic_link::reject_magic_link(&self.otp, request).await
    }

    async fn redeem_magic_link(
        &self,
        request: Request<RedeemMagicLinkRequest>,
    ) -> Result<Response<RedeemMagicLinkResponse>, Status> {
        redeem_magic_link::redeem_magic_link(&self.otp, request).await
    }

    async fn complete_sign_in(
        &self,
        request: Request<CompleteSignInRequest>,
    ) -> Result<Response<CompleteSignInResponse>, Status> {
        complete_sign_in::complete_sign_in(&self.otp, request).await
    }

    type WatchChallengeStream = watch_challenge::Changes;

    async fn watch_challenge(
        &self,
        request: Request<WatchChallengeRequest>,
    ) -> Result<Response<Self::WatchChallengeStream>, Status> {
        watch_challenge::watch_challenge(&self.otp, request).await
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
