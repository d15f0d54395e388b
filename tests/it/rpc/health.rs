use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::both_stores::on_both_stores;
use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{http, wait};

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn is_serving(client: &Client, service: &str) {
    let mut health = HealthClient::new(client.channel());
    wait::until(service, Duration::from_secs(5), async || {
        let status = health.check(about(service)).await.ok()?.into_inner().status();
        (status == ServingStatus::Serving).then_some(())
    })
    .await;
}

on_both_stores!(is_told_by_service, |world| {
    let (people, operators) = (world.server.client().await, world.server.admin().await);
    for service in ["", "identity.v1.IdentityService", "identity.v1.SessionService", "identity.v1.TokenService"] {
        is_serving(&people, service).await;
    }
    for service in ["", "identity.v1.AdminService"] {
        is_serving(&operators, service).await;
    }
    let mut health = HealthClient::new(people.channel());
    // Each listener tells of what it answers itself.
    for elsewhere in ["no.such.Service", "identity.v1.AdminService"] {
        assert_eq!(health.check(about(elsewhere)).await.unwrap_err().code(), Code::NotFound);
    }
    let mut of_operators = HealthClient::new(operators.channel());
    let elsewhere = about("identity.v1.IdentityService");
    assert_eq!(of_operators.check(elsewhere).await.unwrap_err().code(), Code::NotFound);
});

on_both_stores!(who_watches_is_told_of_changes_alone, |world| {
    let people = world.server.client().await;
    is_serving(&people, "identity.v1.TokenService").await;
    let mut health = HealthClient::new(people.channel());
    let mut changes = health.watch(about("identity.v1.TokenService")).await.unwrap().into_inner();
    assert_eq!(changes.next().await.unwrap().unwrap().status(), ServingStatus::Serving);
    // Of a service that is not there it is told so, and the call goes on.
    let mut unknown = health.watch(about("no.such.Service")).await.unwrap().into_inner();
    assert_eq!(unknown.next().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    // The service looks after its parts every half second.
    let more = tokio::time::timeout(Duration::from_millis(1600), async {
        tokio::select! {
            more = changes.next() => more,
            more = unknown.next() => more,
        }
    });
    assert!(more.await.is_err(), "nothing changed");
});

#[tokio::test]
async fn who_watches_is_told_of_the_end_and_does_not_hold_it_up() {
    let mut server = Server::embedded().await;
    let people = server.client().await;
    is_serving(&people, "").await;
    let mut health = HealthClient::new(people.channel());
    let mut changes = health.watch(about("")).await.unwrap().into_inner();
    assert_eq!(changes.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let mut unknown = health.watch(about("no.such.Service")).await.unwrap().into_inner();
    assert_eq!(unknown.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    let start = Instant::now();
    server.process().signal(Signal::TERM);
    assert_eq!(changes.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    for stream in [&mut changes, &mut unknown] {
        assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
    }
    let ended = wait::until("the end", Duration::from_secs(15), async || server.process().exited()).await;
    assert_eq!(ended.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

on_both_stores!(pages_tell_it_too, |world| {
    let address = world.server.addresses().http;
    let ready = wait::until("readiness", Duration::from_secs(5), async || {
        Some(http::get(address, "/health/ready").await).filter(|answer| answer.status == 200)
    })
    .await;
    assert_eq!(ready.header("content-type"), Some("application/json"));
    assert_eq!(http::get(address, "/health/live").await.status, 200);
});
