//! Floods of streams, resets and headers on one connection.

use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use h2::Reason;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::is_well;
use super::raw::Raw;
use crate::support::refusal::Refusal;
use crate::support::server::{Addresses, Server};
use crate::support::service::Service;
use crate::support::{http, run, wait};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Sends bytes until the other side closes or there are no more; whether it closed or said GOAWAY.
async fn is_stopped(address: std::net::SocketAddr, beginning: Vec<u8>, more: Vec<u8>, times: usize) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&beginning).await.unwrap();
    for _ in 0..times {
        if stream.write_all(&more).await.is_err() {
            return true;
        }
    }
    let mut heard = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut heard)).await;
    frames(&heard).contains(&7)
}

/// The types of the frames in `bytes`.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [high, middle, low, kind, ..] = bytes {
        kinds.push(*kind);
        let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
        bytes = bytes.get(9 + length..).unwrap_or_default();
    }
    kinds
}

#[tokio::test]
async fn a121_a_connection_carries_128_calls_at_once() {
    let server = Server::embedded().await;
    let mut stream = TcpStream::connect(server.addresses().grpc).await.unwrap();
    stream.write_all(&[PREFACE, &frame(4, 0, 0, &[])].concat()).await.unwrap();
    let mut settings = vec![0; 9];
    stream.read_exact(&mut settings).await.unwrap();
    assert_eq!(settings[3], 4, "SETTINGS");
    let mut payload = vec![0; usize::from(settings[2])];
    stream.read_exact(&mut payload).await.unwrap();
    let told: Vec<(u16, u32)> = payload
        .chunks(6)
        .map(|one| (u16::from_be_bytes([one[0], one[1]]), u32::from_be_bytes([one[2], one[3], one[4], one[5]])))
        .collect();
    assert!(told.contains(&(3, 128)), "SETTINGS_MAX_CONCURRENT_STREAMS: {told:?}");
    assert!(told.contains(&(6, 16 * 1024)), "SETTINGS_MAX_HEADER_LIST_SIZE: {told:?}");
}

/// Streams that are left open: those of health and reflection have places of their own, so that they are bounded and cost
/// people nothing.
#[tokio::test]
async fn a118_streams_that_nobody_ends_are_bounded() {
    let mut server = Server::embedded().await;
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..6 {
        let mut health = HealthClient::new(server.client().await.channel());
        for _ in 0..100 {
            match health.watch(HealthCheckRequest::default()).await {
                Ok(changes) => held.push(changes),
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((held.len(), refused), (512, 88));
    is_well(&mut server, 128).await;
    drop(held);
    let mut health = HealthClient::new(server.client().await.channel());
    wait::until("a free place", Duration::from_secs(5), async || {
        health.watch(HealthCheckRequest::default()).await.ok().map(drop)
    })
    .await;
}

/// The service on a limit of open files of its own, and its addresses.
async fn with_files(limit: &str) -> (tempfile::TempDir, Service, Addresses) {
    let folder = run::folder("identity");
    let output = folder.path().join("stdout");
    let start = format!(
        "ulimit {limit} && exec \"$0\" serve --embedded --data-dir data --grpc-listen 127.0.0.1:0 \
         --http-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &start, env!("CARGO_BIN_EXE_identity")]).current_dir(folder.path());
    command.stdout(File::create(&output).unwrap()).stderr(File::create(folder.path().join("stderr")).unwrap());
    let mut server = Service::spawn("identity", &mut command, Signal::KILL);
    let line = wait::until("the service runs", Duration::from_secs(20), async || {
        assert_eq!(server.exited(), None);
        fs::read_to_string(&output).ok().filter(|line| line.ends_with('\n'))
    })
    .await;
    let addresses = serde_json::from_str(&line).unwrap();
    (folder, server, addresses)
}

/// The soft limit is what shells and systemd leave it at, often 1024.
#[tokio::test]
async fn a117_takes_as_many_connections_as_the_system_allows() {
    let (_folder, mut server, _) = with_files("-Sn 512").await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.child().id())).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let limits: Vec<u64> = files.split_whitespace().take(2).map(|limit| limit.parse().unwrap()).collect();
    assert!(limits[0] == limits[1] && limits[0] > 512, "soft and hard: {limits:?}");
}

/// Whoever only holds connections keeps nobody out, where the system gives fewer of them than the configuration, either.
#[tokio::test]
async fn a120_connections_that_do_nothing_make_room_where_files_run_out() {
    let (folder, _server, addresses) = with_files("-n 64").await;
    let mut held = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(addresses.grpc).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        held.push(stream);
    }
    for _ in 0..3 {
        let answer = timeout(Duration::from_secs(10), http::get(addresses.http, "/health/live")).await;
        assert_eq!(answer.expect("nobody answers").status, 200);
    }
    // Each of those who come now is accepted, for the server's settings are there, in the place of another.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(addresses.grpc).await.unwrap();
        stream.write_all(PREFACE).await.unwrap();
        let settings = timeout(Duration::from_secs(10), stream.read_exact(&mut [0; 9])).await;
        settings.expect("nobody answers").unwrap();
        held.push(stream);
    }
    drop(held);
    // The log tells of it, and not of each connection.
    let log = fs::read_to_string(folder.path().join("stderr")).unwrap();
    let told = log.lines().filter(|line| line.contains("no connection can be accepted")).count();
    assert!((1..=6).contains(&told), "{told} lines");
}

