//! A caller of the service.

use std::net::SocketAddr;

use identity::grpc::proto::admin_service_client::AdminServiceClient;
use identity::grpc::proto::identity_service_client::IdentityServiceClient;
use identity::grpc::proto::send_otp_request::Identifier;
use identity::grpc::proto::session_service_client::SessionServiceClient;
use identity::grpc::proto::token_service_client::TokenServiceClient;
use identity::grpc::proto::{
    Challenge, CompleteSignInRequest, CompleteSignInResponse, InspectMagicLinkRequest, InspectMagicLinkResponse,
    LinkCompletion, RedeemMagicLinkRequest, RedeemMagicLinkResponse, RejectMagicLinkRequest, SendMagicLinkRequest,
    SendOtpRequest, ValidateTokenRequest, ValidateTokenResponse, VerifyOtpRequest, VerifyOtpResponse,
    send_magic_link_request,
};
use tonic::transport::{Channel, Endpoint};
use tonic::{IntoRequest, Request};

use super::refusal::Refusal;

/// One connection to one listener, and its services.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    channel: Channel,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { channel: Endpoint::try_from(format!("http://{address}")).unwrap().connect().await.unwrap() }
    }

    /// `IdentityService`.
    pub(crate) fn identity(&self) -> IdentityServiceClient<Channel> {
        IdentityServiceClient::new(self.channel.clone())
    }

    /// `SessionService`; its methods need `bearer`.
    pub(crate) fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }

    /// `TokenService`.
    pub(crate) fn tokens(&self) -> TokenServiceClient<Channel> {
        TokenServiceClient::new(self.channel.clone())
    }

    /// `AdminService`; its methods need `operator`.
    pub(crate) fn admin(&self) -> AdminServiceClient<Channel> {
        AdminServiceClient::new(self.channel.clone())
    }

    /// The connection, for clients of other services such as health and reflection.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Asks for a code to `email`.
    pub(crate) async fn send_otp(&self, email: &str) -> Result<Challenge, Refusal> {
        let answer = self.identity().send_otp(send_otp_request(email)).await?;
        Ok(answer.into_inner().challenge.unwrap())
    }

    /// Asks for a code to the phone `number`.
    pub(crate) async fn send_sms(&self, number: &str) -> Result<Challenge, Refusal> {
        let answer = self.identity().send_otp(send_sms_request(number)).await?;
        Ok(answer.into_inner().challenge.unwrap())
    }

    /// Asks for a magic link to `email`.
    pub(crate) async fn send_link(&self, email: &str, completion: LinkCompletion) -> Result<Challenge, Refusal> {
        let request = SendMagicLinkRequest { link_completion: completion.into(), ..send_link_request(email) };
        Ok(self.identity().send_magic_link(request).await?.into_inner().challenge.unwrap())
    }

    /// Redeems a link, and nothing else is said.
    pub(crate) async fn redeem(&self, token: &str) -> Result<RedeemMagicLinkResponse, Refusal> {
        let request = RedeemMagicLinkRequest { token: token.to_owned(), ..RedeemMagicLinkRequest::default() };
        Ok(self.identity().redeem_magic_link(request).await?.into_inner())
    }

    /// Redeems a link with a number.
    pub(crate) async fn approve(&self, token: &str, number: &str) -> Result<RedeemMagicLinkResponse, Refusal> {
        let (token, match_number) = (token.to_owned(), number.to_owned());
        let request = RedeemMagicLinkRequest { token, match_number, ..RedeemMagicLinkRequest::default() };
        Ok(self.identity().redeem_magic_link(request).await?.into_inner())
    }

    /// Asks what a link is for.
    pub(crate) async fn inspect(&self, token: &str) -> Result<InspectMagicLinkResponse, Refusal> {
        let request = InspectMagicLinkRequest { token: token.to_owned() };
        Ok(self.identity().inspect_magic_link(request).await?.into_inner())
    }

    /// Says that a link was not asked for.
    pub(crate) async fn reject(&self, token: &str, revoke_all_sessions: bool) -> Result<(), Refusal> {
        let token = token.to_owned();
        let request = RejectMagicLinkRequest { token, revoke_all_sessions, ..RejectMagicLinkRequest::default() };
        self.identity().reject_magic_link(request).await?;
        Ok(())
    }

    /// Collects the sign-in of a challenge that this caller asked for.
    pub(crate) async fn collect(&self, challenge: &Challenge) -> Result<CompleteSignInResponse, Refusal> {
        let request = CompleteSignInRequest {
            challenge_id: challenge.challenge_id.clone(),
            binding_secret: challenge.binding_secret.clone(),
            ..CompleteSignInRequest::default()
        };
        Ok(self.identity().complete_sign_in(request).await?.into_inner())
    }

    /// Answers a challenge with a code.
    pub(crate) async fn verify_otp(&self, challenge_id: &str, code: &str) -> Result<VerifyOtpResponse, Refusal> {
        let request = VerifyOtpRequest {
            challenge_id: challenge_id.to_owned(),
            code: code.to_owned(),
            ..VerifyOtpRequest::default()
        };
        Ok(self.identity().verify_otp(request).await?.into_inner())
    }

    /// Whether and why a token is active, for any audience.
    pub(crate) async fn validate(&self, access_token: &str) -> Result<ValidateTokenResponse, Refusal> {
        self.validate_for(access_token, "").await
    }

    /// Whether and why a token is active for an audience.
    pub(crate) async fn validate_for(
        &self,
        access_token: &str,
        audience: &str,
    ) -> Result<ValidateTokenResponse, Refusal> {
        let request = ValidateTokenRequest {
            access_token: access_token.to_owned(),
            audience: audience.to_owned(),
            ..ValidateTokenRequest::default()
        };
        Ok(self.tokens().validate_token(request).await?.into_inner())
    }
}

/// A request for a code to `email`, with every other field at its default.
pub(crate) fn send_otp_request(email: &str) -> SendOtpRequest {
    SendOtpRequest { identifier: Some(Identifier::Email(email.to_owned())), ..SendOtpRequest::default() }
}

/// A request for a magic link to `email`, with every other field at its default.
pub(crate) fn send_link_request(email: &str) -> SendMagicLinkRequest {
    let identifier = Some(send_magic_link_request::Identifier::Email(email.to_owned()));
    SendMagicLinkRequest { identifier, ..SendMagicLinkRequest::default() }
}

/// A request for a code to the phone `number`.
pub(crate) fn send_sms_request(number: &str) -> SendOtpRequest {
    SendOtpRequest { identifier: Some(Identifier::PhoneNumber(number.to_owned())), ..SendOtpRequest::default() }
}

/// A request of the person who holds `access_token`.
pub(crate) fn bearer<T>(request: impl IntoRequest<T>, access_token: &str) -> Request<T> {
    with_metadata(request, "authorization", &format!("Bearer {access_token}"))
}

/// A request of the operator who holds `token`.
pub(crate) fn operator<T>(request: impl IntoRequest<T>, token: &str) -> Request<T> {
    with_metadata(request, "x-service-token", token)
}

/// A request with one more metadata entry.
pub(crate) fn with_metadata<T>(request: impl IntoRequest<T>, key: &'static str, value: &str) -> Request<T> {
    let mut request = request.into_request();
    request.metadata_mut().insert(key, value.parse().unwrap());
    request
}
