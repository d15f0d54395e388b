//! Many at once.

use std::sync::Arc;
use std::time::Duration;

use identity::ports::limiter::{Layer, LayerKind, Limiter};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{admits, layer, memory, shared, window};
use crate::support::redis::Redis;

const HOUR: Duration = Duration::from_hours(1);

/// A person with three requests, behind the address of all, which has plenty.
fn person(name: &str) -> Vec<Layer> {
    vec![
        layer(LayerKind::Identifier, name, &[window(3, HOUR)]),
        layer(LayerKind::Address, "everybody's", &[window(1_000_000, HOUR)]),
    ]
}

/// Lets `callers` ask at once, in turn on each of the limiters, and counts the admitted.
pub(super) async fn burst(limiters: &[Arc<dyn Limiter>], callers: usize, layers: &[Layer]) -> usize {
    let barrier = Arc::new(Barrier::new(callers));
    let mut calls = JoinSet::new();
    for caller in 0..callers {
        let (limiter, layers) = (Arc::clone(&limiters[caller % limiters.len()]), layers.to_vec());
        let barrier = Arc::clone(&barrier);
        calls.spawn(async move {
            barrier.wait().await;
            admits(&*limiter, &layers).await
        });
    }
    calls.join_all().await.into_iter().filter(|admitted| *admitted).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory_exactly_the_limit_passes() {
    let (limiter, _) = memory();
    let limiter: Arc<dyn Limiter> = Arc::new(limiter);
    for round in 0..1000 {
        assert_eq!(burst(&[Arc::clone(&limiter)], 200, &person(&round.to_string())).await, 3, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis_exactly_the_limit_passes_over_two_replicas() {
    let redis = Redis::start();
    let replicas: [Arc<dyn Limiter>; 2] = [Arc::new(shared(&redis)), Arc::new(shared(&redis))];
    for round in 0..40 {
        assert_eq!(burst(&replicas, 200, &person(&round.to_string())).await, 3, "round {round}");
    }
}

/// Two requests that share no order of layers, over and over: neither waits for the other for ever, and no layer
/// counts a request that another refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory_layers_are_one_step() {
    let (limiter, _) = memory();
    let limiter: Arc<dyn Limiter> = Arc::new(limiter);
    for round in 0..200 {
        let one = |kind, name: &str, limit| layer(kind, &format!("{name} of {round}"), &[window(limit, HOUR)]);
        // The tight layer refuses all but two; the wide one must have counted just those two.
        let tight = one(LayerKind::Identifier, "tight", 2);
        let wide = one(LayerKind::Address, "wide", 10);
        let mixed = [vec![tight.clone(), wide.clone()], vec![wide.clone(), tight]];
        let (forwards, backwards) = tokio::join!(
            burst(std::slice::from_ref(&limiter), 20, &mixed[0]),
            burst(std::slice::from_ref(&limiter), 20, &mixed[1])
        );
        assert_eq!(forwards + backwards, 2, "round {round}");
        assert_eq!(burst(std::slice::from_ref(&limiter), 20, &[wide]).await, 8, "round {round}");
    }
}

#[tokio::test]
async fn on_redis_layers_are_one_step() {
    let redis = Redis::start();
    let limiter: Arc<dyn Limiter> = Arc::new(shared(&redis));
    let tight = layer(LayerKind::Identifier, "tight", &[window(2, HOUR)]);
    let wide = layer(LayerKind::Address, "wide", &[window(10, HOUR)]);
    assert_eq!(burst(std::slice::from_ref(&limiter), 40, &[tight, wide.clone()]).await, 2);
    assert_eq!(burst(std::slice::from_ref(&limiter), 40, &[wide]).await, 8);
}
