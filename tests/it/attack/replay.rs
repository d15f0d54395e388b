//! Group B: replaying codes, and using them where they do not belong.

use identity::grpc::proto::{SendOtpRequest, VerifyOtpRequest};

use crate::both_stores::{on_both_stores, on_both_stores_with_clock};
use crate::support::client::send_otp_request;

on_both_stores!(a16_a_code_works_once_also_after_a_restart, |mut world| {
    let (challenge, code) = world.server.request_code("a16@example.com").await;
    world.server.client().await.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    for kill in [false, true] {
        if kill {
            world.server.restart_after_kill().await;
        }
        let again = world.server.client().await.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
        assert_eq!(again.reason, "CODE_INVALID");
    }
    assert_eq!(world.audit().await.count("code.verified", "CODE_USED"), 2);
});

on_both_stores!(a17_another_users_code, |world| {
    let (ada, ada_code) = world.server.request_code("a17-ada@example.com").await;
    let (bob, bob_code) = world.server.request_code("a17-bob@example.com").await;
    assert_ne!(ada_code, bob_code, "one in a million; run again");
    let client = world.server.client().await;
    let refusal = client.verify_otp(&ada.challenge_id, &bob_code).await.unwrap_err();
    assert_eq!(refusal.reason, "CODE_INVALID");
    // Ada's challenge was charged, Bob's was not touched, and both still work with their own codes.
    let user = client.verify_otp(&bob.challenge_id, &bob_code).await.unwrap().user.unwrap();
    assert_eq!(user.email, "a17-bob@example.com");
    let user = client.verify_otp(&ada.challenge_id, &ada_code).await.unwrap().user.unwrap();
    assert_eq!(user.email, "a17-ada@example.com");
    assert_eq!(world.audit().await.count("code.verified", "CODE_INVALID"), 1);
});

on_both_stores!(a17_an_older_challenge_of_the_same_person, |world| {
    let (first, first_code) = world.server.request_code("a17-same@example.com").await;
    let (second, second_code) = world.server.request_code("a17-same@example.com").await;
    assert_ne!(first_code, second_code, "one in a million; run again");
    let client = world.server.client().await;
    let crossed = client.verify_otp(&first.challenge_id, &second_code).await.unwrap_err();
    assert_eq!(crossed.reason, "CODE_INVALID");
    // A new challenge does not void another, and the success of one does not use up the other.
    client.verify_otp(&first.challenge_id, &first_code).await.unwrap();
    client.verify_otp(&second.challenge_id, &second_code).await.unwrap();
});

on_both_stores!(a20_another_client_application, |world| {
    let client = world.server.client().await;
    let unknown = SendOtpRequest { client_id: "nobody".to_owned(), ..send_otp_request("a20@example.com") };
    let refusal = crate::support::refusal::Refusal::from(client.identity().send_otp(unknown).await.unwrap_err());
    assert_eq!((refusal.reason.as_str(), refusal.field_names()), ("INVALID_FIELD", vec!["client_id"]));
    // A token of this application is for its audience and for no other.
    let tokens = world.server.sign_in("a20@example.com").await.tokens.unwrap();
    for (audience, active) in [("identity", true), ("", true), ("elsewhere", false), ("IDENTITY", false)] {
        let answer = client.validate_for(&tokens.access_token, audience).await.unwrap();
        assert_eq!(answer.active, active, "{audience}");
        assert_eq!(answer.claims.is_some(), active, "{audience}");
    }
});

on_both_stores_with_clock!(a27_limits_and_locks_of_unknown_addresses, |world| {
    // One address has an account, the other has not; both meet the same answers at the same counts.
    world.server.sign_in("a27-known@example.com").await;
    world.advance(std::time::Duration::from_hours(25));
    let mut histories = Vec::new();
    for email in ["a27-known@example.com", "a27-other@example.com"] {
        let (challenge, code) = world.server.request_code(email).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let client = world.server.client().await;
        let mut history = Vec::new();
        for _ in 0..4 {
            let refusal = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
            history.push((refusal.code, refusal.reason, refusal.message, refusal.quotas));
        }
        for _ in 0..4 {
            history.push(match client.send_otp(email).await {
                Ok(challenge) => (tonic::Code::Ok, String::new(), challenge.code_length.to_string(), 0),
                Err(refusal) => (refusal.code, refusal.reason, refusal.message, refusal.quotas),
            });
        }
        histories.push(history);
    }
    assert_eq!(histories[0], histories[1]);
    let reasons: Vec<_> = histories[0].iter().map(|(_, reason, ..)| reason.as_str()).collect();
    let (guess, lock, limit) = ("CODE_INVALID", "ACCOUNT_LOCKED", "RATE_LIMITED");
    assert_eq!(reasons, [guess, guess, guess, lock, "", "", limit, limit]);
});

on_both_stores!(a30_unknown_challenges_look_like_wrong_codes, |world| {
    let (challenge, code) = world.server.request_code("a30@example.com").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let client = world.server.client().await;
    let known = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
    for id in ["0198c3c4-0000-7000-8000-000000000000", "unknown", &challenge.challenge_id.to_uppercase()] {
        let refusal = client.verify_otp(id, wrong).await.unwrap_err();
        assert_eq!(
            (refusal.code, &refusal.reason, &refusal.message, &refusal.metadata, refusal.retry_delay),
            (known.code, &known.reason, &known.message, &known.metadata, known.retry_delay),
            "{id}"
        );
        assert_eq!(refusal.status.details(), known.status.details(), "{id}");
    }
    let request = VerifyOtpRequest { challenge_id: String::new(), code, ..VerifyOtpRequest::default() };
    let refusal = crate::support::refusal::Refusal::from(client.identity().verify_otp(request).await.unwrap_err());
    assert_eq!(refusal.field_names(), ["challenge_id"]);
});
