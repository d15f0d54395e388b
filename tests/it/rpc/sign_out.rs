use identity::grpc::proto::{RefreshTokenRequest, SignOutRequest};
use tonic::Code;

use super::{assert_fields, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::{bearer, with_metadata};

on_both_stores!(ends_the_session_of_a_refresh_token, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    let request = SignOutRequest { refresh_token: tokens.refresh_token.clone(), ..SignOutRequest::default() };
    client.identity().sign_out(request).await.unwrap();
    assert!(!client.validate(&tokens.access_token).await.unwrap().active);
    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    assert_refused(client.identity().refresh_token(refresh).await, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
});

on_both_stores!(ends_the_session_of_an_access_token, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    client.identity().sign_out(bearer(SignOutRequest::default(), &tokens.access_token)).await.unwrap();
    assert!(!client.validate(&tokens.access_token).await.unwrap().active);
});

on_both_stores!(ends_all_sessions, |world| {
    let first = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let second = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let other = world.server.sign_in("noa@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    let request =
        SignOutRequest { refresh_token: first.refresh_token, all_sessions: true, ..SignOutRequest::default() };
    client.identity().sign_out(request).await.unwrap();
    assert!(!client.validate(&first.access_token).await.unwrap().active);
    assert!(!client.validate(&second.access_token).await.unwrap().active);
    assert!(client.validate(&other.access_token).await.unwrap().active);
});

on_both_stores!(refuses_bad_fields_and_credentials_and_ends_nothing, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    assert_fields(client.identity().sign_out(SignOutRequest::default()).await, "INVALID_FIELD", &["refresh_token"]);
    let all = SignOutRequest { refresh_token: "x".repeat(8193), all_sessions: true, request_id: "?".to_owned() };
    assert_fields(client.identity().sign_out(all).await, "INVALID_FIELD", &["refresh_token", "request_id"]);
    for bad in ["Bearer x", "Basic abc", "Bearer", ""] {
        let request = with_metadata(SignOutRequest::default(), "authorization", bad);
        assert_refused(client.identity().sign_out(request).await, Code::Unauthenticated, "TOKEN_INVALID");
    }
    // A refresh token that was never given out is answered like one that was (RFC 7009 section 2.2).
    let unknown = SignOutRequest { refresh_token: "idr_AAAA".to_owned(), ..SignOutRequest::default() };
    client.identity().sign_out(unknown).await.unwrap();
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    assert_eq!(world.audit().await.total("session.revoked"), 0);
});
