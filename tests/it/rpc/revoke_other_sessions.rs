use identity::grpc::proto::RevokeOtherSessionsRequest;
use tonic::Code;

use super::{assert_fields, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::bearer;

on_both_stores!(leaves_the_one_that_asks, |world| {
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(world.server.sign_in("mira@example.org").await.tokens.unwrap().access_token);
    }
    let other = world.server.sign_in("noa@example.org").await.tokens.unwrap().access_token;
    let client = world.server.client().await;
    let ask = async |token: &str| {
        let request = bearer(RevokeOtherSessionsRequest::default(), token);
        client.sessions().revoke_other_sessions(request).await.unwrap().into_inner().revoked_count
    };
    assert_eq!(ask(&tokens[1]).await, 2);
    assert_eq!(ask(&tokens[1]).await, 0);
    for (nth, active) in [false, true, false].into_iter().enumerate() {
        assert_eq!(client.validate(&tokens[nth]).await.unwrap().active, active, "{nth}");
    }
    assert!(client.validate(&other).await.unwrap().active);
    assert_eq!(world.audit().await.count("session.revoked", ""), 2);
});

on_both_stores!(refuses_a_bad_id_and_token, |world| {
    let token = world.server.sign_in("mira@example.org").await.tokens.unwrap().access_token;
    let client = world.server.client().await;
    let bad = RevokeOtherSessionsRequest { request_id: "?".to_owned() };
    let answer = client.sessions().revoke_other_sessions(bearer(bad, &token)).await;
    assert_fields(answer, "INVALID_FIELD", &["request_id"]);
    let answer = client.sessions().revoke_other_sessions(RevokeOtherSessionsRequest::default()).await;
    assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
});
