//! The store goes away and comes back: refused within a second, nothing lost, nothing sent, no restart.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use identity::grpc::proto::RefreshTokenRequest;
use sqlx::{Connection as _, PgConnection};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use uuid::Uuid;

use crate::support::postgres::Postgres;
use crate::support::world::{Store, World};
use crate::support::{http, wait};

#[tokio::test]
async fn a136_a_stopped_postgres_is_unavailable_within_a_second_and_forgotten_when_back() {
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

    // Once it is known to be away, nobody is counted for what was told to lose nothing.
    let mut health = HealthClient::new(client.channel());
    let service = || HealthCheckRequest { service: "identity.v1.IdentityService".to_owned() };
    wait::until("the outage is known", Duration::from_secs(5), async || {
        let status = health.check(service()).await.ok()?.into_inner().status();
        (status == ServingStatus::NotServing).then_some(())
    })
    .await;
    for _ in 0..5 {
        assert_eq!(client.send_otp("patient@example.com").await.unwrap_err().reason, "STORE_UNAVAILABLE");
    }
    cluster.start_again();
    wait::until("the service serves again", Duration::from_secs(15), async || {
        client.verify_otp(&challenge.challenge_id, &code).await.ok()
    })
    .await;
    client.identity().refresh_token(refresh).await.unwrap();
    for _ in 0..3 {
        client.send_otp("patient@example.com").await.unwrap();
    }
    assert!(world.server.mailbox().to("nobody@example.com").is_empty(), "no code without a committed row");
}

/// Changes a setting of the running server.
async fn set(cluster: &Postgres, change: &str) {
    cluster.execute("postgres", format!("ALTER SYSTEM {change}")).await;
    cluster.execute("postgres", "SELECT pg_reload_conf()".to_owned()).await;
}

/// Waits until the readiness is told by this status.
async fn readiness_is(world: &World, status: u16) {
    wait::until("the readiness is told", Duration::from_secs(10), async || {
        (http::get(world.server.addresses().http, "/health/ready").await.status == status).then_some(())
    })
    .await;
}

/// As after a failover to a standby that has not been promoted: it reads, and takes nothing.
#[tokio::test]
async fn a136_a_read_only_postgres_is_not_ready() {
    let (cluster, world) = World::on_own_postgres(Postgres::start(&[])).await;
    let set = async |read_only: &str| {
        set(&cluster, &format!("SET default_transaction_read_only = {read_only}")).await;
    };
    let is = async |status| readiness_is(&world, status).await;
    is(200).await;
    set("on").await;
    is(503).await;
    let client = world.server.client().await;
    assert_eq!(client.send_otp("standby@example.com").await.unwrap_err().reason, "STORE_UNAVAILABLE");
    set("off").await;
    is(200).await;
    client.send_otp("standby@example.com").await.unwrap();
}

/// As where a synchronous standby is gone: it reads, and no commit comes to an end. That is an outage like any other.
#[tokio::test]
async fn a_postgres_whose_commits_hang_is_not_ready() {
    let (cluster, world) = World::on_own_postgres(Postgres::start(&[])).await;
    let is = async |status| readiness_is(&world, status).await;
    is(200).await;
    set(&cluster, "SET synchronous_standby_names = 'nobody'").await;
    let client = world.server.client().await;
    // The server takes a moment to take the setting.
    let refused = wait::until("commits hang", Duration::from_secs(10), async || {
        let asked = Instant::now();
        client
            .send_otp(&format!("{}@example.com", Uuid::new_v4()))
            .await
            .err()
            .map(|refusal| (refusal, asked.elapsed()))
    });
    let (refusal, took) = refused.await;
    assert_eq!(refusal.reason, "STORE_UNAVAILABLE");
    assert!(took < Duration::from_secs(3), "the call took {took:?}");
    is(503).await;
    // From here on it is known, and nobody is counted for what was told to lose nothing.
    for _ in 0..5 {
        assert_eq!(client.send_otp("patient@example.com").await.unwrap_err().reason, "STORE_UNAVAILABLE");
    }
    set(&cluster, "RESET synchronous_standby_names").await;
    is(200).await;
    for _ in 0..3 {
        client.send_otp("patient@example.com").await.unwrap();
    }
}

/// An operator's open transaction, or a step of another process, holds the row of one person's challenge. However often that
/// person tries, who comes after does not wait for it.
#[tokio::test]
async fn a_locked_row_holds_up_nobody_else() {
    let world = World::with(Store::Postgres, |settings| settings.set("telemetry.metrics_listen", "127.0.0.1:0")).await;
    let (locked, its_code) = world.server.request_code("locked@example.com").await;
    let (free, code) = world.server.request_code("free@example.com").await;
    let mut holder = PgConnection::connect(world.database.as_ref().unwrap().url()).await.unwrap();
    let lock = format!("BEGIN; SELECT 1 FROM challenges WHERE challenge_id = '{}' FOR UPDATE", locked.challenge_id);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut holder).await.unwrap();

    let client = world.server.client().await;
    let waiting = join_all((0..6).map(|_| client.verify_otp(&locked.challenge_id, &its_code)));
    let others = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.verify_otp(&free.challenge_id, &code).await.unwrap();
    };
    tokio::pin!(waiting);
    tokio::select! {
        biased;
        answers = &mut waiting => panic!("the other waited for them: {answers:?}"),
        () = others => {}
    }
    for answer in waiting.await {
        assert_eq!(answer.unwrap_err().reason, "STORE_UNAVAILABLE");
    }
    // The operator is told why, once, and may count how often.
    let metrics = http::get(world.server.addresses().metrics.unwrap(), "/metrics").await.body;
    let hung: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("identity_store_batches_left_behind_total{") && !line.ends_with(" 0"))
        .collect();
    assert!(matches!(hung[..], [line] if line.contains("charge_attempt")), "{hung:?}");
    assert_eq!(world.server.log().lines_with("pg_blocking_pids").len(), 1);
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    client.verify_otp(&locked.challenge_id, &its_code).await.unwrap();
}
