//! Redis as the shared limiter of a fallback: whether it still knows what it counted, and what it is told later.

use super::{RedisFault, RedisLimiter, list_of};
use crate::{
    adapters::fallback::{Memory, SharedLimiter, Uncounted},
    domain::time::Timestamp,
    ports::limiter::LimiterFault,
};
use async_trait::async_trait;
use deadpool_redis::redis::{Script, aio::MultiplexedConnection};
use futures_util::future::try_join_all;

/// How many logs are told at once: enough to keep the connection busy, few enough that requests get in between.
const AT_ONCE: usize = 32;

/// The list whose name is no layer's: when this memory began.
const BEGINNING: &str = "identity:limit:{beginning}";

/// The scripts beside the one that admits.
pub(super) struct Scripts {
    probe: Script,
    count: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self { probe: Script::new(include_str!("probe.lua")), count: Script::new(include_str!("count.lua")) }
    }
}

impl RedisLimiter {
    async fn beginning(&self) -> Result<Memory, RedisFault> {
        let mut connection = self.link.connection().await.map_err(RedisFault::Unreachable)?;
        let began = self.scripts.probe.key(BEGINNING).invoke_async(&mut connection).await;
        began.map(|began: String| Memory(vec![began])).map_err(RedisFault::Failed)
    }

    async fn tell(
        &self,
        mut connection: MultiplexedConnection,
        log: &Uncounted,
        now: Timestamp,
    ) -> Result<(), RedisFault> {
        let mut invocation = self.scripts.count.prepare_invoke();
        invocation.key(list_of(log.kind, &log.key));
        invocation.arg(log.capacity).arg(u64::try_from(log.retention.as_micros()).unwrap_or(u64::MAX));
        for time in &log.times {
            invocation.arg(u64::try_from(now.since(*time).as_micros()).unwrap_or(u64::MAX));
        }
        invocation.invoke_async(&mut connection).await.map_err(RedisFault::Failed)
    }
}

#[async_trait]
impl SharedLimiter for RedisLimiter {
    async fn probe(&self) -> Result<Memory, LimiterFault> {
        self.in_time(self.beginning()).await
    }

    async fn count(&self, logs: &[Uncounted], now: Timestamp) -> Result<(), LimiterFault> {
        let connection = self.in_time(async { self.link.connection().await.map_err(RedisFault::Unreachable) }).await?;
        for some in logs.chunks(AT_ONCE) {
            let mut told = Vec::with_capacity(AT_ONCE);
            for log in some {
                told.push(self.in_time(self.tell(connection.clone(), log, now)));
            }
            try_join_all(told).await?;
        }
        Ok(())
    }
}
