//! Connections to a server, and the clients on them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tonic::transport::{Channel, Endpoint};

use identity::grpc::proto::identity_service_client::IdentityServiceClient;
use identity::grpc::proto::token_service_client::TokenServiceClient;

/// A few connections in the clear (HTTP/2 by prior knowledge), shared by all workers in turn.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    channels: Arc<[Channel]>,
}

impl Clients {
    /// Opens the connections.
    pub(crate) async fn connect(address: SocketAddr, connections: usize) -> anyhow::Result<Self> {
        let mut channels = Vec::new();
        for _ in 0..connections {
            let endpoint = Endpoint::from_shared(format!("http://{address}"))?
                .tcp_nodelay(true)
                .connect_timeout(Duration::from_secs(5))
                .timeout(Duration::from_secs(10));
            channels.push(endpoint.connect().await.with_context(|| format!("connect to {address}"))?);
        }
        Ok(Self { channels: channels.into() })
    }

    fn channel(&self, worker: usize) -> Channel {
        self.channels[worker % self.channels.len()].clone()
    }

    /// A client of `IdentityService` for a worker.
    pub(crate) fn identity(&self, worker: usize) -> IdentityServiceClient<Channel> {
        IdentityServiceClient::new(self.channel(worker))
    }

    /// A client of `TokenService` for a worker.
    pub(crate) fn token(&self, worker: usize) -> TokenServiceClient<Channel> {
        TokenServiceClient::new(self.channel(worker))
    }
}
