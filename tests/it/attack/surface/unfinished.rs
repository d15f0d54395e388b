//! Messages and forms that begin and do not end, answers that nobody takes, and streams that go on.

use std::time::{Duration, Instant};

use h2::client::ResponseFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::is_well;
use super::raw::{Raw, ended, framed};
use crate::support::refusal::Refusal;
use crate::support::server::Server;
use crate::support::world::{Store, World};
use crate::support::{http, wait};

/// Messages that begin and do not end, more of them than calls may run at once, and on as many connections as there may be.
#[tokio::test]
async fn a120_messages_that_never_end_keep_nobody_out() {
    let mut world = World::with(Store::Sqlite, |settings| {
        settings.set("listen.max_concurrent_calls", 16);
        settings.set("listen.max_connections", 20);
    })
    .await;
    let address = world.server.addresses().grpc;
    let before = Raw::connect(address).await;
    assert_eq!(before.call("TokenService/GetJwks", &[], framed(&[])).await.refusal.code, Code::Ok);
    let mut held = Vec::new();
    for _ in 0..19 {
        let raw = Raw::connect(address).await;
        for _ in 0..8 {
            let (answer, mut stream) = raw.open("TokenService/ValidateToken", &[]).await.unwrap();
            stream.send_data(vec![0, 0, 0, 0, 9, 1].into(), false).unwrap();
            held.push((answer, stream));
        }
    }
    // One of those that had no room even for its beginning is told so.
    let refused = wait::until("a beginning too many", Duration::from_secs(5), async || {
        let (answer, _) = held.pop()?;
        let answer = timeout(Duration::from_millis(200), ended(answer)).await.ok()?;
        Some(answer.refusal)
    })
    .await;
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Unavailable, "OVERLOADED"));
    // Who has a connection is answered, and who has none gets one.
    for raw in [before, Raw::connect(address).await] {
        let start = Instant::now();
        assert_eq!(raw.call("TokenService/GetJwks", &[], framed(&[])).await.refusal.code, Code::Ok);
        assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
    }
    is_well(&mut world.server, 96).await;
    drop(held);
}

/// The same with those who would watch health, and do not say whose: that is one message too, though its answer goes on.
#[tokio::test]
async fn a120_watches_that_never_begin_keep_nobody_out() {
    let mut world = World::with(Store::Sqlite, |settings| settings.set("listen.max_concurrent_calls", 16)).await;
    let raw = Raw::connect(world.server.addresses().grpc).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        let path = "/grpc.health.v1.Health/Watch";
        let (answer, mut stream) = raw.open_at("application/grpc", path, &[]).await.unwrap();
        stream.send_data(vec![0, 0, 0, 0, 9, 1].into(), false).unwrap();
        held.push((answer, stream));
    }
    let (oldest, _stream) = held.remove(0);
    let refused =
        timeout(Duration::from_secs(5), ended(oldest)).await.expect("who has taken longest makes room").refusal;
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Unavailable, "OVERLOADED"));
    let called = raw.call("TokenService/GetJwks", &[], framed(&[])).await.refusal;
    assert_eq!(called.code, Code::Ok, "{}", called.message);
    is_well(&mut world.server, 96).await;
    drop(held);
}

