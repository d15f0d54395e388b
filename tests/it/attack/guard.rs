//! A7: one guess on each of many accounts, which no counter of one account sees.

use std::time::Duration;

use identity::grpc::proto::ResendOtpRequest;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::lockout::{Device, wrong};
use crate::both_stores::bodies_on_both_stores;
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a7_one_guess_on_each_of_many_accounts_raises_the_guard,
    a7_of_many_guesses_at_once_no_more_are_evaluated_than_the_budget_has,
);

async fn a7_one_guess_on_each_of_many_accounts_raises_the_guard(store: Store) {
    const ACCOUNTS: [&str; 6] = [
        "a7-0@example.com",
        "a7-1@example.com",
        "a7-2@example.com",
        "a7-3@example.com",
        "a7-4@example.com",
        "a7@example.com",
    ];
    let world = World::with_clock_and(store, |settings| {
        settings.limit("address", 1000, 60);
        settings.limit("identifier", 10, 60);
        settings.guard(5, 120);
    })
    .await;
    let mut owner = Device::new(&world, "a7@example.com").await;
    owner.sign_in().await.unwrap();
    let mut challenges = Vec::new();
    for email in ACCOUNTS {
        let stranger = Device::new(&world, email).await;
        let (challenge, code) = stranger.send().await.unwrap();
        challenges.push((stranger, challenge, code));
    }
    for (stranger, challenge, code) in &challenges[..5] {
        assert_eq!(stranger.verify(challenge, &wrong(code)).await.unwrap_err().reason, "CODE_INVALID");
    }
    // The budget of guesses over all accounts is spent: a short code that is out already is not evaluated, right or wrong.
    let (stranger, challenge, code) = &challenges[5];
    let guarded = stranger.verify(challenge, code).await.unwrap_err();
    assert_eq!((guarded.code, guarded.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    let wait = guarded.retry_delay.expect("RetryInfo");
    assert!(wait <= Duration::from_mins(2), "{wait:?}");
    // Its person has not asked for too many codes, and need not wait: one that is asked for now is evaluated.
    assert_eq!(guarded.metadata["layer"], "failures");
    assert!(guarded.message.ends_with("Ask for a new one."), "{}", guarded.message);
    let details = guarded.status.get_error_details();
    let quota = &details.quota_failure().unwrap().violations[0];
    assert_eq!((quota.subject.as_str(), quota.description.as_str()), ("failures", "wrong codes over all accounts"));
    let told = guarded.status.metadata();
    assert!(told.contains_key("retry-after") && !told.contains_key("x-ratelimit-limit"), "{told:?}");
    // A further one like it would be sent for nothing: whoever asks for it is told to begin anew.
    world.advance(Duration::from_secs(30));
    let resend = async |challenge: &str| {
        let request = ResendOtpRequest { challenge_id: challenge.to_owned(), ..ResendOtpRequest::default() };
        stranger.client.identity().resend_otp(request).await.map_err(|status| Refusal::from(status).reason)
    };
    assert_eq!(resend(challenge).await.unwrap_err(), "CODE_INVALID");
    // A stranger is sent a longer one with one attempt, and a known device notices nothing.
    let sent = stranger.client.send_otp("a7-new@example.com").await.unwrap();
    assert_eq!((sent.code_length, sent.attempts_remaining), (10, 1));
    let (long, code) = stranger.send().await.unwrap();
    assert_eq!(code.len(), 10);
    stranger.verify(&long, &code).await.unwrap();
    let (short, code) = owner.send().await.unwrap();
    assert_eq!(code.len(), 6);
    world.advance(Duration::from_secs(30));
    resend(&short).await.unwrap();
    owner.verify(&short, &code).await.unwrap();
    let audit = world.audit().await;
    assert_eq!((audit.count("guard.raised", "TOO_MANY_FAILURES"), audit.count("code.verified", "GUARDED")), (1, 1));
    // Told to wait, one waits exactly that long.
    world.advance(wait);
    assert_eq!(stranger.client.send_otp("a7-later@example.com").await.unwrap().code_length, 6);
}

async fn a7_of_many_guesses_at_once_no_more_are_evaluated_than_the_budget_has(store: Store) {
    let world = World::with(store, |settings| {
        settings.limit("address", 1000, 60);
        settings.limit("all", 1000, 60);
        settings.guard(5, 600);
    })
    .await;
    let client = world.server.client().await;
    let mut guesses = Vec::new();
    for nth in 0..40 {
        let (challenge, code) = world.server.request_code(&format!("a7-{nth}@example.com")).await;
        guesses.push((challenge.challenge_id, wrong(&code)));
    }
    let calls = guesses.into_iter().map(|(id, code)| {
        let client = client.clone();
        tokio::spawn(async move { client.verify_otp(&id, &code).await.unwrap_err().reason })
    });
    let mut evaluated = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap().as_str() {
            "CODE_INVALID" => evaluated += 1,
            reason => assert_eq!(reason, "RATE_LIMITED"),
        }
    }
    assert_eq!(evaluated, 5);
    let audit = world.audit().await;
    assert_eq!((audit.count("code.verified", "CODE_INVALID"), audit.count("code.verified", "GUARDED")), (5, 35));
}

/// A replica that saw no wrong code, and one that is started only then, guard within two seconds or so.
#[tokio::test]
async fn a7_every_replica_guards() {
    let world = World::with(Store::Postgres, |settings| {
        settings.limit("address", 1000, 60);
        settings.limit("all", 1000, 60);
        settings.guard(3, 600);
    })
    .await;
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    assert_eq!(there.send_otp("a7-before@example.com").await.unwrap().code_length, 6);
    for nth in 0..3 {
        let (challenge, code) = world.server.request_code(&format!("a7-guess-{nth}@example.com")).await;
        let refusal = here.verify_otp(&challenge.challenge_id, &wrong(&code)).await.unwrap_err();
        assert_eq!(refusal.reason, "CODE_INVALID");
    }
    let later = world.another().await;
    let late = later.client().await;
    for (who, client) in [("saw-none", there), ("late", late)] {
        let mut nth = 0;
        wait::until("longer codes", Duration::from_secs(10), async || {
            nth += 1;
            let sent = client.send_otp(&format!("a7-{who}-{nth}@example.com")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            (sent.code_length == 10).then_some(())
        })
        .await;
    }
    assert_eq!(world.audit().await.count("guard.raised", "TOO_MANY_FAILURES"), 1, "one alarm");
}
