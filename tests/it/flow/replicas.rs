//! Two processes on one store: what one ends, the other refuses within a second.

use std::time::{Duration, Instant};

use identity::grpc::proto::{DisableUserRequest, RefreshTokenRequest, SignOutRequest};

use tonic::Code;

use crate::support::client::operator;
use crate::support::postgres::Postgres;
use crate::support::wait;
use crate::support::world::{Store, World};

#[tokio::test]
async fn a_sign_out_holds_on_every_replica_within_a_second() {
    let world = World::on(Store::Postgres).await;
    let other = world.another().await;
    let tokens = world.server.sign_in("both@example.com").await.tokens.unwrap();
    let (here, there) = (world.server.client().await, other.client().await);
    assert!(there.validate(&tokens.access_token).await.unwrap().active, "signed in on both");
    let out = SignOutRequest { refresh_token: tokens.refresh_token, ..SignOutRequest::default() };
    here.identity().sign_out(out).await.unwrap();
    let ended = Instant::now();
    assert!(!here.validate(&tokens.access_token).await.unwrap().active, "at once where it was ended");
    wait::until("the other replica refuses", Duration::from_secs(3), async || {
        (!there.validate(&tokens.access_token).await.unwrap().active).then_some(())
    })
    .await;
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
}

/// PostgreSQL waits for a standby that is away: the sign-out is written, and nobody sees it for longer than a poll reaches back.
#[tokio::test]
async fn a86_a_sign_out_whose_commit_hung_holds_everywhere_once_it_is_through() {
    let (cluster, world) = World::on_own_postgres(Postgres::start(&[])).await;
    let other = world.another().await;
    let tokens = world.server.sign_in("hung@example.com").await.tokens.unwrap();
    let (here, there) = (world.server.client().await, other.client().await);
    let reload = async |standby: &str| {
        cluster.execute("postgres", format!("ALTER SYSTEM SET synchronous_standby_names = '{standby}'")).await;
        cluster.execute("postgres", "SELECT pg_reload_conf()".to_owned()).await;
    };
    reload("away").await;
    let out = SignOutRequest { refresh_token: tokens.refresh_token, ..SignOutRequest::default() };
    let hung = wait::until("the commit hangs", Duration::from_secs(5), async || {
        here.identity().sign_out(out.clone()).await.err()
    })
    .await;
    assert_eq!(hung.code(), Code::Unavailable);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(there.validate(&tokens.access_token).await.unwrap().active, "nobody can see it yet");
    reload("").await;
    for client in [here, there] {
        wait::until("the token is refused", Duration::from_secs(8), async || {
            (!client.validate(&tokens.access_token).await.unwrap().active).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_on_every_replica_within_a_second() {
    let world = World::on(Store::Postgres).await;
    let other = world.another().await;
    let signed_in = world.server.sign_in("disabled@example.com").await;
    let (tokens, user) = (signed_in.tokens.unwrap(), signed_in.user.unwrap());
    let there = other.client().await;
    let disable = DisableUserRequest { user_id: user.user_id, ..DisableUserRequest::default() };
    let admin = world.server.admin().await;
    admin.admin().disable_user(operator(disable, &world.server.admin_token())).await.unwrap();
    let ended = Instant::now();
    wait::until("the other replica refuses", Duration::from_secs(3), async || {
        (!there.validate(&tokens.access_token).await.unwrap().active).then_some(())
    })
    .await;
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    there.identity().refresh_token(refresh).await.unwrap_err();
    // Told only after a proven factor: asking for a code looks like ever, a right code is told.
    let (challenge, code) = world.server.request_code("disabled@example.com").await;
    let refused = there.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!(refused.reason, "USER_DISABLED");
}

#[tokio::test]
async fn a_code_asked_for_on_one_replica_is_verified_on_the_other_once() {
    let world = World::on(Store::Postgres).await;
    let other = world.another().await;
    let (challenge, code) = world.server.request_code("across@example.com").await;
    let attempts = (0..32).map(|nth| {
        let (id, code) = (challenge.challenge_id.clone(), code.clone());
        let server = if nth % 2 == 0 { world.server.addresses() } else { other.addresses() };
        tokio::spawn(async move {
            let client = crate::support::client::Client::connect(server.grpc).await;
            client.verify_otp(&id, &code).await.is_ok()
        })
    });
    let mut succeeded = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        succeeded += usize::from(attempt.await.unwrap());
    }
    assert_eq!(succeeded, 1);
}
