//! A136: PostgreSQL is slow, or has no connection left. That it is down, read-only or hangs is shown in `flow::outage`.

use std::time::{Duration, Instant};

use identity::grpc::proto::RefreshTokenRequest;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tonic::Code;

use crate::support::client::Client;
use crate::support::postgres::Postgres;
use crate::support::proxy::{Fault, Proxy};
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

/// A second, and what the way of a call over a busy machine takes.
const A_SECOND: Duration = Duration::from_millis(1300);

/// Each of these is told within a second that the store is away.
async fn is_away(client: &Client, challenge_id: &str, code: &str, refresh_token: &str) {
    let refresh = RefreshTokenRequest { refresh_token: refresh_token.to_owned(), ..RefreshTokenRequest::default() };
    for call in 0..3 {
        let asked = Instant::now();
        let refusal = match call {
            0 => client.send_otp("nobody@example.com").await.unwrap_err(),
            1 => client.verify_otp(challenge_id, code).await.unwrap_err(),
            _ => Refusal::from(client.identity().refresh_token(refresh.clone()).await.unwrap_err()),
        };
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"), "call {call}");
        assert!(asked.elapsed() < A_SECOND, "call {call} took {:?}", asked.elapsed());
    }
}

/// What was asked for before is good once the store answers, and no code was sent that the store does not know.
async fn is_back(world: &World, challenge_id: &str, code: &str, refresh_token: &str) {
    let client = world.server.client().await;
    wait::until("the service serves again", Duration::from_secs(10), async || {
        client.verify_otp(challenge_id, code).await.ok()
    })
    .await;
    let refresh = RefreshTokenRequest { refresh_token: refresh_token.to_owned(), ..RefreshTokenRequest::default() };
    client.identity().refresh_token(refresh).await.unwrap();
    world.server.sign_in("after@example.com").await;
}

#[tokio::test]
async fn a136_a_postgres_that_answers_late() {
    let proxy = Proxy::to_postgres().await;
    let world = World::with(Store::Postgres, |settings| {
        settings.postgres_through(&proxy);
        settings.limit("identifier", 1000, 60);
    })
    .await;
    let tokens = world.server.sign_in("slow@example.com").await.tokens.unwrap();
    let (challenge, code) = world.server.request_code("slow@example.com").await;
    let client = world.server.client().await;
    proxy.set(Fault::Delay(Duration::from_secs(3)));
    for _ in 0..2 {
        is_away(&client, &challenge.challenge_id, &code, &tokens.refresh_token).await;
    }
    proxy.set(Fault::None);
    is_back(&world, &challenge.challenge_id, &code, &tokens.refresh_token).await;
    // What arrived late may have been written; then its code is sent like any other, and no other is.
    let sent = world.server.mailbox().to("nobody@example.com").len();
    let written = world.number("SELECT COUNT(*) FROM outbox").await;
    assert!(i64::try_from(sent).unwrap() <= written - 3, "{sent} codes were sent, {written} messages written");
}

#[tokio::test]
async fn a136_a_postgres_without_a_connection_left() {
    let few = ["max_connections=40", "superuser_reserved_connections=0", "max_wal_senders=0"];
    let (cluster, world) = World::on_own_postgres(Postgres::start(&few)).await;
    let tokens = world.server.sign_in("full@example.com").await.tokens.unwrap();
    let (challenge, code) = world.server.request_code("full@example.com").await;
    let client = world.server.client().await;
    // Others take every connection, those of the service too.
    let mut taken: Vec<PgConnection> = Vec::new();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'identity'";
    let full = Instant::now();
    let mut refused = 0;
    while refused < 20 {
        if let Ok(connection) = PgConnection::connect(&cluster.url("postgres")).await {
            taken.push(connection);
            refused = 0;
        } else {
            taken[0].execute(end).await.unwrap();
            refused += 1;
        }
        assert!(full.elapsed() < Duration::from_secs(10), "{} are taken", taken.len());
    }
    is_away(&client, &challenge.challenge_id, &code, &tokens.refresh_token).await;
    is_away(&client, &challenge.challenge_id, &code, &tokens.refresh_token).await;
    assert!(world.server.mailbox().to("nobody@example.com").is_empty(), "no code without a committed row");
    drop(taken);
    is_back(&world, &challenge.challenge_id, &code, &tokens.refresh_token).await;
    assert!(world.server.mailbox().to("nobody@example.com").is_empty(), "nor later");
}
