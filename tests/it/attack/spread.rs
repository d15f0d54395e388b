//! Group A: guesses spread over challenges, resent codes, networks and processes. What counts is what was evaluated, and
//! that is counted in the store, not in the answers.

use std::time::Duration;

use identity::grpc::proto::{ResendOtpRequest, VerifyOtpRequest};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

/// Longer than anyone waits between wrong codes below the first rung but one.
const PAUSE: Duration = Duration::from_secs(20);

bodies_on_both_stores!(
    a4_a_new_challenge_does_not_start_the_count_anew,
    a5_live_challenges_share_one_ladder,
    a5_resent_codes_share_the_attempts_of_their_challenge,
    a6_one_victim_from_500_networks,
    a8_the_right_code_while_locked,
    brute_force_evaluates_no_more_than_the_ladder_allows,
);

/// No window of requests is in the way.
fn without_limits(settings: &mut Settings) {
    for layer in ["identifier", "address", "all"] {
        settings.limit(layer, 100_000, 60);
    }
    settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
    settings.policy("codes.resend_cooldown", "1s");
}

/// A code that is not `code`.
fn wrong(code: &str, nth: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1 + nth) % 1_000_000)
}

/// A request as if from the `nth` network.
fn from_network<T>(message: T, nth: u32) -> Request<T> {
    let mut request = Request::new(message);
    let address = format!("2001:db8:{:x}:{nth:x}::1", 7 + nth / 0xffff);
    request.metadata_mut().insert("x-forwarded-for", MetadataValue::try_from(address).unwrap());
    request
}

async fn guess(client: &Client, challenge_id: &str, code: &str, network: u32) -> Refusal {
    let (challenge_id, code) = (challenge_id.to_owned(), code.to_owned());
    let request = VerifyOtpRequest { challenge_id, code, ..VerifyOtpRequest::default() };
    client.identity().verify_otp(from_network(request, network)).await.expect_err("a wrong code").into()
}

/// Whether a guess was evaluated; if not, that it was refused unseen and says for how long.
fn was_evaluated(refusal: &Refusal) -> bool {
    match refusal.reason.as_str() {
        "CODE_INVALID" => true,
        "ACCOUNT_LOCKED" | "ATTEMPT_TOO_SOON" | "ATTEMPTS_EXHAUSTED" => {
            assert_eq!(refusal.code, Code::ResourceExhausted);
            false
        }
        other => panic!("{other}: {}", refusal.message),
    }
}

fn assert_locked(refusal: &Refusal) {
    assert!(["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&refusal.reason.as_str()), "{}", refusal.reason);
    assert_eq!(refusal.code, Code::ResourceExhausted);
    assert!(refusal.retry_delay.is_some(), "RetryInfo");
}

/// How many guesses were evaluated, as the store has counted them: by challenge, and event by event.
async fn evaluated(world: &World) -> usize {
    let charged = world.number("SELECT SUM(attempts) FROM challenges").await;
    let events = world.audit().await.count("code.verified", "CODE_INVALID");
    assert_eq!(usize::try_from(charged).unwrap(), events, "charged, and recorded as evaluated");
    events
}

async fn failures(world: &World) -> i64 {
    world.number("SELECT MAX(consecutive_failures) FROM lockouts").await
}

async fn a4_a_new_challenge_does_not_start_the_count_anew(store: Store) {
    let world = World::with_clock_and(store, without_limits).await;
    let client = world.server.client().await;
    let mut made = 0;
    for (guesses, lock) in [(2, None), (1, Some(5)), (2, Some(30))] {
        let (challenge, code) = world.server.request_code("a4@example.com").await;
        for nth in 0..guesses {
            world.advance(PAUSE);
            assert!(was_evaluated(&guess(&client, &challenge.challenge_id, &wrong(&code, nth), 0).await));
            made += 1;
        }
        assert_eq!(failures(&world).await, made);
        let Some(minutes) = lock else { continue };
        let (another, right) = world.server.request_code("a4@example.com").await;
        assert_locked(&guess(&client, &challenge.challenge_id, &code, 0).await);
        let refusal = guess(&client, &another.challenge_id, &right, 0).await;
        assert_locked(&refusal);
        let left = refusal.retry_delay.unwrap();
        assert!(left + Duration::from_secs(30) > Duration::from_mins(minutes), "{left:?} of {minutes} min");
        world.advance(left + Duration::from_secs(1));
    }
    assert_eq!((failures(&world).await, evaluated(&world).await), (5, 5));
    assert_eq!(world.audit().await.count("identifier.locked", "TOO_MANY_FAILURES"), 2);
}

async fn a5_live_challenges_share_one_ladder(store: Store) {
    let world = World::with_clock_and(store, without_limits).await;
    let client = world.server.client().await;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(world.server.request_code("a5@example.com").await);
    }
    let mut answers = Vec::new();
    for (challenge, code) in &challenges {
        world.advance(PAUSE);
        answers.push(was_evaluated(&guess(&client, &challenge.challenge_id, &wrong(code, 0), 0).await));
    }
    assert_eq!(answers, [true, true, true, false]);
    // Nor is the right code of any of them looked at.
    for (challenge, code) in &challenges {
        assert_locked(&guess(&client, &challenge.challenge_id, code, 0).await);
    }
    assert_eq!((failures(&world).await, evaluated(&world).await), (3, 3));
}

async fn a5_resent_codes_share_the_attempts_of_their_challenge(store: Store) {
    let world = World::with_clock_and(store, |settings| {
        without_limits(settings);
        // A ladder that begins late, so that the challenge's own budget is what ends the guessing.
        settings.policy(
            "lockout.rungs",
            vec![toml::Table::from_iter([("failures".to_owned(), 50.into()), ("wait".to_owned(), "5m".into())])],
        );
    })
    .await;
    let client = world.server.client().await;
    let (challenge, first) = world.server.request_code("a5@example.com").await;
    let mut codes = vec![first];
    for sent in 2..=3 {
        world.advance(Duration::from_secs(2));
        let request = ResendOtpRequest {
            challenge_id: challenge.challenge_id.clone(),
            binding_secret: challenge.binding_secret.clone(),
            ..ResendOtpRequest::default()
        };
        client.identity().resend_otp(request).await.unwrap();
        codes.push(world.server.mailbox().wait_for("a5@example.com", sent).await.code().unwrap());
    }
    for nth in 0..5 {
        world.advance(PAUSE);
        let near = wrong(&codes[nth as usize % 3], nth);
        assert!(!codes.contains(&near), "one in a million; run again");
        assert!(was_evaluated(&guess(&client, &challenge.challenge_id, &near, 0).await), "guess {nth}");
    }
    world.advance(PAUSE);
    for code in &codes {
        let refusal = guess(&client, &challenge.challenge_id, code, 0).await;
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "ATTEMPTS_EXHAUSTED"));
    }
    assert_eq!(evaluated(&world).await, 5);
}

