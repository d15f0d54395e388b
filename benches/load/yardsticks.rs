//! What the machine can do at the moment. Rates drift with it, those of the echo the most: so the echo is measured once more right beside
//! what is held against it.

use std::sync::Arc;

use super::calibrate::{self, EchoServer, Signing};
use super::clients::Clients;
use super::drive::{self, Run, Work};
use super::options::Options;
use super::procfs::Party;
use super::round::span;
use super::work::{People, Send, Validate};

/// A token of the length that the service gives out.
const TOKEN_LENGTH: usize = 760;

/// What the machine could do at the beginning of a round.
#[derive(Clone, Debug)]
pub(crate) struct Yardsticks {
    /// `R`: RSA-2048 signatures a second, two threads.
    pub(crate) signatures: f64,
    /// One signature, in microseconds.
    pub(crate) signature: f64,
    /// `E` of `ValidateToken`.
    pub(crate) echo_validate: Run,
    /// `E` of `SendOtp`.
    pub(crate) echo_send: Run,
    /// One call of `SendOtp` to the echo, in microseconds.
    pub(crate) echo_call: f64,
}

/// The echo, and what it is asked.
pub(crate) struct Echo {
    server: EchoServer,
    validate: Arc<Validate>,
    send: Arc<Send>,
}

impl Echo {
    /// Starts one.
    pub(crate) async fn start(options: &Options) -> anyhow::Result<Self> {
        let server = EchoServer::start().await?;
        let clients = Clients::connect(server.address(), options.connections).await?;
        let validate = Arc::new(Validate::new(clients.clone(), vec!["e".repeat(TOKEN_LENGTH)]));
        let send = Arc::new(Send { clients, people: People::new(options.people()) });
        Ok(Self { server, validate, send })
    }

    /// `E` of `ValidateToken`, now.
    pub(crate) async fn validations(&self, options: &Options) -> Run {
        driven(&self.validate, options, self.server.parties()).await
    }

    /// `E` of `SendOtp`, now.
    pub(crate) async fn sends(&self, options: &Options) -> Run {
        driven(&self.send, options, self.server.parties()).await
    }
}

async fn driven<W: Work>(work: &Arc<W>, options: &Options, parties: Vec<Party>) -> Run {
    drive::closed(work, options.workers, &span(options, 1.0, 2.5, parties)).await
}

/// Measures the machine.
pub(crate) async fn measure(options: &Options, signing: &Signing, echo: &Echo) -> anyhow::Result<Yardsticks> {
    let signatures = signing.rate(options.seconds(1.5));
    let signature = signing.floor(if options.quick { 500 } else { 2000 });
    let echo_validate = echo.validations(options).await;
    let echo_send = echo.sends(options).await;
    let echo_call = calibrate::serial(&echo.send, 2000).await?;
    Ok(Yardsticks { signatures, signature, echo_validate, echo_send, echo_call })
}
