//! Messages that are too large, compressed, or none.

use std::time::Duration;

use h2::Reason;
use prost::Message;
use tokio::time::timeout;
use tonic::Code;

use super::is_well;
use super::raw::{Ended, Raw, answered, ended, framed};
use crate::support::client::send_otp_request;
use crate::support::server::Server;

const REFUSED: Option<Reason> = Some(Reason::REFUSED_STREAM);

/// A call that declares four mebibytes and sends none of them.
const DECLARES_4_MIB: [u8; 5] = [0, 0, 0x40, 0, 0];

#[tokio::test]
async fn a118_four_mebibytes_declared_ten_thousand_times() {
    let mut server = Server::embedded().await;
    let mut told = 0;
    for _ in 0..20 {
        let raw = Raw::connect(server.addresses().grpc).await;
        let mut calls = Vec::new();
        for _ in 0..500 {
            let raw = raw.clone();
            calls.push(tokio::spawn(async move {
                let (answer, mut stream) = raw.open("TokenService/ValidateToken", &[]).await.unwrap();
                let _ = stream.send_data(DECLARES_4_MIB.to_vec().into(), false);
                answered(answer).await
            }));
        }
        for call in calls {
            match call.await.unwrap() {
                Ok(Ended { refusal, .. }) => {
                    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
                    told += 1;
                }
                // More at once than a connection carries: refused before anything was read, or the connection ended.
                Err(error) => assert!(error.is_io() || error.is_go_away() || error.reason() == REFUSED, "{error}"),
            }
        }
    }
    assert!(told > 2000, "{told}");
    is_well(&mut server, 160).await;
}

/// A call that is no stream has one message: what goes on after it, without an end, is refused and not read.
#[tokio::test]
async fn a127_something_after_the_message() {
    let mut server = Server::embedded().await;
    let raw = Raw::connect(server.addresses().grpc).await;
    for more in [framed(&[]), framed(&[]).repeat(3278), vec![0]] {
        let (answer, mut stream) = raw.open("TokenService/GetJwks", &[]).await.unwrap();
        stream.send_data([framed(&[]), more].concat().into(), false).unwrap();
        let refusal = timeout(Duration::from_secs(2), ended(answer)).await.expect("refused at once").refusal;
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    }
    is_well(&mut server, 96).await;
}

/// The same where the end comes with it: how a body is cut into frames makes no difference, and nothing is done for the first message.
#[tokio::test]
async fn a127_two_messages_in_the_last_frame() {
    let mut server = Server::embedded().await;
    let raw = Raw::connect(server.addresses().grpc).await;
    let sent = send_otp_request("a127@example.org").encode_to_vec();
    for (method, message) in [("TokenService/GetJwks", vec![]), ("IdentityService/SendOtp", sent)] {
        for count in [2, 100] {
            let refusal = raw.call(method, &[], framed(&message).repeat(count)).await.refusal;
            assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{method}");
            assert_eq!(refusal.field_names(), ["message"], "{method}");
        }
    }
    is_well(&mut server, 96).await;
    assert!(server.mailbox().to("a127@example.org").is_empty());
}

#[tokio::test]
async fn a118_the_largest_message_and_one_byte_more() {
    let mut server = Server::embedded().await;
    let raw = Raw::connect(server.addresses().grpc).await;
    // Field 15, which the message does not know, filled up to the limit.
    let unknown_field = |total: usize| {
        let content = total - 4;
        let mut message = vec![0x7a, u8::try_from(content & 0x7f).unwrap() | 0x80];
        message.extend([u8::try_from(content >> 7 & 0x7f).unwrap() | 0x80, u8::try_from(content >> 14).unwrap()]);
        message.resize(total, b'x');
        framed(&message)
    };
    let largest = raw.call("TokenService/GetJwks", &[], unknown_field(16 * 1024)).await;
    assert_eq!(largest.refusal.code, Code::Ok, "{}", largest.refusal.message);
    for method in ["TokenService/GetJwks", "IdentityService/SendOtp", "SessionService/ListSessions"] {
        let larger = raw.call(method, &[], unknown_field(16 * 1024 + 1)).await.refusal;
        assert_eq!((larger.code, larger.reason.as_str()), (Code::OutOfRange, "MESSAGE_TOO_LARGE"), "{method}");
        assert!(!larger.message.contains("16385"), "the message is ours: {}", larger.message);
    }
    is_well(&mut server, 96).await;
}

