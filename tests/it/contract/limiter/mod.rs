//! Both limiters against the one law, `domain::window`.

mod bursts;
mod cluster;
mod fallback;
mod faults;
mod histories;
mod keys;
mod million;
mod refusals;
mod shadow;
mod stand;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use deadpool_redis::redis::{FromRedisValue, Value};
use identity::adapters::memory::MemoryLimiter;
use identity::adapters::redis::{RedisLimiter, RedisOptions};
use identity::domain::digest::Digest;
use identity::domain::policy::Mode;
use identity::domain::time::Timestamp;
use identity::domain::window::{Kept, Window};
use identity::ports::clock::Clock;
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};

use crate::support::redis::Redis;

/// A clock that a test moves.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn at(micros: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(micros)))
    }

    pub(crate) fn set(&self, micros: i64) {
        self.0.store(micros, Ordering::SeqCst);
    }

    pub(crate) fn step(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A limiter in memory whose clock stands at the start of the year 2026.
pub(crate) fn memory() -> (MemoryLimiter, Arc<HandClock>) {
    let clock = HandClock::at(1_767_225_600_000_000);
    (MemoryLimiter::new(clock.clone(), MemoryLimiter::DEFAULT_MAX_KEYS), clock)
}

/// Options that ask Redis each time and wait for it as long as a busy machine may need.
pub(crate) fn patient(redis: &Redis) -> RedisOptions {
    RedisOptions {
        call_timeout: Duration::from_secs(10),
        trust_refusals: Duration::ZERO,
        ..RedisOptions::new("127.0.0.1", redis.port())
    }
}

pub(crate) fn shared(redis: &Redis) -> RedisLimiter {
    RedisLimiter::new(&patient(redis)).unwrap()
}

pub(crate) fn window(limit: u32, span: Duration) -> Window {
    Window { limit, span }
}

pub(crate) fn layer(kind: LayerKind, name: &str, windows: &[Window]) -> Layer {
    let key = Digest::sha256(&[name.as_bytes()]);
    Layer { kind, key, windows: windows.into(), mode: Mode::Enforce, kept: Kept::of(windows) }
}

pub(crate) async fn admits(limiter: &dyn Limiter, layers: &[Layer]) -> bool {
    matches!(limiter.admit(layers).await.unwrap(), Admission::Admitted(_))
}

/// The name of a layer's list, as `RedisLimiter` documents it.
fn list_of(layer: &Layer) -> String {
    format!("identity:limit:{{{}:{}}}", layer.kind.as_str(), layer.key.hex())
}

/// The times that Redis holds of a layer, oldest first.
fn log_of(redis: &Redis, layer: &Layer) -> Vec<Timestamp> {
    let times: Vec<i64> = typed(redis.command(&["LRANGE", &list_of(layer), "0", "-1"]));
    times.into_iter().rev().map(Timestamp::from_micros).collect()
}

fn typed<T: FromRedisValue>(value: Value) -> T {
    T::from_redis_value(value).unwrap_or_else(|_| panic!("redis answered something else"))
}
