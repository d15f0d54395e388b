//! What a limiter on one Redis and one on a Cluster have in common: scripts, their time, and what is told later.

use super::{
    fault::RedisFault,
    link::{Link, Source},
    list_of,
    refusals::Refusals,
};
use crate::{
    adapters::fallback::{Part, Uncounted},
    domain::{
        policy::Mode,
        time::Timestamp,
        window::{self, Kept, Stand},
    },
    ports::limiter::{Layer, LimiterFault},
};
use deadpool_redis::redis::{FromRedisValue, Script, ScriptInvocation, aio::ConnectionLike};
use futures_util::future::try_join_all;
use std::{future::Future, time::Duration};
use tokio::time::timeout;

/// How many logs are told at once: enough to keep the connection busy, few enough that requests get in between.
const AT_ONCE: usize = 32;

/// Calls scripts on connections of one kind.
pub(super) struct Caller<S: Source> {
    pub(super) link: Link<S>,
    pub(super) refusals: Refusals,
    call_timeout: Duration,
    admit: Script,
    probe: Script,
    count: Script,
    stand: Script,
}

impl<S: Source> Caller<S>
where
    S::Connection: ConnectionLike,
{
    pub(super) fn new(source: S, call_timeout: Duration, trust_refusals: Duration) -> Self {
        Self {
            link: Link::new(source),
            refusals: Refusals::new(trust_refusals),
            call_timeout,
            admit: Script::new(include_str!("admit.lua")),
            probe: Script::new(include_str!("probe.lua")),
            count: Script::new(include_str!("count.lua")),
            stand: Script::new(include_str!("stand.lua")),
        }
    }

    /// What Redis says within the time for a decision. After a fault the connection is tested.
    pub(super) async fn in_time<T>(&self, asked: impl Future<Output = Result<T, RedisFault>>) -> Result<T, RedisFault> {
        let told = timeout(self.call_timeout, asked).await.unwrap_or(Err(RedisFault::TimedOut));
        told.inspect_err(|_| self.link.suspect())
    }

    /// Asks about the layers in one script. By its hash; a Redis that does not know the script is given it and asked
    /// again.
    pub(super) async fn admit(&self, layers: &[Layer]) -> Result<Vec<i64>, RedisFault> {
        let mut invocation = self.admit.prepare_invoke();
        for layer in layers {
            invocation.key(list_of(layer.kind, &layer.key)).arg(rule_of(layer));
        }
        let told: Vec<u8> = self.invoke(&invocation).await?;
        let (numbers, []) = told.as_chunks::<8>() else { return Err(RedisFault::Unreadable) };
        Ok(numbers.iter().copied().map(i64::from_be_bytes).collect())
    }

    /// Where the layers stand, by the law and the clock of their server.
    pub(super) async fn stand(&self, layers: &[Layer]) -> Result<Vec<Vec<Stand>>, RedisFault> {
        let mut invocation = self.stand.prepare_invoke();
        for layer in layers {
            invocation.key(list_of(layer.kind, &layer.key)).arg(Kept::of(&layer.windows).places);
        }
        let told: Vec<Vec<i64>> = self.invoke(&invocation).await?;
        let (now, logs) = told.split_first().ok_or(RedisFault::Unreadable)?;
        let now = now.first().copied().map(Timestamp::from_micros).ok_or(RedisFault::Unreadable)?;
        if logs.len() != layers.len() {
            return Err(RedisFault::Unreadable);
        }
        let stand = |(layer, log): (&Layer, &Vec<i64>)| {
            let log: Vec<Timestamp> = log.iter().rev().copied().map(Timestamp::from_micros).collect();
            window::stand(&layer.windows, &log, now)
        };
        Ok(layers.iter().zip(logs).map(stand).collect())
    }

    /// The part of the memory that holds `key`. Writes.
    pub(super) async fn part(&self, key: &str) -> Result<Part, RedisFault> {
        let mut invocation = self.probe.prepare_invoke();
        invocation.key(key).key(format!("{key}:beat"));
        let (name, beat) = self.invoke(&invocation).await?;
        Ok(Part { name, beat })
    }

    /// Counts requests that were admitted elsewhere.
    pub(super) async fn count(&self, logs: &[Uncounted], now: Timestamp) -> Result<(), LimiterFault> {
        for some in logs.chunks(AT_ONCE) {
            let mut told = Vec::with_capacity(AT_ONCE);
            for log in some {
                told.push(self.in_time(self.count_one(log, now)));
            }
            try_join_all(told).await?;
        }
        Ok(())
    }

    async fn count_one(&self, log: &Uncounted, now: Timestamp) -> Result<(), RedisFault> {
        let mut invocation = self.count.prepare_invoke();
        invocation.key(list_of(log.kind, &log.key)).arg(log.capacity).arg(micros(log.retention));
        for time in &log.times {
            invocation.arg(micros(now.since(*time)));
        }
        self.invoke(&invocation).await
    }

    async fn invoke<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> Result<T, RedisFault> {
        let mut connection = self.link.connection().await.map_err(RedisFault::Unreachable)?;
        invocation.invoke_async(&mut connection).await.map_err(RedisFault::Failed)
    }
}

/// What the script is told of a layer: its numbers in eight bytes each.
fn rule_of(layer: &Layer) -> Vec<u8> {
    let enforced = u64::from(layer.mode == Mode::Enforce);
    let mut rule = Vec::with_capacity(8 * (3 + 2 * layer.windows.len()));
    // The script reads them with a sign.
    let mut tell = |number: u64| rule.extend_from_slice(&number.min(i64::MAX.unsigned_abs()).to_be_bytes());
    [enforced, layer.kept.places as u64, micros(layer.kept.span)].into_iter().for_each(&mut tell);
    for window in layer.windows.iter() {
        tell(u64::from(window.limit));
        tell(micros(window.span));
    }
    rule
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