#[tokio::test]
async fn a119_compressed_messages() {
    let mut server = Server::embedded().await;
    let raw = Raw::connect(server.addresses().grpc).await;
    for encoding in ["gzip", "deflate", "zstd", "br", "snappy", ""] {
        let bomb = [&[1, 0, 0, 0, 10][..], &[0x1f; 10]].concat();
        let ended = raw.call("TokenService/GetJwks", &[("grpc-encoding", encoding)], bomb).await;
        let answer = &ended.refusal;
        assert_eq!((answer.code, answer.reason.as_str()), (Code::Unimplemented, "METHOD_NOT_FOUND"), "{encoding}");
        assert!(ended.headers.contains_key("grpc-accept-encoding"), "{encoding}");
    }
    for flag in [1, 2, 255] {
        let answer = raw.call("TokenService/GetJwks", &[], vec![flag, 0, 0, 0, 0]).await.refusal;
        assert_eq!((answer.code, answer.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{flag}");
    }
    is_well(&mut server, 96).await;
}

#[tokio::test]
async fn a127_malformed_messages() {
    let mut server = Server::embedded().await;
    let raw = Raw::connect(server.addresses().grpc).await;
    let nested = |depth: usize| [vec![0x7b; depth], vec![0x7c; depth]].concat();
    let malformed: [(&str, Vec<u8>); 9] = [
        ("cut off", framed(&[0x0a, 0x7f, b'x'])),
        ("no such wire type", framed(&[0x0f, 0, 0])),
        ("field number 0", framed(&[0x02, 0])),
        ("not UTF-8", framed(&[0x0a, 2, 0xc3, 0x28])),
        ("endless number", framed(&[0x18; 40].map(|byte: u8| byte | 0x80))),
        ("another type", framed(&[0x08, 1])),
        ("groups too deep", framed(&nested(200))),
        ("groups that do not close", framed(&[0x7b; 50])),
        ("half a frame", vec![0, 0, 0, 0, 9, 1]),
    ];
    for (what, body) in malformed {
        for method in ["IdentityService/SendOtp", "IdentityService/VerifyOtp", "TokenService/ValidateToken"] {
            let answer = raw.call(method, &[], body.clone()).await.refusal;
            assert_eq!((answer.code, answer.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{what}");
            assert_eq!(answer.message, "The message cannot be read. Check it against the contract.", "{what}");
            assert_eq!(answer.field_names(), ["message"], "{what}");
        }
    }
    let none = raw.call("IdentityService/SendOtp", &[], Vec::new()).await.refusal;
    assert_eq!((none.code, none.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    // What a newer client may say is passed over, and what is repeated is taken once.
    let unknown_fields = framed(&[&[0xfa, 0x3e, 3][..], b"new"].concat());
    assert_eq!(raw.call("TokenService/GetJwks", &[], unknown_fields).await.refusal.code, Code::Ok);
    let repeated = framed(&b"\x0a\x01x".repeat(5000));
    assert_eq!(raw.call("TokenService/ValidateToken", &[], repeated).await.refusal.code, Code::Ok);
    is_well(&mut server, 96).await;
}

#[tokio::test]
async fn a127_random_messages() {
    let mut server = Server::embedded().await;
    let raw = Raw::connect(server.addresses().grpc).await;
    let methods = [
        "IdentityService/SendOtp",
        "IdentityService/ResendOtp",
        "IdentityService/VerifyOtp",
        "IdentityService/RefreshToken",
        "IdentityService/SignOut",
        "TokenService/ValidateToken",
        "SessionService/ListSessions",
        "SessionService/RevokeSession",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..2000 {
        let length = usize::try_from(next() % 64).unwrap();
        let message: Vec<u8> = (0..length).map(|_| next().to_le_bytes()[3]).collect();
        let answer = raw.call(methods[round % methods.len()], &[], framed(&message)).await.refusal;
        assert!(![Code::Internal, Code::Unknown].contains(&answer.code), "{message:x?}: {}", answer.message);
    }
    is_well(&mut server, 96).await;
}
