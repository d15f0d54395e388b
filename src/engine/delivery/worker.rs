//! The worker that empties the outbox.

use super::{
    backoff,
    courier::Courier,
    handoff::{Handed, Handoff},
    messengers::Messengers,
    suppressed::SuppressedAddresses,
    words::Templates,
};
use crate::engine::{clocks::Clocks, funnel::Funnel};
use crate::ports::{
    clock::Clock,
    entropy::Entropy,
    keys::Keys,
    policy::Policies,
    store::{Outbox, StoreFault},
};
use std::{mem, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// What the worker works with.
pub struct WorkerParts {
    /// Where messages wait; a store serves as one.
    pub outbox: Arc<dyn Outbox>,
    /// Who carries them to people.
    pub messengers: Messengers,
    /// The keys that open them.
    pub keys: Arc<dyn Keys>,
    /// The clock that expiry is judged by.
    pub clock: Arc<dyn Clock>,
    /// Where ids of events and the scatter of retries come from.
    pub entropy: Arc<dyn Entropy>,
    /// The policy in force: which text messages may go.
    pub policies: Arc<dyn Policies>,
    /// The way from those who accept messages.
    pub handoff: Handoff,
    /// Who counts the funnel of signing in.
    pub funnel: Funnel,
    /// What messages say.
    pub templates: Arc<Templates>,
    /// Who gets no message for a while.
    pub suppressed: Arc<SuppressedAddresses>,
    /// Whether this process goes by the same time as the store.
    pub clocks: Arc<Clocks>,
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

/// How long the messages of a backlog wait, for each hand, while others are being asked for: whoever asks now shares the
/// machine with those who are late, and is not to wait for them. See `docs/decisions/0144-a-backlog-gives-way.md`.
const GIVE_WAY: Duration = Duration::from_millis(1);

/// How long after a claim that failed the next one is tried at the latest. The store is asked for a sign of life as often; what waits
/// in it is not to wait for long when it is back.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long after an outage nothing is claimed yet. Leases may have run out in it whose messages have been sent: whoever has them writes
/// that down first, here and in other processes (`Courier::settle` tries twice as often).
const SETTLE_FIRST: Duration = Duration::from_secs(1);

/// How long a notice waits for others at most, where this process accepted it. A claim is dear, and nobody waits for a notice as
/// for a code.
const NOTICE_PAUSE: Duration = Duration::from_millis(100);

/// Empties the outbox. Any number of workers may run, in this process and in others: a message is claimed by one at a
/// time. What a worker leaves unfinished is claimed again when its lease has run out.
pub struct Worker {
    parts: Arc<WorkerParts>,
    options: WorkerOptions,
    courier: Arc<Courier>,
    hands: Arc<Semaphore>,
}

/// What hands one message over at a time.
pub(super) type Hand = OwnedSemaphorePermit;

impl Worker {
    /// A worker of the parts.
    #[must_use]
    pub fn new(parts: WorkerParts, options: WorkerOptions) -> Self {
        let parts = Arc::new(parts);
        let courier = Arc::new(Courier::new(parts.clone()));
        let hands = usize::try_from(options.concurrency).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Self { parts, options, courier, hands: Arc::new(Semaphore::new(hands)) }
    }

    /// Works until told to stop, and then finishes what it has begun, within the limit for that.
    pub async fn run(self, stop: CancellationToken) {
        let mut arrivals = self.parts.handoff.receiver();
        let mut begun = JoinSet::new();
        let mut outages = 0_u32;
        let mut look = Instant::now();
        let mut settled = look;
        let mut hand = None;
        let mut asked_meanwhile = false;
        while !stop.is_cancelled() {
            if hand.is_none() {
                hand = Arc::clone(&self.hands).try_acquire_owned().ok();
            }
            if look <= Instant::now()
                && let Some(first) = hand.take()
            {
                if !asked_meanwhile && let Ok(handed) = arrivals.try_recv() {
                    // A backlog is not to keep the hands from those who ask now.
                    asked_meanwhile = true;
                    self.carry(&mut begun, handed, Some(first));
                    continue;
                }
                let claimed = if outages == 0 { self.claim(&mut begun, first).await } else { self.look(first).await };
                let pause = match claimed {
                    Ok(spare) if outages > 0 => {
                        outages = 0;
                        hand = spare;
                        settled = Instant::now() + SETTLE_FIRST;
                        SETTLE_FIRST
                    }
                    Ok(spare) => {
                        hand = spare;
                        let asked_meanwhile = mem::take(&mut asked_meanwhile);
                        match hand {
                            Some(_) => self.options.poll,
                            // That took all hands: there may be more.
                            None if asked_meanwhile => (GIVE_WAY * self.options.concurrency).min(self.options.poll),
                            None => Duration::ZERO,
                        }
                    }
                    Err(fault) => {
                        outages += 1;
                        // Each time twice as seldom: an outage of an hour is told in a dozen lines.
                        if outages.is_power_of_two() {
                            tracing::warn!(error = %fault, outages, "messages cannot be claimed");
                        }
                        backoff::pause(outages, &*self.parts.entropy).min(LOOK_AGAIN)
                    }
                };
                look = Instant::now() + pause;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Ok(free) = Arc::clone(&self.hands).acquire_owned(), if hand.is_none() => hand = Some(free),
                () = sleep_until(look), if hand.is_some() => {}
                () = self.parts.handoff.roused(), if hand.is_some() && outages == 0 => look = settled.max(Instant::now()),
                () = self.parts.handoff.noticed(), if hand.is_some() && outages == 0 => {
                    look = look.min(settled.max(Instant::now() + NOTICE_PAUSE));
                }
                Some(handed) = arrivals.recv(), if hand.is_some() => {
                    asked_meanwhile = true;
                    self.carry(&mut begun, handed, hand.take());
                }
                Some(ended) = begun.join_next() => log_panic(&ended),
            }
        }
        drop(hand);
        while let Ok(handed) = arrivals.try_recv() {
            self.carry(&mut begun, handed, None);
        }
        self.finish(begun).await;
    }

    /// Claims as many messages as there are free hands, so that none waits in here while its lease runs, and begins each.
    /// Gives a hand that is still free.
    async fn claim(&self, begun: &mut JoinSet<()>, first: Hand) -> Result<Option<Hand>, StoreFault> {
        if self.parts.clocks.are_apart() {
            // A clock that is ahead would have every message expired, those of other processes too.
            return Ok(Some(first));
        }
        let others =
            (0..self.hands.available_permits()).map_while(|_| Arc::clone(&self.hands).try_acquire_owned().ok());
        let mut free: Vec<Hand> = std::iter::once(first).chain(others).collect();
        let claim_time = self.parts.clock.now();
        let lease = self.parts.handoff.lease();
        let doubted = self.parts.handoff.doubted(claim_time);
        if !doubted.is_empty() {
            self.parts.outbox.release(doubted, claim_time).await?;
        }
        let most = u32::try_from(free.len()).unwrap_or(u32::MAX);
        for message in self.parts.outbox.claim(most, claim_time, lease).await? {
            self.carry(begun, Handed::claimed(message, claim_time.after(lease)), free.pop());
        }
        Ok(free.pop())
    }

    /// Looks whether claims can be made, and makes none. Gives the hand back.
    async fn look(&self, hand: Hand) -> Result<Option<Hand>, StoreFault> {
        self.parts.outbox.claim(0, self.parts.clock.now(), self.parts.handoff.lease()).await?;
        Ok(Some(hand))
    }

    /// Begins a message; without a hand it waits for one.
    fn carry(&self, begun: &mut JoinSet<()>, handed: Handed, hand: Option<Hand>) {
        let Handed { message, lease_end, place } = handed;
        // It has left the way: the next may come.
        drop(place);
        let (courier, hands) = (self.courier.clone(), Arc::clone(&self.hands));
        begun.spawn(async move {
            let mut hand = match hand {
                Some(hand) => Some(hand),
                None => hands.acquire_owned().await.ok(),
            };
            let ended = courier.carry(&message, lease_end, &mut hand).await;
            // What became of it may be written down while the hand takes the next.
            drop(hand);
            if let Some(ended) = ended {
                courier.settle(&message, ended, lease_end).await;
            }
        });
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
