//! `RefreshToken`.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{Sessions, device};
use crate::clients::Clients;
use crate::drive::Work;
use identity::grpc::proto::RefreshTokenRequest;

/// Refreshes sessions in turn; each comes back with its new tokens.
pub(crate) struct Refresh {
    /// Connections to the server.
    pub(crate) clients: Clients,
    /// Whose tokens.
    pub(crate) sessions: Sessions,
}

impl Work for Refresh {
    async fn once(&self, worker: usize) -> anyhow::Result<Duration> {
        let kept = self.sessions.take().context("there is no session left to refresh")?;
        let request = RefreshTokenRequest {
            refresh_token: kept.refresh_token,
            device: Some(device()),
            request_id: String::new(),
        };
        let begin = Instant::now();
        let answer = self.clients.identity(worker).refresh_token(request).await.context("RefreshToken")?.into_inner();
        let time = begin.elapsed();
        self.sessions.give(answer.tokens.context("RefreshToken gave no tokens")?.into());
        Ok(time)
    }
}
