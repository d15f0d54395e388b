//! The echo: a tonic server that answers at once with what the service would, in a process of its own. What a method
//! costs beyond it is the service's work.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio_stream::Empty;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use identity::grpc::proto::identity_service_server::{IdentityService, IdentityServiceServer};
use identity::grpc::proto::token_service_server::{TokenService, TokenServiceServer};
use identity::grpc::proto::{
    AccessTokenClaims, Challenge, CompleteSignInRequest, CompleteSignInResponse, GetJwksRequest, GetJwksResponse,
    InspectMagicLinkRequest, InspectMagicLinkResponse, RedeemMagicLinkRequest, RedeemMagicLinkResponse,
    RefreshTokenRequest, RefreshTokenResponse, RejectMagicLinkRequest, RejectMagicLinkResponse, ResendOtpRequest,
    ResendOtpResponse, SendMagicLinkRequest, SendMagicLinkResponse, SendOtpRequest, SendOtpResponse, SignOutRequest,
    SignOutResponse, ValidateTokenRequest, ValidateTokenResponse, VerifyOtpRequest, VerifyOtpResponse,
    WatchChallengeRequest, WatchChallengeResponse,
};

/// Serves until the process is ended; prints the address as one line.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let echo = Echo::new();
        Server::builder()
            .add_service(TokenServiceServer::new(echo.clone()))
            .add_service(IdentityServiceServer::new(echo))
            .serve_with_incoming(incoming)
            .await?;
        Ok(())
    })
}

#[derive(Clone)]
struct Echo {
    validated: ValidateTokenResponse,
    sent: SendOtpResponse,
}

impl Echo {
    /// Answers of the sizes that the service gives.
    fn new() -> Self {
        let id = || "01931f6e-7c2a-7bbb-8ccc-0123456789ab".to_owned();
        let time = || Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 123_456_000 });
        Self {
            validated: ValidateTokenResponse {
                active: true,
                claims: Some(AccessTokenClaims {
                    iss: "http://localhost:8080".to_owned(),
                    sub: id(),
                    aud: vec!["load".to_owned()],
                    expire_time: time(),
                    issue_time: time(),
                    not_before_time: time(),
                    jti: id(),
                    client_id: "load".to_owned(),
                    session_id: id(),
                    device_id: "load".to_owned(),
                    roles: Vec::new(),
                    amr: vec!["otp".to_owned()],
                    acr: "1".to_owned(),
                    auth_time: time(),
                }),
                inactive_reason: 0,
            },
            sent: SendOtpResponse {
                challenge: Some(Challenge {
                    challenge_id: id(),
                    channel: 1,
                    purpose: 1,
                    masked_destination: "p***@load.example".to_owned(),
                    code_length: 6,
                    attempts_remaining: 5,
                    expire_time: time(),
                    resend_time: time(),
                    binding_secret: "A".repeat(43),
                    match_number: String::new(),
                }),
            },
        }
    }
}

fn not_offered() -> Status {
    Status::unimplemented("the echo has two methods")
}

#[tonic::async_trait]
impl TokenService for Echo {
    async fn validate_token(
        &self,
        _: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        Ok(Response::new(self.validated.clone()))
    }

    async fn get_jwks(&self, _: Request<GetJwksRequest>) -> Result<Response<GetJwksResponse>, Status> {
        Err(not_offered())
    }
}

#[tonic::async_trait]
impl IdentityService for Echo {
    async fn send_otp(&self, _: Request<SendOtpRequest>) -> Result<Response<SendOtpResponse>, Status> {
        Ok(Response::new(self.sent.clone()))
    }

    async fn resend_otp(&self, _: Request<ResendOtpRequest>) -> Result<Response<ResendOtpResponse>, Status> {
        Err(not_offered())
    }

    async fn verify_otp(&self, _: Request<VerifyOtpRequest>) -> Result<Response<VerifyOtpResponse>, Status> {
        Err(not_offered())
    }

    async fn send_magic_link(
        &self,
        _: Request<SendMagicLinkRequest>,
    ) -> Result<Response<SendMagicLinkResponse>, Status> {
        Err(not_offered())
    }

    async fn inspect_magic_link(
        &self,
        _: Request<InspectMagicLinkRequest>,
    ) -> Result<Response<InspectMagicLinkResponse>, Status> {
        Err(not_offered())
    }

    async fn reject_magic_link(
        &self,
        _: Request<RejectMagicLinkRequest>,
    ) -> Result<Response<RejectMagicLinkResponse>, Status> {
        Err(not_offered())
    }

    async fn redeem_magic_link(
        &self,
        _: Request<RedeemMagicLinkRequest>,
    ) -> Result<Response<RedeemMagicLinkResponse>, Status> {
        Err(not_offered())
    }

    async fn complete_sign_in(
        &self,
        _: Request<CompleteSignInRequest>,
    ) -> Result<Response<CompleteSignInResponse>, Status> {
        Err(not_offered())
    }

    type WatchChallengeStream = Empty<Result<WatchChallengeResponse, Status>>;

    async fn watch_challenge(
        &self,
        _: Request<WatchChallengeRequest>,
    ) -> Result<Response<Self::WatchChallengeStream>, Status> {
        Err(not_offered())
    }

    async fn refresh_token(&self, _: Request<RefreshTokenRequest>) -> Result<Response<RefreshTokenResponse>, Status> {
        Err(not_offered())
    }

    async fn sign_out(&self, _: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        Err(not_offered())
    }
}
