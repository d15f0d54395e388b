//! `grpc.health.v1.Health`: whether each service can do its work now.

use super::{
    admin::Admin,
    identity::Identity,
    proto::{
        admin_service_server::AdminServiceServer, identity_service_server::IdentityServiceServer,
        session_service_server::SessionServiceServer, token_service_server::TokenServiceServer,
    },
    session::Sessions,
    token::Tokens,
};
use crate::engine::readiness::Ready;
use tonic::server::NamedService as _;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// The state of every service, as the health check tells it. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Health(HealthReporter);

impl Health {
    /// Sets the state: `IdentityService` and `AdminService` need the store, `TokenService` the feed of revocations,
    /// `SessionService` and the server as a whole (the empty name) both.
    pub async fn set(&self, ready: Ready) {
        for (service, serving) in [
            ("", ready.all()),
            (IdentityServiceServer::<Identity>::NAME, ready.store),
            (SessionServiceServer::<Sessions>::NAME, ready.all()),
            (AdminServiceServer::<Admin>::NAME, ready.store),
            (TokenServiceServer::<Tokens>::NAME, ready.revocations),
        ] {
            let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
            self.0.set_service_status(service, status).await;
        }
    }

    pub(super) fn server(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.0.clone()))
    }
}
