use identity::grpc::proto::GetCurrentUserRequest;
use tonic::Code;

use super::assert_refused;
use crate::both_stores::on_both_stores;
use crate::support::client::{bearer, with_metadata};

on_both_stores!(tells_who_is_signed_in, |world| {
    let signed_in = world.server.sign_in("mira@example.org").await;
    let access_token = signed_in.tokens.unwrap().access_token;
    let request = bearer(GetCurrentUserRequest {}, &access_token);
    let client = world.server.client().await;
    let user = client.sessions().get_current_user(request).await.unwrap().into_inner().user;
    assert_eq!(user, signed_in.user);
    // As many blanks as there are (RFC 9110 section 11.4).
    let request = with_metadata(GetCurrentUserRequest {}, "authorization", &format!("Bearer   {access_token}"));
    assert_eq!(client.sessions().get_current_user(request).await.unwrap().into_inner().user, signed_in.user);
});

on_both_stores!(needs_an_access_token, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    let answer = client.sessions().get_current_user(GetCurrentUserRequest {}).await;
    assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
    let twice = {
        let mut request = bearer(GetCurrentUserRequest {}, &tokens.access_token);
        request.metadata_mut().append("authorization", format!("Bearer {}", tokens.access_token).parse().unwrap());
        request
    };
    assert_refused(client.sessions().get_current_user(twice).await, Code::Unauthenticated, "TOKEN_INVALID");
    for bad in [
        tokens.access_token.clone(),
        format!("Basic {}", tokens.access_token),
        format!("Bearer {}", tokens.refresh_token),
        "Bearer x".to_owned(),
        "Bearer ".to_owned(),
    ] {
        let request = with_metadata(GetCurrentUserRequest {}, "authorization", &bad);
        let refusal =
            assert_refused(client.sessions().get_current_user(request).await, Code::Unauthenticated, "TOKEN_INVALID");
        assert!(refusal.metadata.is_empty(), "why is not told");
    }
});