/// The same with forms, on the listener of the pages.
#[tokio::test]
async fn a120_forms_that_never_end_keep_nobody_out() {
    let mut world = World::with(Store::Sqlite, |settings| {
        settings.set("listen.max_concurrent_calls", 4);
        settings.set("listen.max_connections", 20);
        settings.set("pages.enabled", true);
    })
    .await;
    let address = world.server.addresses().http;
    let mut held = Vec::new();
    for path in ["/sign-in", "/token", "/sign-in"].into_iter().cycle().take(18) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let beginning = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\ncontent-length: 9\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\nemail="
        );
        stream.write_all(beginning.as_bytes()).await.unwrap();
        held.push(stream);
    }
    // Those that have taken longest are sent away, each in the words of its page.
    for (stream, kind) in held.iter_mut().zip(["text/html", "application/json"]) {
        let mut heard = vec![0; 1024];
        let read = timeout(Duration::from_secs(5), stream.read(&mut heard)).await.expect("an answer").unwrap();
        let heard = String::from_utf8_lossy(&heard[..read]).to_lowercase();
        assert!(heard.starts_with("http/1.1 503") && heard.contains(&format!("content-type: {kind}")), "{heard}");
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    for _ in 0..8 {
        assert_eq!(http::get(address, "/sign-in").await.status, 200);
        assert_eq!(http::get(address, "/health/ready").await.status, 200);
    }
    is_well(&mut world.server, 96).await;
    drop(held);
}

/// A deadline is for the whole of a call, also where its answer is a stream.
#[tokio::test]
async fn a124_a_stream_ends_with_its_deadline() {
    let server = Server::embedded().await;
    let mut health = HealthClient::new(server.client().await.channel());
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(1));
    let start = Instant::now();
    let mut changes = health.watch(request).await.unwrap().into_inner();
    assert!(changes.message().await.unwrap().is_some());
    let end = timeout(Duration::from_secs(5), changes.message()).await.expect("an end").unwrap_err();
    assert_eq!(Refusal::from(end).reason, "DEADLINE_EXCEEDED");
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

/// A flow-control window of zero, over and over: what was answered waits in memory for a while only, and not without bound.
#[tokio::test]
async fn a118_answers_that_nobody_takes_are_not_kept() {
    let mut world = World::with(Store::Sqlite, |settings| {
        settings.set("listen.handshake_timeout", "1s");
        settings.set("listen.max_concurrent_calls", 500);
    })
    .await;
    let address = world.server.addresses().grpc;
    let unwilling = async |calls: usize| {
        let raw = Raw::connect_with_window(address, 0).await;
        let mut answers = Vec::new();
        for _ in 0..calls {
            let (answer, mut stream) = raw.open("TokenService/GetJwks", &[]).await.unwrap();
            stream.send_data(framed(&[]).into(), true).unwrap();
            answers.push((answer, stream));
        }
        answers
    };
    // The headers of an answer need no window.
    let is_ended = async |mut answers: Vec<(ResponseFuture, _)>| {
        let (answer, _stream) = answers.pop().unwrap();
        let body = async { answer.await?.into_body().data().await.expect("no end of the answer") };
        timeout(Duration::from_secs(5), body).await.expect("the connection is ended").is_err()
    };
    // A few are let wait, and no longer than the patience, twice.
    let few = unwilling(3).await;
    let willing = Raw::connect(address).await;
    let mut changes = HealthClient::new(world.server.client().await.channel());
    let mut changes = changes.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(changes.message().await.unwrap().is_some());
    assert!(is_ended(few).await);
    // Of many, those go first that hold the most.
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut answers = unwilling(100).await;
        // The next come when these are answered or sent away: what waits for a processor is no answer that is kept.
        let (last, _stream) = answers.pop().unwrap();
        let _ = timeout(Duration::from_secs(5), last).await.expect("the last is answered, or its connection ended");
        held.push(answers);
    }
    assert_eq!(willing.call("TokenService/GetJwks", &[], framed(&[])).await.refusal.code, Code::Ok);
    is_well(&mut world.server, 128).await;
    for answers in held {
        assert!(is_ended(answers).await);
    }
    // Who takes what it is given is not asked to go, nor is a stream that goes on.
    assert_eq!(willing.call("TokenService/GetJwks", &[], framed(&[])).await.refusal.code, Code::Ok);
    match timeout(Duration::from_millis(100), changes.message()).await {
        // Nothing has changed, or it has on a busy machine.
        Err(_) | Ok(Ok(Some(_))) => {}
        Ok(end) => panic!("the stream has ended: {end:?}"),
    }
}
