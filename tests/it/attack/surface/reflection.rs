//! Questions of reflection: anybody may ask them, as many on one stream as they like.

use std::time::Duration;

use prost::Message;
use tokio::time::timeout;
use tonic::Code;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use super::is_well;
use super::raw::{Raw, ended, framed};
use crate::support::server::Server;

const PATHS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Questions of four mebibytes whose last byte does not come: each would be kept for as long as its stream is open.
#[tokio::test]
async fn a118_questions_of_four_mebibytes_are_not_kept() {
    let mut server = Server::embedded().await;
    for path in PATHS {
        let raw = Raw::connect(server.addresses().grpc).await;
        let mut asked = Vec::new();
        for _ in 0..32 {
            let (answer, mut stream) = raw.open_at("application/grpc", path, &[]).await.unwrap();
            let question = [vec![0, 0, 0x40, 0, 0], vec![b'x'; 4 * 1024 * 1024 - 1]].concat();
            stream.send_data(question.into(), false).unwrap();
            asked.push((answer, stream));
        }
        for (answer, _stream) in asked {
            let end = timeout(Duration::from_secs(10), ended(answer)).await.expect("an end").refusal;
            assert_eq!(end.code, Code::Ok, "no answer: {}", end.message);
        }
    }
    is_well(&mut server, 96).await;
}

/// A question of the longest message is answered.
#[tokio::test]
async fn a118_the_longest_question_is_answered() {
    let server = Server::embedded().await;
    for path in PATHS {
        let raw = Raw::connect(server.addresses().grpc).await;
        for (length, code) in [(16 * 1024 - 3, Code::NotFound), (16 * 1024 - 2, Code::Ok)] {
            let (answer, mut stream) = raw.open_at("application/grpc", path, &[]).await.unwrap();
            // Both versions have the same form.
            let question = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::FileContainingSymbol("x".repeat(length))),
            };
            stream.send_data(framed(&question.encode_to_vec()).into(), true).unwrap();
            assert_eq!(ended(answer).await.refusal.code, code, "{path} {length}");
        }
    }
}
