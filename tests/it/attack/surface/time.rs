//! Callers who never finish, and those who ask for more time than there is.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

use super::is_well;
use super::raw::{Raw, ended, framed};
use crate::support::postgres::Postgres;
use crate::support::proxy::{Fault, Proxy};
use crate::support::world::{Store, World};
use crate::support::{http, wait};

/// A service that gives a call one second, and a connection one second to begin.
async fn hurried() -> World {
    World::with(Store::Sqlite, |settings| {
        settings.set("listen.request_timeout", "1s");
        settings.set("listen.handshake_timeout", "1s");
    })
    .await
}

/// Whether the service closes or resets a connection within `limit`.
async fn is_closed(mut stream: TcpStream, limit: Duration) -> bool {
    timeout(limit, stream.read_to_end(&mut Vec::new())).await.is_ok()
}

#[tokio::test]
async fn a124_the_services_own_limit_rules() {
    let mut world = hurried().await;
    let raw = Raw::connect(world.server.addresses().grpc).await;
    for asked in [None, Some("99999999H"), Some("60S"), Some("00000060S")] {
        let header = asked.map(|asked| ("grpc-timeout", asked));
        let start = Instant::now();
        let (answer, mut stream) = raw.open("TokenService/ValidateToken", header.as_slice()).await.unwrap();
        // A body that begins and does not end.
        stream.send_data(vec![0, 0, 0, 0, 9, 1].into(), false).unwrap();
        let refusal = ended(answer).await.refusal;
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{asked:?}");
        let took = start.elapsed();
        assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&took), "{asked:?}: {took:?}");
    }
    is_well(&mut world.server, 96).await;
}

#[tokio::test]
async fn a124_a_shorter_one_is_honoured_and_garbage_refused() {
    let mut world = hurried().await;
    let raw = Raw::connect(world.server.addresses().grpc).await;
    for asked in ["0S", "1n", "50m"] {
        let (answer, mut stream) = raw.open("TokenService/ValidateToken", &[("grpc-timeout", asked)]).await.unwrap();
        stream.send_data(vec![0].into(), false).unwrap();
        let start = Instant::now();
        assert_eq!(ended(answer).await.refusal.reason, "DEADLINE_EXCEEDED", "{asked}");
        assert!(start.elapsed() < Duration::from_millis(800), "{asked}: {:?}", start.elapsed());
    }
    for garbage in ["", "S", "5", "-1S", "1.5S", "1s", "999999999S", "5 S", "5X", "H5"] {
        let answer = raw.call("TokenService/GetJwks", &[("grpc-timeout", garbage)], framed(&[])).await.refusal;
        assert_eq!((answer.code, answer.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{garbage}");
        assert_eq!(answer.field_names(), ["grpc-timeout"]);
    }
    let twice = [("grpc-timeout", "5S"), ("grpc-timeout", "5S")];
    assert_eq!(raw.call("TokenService/GetJwks", &twice, framed(&[])).await.refusal.code, Code::InvalidArgument);
    is_well(&mut world.server, 96).await;
}

#[tokio::test]
async fn a120_slow_and_silent_connections() {
    let mut world = hurried().await;
    let addresses = world.server.addresses();
    let beginnings: [&[u8]; 5] =
        [b"", b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n", b"POST / HTTP/1.1\r\nhost: x\r\nx-slow: ", b"\x16\x03\x01"];
    let mut held = Vec::new();
    for nth in 0..300 {
        for address in [addresses.grpc, addresses.http] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginnings[nth % beginnings.len()]).await.unwrap();
            held.push(stream);
        }
    }
    let start = Instant::now();
    assert_eq!(http::get(addresses.http, "/health/live").await.status, 200);
    assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
    for stream in held {
        // Closed or reset, but not kept.
        assert!(is_closed(stream, Duration::from_secs(5)).await, "a slow connection is kept");
    }
    is_well(&mut world.server, 96).await;
}

#[tokio::test]
async fn a120_one_call_too_many() {
    let proxy = Proxy::start(&format!("127.0.0.1:{}", Postgres::shared().port())).await;
    let mut world = World::with(Store::Postgres, |settings| {
        settings.set("listen.max_concurrent_calls", 3);
        settings.set("store.postgres.port", i64::from(proxy.address().port()));
        settings.set("store.migrate", "by-command");
    })
    .await;
    // A call has its place until the store has answered it.
    proxy.set(Fault::Swallow);
    let client = world.server.client().await;
    let held: Vec<_> = (0..3)
        .map(|nth| {
            let client = client.clone();
            tokio::spawn(async move { client.send_otp(&format!("a120-{nth}@example.com")).await })
        })
        .collect();
    let raw = Raw::connect(world.server.addresses().grpc).await;
    // The three are taken up when their tasks get their turn.
    let refusal = wait::until("a call too many", Duration::from_secs(5), async || {
        let answer = raw.call("TokenService/GetJwks", &[], framed(&[])).await.refusal;
        (answer.code != Code::Ok).then_some(answer)
    })
    .await;
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "OVERLOADED"));
    assert!(refusal.retry_delay.is_some() && refusal.status.metadata().get("retry-after").is_some());
    // The operators' listener and the pages have room of their own.
    let operators = Raw::connect(world.server.addresses().admin).await;
    let refusal = operators.call("AdminService/GetUser", &[], framed(&[])).await.refusal;
    assert_eq!(refusal.reason, "STORE_UNAVAILABLE", "whom the operators' listener refuses is written down");
    assert_eq!(http::get(world.server.addresses().http, "/health/live").await.status, 200);
    for call in held {
        call.await.unwrap().unwrap_err();
    }
    proxy.set(Fault::None);
    wait::until("the service is well again", Duration::from_secs(10), async || {
        client.send_otp("a120@example.com").await.ok()
    })
    .await;
    is_well(&mut world.server, 96).await;
}

#[tokio::test]
async fn a120_connections_that_do_nothing_make_room() {
    let mut world = World::with(Store::Sqlite, |settings| {
        settings.set("listen.max_connections", 20);
        settings.set("telemetry.metrics_listen", "127.0.0.1:0");
    })
    .await;
    let address = world.server.addresses().grpc;
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The 21st is served, and the first, which never called, is not kept.
    is_well(&mut world.server, 96).await;
    assert!(is_closed(held.swap_remove(0), Duration::from_secs(1)).await, "the oldest is kept");
    let metrics = http::get(world.server.addresses().metrics.unwrap(), "/metrics").await.body;
    let made_room = metrics.lines().find(|line| line.starts_with("identity_connections_full_total{"));
    assert!(made_room.is_some_and(|line| line.contains("NEVER_CALLED")), "{metrics}");
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    is_well(&mut world.server, 96).await;
}