async fn a6_one_victim_from_500_networks(store: Store) {
    let world = World::with(store, |settings| {
        settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
        settings.limit("all", 100_000, 60);
    })
    .await;
    let client = world.server.client().await;
    let (challenge, code) = world.server.request_code("a6@example.com").await;
    let mut seen = 0;
    let mut sent = 1;
    for network in 0..500 {
        match client.identity().send_otp(from_network(send_otp_request("a6@example.com"), network)).await {
            Ok(_) => sent += 1,
            Err(status) => assert_eq!(Refusal::from(status).reason, "RATE_LIMITED"),
        }
        seen +=
            usize::from(was_evaluated(&guess(&client, &challenge.challenge_id, &wrong(&code, network), network).await));
    }
    assert_eq!(sent, 3, "requests count by the identifier, wherever they come from");
    assert!((1..=3).contains(&seen), "{seen}");
    assert_eq!((failures(&world).await, evaluated(&world).await), (i64::try_from(seen).unwrap(), seen));
}

async fn a8_the_right_code_while_locked(store: Store) {
    let world = World::with_clock_and(store, |settings| {
        without_limits(settings);
        // A lock that is shorter than a code's life.
        settings.policy(
            "lockout.rungs",
            vec![toml::Table::from_iter([("failures".to_owned(), 3.into()), ("wait".to_owned(), "1m".into())])],
        );
    })
    .await;
    let client = world.server.client().await;
    world.server.sign_in("a8-known@example.com").await;
    let mut told = Vec::new();
    for email in ["a8-known@example.com", "a8-other@example.com"] {
        let (challenge, code) = world.server.request_code(email).await;
        for nth in 0..3 {
            world.advance(PAUSE);
            assert!(was_evaluated(&guess(&client, &challenge.challenge_id, &wrong(&code, nth), 0).await));
        }
        let charged = world.number("SELECT SUM(attempts) FROM challenges").await;
        let refusals = [&code, &wrong(&code, 9)].map(String::to_owned);
        for code in refusals {
            let refusal = guess(&client, &challenge.challenge_id, &code, 0).await;
            assert_locked(&refusal);
            told.push((email, (refusal.code, refusal.reason, refusal.message, refusal.domain, refusal.quotas)));
        }
        assert_eq!(world.number("SELECT SUM(attempts) FROM challenges").await, charged, "unseen costs nothing");
        // The code was not used up: after the lock it signs in.
        world.advance(Duration::from_secs(61));
        client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    }
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|(_, refusal)| *refusal == told[0].1), "{told:?}");
}

async fn brute_force_evaluates_no_more_than_the_ladder_allows(store: Store) {
    const EMAIL: &str = "brute@example.com";
    let world = World::with_clock_and(store, without_limits).await;
    let other = world.another().await;
    let clients = [world.server.client().await, other.client().await];
    let mut before = 0;
    // What the ladder allows until each of its locks, and how long that lasts.
    for (allowed, minutes) in [(3, 5), (5, 30), (10, 60), (15, 24 * 60)] {
        let mut challenges = Vec::new();
        for nth in 0..10 {
            let client = &clients[nth % 2];
            challenges.push(client.send_otp(EMAIL).await.unwrap().challenge_id);
        }
        // 300 at once: over one challenge and over ten, two processes and 60 networks.
        let calls: Vec<_> = (0..300_u32)
            .map(|nth| {
                let client = clients[nth as usize % 2].clone();
                let challenge = if nth < 100 { 0 } else { nth as usize % 10 };
                let challenge_id = challenges[challenge].clone();
                tokio::spawn(async move {
                    guess(&client, &challenge_id, &format!("{:06}", nth * 3_331 % 1_000_000), nth % 60).await
                })
            })
            .collect();
        let mut answered = 0;
        for call in calls {
            answered += usize::from(was_evaluated(&call.await.unwrap()));
        }
        let total = evaluated(&world).await;
        assert_eq!(total - before, answered, "what was answered is what was counted");
        assert!(answered >= 1 && total <= allowed, "{total} of {allowed}");
        assert_eq!(failures(&world).await, i64::try_from(total).unwrap());
        before = total;
        world.advance(Duration::from_mins(minutes) + Duration::from_secs(1));
    }
    assert_eq!(world.audit().await.count("code.verified", ""), 0);
}
