//! One provider of a chain: whether it may be asked, and how it did.

use super::Letter;
use crate::{
    domain::{
        breaker::{Breaker, BreakerState, Passage},
        message::Handover,
        route::Route,
        time::Timestamp,
    },
    ports::{clock::Clock, messenger::Messenger},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use tracing::Instrument as _;

/// How many messages wait for a place at one provider; what is beyond is put off.
const MAX_WAITING: usize = 64;

/// How much longer than its own time limit a provider is waited for. It ends at its limit and says whether the message may have
/// left; whoever cut it off in that same moment would have to take a message for sent that never was.
const LAST_WORD: Duration = Duration::from_millis(500);

/// A provider as a chain takes it.
pub struct Provider<E> {
    /// Its name, by which operators know it.
    pub name: String,
    /// Whom it carries messages to.
    pub route: Route,
    /// Who hands messages to it.
    pub messenger: Arc<dyn Messenger<E>>,
}

/// How a provider stands in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    /// Its name.
    pub name: String,
    /// What it is, such as `smtp`.
    pub kind: &'static str,
    /// Whether it is left alone.
    pub breaker: BreakerState,
    /// Whether an operator has drained it.
    pub drained: bool,
    /// How many hand-overs ended in each class since the process began, and in which: `accepted`, `refused` and so on.
    pub handovers: [(&'static str, u64); CLASSES.len()],
    /// The last hand-over that was not accepted: when, and why. `None` where there was none.
    pub last_failure: Option<(Timestamp, &'static str)>,
}

/// The classes of `Handover`.
const CLASSES: [&str; 6] = ["accepted", "refused", "unserved", "deferred", "unanswered", "misconfigured"];

/// A place at a provider.
pub(super) type Share<'a> = SemaphorePermit<'a>;

pub(super) struct Link<E> {
    provider: Provider<E>,
    name: Arc<str>,
    breaker: Mutex<Breaker>,
    drained: AtomicBool,
    places: Semaphore,
    waiting: AtomicUsize,
    counts: [AtomicU64; CLASSES.len()],
    last_failure: Mutex<Option<(Timestamp, &'static str)>>,
}

impl<E: Letter> Link<E> {
    pub(super) fn new(provider: Provider<E>, share: usize) -> Self {
        Self {
            name: provider.name.as_str().into(),
            provider,
            breaker: Mutex::default(),
            drained: AtomicBool::new(false),
            places: Semaphore::new(share.clamp(1, Semaphore::MAX_PERMITS)),
            waiting: AtomicUsize::new(0),
            counts: Default::default(),
            last_failure: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    pub(super) fn route(&self) -> &Route {
        &self.provider.route
    }

    pub(super) fn time_limit(&self) -> Duration {
        self.provider.messenger.time_limit() + LAST_WORD
    }

    pub(super) fn drain(&self, drained: bool) {
        if self.drained.swap(drained, Ordering::Relaxed) != drained {
            tracing::info!(provider = &*self.name, drained, "a provider is drained or resumed");
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::Relaxed)
    }

    /// A place, where one is free.
    pub(super) fn share(&self) -> Option<Share<'_>> {
        self.places.try_acquire().ok()
    }

    /// A place, where one comes free in time and not too many wait already.
    pub(super) async fn wait_for_share(&self, limit: Duration) -> Option<Share<'_>> {
        let _waiting = Waiting::enter(&self.waiting)?;
        timeout(limit, self.places.acquire()).await.ok()?.ok()
    }

    /// Hands a message over, unless the provider is to be left alone until a time.
    pub(super) async fn hand_over(&self, letter: &E, now: Timestamp, clock: &dyn Clock) -> Result<Handover, Timestamp> {
        let limit = self.time_limit();
        if let Passage::NotBefore(until) = self.breaker().pass(now, limit) {
            return Err(until);
        }
        let message_id = letter.message_id();
        let span = tracing::info_span!("delivery", %message_id, provider = &*self.name);
        // No later than the message expires.
        let within = limit.min(letter.expire_time().since(now));
        let handover = timeout(within, self.provider.messenger.hand_over(letter)).instrument(span).await;
        let handover = handover.unwrap_or(Handover::Unanswered { reason: "PROVIDER_TIMED_OUT" });
        self.note(&handover, clock.now());
        let (provider, reason) = (&*self.name, handover.reason());
        match &handover {
            Handover::Accepted { .. } => {}
            Handover::Refused { .. } => {
                tracing::warn!(%message_id, provider, reason, "a message was refused for good");
            }
            Handover::Unserved { .. } => {
                tracing::warn!(%message_id, provider, reason, "a provider does not carry to a message's recipient");
            }
            Handover::Deferred { .. } => tracing::warn!(%message_id, provider, reason, "a message was put off"),
            Handover::Unanswered { .. } => {
                tracing::warn!(%message_id, provider, reason, "a message may have been sent, and the answer is lost");
            }
            Handover::Misconfigured { .. } => {
                tracing::error!(%message_id, provider, reason, "the provider refuses our settings");
            }
        }
        Ok(handover)
    }

    fn note(&self, handover: &Handover, now: Timestamp) {
        let class = handover.class();
        for (name, count) in CLASSES.iter().zip(&self.counts) {
            if *name == class {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut breaker = self.breaker();
        let before = breaker.state(now);
        match handover {
            Handover::Accepted { .. } | Handover::Refused { .. } | Handover::Unserved { .. } => breaker.succeeded(),
            Handover::Deferred { .. } | Handover::Unanswered { .. } => breaker.failed(now, false),
            Handover::Misconfigured { .. } => breaker.failed(now, true),
        }
        let after = breaker.state(now);
        drop(breaker);
        match (before, after) {
            (BreakerState::Closed, BreakerState::Open) => {
                tracing::error!(provider = &*self.name, "a provider fails, and is left alone for a while");
            }
            (BreakerState::Open | BreakerState::HalfOpen, BreakerState::Closed) => {
                tracing::info!(provider = &*self.name, "a provider is well again");
            }
            _ => {}
        }
        if !handover.reason().is_empty() {
            *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, handover.reason()));
        }
    }

    pub(super) fn report(&self, now: Timestamp) -> ProviderReport {
        let mut handovers = CLASSES.map(|class| (class, 0));
        for ((_, shown), count) in handovers.iter_mut().zip(&self.counts) {
            *shown = count.load(Ordering::Relaxed);
        }
        ProviderReport {
            name: self.name.as_ref().to_owned(),
            kind: self.provider.messenger.name(),
            breaker: self.breaker().state(now),
            drained: self.is_drained(),
            handovers,
            last_failure: *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Option<Self> {
        let entered = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(entered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
