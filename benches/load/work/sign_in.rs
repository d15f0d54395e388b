//! A sign-in: ask for a code, receive it, present it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{People, Person, Sessions, device};
use crate::clients::Clients;
use crate::drive::Work;
use crate::inbox::Inbox;
use crate::stats::Latency;
use identity::grpc::proto::VerifyOtpRequest;

/// Signs people in. The time that counts is that of the two calls; the message's way is counted apart.
pub(crate) struct SignIn {
    /// Connections to the server.
    pub(crate) clients: Clients,
    /// Where the codes come.
    pub(crate) inbox: Inbox,
    /// Who signs in.
    pub(crate) people: People,
    /// Takes the new sessions.
    pub(crate) sessions: Sessions,
    /// How long messages took.
    pub(crate) delivery: Arc<Mutex<Latency>>,
}

impl Work for SignIn {
    async fn once(&self, worker: usize) -> anyhow::Result<Duration> {
        let Person { email, device_token, request } = self.people.next()?;
        let expected = self.inbox.expect(&email);
        let mut client = self.clients.identity(worker);
        let begin = Instant::now();
        let sent = client.send_otp(request).await.context("SendOtp")?.into_inner();
        let sent_at = Instant::now();
        let challenge = sent.challenge.context("SendOtp gave no challenge")?;
        let code = expected.code().await?;
        let code_at = Instant::now();
        let verified = client
            .verify_otp(VerifyOtpRequest {
                challenge_id: challenge.challenge_id,
                code,
                device: Some(device()),
                binding_secret: challenge.binding_secret,
                device_token,
                ..VerifyOtpRequest::default()
            })
            .await
            .context("VerifyOtp")?
            .into_inner();
        let end = Instant::now();
        self.people.keep(email, verified.device_token);
        self.delivery.lock().unwrap().record(code_at - sent_at);
        self.sessions.give(verified.tokens.context("VerifyOtp gave no tokens")?.into());
        Ok((sent_at - begin) + (end - code_at))
    }
}
