//! Refusals that are repeated without asking Redis.

use std::time::Duration;

use identity::adapters::redis::{RedisLimiter, RedisOptions};
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};

use super::{admits, layer, patient, typed, window};
use crate::support::redis::Redis;
use crate::support::wait;

fn trusting(redis: &Redis, trust: Duration) -> RedisLimiter {
    RedisLimiter::new(&RedisOptions { trust_refusals: trust, ..patient(redis) }).unwrap()
}

fn once_in(kind: LayerKind, name: &str, span: Duration) -> Layer {
    layer(kind, name, &[window(1, span)])
}

/// How many scripts the server ran.
fn scripts(redis: &Redis) -> u64 {
    let statistics: String = typed(redis.command(&["INFO", "commandstats"]));
    let line = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap_or("0,");
    line.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_flood_of_refused_requests_does_not_reach_redis() {
    let redis = Redis::start();
    let limiter = trusting(&redis, Duration::from_mins(1));
    let address = once_in(LayerKind::Address, "flooding", Duration::from_hours(1));
    assert!(admits(&limiter, std::slice::from_ref(&address)).await);
    assert!(!admits(&limiter, std::slice::from_ref(&address)).await);
    let before = scripts(&redis);
    for guess in 0..2000 {
        let person = once_in(LayerKind::Identifier, &format!("victim {guess}"), Duration::from_mins(1));
        let Admission::Refused { kind, standing, retry_after } =
            limiter.admit(&[person, address.clone()]).await.unwrap()
        else {
            panic!("admitted")
        };
        assert_eq!((kind, standing.limit, standing.remaining), (LayerKind::Address, 1, 0));
        assert!(standing.reset == retry_after && retry_after > Duration::from_secs(3500));
    }
    assert_eq!(scripts(&redis), before);
    let person = once_in(LayerKind::Identifier, "victim 7", Duration::from_mins(1));
    assert!(admits(&limiter, &[person]).await, "and nothing was counted for those who were asked about");
}

#[tokio::test]
async fn the_told_wait_suffices_exactly_whoever_told_it() {
    let redis = Redis::start();
    let limiter = trusting(&redis, Duration::from_mins(1));
    let person = [once_in(LayerKind::Identifier, "patient", Duration::from_millis(150))];
    for round in 0..5 {
        assert!(admits(&limiter, &person).await, "round {round}");
        let mut told = Duration::ZERO;
        // Redis tells the first wait, the memory of it the later ones.
        for _ in 0..10 {
            if let Admission::Refused { retry_after, .. } = limiter.admit(&person).await.unwrap() {
                told = retry_after;
            }
        }
        tokio::time::sleep(told).await;
    }
}

#[tokio::test]
async fn an_emptied_redis_is_asked_again_after_the_trust() {
    let redis = Redis::start();
    let limiter = trusting(&redis, Duration::from_millis(300));
    let person = [once_in(LayerKind::Identifier, "person", Duration::from_hours(1))];
    assert!(admits(&limiter, &person).await);
    assert!(!admits(&limiter, &person).await);
    redis.command(&["FLUSHALL"]);
    assert!(!admits(&limiter, &person).await, "by the law it is refused still");
    wait::until("redis is asked again", Duration::from_secs(5), async || admits(&limiter, &person).await.then_some(()))
        .await;
}

#[tokio::test]
async fn other_replicas_decide_for_themselves() {
    let redis = Redis::start();
    let (one, other) = (trusting(&redis, Duration::from_mins(1)), trusting(&redis, Duration::from_mins(1)));
    let person = [once_in(LayerKind::Identifier, "person", Duration::from_hours(1))];
    assert!(admits(&one, &person).await);
    assert!(!admits(&other, &person).await);
    assert!(!admits(&one, &person).await);
}
