use identity::grpc::proto::RevokeSessionRequest;
use tonic::Code;

use super::{NO_SUCH_ID, assert_fields, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::bearer;

fn request(session_id: &str) -> RevokeSessionRequest {
    RevokeSessionRequest { session_id: session_id.to_owned(), ..RevokeSessionRequest::default() }
}

on_both_stores!(ends_one_of_ones_own, |world| {
    let first = world.server.sign_in("mira@example.org").await;
    let second = world.server.sign_in("mira@example.org").await;
    let (first_token, second_token) = (first.tokens.unwrap().access_token, second.tokens.unwrap().access_token);
    let client = world.server.client().await;
    let session_id = first.session.unwrap().session_id;
    for _ in 0..2 {
        client.sessions().revoke_session(bearer(request(&session_id), &second_token)).await.unwrap();
    }
    assert!(!client.validate(&first_token).await.unwrap().active);
    assert!(client.validate(&second_token).await.unwrap().active);
    assert_eq!(world.audit().await.count("session.revoked", ""), 1);
});

on_both_stores!(nobody_elses, |world| {
    let mine = world.server.sign_in("mira@example.org").await.tokens.unwrap().access_token;
    let other = world.server.sign_in("noa@example.org").await;
    let client = world.server.client().await;
    // Answered like one that never was: whether it exists is not told.
    for session_id in [other.session.unwrap().session_id.as_str(), NO_SUCH_ID] {
        client.sessions().revoke_session(bearer(request(session_id), &mine)).await.unwrap();
    }
    assert!(client.validate(&other.tokens.unwrap().access_token).await.unwrap().active);
    assert_eq!(world.audit().await.total("session.revoked"), 0);
});

on_both_stores!(refuses_bad_fields_and_tokens, |world| {
    let token = world.server.sign_in("mira@example.org").await.tokens.unwrap().access_token;
    let client = world.server.client().await;
    for bad in ["", "x", "{0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d}", &"x".repeat(36)] {
        let answer = client.sessions().revoke_session(bearer(request(bad), &token)).await;
        assert_fields(answer, "INVALID_FIELD", &["session_id"]);
    }
    let all = RevokeSessionRequest { session_id: String::new(), request_id: "?".to_owned() };
    let answer = client.sessions().revoke_session(bearer(all, &token)).await;
    assert_fields(answer, "INVALID_FIELD", &["request_id", "session_id"]);
    let answer = client.sessions().revoke_session(request(NO_SUCH_ID)).await;
    assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
    assert!(client.validate(&token).await.unwrap().active);
});
