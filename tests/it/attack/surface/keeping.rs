//! HTTP/1.1 connections after an answer: kept where the whole request was read, and said to end where it was not.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::{self, Answer};
use crate::support::server::Server;

/// The answer to a request of which so much of the body is sent, and more declared.
async fn begun(address: SocketAddr, head: &str, sent: &str, declared: usize) -> Answer {
    http::exchange(address, &format!("{head}host: x\r\ncontent-length: {declared}\r\n\r\n{sent}")).await
}

/// A pool would give such a connection to its next call (RFC 9112 section 9.6).
#[tokio::test]
async fn a_connection_that_is_not_kept_is_said_to_end() {
    let server = Server::embedded().await;
    let (grpc, http) = (server.addresses().grpc, server.addresses().http);
    let web = "POST /identity.v1.TokenService/GetJwks HTTP/1.1\r\ncontent-type: application/grpc-web+proto\r\n";
    for (address, head, sent, status) in [
        (grpc, web.to_owned(), "\0\0\0\x7f\x7f", 200),
        (grpc, format!("{web}grpc-timeout: soon\r\n"), "", 200),
        (grpc, format!("{web}grpc-timeout: 0S\r\n"), "", 200),
        (grpc, "POST / HTTP/1.1\r\ncontent-type: application/json\r\n".to_owned(), "{", 415),
        (http, "POST /nowhere HTTP/1.1\r\n".to_owned(), "x", 404),
        (http, "POST /health/live HTTP/1.1\r\n".to_owned(), "x", 405),
    ] {
        let answer = begun(address, &head, sent, 50_000).await;
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{head}{}", answer.head);
    }
}

#[tokio::test]
async fn a_connection_whose_request_was_read_is_kept() {
    let server = Server::embedded().await;
    let jwks = |connection: &str| {
        format!(
            "POST /identity.v1.TokenService/GetJwks HTTP/1.1\r\nhost: x\r\nconnection: {connection}\r\n\
             content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0"
        )
    };
    let get = |connection: &str| format!("GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: {connection}\r\n\r\n");
    for (address, kept, last) in [
        (server.addresses().grpc, jwks("keep-alive"), jwks("close")),
        (server.addresses().http, get("keep-alive"), get("close")),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(kept.repeat(2).as_bytes()).await.unwrap();
        stream.write_all(last.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!((text.matches("HTTP/1.1 ").count(), text.matches("connection: close").count()), (3, 1), "{text}");
    }
}
