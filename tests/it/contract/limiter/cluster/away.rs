//! A node that goes away takes the Cluster with it, and the fallback goes on until it is back.

use std::sync::Arc;
use std::time::Duration;

use identity::adapters::fallback::FallbackLimiter;
use identity::adapters::system::SteadyClock;
use identity::ports::limiter::{Layer, LayerKind, LimiterChange};

use super::super::{admits, layer, window};
use super::{HOUR, within};
use crate::support::cluster::Cluster;
use crate::support::wait;

const SOON: Duration = Duration::from_secs(30);

fn person(name: &str) -> Vec<Layer> {
    vec![
        layer(LayerKind::Identifier, name, &[window(4, HOUR)]),
        layer(LayerKind::Address, "everybody's", &[window(1000, HOUR)]),
    ]
}

async fn admitted(limiter: &FallbackLimiter, name: &str, asked: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..asked {
        admitted += usize::from(admits(limiter, &person(name)).await);
    }
    admitted
}

#[tokio::test]
async fn a_node_away_is_a_fallback_and_a_return_without_a_burst() {
    let mut cluster = Cluster::start();
    let shared = Arc::new(within(&cluster, Duration::from_secs(3)));
    let (limiter, _changes) = FallbackLimiter::new(shared, Arc::new(SteadyClock::start()), 2);
    let counts = async |alone: bool| {
        wait::until("the change", SOON, async || {
            limiter.look().await;
            (limiter.is_alone() == alone).then_some(())
        })
        .await;
    };
    counts(false).await;
    assert_eq!(admitted(&limiter, "seen", 2).await, 2);
    cluster.node(1).pause();
    counts(true).await;
    for nth in 0..20 {
        assert_eq!(admitted(&limiter, &format!("new {nth}"), 4).await, 2, "its share, whichever node would count");
    }
    assert_eq!(admitted(&limiter, "seen", 4).await, 0);
    cluster.node(1).resume();
    cluster.wait_until_whole();
    counts(false).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for nth in 0..20 {
        assert_eq!(admitted(&limiter, &format!("new {nth}"), 4).await, 2, "the rest of the whole budget");
    }
    assert_eq!(admitted(&limiter, "seen", 4).await, 2);
}

/// Of three nodes one is emptied: what it counted is told again, what the others count is not.
#[tokio::test]
async fn a_node_that_lost_its_memory_is_told_what_it_counted() {
    let mut cluster = Cluster::start();
    let shared = Arc::new(within(&cluster, Duration::from_secs(5)));
    let (limiter, mut changes) = FallbackLimiter::new(shared, Arc::new(SteadyClock::start()), 1);
    limiter.look().await;
    for nth in 0..30 {
        assert_eq!(admitted(&limiter, &format!("person {nth}"), 2).await, 2);
    }
    cluster.node(2).command(&["FLUSHALL"]);
    limiter.look().await;
    let (_, change) = changes.try_recv().unwrap();
    assert_eq!(change, LimiterChange::Refilled);
    let mut left = 0;
    for nth in 0..30 {
        left += admitted(&limiter, &format!("person {nth}"), 5).await;
    }
    // All but those at the border of two nodes.
    assert!((58..=62).contains(&left), "{left} of 60 were left");
}
