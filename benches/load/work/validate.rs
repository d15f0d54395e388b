//! `ValidateToken`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::clients::Clients;
use crate::drive::Work;
use identity::grpc::proto::ValidateTokenRequest;

/// Asks about tokens in turn.
pub(crate) struct Validate {
    clients: Clients,
    tokens: Vec<String>,
    next: AtomicUsize,
}

impl Validate {
    /// Asks about these tokens, each of which must be active.
    pub(crate) fn new(clients: Clients, tokens: Vec<String>) -> Self {
        Self { clients, tokens, next: AtomicUsize::new(0) }
    }
}

impl Work for Validate {
    async fn once(&self, worker: usize) -> anyhow::Result<Duration> {
        let token = &self.tokens[self.next.fetch_add(1, Ordering::Relaxed) % self.tokens.len()];
        let request = ValidateTokenRequest { access_token: token.clone(), ..ValidateTokenRequest::default() };
        let begin = Instant::now();
        let answer = self.clients.token(worker).validate_token(request).await.context("ValidateToken")?.into_inner();
        let time = begin.elapsed();
        ensure!(answer.active, "a good token is not active: {:?}", answer.inactive_reason());
        Ok(time)
    }
}
