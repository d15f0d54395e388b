//! Layers in shadow, and logs that several policies count on.

use std::sync::Arc;
use std::time::Duration;

use identity::adapters::redis::{RedisLimiter, RedisOptions};
use identity::domain::policy::Mode;
use identity::domain::window::Kept;
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{admits, layer, memory, patient, shared, window};
use crate::support::redis::Redis;

const HOUR: Duration = Duration::from_hours(1);

/// Whether each layer would have refused; `None` where one did.
async fn would_refuse(limiter: &dyn Limiter, layers: &[Layer]) -> Option<Vec<bool>> {
    match limiter.admit(layers).await.unwrap() {
        Admission::Admitted(decisions) => {
            Some(decisions.iter().map(|decision| decision.retry_after.is_some()).collect())
        }
        Admission::Refused { .. } => None,
    }
}

async fn goes_from_shadow_to_enforced(limiter: &dyn Limiter) {
    let tight = layer(LayerKind::Identifier, "tight", &[window(2, HOUR)]);
    let shadow = Layer { mode: Mode::Shadow, ..tight.clone() };
    let wide = layer(LayerKind::Address, "wide", &[window(6, HOUR)]);
    for request in 0..5 {
        let told = would_refuse(limiter, &[shadow.clone(), wide.clone()]).await;
        assert_eq!(told, Some(vec![request >= 2, false]), "request {request}");
    }
    // Enforced from now on: what it would have refused it had not counted, and what it admitted it had.
    assert!(!admits(limiter, std::slice::from_ref(&tight)).await);
    // What an enforced layer refused is not remembered against the same layer in shadow.
    assert_eq!(would_refuse(limiter, &[shadow.clone(), wide.clone()]).await, Some(vec![true, false]));
    assert_eq!(would_refuse(limiter, &[shadow, wide]).await, None, "the wide one is full");
}

#[tokio::test]
async fn a_rule_goes_from_shadow_to_enforced_without_a_gap() {
    let redis = Redis::start();
    goes_from_shadow_to_enforced(&memory().0).await;
    goes_from_shadow_to_enforced(&shared(&redis)).await;
    redis.command(&["FLUSHALL"]);
    let trusting = RedisOptions { trust_refusals: Duration::from_mins(1), ..patient(&redis) };
    goes_from_shadow_to_enforced(&RedisLimiter::new(&trusting).unwrap()).await;
}

/// Many at once: nobody is refused, and just those are reported who would have been.
async fn burst_in_shadow(limiter: Arc<dyn Limiter>) {
    const CALLERS: usize = 200;
    let barrier = Arc::new(Barrier::new(CALLERS));
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let (limiter, barrier) = (Arc::clone(&limiter), Arc::clone(&barrier));
        calls.spawn(async move {
            let person = layer(LayerKind::Identifier, "crowded", &[window(3, HOUR)]);
            let wide = layer(LayerKind::Address, "crowd", &[window(100_000, HOUR)]);
            barrier.wait().await;
            would_refuse(&*limiter, &[Layer { mode: Mode::Shadow, ..person }, wide]).await.expect("admitted")[0]
        });
    }
    assert_eq!(calls.join_all().await.into_iter().filter(|refused| *refused).count(), CALLERS - 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_any_number_of_callers_exactly_the_rest_is_reported() {
    let redis = Redis::start();
    burst_in_shadow(Arc::new(memory().0)).await;
    burst_in_shadow(Arc::new(shared(&redis))).await;
}

async fn one_log_for_two_policies(limiter: &dyn Limiter) {
    let long = layer(LayerKind::Identifier, "one", &[window(4, HOUR)]);
    let short = layer(LayerKind::Identifier, "one", &[window(1, Duration::from_millis(20))]);
    let kept = Kept::of(&long.windows).and(Kept::of(&short.windows));
    let (long, short) = (Layer { kept, ..long }, Layer { kept, ..short });
    for request in 0..3 {
        assert!(admits(limiter, std::slice::from_ref(&long)).await, "request {request}");
    }
    // Whoever looks at the last few milliseconds alone cuts nothing off that others look at.
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(admits(limiter, &[short]).await);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(!admits(limiter, &[long]).await);
}

#[tokio::test]
async fn policies_that_share_a_log_do_not_mint_budget_for_each_other() {
    let redis = Redis::start();
    one_log_for_two_policies(&shared(&redis)).await;
    // The clock of the one in memory stands; a step lets the short window pass.
    let (limiter, clock) = memory();
    let long = layer(LayerKind::Identifier, "one", &[window(4, HOUR)]);
    let short = layer(LayerKind::Identifier, "one", &[window(1, Duration::from_millis(20))]);
    let kept = Kept::of(&long.windows);
    let (long, short) = (Layer { kept, ..long }, Layer { kept, ..short });
    for _ in 0..3 {
        clock.step(50_000);
        assert!(admits(&limiter, std::slice::from_ref(&short)).await);
    }
    assert!(admits(&limiter, std::slice::from_ref(&long)).await);
    assert!(!admits(&limiter, &[long]).await);
}

#[tokio::test]
async fn a_refusal_is_remembered_for_the_windows_that_refused() {
    let redis = Redis::start();
    let trusting = RedisOptions { trust_refusals: Duration::from_mins(1), ..patient(&redis) };
    let limiter = RedisLimiter::new(&trusting).unwrap();
    let strict = layer(LayerKind::Identifier, "one", &[window(1, HOUR)]);
    let loose = layer(LayerKind::Identifier, "one", &[window(2, HOUR)]);
    let kept = Kept::of(&loose.windows);
    let (strict, loose) = (Layer { kept, ..strict }, Layer { kept, ..loose });
    assert!(admits(&limiter, std::slice::from_ref(&strict)).await);
    assert!(!admits(&limiter, &[strict]).await);
    assert!(admits(&limiter, std::slice::from_ref(&loose)).await, "another policy has more");
    assert!(!admits(&limiter, &[loose]).await);
}
