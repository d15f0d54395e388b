//! API-5, of what ends sessions: asked for again it says the same, and ends nothing more.

use std::time::Duration;

use identity::grpc::proto::{
    GetCurrentUserRequest, ListSessionsRequest, RevokeOtherSessionsRequest, RevokeSessionRequest, SignOutRequest,
    VerifyOtpResponse,
};
use tonic::Code;

use super::repeat::{ID, one_answer_for_all};
use crate::both_stores::{bodies_on_both_stores, on_both_stores, on_both_stores_with_clock};
use crate::rpc::{NO_SUCH_ID, assert_fields, assert_refused};
use crate::support::client::{Client, bearer};
use crate::support::world::{Store, World};

const ANOTHER: &str = "0b6f9c1e-8a55-4c0f-9a34-5f7f1f0a2b3d";

fn access(signed_in: &VerifyOtpResponse) -> &str {
    &signed_in.tokens.as_ref().unwrap().access_token
}

fn session(signed_in: &VerifyOtpResponse) -> &str {
    &signed_in.session.as_ref().unwrap().session_id
}

fn revoke(session_id: &str, request_id: &str) -> RevokeSessionRequest {
    RevokeSessionRequest { session_id: session_id.to_owned(), request_id: request_id.to_owned() }
}

async fn revoke_others(client: &Client, access_token: &str, request_id: &str) -> Result<i32, tonic::Status> {
    let request = RevokeOtherSessionsRequest { request_id: request_id.to_owned() };
    let answer = client.sessions().revoke_other_sessions(bearer(request, access_token)).await?;
    Ok(answer.into_inner().revoked_count)
}

async fn ending_the_others_again_ends_nothing_more(store: Store) {
    let world = World::with(store, |settings| settings.limit("identifier", 100, 60)).await;
    let client = world.server.client().await;
    let mut mine = Vec::new();
    for _ in 0..3 {
        mine.push(world.server.sign_in("mira@example.org").await);
    }
    one_answer_for_all(|| {
        let (client, token) = (client.clone(), access(&mine[0]).to_owned());
        async move { revoke_others(&client, &token, ID).await.unwrap() }
    })
    .await;
    let newer = world.server.sign_in("mira@example.org").await;
    assert_eq!(revoke_others(&client, access(&mine[0]), ID).await.unwrap(), 2, "as many as at first");
    assert_eq!(revoke_others(&client, access(&mine[0]), &ID.to_uppercase()).await.unwrap(), 2);
    assert!(client.validate(access(&newer)).await.unwrap().active, "who signed in since is none of the others");
    assert_eq!(world.audit().await.count("session.revoked", ""), 2);
    // From another session it is another request, whose answer is nobody else's.
    let noa = world.server.sign_in("noa@example.org").await;
    for another in [&newer, &noa] {
        assert_fields(revoke_others(&client, access(another), ID).await, "INVALID_FIELD", &["request_id"]);
    }
    assert_eq!(revoke_others(&client, access(&noa), ANOTHER).await.unwrap(), 0, "no others is an answer too");
    world.server.sign_in("noa@example.org").await;
    assert_eq!(revoke_others(&client, access(&noa), ANOTHER).await.unwrap(), 0);
    assert_eq!(revoke_others(&client, access(&noa), "").await.unwrap(), 1);
    assert_eq!(revoke_others(&client, access(&mine[0]), "").await.unwrap(), 1);
    assert!(!client.validate(access(&newer)).await.unwrap().active);
}

bodies_on_both_stores!(ending_the_others_again_ends_nothing_more);

on_both_stores!(ending_ones_own_session_twice_is_the_same_as_once, |world| {
    let other = world.another().await;
    let (client, there) = (world.server.client().await, other.client().await);
    for (request_id, email) in [("", "mira@example.org"), (ID, "noa@example.org")] {
        let signed_in = world.server.sign_in(email).await;
        let out = || SignOutRequest { request_id: request_id.to_owned(), ..SignOutRequest::default() };
        for client in [&client, &client, &there, &client] {
            client.identity().sign_out(bearer(out(), access(&signed_in))).await.unwrap();
        }
        assert!(!client.validate(access(&signed_in)).await.unwrap().active);
        let signed_in = world.server.sign_in(email).await;
        let own = || bearer(revoke(session(&signed_in), request_id), access(&signed_in));
        for client in [&client, &client, &there, &client] {
            client.sessions().revoke_session(own()).await.unwrap();
        }
        assert!(!client.validate(access(&signed_in)).await.unwrap().active);
        // Whichever way it ended.
        client.identity().sign_out(bearer(out(), access(&signed_in))).await.unwrap();
        let by_refresh = SignOutRequest { refresh_token: signed_in.tokens.unwrap().refresh_token, ..out() };
        client.identity().sign_out(by_refresh).await.unwrap();
    }
    assert_eq!(world.audit().await.count("session.revoked", ""), 4);
});

on_both_stores_with_clock!(of_an_ended_session_a_token_is_good_for_nothing_else, |world| {
    let client = world.server.client().await;
    let ended = world.server.sign_in("mira@example.org").await;
    let other = world.server.sign_in("mira@example.org").await;
    let noa = world.server.sign_in("noa@example.org").await;
    client.identity().sign_out(bearer(SignOutRequest::default(), access(&ended))).await.unwrap();
    let token = access(&ended);
    for session_id in [session(&other), session(&noa), NO_SUCH_ID] {
        let answer = client.sessions().revoke_session(bearer(revoke(session_id, ""), token)).await;
        assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
    }
    assert_refused(revoke_others(&client, token, "").await, Code::Unauthenticated, "TOKEN_INVALID");
    let listed = client.sessions().list_sessions(bearer(ListSessionsRequest::default(), token)).await;
    assert_refused(listed, Code::Unauthenticated, "TOKEN_INVALID");
    let told = client.sessions().get_current_user(bearer(GetCurrentUserRequest {}, token)).await;
    assert_refused(told, Code::Unauthenticated, "TOKEN_INVALID");
    let all = SignOutRequest { all_sessions: true, ..SignOutRequest::default() };
    client.identity().sign_out(bearer(all, token)).await.unwrap();
    for running in [&other, &noa] {
        assert!(client.validate(access(running)).await.unwrap().active, "the others go on");
    }
    // What it says counts for nothing under another signature, nor when its time is over.
    let (said, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{said}.{}", access(&other).rsplit_once('.').unwrap().1);
    let refused = async |token: &str| {
        let answer = client.identity().sign_out(bearer(SignOutRequest::default(), token)).await;
        assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
        let answer = client.sessions().revoke_session(bearer(revoke(session(&ended), ""), token)).await;
        assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
    };
    refused(&forged).await;
    world.advance(Duration::from_mins(16));
    refused(token).await;
    assert_eq!(world.audit().await.count("session.revoked", ""), 1);
});
