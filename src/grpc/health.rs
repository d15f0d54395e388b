//! `grpc.health.v1.Health`: whether each service of a listener can do its work now.

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
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::sync::{Arc, Mutex, PoisonError};
use tonic::{Code, Request, Response, Status, server::NamedService as _};
use tonic_health::{
    ServingStatus,
    pb::{self, HealthCheckRequest, HealthCheckResponse, health_check_response, health_server::HealthServer},
    server::{HealthReporter, HealthService},
};

/// The state of every service, as the health checks of the two listeners tell it. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Health {
    people: HealthReporter,
    operators: HealthReporter,
    /// What was told last: whether the store is there and its clock agrees, and the feed of revocations.
    told: Arc<Mutex<Option<(bool, bool, bool)>>>,
}

impl Health {
    /// Sets the state: `IdentityService` and `AdminService` need the store, `TokenService` the feed of revocations,
    /// `SessionService` both. `IdentityService` needs clocks that agree too, and the server as a whole (the empty name)
    /// everything. Who watches is told of changes alone.
    pub async fn set(&self, ready: Ready) {
        let now = Some((ready.store, ready.clock, ready.revocations));
        let before = std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), now);
        if before == now {
            return;
        }
        for (reporter, service, serving) in [
            (&self.people, "", ready.all()),
            (&self.people, IdentityServiceServer::<Identity>::NAME, ready.issuing()),
            (&self.people, SessionServiceServer::<Sessions>::NAME, ready.store && ready.revocations),
            (&self.people, TokenServiceServer::<Tokens>::NAME, ready.revocations),
            (&self.operators, "", ready.all()),
            (&self.operators, AdminServiceServer::<Admin>::NAME, ready.store),
        ] {
            let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
            reporter.set_service_status(service, status).await;
        }
    }

    /// The checks of the listener for gateways and services.
    pub(super) fn of_people(&self) -> HealthServer<Checks> {
        HealthServer::new(Checks(HealthService::from_health_reporter(self.people.clone())))
    }

    /// Those of the listener for operators.
    pub(super) fn of_operators(&self) -> HealthServer<Checks> {
        HealthServer::new(Checks(HealthService::from_health_reporter(self.operators.clone())))
    }
}

/// The checks of one listener. Who watches a service that is not there is told that it is unknown, and waits, as the
/// protocol has it (`Watch` in grpc/health/v1/health.proto).
#[derive(Debug)]
pub(super) struct Checks(HealthService);

#[tonic::async_trait]
impl pb::health_server::Health for Checks {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        self.0.check(request).await
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        match self.0.watch(request).await {
            Ok(changes) => Ok(changes.map(StreamExt::boxed)),
            Err(status) if status.code() == Code::NotFound => {
                let status = health_check_response::ServingStatus::ServiceUnknown.into();
                let told = stream::iter([Ok(HealthCheckResponse { status })]);
                Ok(Response::new(told.chain(stream::pending()).boxed()))
            }
            Err(status) => Err(status),
        }
    }
}
