//! Redis Cluster under a running service: a node that goes away, a replica that takes its primary's place.

use std::path::Path;
use std::time::Duration;

use super::limiter::{SOON, admitted, recorded};
use super::lockout::wrong;
use crate::support::certificates;
use crate::support::cluster::Cluster;
use crate::support::settings::{Settings, write_secret};
use crate::support::wait;
use crate::support::world::{Store, World};

/// A service that counts on the Cluster.
async fn on(cluster: &Cluster, adjust: impl FnOnce(&mut Settings)) -> World {
    at(cluster.addresses(), adjust).await
}

/// A service that counts on the Cluster of these nodes.
async fn at(addresses: Vec<(String, u16)>, adjust: impl FnOnce(&mut Settings)) -> World {
    World::with(Store::Postgres, |settings| {
        settings.remove("limiter");
        settings.set("limiter.redis.cluster", true);
        let nodes = addresses.into_iter().map(|(host, port)| format!("{host}:{port}").into());
        settings.set("limiter.redis.nodes", nodes.collect::<Vec<toml::Value>>());
        settings.set("limiter.redis.tls", "disable-on-loopback");
        settings.set("limiter.redis.timeout", "3s");
        adjust(settings);
    })
    .await
}

/// Limits hold over two processes, and a node that goes away is a fallback.
#[tokio::test]
async fn a134_a_cluster_counts_and_may_lose_a_node() {
    let mut cluster = Cluster::start();
    let world = on(&cluster, |settings| {
        // A layer has a script of its own on a Cluster: what the address counts for those whom the identifier refuses is given
        // back a moment later. Were it full for that moment, it would refuse some whom the identifier admits.
        settings.limit("address", 1000, 60);
    })
    .await;
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    world.server.sign_in("cluster@example.com").await;
    assert_eq!(admitted(&there, "cluster@example.com", 1).await, 1);
    assert_eq!(admitted(&here, "cluster@example.com", 5).await, 1);
    assert_eq!(admitted(&there, "cluster@example.com", 5).await, 0);
    let asks = (0..100).map(|nth| {
        let client = if nth % 2 == 0 { here.clone() } else { there.clone() };
        tokio::spawn(async move { admitted(&client, "burst@example.com", 1).await })
    });
    let mut passed = 0;
    for ask in asks.collect::<Vec<_>>() {
        passed += ask.await.unwrap();
    }
    assert_eq!(passed, 3);

    cluster.node(0).pause();
    wait::until("both go on alone", SOON, async || (world.audit().await.total("limiter.degraded") >= 2).then_some(()))
        .await;
    assert_eq!(admitted(&here, "alone@example.com", 5).await, 1);
    cluster.node(0).resume();
    cluster.wait_until_whole();
    recorded(&world, "limiter.restored", "", 2).await;
    assert_eq!(admitted(&here, "cluster@example.com", 2).await, 0);
}

/// A46: a replica of the Cluster takes its primary's place. What it had been told it counts on with; attempts and ladder
/// stand in the store.
#[tokio::test]
async fn a46_a_replica_is_promoted() {
    let mut cluster = Cluster::start();
    let replicas: Vec<usize> = (0..3).map(|nth| cluster.replicate(nth)).collect();
    let world = on(&cluster, |settings| {
        settings.limit("address", 1000, 60);
    })
    .await;
    let client = world.server.client().await;
    let (challenge, code) = world.server.request_code("promoted@example.com").await;
    for _ in 0..2 {
        let refusal = client.verify_otp(&challenge.challenge_id, &wrong(&code)).await.unwrap_err();
        assert_eq!(refusal.reason, "CODE_INVALID");
    }
    assert_eq!(admitted(&client, "promoted@example.com", 1).await, 1);
    // Every primary loses its place, so that whatever node held this identifier is another now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for replica in replicas {
        cluster.promote(replica);
    }
    cluster.wait_until_whole();
    assert_eq!(admitted(&client, "promoted@example.com", 5).await, 1, "two of three were counted before");
    assert_eq!(admitted(&client, "later@example.com", 5).await, 3);
    // The third wrong code locks, as if nothing had happened.
    let third = client.verify_otp(&challenge.challenge_id, &wrong(&code)).await.unwrap_err();
    assert_eq!(third.reason, "CODE_INVALID");
    let locked = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!(locked.reason, "ACCOUNT_LOCKED");
}

/// Every node is spoken to over TLS, those too that only the others name, as the user of the configuration.
#[tokio::test]
async fn a_cluster_counts_over_tls_and_for_whom_it_knows() {
    const PASSWORD: &str = "canary-of-the-cluster";
    let cluster = Cluster::start_over_tls();
    cluster.everywhere(&["ACL", "SETUSER", "limits", "on", &format!(">{PASSWORD}"), "~identity:limit:*", "+@all"]);
    // Nobody else may read or write anything.
    cluster.everywhere(&["ACL", "SETUSER", "default", "resetkeys"]);
    let first = cluster.addresses_over_tls().remove(0);
    let secure = |authority: Option<&Path>, password: &'static str| {
        let (authority, first) = (authority.map(Path::to_owned), first.clone());
        async move {
            at(vec![first], |settings| {
                settings.set("limiter.redis.tls", "verify-full");
                if let Some(authority) = authority {
                    settings.set("limiter.redis.ca_file", authority.to_str().unwrap());
                }
                write_secret(&settings.secrets().join("redis"), password);
                settings.set("limiter.redis.user", "limits");
                settings.set("limiter.redis.password_file", "secrets/redis");
            })
            .await
        }
    };
    let authority = certificates::localhost().authority.as_path();
    let world = secure(Some(authority), PASSWORD).await;
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    for person in ["one@example.com", "two@example.com", "three@example.com", "four@example.com"] {
        assert_eq!(admitted(&here, person, 2).await, 2, "{person}");
        assert_eq!(admitted(&there, person, 2).await, 1, "{person}: both count as one");
    }
    assert_eq!(world.audit().await.total("limiter.degraded"), 0);

    for (authority, password) in [(None, PASSWORD), (Some(authority), "another")] {
        let stranger = secure(authority, password).await;
        let client = stranger.server.client().await;
        assert_eq!(admitted(&client, "five@example.com", 3).await, 1, "it counts alone, at its share");
        let degraded = async || (stranger.audit().await.total("limiter.degraded") == 1).then_some(());
        wait::until("it says that it counts alone", SOON, degraded).await;
        assert!(!stranger.server.log().text().contains("canary"));
    }
}
