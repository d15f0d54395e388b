//! Redis away, slow, full, read-only, emptied: sign-in goes on within the share, and limits still refuse.

use std::time::{Duration, Instant};

use identity::grpc::proto::RefreshTokenRequest;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::client::Client;
use crate::support::http;
use crate::support::redis::Redis;
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

pub(super) const SOON: Duration = Duration::from_secs(20);

/// A service on `store` and on a Redis that the test breaks, as one of `replicas`.
async fn with_redis(store: Store, replicas: i64, adjust: impl FnOnce(&mut Settings)) -> (Redis, World) {
    let redis = Redis::start();
    let world = World::with(store, |settings| {
        settings.remove("limiter");
        settings.set("limiter.redis.address", format!("127.0.0.1:{}", redis.port()));
        settings.set("limiter.redis.tls", "disable-on-loopback");
        settings.set("limiter.redis.timeout", "1s");
        settings.set("limiter.redis.replicas", replicas);
        adjust(settings);
    })
    .await;
    (redis, world)
}

/// How many of `asked` requests for codes to `email` are admitted; the others are refused by the limit.
pub(super) async fn admitted(client: &Client, email: &str, asked: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..asked {
        match client.send_otp(email).await {
            Ok(_) => admitted += 1,
            Err(refusal) => assert_eq!(
                (refusal.code, refusal.reason.as_str()),
                (Code::ResourceExhausted, "RATE_LIMITED"),
                "{}",
                refusal.message
            ),
        }
    }
    admitted
}

pub(super) async fn recorded(world: &World, act: &str, reason: &str, times: usize) {
    wait::until(act, SOON, async || (world.audit().await.count(act, reason) >= times).then_some(())).await;
}

/// The default limit of three in five minutes for one of three replicas: one.
/// Readiness says who counts, and that the service is ready all the same.
async fn counted_by(world: &World, who: &str) {
    wait::until("readiness tells who counts", SOON, async || {
        let answer = http::get(world.server.addresses().http, "/health/ready").await;
        (answer.status == 200 && answer.body.contains(&format!("\"limits\":\"{who}\""))).then_some(())
    })
    .await;
}

async fn a134_goes_on(store: Store) {
    let (mut redis, world) = with_redis(store, 3, |_| {}).await;
    let client = world.server.client().await;
    let before = world.server.sign_in("before@example.com").await.tokens.unwrap();
    redis.stop();
    let (challenge, code) = world.server.request_code("during@example.com").await;
    let tokens = client.verify_otp(&challenge.challenge_id, &code).await.unwrap().tokens.unwrap();
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    let refresh = RefreshTokenRequest { refresh_token: before.refresh_token, ..Default::default() };
    client.identity().refresh_token(refresh).await.unwrap();
    assert_eq!(admitted(&client, "during@example.com", 5).await, 0, "its share is spent");
    assert_eq!(admitted(&client, "before@example.com", 5).await, 0, "what Redis had admitted counts");
    assert_eq!(admitted(&client, "other@example.com", 5).await, 1);
    let mut health = HealthClient::new(client.channel());
    for service in ["", "identity.v1.IdentityService"] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap();
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving, "{service}");
    }
    counted_by(&world, "share").await;
    wait::until("the change is recorded", SOON, async || {
        (world.audit().await.total("limiter.degraded") == 1).then_some(())
    })
    .await;

    redis.start_again();
    recorded(&world, "limiter.restored", "", 1).await;
    recorded(&world, "limiter.refilled", "", 1).await;
    counted_by(&world, "shared").await;
    // After the settling time Redis alone decides, and knows what was admitted without it.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(admitted(&client, "other@example.com", 5).await, 2);
    assert_eq!(admitted(&client, "before@example.com", 5).await, 2);
    let audit = world.audit().await;
    for act in ["limiter.degraded", "limiter.restored", "limiter.refilled"] {
        let event = audit.0.iter().find(|event| event.act == act).unwrap();
        assert_eq!((event.actor.as_str(), &event.address), ("service", &None));
    }
    let log = world.server.log();
    assert_eq!(log.lines_with("limits are counted by this process alone").len(), 1);
    assert_eq!(log.lines_with("the shared limiter counts again").len(), 1);
}

#[tokio::test]
async fn a134_redis_away_on_sqlite() {
    a134_goes_on(Store::Sqlite).await;
}

#[tokio::test]
async fn a134_redis_away_on_postgres() {
    a134_goes_on(Store::Postgres).await;
}

#[tokio::test]
async fn a134_a_service_that_starts_without_redis_serves_and_finds_it_later() {
    let mut redis = Redis::start();
    redis.stop();
    let world = World::with(Store::Sqlite, |settings| {
        settings.remove("limiter");
        settings.set("limiter.redis.address", format!("127.0.0.1:{}", redis.port()));
        settings.set("limiter.redis.tls", "disable-on-loopback");
        settings.set("limiter.redis.replicas", 1);
    })
    .await;
    let client = world.server.client().await;
    assert_eq!(admitted(&client, "early@example.com", 5).await, 3);
    redis.start_again();
    recorded(&world, "limiter.restored", "", 1).await;
    assert_eq!(admitted(&client, "early@example.com", 5).await, 0);
}

