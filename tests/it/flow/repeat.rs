//! API-5: the same request id with the same request gives the same answer.

use std::time::Duration;

use identity::grpc::proto::{RefreshTokenRequest, ResendOtpRequest, SendOtpRequest, TokenSet, VerifyOtpRequest};
use tokio::task::JoinSet;

use crate::both_stores::{on_both_stores, on_both_stores_with_clock};
use crate::support::client::send_otp_request;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

pub(super) const ID: &str = "0b6f9c1e-8a55-4c0f-9a34-5f7f1f0a2b3c";

/// Makes a call 64 times at once: every one is answered, and alike.
pub(super) async fn one_answer_for_all<T, F>(call: impl Fn() -> F)
where
    T: PartialEq + Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let calls: JoinSet<T> = (0..64).map(|_| call()).collect();
    let answers = calls.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "one answer for all");
}

/// The tokens of an answer, but for the seconds that are left of them: those are counted anew in each.
pub(super) fn lasting(tokens: Option<TokenSet>) -> TokenSet {
    TokenSet { expires_in: 0, ..tokens.unwrap() }
}

/// Asserts that a repeated answer, given `passed` after the first, has the same tokens and tells the seconds that are left.
pub(super) fn assert_repeated(first: Option<TokenSet>, again: Option<TokenSet>, passed: Duration) {
    let seconds = |tokens: &Option<TokenSet>| i64::from(tokens.as_ref().unwrap().expires_in);
    let fewer = seconds(&first) - seconds(&again);
    let passed = i64::try_from(passed.as_secs()).unwrap();
    assert!((passed..passed + 60).contains(&fewer), "{fewer} seconds fewer, {passed} seconds later");
    assert_eq!(lasting(again), lasting(first));
}

on_both_stores!(send_otp_repeats, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest { request_id: ID.to_owned(), ..send_otp_request("repeat@example.com") };
    let first = client.identity().send_otp(request.clone()).await.unwrap().into_inner();
    for _ in 0..5 {
        let again = client.identity().send_otp(request.clone()).await.unwrap().into_inner();
        assert_eq!(again.challenge, first.challenge);
    }
    let other = SendOtpRequest { request_id: ID.to_owned(), ..send_otp_request("other@example.com") };
    let refusal = Refusal::from(client.identity().send_otp(other).await.unwrap_err());
    assert_eq!((refusal.reason.as_str(), refusal.field_names()), ("INVALID_FIELD", vec!["request_id"]));
    // One challenge, one message, and one request counted: two more are admitted, and no third.
    world.server.mailbox().wait_for("repeat@example.com", 1).await;
    assert_eq!(world.audit().await.count("code.sent", ""), 1);
    let mut more = Vec::new();
    for _ in 0..3 {
        more.push(client.send_otp("repeat@example.com").await.is_ok());
    }
    assert_eq!(more, [true, true, false]);
    assert_eq!(world.server.mailbox().to("other@example.com").len(), 0);
});

// The contract says for how long: then the id names a new call.
on_both_stores_with_clock!(an_answer_is_given_again_for_ten_minutes, |world| {
    let client = world.server.client().await;
    let ask = async || {
        let request = SendOtpRequest { request_id: ID.to_owned(), ..send_otp_request("minutes@example.com") };
        client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap()
    };
    let first = ask().await;
    world.advance(Duration::from_secs(9 * 60 + 50));
    assert_eq!(ask().await, first);
    world.advance(Duration::from_secs(10));
    assert_ne!(ask().await.challenge_id, first.challenge_id);
    assert_eq!(world.audit().await.count("code.sent", ""), 2);
});

on_both_stores!(send_otp_repeats_when_asked_64_times_at_once, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest { request_id: ID.to_owned(), ..send_otp_request("at-once@example.com") };
    one_answer_for_all(|| {
        let (client, request) = (client.clone(), request.clone());
        async move { client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap() }
    })
    .await;
    assert_eq!(world.audit().await.count("code.sent", ""), 1);
    // And one of three requests is counted.
    let mut more = Vec::new();
    for _ in 0..3 {
        more.push(client.send_otp("at-once@example.com").await.is_ok());
    }
    assert_eq!(more, [true, true, false]);
});

on_both_stores!(verify_otp_repeats_when_asked_64_times_at_once, |world| {
    let (challenge, code) = world.server.request_code("at-once@example.com").await;
    let client = world.server.client().await;
    let request = VerifyOtpRequest {
        challenge_id: challenge.challenge_id,
        code,
        request_id: ID.to_owned(),
        ..VerifyOtpRequest::default()
    };
    one_answer_for_all(|| {
        let (client, request) = (client.clone(), request.clone());
        async move { lasting(client.identity().verify_otp(request).await.unwrap().into_inner().tokens) }
    })
    .await;
    let audit = world.audit().await;
    assert_eq!((audit.count("code.verified", ""), audit.count("session.started", "")), (1, 1));
});

