//! A Redis that fails: a fault in time, neither admitted nor refused, and a return without help.

use std::error::Error as _;
use std::time::{Duration, Instant};

use identity::adapters::fallback::{SharedLimiter, Uncounted};
use identity::adapters::redis::{RedisLimiter, RedisOptions, RedisTls};
use identity::domain::secret::SecretString;
use identity::domain::time::Timestamp;
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter, LimiterFault};

use super::{admits, layer, patient, shared, window};
use crate::support::certificates;
use crate::support::port::Port;
use crate::support::proxy::{Fault, Proxy};
use crate::support::redis::Redis;
use crate::support::wait;

const SOON: Duration = Duration::from_secs(10);

fn anybody() -> [Layer; 1] {
    [layer(LayerKind::All, "anybody", &[window(1_000_000, Duration::from_hours(1))])]
}

async fn answers_again(limiter: &RedisLimiter) {
    wait::until("redis answers again", SOON, async || limiter.admit(&anybody()).await.ok()).await;
}

/// A fault, and within the time that a decision may take and what a busy machine adds.
async fn faults_in_time(limiter: &RedisLimiter) -> String {
    let start = Instant::now();
    let fault = limiter.admit(&anybody()).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    format!("{fault}: {}", fault.source().map(ToString::to_string).unwrap_or_default())
}

#[tokio::test]
async fn an_absent_redis_is_a_fault_and_may_come_later() {
    let mut redis = Redis::start();
    redis.stop();
    let limiter = RedisLimiter::new(&RedisOptions::new("127.0.0.1", redis.port())).unwrap();
    for _ in 0..3 {
        assert_eq!(faults_in_time(&limiter).await, "the limiter does not answer: redis cannot be reached");
    }
    redis.start_again();
    answers_again(&limiter).await;
}

#[tokio::test]
async fn a_redis_that_crashes_is_found_again() {
    let mut redis = Redis::start();
    let limiter = shared(&redis);
    for _ in 0..3 {
        answers_again(&limiter).await;
        redis.stop();
        faults_in_time(&limiter).await;
        redis.start_again();
    }
    answers_again(&limiter).await;
}

#[tokio::test]
async fn a_redis_that_hangs_costs_a_request_its_time_and_no_more() {
    let mut redis = Redis::start();
    let limiter = RedisLimiter::new(&RedisOptions::new("127.0.0.1", redis.port())).unwrap();
    answers_again(&limiter).await;
    redis.pause();
    assert_eq!(faults_in_time(&limiter).await, "the limiter does not answer: redis did not answer in time");
    redis.resume();
    answers_again(&limiter).await;
}

#[tokio::test]
async fn a_network_that_swallows_is_noticed_and_left() {
    let redis = Redis::start();
    let proxy = Proxy::start(&format!("127.0.0.1:{}", redis.port())).await;
    let limiter = RedisLimiter::new(&RedisOptions::new("127.0.0.1", proxy.address().port())).unwrap();
    answers_again(&limiter).await;
    proxy.set(Fault::Swallow);
    // After the connection has failed its test, requests no longer wait for it.
    wait::until("the connection is given up", SOON, async || {
        faults_in_time(&limiter).await.ends_with("cannot be reached").then_some(())
    })
    .await;
    proxy.set(Fault::None);
    answers_again(&limiter).await;
}

#[tokio::test]
async fn a_redis_that_forgot_the_script_is_given_it_again() {
    let redis = Redis::start();
    let limiter = shared(&redis);
    for _ in 0..3 {
        assert!(admits(&limiter, &anybody()).await);
        redis.command(&["SCRIPT", "FLUSH"]);
    }
}

#[tokio::test]
async fn a_redis_that_cannot_write_admits_nobody() {
    let redis = Redis::start();
    let limiter = shared(&redis);
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(faults_in_time(&limiter).await, "the limiter does not answer: redis refused the script");
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert!(admits(&limiter, &anybody()).await);
}

