//! Real faults of a real Redis, two replicas over it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::adapters::redis::{RedisLimiter, RedisOptions};
use identity::adapters::system::SteadyClock;
use identity::ports::limiter::{FaultReason, Layer, LayerKind, LimiterChange};

use super::super::{admits, layer, patient, typed, window};
use super::Replica;
use crate::support::redis::Redis;
use crate::support::wait;

const HOUR: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_secs(20);

/// Four requests an hour; two at each of two replicas that are alone.
fn person(name: &str) -> [Layer; 1] {
    [layer(LayerKind::Identifier, name, &[window(4, HOUR)])]
}

fn replica(redis: &Redis, budget: Duration) -> Replica {
    let options = RedisOptions { call_timeout: budget, ..patient(redis) };
    Replica::new(Arc::new(RedisLimiter::new(&options).unwrap()), Arc::new(SteadyClock::start()), 2)
}

async fn admitted(replica: &Replica, name: &str, asked: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..asked {
        admitted += usize::from(admits(&replica.limiter, &person(name)).await);
    }
    admitted
}

async fn counts(replica: &Replica, alone: bool) {
    wait::until("the change", SOON, async || {
        replica.limiter.look().await;
        (replica.limiter.is_alone() == alone).then_some(())
    })
    .await;
}

/// Through one fault and back: at the share meanwhile, and what was admitted then counts afterwards.
async fn goes_on_and_returns(
    budget: Duration,
    fault: impl FnOnce(&mut Redis),
    mend: impl FnOnce(&mut Redis),
    reasons: &[FaultReason],
) {
    let mut redis = Redis::start();
    let mut replicas = [replica(&redis, budget), replica(&redis, budget)];
    for replica in &mut replicas {
        counts(replica, false).await;
        replica.changes();
    }
    assert_eq!(admitted(&replicas[0], "seen", 2).await, 2);
    fault(&mut redis);
    // The first request costs the budget, the others nothing: neither open nor closed.
    assert_eq!(admitted(&replicas[0], "new", 5).await, 2);
    assert_eq!(admitted(&replicas[1], "new", 5).await, 2);
    assert_eq!(admitted(&replicas[0], "seen", 5).await, 0, "what Redis admitted here counts here");
    assert_eq!(admitted(&replicas[1], "half", 1).await, 1);
    let start = Instant::now();
    assert_eq!(admitted(&replicas[0], "new", 1000).await, 0);
    assert!(start.elapsed() < Duration::from_secs(1), "a thousand decisions took {:?}", start.elapsed());
    for replica in &mut replicas {
        let [LimiterChange::Degraded(reason)] = replica.changes()[..] else { panic!("one change") };
        assert!(reasons.contains(&reason), "{reason:?}");
    }
    mend(&mut redis);
    for replica in &replicas {
        counts(replica, false).await;
    }
    for replica in &mut replicas {
        assert_eq!(replica.changes().last(), Some(&LimiterChange::Restored));
    }
    // Long after, when the share of a replica holds no more, the whole of the budget is what others left of it.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(admitted(&replicas[0], "new", 5).await, 0);
    assert_eq!(admitted(&replicas[1], "new", 5).await, 0);
    assert_eq!(admitted(&replicas[0], "half", 5).await, 3);
    assert_eq!(admitted(&replicas[1], "seen", 5).await, 2);
}

#[tokio::test]
async fn a_crash_that_loses_everything() {
    let lost = [FaultReason::Unreachable, FaultReason::TimedOut];
    goes_on_and_returns(Duration::from_secs(2), Redis::stop, Redis::start_again, &lost).await;
}

#[tokio::test]
async fn a_pause_costs_the_budget_once() {
    goes_on_and_returns(Duration::from_millis(200), Redis::pause, Redis::resume, &[FaultReason::TimedOut]).await;
}

#[tokio::test]
async fn a_full_memory() {
    let fill = |redis: &mut Redis| drop(redis.command(&["CONFIG", "SET", "maxmemory", "1"]));
    let clear = |redis: &mut Redis| drop(redis.command(&["CONFIG", "SET", "maxmemory", "0"]));
    goes_on_and_returns(Duration::from_secs(2), fill, clear, &[FaultReason::OutOfMemory]).await;
}

