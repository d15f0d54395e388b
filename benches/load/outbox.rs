//! The outbox: how many messages leave it, how soon, and what a backlog costs those who ask meanwhile.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::clients::Clients;
use super::drive::{self, Run, Span, Work};
use super::inbox::Inbox;
use super::options::{Delivery, Options, Pair};
use super::stack::Stack;
use super::stats::Latency;
use super::work::{People, Person, Send};

/// How many messages wait before the relay opens.
const BACKLOG: u64 = 100_000;

/// A drain that takes longer has failed: codes live for five minutes.
const PATIENCE: Duration = Duration::from_mins(5);

/// What was measured on a pair.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    /// Messages that arrived in a second while `SendOtp` was asked as fast as it answers.
    pub(crate) rate: f64,
    /// From the call of `SendOtp` to the relay's taking of the message, one at a time.
    pub(crate) handover: Latency,
    /// Messages that waited when the relay opened.
    pub(crate) backlog: u64,
    /// How long they took to leave.
    pub(crate) drain: Duration,
    /// `SendOtp` at a steady trickle without a backlog.
    pub(crate) calm: Run,
    /// The same while the backlog drained.
    pub(crate) draining: Run,
}

/// Measures a pair; only a mail server can be closed and opened.
pub(crate) async fn measure(pair: Pair, options: &Options) -> anyhow::Result<Outbox> {
    ensure!(options.delivery == Delivery::Smtp, "the outbox is measured with --delivery smtp");
    let stack = Stack::start(pair, options).await?;
    let clients = stack.clients(options.connections).await?;
    let people = People::new(1_000_000);
    let send = Arc::new(Send { clients: clients.clone(), people: people.clone() });
    let span = |seconds| Span { warm: options.seconds(1.0), measured: options.seconds(seconds), parties: Vec::new() };

    let rate = throughput(&stack.inbox, &send, options).await?;
    stack.inbox.caught_up(PATIENCE).await?;
    let ask = Arc::new(Ask { clients: clients.clone(), inbox: stack.inbox.clone(), people: people.clone() });
    let handover = drive::closed(&ask, 1, &span(5.0)).await.latency;
    let calm = drive::closed(&send, 4, &span(5.0)).await;

    stack.inbox.caught_up(PATIENCE).await?;
    let wanted = if options.quick { BACKLOG / 20 } else { BACKLOG };
    stack.inbox.close();
    let asked = Arc::new(Fill { send: Arc::clone(&send), left: Mutex::new(wanted) });
    fill(&asked, options.workers).await?;
    stack.inbox.open();
    let begin = Instant::now();
    let before = stack.inbox.received();
    let drained = async {
        while stack.inbox.received() - before < wanted {
            ensure!(begin.elapsed() < PATIENCE, "the backlog does not drain");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(begin.elapsed())
    };
    let steady = span(5.0);
    let (draining, drain) = tokio::join!(drive::closed(&send, 4, &steady), drained);
    Ok(Outbox { rate, handover, backlog: wanted, drain: drain?, calm, draining })
}

/// Messages a second that arrive under saturation.
async fn throughput(inbox: &Inbox, send: &Arc<Send>, options: &Options) -> anyhow::Result<f64> {
    let span = Span { warm: options.seconds(1.0), measured: options.seconds(5.0), parties: Vec::new() };
    let counted = async {
        tokio::time::sleep(span.warm).await;
        let before = inbox.received();
        tokio::time::sleep(span.measured).await;
        inbox.received() - before
    };
    let (run, arrived) = tokio::join!(drive::closed(send, options.workers, &span), counted);
    ensure!(run.failed == 0, "SendOtp failed: {}", run.failure.unwrap_or_default());
    #[expect(clippy::cast_precision_loss, reason = "a count of a few seconds")]
    let arrived = arrived as f64;
    Ok(arrived / span.measured.as_secs_f64())
}

/// Asks for as many codes as are wanted.
async fn fill(asked: &Arc<Fill>, workers: usize) -> anyhow::Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..workers {
        let asked = Arc::clone(asked);
        tasks.spawn(async move {
            while asked.take() {
                asked.send.once(worker).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a worker")??;
    }
    Ok(())
}

/// A number of requests, shared by workers.
struct Fill {
    send: Arc<Send>,
    left: Mutex<u64>,
}

impl Fill {
    fn take(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        let more = *left > 0;
        *left = left.saturating_sub(1);
        more
    }
}

/// Asks for a code, and counts the time until the relay has it.
struct Ask {
    clients: Clients,
    inbox: Inbox,
    people: People,
}

impl Work for Ask {
    async fn once(&self, worker: usize) -> anyhow::Result<Duration> {
        let Person { email, request, .. } = self.people.next()?;
        let expected = self.inbox.expect(&email);
        let begin = Instant::now();
        self.clients.identity(worker).send_otp(request).await.context("SendOtp")?;
        expected.code().await?;
        Ok(begin.elapsed())
    }
}
