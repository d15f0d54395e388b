//! However many keys come by, the process stays small.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity::adapters::fallback::{Memory, SharedLimiter, Uncounted};
use identity::domain::digest::Digest;
use identity::domain::policy::Mode;
use identity::domain::time::Timestamp;
use identity::domain::window::{Kept, decide};
use identity::ports::limiter::{Admission, Counter, FaultReason, Layer, LayerKind, Limiter, LimiterFault, Stands};

use super::super::{HandClock, window};
use super::Replica;

const MILLION: u32 = 1_000_000;

/// Admits everybody, or is away.
struct Peer {
    up: bool,
}

#[async_trait]
impl Limiter for Peer {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        if !self.up {
            return Err(LimiterFault { reason: FaultReason::TimedOut, source: "away".into() });
        }
        let now = Timestamp::from_micros(0);
        Ok(Admission::Admitted(layers.iter().map(|layer| decide(&layer.windows, &[], now)).collect()))
    }

    async fn stand(&self, _: &[Layer]) -> Result<Stands, LimiterFault> {
        Ok(Stands { counter: Counter::Shared, layers: Vec::new() })
    }

    fn counter(&self) -> Counter {
        Counter::Shared
    }
}

#[async_trait]
impl SharedLimiter for Peer {
    async fn probe(&self) -> Result<Memory, LimiterFault> {
        Ok(Memory(Vec::new()))
    }

    fn part_of(&self, _: LayerKind, _: &Digest) -> usize {
        0
    }

    async fn count(&self, _: &[Uncounted], _: Timestamp) -> Result<(), LimiterFault> {
        Ok(())
    }
}

/// The memory of this process that no file backs, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Other tests of this process grow it too meanwhile; a million keys without a bound would take 200 megabytes and more.
const GROWTH: usize = 100 << 20;

async fn a_million_strangers(up: bool) {
    let replica = Replica::new(Arc::new(Peer { up }), HandClock::at(1_767_225_600_000_000), 1);
    let before = resident();
    for stranger in 0..MILLION {
        let key = Digest::from_bytes({
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&stranger.wrapping_mul(2_654_435_761).to_le_bytes());
            bytes
        });
        let windows = [window(3, Duration::from_hours(24))];
        let (kind, mode, kept) = (LayerKind::Identifier, Mode::Enforce, Kept::of(&windows));
        let layer = Layer { kind, key, windows: windows.into(), mode, kept };
        assert!(matches!(replica.limiter.admit(&[layer]).await.unwrap(), Admission::Admitted(_)));
    }
    assert!((32_000..=32_768).contains(&replica.limiter.tracked()), "{}", replica.limiter.tracked());
    let growth = resident().saturating_sub(before);
    println!("up: {up}, a million keys: {} bytes more, {} a kept key", growth, growth / replica.limiter.tracked());
    assert!(growth < GROWTH, "{growth} bytes");
}

#[tokio::test]
async fn a_million_strangers_while_redis_counts() {
    a_million_strangers(true).await;
}

#[tokio::test]
async fn a_million_strangers_while_it_does_not() {
    a_million_strangers(false).await;
}
