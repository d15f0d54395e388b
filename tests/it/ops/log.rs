//! What the log says where something behind the service is away, and what it does not.

use std::time::Duration;

use crate::support::wait;
use crate::support::world::{Store, World};

/// The client of a Cluster tells of each node at each try, ten times a second and for as long as it takes: whoever looks for what
/// is wrong finds nothing else.
#[tokio::test]
async fn a_cluster_that_is_away_is_told_of_once() {
    let world = World::with(Store::Sqlite, |settings| {
        settings.remove("limiter");
        settings.set("limiter.redis.cluster", true);
        settings.set("limiter.redis.nodes", vec!["127.0.0.1:1", "127.0.0.1:2"]);
        settings.set("limiter.redis.tls", "disable-on-loopback");
    });
    let world = world.await;
    let told = async || world.server.log().lines_with("counted by this process alone").into_iter().next();
    let told = wait::until("it counts alone", Duration::from_secs(10), told).await;
    assert!(told.contains("redis cannot be reached"), "{told}");
    let others = world.server.log().lines_with("Failed to connect to node");
    assert!(others.is_empty(), "{others:?}");
}
