//! What a decision of the limiter costs, on Redis and in memory, and what a tracked key takes.
//!
//! The limiter runs within the generator here, so that nothing but it is measured; a decision is the one that `SendOtp`
//! asks for: the identifier's three windows, the address' two, and the one of all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use identity::adapters::fallback::FallbackLimiter;
use identity::adapters::memory::MemoryLimiter;
use identity::adapters::redis::{RedisLimiter, RedisOptions};
use identity::adapters::system::SteadyClock;
use identity::domain::digest::Digest;
use identity::domain::policy::Mode;
use identity::domain::window::{Kept, Window};
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};

use super::drive::{self, Run, Span, Work};
use super::options::Options;
use super::procfs::{self, Party};
use super::support::redis::Redis;

/// Identifiers that ask in turn, and half as many addresses: each comes again long before its window has passed.
const PEOPLE: u64 = 10_000;

/// Strangers who each come once, one after the other.
const STRANGERS: u64 = 1_000_000;

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    /// On Redis, with the memory of a replica beside it, as the service has it.
    pub(crate) redis: Run,
    /// In this process alone.
    pub(crate) memory: Run,
    /// Keys that are tracked after a million strangers came by.
    pub(crate) tracked: usize,
    /// Bytes for each of these keys.
    pub(crate) bytes_a_key: f64,
}

/// Measures all of it.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<Decisions> {
    let (tracked, bytes_a_key) = strangers().await?;
    let clock = Arc::new(SteadyClock::start());
    let redis = Redis::start();
    let call_timeout = Duration::from_secs(1);
    let options_of_redis = RedisOptions { call_timeout, ..RedisOptions::new("127.0.0.1", redis.port()) };
    let (on_redis, _changes) =
        FallbackLimiter::new(Arc::new(RedisLimiter::new(&options_of_redis)?), Arc::clone(&clock) as Arc<_>, 1);
    let on_redis = Arc::new(on_redis);
    let parties = |redis: Option<&Redis>| {
        let mut parties = vec![Party::myself()];
        parties.extend(redis.map(|redis| Party { name: "redis", id: procfs::own_child(redis.port()) }));
        parties
    };
    let span = |parties| Span { warm: options.seconds(1.0), measured: options.seconds(3.0), parties };
    let decide = |limiter| Arc::new(Decide { limiter, turn: AtomicU64::new(0) });
    let asked = decide(Arc::clone(&on_redis) as Arc<dyn Limiter>);
    let redis_run = drive::closed(&asked, options.workers, &span(parties(Some(&redis)))).await;
    ensure!(redis_run.failed == 0, "{}", redis_run.failure.unwrap_or_default());
    ensure!(!on_redis.is_alone(), "the limiter fell back while it was measured");
    let memory = Arc::new(MemoryLimiter::new(clock, MemoryLimiter::DEFAULT_MAX_KEYS));
    let memory_run = drive::closed(&decide(memory), options.workers, &span(parties(None))).await;
    ensure!(memory_run.failed == 0, "{}", memory_run.failure.unwrap_or_default());
    Ok(Decisions { redis: redis_run, memory: memory_run, tracked, bytes_a_key })
}

/// Asks for one decision after the other.
struct Decide {
    limiter: Arc<dyn Limiter>,
    turn: AtomicU64,
}

impl Work for Decide {
    async fn once(&self, _: usize) -> anyhow::Result<Duration> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let layers = layers(turn % PEOPLE, 100_000, Duration::from_secs(1));
        let begin = Instant::now();
        let admission = self.limiter.admit(&layers).await?;
        let taken = begin.elapsed();
        let Admission::Admitted(_) = admission else { bail!("refused") };
        // What answers without waiting would keep the others from their turn.
        if turn.is_multiple_of(64) {
            tokio::task::yield_now().await;
        }
        Ok(taken)
    }
}

fn layers(person: u64, limit: u32, span: Duration) -> [Layer; 3] {
    let layer = |kind, number: u64, windows: usize, span| {
        let windows = vec![Window { limit, span }; windows];
        let kept = Kept::of(&windows);
        let key = Digest::sha256(&[b"load", &number.to_le_bytes()]);
        Layer { kind, key, windows: windows.into(), mode: Mode::Enforce, kept }
    };
    [
        layer(LayerKind::Identifier, person, 3, span),
        layer(LayerKind::Address, person / 2, 2, span),
        // So short that its log is about as long as the one of a thousand requests a minute.
        layer(LayerKind::All, 0, 1, span.min(Duration::from_millis(10))),
    ]
}

/// A million strangers, each from an address of its own: what is tracked then, and what a key takes.
async fn strangers() -> anyhow::Result<(usize, f64)> {
    let memory = MemoryLimiter::new(Arc::new(SteadyClock::start()), MemoryLimiter::DEFAULT_MAX_KEYS);
    let before = Party::myself().resident();
    for person in 0..STRANGERS {
        let [identifier, ..] = layers(person, 3, Duration::from_hours(24));
        memory.admit(&[identifier]).await?;
    }
    let grown = Party::myself().resident().saturating_sub(before);
    let tracked = memory.tracked();
    #[expect(clippy::cast_precision_loss, reason = "a count and a size that fit")]
    let each = grown as f64 / tracked as f64;
    Ok((tracked, each))
}
