//! gRPC-Web on the port of gRPC, as a browser speaks it: HTTP/1.1, frames in the body, trailers in the last of them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::{self, Answer};
use crate::support::server::Server;
use crate::support::world::{Store, World};

/// Calls a method with a message whose bytes are text.
async fn call(address: SocketAddr, method: &str, message: &str, headers: &str) -> Answer {
    call_as("application/grpc-web+proto", address, method, message, headers).await
}

/// The same, by another name of the media type.
async fn call_as(media_type: &str, address: SocketAddr, method: &str, message: &str, headers: &str) -> Answer {
    let length = message.len();
    assert!(length < 128, "the frame's length stays text");
    let request = format!(
        "POST /identity.v1.{method} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: {media_type}\r\nx-grpc-web: 1\r\n{headers}content-length: {}\r\n\r\n\
         \0\0\0\0{}{message}",
        length + 5,
        char::from(u8::try_from(length).unwrap())
    );
    exchange(address, &request).await
}

/// Sends a request and reads the answer with its chunks' frames: its bytes are not text, and are not counted here.
async fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

#[tokio::test]
async fn answers_and_refuses() {
    let server = Server::embedded().await;
    let address = server.addresses().grpc;
    let keys = call(address, "TokenService/GetJwks", "", "").await;
    assert_eq!((keys.status, keys.header("content-type")), (200, Some("application/grpc-web+proto")));
    assert!(keys.body.contains("RS256") && keys.body.contains("grpc-status:0"), "{}", keys.body);

    let email = "mira@example.org";
    let sent = call(address, "IdentityService/SendOtp", &format!("\n\x10{email}"), "").await;
    assert!(sent.body.contains("m***@example.org") && sent.body.contains("grpc-status:0"), "{}", sent.body);
    assert_eq!(sent.header("x-ratelimit-remaining"), Some("2"));

    let refused = call(address, "IdentityService/SendOtp", "", "").await;
    assert_eq!((refused.status, refused.header("grpc-status")), (200, Some("3")), "{}{}", refused.head, refused.body);
    assert!(refused.header("grpc-status-details-bin").is_some());
    let unknown = call(address, "TokenService/NoSuchMethod", "", "").await;
    assert_eq!(unknown.header("grpc-status"), Some("12"));
}

/// Parameters and letter case tell no other type (RFC 9110 section 8.3.1).
#[tokio::test]
async fn takes_its_media_type_in_any_writing() {
    let server = Server::embedded().await;
    let address = server.addresses().grpc;
    for media_type in ["application/grpc-web; charset=utf-8", "Application/GRPC-Web+Proto", "application/grpc-web"] {
        let keys = call_as(media_type, address, "TokenService/GetJwks", "", "").await;
        assert_eq!((keys.status, keys.body.contains("grpc-status:0")), (200, true), "{media_type}: {}", keys.head);
    }
}

#[tokio::test]
async fn anything_else_is_told_what_this_port_speaks() {
    let server = Server::embedded().await;
    let address = server.addresses().grpc;
    assert_eq!(http::get(address, "/").await.status, 415);
    let post = |kind: &str| {
        format!(
            "POST /identity.v1.TokenService/GetJwks HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: {kind}\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0"
        )
    };
    assert_eq!(http::exchange(address, &post("application/grpc")).await.status, 505);
    assert_eq!(http::exchange(address, &post("application/json")).await.status, 415);
    assert_eq!(http::exchange(address, &post("application/grpc+json")).await.status, 415);
}

/// What a browser asks before a page of `origin` may call.
async fn preflight(address: SocketAddr, origin: &str) -> Answer {
    let request = format!(
        "OPTIONS /identity.v1.IdentityService/SendOtp HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         origin: {origin}\r\naccess-control-request-method: POST\r\n\
         access-control-request-headers: content-type,x-grpc-web,authorization,baggage\r\n\r\n"
    );
    http::exchange(address, &request).await
}

#[tokio::test]
async fn pages_call_where_the_configuration_names_them() {
    let world = World::with(Store::Sqlite, |settings| {
        settings.set("listen.web_origins", vec!["https://app.example.org".to_owned()]);
    })
    .await;
    let address = world.server.addresses().grpc;
    let named = preflight(address, "https://app.example.org").await;
    assert_eq!(named.status, 200);
    assert_eq!(named.header("access-control-allow-origin"), Some("https://app.example.org"));
    let allowed = named.header("access-control-allow-headers").unwrap().to_owned();
    assert!(
        ["content-type", "x-grpc-web", "authorization", "baggage"].iter().all(|name| allowed.contains(name)),
        "{allowed}"
    );
    assert!(named.header("access-control-allow-credentials").is_none());
    for other in ["https://evil.example.org", "http://app.example.org", "null"] {
        assert_eq!(preflight(address, other).await.header("access-control-allow-origin"), None, "{other}");
    }

    let answer = call(address, "TokenService/GetJwks", "", "origin: https://app.example.org\r\n").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.org"));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-ratelimit-remaining", "retry-after"] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
}