on_both_stores!(verify_otp_repeats, |world| {
    let (challenge, code) = world.server.request_code("verify@example.com").await;
    let client = world.server.client().await;
    let request = VerifyOtpRequest {
        challenge_id: challenge.challenge_id.clone(),
        code: code.clone(),
        request_id: ID.to_owned(),
        ..VerifyOtpRequest::default()
    };
    let first = client.identity().verify_otp(request.clone()).await.unwrap().into_inner();
    let again = client.identity().verify_otp(request.clone()).await.unwrap().into_inner();
    assert_eq!((lasting(again.tokens), again.user, again.new_user), (lasting(first.tokens.clone()), first.user, true));
    // Without the id, or with another, a used code is a used code.
    assert_eq!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason, "CODE_INVALID");
    let other = VerifyOtpRequest { request_id: "0b6f9c1e-8a55-4c0f-9a34-5f7f1f0a2b3d".to_owned(), ..request };
    assert_eq!(Refusal::from(client.identity().verify_otp(other).await.unwrap_err()).reason, "CODE_INVALID");
    let audit = world.audit().await;
    assert_eq!((audit.count("code.verified", ""), audit.count("session.started", "")), (1, 1));
    assert!(client.validate(&first.tokens.unwrap().access_token).await.unwrap().active);
});

on_both_stores_with_clock!(a_repeated_sign_in_tells_the_seconds_that_are_left, |world| {
    let (challenge, code) = world.server.request_code("left@example.com").await;
    let client = world.server.client().await;
    let request = VerifyOtpRequest {
        challenge_id: challenge.challenge_id,
        code,
        request_id: ID.to_owned(),
        ..VerifyOtpRequest::default()
    };
    let first = client.identity().verify_otp(request.clone()).await.unwrap().into_inner().tokens;
    let passed = Duration::from_mins(5);
    world.advance(passed);
    let again = client.identity().verify_otp(request).await.unwrap().into_inner().tokens;
    assert_repeated(first, again, passed);
});

on_both_stores!(the_spelling_of_a_request_id_makes_no_difference, |world| {
    let client = world.server.client().await;
    let send = |id: &str| SendOtpRequest { request_id: id.to_owned(), ..send_otp_request("spelled@example.com") };
    let first = client.identity().send_otp(send(ID)).await.unwrap().into_inner();
    let again = client.identity().send_otp(send(&ID.to_uppercase())).await.unwrap().into_inner();
    assert_eq!(again.challenge, first.challenge);
    // Clients that forgot to set theirs would share the nil UUID.
    let nil = client.identity().send_otp(send("00000000-0000-0000-0000-000000000000")).await;
    let refusal = Refusal::from(nil.unwrap_err());
    assert_eq!((refusal.reason.as_str(), refusal.field_names()), ("INVALID_FIELD", vec!["request_id"]));
    let nil = RefreshTokenRequest {
        refresh_token: "idr_AAAA".to_owned(),
        request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        ..RefreshTokenRequest::default()
    };
    let refusal = Refusal::from(client.identity().refresh_token(nil).await.unwrap_err());
    assert_eq!(refusal.field_names(), ["request_id"]);
    assert_eq!(world.audit().await.count("code.sent", ""), 1);
});

on_both_stores!(refresh_repeats_to_the_letter, |world| {
    let tokens = world.server.sign_in("refresh@example.com").await.tokens.unwrap();
    let client = world.server.client().await;
    let request = RefreshTokenRequest {
        refresh_token: tokens.refresh_token,
        request_id: ID.to_owned(),
        ..RefreshTokenRequest::default()
    };
    let first = client.identity().refresh_token(request.clone()).await.unwrap().into_inner().tokens.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let again = client.identity().refresh_token(request).await.unwrap().into_inner().tokens.unwrap();
    assert_eq!((again.access_token, again.refresh_token), (first.access_token, first.refresh_token));
});

/// The same call at two processes at once: one does the work, and the other, which it made come too soon, finds its answer.
#[tokio::test]
async fn a_resend_that_is_asked_for_at_once_at_two_processes_is_one() {
    let world = World::with_clock_and(Store::Postgres, |settings| {
        settings.limit("identifier", 1000, 60);
        settings.limit("address", 1000, 60);
    })
    .await;
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    for round in 0..10_u128 {
        let (challenge, _) = world.server.request_code(&format!("twice-{round}@example.com")).await;
        world.advance(Duration::from_secs(30));
        let request = || ResendOtpRequest {
            challenge_id: challenge.challenge_id.clone(),
            request_id: uuid::Uuid::from_u128(round + 1).to_string(),
            ..ResendOtpRequest::default()
        };
        let (mut one, mut two) = (here.identity(), there.identity());
        let (one, two) = tokio::join!(one.resend_otp(request()), two.resend_otp(request()));
        assert_eq!(one.unwrap().into_inner(), two.unwrap().into_inner(), "round {round}");
        assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, i64::try_from(round + 1).unwrap() * 2);
    }
}
