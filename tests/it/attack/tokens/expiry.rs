//! A89: a session ends when it was left alone for too long and when it is too old, and nothing that is answered twice moves
//! either end.

use std::time::Duration;

use identity::grpc::proto::{InactiveReason, RefreshTokenRequest, TokenSet};
use tonic::Code;

use super::{objection, refresh, refresh_with};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::Client;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a89_a_session_that_is_left_alone_ends,
    a89_a_session_ends_however_much_it_is_used,
    a89_an_answer_that_is_given_again_moves_no_end,
);

const IDLE: Duration = Duration::from_mins(10);
const ABSOLUTE: Duration = Duration::from_mins(30);
const REQUEST: &str = "0198c3c4-0000-7000-8000-0000000000aa";

async fn world(store: Store) -> World {
    World::with_clock_and(store, |settings| {
        settings.set("sessions.idle_lifetime", "10m");
        settings.set("sessions.absolute_lifetime", "30m");
        settings.set("sessions.refresh_grace", "1m");
        settings.set("sessions.refresh_retry", "10m");
    })
    .await
}

/// Neither token of a set is good for anything; with a sound request id or without, at no door.
async fn is_over(client: &Client, tokens: &TokenSet) {
    for request_id in ["", REQUEST] {
        let refresh_token = tokens.refresh_token.clone();
        let request = RefreshTokenRequest { refresh_token, request_id: request_id.to_owned(), device: None };
        let refusal = refresh_with(client, request).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
    }
    assert_eq!(objection(client, &tokens.access_token, "", "").await, Some(InactiveReason::Expired));
}

async fn a89_a_session_that_is_left_alone_ends(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let first = world.server.sign_in("a89-idle@example.com").await.tokens.unwrap();
    world.advance(IDLE.checked_sub(Duration::from_secs(2)).unwrap());
    // Used at the last moment it lives on, as long again.
    let second = refresh(&client, &first.refresh_token).await.unwrap();
    world.advance(IDLE + Duration::from_secs(6));
    is_over(&client, &second).await;
    is_over(&client, &first).await;
    assert_eq!(world.audit().await.total("refresh_token.reused"), 0, "what has expired is nobody's theft");
    world.server.sign_in("a89-idle@example.com").await;
}

async fn a89_a_session_ends_however_much_it_is_used(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let mut tokens = vec![world.server.sign_in("a89-absolute@example.com").await.tokens.unwrap()];
    let ends = |tokens: &TokenSet| tokens.refresh_token_expire_time.unwrap().seconds;
    let start = ends(&tokens[0]) - i64::try_from(IDLE.as_secs()).unwrap();
    let last = start + i64::try_from(ABSOLUTE.as_secs()).unwrap();
    for minutes in [9, 9, 9] {
        world.advance(Duration::from_mins(minutes));
        let newest = refresh(&client, &tokens.last().unwrap().refresh_token).await.unwrap();
        tokens.push(newest);
    }
    // Two minutes and a half before its end there is no token that outlives it, of either kind.
    world.advance(Duration::from_secs(150));
    let newest = refresh(&client, &tokens.last().unwrap().refresh_token).await.unwrap();
    assert!((last - 1..=last + 1).contains(&ends(&newest)), "{} and {last}", ends(&newest));
    let access_token_ends = newest.access_token_expire_time.unwrap().seconds;
    assert!(access_token_ends <= ends(&newest), "{access_token_ends}");
    tokens.push(newest);
    // Within the grace of the last one, and past the end.
    world.advance(Duration::from_secs(45));
    assert!(refresh(&client, &tokens[3].refresh_token).await.is_err());
    world.advance(Duration::from_mins(3));
    for tokens in tokens.iter().rev() {
        is_over(&client, tokens).await;
    }
}

async fn a89_an_answer_that_is_given_again_moves_no_end(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let first = world.server.sign_in("a89-grace@example.com").await.tokens.unwrap();
    let again = || {
        let refresh_token = first.refresh_token.clone();
        refresh_with(&client, RefreshTokenRequest { refresh_token, request_id: REQUEST.to_owned(), device: None })
    };
    let second = again().await.unwrap();
    let ends = async || {
        let latest = world.number("SELECT MAX(idle_expire_time) FROM sessions").await;
        (latest, world.number("SELECT MAX(last_use_time) FROM sessions").await)
    };
    let before = ends().await;
    for _ in 0..9 {
        world.advance(Duration::from_mins(1));
        let repeated = again().await.unwrap();
        assert_eq!(repeated.refresh_token, second.refresh_token);
        assert_eq!(repeated.refresh_token_expire_time, second.refresh_token_expire_time);
        assert_eq!(repeated.access_token_expire_time, second.access_token_expire_time);
        assert_eq!(ends().await, before);
    }
    world.advance(Duration::from_mins(1) + Duration::from_secs(6));
    is_over(&client, &second).await;
    is_over(&client, &first).await;
}
