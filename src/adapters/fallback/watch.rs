//! Looks after the shared limiter: finds out that it is away before a request does, and comes back to it.

use super::{Counting, FallbackLimiter, Uncounted};
use crate::{
    domain::digest::Digest,
    ports::limiter::{LimiterChange, LimiterFault},
};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often the shared limiter is looked at while it counts.
const WHILE_SHARED: Duration = Duration::from_secs(1);

/// How often while this process counts alone.
const WHILE_ALONE: Duration = Duration::from_millis(250);

/// How long after the return the share still holds: some replica's next look, connection and telling may take this long.
const SETTLE: Duration = Duration::from_secs(3);

impl FallbackLimiter {
    /// Looks after the shared limiter until told to stop.
    pub async fn watch(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(self.pause()).await.is_some() {
            self.look().await;
        }
    }

    async fn pause(&self) {
        if !self.is_alone() {
            tokio::select! {
                () = sleep(WHILE_SHARED) => return,
                () = self.roused.notified() => {}
            }
        }
        sleep(WHILE_ALONE).await;
    }

    /// Looks once. Where the shared limiter answers it is told what it does not know, and counts from then on.
    pub async fn look(&self) {
        let looked = async {
            let refilled = self.catch_up().await?;
            self.restore(refilled);
            // What was admitted alone between the last telling and the return.
            self.tell_debts().await
        };
        if let Err(fault) = looked.await {
            self.degrade(&fault);
        }
    }

    /// Tells whether the shared limiter had lost what it knew.
    async fn catch_up(&self) -> Result<bool, LimiterFault> {
        let memory = self.shared.probe().await?;
        let known = self.state().memory.clone();
        let lost = known.map(|known| memory.lost_since(&known)).unwrap_or_default();
        let some_lost = lost.contains(&true);
        if some_lost {
            self.refill(&lost).await?;
        }
        self.state().memory = Some(memory);
        self.tell_debts().await?;
        Ok(some_lost)
    }

    async fn tell_debts(&self) -> Result<(), LimiterFault> {
        while let Some(debts) = self.take_debts() {
            let told = self.shared.count(&debts, self.clock.now()).await;
            if told.is_err() {
                self.state().debts.put_back(&debts);
            }
            told?;
        }
        Ok(())
    }

    fn take_debts(&self) -> Option<Vec<Uncounted>> {
        let mut state = self.state();
        (!state.debts.is_empty()).then(|| state.debts.take())
    }

    /// Tells everything that is remembered of the parts that were lost. What is admitted meanwhile is a debt again.
    async fn refill(&self, lost: &[bool]) -> Result<(), LimiterFault> {
        let is_lost = |kind, key: &Digest| lost.get(self.shared.part_of(kind, key)).copied().unwrap_or(false);
        let until = {
            // What is owed to a lost part is remembered too.
            let mut state = self.state();
            state.debts.forgive(is_lost);
            self.clock.now()
        };
        for table in self.local.tables() {
            let logs: Vec<Uncounted> = table
                .into_iter()
                .filter(|log| is_lost(log.kind, &log.key))
                .map(|log| Uncounted {
                    kind: log.kind,
                    key: log.key,
                    times: log.times.into_iter().filter(|time| *time <= until).collect(),
                    retention: log.retention,
                    capacity: log.capacity,
                })
                .filter(|log| log.times.last().is_some_and(|newest| newest.after(log.retention) > until))
                .collect();
            self.shared.count(&logs, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Has the shared limiter count again.
    fn restore(&self, refilled: bool) {
        if refilled {
            tracing::warn!("the shared limiter had lost what it counted; it was told what this process remembers");
            self.tell(LimiterChange::Refilled);
        }
        let restored = {
            let mut state = self.state();
            let alone = state.counting == Counting::Alone;
            if alone {
                state.counting = Counting::Shared { settles: self.clock.now().after(SETTLE) };
            }
            alone
        };
        if restored {
            tracing::info!("the shared limiter counts again");
            self.tell(LimiterChange::Restored);
        }
    }
}
