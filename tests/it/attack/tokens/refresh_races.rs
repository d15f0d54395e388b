//! Refresh against itself and against the end of the session.

use std::collections::HashSet;
use std::time::Duration;

use identity::grpc::proto::{InactiveReason, SignOutRequest, TokenSet};
use tokio::task::JoinSet;

use super::{objection, refresh, sign_out};
use crate::both_stores::on_both_stores;
use crate::support::client::{Client, bearer};
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

/// Presents one token `ways` times at once, spread over the connections.
async fn at_once(clients: &[Client], token: &str, ways: usize) -> Vec<TokenSet> {
    let mut calls = JoinSet::new();
    for client in clients.iter().cycle().take(ways) {
        let (client, token) = (client.clone(), token.to_owned());
        calls.spawn(async move { refresh(&client, &token).await });
    }
    calls.join_all().await.into_iter().map(|answer| answer.unwrap()).collect()
}

async fn one_child(world: &World, clients: &[Client], rounds: usize) {
    let mut tokens = world.server.sign_in("a82@example.com").await.tokens.unwrap();
    for round in 0..rounds {
        let answers = at_once(clients, &tokens.refresh_token, 64).await;
        let children: HashSet<_> = answers.iter().map(|answer| &answer.refresh_token).collect();
        let access: HashSet<_> = answers.iter().map(|answer| &answer.access_token).collect();
        assert_eq!((children.len(), access.len()), (1, 1), "round {round}");
        tokens = answers[0].clone();
    }
    let audit = world.audit().await;
    assert_eq!(audit.count("token.refreshed", ""), rounds);
    assert_eq!(audit.count("token.refreshed", "ANSWERED_AGAIN"), rounds * 63);
    assert_eq!(audit.total("token.refreshed"), rounds * 64);
    assert_eq!(audit.total("refresh_token.reused"), 0);
}

// A thousand rounds are the store's own race test; each here goes over the wire and is signed 64 times.
on_both_stores!(a82_one_child_of_64, |world| {
    one_child(&world, &[world.server.client().await], 12).await;
});

#[tokio::test]
async fn a82_one_child_of_64_over_two_processes() {
    let world = World::on(Store::Postgres).await;
    let other = world.another().await;
    one_child(&world, &[world.server.client().await, other.client().await], 12).await;
}

fn many_sign_ins(settings: &mut Settings) {
    for layer in ["identifier", "address", "all"] {
        settings.limit(layer, 10_000, 60);
    }
}

/// Refreshes on and on until it is refused; gives every token that it was given.
async fn chain(client: Client, mut tokens: TokenSet) -> Vec<TokenSet> {
    let mut given = vec![tokens.clone()];
    while let Ok(next) = refresh(&client, &tokens.refresh_token).await {
        given.push(next.clone());
        tokens = next;
    }
    given
}

async fn no_token_outlives_its_session(store: Store) {
    let world = World::with(store, many_sign_ins).await;
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    for round in 0_u64..25 {
        let tokens = world.server.sign_in(&format!("a88-{round}@example.com")).await.tokens.unwrap();
        let running = tokio::spawn(chain(if round % 2 == 0 { here.clone() } else { there.clone() }, tokens.clone()));
        tokio::time::sleep(Duration::from_micros(round * 700)).await;
        // The access token names the session for certain; a refresh token may be an old one by now.
        let request =
            crate::support::client::bearer(identity::grpc::proto::SignOutRequest::default(), &tokens.access_token);
        here.identity().sign_out(request).await.unwrap();
        let given = running.await.unwrap();
        for tokens in &given {
            assert_eq!(objection(&here, &tokens.access_token, "", "").await, Some(InactiveReason::Revoked), "{round}");
            assert!(refresh(&there, &tokens.refresh_token).await.is_err(), "{round}");
        }
        let last = given.last().unwrap();
        wait::until("the other process knows", Duration::from_secs(1), async || {
            let reason = objection(&there, &last.access_token, "", "").await;
            (reason == Some(InactiveReason::Revoked)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a88_refresh_against_sign_out_on_postgres() {
    no_token_outlives_its_session(Store::Postgres).await;
}

#[tokio::test]
async fn a88_refresh_against_sign_out_on_sqlite() {
    no_token_outlives_its_session(Store::Sqlite).await;
}

on_both_stores!(a88_a_token_of_any_generation_signs_out, |world| {
    let client = world.server.client().await;
    for all in [false, true] {
        let first = world.server.sign_in("a88-old@example.com").await.tokens.unwrap();
        let second = refresh(&client, &first.refresh_token).await.unwrap();
        let third = refresh(&client, &second.refresh_token).await.unwrap();
        let request =
            SignOutRequest { refresh_token: first.refresh_token, all_sessions: all, ..SignOutRequest::default() };
        client.identity().sign_out(request).await.unwrap();
        for access in [&first.access_token, &third.access_token] {
            assert_eq!(objection(&client, access, "", "").await, Some(InactiveReason::Revoked));
        }
        assert_eq!(refresh(&client, &third.refresh_token).await.unwrap_err().reason, "REFRESH_TOKEN_INVALID");
    }
    assert_eq!(world.audit().await.count("session.revoked", "REPLACED_TOKEN"), 2);
});

on_both_stores!(a88_what_is_no_refresh_token_leaves_it_to_the_access_token, |world| {
    let client = world.server.client().await;
    let tokens = world.server.sign_in("a88-junk@example.com").await.tokens.unwrap();
    let junk = || SignOutRequest { refresh_token: "junk".to_owned(), ..SignOutRequest::default() };
    // As RFC 7009 has it, what is no token is no fault; nothing ends by it alone.
    client.identity().sign_out(junk()).await.unwrap();
    assert_eq!(objection(&client, &tokens.access_token, "", "").await, None);
    client.identity().sign_out(bearer(junk(), &tokens.access_token)).await.unwrap();
    assert_eq!(objection(&client, &tokens.access_token, "", "").await, Some(InactiveReason::Revoked));
});

on_both_stores!(a88_signing_out_twice_is_the_same_as_once, |world| {
    let client = world.server.client().await;
    let tokens = world.server.sign_in("a88-twice@example.com").await.tokens.unwrap();
    for _ in 0..3 {
        sign_out(&client, &tokens.refresh_token).await.unwrap();
        assert_eq!(objection(&client, &tokens.access_token, "", "").await, Some(InactiveReason::Revoked));
    }
    assert_eq!(world.audit().await.total("session.revoked"), 1);
});