#[tokio::test]
async fn a_primary_that_became_a_replica() {
    let demote = |redis: &mut Redis| drop(redis.command(&["REPLICAOF", "127.0.0.1", "1"]));
    let promote = |redis: &mut Redis| drop(redis.command(&["REPLICAOF", "NO", "ONE"]));
    goes_on_and_returns(Duration::from_secs(2), demote, promote, &[FaultReason::ReadOnly]).await;
}

#[tokio::test]
async fn a_redis_that_loads_its_data() {
    let redis = Redis::start();
    let mut replica = replica(&redis, Duration::from_millis(500));
    counts(&replica, false).await;
    redis.load_slowly();
    assert_eq!(admitted(&replica, "person", 5).await, 2);
    let [LimiterChange::Degraded(reason)] = replica.changes()[..] else { panic!("one change") };
    assert!([FaultReason::Loading, FaultReason::TimedOut].contains(&reason), "{reason:?}");
    counts(&replica, false).await;
}

#[tokio::test]
async fn lost_scripts_are_given_again_and_are_no_fault() {
    let redis = Redis::start();
    let mut replica = replica(&redis, Duration::from_secs(5));
    counts(&replica, false).await;
    for _ in 0..3 {
        redis.command(&["SCRIPT", "FLUSH"]);
        assert_eq!(admitted(&replica, "person", 1).await, 1);
        redis.command(&["SCRIPT", "FLUSH"]);
        replica.limiter.look().await;
    }
    assert_eq!(replica.changes(), []);
}

#[tokio::test]
async fn an_emptied_redis_is_told_what_it_lost() {
    let redis = Redis::start();
    let mut replicas = [replica(&redis, Duration::from_secs(5)), replica(&redis, Duration::from_secs(5))];
    for replica in &replicas {
        counts(replica, false).await;
    }
    assert_eq!(admitted(&replicas[0], "person", 1).await, 1);
    assert_eq!(admitted(&replicas[1], "person", 2).await, 2);
    redis.command(&["FLUSHALL"]);
    for replica in &mut replicas {
        replica.limiter.look().await;
        assert_eq!(replica.changes(), [LimiterChange::Refilled]);
    }
    assert_eq!(admitted(&replicas[0], "person", 5).await, 1, "three of four were counted again");
    let key = format!("identity:limit:{{identifier:{}}}", person("person")[0].key.hex());
    let kept: i64 = typed(redis.command(&["LLEN", &key]));
    let left: i64 = typed(redis.command(&["PTTL", &key]));
    assert!(kept == 4 && (3_500_000..=3_600_000).contains(&left), "{kept} for {left} ms");
}

/// From its last snapshot, or as a replica that lagged behind: its beginning is the same.
#[tokio::test]
async fn a_redis_that_comes_back_older_is_told_what_it_lost() {
    let mut redis = Redis::start();
    let replicas = [replica(&redis, Duration::from_secs(5)), replica(&redis, Duration::from_secs(5))];
    for replica in &replicas {
        counts(replica, false).await;
    }
    redis.command(&["SAVE"]);
    for _ in 0..2 {
        replicas[0].limiter.look().await;
        replicas[1].limiter.look().await;
    }
    assert_eq!(admitted(&replicas[0], "person", 1).await, 1);
    assert_eq!(admitted(&replicas[1], "person", 2).await, 2);
    redis.stop();
    redis.start_again();
    for replica in &replicas {
        counts(replica, false).await;
    }
    let key = format!("identity:limit:{{identifier:{}}}", person("person")[0].key.hex());
    assert_eq!(typed::<i64>(redis.command(&["LLEN", &key])), 3, "all three were counted again");
}

/// What was admitted alone is as old in Redis as it is: it leaves its windows when it would have.
#[tokio::test]
async fn a_debt_leaves_its_window_in_time() {
    let mut redis = Redis::start();
    let replica = replica(&redis, Duration::from_secs(1));
    counts(&replica, false).await;
    let brief = [layer(LayerKind::Identifier, "brief", &[window(2, Duration::from_secs(5))])];
    redis.stop();
    assert!(admits(&replica.limiter, &brief).await);
    let start = Instant::now();
    redis.start_again();
    counts(&replica, false).await;
    assert!(admits(&replica.limiter, &[layer(LayerKind::All, "other", &[window(9, HOUR)])]).await);
    wait::until("the second", SOON, async || admits(&replica.limiter, &brief).await.then_some(())).await;
    wait::until("the third", SOON, async || admits(&replica.limiter, &brief).await.then_some(())).await;
    assert!(start.elapsed() >= Duration::from_millis(4900), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}
