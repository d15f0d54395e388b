//! Limits that go on where the limiter that replicas share does not: in this process, at its share of each budget.

mod debts;
mod shared;
mod watch;

pub use shared::{Memory, Part, SharedLimiter, Uncounted};

use crate::{
    adapters::memory::MemoryLimiter,
    domain::{time::Timestamp, window},
    ports::{
        clock::Clock,
        limiter::{Admission, Counter, FaultReason, Layer, Limiter, LimiterChange, LimiterFault, Stands},
    },
    telemetry::metrics::{ALONE, CHANGES},
};
use async_trait::async_trait;
use debts::Debts;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// How many keys of a kind are remembered of what the shared limiter admitted, and how many keys may wait to be told.
const MAX_KEYS: usize = 32_768;

/// Changes that may wait to be recorded.
const MAX_CHANGES: usize = 1024;

/// Asks the shared limiter while it answers, and goes on alone while it does not.
///
/// After one fault this process counts alone, without asking, until a probe in the background has been answered and
/// the shared limiter has been told what was admitted meanwhile. Alone, each window admits `window::share` of its limit.
/// What the shared limiter admitted through this process is remembered and counts here too. A decision never fails.
pub struct FallbackLimiter {
    shared: Arc<dyn SharedLimiter>,
    local: MemoryLimiter,
    clock: Arc<dyn Clock>,
    replicas: u32,
    state: Mutex<State>,
    roused: Notify,
    changes: mpsc::Sender<(Timestamp, LimiterChange)>,
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counting {
    /// The shared limiter; until then, this process' share holds too, as other replicas may still count alone.
    Shared { settles: Timestamp },
    /// This process, at its share.
    Alone,
}

struct State {
    counting: Counting,
    debts: Debts,
    memory: Option<Memory>,
}

impl FallbackLimiter {
    /// A limiter over `shared`, for one of `replicas`, and the changes in who counts, with their times. `clock` must be
    /// steady: a step of it would open or close windows. Nothing is asked before [`Self::watch`] or the first request.
    #[must_use]
    pub fn new(
        shared: Arc<dyn SharedLimiter>,
        clock: Arc<dyn Clock>,
        replicas: u32,
    ) -> (Self, mpsc::Receiver<(Timestamp, LimiterChange)>) {
        let (changes, told) = mpsc::channel(MAX_CHANGES);
        let state = State {
            counting: Counting::Shared { settles: Timestamp::from_micros(i64::MIN) },
            debts: Debts::default(),
            memory: None,
        };
        let local = MemoryLimiter::new(clock.clone(), MAX_KEYS);
        let limiter = Self { shared, local, clock, replicas, state: Mutex::new(state), roused: Notify::new(), changes };
        (limiter, told)
    }

    /// Whether this process counts alone.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.state().counting == Counting::Alone
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.local.tracked()
    }

    /// Decides here. The state is held meanwhile, so that what is admitted is a debt before anyone tells the debts.
    fn decide_alone(&self, layers: &[Layer]) -> Admission {
        let shares = self.shares(layers);
        let mut state = self.state();
        let now = self.clock.now();
        let admission = self.local.decide(&shares, now);
        if let Admission::Admitted(decisions) = &admission
            && !state.debts.note(layers, decisions, now, MAX_KEYS)
        {
            tracing::debug!("a request that was admitted alone will not be counted by the shared limiter");
        }
        admission
    }

    /// Where the layers stand by what this process knows.
    fn stand_alone(&self, layers: &[Layer]) -> Stands {
        Stands { counter: Counter::Share, layers: self.local.stands(&self.shares(layers), self.clock.now()) }
    }

    fn shares(&self, layers: &[Layer]) -> Vec<Layer> {
        let share = |layer: &Layer| {
            let windows = layer.windows.iter().map(|window| window::share(*window, self.replicas)).collect();
            Layer { windows, ..layer.clone() }
        };
        layers.iter().map(share).collect()
    }

    /// Counts alone from now on. Logged once for each time.
    fn degrade(&self, fault: &LimiterFault) {
        let before = std::mem::replace(&mut self.state().counting, Counting::Alone);
        if before == Counting::Alone {
            return;
        }
        let reason = fault.reason.as_str();
        tracing::warn!(reason, error = %fault.source, "limits are counted by this process alone, at its share");
        self.tell(LimiterChange::Degraded(fault.reason));
        self.roused.notify_one();
    }

    fn tell(&self, change: LimiterChange) {
        let (row, reason) = match change {
            LimiterChange::Degraded(reason) => (0, FaultReason::ALL.iter().position(|one| *one == reason)),
            LimiterChange::Restored => (1, None),
            LimiterChange::Refilled => (2, None),
        };
        CHANGES.add(row, reason.map_or(0, |reason| reason + 1));
        ALONE.set(u64::from(self.is_alone()));
        if self.changes.try_send((self.clock.now(), change)).is_err() {
            tracing::warn!(?change, "a change of the limiter is not recorded: too many wait, or nobody records them");
        }
    }

    /// The state is whole between any two statements that could end a thread, so a poisoned lock guards nothing broken.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Limiter for FallbackLimiter {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        let counting = self.state().counting;
        let Counting::Shared { settles } = counting else { return Ok(self.decide_alone(layers)) };
        let now = self.clock.now();
        if now < settles
            && let Some(refusal) = self.local.refusal(&self.shares(layers), now)
        {
            return Ok(refusal);
        }
        match self.shared.admit(layers).await {
            Ok(admission) => {
                if let Admission::Admitted(decisions) = &admission {
                    self.local.record(layers, decisions, self.clock.now());
                }
                Ok(admission)
            }
            Err(fault) => {
                self.degrade(&fault);
                Ok(self.decide_alone(layers))
            }
        }
    }

    fn counter(&self) -> Counter {
        if self.is_alone() { Counter::Share } else { Counter::Shared }
    }

    /// Tells of whoever would decide on a request made now. A fault here has nobody count alone: a question changes
    /// nothing.
    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault> {
        let counting = self.state().counting;
        let Counting::Shared { settles } = counting else { return Ok(self.stand_alone(layers)) };
        let now = self.clock.now();
        if now < settles && self.local.refusal(&self.shares(layers), now).is_some() {
            return Ok(self.stand_alone(layers));
        }
        match self.shared.stand(layers).await {
            Ok(stands) => Ok(stands),
            Err(fault) => {
                tracing::debug!(error = %fault.source, "the shared limiter does not tell where limits stand");
                Ok(self.stand_alone(layers))
            }
        }
    }
}
