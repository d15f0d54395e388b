//! Where limits stand, for whoever only looks: nothing is counted, whoever counts.

use std::sync::Arc;
use std::time::Duration;

use identity::adapters::fallback::FallbackLimiter;
use identity::domain::window::Stand;
use identity::ports::limiter::{Counter, Layer, LayerKind, Limiter};

use super::{HandClock, admits, cluster, layer, memory, shared, window};
use crate::support::cluster::Cluster;
use crate::support::redis::Redis;

const HOUR: Duration = Duration::from_hours(1);

fn person() -> Layer {
    layer(LayerKind::Identifier, "person", &[window(2, HOUR), window(4, HOUR * 24)])
}

fn network() -> Layer {
    layer(LayerKind::Address, "network", &[window(9, HOUR)])
}

/// What is left in each window of a person and of a network, and whether each would refuse.
async fn left(limiter: &dyn Limiter, counter: Counter) -> Vec<Vec<(u32, bool)>> {
    let stands = limiter.stand(&[person(), network()]).await.unwrap();
    assert_eq!(stands.counter, counter);
    let told = |stand: &Stand| (stand.standing.remaining, stand.retry_after.is_some());
    stands.layers.iter().map(|windows| windows.iter().map(told).collect()).collect()
}

async fn looks_count_nothing(limiter: &dyn Limiter, counter: Counter) {
    assert!(limiter.stand(&[]).await.unwrap().layers.is_empty());
    for _ in 0..5 {
        assert_eq!(left(limiter, counter).await, [vec![(2, false), (4, false)], vec![(9, false)]]);
    }
    assert!(admits(limiter, &[person(), network()]).await);
    assert_eq!(left(limiter, counter).await, [vec![(1, false), (3, false)], vec![(8, false)]]);
    assert!(admits(limiter, &[person(), network()]).await);
    for _ in 0..5 {
        assert_eq!(left(limiter, counter).await, [vec![(0, true), (2, false)], vec![(7, false)]]);
    }
    assert!(!admits(limiter, &[person(), network()]).await);
    assert_eq!(left(limiter, counter).await, [vec![(0, true), (2, false)], vec![(7, false)]]);
    assert!(admits(limiter, &[network()]).await, "an address that is not spent goes on");
}

#[tokio::test]
async fn in_memory() {
    looks_count_nothing(&memory().0, Counter::Memory).await;
}

#[tokio::test]
async fn on_redis() {
    let redis = Redis::start();
    let limiter = shared(&redis);
    assert!(limiter.stand(&[person(), network()]).await.is_ok());
    assert!(redis.everything().is_empty(), "a look writes nothing");
    looks_count_nothing(&limiter, Counter::Shared).await;
}

#[tokio::test]
async fn on_a_cluster() {
    let cluster = Cluster::start();
    looks_count_nothing(&cluster::shared(&cluster), Counter::Shared).await;
}

#[tokio::test]
async fn of_whoever_counts_while_redis_is_away() {
    let mut redis = Redis::start();
    let clock = HandClock::at(1_767_225_600_000_000);
    let (limiter, mut changes) = FallbackLimiter::new(Arc::new(shared(&redis)), clock, 2);
    looks_count_nothing(&limiter, Counter::Shared).await;
    redis.stop();
    // Of two replicas each has half; what was admitted through this one is remembered.
    let share = [vec![(0, true), (0, true)], vec![(1, false)]];
    assert_eq!(left(&limiter, Counter::Share).await, share);
    assert!(!limiter.is_alone() && changes.try_recv().is_err(), "a look changes nobody's mind");
    assert!(admits(&limiter, &[network()]).await);
    assert!(limiter.is_alone());
    assert_eq!(left(&limiter, Counter::Share).await[1], [(0, true)]);
}