#[tokio::test]
async fn the_password_opens_and_is_not_shown() {
    const PASSWORD: &str = "canary-of-redis";
    let redis = Redis::start();
    redis.command(&["ACL", "SETUSER", "limits", "on", &format!(">{PASSWORD}"), "~identity:limit:*", "+@all"]);
    redis.command(&["CONFIG", "SET", "requirepass", PASSWORD]);
    let with = |user: Option<&str>, password: &str| RedisOptions {
        user: user.map(str::to_owned),
        password: Some(SecretString::from(password)),
        ..patient(&redis)
    };
    for user in [None, Some("limits")] {
        let options = with(user, PASSWORD);
        assert!(!format!("{options:?}").contains("canary"));
        assert!(admits(&RedisLimiter::new(&options).unwrap(), &anybody()).await, "{user:?}");
    }
    let refused = "redis refuses the login; look at `limiter.redis.user` and at the password file";
    for (options, words) in [
        (patient(&redis), "redis asks for a login; name the password's file in `limiter.redis.password_file`"),
        (with(None, "canary-of-another"), refused),
        (with(Some("nobody"), PASSWORD), refused),
    ] {
        let limiter = RedisLimiter::new(&options).unwrap();
        let fault = limiter.admit(&anybody()).await.unwrap_err();
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        assert_eq!(why(&fault), words);
    }
}

/// What an operator reads in the log of whoever counts alone meanwhile.
fn why(fault: &LimiterFault) -> String {
    fault.source().map(ToString::to_string).unwrap_or_default()
}

/// The rights that the documents name are enough, and the log says where one is missing.
#[tokio::test]
async fn the_rights_that_are_told_of_are_enough() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap();
    let told = page.lines().find_map(|line| line.strip_prefix("redis-cli ")).expect("the page tells the rights");
    let words: Vec<String> =
        told.split_whitespace().map(|word| word.replace('\'', "").replace("PASSWORD", "open sesame")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let redis = Redis::start();
    redis.command(&words);
    let options = RedisOptions {
        user: Some(words[2].to_owned()),
        password: Some(SecretString::from("open sesame")),
        ..patient(&redis)
    };
    let limiter = RedisLimiter::new(&options).unwrap();
    for _ in 0..12 {
        assert!(admits(&limiter, &anybody()).await);
    }
    limiter.stand(&anybody()).await.unwrap();
    limiter.probe().await.unwrap();
    let uncounted = Uncounted {
        kind: LayerKind::All,
        key: anybody()[0].key,
        times: vec![Timestamp::from_micros(1_000_000)],
        retention: Duration::from_hours(1),
        capacity: 100,
    };
    limiter.count(&[uncounted], Timestamp::from_micros(1_000_001)).await.unwrap();

    redis.command(&["ACL", "SETUSER", words[2], "-evalsha"]);
    let fault = limiter.admit(&anybody()).await.unwrap_err();
    assert!(why(&fault).starts_with("redis refused the script to its user; give `limiter.redis.user`"), "{fault:?}");
}

#[tokio::test]
async fn the_certificate_must_be_trusted_and_name_the_host() {
    let redis = Redis::start();
    let localhost = certificates::localhost();
    let port = Port::free();
    let file = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (number, chain, key, authority) =
        (port.number().to_string(), file(&localhost.chain), file(&localhost.key), file(&localhost.authority));
    redis.command(&[
        "CONFIG",
        "SET",
        "tls-cert-file",
        &chain,
        "tls-key-file",
        &key,
        "tls-ca-cert-file",
        &authority,
        "tls-auth-clients",
        "no",
        "tls-port",
        &number,
    ]);
    let over_tls = |host: &str, authorities: Option<Vec<u8>>| {
        let options = RedisOptions { port: port.number(), tls: Some(RedisTls { authorities }), ..patient(&redis) };
        RedisLimiter::new(&RedisOptions { host: host.to_owned(), ..options }).unwrap()
    };
    let trusted = std::fs::read(&localhost.authority).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let admission = over_tls(host, Some(trusted.clone())).admit(&anybody()).await.unwrap();
        assert!(matches!(admission, Admission::Admitted(_)), "{host}");
    }
    let told = "the certificate of redis does not hold; look at `limiter.redis.ca_file`, and whether it names the host";
    let fault = over_tls("localhost", None).admit(&anybody()).await.unwrap_err();
    assert_eq!(why(&fault), told, "an authority that nobody knows");
    let other = certificates::issue("cache", "DNS:cache.example");
    redis.command(&["CONFIG", "SET", "tls-cert-file", &file(&other.chain), "tls-key-file", &file(&other.key)]);
    let fault = over_tls("localhost", Some(trusted)).admit(&anybody()).await.unwrap_err();
    assert_eq!(why(&fault), told, "another host");
    let in_clear = RedisLimiter::new(&RedisOptions { port: port.number(), ..patient(&redis) }).unwrap();
    assert!(in_clear.admit(&anybody()).await.is_err(), "no falling back to clear");
    let broken = RedisTls { authorities: Some(b"no certificate".to_vec()) };
    assert!(RedisLimiter::new(&RedisOptions { tls: Some(broken), ..patient(&redis) }).is_err());
}
