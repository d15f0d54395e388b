//! Group D: more codes than the limits allow.

use std::time::Duration;

use identity::grpc::proto::Challenge;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::both_stores::{bodies_on_both_stores, on_both_stores, on_both_stores_with_clock};

use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

/// Asks for a code, with headers that say where from.
async fn send_with(client: &Client, email: &str, headers: &[(&'static str, &str)]) -> Result<Challenge, Refusal> {
    let mut request = Request::new(send_otp_request(email));
    for (name, value) in headers {
        request.metadata_mut().append(*name, MetadataValue::try_from(*value).unwrap());
    }
    Ok(client.identity().send_otp(request).await?.into_inner().challenge.unwrap())
}

/// Asks for a code as if from `address`, behind a proxy of the world.
async fn send_from(client: &Client, email: &str, address: &str) -> Result<Challenge, Refusal> {
    send_with(client, email, &[("x-forwarded-for", address)]).await
}

/// A service behind a proxy on this machine, with patience for a Redis on a busy one.
async fn behind_a_proxy(store: Store) -> World {
    World::with(store, |settings| {
        settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
        if store == Store::Postgres {
            settings.set("limiter.redis.timeout", "5s");
        }
    })
    .await
}

fn assert_limited(refusal: &Refusal, layer: &str) {
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    assert_eq!(refusal.metadata.get("layer").map(String::as_str), Some(layer));
    assert_eq!(refusal.quotas, 1);
    let (wait, metadata) = (refusal.retry_delay.expect("RetryInfo"), refusal.status.metadata());
    let number = |name| metadata.get(name).unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    assert_eq!((number("retry-after"), number("x-ratelimit-remaining")), (whole, 0));
}

/// Asks at once from as many callers as there are requests, and counts the admitted. The others are all limited.
async fn admitted_at_once(clients: &[Client], requests: Vec<(String, String)>, layer: &str) -> usize {
    let calls: Vec<_> = (requests.into_iter().enumerate())
        .map(|(nth, (email, address))| {
            let client = clients[nth % clients.len()].clone();
            tokio::spawn(async move { send_from(&client, &email, &address).await })
        })
        .collect();
    let mut admitted = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => admitted += 1,
            Err(refusal) => assert_limited(&refusal, layer),
        }
    }
    admitted
}

async fn a39_a_thousand_addresses_of_one_network(store: Store) {
    let world = behind_a_proxy(store).await;
    let clients = [world.server.client().await];
    let one_network = |nth: u32| (format!("a39-{nth}@example.com"), format!("2001:db8:7:7:{nth:x}::1"));
    assert_eq!(admitted_at_once(&clients, (0..1000).map(one_network).collect(), "address").await, 20);
    let mapped = |nth: u32| {
        let address = if nth.is_multiple_of(2) { "203.0.113.7" } else { "::ffff:203.0.113.7" };
        (format!("a39-mapped-{nth}@example.com"), address.to_owned())
    };
    assert_eq!(admitted_at_once(&clients, (0..60).map(mapped).collect(), "address").await, 20);
    send_from(&clients[0], "a39@example.com", "2001:db8:7:8::1").await.unwrap();
    send_from(&clients[0], "a39@example.com", "203.0.113.8").await.unwrap();
}

#[tokio::test]
async fn a39_a_thousand_addresses_of_one_network_in_memory() {
    a39_a_thousand_addresses_of_one_network(Store::Sqlite).await;
}

#[tokio::test]
async fn a39_a_thousand_addresses_of_one_network_on_redis() {
    a39_a_thousand_addresses_of_one_network(Store::Postgres).await;
}

/// One holder of a network of 48 bits: each request from a network of 64 bits of its own.
async fn a39_a_wider_network_has_a_budget_of_its_own(store: Store) {
    let world = World::with(store, |settings| {
        settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
        settings.limit("network", 25, 3600);
    })
    .await;
    let clients = [world.server.client().await];
    let one_holder = |nth: u32| (format!("a39-{nth}@example.com"), format!("2001:db8:9:{nth:x}::1"));
    assert_eq!(admitted_at_once(&clients, (0..200).map(one_holder).collect(), "network").await, 25);
    send_from(&clients[0], "a39@example.com", "2001:db8:a::1").await.unwrap();
    // IPv4 has no such tier, in whatever notation.
    let neighbours = |nth: u32| {
        let prefix = if nth.is_multiple_of(2) { "" } else { "::ffff:" };
        (format!("a39-v4-{nth}@example.com"), format!("{prefix}203.0.113.{nth}"))
    };
    assert_eq!(admitted_at_once(&clients, (0..60).map(neighbours).collect(), "network").await, 60);
    let audit = world.audit().await;
    assert_eq!(audit.count("code.sent", "RATE_LIMITED_NETWORK"), 175);
}

on_both_stores!(a41_nobody_is_believed_by_default, |world| {
    let client = world.server.client().await;
    for nth in 0..21 {
        let address = format!("203.0.113.{nth}");
        let forwarded = format!("for={address}");
        let headers = [
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", address.as_str()),
            ("forwarded", forwarded.as_str()),
            ("x-real-ip", address.as_str()),
        ];
        let answer = send_with(&client, &format!("a41-{nth}@example.com"), &headers).await;
        match answer {
            Ok(_) => assert!(nth < 20, "request {nth} was admitted"),
            Err(refusal) => {
                assert_eq!(nth, 20, "{}", refusal.message);
                assert_limited(&refusal, "address");
            }
        }
    }
});

