//! What it keeps, for how long, and how much of it. The law itself is held in `tests/it/contract/limiter`.

use super::*;
use crate::domain::{
    digest::Digest,
    window::{Kept, Window},
};
use std::time::Duration;

struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(self.0.load(Ordering::Relaxed)).unwrap())
    }
}

fn limiter(max_keys: usize) -> (MemoryLimiter, Arc<Hand>) {
    let hand = Arc::new(Hand(AtomicU64::new(1_000_000)));
    (MemoryLimiter::new(hand.clone(), max_keys), hand)
}

fn layer(kind: LayerKind, key: u32, limit: u32, seconds: u64) -> Layer {
    let key = Digest::sha256(&[&key.to_be_bytes()]);
    let windows = [Window { limit, span: Duration::from_secs(seconds) }];
    Layer { kind, key, mode: Mode::Enforce, kept: Kept::of(&windows), windows: windows.into() }
}

fn admits(limiter: &MemoryLimiter, layer: Layer) -> bool {
    let layers = [layer];
    matches!(limiter.decide(&layers, limiter.clock.now()), Admission::Admitted(_))
}

#[test]
fn a_key_goes_when_its_windows_have_passed() {
    let (limiter, hand) = limiter(1000);
    for key in 0..100 {
        assert!(admits(&limiter, layer(LayerKind::Identifier, key, 1, 60)));
        assert!(!admits(&limiter, layer(LayerKind::Identifier, key, 1, 60)), "refused requests make no key");
    }
    assert_eq!(limiter.tracked(), 100);
    hand.0.fetch_add(60, Ordering::Relaxed);
    for key in 100..300 {
        assert!(admits(&limiter, layer(LayerKind::Identifier, key, 1, 60)));
    }
    assert_eq!((limiter.tracked(), limiter.evicted()), (200, 0));
}

#[test]
fn a_flood_of_keys_stays_within_the_bound_and_spares_the_ones_in_use() {
    let (limiter, hand) = limiter(1600);
    let in_use = || layer(LayerKind::Identifier, u32::MAX, 1000, 86_400);
    for key in 0..200_000 {
        if key % 200 == 0 {
            hand.0.fetch_add(1, Ordering::Relaxed);
            assert!(admits(&limiter, in_use()), "request {key}");
        }
        admits(&limiter, layer(LayerKind::Identifier, key, 3, 86_400));
    }
    assert!(!admits(&limiter, in_use()), "none of its thousand requests was forgotten");
    assert!((1500..=1600).contains(&limiter.tracked()), "{} keys", limiter.tracked());
    assert_eq!(usize::try_from(limiter.evicted()).unwrap(), 200_001 - limiter.tracked(), "each early loss is counted");
}

#[test]
fn kinds_do_not_crowd_each_other_out() {
    let (limiter, _) = limiter(16);
    assert!(admits(&limiter, layer(LayerKind::Address, 7, 1, 3600)));
    for key in 0..1000 {
        admits(&limiter, layer(LayerKind::Identifier, key, 1, 86_400));
    }
    assert!(!admits(&limiter, layer(LayerKind::Address, 7, 1, 3600)));
    assert!(limiter.tracked() <= 17);
}

#[test]
fn a_long_log_is_cut_and_decides_as_before() {
    let (limiter, hand) = limiter(16);
    for round in 0..50 {
        for request in 0..100 {
            assert!(admits(&limiter, layer(LayerKind::All, 0, 100, 60)), "request {request} of round {round}");
        }
        assert!(!admits(&limiter, layer(LayerKind::All, 0, 100, 60)), "round {round}");
        hand.0.fetch_add(60, Ordering::Relaxed);
    }
    let name = Name::of(&layer(LayerKind::All, 0, 100, 60).key);
    let kept: usize = limiter.tables.iter().map(|table| lock(table).log(&name).len()).sum();
    assert!((100..=200).contains(&kept), "{kept} times");
}
