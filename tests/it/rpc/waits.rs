//! What time cures says how long: waiting exactly that is enough, and less is not. Where one stands is told on every
//! answer that a limit touched. And no request limit stands before a right code.

use std::time::Duration;

use identity::grpc::proto::ResendOtpRequest;
use toml::{Table, Value};
use tonic::metadata::MetadataMap;

use super::assert_refused;
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

/// So much may pass between two calls of a test on a busy machine.
const SLACK: Duration = Duration::from_secs(8);

/// Wide limits, but for `layer`.
fn limited(settings: &mut Settings, layer: &str, limit: i64, seconds: i64) {
    for other in ["identifier", "address", "all"] {
        let (limit, seconds) = if other == layer { (limit, seconds) } else { (10_000, 3600) };
        settings.limit(other, limit, seconds);
    }
}

/// `x-ratelimit-limit`, `x-ratelimit-remaining` and `x-ratelimit-reset`.
#[track_caller]
fn standing(metadata: &MetadataMap) -> [u64; 3] {
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| number(metadata, name))
}

#[track_caller]
fn number(metadata: &MetadataMap, name: &str) -> u64 {
    metadata.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap().parse().unwrap()
}

/// How long a refusal says to wait, once `retry-after` and `RetryInfo` agree.
#[track_caller]
fn wait_of(refusal: &Refusal, reason: &str) -> Duration {
    assert_eq!(refusal.reason, reason, "{}", refusal.message);
    let wait = refusal.retry_delay.expect("RetryInfo");
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    assert_eq!(number(refusal.status.metadata(), "retry-after"), whole);
    wait
}

/// Shows that `call`, refused with `reason`, is refused until the wait it was told is over, and then is not.
async fn is_cured_by_waiting<T>(world: &World, reason: &str, call: impl AsyncFn() -> Result<T, Refusal>) {
    let refused = async || call().await.map(|_| ()).expect_err("a refusal");
    let wait = wait_of(&refused().await, reason);
    world.advance(wait.checked_sub(SLACK).expect("a wait that is long enough for this test"));
    let rest = wait_of(&refused().await, reason);
    assert!(rest <= SLACK, "{rest:?} of {wait:?} are left");
    world.advance(rest);
    call().await.map(|_| ()).expect("what was waited for");
}

async fn with_clock(store: Store, adjust: impl FnOnce(&mut Settings)) -> (World, Client) {
    let world = World::with_clock_and(store, adjust).await;
    let client = world.server.client().await;
    (world, client)
}

async fn rate_limited(store: Store) {
    for layer in ["identifier", "address", "all"] {
        let (world, client) = with_clock(store, |settings| limited(settings, layer, 2, 60)).await;
        for nth in 0..2 {
            let answer = client.identity().send_otp(send_otp_request("limit@example.org")).await.unwrap();
            let [limit, remaining, reset] = standing(answer.metadata());
            if layer == "all" {
                // How much others have left is nobody's business until it refuses.
                assert_eq!(limit, 10_000);
            } else {
                assert_eq!((limit, remaining), (2, 1 - nth), "{layer}");
                assert!((20..=60).contains(&reset), "{reset}");
            }
        }
        let refusal = client.send_otp("limit@example.org").await.unwrap_err();
        assert_eq!(refusal.metadata["layer"], layer);
        let [limit, remaining, reset] = standing(refusal.status.metadata());
        assert_eq!((limit, remaining, reset), (2, 0, number(refusal.status.metadata(), "retry-after")));
        is_cured_by_waiting(&world, "RATE_LIMITED", async || client.send_otp("limit@example.org").await).await;
    }
}

async fn account_locked(store: Store) {
    let (world, client) = with_clock(store, |settings| {
        let rung = [("failures".to_owned(), Value::from(2)), ("wait".to_owned(), Value::from("1m"))];
        settings.policy("lockout.rungs", vec![Table::from_iter(rung)]);
    })
    .await;
    let (challenge, code) = world.server.request_code("locked@example.org").await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..2 {
        client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
    }
    let verify = async || client.verify_otp(&challenge.challenge_id, &code).await;
    is_cured_by_waiting(&world, "ACCOUNT_LOCKED", verify).await;
}

async fn resend_too_soon(store: Store) {
    let (world, client) = with_clock(store, |settings| limited(settings, "identifier", 10, 3600)).await;
    let (challenge, _) = world.server.request_code("again@example.org").await;
    let request = || ResendOtpRequest { challenge_id: challenge.challenge_id.clone(), ..ResendOtpRequest::default() };
    let resend = async || client.identity().resend_otp(request()).await;
    let refusal = assert_refused(resend().await, tonic::Code::ResourceExhausted, "RESEND_TOO_SOON");
    let wait = number(refusal.status.metadata(), "retry-after");
    assert_eq!(standing(refusal.status.metadata()), [1, 0, wait], "one code within the cool-down");
    is_cured_by_waiting(&world, "RESEND_TOO_SOON", async || resend().await.map_err(Refusal::from)).await;
    // It counts as a request for a code: the second of ten.
    world.advance(Duration::from_secs(31));
    assert_eq!(standing(resend().await.unwrap().metadata())[..2], [10, 7]);
}

/// On PostgreSQL the limits are Redis's, which goes by its own clock: the wait is really waited.
async fn a_real_second(store: Store) {
    let world = World::with(store, |settings| {
        limited(settings, "identifier", 1, 2);
        settings.policy("codes.resend_cooldown", "1s");
    })
    .await;
    let client = world.server.client().await;
    for _ in 0..2 {
        while client.send_otp("second@example.org").await.is_ok() {}
        let refusal = client.send_otp("second@example.org").await.unwrap_err();
        tokio::time::sleep(wait_of(&refusal, "RATE_LIMITED")).await;
        client.send_otp("second@example.org").await.expect("what was waited for");
    }
}

async fn a_right_code_is_never_limited(store: Store) {
    for layer in ["identifier", "address", "all"] {
        let world = World::with(store, |settings| limited(settings, layer, 1, 3600)).await;
        let client = world.server.client().await;
        let (challenge, code) = world.server.request_code("right@example.org").await;
        for _ in 0..20 {
            let refusal = client.send_otp("right@example.org").await.unwrap_err();
            assert_eq!((refusal.reason.as_str(), refusal.metadata["layer"].as_str()), ("RATE_LIMITED", layer));
        }
        client.verify_otp(&challenge.challenge_id, &code).await.expect("a right code, whatever limits are spent");
    }
}

bodies_on_both_stores!(rate_limited, account_locked, resend_too_soon, a_real_second, a_right_code_is_never_limited);