#[tokio::test]
async fn a135_a_redis_that_hangs_for_five_seconds_costs_its_budget_once() {
    let (mut redis, world) = with_redis(Store::Postgres, 1, |settings| {
        settings.set("limiter.redis.timeout", "50ms");
    })
    .await;
    let client = world.server.client().await;
    admitted(&client, "warm@example.com", 1).await;
    redis.pause();
    let paused = Instant::now();
    let mut longest = Duration::ZERO;
    for nth in 0_u32.. {
        let asked = Instant::now();
        assert_eq!(admitted(&client, &format!("paused-{nth}@example.com"), 1).await, 1);
        longest = longest.max(asked.elapsed());
        if paused.elapsed() > Duration::from_secs(5) || nth == 15 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(longest < Duration::from_secs(1), "the slowest took {longest:?}");
    assert_eq!(admitted(&client, "paused-0@example.com", 5).await, 2);
    redis.resume();
    recorded(&world, "limiter.restored", "", 1).await;
    assert_eq!(admitted(&client, "paused-0@example.com", 5).await, 0);
}

#[tokio::test]
async fn a135_full_read_only_and_without_scripts() {
    let (redis, world) = with_redis(Store::Sqlite, 3, |_| {}).await;
    let client = world.server.client().await;
    for (nth, (broken, mended, reason)) in [
        (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "OUT_OF_MEMORY"),
        (["REPLICAOF", "127.0.0.1", "1", ""], ["REPLICAOF", "NO", "ONE", ""], "READ_ONLY"),
    ]
    .into_iter()
    .enumerate()
    {
        let words = |words: [&'static str; 4]| words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
        redis.command(&words(broken));
        assert_eq!(admitted(&client, &format!("{reason}@example.com"), 5).await, 1);
        recorded(&world, "limiter.degraded", reason, 1).await;
        redis.command(&words(mended));
        recorded(&world, "limiter.restored", "", nth + 1).await;
    }
    redis.command(&["SCRIPT", "FLUSH"]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    redis.command(&["SCRIPT", "FLUSH"]);
    assert_eq!(admitted(&client, "scripts@example.com", 5).await, 3);
    assert_eq!(world.audit().await.total("limiter.degraded"), 2, "lost scripts are given again");
}

/// What stands in SQL does not move, and what stood in Redis is told again.
#[tokio::test]
async fn a46_an_emptied_redis_opens_neither_attempts_nor_the_ladder_nor_the_limits() {
    for store in [Store::Sqlite, Store::Postgres] {
        let (redis, world) = with_redis(store, 1, |_| {}).await;
        let client = world.server.client().await;
        let (challenge, code) = world.server.request_code("a46@example.com").await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for nth in 0..5 {
            redis.command(&["FLUSHALL"]);
            let refusal = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
            let expected = if nth < 3 { "CODE_INVALID" } else { "ACCOUNT_LOCKED" };
            assert_eq!(refusal.reason, expected, "guess {nth} on {store:?}");
        }
        redis.command(&["FLUSHALL"]);
        let locked = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
        assert_eq!(locked.reason, "ACCOUNT_LOCKED");
        recorded(&world, "limiter.refilled", "", 1).await;
        wait::until("everything is told", SOON, async || {
            let keys: Vec<String> = deadpool_redis::redis::from_redis_value(redis.command(&["KEYS", "*"])).unwrap();
            (keys.len() >= 4).then_some(())
        })
        .await;
        assert_eq!(admitted(&client, "a46@example.com", 5).await, 2, "one of three was counted before");
    }
}

/// A replica whose clock is wrong by ten minutes shares the budget to the request: Redis tells the time.
/// On SQLite, which has no clock that a process could be told to differ from.
#[tokio::test]
async fn a47_a_replica_ten_minutes_ahead() {
    let (mut redis, world) = with_redis(Store::Sqlite, 1, |_| {}).await;
    let ahead = world.another_ahead(Duration::from_mins(10)).await;
    let (here, there) = (world.server.client().await, ahead.client().await);
    assert_eq!(admitted(&here, "a47@example.com", 2).await, 2);
    assert_eq!(admitted(&there, "a47@example.com", 5).await, 1);
    assert_eq!(admitted(&here, "a47@example.com", 5).await, 0);
    // Alone it goes by spans of its own, and what it then tells Redis is as old there as it is.
    redis.stop();
    assert_eq!(admitted(&there, "a47-alone@example.com", 5).await, 3);
    redis.start_again();
    recorded(&world, "limiter.restored", "", 2).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(admitted(&here, "a47-alone@example.com", 5).await, 0);
}
