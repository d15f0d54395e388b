//! The store goes away and comes back: refused within a second, nothing lost, nothing sent, no restart.

use std::time::{Duration, Instant};

use identity::grpc::proto::RefreshTokenRequest;
use tonic::Code;

use crate::support::postgres::Postgres;
use crate::support::wait;
use crate::support::world::World;

#[tokio::test]
async fn a_stopped_postgres_is_unavailable_within_a_second_and_forgotten_when_back() {
    let (mut cluster, world) = World::on_own_postgres(Postgres::start(&[])).await;
    let tokens = world.server.sign_in("outage@example.com").await.tokens.unwrap();
    let (challenge, code) = world.server.request_code("outage@example.com").await;
    cluster.stop();
    let client = world.server.client().await;

    let asked = Instant::now();
    let send = client.send_otp("nobody@example.com").await.unwrap_err();
    assert_eq!((send.code, send.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
    let verify = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!((verify.code, verify.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token.clone(), ..Default::default() };
    let refused = client.identity().refresh_token(refresh.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(asked.elapsed() < Duration::from_secs(3), "three calls took {:?}", asked.elapsed());

    cluster.start_again();
    wait::until("the service serves again", Duration::from_secs(15), async || {
        client.verify_otp(&challenge.challenge_id, &code).await.ok()
    })
    .await;
    client.identity().refresh_token(refresh).await.unwrap();
    assert!(world.server.mailbox().to("nobody@example.com").is_empty(), "no code without a committed row");
}

#[tokio::test]
async fn a_redis_that_does_not_answer_refuses_codes_and_nothing_else() {
    let mut world = World::on(crate::support::world::Store::Postgres).await;
    let tokens = world.server.sign_in("redis@example.com").await.tokens.unwrap();
    let (challenge, code) = world.server.request_code("redis@example.com").await;
    let client = world.server.client().await;
    let redis = world.redis.as_mut().unwrap();
    redis.pause();
    let asked = Instant::now();
    let refused = client.send_otp("other@example.com").await.unwrap_err();
    assert_eq!(refused.code, Code::Unavailable);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    // A code that was sent, a refresh and a validation need no limiter.
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    redis.resume();
    wait::until("codes are sent again", Duration::from_secs(10), async || {
        client.send_otp("other@example.com").await.ok()
    })
    .await;
}