#[tokio::test]
async fn a41_of_a_trusted_proxys_list_the_last_stranger_counts() {
    let world = behind_a_proxy(Store::Sqlite).await;
    let client = world.server.client().await;
    for nth in 0..21 {
        // What the caller wrote stands to the left, in one header or two; the proxies' own hops to the right.
        let written = format!("203.0.113.{nth}, 198.51.100.1, 127.0.0.9");
        let forged = format!("10.0.0.{nth}");
        let real = format!("203.0.113.{nth}");
        let headers =
            [("x-forwarded-for", forged.as_str()), ("x-forwarded-for", &written), ("x-real-ip", real.as_str())];
        let answer = send_with(&client, &format!("a41-{nth}@example.com"), &headers).await;
        assert_eq!(answer.is_ok(), nth < 20, "request {nth}");
    }
    // Without a readable stranger the proxy itself is the caller, with one budget for all such calls.
    for nth in 0..21 {
        let list = ["unknown", "203.0.113.1, rubbish", "", "127.0.0.1"][nth % 4];
        let answer = send_from(&client, &format!("a41-rest-{nth}@example.com"), list).await;
        assert_eq!(answer.is_ok(), nth < 20, "request {nth}");
    }
}

bodies_on_both_stores!(a39_a_wider_network_has_a_budget_of_its_own);

on_both_stores_with_clock!(a42_no_window_of_five_minutes_has_four, |world| {
    let client = world.server.client().await;
    let limited =
        async || client.send_otp("a42@example.com").await.map_err(|refusal| assert_limited(&refusal, "identifier"));
    // A request that starts a fixed window, if there were one.
    client.send_otp("a42-other@example.com").await.unwrap();
    world.advance(Duration::from_secs(299));
    for _ in 0..3 {
        limited().await.unwrap();
    }
    world.advance(Duration::from_secs(2));
    limited().await.unwrap_err();
    world.advance(Duration::from_secs(290));
    limited().await.unwrap_err();
    let told = client.send_otp("a42@example.com").await.unwrap_err().retry_delay.unwrap();
    assert!(told < Duration::from_secs(8), "{told:?}");
    world.advance(told);
    limited().await.unwrap();
});

/// Each of the two hundred calls from an address of its own, so that nothing but the identifier limits them.
async fn a43_two_hundred_at_once_get_three_codes(world: World, clients: &[Client]) {
    for round in 0..5 {
        let email = format!("a43-{round}@example.com");
        let requests = (0..200).map(|nth| (email.clone(), format!("203.0.113.{nth}"))).collect();
        assert_eq!(admitted_at_once(clients, requests, "identifier").await, 3, "round {round}");
        world.server.mailbox().wait_for(&email, 3).await;
    }
    assert_eq!(world.server.mailbox().all().len(), 15, "and no code was sent to those that were refused");
}

#[tokio::test]
async fn a43_two_hundred_at_once_get_three_codes_in_memory() {
    let world = behind_a_proxy(Store::Sqlite).await;
    let clients = [world.server.client().await];
    a43_two_hundred_at_once_get_three_codes(world, &clients).await;
}

#[tokio::test]
async fn a43_two_hundred_at_once_get_three_codes_of_two_replicas() {
    let world = behind_a_proxy(Store::Postgres).await;
    let other = world.another().await;
    let clients = [world.server.client().await, other.client().await];
    a43_two_hundred_at_once_get_three_codes(world, &clients).await;
}

#[tokio::test]
async fn a44_hostile_identifiers_leave_plain_keys() {
    let world = World::on(Store::Postgres).await;
    let client = world.server.client().await;
    for identifier in
        ["{canary}@example.com", "canary*@example.com", "canary{}|@example.com", "canary'%0d%0a@example.com"]
    {
        for request in 0..4 {
            assert_eq!(client.send_otp(identifier).await.is_ok(), request < 3, "{identifier}");
        }
    }
    client.send_otp("canary:b@example.com").await.unwrap_err();
    client.send_otp("canary\r\nFLUSHALL\r\n@example.com").await.unwrap_err();
    let everything = world.redis.as_ref().unwrap().everything();
    let keys: Vec<&str> = everything
        .iter()
        .filter_map(|bytes| std::str::from_utf8(bytes).ok())
        // The mark of this memory is of nobody, and comes when the service next looks after Redis.
        .filter(|text| text.starts_with("identity:") && !text.starts_with("identity:limit:{beginning}"))
        .collect();
    assert_eq!(keys.len(), 6, "four identifiers, the address and all: {keys:?}");
    for key in keys {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "{:}".contains(c);
        assert!(key.chars().all(plain) && key.matches('{').count() == 1 && key.ends_with('}'), "{key}");
    }
    for stored in everything {
        assert!(
            !stored.windows(6).any(|part| part == b"canary") && !stored.windows(9).any(|part| part == b"127.0.0.1")
        );
    }
}

#[tokio::test]
async fn a45_replicas_share_one_budget() {
    let world = World::on(Store::Postgres).await;
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    for client in [&here, &there, &here] {
        client.send_otp("a45@example.com").await.unwrap();
    }
    for client in [&there, &here] {
        assert_limited(&client.send_otp("a45@example.com").await.unwrap_err(), "identifier");
    }
}
