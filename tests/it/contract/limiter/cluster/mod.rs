//! The limiter on a real Redis Cluster of three nodes, held to the law as the others are.

mod away;
mod histories;

use std::sync::Arc;
use std::time::Duration;

use identity::adapters::redis::{RedisClusterLimiter, RedisOptions};
use identity::domain::time::Timestamp;
use identity::ports::limiter::{Layer, LayerKind, Limiter};

use super::bursts::burst;
use super::{admits, layer, list_of, table, typed, window};
use crate::support::cluster::Cluster;

const HOUR: Duration = Duration::from_hours(1);

/// Asks the Cluster each time, and waits for it as long as a busy machine may need.
pub(super) fn shared(cluster: &Cluster) -> RedisClusterLimiter {
    within(cluster, Duration::from_secs(10))
}

fn within(cluster: &Cluster, budget: Duration) -> RedisClusterLimiter {
    let options =
        RedisOptions { call_timeout: budget, trust_refusals: Duration::ZERO, ..RedisOptions::new("unused", 1) };
    RedisClusterLimiter::new(&options, &cluster.addresses()).unwrap()
}

/// The times that a layer's node holds, oldest first.
fn log_of(cluster: &Cluster, layer: &Layer) -> Vec<Timestamp> {
    let times: Vec<i64> = typed(cluster.command(&["LRANGE", &list_of(layer), "0", "-1"]));
    times.into_iter().rev().map(Timestamp::from_micros).collect()
}

/// A layer whose key the node `nth` holds.
fn on_node(cluster: &Cluster, nth: usize, kind: LayerKind, name: &str, limit: u32) -> Layer {
    (0..1000)
        .map(|try_| layer(kind, &format!("{name} {try_}"), &[window(limit, HOUR)]))
        .find(|layer| cluster.node_of(&list_of(layer)) == nth)
        .expect("a third of all keys is there")
}

#[tokio::test]
async fn the_table() {
    let cluster = Cluster::start();
    let limiter = shared(&cluster);
    table::check_all(&limiter, || cluster.everywhere(&["FLUSHALL"]), |words| cluster.command(words)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_limit_passes_over_two_replicas_and_three_nodes() {
    let cluster = Cluster::start();
    let replicas: [Arc<dyn Limiter>; 2] = [Arc::new(shared(&cluster)), Arc::new(shared(&cluster))];
    let address = on_node(&cluster, 1, LayerKind::Address, "address", 1_000_000);
    let all = on_node(&cluster, 2, LayerKind::All, "all", 1_000_000);
    let rounds = 20;
    for round in 0..rounds {
        let person = on_node(&cluster, 0, LayerKind::Identifier, &format!("person {round}"), 3);
        let layers = [person.clone(), address.clone(), all.clone()];
        assert_eq!(burst(&replicas, 200, &layers).await, 3, "round {round}");
        assert_eq!(log_of(&cluster, &person).len(), 3);
    }
    // What the other layers had admitted for the refused was taken back, entry by entry.
    for layer in [&address, &all] {
        assert_eq!(log_of(&cluster, layer).len(), 3 * rounds, "{:?}", layer.kind);
    }
}

#[tokio::test]
async fn a_refused_request_leaves_no_trace() {
    let cluster = Cluster::start();
    let limiter = shared(&cluster);
    let full = on_node(&cluster, 0, LayerKind::Identifier, "full", 1);
    let others =
        [on_node(&cluster, 1, LayerKind::Address, "wide", 9), on_node(&cluster, 2, LayerKind::All, "everybody", 9)];
    assert!(admits(&limiter, std::slice::from_ref(&full)).await);
    assert_eq!(cluster.keys(), 1);
    let [address, all] = others.clone();
    for _ in 0..5 {
        assert!(!admits(&limiter, &[full.clone(), address.clone(), all.clone()]).await);
        assert_eq!(cluster.keys(), 1, "nothing is left of the others");
    }
    // One entry of several equal times goes, and the others stay: a clock that stepped back makes them equal.
    let ahead = "4102444800000000";
    cluster.command(&["LPUSH", &list_of(&address), ahead, ahead]);
    assert!(!admits(&limiter, &[address.clone(), full]).await);
    assert_eq!(log_of(&cluster, &address), [Timestamp::from_micros(4_102_444_800_000_000); 2]);
    assert!(admits(&limiter, std::slice::from_ref(&address)).await);
    assert_eq!(log_of(&cluster, &address).len(), 3);
}
