use identity::grpc::proto::ListSessionsRequest;
use tonic::Code;

use super::{NO_SUCH_ID, assert_fields, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::bearer;

fn page(page_size: i32, page_token: &str) -> ListSessionsRequest {
    ListSessionsRequest { page_size, page_token: page_token.to_owned() }
}

on_both_stores!(lists_ones_own_newest_first, |world| {
    let mut expected = Vec::new();
    let mut access_token = String::new();
    for _ in 0..3 {
        let signed_in = world.server.sign_in("mira@example.org").await;
        expected.insert(0, signed_in.session.unwrap().session_id);
        access_token = signed_in.tokens.unwrap().access_token;
    }
    let other = world.server.sign_in("noa@example.org").await.tokens.unwrap().access_token;
    let client = world.server.client().await;
    let all = client.sessions().list_sessions(bearer(page(0, ""), &access_token)).await.unwrap().into_inner();
    let ids: Vec<_> = all.sessions.iter().map(|session| session.session_id.clone()).collect();
    assert_eq!((ids, all.next_page_token.as_str()), (expected.clone(), ""));
    let current: Vec<bool> = all.sessions.iter().map(|session| session.current).collect();
    assert_eq!(current, [true, false, false]);

    let mut paged = Vec::new();
    let mut token = String::new();
    loop {
        let request = bearer(page(2, &token), &access_token);
        let answer = client.sessions().list_sessions(request).await.unwrap().into_inner();
        assert!(!answer.sessions.is_empty() && answer.sessions.len() <= 2);
        paged.extend(answer.sessions.into_iter().map(|session| session.session_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, expected);

    // A token is good for the list that gave it, says nothing, and is not made up.
    let first = client.sessions().list_sessions(bearer(page(1, ""), &access_token)).await.unwrap().into_inner();
    let token = first.next_page_token;
    assert!(token.len() == 43 && token != expected[0], "{token}");
    let others = client.sessions().list_sessions(bearer(page(1, &token), &other)).await;
    assert_fields(others, "INVALID_FIELD", &["page_token"]);
    let altered = format!("{}{}", if token.starts_with('A') { 'B' } else { 'A' }, &token[1..]);
    let ended = format!("{token}A");
    for made_up in [&expected[0], &altered, &ended, NO_SUCH_ID, "00000000-0000-0000-0000-000000000000", &"A".repeat(43)]
    {
        let answer = client.sessions().list_sessions(bearer(page(1, made_up), &access_token)).await;
        assert_fields(answer, "INVALID_FIELD", &["page_token"]);
    }
    // A page larger than the largest is the largest (AIP-158).
    client.sessions().list_sessions(bearer(page(i32::MAX, ""), &access_token)).await.unwrap();
});

on_both_stores!(refuses_bad_pages_and_tokens, |world| {
    let access_token = world.server.sign_in("mira@example.org").await.tokens.unwrap().access_token;
    let client = world.server.client().await;
    let ask = async |request| client.sessions().list_sessions(bearer(request, &access_token)).await;
    assert_fields(ask(page(-1, "")).await, "INVALID_FIELD", &["page_size"]);
    assert_fields(ask(page(-1, &"x".repeat(129))).await, "INVALID_FIELD", &["page_size", "page_token"]);
    for token in ["x", "' OR 1=1 --", "a\nb"] {
        assert_fields(ask(page(1, token)).await, "INVALID_FIELD", &["page_token"]);
    }
    let answer = client.sessions().list_sessions(page(1, "")).await;
    assert_refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
});
