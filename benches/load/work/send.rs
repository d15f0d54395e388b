//! `SendOtp` alone.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::People;
use crate::clients::Clients;
use crate::drive::Work;

/// Asks for codes that nobody uses.
pub(crate) struct Send {
    /// Connections to the server.
    pub(crate) clients: Clients,
    /// Who asks.
    pub(crate) people: People,
}

impl Work for Send {
    async fn once(&self, worker: usize) -> anyhow::Result<Duration> {
        let request = self.people.next()?.request;
        let begin = Instant::now();
        self.clients.identity(worker).send_otp(request).await.context("SendOtp")?;
        Ok(begin.elapsed())
    }
}
