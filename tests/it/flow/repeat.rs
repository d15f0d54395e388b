//! API-5: the same request id with the same request gives the same answer.

use identity::grpc::proto::{
    RefreshTokenRequest, RevokeOtherSessionsRequest, SendOtpRequest, SetUserRolesRequest, SignOutRequest,
    VerifyOtpRequest,
};
use tokio::task::JoinSet;

use crate::both_stores::on_both_stores;
use crate::support::client::{bearer, operator, send_otp_request};
use crate::support::refusal::Refusal;

const ID: &str = "0b6f9c1e-8a55-4c0f-9a34-5f7f1f0a2b3c";

/// Makes a call 64 times at once: every one is answered, and alike.
async fn one_answer_for_all<T, F>(call: impl Fn() -> F)
where
    T: PartialEq + Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let calls: JoinSet<T> = (0..64).map(|_| call()).collect();
    let answers = calls.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "one answer for all");
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
        async move { client.identity().verify_otp(request).await.unwrap().into_inner().tokens.unwrap() }
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
    assert_eq!((again.tokens, again.user, again.new_user), (first.tokens.clone(), first.user, true));
    // Without the id, or with another, a used code is a used code.
    assert_eq!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason, "CODE_INVALID");
    let other = VerifyOtpRequest { request_id: "0b6f9c1e-8a55-4c0f-9a34-5f7f1f0a2b3d".to_owned(), ..request };
    assert_eq!(Refusal::from(client.identity().verify_otp(other).await.unwrap_err()).reason, "CODE_INVALID");
    let audit = world.audit().await;
    assert_eq!((audit.count("code.verified", ""), audit.count("session.started", "")), (1, 1));
    assert!(client.validate(&first.tokens.unwrap().access_token).await.unwrap().active);
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
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let again = client.identity().refresh_token(request).await.unwrap().into_inner().tokens.unwrap();
    assert_eq!((again.access_token, again.refresh_token), (first.access_token, first.refresh_token));
});

on_both_stores!(ending_sessions_twice_is_the_same_as_once, |world| {
    let tokens = world.server.sign_in("end@example.com").await.tokens.unwrap();
    let client = world.server.client().await;
    let others = || RevokeOtherSessionsRequest { request_id: ID.to_owned() };
    for _ in 0..2 {
        client.sessions().revoke_other_sessions(bearer(others(), &tokens.access_token)).await.unwrap();
    }
    let request =
        SignOutRequest { refresh_token: tokens.refresh_token, request_id: ID.to_owned(), ..SignOutRequest::default() };
    for _ in 0..2 {
        client.identity().sign_out(request.clone()).await.unwrap();
    }
    assert_eq!(world.audit().await.count("session.revoked", ""), 1);
});

on_both_stores!(roles_repeat, |world| {
    let user = world.server.sign_in("roles@example.com").await.user.unwrap();
    let (admin, token) = (world.server.admin().await, world.server.admin_token());
    let roles = |roles: &[&str], id: &str| SetUserRolesRequest {
        user_id: user.user_id.clone(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        request_id: id.to_owned(),
    };
    let first = admin.admin().set_user_roles(operator(roles(&["maker"], ID), &token)).await.unwrap().into_inner();
    admin.admin().set_user_roles(operator(roles(&["viewer"], ""), &token)).await.unwrap();
    // The late repetition of the first call answers as it did, and does not undo the second.
    let again = admin.admin().set_user_roles(operator(roles(&["maker"], ID), &token)).await.unwrap().into_inner();
    assert_eq!(again.user, first.user);
    let now = admin.admin().set_user_roles(operator(roles(&["viewer"], ""), &token)).await.unwrap().into_inner();
    assert_eq!(now.user.unwrap().roles, ["viewer"]);
    assert_eq!(world.audit().await.total("user.roles_changed"), 3);
});
