//! Group A: guessing codes.

use std::time::Duration;

use tonic::Code;

use crate::both_stores::{on_both_stores, on_both_stores_with_clock};

/// A code that is not `code`.
fn wrong(code: &str, nth: u64) -> String {
    let number: u64 = code.parse().unwrap();
    let space = 10_u64.pow(u32::try_from(code.len()).unwrap());
    format!("{:0width$}", (number + 1 + nth) % space, width = code.len())
}

on_both_stores_with_clock!(a1_three_wrong_then_the_right_code, |world| {
    let (challenge, code) = world.server.request_code("a1@example.com").await;
    let client = world.server.client().await;
    for nth in 0..3 {
        let refusal = client.verify_otp(&challenge.challenge_id, &wrong(&code, nth)).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "CODE_INVALID"));
    }
    let locked = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!((locked.code, locked.reason.as_str()), (Code::ResourceExhausted, "ACCOUNT_LOCKED"));
    let wait = locked.retry_delay.expect("RetryInfo");
    assert!(wait > Duration::from_secs(290) && wait <= Duration::from_mins(5), "{wait:?}");
    // Refused attempts neither extend the lock nor use up the code; after it the code itself has expired.
    world.advance(wait);
    let late = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!((late.code, late.reason.as_str()), (Code::Unauthenticated, "CODE_INVALID"));
    // The lock is over: a new code signs in.
    world.server.sign_in("a1@example.com").await;
    let audit = world.audit().await;
    assert_eq!(audit.count("code.verified", "CODE_INVALID"), 3);
    assert_eq!(audit.count("code.verified", "ACCOUNT_LOCKED"), 1);
    assert_eq!(audit.count("identifier.locked", "TOO_MANY_FAILURES"), 1);
    assert_eq!(audit.count("code.verified", "CODE_EXPIRED"), 1);
});

on_both_stores!(a2_a_thousand_parallel_wrong_codes, |world| {
    let (challenge, code) = world.server.request_code("a2@example.com").await;
    let client = world.server.client().await;
    let guesses = (0..1000_u64).map(|nth| {
        let (client, id, guess) = (client.clone(), challenge.challenge_id.clone(), wrong(&code, nth));
        tokio::spawn(async move { client.verify_otp(&id, &guess).await.unwrap_err() })
    });
    let mut evaluated = 0;
    for guess in guesses.collect::<Vec<_>>() {
        let refusal = guess.await.unwrap();
        match refusal.reason.as_str() {
            "CODE_INVALID" => evaluated += 1,
            "ACCOUNT_LOCKED" | "ATTEMPTS_EXHAUSTED" => {}
            other => panic!("{other}: {}", refusal.message),
        }
    }
    // The ladder's first rung is lower than the five attempts of a challenge.
    assert_eq!(evaluated, 3);
    let audit = world.audit().await;
    assert_eq!(audit.count("code.verified", "CODE_INVALID"), 3);
    assert_eq!(audit.count("code.verified", ""), 0);
    assert_eq!(audit.total("code.verified"), 1000);
});

on_both_stores!(a3_the_right_code_64_times_at_once, |world| {
    for round in 0..5 {
        let email = format!("a3-{round}@example.com");
        let (challenge, code) = world.server.request_code(&email).await;
        let client = world.server.client().await;
        let attempts = (0..64).map(|_| {
            let (client, id, code) = (client.clone(), challenge.challenge_id.clone(), code.clone());
            tokio::spawn(async move { client.verify_otp(&id, &code).await })
        });
        let mut tokens = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            match attempt.await.unwrap() {
                Ok(answer) => tokens.push(answer.tokens.unwrap()),
                Err(refusal) => assert!(
                    ["CODE_INVALID", "ACCOUNT_LOCKED"].contains(&refusal.reason.as_str()),
                    "{}: {}",
                    refusal.reason,
                    refusal.message
                ),
            }
        }
        assert_eq!(tokens.len(), 1, "exactly one of 64 signs in");
        assert!(client.validate(&tokens[0].access_token).await.unwrap().active);
    }
    let audit = world.audit().await;
    assert_eq!(audit.count("code.verified", ""), 5);
    assert_eq!(audit.count("session.started", ""), 5);
    assert_eq!(audit.count("user.created", ""), 5);
});

on_both_stores_with_clock!(a13_a_code_lives_to_the_microsecond_before_its_expiry, |world| {
    // Stopping short of, at and past the end of its life, judged by the service's clock.
    for (email, age, good) in [("a13-a@example.com", 298_500_u64, true), ("a13-b@example.com", 300_000, false)] {
        let (challenge, code) = world.server.request_code(email).await;
        world.advance(Duration::from_millis(age));
        let answer = world.server.client().await.verify_otp(&challenge.challenge_id, &code).await;
        match answer {
            Ok(_) => assert!(good, "signed in at {age} ms"),
            Err(refusal) => assert!(!good && refusal.reason == "CODE_INVALID", "at {age} ms: {}", refusal.reason),
        }
    }
});