#[tokio::test]
async fn a121_opening_and_resetting() {
    let mut server = Server::embedded().await;
    for _ in 0..3 {
        let raw = Raw::connect(server.addresses().grpc).await;
        let mut stopped = false;
        for _ in 0..10_000 {
            let Ok((_, mut stream)) = raw.open("TokenService/ValidateToken", &[]).await else {
                stopped = true;
                break;
            };
            stream.send_reset(Reason::CANCEL);
        }
        // A server that keeps up with every reset may let them pass; one that does not says GOAWAY.
        if !stopped {
            server.client().await.validate("x").await.unwrap();
        }
    }
    is_well(&mut server, 128).await;
}

#[tokio::test]
async fn a122_headers_without_end() {
    let mut server = Server::embedded().await;
    let address = server.addresses().grpc;
    let beginning = [PREFACE, &frame(4, 0, 0, &[]), &frame(1, 0, 1, &[0x82])].concat();
    // Literal header fields without indexing: name "x", value of 100 letters, again and again, in CONTINUATION frames.
    let field = [&[0, 1, b'x', 100][..], &[b'a'; 100]].concat();
    assert!(is_stopped(address, beginning.clone(), frame(9, 0, 1, &field.repeat(100)), 200).await);
    assert!(is_stopped(address, beginning, frame(9, 0, 1, &[]), 50_000).await);
    is_well(&mut server, 96).await;
}

/// Small ones by the hundred, which take next to nothing on the wire and much more in memory.
#[tokio::test]
async fn a122_more_header_fields_than_a_request_has() {
    let mut server = Server::embedded().await;
    for address in [server.addresses().grpc, server.addresses().http, server.addresses().admin] {
        let raw = Raw::connect(address).await;
        let fields = |count| vec![("x", "y"); count];
        let (answer, _stream) = raw.open_as("text/plain", "TokenService/GetJwks", &fields(200)).await.unwrap();
        assert_eq!(answer.await.unwrap().status(), 431);
        // A client of gRPC understands no status of HTTP.
        for media_type in ["application/grpc", "application/grpc-web+proto"] {
            let (answer, _stream) = raw.open_as(media_type, "TokenService/GetJwks", &fields(200)).await.unwrap();
            let answer = answer.await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), answer.headers()["content-type"].as_bytes()),
                (200, media_type.as_bytes())
            );
            let refusal = Refusal::from(Status::from_header_map(answer.headers()).unwrap());
            assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "TOO_MANY_HEADERS"));
            assert_eq!((refusal.quotas, refusal.retry_delay), (1, None));
        }
        let (answer, mut stream) = raw.open("TokenService/GetJwks", &fields(90)).await.unwrap();
        stream.send_data(Vec::new().into(), true).unwrap();
        assert_ne!(answer.await.unwrap().status(), 431);
    }
    is_well(&mut server, 96).await;
}

#[tokio::test]
async fn a123_frames_that_make_us_reset() {
    let mut server = Server::embedded().await;
    let address = server.addresses().grpc;
    let beginning = [PREFACE, &frame(4, 0, 0, &[])].concat();
    // DATA on a stream that was never opened is an error of the connection.
    assert!(is_stopped(address, beginning.clone(), frame(0, 0, 1, b"x"), 10).await);
    // WINDOW_UPDATE by 0 is an error of its stream (RFC 9113 section 6.9), again and again on new streams.
    let pairs: Vec<u8> = (0..5000_u32)
        .flat_map(|nth| {
            let stream = nth * 2 + 1;
            let headers = frame(1, 4, stream, &[0x83, 0x86, 0x84, 0x41, 1, b'x']);
            [headers, frame(8, 0, stream, &[0; 4])].concat()
        })
        .collect();
    assert!(is_stopped(address, beginning, pairs, 1).await);
    is_well(&mut server, 96).await;
}
