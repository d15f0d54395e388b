//! The worker that empties the outbox.

use super::{
    backoff,
    courier::{Courier, LEASE_MARGIN},
    wake_up::WakeUp,
    words::{TemplateFault, Templates},
};
use crate::ports::{
    clock::Clock,
    entropy::Entropy,
    keys::Keys,
    messenger::Messenger,
    store::{Outbox, StoreFault},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// What the worker works with.
pub struct WorkerParts {
    /// Where messages wait; a store serves as one.
    pub outbox: Arc<dyn Outbox>,
    /// Who carries them to people.
    pub messenger: Arc<dyn Messenger>,
    /// The keys that open them.
    pub keys: Arc<dyn Keys>,
    /// The clock that expiry is judged by.
    pub clock: Arc<dyn Clock>,
    /// Where ids of events and the scatter of retries come from.
    pub entropy: Arc<dyn Entropy>,
    /// The signal of those who accept messages.
    pub wake_up: WakeUp,
}

/// How the worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// How many messages are handed over at a time, at least 1.
    pub concurrency: u32,
    /// How often it looks for what nobody wakes it for: messages of other processes, retries, leases that ran out.
    pub poll: Duration,
    /// How long it finishes what it has begun when it is told to stop.
    pub stop_limit: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { concurrency: 16, poll: Duration::from_millis(500), stop_limit: Duration::from_secs(20) }
    }
}

/// Empties the outbox. Any number of workers may run, in this process and in others: a message is claimed by one at a
/// time. What a worker leaves unfinished is claimed again when its lease has run out.
pub struct Worker {
    parts: Arc<WorkerParts>,
    options: WorkerOptions,
    courier: Arc<Courier>,
}

impl Worker {
    /// A worker of the parts.
    ///
    /// # Errors
    /// Where a template of this program is wrong.
    pub fn new(parts: WorkerParts, options: WorkerOptions) -> Result<Self, TemplateFault> {
        let parts = Arc::new(parts);
        let courier = Arc::new(Courier::new(parts.clone(), Templates::new()?));
        Ok(Self { parts, options, courier })
    }

    /// Works until told to stop, and then finishes what it has begun, within the limit for that.
    pub async fn run(self, stop: CancellationToken) {
        let mut begun = JoinSet::new();
        let mut outages = 0;
        while !stop.is_cancelled() {
            let pause = match self.begin(&mut begun).await {
                Ok(()) => {
                    outages = 0;
                    self.options.poll
                }
                Err(fault) => {
                    outages += 1;
                    tracing::warn!(error = %fault, outages, "messages cannot be claimed");
                    backoff::pause(outages, &*self.parts.entropy)
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(pause) => {}
                () = self.parts.wake_up.woken(), if outages == 0 && self.room(&begun) > 0 => {}
                Some(ended) = begun.join_next(), if outages == 0 && self.room(&begun) == 0 => log_panic(&ended),
            }
        }
        self.finish(begun).await;
    }

    /// Claims as many messages as there is room for, so that none waits in here while its lease runs, and begins each.
    async fn begin(&self, begun: &mut JoinSet<()>) -> Result<(), StoreFault> {
        while let Some(ended) = begun.try_join_next() {
            log_panic(&ended);
        }
        let room = self.room(begun);
        if room == 0 {
            return Ok(());
        }
        let claim_time = self.parts.clock.now();
        let lease = self.parts.messenger.time_limit() + LEASE_MARGIN;
        for message in self.parts.outbox.claim(room, claim_time, lease).await? {
            let courier = self.courier.clone();
            begun.spawn(async move { courier.carry(message, claim_time.after(lease)).await });
        }
        Ok(())
    }

    fn room(&self, begun: &JoinSet<()>) -> u32 {
        self.options.concurrency.max(1).saturating_sub(u32::try_from(begun.len()).unwrap_or(u32::MAX))
    }

    async fn finish(&self, mut begun: JoinSet<()>) {
        let all = async {
            while let Some(ended) = begun.join_next().await {
                log_panic(&ended);
            }
        };
        if timeout(self.options.stop_limit, all).await.is_err() {
            tracing::warn!(
                messages = begun.len(),
                "stopped before all messages were settled; they will be claimed again"
            );
        }
    }
}

fn log_panic(ended: &Result<(), tokio::task::JoinError>) {
    if ended.is_err() {
        tracing::error!("a hand-over panicked; its message will be claimed again");
    }
}

#[cfg(test)]
mod tests;
