//! Clocks of processes that share a database, and are wrong.

use std::time::Duration;

use identity::grpc::proto::{GetCurrentUserRequest, RefreshTokenRequest, ResendOtpRequest};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::client::{Client, bearer};
use crate::support::refusal::Refusal;
use crate::support::server::Server;
use crate::support::world::{Store, World};
use crate::support::{http, wait};
use crate::telemetry::metrics::{scrape, value};

const SOON: Duration = Duration::from_secs(10);

/// Waits until the server says of itself that it is ready, or that its clock is what it lacks.
async fn ready(server: &Server, wanted: bool) {
    let address = server.addresses().http;
    wait::until("readiness", SOON, async || {
        let answer = http::get(address, "/health/ready").await;
        let told: serde_json::Value = serde_json::from_str(&answer.body).ok()?;
        let is = (answer.status == 200, told["clock"] == true, told["store"] == true);
        (is == (wanted, wanted, true)).then_some(())
    })
    .await;
}

async fn serves(client: &Client, service: &str) -> bool {
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(client.channel()).check(request).await.unwrap().into_inner();
    answer.status() == ServingStatus::Serving
}

async fn refresh(client: &Client, refresh_token: &str) -> Result<String, Refusal> {
    let request = RefreshTokenRequest { refresh_token: refresh_token.to_owned(), ..RefreshTokenRequest::default() };
    let answer = client.identity().refresh_token(request).await.map_err(Refusal::from)?.into_inner();
    Ok(answer.tokens.unwrap().refresh_token)
}

/// Nothing is issued, and nothing is counted or ended for asking.
async fn issues_nothing(world: &World, client: &Client, challenge_id: &str, code: &str, refresh_token: &str) {
    let before = world.audit().await.of_callers();
    let resend = ResendOtpRequest { challenge_id: challenge_id.to_owned(), ..ResendOtpRequest::default() };
    let token = "lk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for refusal in [
        client.send_otp("ben@example.com").await.err(),
        client.verify_otp(challenge_id, code).await.err(),
        client.verify_otp(challenge_id, "000000").await.err(),
        client.identity().resend_otp(resend).await.err().map(Refusal::from),
        client.redeem(token).await.err(),
        refresh(client, refresh_token).await.err(),
    ] {
        let refusal = refusal.expect("a refusal");
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
    }
    assert_eq!(world.audit().await.of_callers(), before);
    assert_eq!(world.number("SELECT COALESCE(MAX(attempts), 0) FROM challenges WHERE NOT used").await, 0);
}

/// Clocks that go wrong, by an hour either way, and come right again. What runs on is what needs no time of its own.
#[tokio::test]
async fn a133_a_clock_that_goes_wrong() {
    let world = World::with_clock_and(Store::Postgres, |settings| {
        settings.set("telemetry.metrics_listen", "127.0.0.1:0");
    })
    .await;
    let client = world.server.client().await;
    let metrics = world.server.addresses().metrics.unwrap();
    let mut tokens = world.server.sign_in("ada@example.com").await.tokens.unwrap();
    ready(&world.server, true).await;
    for seconds in [3600, -3600] {
        let (challenge, code) = world.server.request_code(&format!("cem{seconds}@example.com")).await;
        world.clock().set(i64::from(seconds));
        ready(&world.server, false).await;
        issues_nothing(&world, &client, &challenge.challenge_id, &code, &tokens.refresh_token).await;
        for (service, wanted) in
            [("", false), ("identity.v1.IdentityService", false), ("identity.v1.TokenService", true)]
        {
            assert_eq!(serves(&client, service).await, wanted, "{service}");
        }
        let told = value(&scrape(metrics).await, "identity_clock_ahead_seconds", &[]).unwrap();
        assert!((told - f64::from(seconds)).abs() < 2.0, "{told} for {seconds}");
        // Validation goes on, judged as this clock has it.
        client.validate(&tokens.access_token).await.unwrap();
        world.clock().set(0);
        ready(&world.server, true).await;
        client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
        tokens.refresh_token = refresh(&client, &tokens.refresh_token).await.unwrap();
    }
    let log = world.server.log().text();
    let of = |words| log.lines().filter(|line| line.contains(words)).collect::<Vec<_>>();
    let [first, second] = of("differ by more than 5 s")[..] else { panic!("once each time: {log}") };
    assert!(first.contains("this machine") && second.contains("the database's machine"), "{first} {second}");
    assert_eq!(of("agree again").len(), 2, "{log}");
}

/// A replica that starts with a wrong clock never begins, removes nothing and drops nobody's message; the other goes on.
#[tokio::test]
async fn a133_a_replica_that_starts_with_a_wrong_clock() {
    let world = World::on(Store::Postgres).await;
    let tokens = world.server.sign_in("ada@example.com").await.tokens.unwrap();
    let (challenge, code) = world.server.request_code("cem@example.com").await;
    let ahead = world.another_ahead(Duration::from_hours(40 * 24)).await;
    let there = ahead.client().await;
    ready(&ahead, false).await;
    issues_nothing(&world, &there, &challenge.challenge_id, &code, &tokens.refresh_token).await;
    for table in ["sessions", "challenges", "outbox"] {
        assert!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await > 0, "{table} was swept");
    }
    let client = world.server.client().await;
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    refresh(&client, &tokens.refresh_token).await.unwrap();
    let own = bearer(GetCurrentUserRequest {}, &tokens.access_token);
    client.sessions().get_current_user(own).await.unwrap();
}

/// Four seconds are nobody's fault.
#[tokio::test]
async fn a133_clocks_that_differ_a_little() {
    let world = World::with_clock(Store::Postgres).await;
    for seconds in [4, -4] {
        world.clock().set(seconds);
        tokio::time::sleep(Duration::from_millis(1600)).await;
        ready(&world.server, true).await;
        world.server.sign_in(&format!("ada{seconds}@example.com")).await;
    }
}
