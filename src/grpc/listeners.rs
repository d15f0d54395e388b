//! What stands behind the two gRPC listeners: one for people's gateways and other services, one for operators.

use super::{
    admin::Admin,
    front::{Dispatch, Front, FrontOptions},
    health::{Checks, Health},
    identity::Identity,
    layers::{answer, authorization::OperatorToken, call::Call},
    proto::{
        admin_service_server::AdminServiceServer, identity_service_server::IdentityServiceServer,
        session_service_server::SessionServiceServer, token_service_server::TokenServiceServer,
    },
    reflection,
    session::Sessions,
    status::Fault,
    token::Tokens,
};
use crate::engine::{
    account::{AccountEngine, AdminEngine},
    delivery::DeliveryDesk,
    explain::ExplainEngine,
    otp::OtpEngine,
    policy::PolicyEngine,
    simulate::SimulateEngine,
    token::TokenIssuer,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use std::{error::Error, sync::Arc};
use tonic::{body::Body, server::NamedService as _, service::Routes};
use tonic_health::pb::health_server::HealthServer;
use tower::Service as _;

/// The longest message that is taken.
pub(super) const MAX_MESSAGE: usize = 16 * 1024;

/// Answers people's calls, and those of services that check tokens.
pub struct People {
    identity: IdentityServiceServer<Identity>,
    token: TokenServiceServer<Tokens>,
    session: SessionServiceServer<Sessions>,
    health: HealthServer<Checks>,
    reflection: Routes,
}

/// The front of the listener for gateways and services.
#[must_use]
pub fn people(
    otp: &Arc<OtpEngine>,
    tokens: &Arc<TokenIssuer>,
    accounts: &Arc<AccountEngine>,
    health: &Health,
    options: FrontOptions,
) -> Front<People> {
    let identity = Identity { otp: Arc::clone(otp), tokens: Arc::clone(tokens) };
    let token = Tokens { tokens: Arc::clone(tokens) };
    let session = Sessions { accounts: Arc::clone(accounts) };
    let people = People {
        identity: IdentityServiceServer::new(identity).max_decoding_message_size(MAX_MESSAGE),
        token: TokenServiceServer::new(token).max_decoding_message_size(MAX_MESSAGE),
        session: SessionServiceServer::new(session).max_decoding_message_size(MAX_MESSAGE),
        health: health.of_people().max_decoding_message_size(MAX_MESSAGE),
        reflection: reflection::of(&[
            IdentityServiceServer::<Identity>::NAME,
            TokenServiceServer::<Tokens>::NAME,
            SessionServiceServer::<Sessions>::NAME,
        ]),
    };
    Front::new(people, options)
}

impl Dispatch for People {
    async fn dispatch<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        let Ok(answer) = match service_of(request.uri().path()) {
            TokenServiceServer::<Tokens>::NAME => self.token.clone().call(request).await,
            IdentityServiceServer::<Identity>::NAME => self.identity.clone().call(request).await,
            SessionServiceServer::<Sessions>::NAME => self.session.clone().call(request).await,
            HealthServer::<Checks>::NAME => self.health.clone().call(request).await,
            reflection::V1 | reflection::V1_ALPHA => self.reflection.clone().call(request).await,
            _ => Ok(answer::of(Fault::MethodNotFound)),
        };
        answer
    }
}

/// Answers operators' calls.
pub struct Operators {
    engine: Arc<AdminEngine>,
    token: OperatorToken,
    admin: AdminServiceServer<Admin>,
    health: HealthServer<Checks>,
    reflection: Routes,
}

/// What operators' calls stand on.
pub struct OperatorEngines {
    /// Users.
    pub admin: Arc<AdminEngine>,
    /// The policy in force.
    pub policy: Arc<PolicyEngine>,
    /// Why a person or an address is refused.
    pub explain: Arc<ExplainEngine>,
    /// What a policy would have refused.
    pub simulate: Arc<SimulateEngine>,
    /// Providers and messages.
    pub desk: Arc<DeliveryDesk>,
}

/// The front of the listener for operators, who show `token` with every call of `AdminService`.
#[must_use]
pub fn operators(
    OperatorEngines { admin: engine, policy, explain, simulate, desk }: OperatorEngines,
    token: OperatorToken,
    health: &Health,
    options: FrontOptions,
) -> Front<Operators> {
    let admin = Admin { engine: Arc::clone(&engine), policy, explain, simulate, desk };
    let operators = Operators {
        engine,
        token,
        admin: AdminServiceServer::new(admin).max_decoding_message_size(MAX_MESSAGE),
        health: health.of_operators().max_decoding_message_size(MAX_MESSAGE),
        reflection: reflection::of(&[AdminServiceServer::<Admin>::NAME]),
    };
    Front::new(operators, options)
}

impl Dispatch for Operators {
    async fn dispatch<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        let Ok(answer) = match service_of(request.uri().path()) {
            AdminServiceServer::<Admin>::NAME => {
                if !self.token.is_shown(request.headers()) {
                    return self.refuse(request).await;
                }
                self.admin.clone().call(request).await
            }
            HealthServer::<Checks>::NAME => self.health.clone().call(request).await,
            reflection::V1 | reflection::V1_ALPHA => self.reflection.clone().call(request).await,
            _ => Ok(answer::of(Fault::MethodNotFound)),
        };
        answer
    }
}

impl Operators {
    /// Refuses a call without the operator's token, once that is in the audit log.
    async fn refuse<B>(&self, mut request: Request<B>) -> Response<Body> {
        let call = request.extensions_mut().remove::<Call>().unwrap_or_default();
        let engine = Arc::clone(&self.engine);
        match call.run(|origin| async move { engine.refuse_operator(&origin).await }).await {
            Ok(()) => answer::of(Fault::ServiceCredentialRequired),
            Err(refusal) => super::status::of(&refusal).into_http(),
        }
    }
}

/// The service in a path of the form `/service/method`.
fn service_of(path: &str) -> &str {
    path.strip_prefix('/').and_then(|path| path.split_once('/')).map_or("", |(service, _)| service)
}
