//! What stands in Redis: hashes and times, bounded and for a while.

use std::time::Duration;

use identity::domain::contact::EmailAddress;
use identity::domain::network::AddressBucket;
use identity::domain::policy::Template;
use identity::domain::secret::secret32;
use identity::ports::limiter::{Layer, LayerKind, Limiter};

use super::{admits, layer, list_of, log_of, shared, typed, window};
use crate::support::redis::Redis;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn hostile_identifiers_make_plain_keys_and_no_collision() {
    const HOSTILE: [&str; 8] = [
        "{a}@canary.example",
        "a{b}*@canary.example",
        "*@canary.example",
        "a*@canary.example",
        "{}@canary.example",
        "a'b@canary.example",
        "a|b@canary.example",
        "%0d%0a@canary.example",
    ];
    let redis = Redis::start();
    let limiter = shared(&redis);
    let (secret, limits) = (secret32([9; 32]), Template::Standard.rules().limits);
    let address = AddressBucket::of("203.0.113.77".parse().unwrap());
    for identifier in HOSTILE {
        let email = EmailAddress::parse(identifier).unwrap();
        let layers = [
            Layer { key: email.abuse_key(&secret).0, ..layer(LayerKind::Identifier, "", &limits.identifier.windows) },
            Layer { key: address.key(&secret), ..layer(LayerKind::Address, "", &[window(100, HOUR)]) },
        ];
        for request in 0..4 {
            assert_eq!(admits(&limiter, &layers).await, request < 3, "{identifier}");
        }
    }
    // Separators and line ends never get as far as a key: they are no address, and a digest has none.
    for identifier in ["a:b@canary.example", "a\r\nb@canary.example", "a\r\nFLUSHALL\r\n@canary.example"] {
        assert!(EmailAddress::parse(identifier).is_err());
        assert!(admits(&limiter, &[layer(LayerKind::All, identifier, &limits.all.windows)]).await);
    }

    let keys: Vec<String> = typed(redis.command(&["KEYS", "*"]));
    assert_eq!(keys.len(), HOSTILE.len() + 1 + 3);
    for key in &keys {
        let inner = key.strip_prefix("identity:limit:{").and_then(|rest| rest.strip_suffix('}')).unwrap();
        let (kind, hash) = inner.split_once(':').unwrap();
        assert!(["identifier", "address", "all"].contains(&kind), "{key}");
        assert!(hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{key}");
    }
    for stored in redis.everything() {
        for canary in [&b"canary"[..], b"203.0.113", b"\xcb\x00\x71\x4d"] {
            assert!(!stored.windows(canary.len()).any(|part| part == canary));
        }
    }
}

#[tokio::test]
async fn the_same_digest_under_two_kinds_is_two_budgets() {
    let redis = Redis::start();
    let limiters: [Box<dyn Limiter>; 2] = [Box::new(shared(&redis)), Box::new(super::memory().0)];
    for limiter in &limiters {
        for kind in [LayerKind::Identifier, LayerKind::Address, LayerKind::All] {
            let layers = [layer(kind, "same", &[window(1, Duration::from_mins(1))])];
            assert!(admits(&**limiter, &layers).await);
            assert!(!admits(&**limiter, &layers).await);
        }
    }
}

#[tokio::test]
async fn logs_stay_short_and_expire_with_their_longest_window() {
    let redis = Redis::start();
    let limiter = shared(&redis);
    let short = [layer(
        LayerKind::All,
        "short",
        &[window(5, Duration::from_millis(40)), window(20, Duration::from_millis(60))],
    )];
    for _ in 0..100 {
        let _ = limiter.admit(&short).await.unwrap();
        assert!(log_of(&redis, &short[0]).len() <= 20);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_millis(70)).await;
    let left: i64 = typed(redis.command(&["EXISTS", &list_of(&short[0])]));
    assert_eq!(left, 0, "an unused log is gone");

    let limits = Template::Standard.rules().limits;
    let day = [layer(LayerKind::Identifier, "day", &limits.identifier.windows)];
    assert!(admits(&limiter, &day).await);
    let milliseconds: i64 = typed(redis.command(&["PTTL", &list_of(&day[0])]));
    assert!((86_390_000..=86_400_000).contains(&milliseconds), "{milliseconds}");

    for request in 0..3 {
        assert_eq!(admits(&limiter, &day).await, request < 2);
    }
    assert_eq!(log_of(&redis, &day[0]).len(), 3, "the refused one is not in the log");
}

#[tokio::test]
async fn a_refused_request_writes_nothing() {
    let redis = Redis::start();
    let limiter = shared(&redis);
    let full = layer(LayerKind::Identifier, "full", &[window(1, Duration::from_mins(1))]);
    let untouched = layer(LayerKind::Address, "untouched", &[window(9, Duration::from_mins(1))]);
    assert!(admits(&limiter, std::slice::from_ref(&full)).await);
    let before = redis.everything();
    assert!(!admits(&limiter, &[untouched, full]).await);
    assert_eq!(redis.everything(), before);
}
